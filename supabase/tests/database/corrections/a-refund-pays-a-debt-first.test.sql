begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
update public.users set rate_plan = 'prorated', credit_limit_micros = 1000000 where id in (pg_temp.ada(), pg_temp.ben());
select pg_temp.talk(pg_temp.ada(), 'a', 200);
select pg_temp.talk(pg_temp.ada(), 'b', 100);
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, -750000::bigint, 'two calls on account');
select public.refund_call(pg_temp.ada(), 'a', 'Noise', 300000);
select is((select (balance_micros, (select count(*) from public.credit_grants where user_id = pg_temp.ada())) from public.users where id = pg_temp.ada()),
  row(-450000::bigint, 0::bigint), 'a refund lowers the debt and brings no credit');
select pg_temp.give(pg_temp.ada(), 350000);
select public.refund_call(pg_temp.ada(), 'b', 'Noise');
select results_eq($$ select id, source, granted_micros, remaining_micros, expires_at from public.credit_grants where user_id = pg_temp.ada() order by id $$,
  $$ values (4::bigint, 'adjustment', 350000::bigint, 0::bigint, null::timestamptz), (5, 'adjustment', 150000, 150000, null) $$, 'one larger than the debt brings the rest');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 150000::bigint, 'which is the balance');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select pg_temp.talk(pg_temp.ben(), 'a', 200);
select pg_temp.buy(pg_temp.ben());
select public.refund_call(pg_temp.ben(), 'a', 'Noise', 400000);
select results_eq($$ select id, source, granted_micros, remaining_micros from public.credit_grants where user_id = pg_temp.ben() order by id $$,
  $$ values (2::bigint, 'paid', 10000000::bigint, 9500000::bigint), (3, 'adjustment', 400000, 400000) $$, 'of a debt that was paid since, it is credit of its own');
select is((pg_temp.wallet(pg_temp.ben())).balance_micros, 9900000::bigint, 'that counts with the rest');
select is(pg_temp.talk(pg_temp.ben(), 'b', 100) -> 'cost_micros', '250000'::jsonb, 'and is spent like it');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole still');

select * from finish();
rollback;
