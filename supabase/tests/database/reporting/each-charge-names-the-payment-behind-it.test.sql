begin;
\ir ../helpers.psql
select plan(3);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.give(pg_temp.ada(), 100000, 'promotional', pg_temp.at(86400));
select pg_temp.buy(pg_temp.ada());
select public.start_call('c-1', '+14155552671', pg_temp.ada());
select public.answer_call('c-1', pg_temp.ada());
select pg_temp.clock_at(61);
select public.end_call('c-1', user_id => pg_temp.ada());
select results_eq($$ select call_id, started_at, ended_at, destination_masked, duration_seconds, billed_seconds, unbilled_seconds, rate_plan, prefix, per_minute_micros, cost_micros,
    line, grant_id, paid_micros, source, payment_intent_id from reporting.call_charges where user_id = pg_temp.ada() order by grant_id $$,
  $$ select 'c-1', pg_temp.at(0), pg_temp.at(61), '+1415•••2671', 61::bigint, 120::bigint, 0::bigint, 'standard', '', 150000::bigint, 300000::bigint, 3::bigint, g.id, g.micros, g.source,
      case g.source when 'paid' then p.payment_intent_id end
    from public.purchases p, (values (1::bigint, 100000::bigint, 'promotional'), (2, 200000, 'paid')) g (id, micros, source) where p.user_id = pg_temp.ada() $$,
  'call, rate, grants, purchase and payment in a row each');
select is((select sum(balance_micros) from reporting.trial_balance), 0::numeric, 'the trial balance is zero');
select isnt_empty($$ select * from reporting.trial_balance where account = 'user_wallets' $$, 'with the wallets as one account');

select * from finish();
rollback;
