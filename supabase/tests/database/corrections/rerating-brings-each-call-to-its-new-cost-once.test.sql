begin;
\ir ../helpers.psql
select plan(14);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.buy(pg_temp.ada(), 'key-1', 'credit_5');
select pg_temp.talk(pg_temp.ada(), 'a', 61);
select pg_temp.talk(pg_temp.ada(), 'b', 30);
create function pg_temp.rerate(p_plan text) returns text language sql as $$
  select concat_ws(' ', r ->> 'difference_micros', r ->> 'posted_micros') from public.rerate_calls(p_plan, pg_temp.at(0), pg_temp.at(1000), 'Plan was wrong', dry_run => false) r
$$;
select is(pg_temp.rerate('prorated'), '-222500 -222500', 'what is too much is given back');
select results_eq($$ select line, kind, amount_micros, counter_account, balance_after_micros, call_id, reverses_line, description, reason from public.transactions where user_id = pg_temp.ada() and line > 3 $$,
  $$ values (4::bigint, 'rerate', 147500::bigint, 'call_revenue', 4697500::bigint, 'a', 2::bigint, 'Call to +1415•••2671 rated anew', 'Plan was wrong'),
    (5, 'rerate', 75000, 'call_revenue', 4772500, 'b', 3, 'Call to +1415•••2671 rated anew', 'Plan was wrong') $$, 'by a new line for each call, which names the one it corrects and why');
select is((select remaining_micros from public.credit_grants where user_id = pg_temp.ada()), 4772500::bigint, 'into the grant that paid');
select is((select jsonb_object_agg(id, jsonb_build_array(cost_micros, rerated_micros)) from public.call_logs where user_id = pg_temp.ada()), '{"a": [300000, -147500], "b": [150000, -75000]}'::jsonb,
  'what a call cost at first still stands');
select is(pg_temp.rerate('prorated'), '0 0', 'a second run finds nothing to do');
select is((pg_temp.wallet(pg_temp.ada())).last_line, 5::bigint, 'and writes nothing');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');
select is(pg_temp.rerate('standard'), '222500 222500', 'rated back, they cost what they did');
select results_eq($$ select kind, amount_micros, reverses_line from public.transactions where user_id = pg_temp.ada() and line > 5 $$, $$ values ('rerate', -147500::bigint, 2::bigint), ('rerate', -75000, 3) $$,
  'a dearer rate is charged');
select is((select (balance_micros, (select sum(rerated_micros) from public.call_logs where user_id = pg_temp.ada())) from public.users where id = pg_temp.ada()), row(4550000::bigint, 0::numeric),
  'and everything is as it was');
select pg_temp.rerate('prorated');
select is(public.refund_call(pg_temp.ada(), 'a', 'Noise') -> 'refunded_micros', '152500'::jsonb, 'a refund afterwards is of the new cost');
select throws_ok($$ select public.refund_call(pg_temp.ada(), 'b', 'Noise', 75001) $$, 'PT409', 'refund_not_possible', 'and not more');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 4925000::bigint, 'one call is left to pay');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole still');

select * from finish();
rollback;
