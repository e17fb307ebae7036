begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
-- Each $0.30 by the minute and $0.1525 by the second.
select pg_temp.talk(pg_temp.ada(), c, 61) from unnest('{none,little,much,all}'::text[]) c;
select public.refund_call(pg_temp.ada(), 'little', 'Noise', 100000);
select public.refund_call(pg_temp.ada(), 'much', 'Noise', 200000);
select public.refund_call(pg_temp.ada(), 'all', 'Noise');
create function pg_temp.rerate(p_dry_run boolean) returns text language sql as $$
  select string_agg(concat_ws(' ', c ->> 'call_id', c ->> 'difference_micros', c ->> 'posted_micros'), ', ' order by o)
  from jsonb_array_elements(public.rerate_calls('prorated', pg_temp.at(0), pg_temp.at(1000), 'Plan was wrong', dry_run => p_dry_run) -> 'calls') with ordinality as calls (c, o)
$$;
select is(pg_temp.rerate(true), 'none -147500 0, little -147500 0, much -100000 0', 'the dry run knows what was refunded');
select is(pg_temp.rerate(false), 'none -147500 -147500, little -147500 -147500, much -100000 -100000', 'the run does as it showed');
select is(pg_temp.rerate(false), null, 'a second finds nothing to do');
select is((select jsonb_object_agg(id, cost_micros + rerated_micros - refunded_micros) from public.call_logs where user_id = pg_temp.ada()),
  '{"none": 152500, "little": 52500, "much": 0, "all": 0}'::jsonb, 'no call has brought its caller money');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 10000000::bigint - 152500 - 52500, 'the balance agrees');
select is(public.refund_call(pg_temp.ada(), 'much', 'Noise', 200000) -> 'replayed', 'true'::jsonb, 'an earlier refund is still that refund');
select is(public.refund_call(pg_temp.ada(), 'none', 'Noise') -> 'refunded_micros', '152500'::jsonb, 'a later one is of what is left');
select is(pg_temp.rerate(true), null, 'which leaves nothing to give back');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
