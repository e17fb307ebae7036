begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
update private.settings set value = '2800' where name = 'hold_quantum_seconds';
select pg_temp.give(pg_temp.ada(), 5000000, 'promotional', pg_temp.at(100));
select pg_temp.give(pg_temp.ada(), 1000000, 'promotional', pg_temp.at(300));

-- At second 200 the $5 are gone. The call holds $7: the $1 that expires at 300 and $6 that never expire.
select pg_temp.clock_at(200);
select is(public.start_call('first', '+14155552671', pg_temp.ada()) -> 'hold_micros', '7000000'::jsonb, 'a call holds what has not expired');
select public.answer_call('first', pg_temp.ada());
select pg_temp.clock_at(400);
select is(public.get_balance(pg_temp.ada()) -> 'available_micros', '4000000'::jsonb, 'only the uncovered $4 that never expire are available');
select is(public.start_call('second', '+14155552671', pg_temp.ada()) -> 'hold_micros', '4000000'::jsonb, 'another call holds those');
select public.answer_call('second', pg_temp.ada());
select pg_temp.clock_at(3000);
select lives_ok($$ select public.end_call(c, user_id => pg_temp.ada()) from unnest('{first,second}'::text[]) c $$, 'both settle all they hold');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
