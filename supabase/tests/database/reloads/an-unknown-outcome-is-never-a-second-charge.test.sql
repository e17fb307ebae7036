begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(17);

select pg_temp.clock_at(0);
select pg_temp.reloader(pg_temp.ada());
create temporary table first as select pg_temp.look(pg_temp.ada()) as id;
select is(pg_temp.begin(id), 'charge', 'Stripe is asked, and nobody hears the answer') from first;
-- A worker each fifteen seconds for so long; what each was told.
create function pg_temp.work(p_from integer, p_to integer) returns text language plpgsql as $$
declare
  v_told text[] := '{}';
  v_id uuid;
begin
  for v_second in p_from..p_to by 15 loop
    perform pg_temp.clock_at(v_second);
    v_id := pg_temp.look(pg_temp.ada());
    if v_id is not null then
      v_told := v_told || (v_second / 60 || ' ' || pg_temp.begin(v_id));
    end if;
  end loop;
  return array_to_string(v_told, ', ');
end
$$;
select is(pg_temp.work(15, 3585), '2 charge, 6 charge, 14 charge, 30 charge', 'it is asked for again under the same key, ever more seldom');
select is((pg_temp.purchase(id)).status, 'created', 'unknown is not failed') from first;
select is(pg_temp.work(3600, 5 * 3600), '62 read, 122 read, 182 read, 242 read', 'after an hour Stripe is only looked at');
select is((select asked_count from private.reload_attempts where user_id = pg_temp.ada()), 5, 'five requests, one key');
select is(pg_temp.attempts(pg_temp.ada()), 1::bigint, 'and no other charge meanwhile');
savepoint asking;
select is(public.fail_reload(pg_temp.ada(), id, 'not_carried_out') ->> 'status', 'failed', 'Stripe has no payment: it failed') from first;
select is(pg_temp.state(pg_temp.ada()), 'on', 'which is not the card''s fault');
select is(pg_temp.told(pg_temp.ada(), 'auto_reload_failed'), 0::bigint, 'nor the person''s business');
select pg_temp.clock_at(6 * 3600);
select is(pg_temp.attempt(pg_temp.ada()), 'paid', 'another attempt follows');
select is(pg_temp.answer(id), 'paid', 'should the first come to light after all, it is credited too') from first;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 20000000::bigint, 'no cent is lost');
rollback to asking;
select is(pg_temp.answer(id), 'paid', 'Stripe has it: it is paid') from first;
select is(public.fail_reload(pg_temp.ada(), id, 'not_carried_out') ->> 'status', 'paid', 'and cannot fail any more') from first;
rollback to asking;
select is(pg_temp.answer(id, null, '{"status": "requires_capture", "amount_received": 0}'), 'processing', 'a status nobody knows is looked at again') from first;
select is(public.fail_reload(pg_temp.ada(), id, 'not_carried_out') ->> 'status', 'processing', 'what Stripe has a payment of ends as that does') from first;
select pg_temp.clock_at(11 * 86400);
select pg_temp.look(pg_temp.ada());
select is(pg_temp.alerts_open('purchase_unconfirmed'), 1::bigint, 'after its deadline somebody is told');

select * from finish();
rollback;
