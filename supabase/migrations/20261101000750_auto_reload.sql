-- Auto-reload: credit bought by itself when it runs low.
--
-- A person agrees, in words that are kept, that a package is bought with a saved card whenever their own credit falls below a threshold, up to a cap a month.
-- What they agreed to is what is charged: a package whose price has changed since asks for consent anew.
--
-- It stops by itself, suspended, when going on would do harm, and says why:
--
--   card_refused              the bank will not change its mind: until the card changes
--   card_removed              there is no card to charge: until there is one
--   too_many_failures         refused again and again: until the card changes, or the person switches it on again
--   authentication_required   the bank wants to see the person: until they have paid something themselves, or as above
--   terms_changed             the package costs something else or is gone: until the person agrees anew
--   money_returned            a payment went back (refund or dispute): charging again would be the last thing wanted; until the person agrees anew
--   payment_in_review         a charge was not what was asked: until the person agrees anew
--
-- How a charge is made is told in the next chapter.

insert into private.settings (name, value, description) values
  ('auto_reload', 'true', 'Whether saved cards are charged by auto-reload at all; false stops it for everyone at once.'),
  ('auto_reload_interval_seconds', '300', 'The least time between two auto-reload attempts of a person.'),
  ('auto_reload_attempt_limit', '10', 'Auto-reload attempts of a person within the window, whatever becomes of them.'),
  ('auto_reload_attempt_window_seconds', '86400', 'The window in which auto-reload attempts are counted.'),
  ('auto_reload_retry_seconds', '3600', 'The pause after a refused auto-reload; twice as long after the second in a row, and so on.'),
  ('auto_reload_failure_limit', '3', 'Refused auto-reloads in a row after which it is suspended.');

create table public.auto_reload_settings (
  user_id uuid primary key references public.users (id),
  enabled boolean not null,
  threshold_micros bigint not null constraint auto_reload_threshold_in_range check (threshold_micros between 0 and 1000000000000),
  package_code text not null references public.credit_packages (code),
  price_cents bigint not null,
  monthly_cap_cents bigint not null,
  payment_method_id text,
  consent_at timestamptz not null,
  consent_text text not null,
  failure_count integer not null default 0 constraint auto_reload_failure_count_not_negative check (failure_count >= 0),
  next_attempt_at timestamptz not null,
  suspended_reason text constraint auto_reload_suspended_reason_known check (suspended_reason in ('card_refused', 'card_removed', 'too_many_failures',
    'authentication_required', 'terms_changed', 'money_returned', 'payment_in_review')),
  suspended_at timestamptz,
  suspended_card text,
  updated_at timestamptz not null,
  constraint auto_reload_cap_pays_one_package check (monthly_cap_cents >= price_cents),
  constraint auto_reload_suspended_has_instant check ((suspended_reason is null) = (suspended_at is null))
);
alter table public.auto_reload_settings enable row level security;
comment on table public.auto_reload_settings is 'What people have agreed to for auto-reload, and where it stands.';
comment on column public.auto_reload_settings.user_id is 'Whose wallet.';
comment on column public.auto_reload_settings.enabled is 'Whether the person wants it.';
comment on column public.auto_reload_settings.threshold_micros is 'Available credit, without a credit limit, below which the package is bought; in micro-units.';
comment on column public.auto_reload_settings.package_code is 'What is bought.';
comment on column public.auto_reload_settings.price_cents is 'What it cost when the person agreed; another price is never charged.';
comment on column public.auto_reload_settings.monthly_cap_cents is 'What may be charged a calendar month (UTC), in cents.';
comment on column public.auto_reload_settings.payment_method_id is 'The card to charge; null means whichever is the default.';
comment on column public.auto_reload_settings.consent_at is 'When the person agreed.';
comment on column public.auto_reload_settings.consent_text is 'The words they agreed to.';
comment on column public.auto_reload_settings.failure_count is 'Refused attempts in a row.';
comment on column public.auto_reload_settings.next_attempt_at is 'No attempt is made before this.';
comment on column public.auto_reload_settings.suspended_reason is 'Why it has stopped by itself; null while it has not.';
comment on column public.auto_reload_settings.suspended_at is 'Since when.';
comment on column public.auto_reload_settings.suspended_card is 'The card it was about, as it was then.';
comment on column public.auto_reload_settings.updated_at is 'When anything of it last changed.';

create index auto_reload_settings_due on public.auto_reload_settings (next_attempt_at) where enabled and suspended_at is null;
create index auto_reload_settings_package on public.auto_reload_settings (package_code);

create policy "Users read their own auto-reload" on public.auto_reload_settings
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.auto_reload_settings to authenticated, service_role;

create table private.auto_reload_consents (
  user_id uuid not null references public.users (id),
  id bigint generated always as identity,
  at timestamptz not null,
  consent_text text not null,
  terms jsonb not null,
  primary key (user_id, id)
);
alter table private.auto_reload_consents enable row level security;
comment on table private.auto_reload_consents is 'Each consent that was ever given, to show a bank in a dispute. Append-only.';
comment on column private.auto_reload_consents.user_id is 'Who agreed.';
comment on column private.auto_reload_consents.id is 'Counts up.';
comment on column private.auto_reload_consents.at is 'When.';
comment on column private.auto_reload_consents.consent_text is 'To which words.';
comment on column private.auto_reload_consents.terms is 'Threshold, package, price, cap and card.';
create trigger append_only before update or delete or truncate on private.auto_reload_consents
  for each statement execute function private.refuse_change();

-- ---------------------------------------------------------------------------------------------------------------------
-- Internals
-- ---------------------------------------------------------------------------------------------------------------------

create function private.reload_card(p_user_id uuid) returns text
language sql stable set search_path = ''
as $$
  select m.id from public.auto_reload_settings s
  join public.payment_methods m on m.user_id = s.user_id and m.removed_at is null and m.livemode = (private.setting('stripe_livemode'))::boolean
    and case when s.payment_method_id is null then m.is_default else m.id = s.payment_method_id end
  where s.user_id = p_user_id
$$;
comment on function private.reload_card(uuid) is 'The card auto-reload would charge now, or null.';

create function private.card_as_it_is(p_user_id uuid, p_payment_method_id text) returns text
language sql stable set search_path = ''
as $$
  select concat_ws(' ', m.id, m.last4, m.exp_month, m.exp_year) from public.payment_methods m
  where m.user_id = p_user_id and m.id = p_payment_method_id
$$;
comment on function private.card_as_it_is(uuid, text) is 'A card with all that changes when its bank replaces it.';

create function private.reload_month_cents(p_user_id uuid, p_now timestamptz) returns bigint
language sql stable set search_path = ''
as $$
  select coalesce(sum(p.price_cents), 0)::bigint from public.purchases p
  where p.user_id = p_user_id and p.origin = 'auto_reload'
    and (p.status in ('created', 'open', 'processing', 'review')
      or (p.status = 'paid' and p.paid_at >= date_trunc('month', p_now, 'UTC')))
$$;
comment on function private.reload_month_cents(uuid, timestamptz) is 'What auto-reload has charged in a calendar month (UTC), or may yet, in cents.';

create function private.next_reload_at(p_settings public.auto_reload_settings, p_now timestamptz) returns timestamptz
language sql stable set search_path = ''
as $$
  select greatest(p_now,
    (select max(p.created_at) + private.setting_seconds('auto_reload_interval_seconds') from public.purchases p
      where p.user_id = p_settings.user_id and p.origin = 'auto_reload'),
    (select p.created_at + private.setting_seconds('auto_reload_attempt_window_seconds') from public.purchases p
      where p.user_id = p_settings.user_id and p.origin = 'auto_reload'
      order by p.created_at desc offset private.setting_integer('auto_reload_attempt_limit') - 1 limit 1),
    case when private.reload_month_cents(p_settings.user_id, p_now) + p_settings.price_cents > p_settings.monthly_cap_cents
      then date_trunc('month', p_now, 'UTC') + interval '1 month' end)
$$;
comment on function private.next_reload_at(public.auto_reload_settings, timestamptz) is
  'When the next attempt may be made by interval, attempt window and monthly cap; now if nothing stands against it.';

create function private.suspend_reload(p_user_id uuid, p_reason text, p_card text default null) returns boolean
language plpgsql volatile set search_path = ''
as $$
begin
  update public.auto_reload_settings s set suspended_reason = p_reason, suspended_at = private.clock(), updated_at = private.clock(),
    suspended_card = private.card_as_it_is(p_user_id, coalesce(p_card, private.reload_card(p_user_id)))
    where s.user_id = p_user_id and s.enabled and s.suspended_at is null;
  return found;
end
$$;
comment on function private.suspend_reload(uuid, text, text) is 'Stops auto-reload until what stopped it is put right; false if it is off or stopped already.';

create function private.resume_reload(p_user_id uuid, p_reasons text[]) returns void
language sql volatile set search_path = ''
as $$
  update public.auto_reload_settings s set suspended_reason = null, suspended_at = null, suspended_card = null, failure_count = 0,
    next_attempt_at = private.next_reload_at(s, private.clock()), updated_at = private.clock()
  where s.user_id = p_user_id and s.suspended_reason = any (p_reasons)
$$;
comment on function private.resume_reload(uuid, text[]) is 'Lets auto-reload go on if it is suspended for one of these reasons.';

create function private.after_card_change(p_user_id uuid) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_card text := private.card_as_it_is(p_user_id, private.reload_card(p_user_id));
begin
  if v_card is null then
    return;
  end if;
  perform private.resume_reload(p_user_id, '{card_refused,card_removed,too_many_failures,authentication_required}')
    from public.auto_reload_settings s where s.user_id = p_user_id and s.suspended_card is distinct from v_card;
end
$$;
comment on function private.after_card_change(uuid) is 'Lets auto-reload go on where another card, or the same one renewed, is to be charged now.';

create function private.switch_reload_off(p_user_id uuid) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_purchase public.purchases;
begin
  -- Why it was suspended stays: off and on again does not make a refused card a good one.
  update public.auto_reload_settings s set enabled = false, updated_at = private.clock() where s.user_id = p_user_id and s.enabled;
  -- What Stripe has not been asked for is not asked for any more.
  for v_purchase in
    select p.* from private.reload_attempts a join public.purchases p on p.user_id = a.user_id and p.id = a.purchase_id
    where a.user_id = p_user_id and a.ended_at is null and a.first_asked_at is null
  loop
    perform private.end_reload(v_purchase, 'switched_off');
  end loop;
end
$$;
comment on function private.switch_reload_off(uuid) is 'Switches auto-reload off and drops an attempt that has not reached Stripe. Needs the wallet''s lock.';

create function private.auto_reload_json(p_user_id uuid) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return (select jsonb_build_object('user_id', u.id, 'enabled', coalesce(s.enabled, false),
    'threshold_micros', s.threshold_micros, 'package_code', s.package_code, 'price_cents', s.price_cents, 'currency', u.currency,
    'monthly_cap_cents', s.monthly_cap_cents, 'month_cents', private.reload_month_cents(u.id, private.clock()),
    'payment_method_id', s.payment_method_id, 'card', private.reload_card(u.id), 'consent_at', s.consent_at, 'consent_text', s.consent_text,
    'suspended_reason', case when s.enabled then s.suspended_reason end, 'suspended_at', case when s.enabled then s.suspended_at end, 'failure_count', coalesce(s.failure_count, 0),
    'next_attempt_at', case when s.enabled and s.suspended_at is null then s.next_attempt_at end,
    'purchase_in_flight', (select a.purchase_id from private.reload_attempts a where a.user_id = u.id and a.ended_at is null))
  from public.users u left join public.auto_reload_settings s on s.user_id = u.id
  where u.id = p_user_id);
end
$$;
comment on function private.auto_reload_json(uuid) is 'A person''s auto-reload as the API shows it.';

create function private.check_reload_terms(
  p_user public.users, p_threshold_micros bigint, p_package_code text, p_monthly_cap_cents bigint, p_consent boolean, p_consent_text text
) returns public.credit_packages
language plpgsql stable set search_path = ''
as $$
declare
  v_package public.credit_packages;
begin
  if not coalesce(p_consent, false) or coalesce(length(trim(p_consent_text)), 0) not between 10 and 2000 then
    perform private.raise_error('invalid_request', '{"parameter": "consent", "problem": "true, with the text that was shown, 10 to 2000 characters"}');
  end if;
  if coalesce(p_threshold_micros, -1) not between 0 and 1000000000000 then
    perform private.raise_error('invalid_request', '{"parameter": "threshold_micros", "problem": "out of range"}');
  end if;
  select * into v_package from public.credit_packages c where c.code = p_package_code and c.active and c.currency = p_user.currency;
  if not found then
    perform private.raise_error('package_not_found', jsonb_build_object('package_code', p_package_code));
  end if;
  if coalesce(p_monthly_cap_cents, 0) not between v_package.price_cents and 100000000 then
    perform private.raise_error('invalid_request', jsonb_build_object('parameter', 'monthly_cap_cents', 'problem', 'at least the price',
      'price_cents', v_package.price_cents));
  end if;
  -- Only Checkout computes tax; nothing is charged without the tax that is due.
  if (private.setting('stripe_tax'))::boolean then
    perform private.raise_error('auto_reload_not_possible', '{"problem": "tax"}');
  end if;
  return v_package;
end
$$;
comment on function private.check_reload_terms(public.users, bigint, text, bigint, boolean, text) is
  'The package of terms that can be agreed to. Raises invalid_request, package_not_found, auto_reload_not_possible.';

-- ---------------------------------------------------------------------------------------------------------------------
-- The API
-- ---------------------------------------------------------------------------------------------------------------------

create function public.get_auto_reload(user_id uuid default null) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_auto_reload jsonb := private.auto_reload_json(private.acting_user(get_auto_reload.user_id));
begin
  if v_auto_reload is null then
    perform private.raise_error('user_not_found', jsonb_build_object('user_id', get_auto_reload.user_id));
  end if;
  return v_auto_reload;
end
$$;
comment on function public.get_auto_reload(uuid) is
  'What a person has agreed to for auto-reload, what it has charged this month and whether it is suspended. Raises not_authenticated, forbidden, user_not_found.';

create function public.set_auto_reload(
  threshold_micros bigint, package_code text, monthly_cap_cents bigint, consent boolean, consent_text text,
  payment_method_id text default null, user_id uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users := private.lock_user(private.acting_user(set_auto_reload.user_id));
  v_now timestamptz := private.clock();
  v_package public.credit_packages;
  v_settings public.auto_reload_settings;
begin
  perform private.require_active(v_user);
  v_package := private.check_reload_terms(v_user, set_auto_reload.threshold_micros, set_auto_reload.package_code,
    set_auto_reload.monthly_cap_cents, set_auto_reload.consent, set_auto_reload.consent_text);
  if set_auto_reload.payment_method_id is not null then
    perform private.find_payment_method(v_user.id, set_auto_reload.payment_method_id);
  end if;
  select * into v_settings from public.auto_reload_settings s where s.user_id = v_user.id;
  insert into public.auto_reload_settings as s (user_id, enabled, threshold_micros, package_code, price_cents, monthly_cap_cents, payment_method_id,
    consent_at, consent_text, next_attempt_at, updated_at)
  values (v_user.id, true, set_auto_reload.threshold_micros, v_package.code, v_package.price_cents, set_auto_reload.monthly_cap_cents,
    set_auto_reload.payment_method_id, v_now, trim(set_auto_reload.consent_text), v_now, v_now)
  on conflict on constraint auto_reload_settings_pkey do update set enabled = true, threshold_micros = excluded.threshold_micros,
    package_code = excluded.package_code, price_cents = excluded.price_cents, monthly_cap_cents = excluded.monthly_cap_cents,
    payment_method_id = excluded.payment_method_id, consent_at = excluded.consent_at, consent_text = excluded.consent_text, failure_count = 0,
    suspended_reason = null, suspended_at = null, suspended_card = null, next_attempt_at = excluded.next_attempt_at, updated_at = excluded.updated_at;
  if private.reload_card(v_user.id) is null then
    perform private.raise_error('auto_reload_not_possible', '{"problem": "no_saved_card"}');
  end if;
  -- A card that its bank has refused for good is refused again.
  if v_settings.suspended_reason = 'card_refused' and v_settings.suspended_card = private.card_as_it_is(v_user.id, private.reload_card(v_user.id)) then
    perform private.raise_error('auto_reload_not_possible', '{"problem": "card_refused"}');
  end if;
  update public.auto_reload_settings s set next_attempt_at = private.next_reload_at(s, v_now) where s.user_id = v_user.id;
  insert into private.auto_reload_consents (user_id, at, consent_text, terms)
  values (v_user.id, v_now, trim(set_auto_reload.consent_text), jsonb_build_object('threshold_micros', set_auto_reload.threshold_micros,
    'package_code', v_package.code, 'price_cents', v_package.price_cents, 'currency', v_package.currency,
    'monthly_cap_cents', set_auto_reload.monthly_cap_cents, 'payment_method_id', set_auto_reload.payment_method_id,
    'card', private.reload_card(v_user.id)));
  return private.auto_reload_json(v_user.id);
end
$$;
comment on function public.set_auto_reload(bigint, text, bigint, boolean, text, text, uuid) is
  'Switches auto-reload on, or changes it, with the person''s consent and the words they were shown; also ends a suspension, unless the card has to change. Raises not_authenticated, forbidden, user_not_found, wallet_suspended, wallet_closed, invalid_request, package_not_found, payment_method_not_found, auto_reload_not_possible.';

create function public.disable_auto_reload(user_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users := private.lock_user(private.acting_user(disable_auto_reload.user_id));
begin
  perform private.switch_reload_off(v_user.id);
  return private.auto_reload_json(v_user.id);
end
$$;
comment on function public.disable_auto_reload(uuid) is
  'Switches auto-reload off. Nothing is charged from then on; purchase_in_flight names a charge that Stripe was asked for before. Raises not_authenticated, forbidden, user_not_found.';

grant execute on function public.get_auto_reload(uuid) to authenticated, service_role;
grant execute on function public.set_auto_reload(bigint, text, bigint, boolean, text, text, uuid) to authenticated, service_role;
grant execute on function public.disable_auto_reload(uuid) to authenticated, service_role;
