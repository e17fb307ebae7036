begin;
\ir ../helpers.psql
select plan(4);

create temporary table before_test as select * from reporting.trial_balance;
create temporary view moved as
  select a.account, a.balance_micros - coalesce(b.balance_micros, 0) as micros
  from reporting.trial_balance a left join before_test b using (account)
  where a.balance_micros <> coalesce(b.balance_micros, 0);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.buy(pg_temp.ada());
select results_eq($$ select * from moved order by account $$,
  $$ values ('stripe_clearing', -10000000::bigint), ('user_wallets', 10000000) $$, 'a purchase comes from stripe_clearing');
select public.start_call('c-1', '+14155552671', pg_temp.ada());
select public.answer_call('c-1', pg_temp.ada());
select pg_temp.clock_at(61);
select public.end_call('c-1', user_id => pg_temp.ada());
select results_eq($$ select * from moved order by account $$,
  $$ values ('call_revenue', 300000::bigint), ('stripe_clearing', -10000000), ('user_wallets', 9700000) $$, 'a call goes to call_revenue');
select private.post_transaction(pg_temp.ada(), 'clawback', -400000, 'dispute_loss', 'Lost dispute');
select pg_temp.give(pg_temp.ada(), 100000, 'promotional');
select results_eq($$ select * from moved order by account $$,
  $$ values ('call_revenue', 300000::bigint), ('dispute_loss', 400000), ('promotional_expense', -100000), ('stripe_clearing', -10000000),
    ('user_wallets', 9400000) $$, 'every kind has its other side');
select is((select sum(balance_micros) from reporting.trial_balance), 0::numeric, 'and all accounts together are zero');

select * from finish();
rollback;
