begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
create temporary table made as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada()), 'cs_test_1') as purchase;
create temporary table ids as select (purchase ->> 'purchase_id')::uuid as id from made;
select is(public.find_purchase(pg_temp.ada(), (select id from ids)), (select purchase from made), 'by its id');
select is(public.find_purchase(pg_temp.ada(), stripe_session_id => 'cs_test_1'), (select purchase from made), 'by its session');
select is(public.find_purchase(pg_temp.ada(), (select id from ids), 'cs_test_1'), (select purchase from made), 'by both');
select throws_ok($$ select public.find_purchase(pg_temp.ada(), (select id from ids), 'cs_test_2') $$, 'PT404', 'purchase_not_found', 'not by two that differ');
select throws_ok($$ select public.find_purchase(pg_temp.ada()) $$, 'PT404', 'purchase_not_found', 'not by nothing');
select throws_ok($$ select public.find_purchase(pg_temp.ben(), (select id from ids)) $$, 'PT404', 'purchase_not_found', 'not by another user');
select throws_ok($$ select public.find_purchase(pg_temp.ben(), stripe_session_id => 'cs_test_1') $$, 'PT404', 'purchase_not_found', 'nor by their guess of the session');

update private.settings set value = '4' where name = 'verify_limit_per_minute';
select public.find_purchase(pg_temp.ada(), (select id from ids));
select throws_ok($$ select public.find_purchase(pg_temp.ada(), (select id from ids)) $$, 'PT429', 'rate_limited', 'asking Stripe too often is refused');
select pg_temp.apply((select purchase from made));
select is(public.find_purchase(pg_temp.ada(), (select id from ids)) ->> 'status', 'paid', 'what is final is answered without limit');

select * from finish();
rollback;
