-- Foundation: what every later chapter stands on.
--
-- Three schemas. `public` is the face: tables their owner may read and functions that are the API.
-- `private` holds what no API role can reach. `reporting` holds views for admins and BI tools.
-- Nothing is reachable by default: privileges are granted beside each object, one by one.
--
-- Every function reads time from `private.clock()` and raises errors through `private.raise_error()`,
-- so time can be moved in tests and every error has one stable code, one HTTP status and one hint.

create schema private;
comment on schema private is 'Internals. No API role has usage here; functions in public reach it as their owner.';

create schema reporting;
comment on schema reporting is 'Read-only views for admins, finance and BI tools. Not exposed by the Data API.';

revoke all on schema private from public;
revoke all on schema reporting from public;

-- Postgres grants EXECUTE on new functions to PUBLIC, and older Supabase projects grant tables to the API roles.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------------
-- Time
-- ---------------------------------------------------------------------------------------------------------------------

create table private.test_clock (
  singleton boolean primary key default true constraint test_clock_has_one_row check (singleton),
  real_at timestamptz not null,
  clock_at timestamptz not null,
  speed numeric not null constraint test_clock_speed_not_negative check (speed >= 0)
);
alter table private.test_clock enable row level security;
comment on table private.test_clock is 'Empty in production. In tests and demos: at real_at the clock showed clock_at and has run at speed since.';
comment on column private.test_clock.singleton is 'Always true: the table has at most one row.';
comment on column private.test_clock.real_at is 'Real instant at which the clock was set.';
comment on column private.test_clock.clock_at is 'What the clock showed at that instant.';
comment on column private.test_clock.speed is 'Clock seconds per real second; 0 stops the clock.';

-- Stable rather than volatile, so that a comparison with an indexed column can use the index.
create function private.clock() returns timestamptz
language plpgsql stable set search_path = ''
as $$
begin
  return coalesce(
    (select t.clock_at + (clock_timestamp() - t.real_at) * t.speed::double precision from private.test_clock t),
    clock_timestamp()
  );
end
$$;
comment on function private.clock() is 'The only source of time for every rule. Real time unless a test has set another.';

create function private.set_clock(at timestamptz, speed numeric default 1) returns timestamptz
language sql volatile set search_path = ''
as $$
  insert into private.test_clock (singleton, real_at, clock_at, speed)
  values (true, clock_timestamp(), set_clock.at, set_clock.speed)
  on conflict (singleton) do update
    set real_at = excluded.real_at, clock_at = excluded.clock_at, speed = excluded.speed
  returning clock_at
$$;
comment on function private.set_clock(timestamptz, numeric) is
  'For tests and demos: sets the clock and its speed (0 stops it). Only the owner of the schema can call it.';

create function private.reset_clock() returns void
language sql volatile set search_path = ''
as $$ delete from private.test_clock $$;
comment on function private.reset_clock() is 'For tests and demos: back to real time.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Errors
-- ---------------------------------------------------------------------------------------------------------------------

create table private.error_codes (
  code text primary key,
  status smallint not null constraint error_codes_status_is_http check (status between 400 and 599),
  hint text not null
);
alter table private.error_codes enable row level security;
comment on table private.error_codes is 'Every error the database raises: its stable code, HTTP status and what the reader should do.';
comment on column private.error_codes.code is 'Stable code, the message of the raised error.';
comment on column private.error_codes.status is 'HTTP status; PostgREST reads it from the SQLSTATE PTnnn.';
comment on column private.error_codes.hint is 'What to do about it, in a sentence.';

insert into private.error_codes (code, status, hint) values
  ('invalid_request', 400, 'Correct the named parameter and send the request again.'),
  ('invalid_destination', 400, 'Give the number in E.164 form, for example +14155552671.'),
  ('invalid_call_id', 400, 'Use 1 to 128 letters, digits or . _ : @ - as the call id.'),
  ('duration_invalid', 400, 'Report a duration between zero and the time since the call was answered.'),
  ('redirect_not_allowed', 400, 'Add the URL''s origin to the setting allowed_redirect_origins.'),
  ('not_authenticated', 401, 'Sign in and send the access token.'),
  ('insufficient_credit', 402, 'Buy credit, then start the call again.'),
  ('forbidden', 403, 'Act for yourself, or use the secret key on a trusted server.'),
  ('daily_limit_reached', 403, 'Wait until the next day (UTC) or have the limit raised.'),
  ('wallet_suspended', 403, 'Ask support to reactivate the wallet.'),
  ('wallet_closed', 403, 'The login was deleted; sign up again to open a new wallet.'),
  ('user_not_found', 404, 'Check the user id; a wallet opens with the sign-up.'),
  ('call_not_found', 404, 'Check the call id; a call exists once start_call has accepted it.'),
  ('package_not_found', 404, 'Choose one of the active packages.'),
  ('rate_plan_not_found', 404, 'Create the rate plan first.'),
  ('purchase_not_found', 404, 'Check the purchase or session id and who is signed in.'),
  ('payment_method_not_found', 404, 'Choose one of the saved payment methods, or save another.'),
  ('promo_code_not_valid', 404, 'Check the code; it may have ended, be used up or be for other purchases.'),
  ('grant_not_found', 404, 'Check the grant id of this user.'),
  ('plan_not_found', 404, 'Choose one of the active plans.'),
  ('subscription_not_found', 404, 'Check the subscription id and who is signed in.'),
  ('campaign_not_found', 404, 'Create the campaign first.'),
  ('append_only', 409, 'Journal rows never change; post a correcting transaction.'),
  ('call_ended', 409, 'The call is over; start a new one under a new id.'),
  ('rate_published', 409, 'A published rate never changes; add a version that is effective from a later instant.'),
  ('call_not_answered', 409, 'Report the answer first.'),
  ('idempotency_conflict', 409, 'The same key or id was used with other contents; use a new one.'),
  ('refund_not_possible', 409, 'Refund an ended call, once, by at most what it cost.'),
  ('purchase_not_refundable', 409, 'Refund a purchase that Stripe has been paid for.'),
  ('refund_exceeds_payment', 409, 'Refund at most what is left of the payment.'),
  ('review_not_possible', 409, 'Decide about a purchase in review, once; what cannot be compared can only be dismissed and refunded.'),
  ('auto_reload_not_possible', 409, 'Save a card and give consent first.'),
  ('subscription_exists', 409, 'Change or cancel the subscription there is.'),
  ('subscription_not_changeable', 409, 'Subscribe again: this subscription is over or has not begun.'),
  ('grant_not_changeable', 409, 'Change a grant that still has credit.'),
  ('session_mismatch', 409, 'This Checkout Session does not belong to this purchase.'),
  ('destination_not_rated', 422, 'No rate covers this number on this rate plan.'),
  ('too_many_calls', 429, 'End one of the live calls first.'),
  ('too_many_failed_payments', 429, 'Wait, or ask support: too many payments have failed lately.'),
  ('rate_limited', 429, 'Wait a moment and try again.');

create function private.raise_error(p_code text, p_details jsonb default '{}') returns void
language plpgsql stable set search_path = ''
as $$
declare
  v_error private.error_codes;
begin
  select * into strict v_error from private.error_codes e where e.code = p_code;
  raise exception using
    errcode = 'PT' || v_error.status,
    message = v_error.code,
    detail = p_details::text,
    hint = v_error.hint;
end
$$;
comment on function private.raise_error(text, jsonb) is
  'Raises SQLSTATE PTnnn with the stable code as message, facts as JSON in detail and the catalogued hint.';

create function private.refuse(p_code text, p_details jsonb default '{}') returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_error private.error_codes;
begin
  select * into strict v_error from private.error_codes e where e.code = p_code;
  -- https://docs.postgrest.org/en/stable/references/transactions.html#response-status-code
  perform set_config('response.status', v_error.status::text, true);
  return jsonb_build_object('code', 'PT' || v_error.status, 'message', v_error.code, 'details', p_details::text, 'hint', v_error.hint);
end
$$;
comment on function private.refuse(text, jsonb) is
  'The same error as raise_error, as an answer: what was written stays, so that a refused attempt is counted.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Settings
-- ---------------------------------------------------------------------------------------------------------------------

create table private.settings (
  name text primary key,
  value jsonb not null,
  description text not null
);
alter table private.settings enable row level security;
comment on table private.settings is 'What a deployer may configure. Change a value with UPDATE; the next request reads it.';
comment on column private.settings.name is 'Name, with its unit last.';
comment on column private.settings.value is 'JSON value.';
comment on column private.settings.description is 'What it means.';

insert into private.settings (name, value, description) values
  ('hold_quantum_seconds', '300', 'How much talk time a hold reserves ahead of the clock.'),
  ('heartbeat_interval_seconds', '30', 'How often a live call reports itself, at the latest.'),
  ('heartbeat_timeout_seconds', '90', 'A live call silent for this long is ended at its last proven second.'),
  ('ring_timeout_seconds', '120', 'A call not answered for this long is ended without a charge.'),
  ('end_grace_seconds', '5', 'How long after the deadline the sweeper waits for the call''s own end report.'),
  ('max_call_seconds', '14400', 'No call is authorized for longer than this.'),
  ('allowed_redirect_origins', '[]', 'Origins that Checkout may return to, for example "https://example.com"; "http://localhost:*" allows any port.'),
  ('stripe_livemode', 'false', 'Whether payments must be live ones. A session of the other mode is held for review.'),
  ('top_up_url', 'null', 'Page where a person adds credit; a call on its last credit offers it.'),
  ('checkout_limit_per_hour', '20', 'Checkouts a person may begin an hour.'),
  ('verify_limit_per_minute', '120', 'Verifications of unfinished purchases a person may ask for a minute.'),
  ('seller', '{"name": "Talktime", "address": [], "email": null, "tax_id": null}', 'Seller details printed on receipts.');

create function private.setting(p_name text) returns jsonb
language plpgsql stable strict set search_path = ''
as $$
begin
  return (
    select s.value from private.settings s where s.name = p_name);
end
$$;
comment on function private.setting(text) is 'One setting as JSON.';

create function private.setting_integer(p_name text) returns integer
language plpgsql stable strict set search_path = ''
as $$
begin
  return (
    select (s.value #>> '{}')::integer from private.settings s where s.name = p_name);
end
$$;
comment on function private.setting_integer(text) is 'One setting as an integer, in the unit its name ends with.';

create function private.setting_seconds(p_name text) returns interval
language plpgsql stable strict set search_path = ''
as $$
begin
  return (
    select make_interval(secs => (s.value #>> '{}')::double precision) from private.settings s where s.name = p_name);
end
$$;
comment on function private.setting_seconds(text) is 'One setting in seconds, as an interval.';

create function private.all_settings() returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return (
    select jsonb_object_agg(s.name, s.value) from private.settings s);
end
$$;
comment on function private.all_settings() is 'Every setting by its name, for a request that needs several: read once.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Who calls
-- ---------------------------------------------------------------------------------------------------------------------

-- The Data API always sets the claims; a database session without them is a DBA's, a job's or a test's own connection.
create function private.caller_is_trusted() returns boolean
language plpgsql stable set search_path = ''
as $$
declare
  v_claims text := nullif(current_setting('request.jwt.claims', true), '');
begin
  if v_claims is null then
    return session_user in ('postgres', 'supabase_admin');
  end if;
  return coalesce(v_claims::jsonb ->> 'role' = 'service_role', false);
end
$$;
comment on function private.caller_is_trusted() is 'True for the secret key and for a direct database session of the owner.';

create function private.acting_user(p_user_id uuid) returns uuid
language plpgsql stable set search_path = ''
as $$
declare
  v_caller_id uuid;
begin
  if private.caller_is_trusted() then
    if p_user_id is null then
      perform private.raise_error('invalid_request', '{"parameter": "user_id", "problem": "required with the secret key"}');
    end if;
    return p_user_id;
  end if;
  v_caller_id := auth.uid();
  if v_caller_id is null then
    perform private.raise_error('not_authenticated');
  end if;
  if p_user_id is not null and p_user_id <> v_caller_id then
    perform private.raise_error('forbidden', jsonb_build_object('user_id', p_user_id));
  end if;
  return v_caller_id;
end
$$;
comment on function private.acting_user(uuid) is
  'Whose wallet a request is about: the signed-in user''s own, or the one a trusted server names. Raises not_authenticated, forbidden.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Rate limits
-- ---------------------------------------------------------------------------------------------------------------------

create table private.rate_limits (
  user_id uuid not null,
  action text not null,
  window_started_at timestamptz not null,
  hits integer not null,
  primary key (user_id, action)
);
alter table private.rate_limits enable row level security;
comment on table private.rate_limits is 'Fixed windows that bound what one person may ask for.';
comment on column private.rate_limits.user_id is 'Who asked.';
comment on column private.rate_limits.action is 'What for.';
comment on column private.rate_limits.window_started_at is 'Start of the current window.';
comment on column private.rate_limits.hits is 'Requests in the current window.';

create function private.count_hit(p_user_id uuid, p_action text, p_window interval) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_hits integer;
begin
  insert into private.rate_limits as r (user_id, action, window_started_at, hits)
  values (p_user_id, p_action, v_now, 1)
  on conflict (user_id, action) do update set
    hits = case when r.window_started_at + p_window <= v_now then 1 else r.hits + 1 end,
    window_started_at = case when r.window_started_at + p_window <= v_now then v_now else r.window_started_at end
  returning hits into v_hits;
  return v_hits;
end
$$;
comment on function private.count_hit(uuid, text, interval) is 'Counts a request in its window and returns how many there have been.';

create function private.take_rate_limit(p_user_id uuid, p_action text, p_limit integer, p_window interval) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if private.count_hit(p_user_id, p_action, p_window) > p_limit then
    perform private.raise_error('rate_limited', jsonb_build_object('action', p_action, 'limit', p_limit));
  end if;
end
$$;
comment on function private.take_rate_limit(uuid, text, integer, interval) is 'Counts a request and raises rate_limited past the limit.';
