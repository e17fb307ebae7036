begin;
\ir ../helpers.psql
select plan(8);

select is_empty('select * from private.test_clock', 'no clock is set beforehand');
select ok(private.clock() between clock_timestamp() - interval '1 second' and clock_timestamp(), 'it shows real time');
select ok((select private.clock()) < (select private.clock() from pg_sleep(0.002)), 'it moves within a transaction');

select is(private.set_clock('2027-03-01 12:00:00Z', 0), timestamptz '2027-03-01 12:00:00Z', 'setting it answers what it shows');
select pg_sleep(0.002);
select is(private.clock(), timestamptz '2027-03-01 12:00:00Z', 'at speed 0 it stands still');

select private.set_clock('2027-03-01 12:00:00Z', 3600);
select pg_sleep(0.01);
select ok(private.clock() >= timestamptz '2027-03-01 12:00:36Z', 'at speed 3600 a hundredth of a second is 36 seconds');
select throws_ok($$ select private.set_clock('2027-03-01 12:00:00Z', -1) $$, '23514', null, 'it never runs backwards');

select private.reset_clock();
select ok(private.clock() between clock_timestamp() - interval '1 second' and clock_timestamp(), 'reset, it shows real time again');

select * from finish();
rollback;
