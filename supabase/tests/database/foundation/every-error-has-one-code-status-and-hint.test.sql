begin;
\ir ../helpers.psql
select plan(7);

select results_eq(
  $$ select code, status::integer from private.error_codes order by code $$,
  $$ values
    ('append_only', 409), ('auto_reload_not_possible', 409), ('call_ended', 409), ('call_not_answered', 409), ('call_not_found', 404),
    ('campaign_not_found', 404),
    ('daily_limit_reached', 403), ('destination_not_rated', 422), ('duration_invalid', 400), ('forbidden', 403), ('grant_not_changeable', 409), ('grant_not_found', 404), ('idempotency_conflict', 409),
    ('insufficient_credit', 402), ('invalid_call_id', 400), ('invalid_destination', 400), ('invalid_request', 400),
    ('not_authenticated', 401), ('package_not_found', 404), ('payment_method_not_found', 404), ('plan_not_found', 404), ('promo_code_not_valid', 404), ('purchase_not_found', 404), ('purchase_not_refundable', 409),
    ('rate_limited', 429), ('rate_plan_not_found', 404), ('rate_published', 409), ('redirect_not_allowed', 400), ('refund_exceeds_payment', 409),
    ('refund_not_possible', 409), ('review_not_possible', 409), ('session_mismatch', 409),
    ('subscription_exists', 409), ('subscription_not_changeable', 409), ('subscription_not_found', 404), ('too_many_calls', 429), ('too_many_failed_payments', 429),
    ('user_not_found', 404), ('wallet_closed', 403), ('wallet_suspended', 403) $$,
  'the catalogue is exactly the published one');

select is(pg_temp.error_of($$ select private.raise_error('insufficient_credit', '{"available_micros": 5}') $$),
  '{"code": "insufficient_credit", "sqlstate": "PT402", "details": {"available_micros": 5},
    "hint": "Buy credit, then start the call again."}'::jsonb,
  'an error carries its code, its status, its facts as JSON and its hint');
select is(pg_temp.error_of($$ select private.raise_error('not_authenticated') $$) -> 'details', '{}'::jsonb,
  'details are an empty object when there are no facts');
select is(pg_temp.error_of($$ select private.raise_error('no_such_code') $$) ->> 'sqlstate', 'P0002',
  'a code that is not in the catalogue is a defect, not an answer');

create temporary view raised as
  select distinct m[1] as code
  from pg_proc p, regexp_matches(p.prosrc, '(?:raise_error|refuse)\(''([a-z_]+)''(?! \|\|)', 'g') m
  where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
  -- require_active builds its code from the wallet's status.
  union values ('wallet_suspended'), ('wallet_closed');
select is_empty($$ select code from raised where code <> 'wallet_' except select code from private.error_codes $$,
  'every code that a function raises is in the catalogue');
select is_empty($$ select code from private.error_codes except select code from raised $$,
  'every code in the catalogue is raised by some function');
select is_empty($$ select code from private.error_codes where hint !~ '^[A-Z].*\.$' or hint ~ '!' $$,
  'every hint is a calm sentence');

select * from finish();
rollback;
