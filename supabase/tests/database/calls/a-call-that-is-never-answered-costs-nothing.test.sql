begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
create function pg_temp.ended(p_reason text) returns text language plpgsql as $$
begin
  perform public.start_call('c-' || p_reason, '+14155552671', pg_temp.ada());
  return public.end_call('c-' || p_reason, p_reason, user_id => pg_temp.ada()) ->> 'end_reason';
end
$$;
select is(pg_temp.ended(reason), case reason when 'completed' then 'no_answer' else reason end, reason)
  from unnest('{completed,no_answer,busy,failed,canceled,credit_exhausted}'::text[]) reason;
select results_eq($$ select distinct cost_micros, duration_seconds, billed_seconds, answered_at from public.call_logs where user_id = pg_temp.ada() $$,
  $$ values (0::bigint, 0::bigint, 0::bigint, null::timestamptz) $$, 'none lasted or cost anything');
select is((select (balance_micros, held_micros, last_line) from public.users where id = pg_temp.ada()), row(10000000::bigint, 0::bigint, 1::bigint), 'no line is written, no hold is left');
select throws_ok($$ select pg_temp.ended('bored') $$, 'PT400', 'invalid_request', 'an unknown reason is refused');
select throws_ok($$ select public.end_call('c-busy', null, user_id => pg_temp.ada()) $$, 'PT400', 'invalid_request', 'so is none');

select * from finish();
rollback;
