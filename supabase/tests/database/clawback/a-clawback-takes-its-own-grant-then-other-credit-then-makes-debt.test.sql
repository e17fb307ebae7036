begin;
\ir ../helpers.psql
select plan(13);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.give(pg_temp.ada(), 1000000, 'promotional', pg_temp.at(86400));
create temporary table ids as select pg_temp.buy(pg_temp.ada(), 'key-1') as first, pg_temp.buy(pg_temp.ada(), 'key-2', 'credit_5') as second;
create temporary view grants as select id, remaining_micros from public.credit_grants where user_id = pg_temp.ada() order by id;
-- Spending would begin with the promotion and then the older purchase.
select pg_temp.refund(second, 300) from ids;
select results_eq('select * from grants', $$ values (1::bigint, 1000000::bigint), (2, 10000000), (3, 2000000) $$, 'a refund takes the credit of its own purchase first');
select pg_temp.give(pg_temp.ada(), 500000);
select private.spend_credit(pg_temp.ada(), (private.post_transaction(pg_temp.ada(), 'adjustment', -7000000, 'adjustment', 'spent')).line, 7000000, private.clock());
select results_eq('select * from grants', $$ values (1::bigint, 0::bigint), (2, 4000000), (3, 2000000), (5, 500000) $$, 'after some was spent');
select is(pg_temp.refund(first, 500) ->> 'clawed_back_micros', '5000000', 'more than its grant has left') from ids;
select results_eq('select * from grants', $$ values (1::bigint, 0::bigint), (2, 0), (3, 1000000), (5, 500000) $$, 'takes the rest from other credit, in the order of spending');
select is(pg_temp.refund(first, 1000, '{"id": "re_all"}') ->> 'clawed_back_micros', '5000000', 'and beyond that') from ids;
select results_eq('select * from grants', $$ values (1::bigint, 0::bigint), (2, 0), (3, 0), (5, 0) $$, 'nothing remains');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, -3500000::bigint, 'the rest is debt');
select results_eq($$ select amount_micros, counter_account, balance_after_micros from public.transactions where user_id = pg_temp.ada() order by line desc limit 1 $$,
  $$ values (-5000000::bigint, 'stripe_clearing', -3500000::bigint) $$, 'in the one line of the clawback');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select is(pg_temp.code_of($$ select public.start_call('c-1', '+14155552671', pg_temp.ada()) $$), 'insufficient_credit', 'debt starts no call');
select pg_temp.buy(pg_temp.ada(), 'key-3', 'credit_5');
select is((select array[balance_micros, held_micros] from public.users where id = pg_temp.ada()), '{1500000,0}'::bigint[], 'the next purchase pays it');
select lives_ok($$ select public.start_call('c-1', '+14155552671', pg_temp.ada()) $$, 'and calls start again');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
