begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 5000000);
select public.start_call('open', '+14155552671', pg_temp.ada());
select public.answer_call('open', pg_temp.ada());
update public.users set status = 'suspended' where id = pg_temp.ada();

select is(pg_temp.error_of($$ select public.start_call('new', '+14155552671', pg_temp.ada()) $$) - 'hint',
  jsonb_build_object('code', 'wallet_suspended', 'sqlstate', 'PT403', 'details', jsonb_build_object('user_id', pg_temp.ada())),
  'a suspended wallet starts no call');
select throws_ok('select pg_temp.new_purchase(pg_temp.ada())', 'PT403', 'wallet_suspended', 'and buys nothing');
select is((public.estimate_call('+14155552671', 60, pg_temp.ada())) -> 'can_start', 'false'::jsonb, 'the estimate knows');
select is(public.get_balance(pg_temp.ada()) ->> 'status', 'suspended', 'the balance says so');
select is(public.start_call('open', '+14155552671', pg_temp.ada()) -> 'replayed', 'true'::jsonb, 'a replay is answered as before');
select pg_temp.clock_at(30);
select is(public.extend_call('open', pg_temp.ada()) ->> 'status', 'answered', 'a live call goes on');
select is(public.end_call('open', user_id => pg_temp.ada()) -> 'cost_micros', '150000'::jsonb, 'and is settled');

update public.users set status = 'closed', closed_at = private.clock() where id = pg_temp.ada();
select throws_ok($$ select public.start_call('new', '+14155552671', pg_temp.ada()) $$, 'PT403', 'wallet_closed', 'a closed wallet starts no call');
select throws_ok('select pg_temp.new_purchase(pg_temp.ada())', 'PT403', 'wallet_closed', 'and buys nothing');
select throws_ok($$ update public.users set status = 'active' where id = pg_temp.ada() $$, '23514', null, 'open and closed at once is refused');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
