begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 850000);
update public.users set low_balance_threshold_micros = 700000 where id = pg_temp.ada();
create function pg_temp.told() returns bigint language sql as $$ select count(*) from public.notifications where user_id = pg_temp.ada() and kind = 'low_balance' $$;
select pg_temp.talk(pg_temp.ada(), 'a', 1);
select is(pg_temp.told(), 0::bigint, 'at the threshold it is not low');
select pg_temp.talk(pg_temp.ada(), c, 1) from unnest('{b,c}'::text[]) c;
select is(pg_temp.told(), 1::bigint, 'a first crossing is told, and staying below is not');
select pg_temp.give(pg_temp.ada(), 600000);
select pg_temp.talk(pg_temp.ada(), 'd', 1);
select is(pg_temp.told(), 1::bigint, 'a top-up lifts it above');
select pg_temp.talk(pg_temp.ada(), 'e', 60.5);
select is(pg_temp.told(), 2::bigint, 'the next crossing is told again');
select public.end_call('e', user_id => pg_temp.ada());
select is(pg_temp.told(), 2::bigint, 'a repeated end is not another');
select pg_temp.give(pg_temp.ada(), 600000);
select public.import_call_records(jsonb_build_array(jsonb_build_object('user_id', pg_temp.ada(), 'call_id', 'late', 'destination', '+14155552671',
  'started_at', pg_temp.at(-600), 'duration_seconds', 300)));
select results_eq($$ select payload -> 'balance_micros' from public.notifications where user_id = pg_temp.ada() and kind = 'low_balance' order by id $$,
  $$ values ('550000'::jsonb), ('550000'), ('400000') $$, 'a call record that crosses it is told too');
update public.users set low_balance_threshold_micros = 100000 where id = pg_temp.ada();
select pg_temp.talk(pg_temp.ada(), 'f', 1);
select is(pg_temp.told(), 3::bigint, 'a lower threshold has not been crossed yet');
select pg_temp.talk(pg_temp.ada(), 'g', 61);
select is((select balance_micros || ', told ' || pg_temp.told() from public.users where id = pg_temp.ada()), '100000, told 3', 'nor when the balance is just at it');

select * from finish();
rollback;
