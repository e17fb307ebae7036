begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as first, pg_temp.buy(pg_temp.ada(), 'key-2') as second;
select pg_temp.refund(first, 1000) from ids;
select is(pg_temp.dispute(first, 1000, 'needs_response', '{-1000}') -> 'clawed_back_micros', '0'::jsonb, 'a dispute of what was refunded takes nothing') from ids;
select is(pg_temp.standing(first), '1000 1000 10000000 10000000', 'though both are known') from ids;
select is(pg_temp.dispute(first, 1000, 'won', '{-1000,1000}') -> 'reinstated_micros', '0'::jsonb, 'won it restores nothing, the refund stands') from ids;
select is(pg_temp.refund(first, 1000, '{"status": "failed"}') -> 'reinstated_micros', '10000000'::jsonb, 'if that fails too all is back') from ids;
select is(pg_temp.standing(first), '0 0 0 20000000', 'as it was') from ids;

select pg_temp.dispute(second, 600, 'needs_response', '{-600}') from ids;
select is(pg_temp.refund(second, 700) -> 'clawed_back_micros', '4000000'::jsonb, 'a refund after a dispute takes only what the dispute has left') from ids;
select is(pg_temp.dispute(second, 600, 'won', '{-600,600}') -> 'reinstated_micros', '3000000'::jsonb, 'won it restores what the refund leaves') from ids;
select is(pg_temp.standing(second), '700 0 7000000 13000000', 'the refund''s part stays taken') from ids;
select pg_temp.dispute(second, 300, 'lost', '{-300}', '{"id": "dp_second"}') from ids;
select is(pg_temp.standing(second), '700 300 10000000 10000000', 'together they take all and no more') from ids;
select is((select sum(amount_micros)::bigint from public.transactions t, ids where t.user_id = pg_temp.ada() and t.purchase_id = second and kind in ('clawback', 'reinstatement')),
  -10000000::bigint, 'the journal says so');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
