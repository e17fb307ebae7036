-- Reload attempts: from a low balance to a charged card, never twice and never without leave.
--
--   claim_due_reloads      finds wallets below their threshold, those in a call at once and the others within a minute, and makes a purchase of origin
--                          auto_reload, under the wallet's lock, after every check
--   begin_reload_charge    asks once more, under the lock, whether it is still wanted, right before Stripe is asked; from then on the outcome is unknown
--   apply_payment_intent   brings in what Stripe says, from whichever of the four ways
--   fail_reload            ends an attempt of which Stripe has no payment
--
-- An attempt whose outcome is unknown stays in flight and comes up again after its lease. Within `auto_reload_asking_seconds`, well inside the day for which
-- Stripe keeps idempotency keys, it is asked for again under the same key; later, or once auto-reload is switched off, Stripe is only looked at. So an unknown
-- outcome never becomes a second charge, and never a failure: an attempt fails when Stripe says so, or when it has no payment of it.
--
-- The one attempt in flight is guarded here and not on purchases: a failed purchase may turn out late to be under way at Stripe after all, and has to be able
-- to say so.

insert into private.settings (name, value, description) values
  ('auto_reload_scan_seconds', '60', 'How often every wallet is looked at; one with a live call is looked at each time.'),
  ('auto_reload_lease_seconds', '120', 'How long a worker has for a charge before another looks after it.'),
  ('auto_reload_asking_seconds', '3600', 'How long Stripe is asked again for a charge whose outcome is unknown; later it is only looked for. Less than a day.');

create table private.reload_attempts (
  user_id uuid not null,
  purchase_id uuid not null,
  livemode boolean not null,
  customer_id text not null,
  payment_method_id text not null,
  next_look_at timestamptz not null,
  look_count integer not null default 0,
  first_asked_at timestamptz,
  asked_count integer not null default 0,
  advice_code text,
  ended_at timestamptz,
  primary key (user_id, purchase_id),
  foreign key (user_id, purchase_id) references public.purchases (user_id, id)
);
alter table private.reload_attempts enable row level security;
comment on table private.reload_attempts is 'What an auto-reload purchase charges, and how far that has come. The same card and customer whenever it is asked for.';
comment on column private.reload_attempts.user_id is 'Whose wallet.';
comment on column private.reload_attempts.purchase_id is 'The purchase, whose id is Stripe''s idempotency key.';
comment on column private.reload_attempts.livemode is 'Whether real money is charged.';
comment on column private.reload_attempts.customer_id is 'The Stripe customer.';
comment on column private.reload_attempts.payment_method_id is 'The card.';
comment on column private.reload_attempts.next_look_at is 'When a worker looks after it next, while it is in flight.';
comment on column private.reload_attempts.look_count is 'How often one has.';
comment on column private.reload_attempts.first_asked_at is 'When Stripe was first asked to charge; null while it has not been.';
comment on column private.reload_attempts.asked_count is 'How often Stripe was asked, always under the same key.';
comment on column private.reload_attempts.advice_code is 'What Stripe advises after a refusal.';
comment on column private.reload_attempts.ended_at is 'When its outcome was known; null while it is in flight.';

create unique index reload_attempts_in_flight on private.reload_attempts (user_id) where ended_at is null;
create index reload_attempts_due on private.reload_attempts (next_look_at) where ended_at is null;
create index purchases_auto_reload on public.purchases (user_id, created_at desc) where origin = 'auto_reload';

create table private.reload_scan (
  singleton boolean primary key default true constraint reload_scan_has_one_row check (singleton),
  scanned_at timestamptz not null
);
alter table private.reload_scan enable row level security;
comment on table private.reload_scan is 'When every wallet was last looked at.';
comment on column private.reload_scan.singleton is 'Always true: the table has one row.';
comment on column private.reload_scan.scanned_at is 'When.';
insert into private.reload_scan (scanned_at) values ('-infinity');

-- ---------------------------------------------------------------------------------------------------------------------
-- Beginning
-- ---------------------------------------------------------------------------------------------------------------------

create function private.reload_is_needed(p_user public.users, p_settings public.auto_reload_settings, p_now timestamptz) returns boolean
language plpgsql stable set search_path = ''
as $$
begin
  -- A credit limit is the seller's trust, not the person's credit: it does not put a reload off.
  return private.available_micros(p_user, p_now) - p_user.credit_limit_micros < p_settings.threshold_micros;
end
$$;
comment on function private.reload_is_needed(public.users, public.auto_reload_settings, timestamptz) is
  'Whether the person''s own available credit is below the threshold; both are micro-units.';

create function private.begin_reload(p_user public.users, p_now timestamptz) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  v_settings public.auto_reload_settings;
  v_package public.credit_packages;
  v_card public.payment_methods;
  v_purchase_id uuid;
  v_next timestamptz;
begin
  select * into v_settings from public.auto_reload_settings s
    where s.user_id = p_user.id and s.enabled and s.suspended_at is null and s.next_attempt_at <= p_now;
  if not found or p_user.status <> 'active' or not private.reload_is_needed(p_user, v_settings, p_now) or exists (
    select from public.purchases p where p.user_id = p_user.id and p.origin = 'auto_reload' and p.status in ('created', 'open', 'processing')) then
    return false;
  end if;
  select * into v_package from public.credit_packages c where c.code = v_settings.package_code and c.active and c.currency = p_user.currency
    and c.price_cents = v_settings.price_cents and not (private.setting('stripe_tax'))::boolean;
  if not found then
    perform private.stop_reload(v_settings, 'terms_changed');
    return false;
  end if;
  select * into v_card from public.payment_methods m where m.user_id = p_user.id and m.id = private.reload_card(p_user.id);
  if not found then
    perform private.stop_reload(v_settings, 'card_removed');
    return false;
  end if;
  v_next := private.next_reload_at(v_settings, p_now);
  if v_next > p_now then
    update public.auto_reload_settings s set next_attempt_at = v_next where s.user_id = p_user.id;
    return false;
  end if;
  insert into public.purchases (user_id, idempotency_key, package_code, origin, currency, price_cents, credit_micros, bonus_micros,
    livemode, success_url, cancel_url, stripe_customer_id, created_at, next_check_at)
  values (p_user.id, 'auto_reload:' || gen_random_uuid(), v_package.code, 'auto_reload', v_package.currency, v_package.price_cents,
    v_package.credit_micros, v_package.bonus_micros, v_card.livemode, '', '', v_card.customer_id, p_now, 'infinity')
  returning id into v_purchase_id;
  insert into private.reload_attempts (user_id, purchase_id, livemode, customer_id, payment_method_id, next_look_at)
  values (p_user.id, v_purchase_id, v_card.livemode, v_card.customer_id, v_card.id, p_now);
  update public.auto_reload_settings s set next_attempt_at = p_now + private.setting_seconds('auto_reload_interval_seconds') where s.user_id = p_user.id;
  return true;
end
$$;
comment on function private.begin_reload(public.users, timestamptz) is
  'Makes the purchase of an auto-reload, if everything speaks for it; no other is in flight, and none follows before the interval is over. Needs the wallet''s lock.';

create function private.take_reload_scan(p_now timestamptz) returns boolean
language plpgsql volatile set search_path = ''
as $$
begin
  perform from private.reload_scan r where r.scanned_at <= p_now - private.setting_seconds('auto_reload_scan_seconds')
    or r.scanned_at > p_now for update skip locked;
  if not found then
    return false;
  end if;
  update private.reload_scan set scanned_at = p_now;
  return true;
end
$$;
comment on function private.take_reload_scan(timestamptz) is 'Whether it is time to look at every wallet, for one worker.';

create function private.reload_candidates(p_user_ids uuid[], p_now timestamptz, p_limit integer) returns setof uuid
language plpgsql stable set search_path = ''
as $$
begin
  return query
    select s.user_id from public.auto_reload_settings s join public.users u on u.id = s.user_id
    where s.enabled and s.suspended_at is null and s.next_attempt_at <= p_now and u.status = 'active'
      and (p_user_ids is null or s.user_id = any (p_user_ids))
      and u.balance_micros - u.held_micros - (
        select coalesce(sum(g.remaining_micros), 0) from public.credit_grants g
        where g.user_id = s.user_id and g.remaining_micros > 0 and g.expires_at <= p_now) < s.threshold_micros
      and not exists (select from private.reload_attempts a where a.user_id = s.user_id and a.ended_at is null)
    order by s.next_attempt_at limit p_limit;
end
$$;
comment on function private.reload_candidates(uuid[], timestamptz, integer) is
  'Wallets that look to be below their threshold, of these or of all, those waiting longest first.';

create function private.begin_reloads(p_count integer, p_now timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_user_ids uuid[];
  v_user_id uuid;
  v_user public.users;
  v_left integer := p_count;
begin
  -- Nothing is written when a balance falls, so that a call pays nothing for it. Who is in a call is looked at every time, the others now and then.
  if not private.take_reload_scan(p_now) then
    v_user_ids := array(select distinct c.user_id from public.call_logs c where c.status <> 'ended');
  end if;
  for v_user_id in select * from private.reload_candidates(v_user_ids, p_now, p_count * 4) loop
    if v_left = 0 then
      -- There are more: they need not wait for the next scan.
      update private.reload_scan set scanned_at = '-infinity';
      exit;
    end if;
    -- Who is busy just now is found again in a few seconds.
    select * into v_user from public.users u where u.id = v_user_id for no key update skip locked;
    if found and private.begin_reload(v_user, p_now) then
      v_left := v_left - 1;
    end if;
  end loop;
end
$$;
comment on function private.begin_reloads(integer, timestamptz) is 'Begins auto-reloads for wallets below their threshold, those waiting longest first.';

create function public.claim_due_reloads(batch_size integer default 10) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_size integer := least(greatest(claim_due_reloads.batch_size, 1), 100);
  v_lease interval := private.setting_seconds('auto_reload_lease_seconds');
  v_claimed jsonb;
begin
  if (private.setting('auto_reload'))::boolean then
    perform private.begin_reloads(v_size, v_now);
  end if;
  with due as (
    select a.user_id, a.purchase_id from private.reload_attempts a
    where a.ended_at is null and a.next_look_at <= v_now and a.livemode = (private.setting('stripe_livemode'))::boolean
    order by a.next_look_at limit v_size
    for no key update skip locked
  ), claimed as (
    update private.reload_attempts a set look_count = a.look_count + 1,
      -- The lease first, then ever longer pauses: a charge may be under way for days.
      next_look_at = v_now + least(v_lease * power(2, least(a.look_count, 10)), greatest(v_lease, interval '1 hour'))
    from due where a.user_id = due.user_id and a.purchase_id = due.purchase_id
    returning a.user_id, a.purchase_id
  )
  select coalesce(jsonb_agg(jsonb_build_object('user_id', c.user_id, 'purchase_id', c.purchase_id)), '[]') into v_claimed from claimed c;
  perform private.open_alert('purchase_unconfirmed', p.id::text, p.user_id, jsonb_build_object('status', p.status, 'created_at', p.created_at))
    from jsonb_to_recordset(v_claimed) c (user_id uuid, purchase_id uuid)
    join public.purchases p on p.user_id = c.user_id and p.id = c.purchase_id
    where p.created_at < v_now - private.setting_seconds('purchase_deadline_seconds');
  return v_claimed;
end
$$;
comment on function public.claim_due_reloads(integer) is
  'Begins auto-reloads that are due and takes a batch of those in flight, each for one worker until its lease is over. Secret key only.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Charging
-- ---------------------------------------------------------------------------------------------------------------------

create function private.reload_objection(p_user public.users, p_attempt private.reload_attempts, p_now timestamptz) returns text
language plpgsql stable set search_path = ''
as $$
declare
  v_settings public.auto_reload_settings;
begin
  select * into v_settings from public.auto_reload_settings s where s.user_id = p_user.id;
  return case
    when not coalesce(v_settings.enabled, false) or not (private.setting('auto_reload'))::boolean then 'switched_off'
    when v_settings.suspended_at is not null then 'suspended'
    when p_user.status <> 'active' then 'wallet_' || p_user.status
    when not exists (select from public.payment_methods m where m.user_id = p_user.id and m.id = p_attempt.payment_method_id and m.removed_at is null)
      then 'card_removed'
    when p_attempt.first_asked_at <= p_now - private.setting_seconds('auto_reload_asking_seconds') then 'not_carried_out'
    when p_attempt.first_asked_at is null and not private.reload_is_needed(p_user, v_settings, p_now) then 'not_needed'
  end;
end
$$;
comment on function private.reload_objection(public.users, private.reload_attempts, timestamptz) is 'Why Stripe must not be asked to charge (any more), or null.';

create function public.begin_reload_charge(user_id uuid, purchase_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_user public.users := private.lock_user(begin_reload_charge.user_id);
  v_purchase public.purchases := private.find_purchase_row(v_user.id, begin_reload_charge.purchase_id, null);
  v_attempt private.reload_attempts;
  v_objection text;
begin
  select * into v_attempt from private.reload_attempts a where a.user_id = v_user.id and a.purchase_id = v_purchase.id and a.ended_at is null;
  if not found or v_attempt.livemode <> (private.setting('stripe_livemode'))::boolean then
    return '{"action": "none"}';
  end if;
  v_objection := private.reload_objection(v_user, v_attempt, v_now);
  if v_objection is not null and v_attempt.first_asked_at is null then
    perform private.end_reload(v_purchase, v_objection);
    return '{"action": "none"}';
  end if;
  if v_objection is null and v_purchase.payment_intent_id is null then
    update private.reload_attempts a set first_asked_at = coalesce(a.first_asked_at, v_now), asked_count = a.asked_count + 1,
      next_look_at = greatest(a.next_look_at, v_now + private.setting_seconds('auto_reload_lease_seconds'))
      where a.user_id = v_user.id and a.purchase_id = v_purchase.id;
  end if;
  return jsonb_build_object(
    'action', case when v_objection is null and v_purchase.payment_intent_id is null then 'charge' else 'read' end,
    'user_id', v_user.id, 'purchase_id', v_purchase.id, 'package_code', v_purchase.package_code, 'payment_intent_id', v_purchase.payment_intent_id,
    'customer', v_attempt.customer_id, 'payment_method', v_attempt.payment_method_id,
    'amount_cents', v_purchase.price_cents, 'currency', v_purchase.currency, 'give_up_code', coalesce(v_objection, 'not_carried_out'));
end
$$;
comment on function public.begin_reload_charge(uuid, uuid) is
  'The last word before Stripe is asked, under the wallet''s lock: charge, with what Stripe needs; read, to look only at what Stripe has; or none. Secret key only. Raises user_not_found, purchase_not_found.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Ending
-- ---------------------------------------------------------------------------------------------------------------------

create function private.end_reload(p_purchase public.purchases, p_code text) returns public.purchases
language plpgsql volatile set search_path = ''
as $$
declare
  v_purchase public.purchases;
begin
  update public.purchases p set status = 'failed', failure_code = p_code where p.user_id = p_purchase.user_id and p.id = p_purchase.id
    returning * into v_purchase;
  perform private.after_purchase_change(p_purchase, v_purchase);
  perform private.after_reload_attempt(v_purchase, '{}');
  return v_purchase;
end
$$;
comment on function private.end_reload(public.purchases, text) is 'Fails an attempt of which Stripe has no payment. Needs the wallet''s lock.';

create function public.fail_reload(user_id uuid, purchase_id uuid, error text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users := private.lock_user(fail_reload.user_id);
  v_purchase public.purchases := private.find_purchase_row(v_user.id, fail_reload.purchase_id, null);
begin
  -- What Stripe has a payment of ends as that payment does.
  if v_purchase.origin = 'auto_reload' and v_purchase.status = 'created' and v_purchase.payment_intent_id is null then
    v_purchase := private.end_reload(v_purchase, left(fail_reload.error, 100));
  end if;
  return private.purchase_json(v_purchase);
end
$$;
comment on function public.fail_reload(uuid, uuid, text) is
  'Ends an attempt that Stripe has refused without a payment, or of which it has none; one that has a payment stays as it is. Secret key only. Raises user_not_found, purchase_not_found.';

create function private.manage_page(p_purchase_id uuid default null) returns text
language plpgsql stable set search_path = ''
as $$
declare
  v_page text := coalesce(private.setting('manage_url') #>> '{}', private.setting('app_url') #>> '{}', private.setting('top_up_url') #>> '{}');
begin
  if p_purchase_id is null then
    return v_page;
  end if;
  -- Before a fragment, and after other parameters if there are any.
  return regexp_replace(v_page, '^([^#]*)(#.*)?$', '\1' || case when v_page ~ '^[^#]*\?' then '&' else '?' end || 'confirm_purchase=' || p_purchase_id || '\2');
end
$$;
comment on function private.manage_page(uuid) is 'Where a person manages auto-reload, or confirms a purchase that names itself in the address.';

create function private.refusal_is_final(p_code text, p_advice_code text) returns boolean
language sql immutable set search_path = ''
as $$
  -- https://docs.stripe.com/declines/codes: what no later attempt with the same card can change.
  select coalesce(p_advice_code, '') in ('do_not_try_again', 'confirm_card_data') or p_code in (
    'lost_card', 'stolen_card', 'pickup_card', 'restricted_card', 'expired_card', 'do_not_honor', 'fraudulent', 'security_violation', 'invalid_account',
    'new_account_information_available', 'revocation_of_all_authorizations', 'revocation_of_authorization', 'stop_payment_order', 'card_not_supported',
    'currency_not_supported', 'transaction_not_allowed', 'not_permitted', 'service_not_allowed', 'merchant_blacklist', 'incorrect_number', 'invalid_number',
    'invalid_expiry_month', 'invalid_expiry_year', 'incorrect_cvc', 'invalid_cvc', 'testmode_decline')
$$;
comment on function private.refusal_is_final(text, text) is 'Whether a refused card has to be changed before it is charged again.';

create function private.stop_reload(p_settings public.auto_reload_settings, p_reason text, p_purchase public.purchases default null, p_card text default null) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if not private.suspend_reload(p_settings.user_id, p_reason, p_card) then
    return;
  end if;
  if p_reason = 'authentication_required' then
    perform private.notify_user(p_settings.user_id, 'payment_action_required', 'payment_action_required:' || p_purchase.id, jsonb_build_object(
      'purchase_id', p_purchase.id, 'price_cents', p_purchase.price_cents, 'currency', p_purchase.currency, 'url', private.manage_page(p_purchase.id)));
  else
    perform private.notify_user(p_settings.user_id, 'auto_reload_failed',
      'auto_reload_failed:' || coalesce(p_purchase.id::text, p_reason || ':' || extract(epoch from private.clock())), jsonb_build_object(
      'purchase_id', p_purchase.id, 'price_cents', p_settings.price_cents, 'failure_code', coalesce(p_purchase.failure_code, p_reason), 'suspended', true,
      'currency', (select u.currency from public.users u where u.id = p_settings.user_id), 'manage_url', private.manage_page()));
  end if;
end
$$;
comment on function private.stop_reload(public.auto_reload_settings, text, public.purchases, text) is 'Suspends auto-reload and tells the person why and where to go.';

create function private.count_reload_failure(p_settings public.auto_reload_settings, p_purchase public.purchases, p_card text) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_failures integer := p_settings.failure_count + 1;
begin
  update public.auto_reload_settings s set failure_count = v_failures, updated_at = private.clock(),
    next_attempt_at = greatest(s.next_attempt_at, private.clock() + private.setting_seconds('auto_reload_retry_seconds') * power(2, p_settings.failure_count))
    where s.user_id = p_settings.user_id;
  if v_failures >= private.setting_integer('auto_reload_failure_limit') then
    perform private.stop_reload(p_settings, 'too_many_failures', p_purchase, p_card);
  else
    perform private.notify_user(p_purchase.user_id, 'auto_reload_failed', 'auto_reload_failed:' || p_purchase.id, jsonb_build_object(
      'purchase_id', p_purchase.id, 'price_cents', p_purchase.price_cents, 'currency', p_purchase.currency, 'failure_code', p_purchase.failure_code,
      'suspended', false, 'manage_url', private.manage_page()));
  end if;
end
$$;
comment on function private.count_reload_failure(public.auto_reload_settings, public.purchases, text) is
  'After a refusal that may be another one tomorrow: waits ever longer, and gives up after so many in a row.';

create function private.after_reload_attempt(p_purchase public.purchases, p_intent jsonb) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_attempt private.reload_attempts;
  v_settings public.auto_reload_settings;
  v_code text := p_purchase.failure_code;
begin
  update private.reload_attempts a set ended_at = private.clock(), advice_code = p_intent ->> 'advice_code'
    where a.user_id = p_purchase.user_id and a.purchase_id = p_purchase.id and a.ended_at is null returning * into v_attempt;
  if p_purchase.status = 'paid' then
    -- Also one that was taken for failed: the person has confirmed it since.
    update public.auto_reload_settings s set failure_count = 0 where s.user_id = p_purchase.user_id and s.failure_count > 0;
    perform private.resume_reload(p_purchase.user_id, '{too_many_failures,authentication_required}');
    return;
  end if;
  select * into v_settings from public.auto_reload_settings s where s.user_id = p_purchase.user_id and s.enabled;
  -- Counted and told once, and only while the person wants it.
  if not found or v_attempt.user_id is null then
    return;
  end if;
  if v_code in ('switched_off', 'suspended', 'not_needed', 'wallet_suspended', 'wallet_closed') then
    return;
  elsif v_code = 'not_carried_out' then
    update public.auto_reload_settings s set next_attempt_at = greatest(s.next_attempt_at, private.clock() + private.setting_seconds('auto_reload_interval_seconds'))
      where s.user_id = p_purchase.user_id;
  elsif v_code in ('authentication_required', 'requires_action') then
    perform private.stop_reload(v_settings, 'authentication_required', p_purchase, v_attempt.payment_method_id);
  elsif v_code = 'card_removed' then
    perform private.stop_reload(v_settings, 'card_removed', p_purchase, v_attempt.payment_method_id);
  elsif private.refusal_is_final(v_code, v_attempt.advice_code) then
    perform private.stop_reload(v_settings, 'card_refused', p_purchase, v_attempt.payment_method_id);
  else
    perform private.count_reload_failure(v_settings, p_purchase, v_attempt.payment_method_id);
  end if;
end
$$;
comment on function private.after_reload_attempt(public.purchases, jsonb) is
  'What follows from an attempt that was paid or failed: go on, wait, or stop and tell the person. Called once for each new status, under the wallet''s lock.';

create function private.follow_purchase() returns trigger
language plpgsql volatile set search_path = ''
as $$
begin
  if new.refunded_cents > old.refunded_cents or new.disputed_cents > old.disputed_cents then
    perform private.stop_reload(s, 'money_returned') from public.auto_reload_settings s where s.user_id = new.user_id;
  end if;
  if new.status = 'paid' and old.status <> 'paid' and new.origin = 'checkout' then
    perform private.resume_reload(new.user_id, '{authentication_required}');
  end if;
  if new.status = 'review' and old.status <> 'review' and new.origin = 'auto_reload' then
    perform private.suspend_reload(new.user_id, 'payment_in_review');
    update private.reload_attempts a set ended_at = private.clock() where a.user_id = new.user_id and a.purchase_id = new.id and a.ended_at is null;
  end if;
  return null;
end
$$;
comment on function private.follow_purchase() is 'Trigger: what other changes of a purchase mean for auto-reload.';
create trigger follow_purchase after update of status, refunded_cents, disputed_cents on public.purchases
  for each row when (old.status <> new.status or old.refunded_cents <> new.refunded_cents or old.disputed_cents <> new.disputed_cents)
  execute function private.follow_purchase();

grant execute on function public.claim_due_reloads(integer) to service_role;
grant execute on function public.begin_reload_charge(uuid, uuid) to service_role;
grant execute on function public.fail_reload(uuid, uuid, text) to service_role;
