begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 5000000);
select pg_temp.sign_up(pg_temp.ben(), 5000000);
select pg_temp.new_purchase(pg_temp.ben());
select public.start_call('ben-1', '+14155552671', pg_temp.ben());
create function pg_temp.post(p_kind text, p_micros bigint, p_account text, p_purchase uuid default null, p_call text default null, p_reverses bigint default null)
returns void language sql as $$
  select private.post_transaction(pg_temp.ada(), p_kind, p_micros, p_account, 'test', p_purchase, p_call, p_reverses)
$$;
select throws_ok($$ select pg_temp.post('tip', 1, 'adjustment') $$, '23514', null, 'an unknown kind is refused');
select throws_ok($$ select pg_temp.post('adjustment', 1, 'petty_cash') $$, '23514', null, 'an unknown account is refused');
select throws_ok($$ select pg_temp.post('adjustment', 9007199254740992, 'adjustment') $$, '23514', null, 'an unsafe integer is refused');
select throws_ok($$ select pg_temp.post('adjustment', 1, 'adjustment', p_purchase => (select id from public.purchases where user_id = pg_temp.ben())) $$,
  '23503', null, 'another user''s purchase is refused');
select throws_ok($$ select pg_temp.post('call', -1, 'call_revenue', p_call => 'ben-1') $$, '23503', null, 'another user''s call is refused');
select throws_ok($$ select pg_temp.post('adjustment', 1, 'adjustment', p_reverses => 2) $$, '23514', null, 'a line reverses no line from its future');
select throws_ok($$ select pg_temp.post('adjustment', 1, 'adjustment', p_reverses => 0) $$, '23503', null, 'nor one that is not there');
select lives_ok($$ select pg_temp.post('adjustment', -1, 'adjustment', p_reverses => 1) $$, 'an earlier line of one''s own is reversed');
select throws_ok(format($$ select private.post_transaction(%L, 'adjustment', 1, 'adjustment', 'nobody') $$, gen_random_uuid()), 'PT404', 'user_not_found',
  'nobody has no journal');

select * from finish();
rollback;
