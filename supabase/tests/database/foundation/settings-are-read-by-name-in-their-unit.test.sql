begin;
\ir ../helpers.psql
select plan(8);

select results_eq(
  $$ select name, value from private.settings
    where name not in ('allowed_redirect_origins', 'seller', 'stripe_livemode') order by name $$,
  $$ values
    ('catalog_cache_seconds', '300'::jsonb), ('checkout_limit_per_hour', '20'), ('end_grace_seconds', '5'), ('heartbeat_interval_seconds', '30'),
    ('heartbeat_timeout_seconds', '90'), ('hold_quantum_seconds', '300'), ('max_call_seconds', '14400'),
    ('ring_timeout_seconds', '120'), ('top_up_url', 'null'), ('verify_limit_per_minute', '120') $$,
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
