begin;
\ir ../helpers.psql
select plan(8);

select results_eq(
  $$ select name, value from private.settings
    where name not in ('allowed_redirect_origins', 'seller', 'stripe_livemode') order by name $$,
  $$ values
    ('app_url', '"http://127.0.0.1:3000"'::jsonb), ('auto_reload', 'true'), ('auto_reload_asking_seconds', '3600'), ('auto_reload_attempt_limit', '10'),
    ('auto_reload_attempt_window_seconds', '86400'), ('auto_reload_failure_limit', '3'), ('auto_reload_interval_seconds', '300'),
    ('auto_reload_lease_seconds', '120'), ('auto_reload_retry_seconds', '3600'), ('auto_reload_scan_seconds', '60'),
    ('billing_limit_per_hour', '60'), ('catalog_cache_seconds', '300'), ('checkout_limit_per_hour', '20'), ('end_grace_seconds', '5'),
    ('events_overlap_seconds', '900'), ('failed_payment_limit', '10'), ('failed_payment_window_seconds', '86400'),
    ('heartbeat_interval_seconds', '30'), ('heartbeat_timeout_seconds', '90'), ('hold_quantum_seconds', '300'),
    ('mail_from', '"Talktime <no-reply@talktime.test>"'), ('mail_lease_seconds', '300'), ('mail_max_age_seconds', '604800'), ('mail_max_attempts', '30'), ('manage_url', 'null'),
    ('max_call_seconds', '14400'), ('promo_attempts_per_hour', '20'), ('purchase_deadline_seconds', '864000'), ('receipt_prefix', '"TT"'), ('reconcile_lease_seconds', '120'),
    ('referral_claim_days', '30'), ('referral_min_price_cents', '1000'), ('referral_monthly_cap', '10'), ('referral_reward_micros', '0'),
    ('referral_valid_days', 'null'), ('referral_welcome_micros', '0'), ('refund_limit_per_hour', '100'),
    ('ring_timeout_seconds', '120'), ('stripe_discounts', 'false'), ('stripe_invoices', 'false'), ('stripe_tax', 'false'),
    ('sweep_interval_seconds', '86400'), ('sweep_window_seconds', '864000'), ('top_up_url', 'null'), ('verify_limit_per_minute', '120') $$,
  'the settings and their defaults');
select is(private.setting('stripe_livemode'), 'false'::jsonb, 'payments are test payments until a deployer says otherwise');
select is(private.setting_integer('hold_quantum_seconds'), 300, 'an integer');
select is(private.setting_seconds('heartbeat_timeout_seconds'), interval '90 seconds', 'an interval');
update private.settings set value = '1.5' where name = 'end_grace_seconds';
select is(private.setting_seconds('end_grace_seconds'), interval '1.5 seconds', 'the next request reads a changed value');
select is(private.setting('no_such_setting'), null, 'an unknown name is null');
select throws_ok($$ insert into private.settings values ('end_grace_seconds', '1', '') $$, '23505', null, 'a name is there once');
select is_empty($$ select name from private.settings where description !~ '^[A-Z].*\.$' $$, 'each is explained in a sentence');

select * from finish();
rollback;
