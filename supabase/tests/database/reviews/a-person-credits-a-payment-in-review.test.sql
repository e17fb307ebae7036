begin;
\ir ../helpers.psql
select plan(13);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select private.add_admin(pg_temp.ben(), 'admin', 'runs support');
create function pg_temp.held(p_key text, p_differences jsonb) returns uuid language sql as $$
  select (a #>> '{purchase,purchase_id}')::uuid from pg_temp.apply(pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), p_key)), p_differences) a
$$;
create temporary table ids as select pg_temp.held('key-1', '{"amount_total": 900}') as id;
grant select on ids to public;
select pg_temp.clock_at(60);
select pg_temp.act_as(pg_temp.ben());
create temporary table decided as select public.resolve_review(pg_temp.ada(), id, 'credit', 'a code of the old shop') as purchase from ids;
select pg_temp.act_as_owner();
select is((select purchase - '{created_at,stripe_session_id,session_expires_at,receipt_url,success_url,cancel_url}'::text[] from decided),
  (select jsonb_build_object('purchase_id', id, 'user_id', pg_temp.ada(), 'package_code', 'credit_10',
  'status', 'paid', 'origin', 'checkout', 'price_cents', 1000, 'currency', 'usd', 'credit_micros', 10000000, 'bonus_micros', 0, 'checkout_url', null, 'payment_intent_id',
    'pi_' || left(id::text, 8),
  'invoice_url', null, 'review_reason', null, 'failure_code', null, 'subscription_id', null, 'refunded_cents', 0, 'disputed_cents', 0, 'clawed_back_micros', 0, 'paid_at', pg_temp.at(60), 'is_final', true,
    'replayed', false) from ids), 'it is paid');
select results_eq('select kind, amount_micros, counter_account from public.transactions where user_id = pg_temp.ada() order by line',
  $$ values ('purchase', 9000000::bigint, 'stripe_clearing'), ('bonus', 1000000, 'promotional_expense') $$, 'it brings what was bought, and what was not paid is given');
select is((select count(*) from public.notifications where user_id = pg_temp.ada() and kind = 'purchase_confirmed'), 1::bigint, 'the person is told');
select is(pg_temp.alerts_open('purchase_in_review'), 0::bigint, 'the alert is resolved');
select results_eq($$ select actor_id, user_id, reason, details, at from pg_temp.audited('resolve_review') $$,
  $$ select pg_temp.ben(), pg_temp.ada(), 'a code of the old shop', jsonb_build_object('purchase_id', id, 'decision', 'credit', 'review_reason', 'amount_mismatch'), pg_temp.at(60)
    from ids $$, 'the act is in the audit log');
select is(pg_temp.error_of(format($$ select public.resolve_review(pg_temp.ada(), %L, 'credit', 'again') $$, id)) - 'hint',
  jsonb_build_object('code', 'review_not_possible', 'sqlstate', 'PT409',
  'details', jsonb_build_object('purchase_id', id, 'status', 'paid', 'review_reason', null)), 'it is decided once') from ids;

create temporary table taxed as select pg_temp.held('key-2', '{"amount_total": 1189, "amount_tax": 190}') as id;
select pg_temp.refund(id, 1189) from taxed;
select is(pg_temp.standing(id), '1189 0 0 10000000', 'a payment that was refunded in the meantime') from taxed;
select public.resolve_review(pg_temp.ada(), id, 'credit', 'a rounding error') from taxed;
select is(pg_temp.standing(id), '1189 0 10000000 10000000', 'brings its credit and loses it again') from taxed;
create temporary table more as select pg_temp.held('key-3', '{"amount_total": 1001}') as more,
  pg_temp.held('key-4', '{"amount_total": 1001, "amount_tax": 1, "amount_subtotal": 999}') as tax, pg_temp.held('key-5', '{"currency": "eur"}') as other;
select is(pg_temp.code_of(format($$ select public.resolve_review(pg_temp.ada(), %L, 'credit', 'sorry') $$, more)), 'review_not_possible',
  'more than the package brings is not credited') from more;
select is(public.resolve_review(pg_temp.ada(), tax, 'credit', 'sorry') ->> 'status', 'paid', 'tax does not count as more') from more;
select is(pg_temp.error_of(format($$ select public.resolve_review(pg_temp.ada(), %L, 'credit', 'sorry') $$, other)) #>> '{details,review_reason}', 'currency_mismatch',
  'what cannot be compared is not credited either') from more;
select is(pg_temp.code_of(format($$ select public.resolve_review(pg_temp.ben(), %L, 'credit', 'sorry') $$, more)), 'purchase_not_found', 'it is found by its own user alone')
  from more;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
