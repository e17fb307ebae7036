begin;
\ir ../helpers.psql
select plan(13);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 250000);
update public.users set rate_plan = 'prorated', credit_limit_micros = 1000000 where id = pg_temp.ada();
select pg_temp.talk(pg_temp.ada(), 'a', 61);
create function pg_temp.rerate() returns text language sql as $$
  select concat_ws(' ', r ->> 'difference_micros', r ->> 'posted_micros') from public.rerate_calls('standard', pg_temp.at(0), pg_temp.at(1), 'Plan was wrong', dry_run => false) r
$$;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 97500::bigint, 'after a call there is a little left');
select is(pg_temp.rerate(), '147500 97500', 'of what the call should have cost more, that is taken');
select is((select (balance_micros, (select rerated_micros from public.call_logs where user_id = pg_temp.ada())) from public.users where id = pg_temp.ada()), row(0::bigint, 97500::bigint),
  'a correction makes no debt, whatever the credit limit');
select is(pg_temp.rerate(), '50000 0', 'what is due stays due');
select is((pg_temp.wallet(pg_temp.ada())).last_line, 3::bigint, 'without a line that moves nothing');
select pg_temp.give(pg_temp.ada(), 60000, 'promotional', pg_temp.at(500));
select pg_temp.give(pg_temp.ada(), 20000);
select public.start_call('live', '+14155552671', pg_temp.ada(), true);
select is(pg_temp.rerate(), '50000 0', 'what a live call holds is not there');
select public.end_call('live', user_id => pg_temp.ada());
select pg_temp.clock_at(600);
select is(pg_temp.rerate(), '50000 20000', 'nor what has expired');
select is((public.get_balance(pg_temp.ada()) - 'as_of') -> 'available_micros', '1000000'::jsonb, 'the credit limit is as it was');
select pg_temp.give(pg_temp.ada(), 50000);
select is(pg_temp.rerate(), '30000 30000', 'with new credit the rest is paid');
select is(pg_temp.rerate(), '0 0', 'then nothing is due');
select is((select cost_micros + rerated_micros from public.call_logs where user_id = pg_temp.ada() and id = 'a'), 300000::bigint, 'the call has cost what it should');
select results_eq($$ select amount_micros from public.transactions where user_id = pg_temp.ada() and kind = 'rerate' order by line $$, $$ values (-97500::bigint), (-20000), (-30000) $$, 'in three lines');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
