begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
update private.settings set value = '3' where name = 'failed_payment_limit';
create function pg_temp.fail(p_id text, p_seconds integer, p_user_id text default pg_temp.ada()::text,
  p_type text default 'payment_intent.payment_failed') returns void language sql as $$
  select public.record_events(jsonb_build_array(jsonb_build_object('id', p_id, 'type', p_type, 'created', extract(epoch from pg_temp.at(p_seconds)),
    'user_id', p_user_id, 'failure_code', 'card_declined')))
$$;
select pg_temp.fail('evt_1', -100), pg_temp.fail('evt_2', -50);
select lives_ok($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-1') $$, 'two of three may happen');
select pg_temp.fail('evt_2', -50), pg_temp.fail('evt_2', -50);
select lives_ok($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-2') $$, 'one that is told again counts once');
select pg_temp.fail('evt_other', -40, pg_temp.ada()::text, 'payment_intent.canceled'), pg_temp.fail('evt_nobody', -40, null), pg_temp.fail('evt_odd', -40, 'not a uuid'),
  pg_temp.fail('evt_stranger', -40, gen_random_uuid()::text);
select lives_ok($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-3') $$, 'nor does what is no failure of theirs');
select pg_temp.fail('evt_3', -20);
select is(pg_temp.error_of($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-4') $$) - 'hint',
  '{"code": "too_many_failed_payments", "sqlstate": "PT429", "details": {"limit": 3, "retry_after_seconds": 86300}}'::jsonb, 'the third stops them until the first is a day old');
select is(pg_temp.new_purchase(pg_temp.ada(), 'key-3') -> 'replayed', 'true'::jsonb, 'what had begun goes on');
select lives_ok($$ select pg_temp.new_purchase(pg_temp.ben()) $$, 'others are not stopped');
select pg_temp.clock_at(86299);
select is(pg_temp.error_of($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-4') $$) #> '{details,retry_after_seconds}', '1'::jsonb, 'a second before they still are');
select pg_temp.clock_at(86300);
select lives_ok($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-4') $$, 'then the window has passed');
select pg_temp.fail('evt_4', 86290);
select is(pg_temp.error_of($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-5') $$) #> '{details,retry_after_seconds}', '50'::jsonb, 'it moves with the failures');
update private.settings set value = '40' where name = 'failed_payment_window_seconds';
select lives_ok($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-5') $$, 'its length is a setting');
select results_eq($$ select event_id, code, failed_at from private.payment_failures where user_id = pg_temp.ada() order by failed_at $$,
  $$ values ('evt_1', 'card_declined', pg_temp.at(-100)), ('evt_2', 'card_declined', pg_temp.at(-50)), ('evt_3', 'card_declined', pg_temp.at(-20)),
    ('evt_4', 'card_declined', pg_temp.at(86290)) $$,
  'each failure is kept with its code');

select * from finish();
rollback;
