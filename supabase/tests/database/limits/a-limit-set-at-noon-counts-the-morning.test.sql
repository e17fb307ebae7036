begin;
\ir ../helpers.psql
select plan(12);

-- By the second, in a session that is far from UTC: the days are UTC's.
select set_config('timezone', 'Asia/Tokyo', true);
select private.set_clock('2020-02-29 23:59:00Z', 0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select pg_temp.talk(pg_temp.ada(), 'yesterday', 59);
select private.set_clock('2020-03-01 00:00:00Z', 0);
select pg_temp.talk(pg_temp.ada(), 'a', 100);
select pg_temp.talk(pg_temp.ada(), 'b', 20);
select is((pg_temp.wallet(pg_temp.ada())).spend_day, null, 'without a limit nobody counts');
select pg_temp.clock_at(0);
update public.users set daily_spend_limit_micros = 500000 where id = pg_temp.ada();
select is((select (spend_day, spend_day_micros) from public.users where id = pg_temp.ada()), row(date '2020-03-01', 300000::bigint), 'a limit counts what the day''s calls have cost before it was set');
select is(public.start_call('c', '+14155552671', pg_temp.ada(), true) -> 'authorized_seconds', '80'::jsonb, 'so a call has the rest');
select pg_temp.clock_at(10);
select public.end_call('c', user_id => pg_temp.ada());
select is((pg_temp.wallet(pg_temp.ada())).spend_day_micros, 325000::bigint, 'and is counted with it');

-- Taken away and set again, with calls in between, one of them live.
update public.users set daily_spend_limit_micros = null where id = pg_temp.ada();
select pg_temp.talk(pg_temp.ada(), 'd', 30);
select public.start_call('live', '+14155552671', pg_temp.ada(), true);
update public.users set daily_spend_limit_micros = 1400000 where id = pg_temp.ada();
select is((pg_temp.wallet(pg_temp.ada())).spend_day_micros, 400000::bigint, 'a limit that was off a while counts what it had not seen');
select is(private.daily_limit_left(pg_temp.wallet(pg_temp.ada()), private.clock()), 1400000 - 400000 - 750000::bigint, 'a live call counts with what it holds');
select pg_temp.clock_at(60);
select public.end_call('live', user_id => pg_temp.ada());
select is((pg_temp.wallet(pg_temp.ada())).spend_day_micros, 450000::bigint, 'and with what it cost once it is over');
update public.users set daily_spend_limit_micros = 400000 where id = pg_temp.ada();
select is((pg_temp.wallet(pg_temp.ada())).spend_day_micros, 450000::bigint, 'another limit changes nothing of what was spent');
select throws_ok($$ select public.start_call('e', '+14155552671', pg_temp.ada()) $$, 'PT403', 'daily_limit_reached', 'and may be below it');
select public.refund_call(pg_temp.ada(), 'a', 'bad line');
update public.users set daily_spend_limit_micros = null where id = pg_temp.ada();
update public.users set daily_spend_limit_micros = 400000 where id = pg_temp.ada();
select is((pg_temp.wallet(pg_temp.ada())).spend_day_micros, 450000::bigint, 'a refund is credit, and no longer day');
select private.set_clock('2020-03-02 00:00:00Z', 0);
update public.users set daily_spend_limit_micros = null where id = pg_temp.ada();
update public.users set daily_spend_limit_micros = 400000 where id = pg_temp.ada();
select is((select (spend_day, spend_day_micros) from public.users where id = pg_temp.ada()), row(date '2020-03-02', 0::bigint), 'a new day has cost nothing');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
