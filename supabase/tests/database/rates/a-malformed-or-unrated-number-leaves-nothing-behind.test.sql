begin;
\ir ../helpers.psql
select plan(17);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select pg_temp.new_plan('america', '{"prefix": "1"}');
update public.users set rate_plan = 'america' where id = pg_temp.ada();
select is(pg_temp.code_of(format(request, number)), code, format(request, number))
from (values ('415 555 2671', 'invalid_destination'), ('+0415555267', 'invalid_destination'), ('+1415555267112345', 'invalid_destination'),
    (null, 'invalid_destination'), ('+442079460958', 'destination_not_rated'), ('+999000000000', 'destination_not_rated')) numbers (number, code),
  unnest(array['select public.start_call(''c-1'', %L, pg_temp.ada())', 'select public.estimate_call(%L, 60, pg_temp.ada())']) request;
select is(pg_temp.error_of($$ select public.start_call('c-1', '+442079460958', pg_temp.ada()) $$), '{"code": "destination_not_rated", "sqlstate": "PT422",
  "details": {"rate_plan": "america"}, "hint": "No rate covers this number on this rate plan."}'::jsonb, 'the error names the plan, not the number');
insert into public.rates select (pg_temp.rate_of('america', jsonb_build_object('prefix', '44', 'effective_from', pg_temp.at(1)))).*;
select is(pg_temp.code_of($$ select public.start_call('c-1', '+442079460958', pg_temp.ada()) $$), 'destination_not_rated', 'a rate that lies ahead is none yet');
select is_empty('select * from public.call_logs where user_id = pg_temp.ada()', 'no call is left of any');
select is((select (held_micros, balance_micros, last_line) from public.users where id = pg_temp.ada()), row(0::bigint, 10000000::bigint, 1::bigint), 'nothing is held or charged');
select is(public.start_call('c-1', '+1 415 555 267', pg_temp.ada()) ->> 'destination', '+141•••5267', 'the same id is free for a number that can be called');

select * from finish();
rollback;
