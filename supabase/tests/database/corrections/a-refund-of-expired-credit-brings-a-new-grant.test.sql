begin;
\ir ../helpers.psql
select plan(10);

-- Credit that would have lived sixty seconds more when the call began.
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.give(pg_temp.ada(), 200000, 'promotional', pg_temp.at(100));
select pg_temp.give(pg_temp.ada(), 100000, 'adjustment', pg_temp.at(9000));
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select pg_temp.clock_at(40);
select pg_temp.talk(pg_temp.ada(), 'a', 100);
select pg_temp.clock_at(500);
select public.refund_call(pg_temp.ada(), 'a', 'Noise', 120000);
select results_eq($$ select id, source, granted_micros, remaining_micros, expires_at from public.credit_grants where user_id = pg_temp.ada() order by id $$, $$ values
    (1::bigint, 'promotional', 200000::bigint, 0::bigint, pg_temp.at(100)),
    (2, 'adjustment', 100000, 100000, pg_temp.at(9000)),
    (4, 'adjustment', 70000, 70000, pg_temp.at(560)) $$, 'what is alive goes back; for what expired there is a new grant that lives as long as the old one still had');
select is(public.get_balance(pg_temp.ada()) -> 'available_micros', '170000'::jsonb, 'all of it can be spent');
select pg_temp.clock_at(560);
select is(public.get_balance(pg_temp.ada()) -> 'available_micros', '100000'::jsonb, 'until it expires too');
select pg_temp.clock_at(570);
select pg_temp.talk(pg_temp.ada(), 'b', 10);
select is((pg_temp.call(pg_temp.ada(), 'b')).cost_micros, 25000::bigint, 'calls go on');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

-- A day and a half are 36 hours, also where the clocks go forward in between.
select set_config('timezone', 'America/New_York', true);
select private.set_clock('2026-03-01 12:00Z', 0);
select pg_temp.sign_up(pg_temp.ben());
select pg_temp.give(pg_temp.ben(), 25000, 'promotional', '2026-03-03 00:00Z');
update public.users set rate_plan = 'prorated' where id = pg_temp.ben();
select pg_temp.talk(pg_temp.ben(), 'a', 10);
select private.set_clock('2026-03-08 01:00Z', 0);
select public.refund_call(pg_temp.ben(), 'a', 'Noise');
select is((select expires_at from public.credit_grants where user_id = pg_temp.ben() and id = 3), '2026-03-09 13:00Z'::timestamptz, 'in whatever time zone the refund is made');
select set_config('timezone', 'UTC', true);

-- Credit that expired while the call that held it went on, a second after its start.
select pg_temp.clock_at(0);
insert into auth.users (id, email) values ('cccccccc-0000-4000-8000-000000000003', 'eve@example.com');
select pg_temp.give('cccccccc-0000-4000-8000-000000000003', 750000, 'promotional', pg_temp.at(1));
select public.start_call('a', '+14155552671', 'cccccccc-0000-4000-8000-000000000003', true);
select pg_temp.clock_at(60);
select public.end_call('a', user_id => 'cccccccc-0000-4000-8000-000000000003');
select pg_temp.clock_at(70);
select public.refund_call('cccccccc-0000-4000-8000-000000000003', 'a', 'Noise');
select is((select expires_at from public.credit_grants where user_id = 'cccccccc-0000-4000-8000-000000000003' and id = 3), pg_temp.at(71), 'a second of life left is a second again');
select is(public.get_balance('cccccccc-0000-4000-8000-000000000003') -> 'available_micros', '150000'::jsonb, 'in which it can be spent');
select pg_temp.clock_at(71);
select is(public.get_balance('cccccccc-0000-4000-8000-000000000003') -> 'available_micros', '0'::jsonb, 'and not after it');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole still');

select * from finish();
rollback;
