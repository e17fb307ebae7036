begin;
\ir ../helpers.psql
select plan(3);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 1000000);
select pg_temp.give(pg_temp.ada(), 2000000, 'promotional', pg_temp.at(200));
select pg_temp.give(pg_temp.ada(), 3000000, 'adjustment', pg_temp.at(100));
select pg_temp.give(pg_temp.ada(), 4000000, 'promotional', pg_temp.at(100));
select is(public.get_balance(pg_temp.ada()) -> 'expiring', jsonb_build_array(
  jsonb_build_object('expires_at', pg_temp.at(100), 'amount_micros', 7000000),
  jsonb_build_object('expires_at', pg_temp.at(200), 'amount_micros', 2000000)), 'soonest first, what expires together added up');
select pg_temp.clock_at(100);
select is(public.get_balance(pg_temp.ada()) -> 'expiring', jsonb_build_array(
  jsonb_build_object('expires_at', pg_temp.at(200), 'amount_micros', 2000000)), 'what has expired is no longer to come');
select pg_temp.clock_at(200);
select is(public.get_balance(pg_temp.ada()) -> 'expiring', '[]'::jsonb, 'and in the end nothing is');

select * from finish();
rollback;
