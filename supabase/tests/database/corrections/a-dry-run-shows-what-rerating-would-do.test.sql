begin;
\ir ../helpers.psql
select plan(13);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u, 10000000) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
-- $0.15, $0.30 and nothing by the minute; by the second $0.125, $0.1525 and nothing.
select pg_temp.talk(pg_temp.ada(), 'a', 50);
select pg_temp.talk(pg_temp.ben(), 'b', 61);
select public.start_call('c', '+14155552671', pg_temp.ben());
select public.end_call('c', user_id => pg_temp.ben());
select public.start_call('live', '+14155552671', pg_temp.ben(), true);
create temporary table books_before as select md5(string_agg(t::text, '' order by user_id, line)) as lines, (select md5(string_agg(c::text, '' order by user_id, id)) from public.call_logs c) as calls from public.transactions t;
create function pg_temp.shown(p_run jsonb) returns text language sql as $$
  select concat_ws(', ', string_agg(concat_ws(' ', c ->> 'call_id', c ->> 'was_micros', c ->> 'would_be_micros', c ->> 'difference_micros', c ->> 'posted_micros'), '; ' order by o),
    'in all ' || (p_run ->> 'difference_micros') || ' ' || (p_run ->> 'posted_micros'))
  from jsonb_array_elements(p_run -> 'calls') with ordinality as calls (c, o)
$$;
select is(public.rerate_calls('prorated', pg_temp.at(0), pg_temp.at(1000), 'Wrong plan', pg_temp.ada()), jsonb_build_object('dry_run', true, 'calls', jsonb_build_array(jsonb_build_object(
  'user_id', pg_temp.ada(), 'call_id', 'a', 'was_micros', 150000, 'would_be_micros', 125000, 'difference_micros', -25000, 'posted_micros', 0)),
  'difference_micros', -25000, 'posted_micros', 0), 'unless told otherwise it only shows what would change');
select is(pg_temp.shown(public.rerate_calls('prorated', pg_temp.at(0), pg_temp.at(1000), 'Wrong plan')), 'a 150000 125000 -25000 0; b 300000 152500 -147500 0, in all -172500 0',
  'for every user if none is named; what would cost the same, or is live, is left out');
select is(pg_temp.shown(public.rerate_calls('prorated', pg_temp.at(0), pg_temp.at(50), 'Wrong plan')), 'a 150000 125000 -25000 0, in all -25000 0', 'the period is about the start of a call, its end excluded');
select is(pg_temp.shown(public.rerate_calls('prorated', pg_temp.at(50), pg_temp.at(51), 'Wrong plan')), 'b 300000 152500 -147500 0, in all -147500 0', 'its beginning included');
select is(pg_temp.shown(public.rerate_calls('standard', pg_temp.at(0), pg_temp.at(1000), 'Wrong plan')), 'in all 0 0', 'under its own plan nothing changes');
select is((select (md5(string_agg(t::text, '' order by user_id, line)), (select md5(string_agg(c::text, '' order by user_id, id)) from public.call_logs c)) from public.transactions t),
  (select (lines, calls) from books_before), 'nothing was written');
select is(pg_temp.error_of($$ select public.rerate_calls('nowhere', pg_temp.at(0), pg_temp.at(1), 'Wrong plan') $$) - 'hint',
  '{"code": "rate_plan_not_found", "sqlstate": "PT404", "details": {"rate_plan": "nowhere"}}', 'a plan that is not there is refused');
select is(pg_temp.error_of(format('select public.rerate_calls(%L, pg_temp.at(0), pg_temp.at(1), %L)', 'prorated', reason)) -> 'details', '{"parameter": "reason", "problem": "required"}'::jsonb,
  'the reason ' || coalesce(quote_literal(reason), 'null')) from (values (null), (' ')) reasons (reason);
select pg_temp.new_plan('partial', '{"prefix": "44"}');
select throws_ok($$ select public.rerate_calls('partial', pg_temp.at(0), pg_temp.at(1000), 'Wrong plan', dry_run => false) $$, 'PT422', 'destination_not_rated',
  'a plan without a rate for one of the calls is refused');
select pg_temp.plan_with('versions', jsonb_build_array('{"per_minute_micros": 60000}'::jsonb, jsonb_build_object('effective_from', pg_temp.at(50), 'per_minute_micros', 120000)));
select is(pg_temp.shown(public.rerate_calls('versions', pg_temp.at(0), pg_temp.at(1000), 'Wrong plan')), 'a 150000 60000 -90000 0; b 300000 240000 -60000 0, in all -150000 0',
  'each call is rated by the version of its own time');
delete from auth.users where id = pg_temp.ada();
select is(pg_temp.shown(public.rerate_calls('prorated', pg_temp.at(0), pg_temp.at(1000), 'Wrong plan')), 'b 300000 152500 -147500 0, in all -147500 0',
  'a deleted user''s calls, whose numbers nobody knows any more, do not stop the others');
select pg_temp.act_as(pg_temp.ben());
select throws_ok($$ select public.rerate_calls('prorated', pg_temp.at(0), pg_temp.at(1000), 'Cheaper, please') $$, '42501', null, 'nobody rates their own calls');
select pg_temp.act_as_owner();

select * from finish();
rollback;
