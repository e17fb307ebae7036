begin;
\ir ../helpers.psql
select plan(12);

-- RFC 8506, section 6.2: a request that comes again gets the answer it got.
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 250000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select public.start_call('a', '+14155552671', pg_temp.ada(), true);
select pg_temp.clock_at(45);
create temporary table answers as select 1 as number, public.extend_call('a', pg_temp.ada(), 44, 1) as answer;
select is((select answer -> 'warnings' from answers), '[60]'::jsonb, 'the first answer warns');
select is((select answer -> 'replayed' from answers), 'false'::jsonb, 'and is no replay');
select pg_temp.give(pg_temp.ada(), 250000);
select pg_temp.clock_at(75);
select is((public.extend_call('a', pg_temp.ada(), 70, 1) - 'replayed')::text, (select (answer - 'replayed')::text from answers), 'the same number gets it again, byte for byte, whatever happened since');
select is(public.extend_call('a', pg_temp.ada(), 70, 1) -> 'replayed', 'true'::jsonb, 'marked as a replay');
select is((select (proven_seconds, last_heartbeat_at) from public.call_logs where user_id = pg_temp.ada()), row(44::bigint, pg_temp.at(45)), 'it proves nothing and keeps nothing alive');
select is((pg_temp.wallet(pg_temp.ada())).held_micros, 250000::bigint, 'and holds nothing more');
insert into answers select 2, public.extend_call('a', pg_temp.ada(), 70, 2);
select is((select answer -> 'authorized_seconds' from answers where number = 2), '200'::jsonb, 'the next number is a new request');
select is(public.extend_call('a', pg_temp.ada(), 75) -> 'replayed', 'false'::jsonb, 'so is one without a number');
select is((public.extend_call('a', pg_temp.ada(), 75, 2) - 'replayed')::text, (select (answer - 'replayed')::text from answers where number = 2), 'which is not what a number repeats');
select public.end_call('a', 'completed', 75, pg_temp.ada());
select is(public.extend_call('a', pg_temp.ada(), 75, 2) ->> 'status', 'ended', 'once the call is over, the answer to any number is that it is over');
select is(public.extend_call('a', pg_temp.ada(), 75, 2) -> 'replayed', 'true'::jsonb, 'and changes nothing');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
