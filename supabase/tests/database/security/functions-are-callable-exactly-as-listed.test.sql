begin;
\ir ../helpers.psql
select plan(3);

-- Every function that anyone but its owner may execute. A new grant needs a new line here.
create temporary view granted as
  select p.oid::regprocedure as object, coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC') as role
  from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
  where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace, 'reporting'::regnamespace) and a.grantee <> p.proowner;
create temporary view for_users (object) as values
  ('get_balance(uuid)'::regprocedure),
  ('estimate_call(text,integer,uuid)'),
  ('start_call(text,text,uuid,boolean)'),
  ('answer_call(text,uuid)'),
  ('extend_call(text,uuid,integer,bigint)'),
  ('end_call(text,text,integer,uuid)'),
  ('get_call(text,uuid)'),
  ('explain_call(text,uuid)'),
  ('get_statement(bigint,integer,uuid)'),
  ('get_receipt(uuid,uuid)'),
  ('resolve_review(uuid,uuid,text,text,uuid)'),
  ('resolve_unmatched_payment(text,text,text,uuid)'),
  ('list_payment_methods(uuid)'),
  ('get_auto_reload(uuid)'),
  ('set_auto_reload(bigint,text,bigint,boolean,text,text,uuid)'),
  ('disable_auto_reload(uuid)'),
  ('get_notification_preferences(uuid)'),
  ('set_notification_preferences(boolean,boolean,bigint,uuid,boolean,boolean)'),
  ('redeem_code(text,uuid)'),
  ('check_promo_code(text,text,uuid)'),
  ('create_campaign(jsonb,text,uuid)'),
  ('add_promo_codes(text,text,text[],integer,integer,uuid)'),
  ('get_referral_code(uuid)'),
  ('claim_referral(text,uuid)'),
  ('resolve_referral(uuid,text,text,uuid)'),
  ('extend_grant(uuid,bigint,timestamptz,text,uuid)'),
  ('void_grant(uuid,bigint,text,uuid)'),
  ('requeue_deliveries(text,bigint[],uuid)');
create temporary view for_anyone (object) as values
  ('list_packages()'::regprocedure),
  ('list_rates(text,text,integer)');
create temporary view for_the_secret_key (object) as values
  ('create_purchase(uuid,text,text,text,text,text)'::regprocedure),
  ('create_subscription(uuid,text,text,text,text)'),
  ('attach_subscription_session(uuid,uuid,text,text,boolean,text)'),
  ('find_subscription(uuid,text)'),
  ('find_subscription_page(uuid,uuid,text)'),
  ('apply_subscription(jsonb)'),
  ('apply_invoice(jsonb)'),
  ('claim_due_subscriptions(integer)'),
  ('expire_subscription_session(uuid,uuid)'),
  ('attach_checkout_session(uuid,uuid,text,text,timestamptz,boolean,text,text)'),
  ('find_purchase(uuid,uuid,text)'),
  ('forget_stripe_customer(uuid,text)'),
  ('forget_stripe_price(text)'),
  ('apply_checkout_session(uuid,uuid,jsonb)'),
  ('apply_found_session(jsonb)'),
  ('claim_due_purchases(integer)'),
  ('record_purchase_check_failure(uuid,uuid,text)'),
  ('begin_refund(uuid,uuid,text,text,bigint,uuid)'),
  ('fail_refund_request(uuid,uuid,text)'),
  ('claim_due_refunds(integer)'),
  ('apply_refund(jsonb)'),
  ('apply_dispute(jsonb)'),
  ('apply_payment_intent(jsonb)'),
  ('begin_billing(uuid,text,jsonb,text)'),
  ('save_stripe_customer(uuid,text)'),
  ('save_payment_methods(uuid,text,jsonb,text)'),
  ('claim_due_reloads(integer)'),
  ('begin_reload_charge(uuid,uuid)'),
  ('fail_reload(uuid,uuid,text)'),
  ('begin_reconcile_run()'),
  ('save_walk(bigint,text,text,boolean)'),
  ('filter_new_events(text[])'), ('filter_unsettled(text[])'),
  ('record_events(jsonb)'),
  ('finish_reconcile_run(bigint,jsonb,text)'),
  ('claim_notifications(integer)'),
  ('record_deliveries(jsonb)'),
  ('unsubscribe(text)'),
  ('sweep_calls(integer)'),
  ('load_rate_sheet(text,text,timestamptz)'),
  ('refund_call(uuid,text,text,bigint)'),
  ('rerate_calls(text,timestamptz,timestamptz,text,uuid,boolean)'),
  ('import_call_records(jsonb)');
select set_eq('select * from granted', $$
    select object, role from for_users, unnest('{authenticated,service_role}'::text[]) role
    union all select object, role from for_anyone, unnest('{anon,authenticated,service_role}'::text[]) role
    union all select object, 'service_role' from for_the_secret_key $$,
  'anyone, users and the secret key call just the functions listed, nobody any other');
select set_eq($$
    select p.oid::regprocedure, r.role from pg_proc p, unnest('{anon,authenticated,service_role}'::text[]) r (role)
    where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace, 'reporting'::regnamespace) and has_function_privilege(r.role, p.oid, 'EXECUTE') $$,
  'select * from granted', 'in effect the roles have just that');
select set_eq($$ select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace $$,
  $$ select object from for_users union all select object from for_anyone union all select object from for_the_secret_key $$, 'public has no function but these');

select * from finish();
rollback;
