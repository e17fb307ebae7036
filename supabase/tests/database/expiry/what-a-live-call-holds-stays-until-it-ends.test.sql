begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select pg_temp.give(pg_temp.ada(), 2000000, 'promotional', pg_temp.at(100));
select is((public.start_call('c-1', '+14155552671', pg_temp.ada(), true) ->> 'hold_micros')::bigint, 750000::bigint, 'the call holds five minutes');
select pg_temp.clock_at(101);
select private.sweep_expired_credit();
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 750000::bigint, 'all but what it holds is booked');
select is((public.extend_call('c-1', pg_temp.ada()) ->> 'hold_micros')::bigint, 750000::bigint, 'its hold does not grow into what has expired');
select pg_temp.clock_at(201);
select is((public.end_call('c-1', user_id => pg_temp.ada()) ->> 'cost_micros')::bigint, 502500::bigint, 'it pays with what it held');
select private.sweep_expired_credit();
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 0::bigint, 'what is left of it goes then');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
