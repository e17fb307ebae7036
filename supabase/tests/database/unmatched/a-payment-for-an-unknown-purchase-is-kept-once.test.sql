begin;
\ir ../helpers.psql
select plan(14);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada()), 'cs_ada') as purchase;
create function pg_temp.found(p_differences jsonb) returns jsonb language sql as $$
  select public.apply_found_session(pg_temp.session((select purchase from open), '{"created": 1583020800}' || p_differences))
$$;
create temporary view kept as select * from private.unmatched_payments where found_at < pg_temp.at(86400);
create function pg_temp.metadata(p_user_id text, p_purchase_id text) returns jsonb language sql as $$
  select jsonb_build_object('metadata', jsonb_build_object('user_id', p_user_id, 'purchase_id', p_purchase_id)) $$;

select is(pg_temp.found('{"id": "cs_other", "metadata": {}}'), '{"known": false}'::jsonb, 'a payment without our metadata is another product''s');
select is(pg_temp.found('{"id": "cs_other", "metadata": null}'), '{"known": false}'::jsonb, 'also without any');
select is(pg_temp.found('{"id": "cs_other"}' || pg_temp.metadata(pg_temp.ada()::text, 'order 17')), '{"known": false}'::jsonb, 'or where what is there is no purchase of ours');
select is(pg_temp.found('{"id": "cs_open", "status": "open", "payment_status": "unpaid"}' || pg_temp.metadata(pg_temp.ada()::text, gen_random_uuid()::text)),
  '{"known": false}'::jsonb,
  'an unpaid session of a purchase that is not here');
select is_empty('select * from kept', 'is nothing to keep, nor are the others');
select is(pg_temp.found('{"id": "cs_lost", "currency": "USD"}' || pg_temp.metadata(pg_temp.ada()::text, 'cccccccc-0000-4000-8000-000000000003')), '{"known": false}'::jsonb,
  'a paid one');
select results_eq('select kind, id, payment_intent_id, currency, amount_cents, livemode, metadata, stripe_created_at, found_at, resolved_at from kept',
  $$ select 'session', 'cs_lost', purchase #>> '{payment_intent_id}', 'usd', 1000::bigint, false,
    '{"user_id": "aaaaaaaa-0000-4000-8000-000000000001", "purchase_id": "cccccccc-0000-4000-8000-000000000003"}'::jsonb,
      to_timestamp(1583020800), pg_temp.at(0), null::timestamptz
        from (select jsonb_build_object('payment_intent_id', 'pi_' || left(purchase ->> 'purchase_id', 8)) as purchase from open) o $$,
  'is kept with all that tells whose it may be');
select pg_temp.clock_at(60);
select pg_temp.found('{"id": "cs_lost"}' || pg_temp.metadata(pg_temp.ada()::text, 'cccccccc-0000-4000-8000-000000000003'));
select is((select count(*) from kept), 1::bigint, 'once');
select results_eq($$ select key, details, seen_count from pg_temp.alerts('unmatched_payment') a $$,
  $$ values ('cs_lost', '{"kind": "session", "amount_cents": 1000, "currency": "USD", "metadata": {"user_id": "aaaaaaaa-0000-4000-8000-000000000001", "purchase_id": "cccccccc-0000-4000-8000-000000000003"}}'::jsonb, 1) $$,
  'with one alert');

select pg_temp.found('{"id": "cs_second"}');
select pg_temp.found('{"id": "cs_ada", "client_reference_id": "bbbbbbbb-0000-4000-8000-000000000002"}');
select pg_temp.found('{"id": "cs_ben"}' || pg_temp.metadata(pg_temp.ben()::text, (select purchase ->> 'purchase_id' from open)));
select set_eq('select id from kept', $$ values ('cs_lost'), ('cs_second'), ('cs_ada'), ('cs_ben') $$, 'so are a second session of a purchase and one of another person');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros + (pg_temp.wallet(pg_temp.ben())).balance_micros, 0::bigint, 'none of them credits');
select is((select status from public.purchases where user_id = pg_temp.ada()), 'open', 'or changes the purchase');
select is(pg_temp.found('{"id": "cs_late", "created": null}' || pg_temp.metadata(null, gen_random_uuid()::text)), '{"known": false}'::jsonb, 'one that names nobody');
select is((select stripe_created_at from kept where id = 'cs_late'), pg_temp.at(60), 'began now, where Stripe does not say');

select * from finish();
rollback;
