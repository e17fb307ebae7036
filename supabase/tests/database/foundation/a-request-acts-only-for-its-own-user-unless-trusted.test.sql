begin;
\ir ../helpers.psql
select plan(14);

select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());

select ok(private.caller_is_trusted(), 'a direct session of the owner is trusted');
select is(private.acting_user(pg_temp.ada()), pg_temp.ada(), 'it acts for the user it names');
select is(pg_temp.error_of('select private.acting_user(null)') - 'hint',
  '{"code": "invalid_request", "sqlstate": "PT400", "details": {"parameter": "user_id", "problem": "required with the secret key"}}',
  'and has to name one');

-- The functions run as their owner; only the claims say who asks.
select set_config('request.jwt.claims', format('{"sub": "%s", "role": "authenticated"}', pg_temp.ada()), true);
select ok(not private.caller_is_trusted(), 'a signed-in user is not trusted');
select is(private.acting_user(null), pg_temp.ada(), 'a signed-in user acts for themselves without saying so');
select is(private.acting_user(pg_temp.ada()), pg_temp.ada(), 'or saying so');
select is(pg_temp.error_of(format('select private.acting_user(%L)', pg_temp.ben())) - 'hint',
  jsonb_build_object('code', 'forbidden', 'sqlstate', 'PT403', 'details', jsonb_build_object('user_id', pg_temp.ben())),
  'but for nobody else');

select set_config('request.jwt.claims', '{"role": "anon"}', true);
select throws_ok('select private.acting_user(null)', 'PT401', 'not_authenticated', 'nobody signed in is nobody');
select throws_ok(format('select private.acting_user(%L)', pg_temp.ada()), 'PT401', 'not_authenticated', 'also when naming a user');

select set_config('request.jwt.claims', '{"role": "service_role"}', true);
select is(private.acting_user(pg_temp.ben()), pg_temp.ben(), 'the secret key acts for whom it names');
select throws_ok('select private.acting_user(null)', 'PT400', 'invalid_request', 'and has to name one');

select set_config('request.jwt.claims', '{}', true);
select ok(not private.caller_is_trusted(), 'empty claims are no trust');

select pg_temp.act_as(pg_temp.ada());
select is(public.get_balance() ->> 'user_id', pg_temp.ada()::text, 'through the API the caller is the wallet');
select throws_ok(format('select public.get_balance(%L)', pg_temp.ben()), 'PT403', 'forbidden', 'and another''s wallet is refused');
select pg_temp.act_as_owner();

select * from finish();
rollback;
