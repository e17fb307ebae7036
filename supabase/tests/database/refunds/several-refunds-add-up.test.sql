begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as id;
select pg_temp.refund(id, 100, '{"id": "re_1"}') from ids;
select is(pg_temp.standing(id), '100 0 1000000 9000000', 'one') from ids;
select pg_temp.refund(id, 250, '{"id": "re_2", "status": "pending"}') from ids;
select is(pg_temp.standing(id), '350 0 3500000 6500000', 'two, one of them under way') from ids;
select pg_temp.refund(id, 50, '{"id": "re_3", "status": "requires_action"}') from ids;
select is(pg_temp.standing(id), '400 0 4000000 6000000', 'three, one waiting for the buyer''s bank details') from ids;
select pg_temp.refund(id, 250, '{"id": "re_2"}') from ids;
select is(pg_temp.standing(id), '400 0 4000000 6000000', 'that one is done moves nothing') from ids;
select pg_temp.refund(id, 600, '{"id": "re_4"}') from ids;
select is(pg_temp.standing(id), '1000 0 10000000 0', 'four are all') from ids;
select pg_temp.refund(id, 600, '{"id": "re_5"}') from ids;
select is(pg_temp.standing(id), '1600 0 10000000 0', 'more than was paid takes no more than was granted') from ids;
select pg_temp.refund(id, 600, '{"id": "re_4", "status": "canceled"}') from ids;
select is(pg_temp.standing(id), '1000 0 10000000 0', 'and the first that fails gives nothing back') from ids;
select is((select count(*) from public.transactions where user_id = pg_temp.ada() and kind = 'clawback'), 4::bigint, 'each that moved credit has its line');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
