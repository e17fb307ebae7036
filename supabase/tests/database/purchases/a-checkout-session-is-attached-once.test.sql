begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
create temporary table made as select pg_temp.new_purchase(pg_temp.ada()) as purchase;
select is(pg_temp.attach((select purchase from made), 'cs_test_1') - '{created_at}'::text[],
  (select purchase - '{created_at,expected_livemode,package,checkout}'::text[] || jsonb_build_object('status', 'open', 'stripe_session_id', 'cs_test_1',
    'checkout_url', 'https://checkout.stripe.com/c/pay/1', 'session_expires_at', pg_temp.at(86400)) from made), 'the purchase is open at its page');
select is((select next_check_at from public.purchases where user_id = pg_temp.ada()), pg_temp.at(60), 'and looked at in a minute');
select is(pg_temp.attach((select purchase from made), 'cs_test_1') -> 'replayed', 'true'::jsonb, 'the same session again changes nothing');
select throws_ok($$ select pg_temp.attach((select purchase from made), 'cs_test_2') $$, 'PT409', 'idempotency_conflict', 'another session is refused');
select throws_ok(format($$ select pg_temp.attach((select purchase || '{"user_id": "%s"}' from made), 'cs_test_1') $$, pg_temp.ben()),
  'PT404', 'purchase_not_found', 'so is another user');

create temporary table live as select pg_temp.new_purchase(pg_temp.ada(), 'key-2') as purchase;
select is(pg_temp.error_of($$ select public.attach_checkout_session(pg_temp.ada(), (select (purchase ->> 'purchase_id')::uuid from live), 'cs_live_1', 'https://x', now(), true) $$) -> 'details',
  '{"problem": "livemode", "expected": false}'::jsonb, 'a live session does not fit a test purchase');
select throws_ok($$ select public.attach_checkout_session(pg_temp.ada(), (select (purchase ->> 'purchase_id')::uuid from live), 'cs_1', 'https://x', now(), null) $$,
  'PT409', 'session_mismatch', 'nor does one of unknown mode');

select pg_temp.clock_at(86401);
select public.claim_due_purchases();
select is((select status from public.purchases where user_id = pg_temp.ada() and idempotency_key = 'key-2'), 'expired', 'an attempt given up');
select is(pg_temp.attach((select purchase from live), 'cs_test_3') ->> 'status', 'open', 'is open again when its session arrives after all');
select is(pg_temp.apply((select purchase || '{"stripe_session_id": "cs_test_3"}' from live)) -> 'credited', 'true'::jsonb, 'and can be paid');
select is(pg_temp.attach((select purchase from live), 'cs_test_3') ->> 'status', 'paid', 'an attachment that comes after the payment leaves it paid');

select * from finish();
rollback;
