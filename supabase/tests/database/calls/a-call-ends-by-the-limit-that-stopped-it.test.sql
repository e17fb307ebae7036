begin;
\ir ../helpers.psql
select plan(32);

-- Calls by the second. Each is told by every answer what keeps it from going on, and ends by just that.
update private.settings set value = '"https://example.com/credit"' where name = 'top_up_url';
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 250000);
select pg_temp.sign_up(pg_temp.ben(), 100000000);
update public.users set rate_plan = 'prorated';
create function pg_temp.said(p_call jsonb) returns text language sql as $$
  select concat_ws(' ', p_call ->> 'limited_by', p_call -> 'final_unit', p_call ->> 'top_up_url', p_call ->> 'end_reason')
$$;
create function pg_temp.kept(p_user_id uuid, p_call_id text) returns text language sql as $$
  select concat_ws(' ', c.end_reason, c.settled_by, c.limited_by, c.duration_seconds, c.unbilled_seconds)
  from public.call_logs c where c.user_id = p_user_id and c.id = p_call_id
$$;
create function pg_temp.told(p_call_id text) returns text language sql as $$
  select string_agg(n.payload ->> 'reason', ',') from public.notifications n where n.kind = 'call_cut_off' and n.payload ->> 'call_id' = p_call_id
$$;

-- Credit: a hundred seconds.
select is(pg_temp.said(public.start_call('credit', '+14155552671', pg_temp.ada(), true)), 'credit true https://example.com/credit', 'a call that takes the last credit is limited by it, and offers the page');
select pg_temp.clock_at(101);
select is(pg_temp.said(public.extend_call('credit', pg_temp.ada())), 'credit true https://example.com/credit credit_exhausted', 'it ends by it');
select is(pg_temp.kept(pg_temp.ada(), 'credit'), 'credit_exhausted caller credit 100 1', 'as the record says');

-- Time: two hundred seconds a call.
update private.settings set value = '200' where name = 'max_call_seconds';
select is(pg_temp.said(public.start_call('time', '+14155552671', pg_temp.ben(), true)), 'time_limit false', 'the longest a call may last is no matter of credit: nothing is offered');
select pg_temp.clock_at(301);
select is(pg_temp.said(public.extend_call('time', pg_temp.ben())), 'time_limit false time_limit', 'a heartbeat at the limit ends it by it');
select is(pg_temp.told('time'), 'time_limit', 'and the person is told why');
select public.start_call('swept', '+14155552671', pg_temp.ben(), true);
select pg_temp.clock_at(301 + 185);
select public.extend_call('swept', pg_temp.ben());
select pg_temp.clock_at(301 + 205);
select public.sweep_calls();
select is(pg_temp.kept(pg_temp.ben(), 'swept'), 'time_limit sweeper time_limit 200 0', 'so does the sweeper');
select is(pg_temp.told('swept'), 'time_limit', 'which tells the person too');
select is(pg_temp.said(public.get_call('swept', pg_temp.ben())), 'time_limit false time_limit', 'and whoever asks later');
select public.start_call('reported', '+14155552671', pg_temp.ben(), true);
select pg_temp.clock_at(506 + 200);
select is(pg_temp.said(public.end_call('reported', 'credit_exhausted', user_id => pg_temp.ben())), 'time_limit false time_limit', 'who hangs up at the deadline and blames credit is corrected');
select is(pg_temp.told('reported'), 'time_limit', 'before the person is told');
select public.start_call('hung-up', '+14155552671', pg_temp.ben(), true);
select is(pg_temp.said(public.end_call('hung-up', user_id => pg_temp.ben())), 'false completed', 'a call that was hung up was not cut off');
select is(pg_temp.told('hung-up'), null, 'and there is nothing to tell');

-- The day: eighty seconds.
update public.users set daily_spend_limit_micros = spend_day_micros + 200000 where id = pg_temp.ben();
select pg_temp.clock_at(1000);
update public.users set daily_spend_limit_micros = spend_day_micros + 200000 where id = pg_temp.ben();
select is(pg_temp.said(public.start_call('day', '+14155552671', pg_temp.ben(), true)), 'daily_limit false', 'nor would credit help against the day''s limit');
select pg_temp.clock_at(1080);
select is(pg_temp.said(public.extend_call('day', pg_temp.ben())), 'daily_limit false daily_limit', 'a call ends by it');
select is(pg_temp.kept(pg_temp.ben(), 'day'), 'daily_limit caller daily_limit 80 0', 'as the record says');
select is(pg_temp.told('day'), 'daily_limit', 'and the person is told');

-- Where two limits meet, the one that more credit does not move is named.
update public.users set daily_spend_limit_micros = spend_day_micros + 250000 where id = pg_temp.ben();
update private.settings set value = '100' where name = 'max_call_seconds';
select is(pg_temp.said(public.start_call('both', '+14155552671', pg_temp.ben())), 'time_limit false', 'time before the day');
select public.end_call('both', 'canceled', user_id => pg_temp.ben());
select pg_temp.give(pg_temp.ada(), 250000);
select is(pg_temp.said(public.start_call('both', '+14155552671', pg_temp.ada())), 'time_limit false', 'time before credit');
select public.end_call('both', 'canceled', user_id => pg_temp.ada());
update private.settings set value = '14400' where name = 'max_call_seconds';
update public.users set daily_spend_limit_micros = 500000 where id = pg_temp.ada();
select is((pg_temp.wallet(pg_temp.ada())).spend_day_micros, 250000::bigint, 'a hundred seconds of credit, and as many of the day');
select is(pg_temp.said(public.start_call('three', '+14155552671', pg_temp.ada())), 'daily_limit false', 'the day before credit');
update public.users set daily_spend_limit_micros = 500001 where id = pg_temp.ada();
select is(pg_temp.said(public.get_call('three', pg_temp.ada())), 'daily_limit false', 'a micro more is no second more');
update public.users set daily_spend_limit_micros = 502500 where id = pg_temp.ada();
select is(pg_temp.said(public.get_call('three', pg_temp.ada())), 'credit true https://example.com/credit', 'with a second more it is credit');
select pg_temp.give(pg_temp.ada(), 2500);
select is(pg_temp.said(public.get_call('three', pg_temp.ada())), 'false', 'a second more of each, and the hold can grow');
select public.answer_call('three', pg_temp.ada());
select is((pg_temp.call(pg_temp.ada(), 'three')).limited_by, 'daily_limit', 'with the answer it has grown to the limit');

-- A hold that could have grown is not what ends a call.
update public.users set daily_spend_limit_micros = null;
select public.end_call('three', user_id => pg_temp.ada());
select is(pg_temp.said(public.start_call('silent', '+14155552671', pg_temp.ben(), true)), 'false', 'with credit for more nothing limits it');
select pg_temp.clock_at(1080 + 301);
select is(pg_temp.said(public.extend_call('silent', pg_temp.ben())), 'false heartbeat_lost', 'a heartbeat that comes after the hold is over was lost, not the credit');
select is(pg_temp.told('silent'), null, 'and nobody is told that credit ran out');

select is(pg_temp.error_of(format('select public.end_call(%L, %L, user_id => pg_temp.ben())', 'silent', reason)) - 'hint',
  '{"code": "invalid_request", "sqlstate": "PT400", "details": {"parameter": "reason", "problem": "unknown"}}'::jsonb, reason || ' is the database''s to say')
  from unnest('{time_limit,daily_limit,heartbeat_lost}'::text[]) reason;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
