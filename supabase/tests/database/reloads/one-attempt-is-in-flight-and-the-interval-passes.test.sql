begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(13);

select pg_temp.clock_at(0);
select pg_temp.reloader(pg_temp.ada());
create temporary table first as select pg_temp.look(pg_temp.ada()) as id;
select pg_temp.begin(id) from first;
select is(pg_temp.look(pg_temp.ada()), null, 'while one is in flight there is no other');
select throws_ok($$ insert into private.reload_attempts (user_id, purchase_id, livemode, customer_id, payment_method_id, next_look_at)
    select pg_temp.ada(), pg_temp.buy(pg_temp.ada(), 'other'), false, 'cus', 'pm', private.clock() $$, '23505', null, 'the database itself sees to it');
select pg_temp.drain(pg_temp.ada());
select pg_temp.clock_at(119);
select is(pg_temp.look(pg_temp.ada()), null, 'nobody else looks after it before the lease is over');
select pg_temp.clock_at(120);
select is(pg_temp.look(pg_temp.ada()), id, 'then somebody does') from first;
select pg_temp.begin(id) from first;
select is(pg_temp.answer(id, null, '{"status": "processing", "amount_received": 0}'), 'processing', 'a charge may take days') from first;
select pg_temp.clock_at(3 * 86400);
select is(pg_temp.attempts(pg_temp.ada()), 1::bigint, 'for which there is no other one');
select is(pg_temp.begin(pg_temp.look(pg_temp.ada())), 'read', 'and Stripe is only read');
select is(pg_temp.answer(id), 'paid', 'until it is paid') from first;
select pg_temp.drain(pg_temp.ada());
select pg_temp.clock_at(3 * 86400 + 10);
select is(pg_temp.attempt(pg_temp.ada()), 'paid', 'the next one may follow');
select pg_temp.drain(pg_temp.ada());
select pg_temp.clock_at(3 * 86400 + 309);
select is(pg_temp.attempt(pg_temp.ada()), 'none', 'but not before the interval is over');
select pg_temp.clock_at(3 * 86400 + 310);
select is(pg_temp.attempt(pg_temp.ada()), 'paid', 'which is five minutes after the last began');
select is(pg_temp.attempts(pg_temp.ada()), 3::bigint, 'three in all');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
