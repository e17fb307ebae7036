begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.buy(pg_temp.ada());
create temporary table bought as select id from public.purchases where user_id = pg_temp.ada();
select public.start_call('c-1', '+14155552671', pg_temp.ada());
select public.answer_call('c-1', pg_temp.ada());
select pg_temp.clock_at(1);
select public.end_call('c-1', user_id => pg_temp.ada());
select throws_ok($$ select private.post_transaction(pg_temp.ada(), 'purchase', 1, 'stripe_clearing', 'again', (select id from bought)) $$, '23505', null,
  'a second credit for a purchase is refused by the table itself');
select throws_ok($$ select private.post_transaction(pg_temp.ada(), 'call', -1, 'call_revenue', 'again', p_call_id => 'c-1') $$, '23505', null,
  'so is a second charge for a call');
select lives_ok($$ select private.post_transaction(pg_temp.ada(), 'call_refund', 1, 'call_revenue', 'back', p_call_id => 'c-1', p_reverses_line => 2) $$,
  'a correction is another kind');
select lives_ok($$ select private.post_transaction(pg_temp.ada(), 'clawback', -1, 'stripe_clearing', 'back', (select id from bought)) $$,
  'so is a clawback');

select * from finish();
rollback;
