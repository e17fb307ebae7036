begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u, 250000) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
update public.users set rate_plan = 'prorated' where id in (pg_temp.ada(), pg_temp.ben());
select public.start_call('a', '+14155552671', pg_temp.ada());
create temporary table begun as select public.start_call('a', '+14155552671', pg_temp.ben(), true) as at_once, public.answer_call('a', pg_temp.ada()) as in_steps;
select is((select at_once - 'user_id' from begun), (select in_steps - 'user_id' from begun), 'in one request a call is where two would have brought it');
select is((select to_jsonb(a) - '{user_id,destination_ciphertext}'::text[] from public.call_logs a where user_id = pg_temp.ada()),
  (select to_jsonb(b) - '{user_id,destination_ciphertext}'::text[] from public.call_logs b where user_id = pg_temp.ben()), 'and is the same row');
select is((pg_temp.wallet(pg_temp.ben())).held_micros, 250000::bigint, 'with the same hold');
select is(public.start_call('a', '+14155552671', pg_temp.ben(), true), (select at_once || '{"replayed": true}' from begun), 'repeated it is a replay');
select is(public.start_call('a', '+14155552671', pg_temp.ben()) ->> 'status', 'answered', 'also when it asks for a ringing call');
select is(public.answer_call('a', pg_temp.ben()) -> 'replayed', 'true'::jsonb, 'so is the answer that comes after it');
select pg_temp.clock_at(10);
select is(public.end_call('a', user_id => pg_temp.ben()) -> 'cost_micros', '25000'::jsonb, 'it is billed from its start');
update public.users set warning_thresholds_seconds = '{90,5}' where id = pg_temp.ben();
select is(public.start_call('b', '+14155552671', pg_temp.ben(), true) -> 'warnings', '[90]'::jsonb, 'a warning that is due already comes with it');
select is(public.extend_call('b', pg_temp.ben()) -> 'warnings', '[]'::jsonb, 'and not again');

select * from finish();
rollback;
