-- Refunds: giving a payment back.
--
-- A refund begins here, by an admin with a reason, or in Stripe's dashboard. Either way Stripe is the truth: `apply_refund` takes a refund as it is now. One
-- begun here has its row before Stripe is asked; its id is the idempotency key, so a function that dies in between is carried on by the reconciler.
--
--   requested → pending → succeeded
--             → refused            Stripe did not take it
--                       → failed   later, when the bank sends it back: the credit is restored
--
-- What counts as returned is every refund that Stripe has taken and that has not failed or been canceled.

insert into private.settings (name, value, description) values
  ('refund_limit_per_hour', '100', 'Refunds an admin may begin an hour.');

create table public.purchase_refunds (
  user_id uuid not null,
  id uuid not null default gen_random_uuid(),
  purchase_id uuid not null,
  stripe_refund_id text unique,
  origin text not null constraint purchase_refunds_origin_known check (origin in ('talktime', 'stripe')),
  status text not null constraint purchase_refunds_status_known check (status in (
    'requested', 'pending', 'requires_action', 'succeeded', 'failed', 'canceled', 'refused')),
  amount_cents bigint constraint purchase_refunds_amount_positive check (amount_cents > 0),
  currency text not null,
  reason text,
  failure_reason text,
  requested_by uuid,
  idempotency_key text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  next_attempt_at timestamptz,
  primary key (user_id, id),
  unique (user_id, idempotency_key),
  foreign key (user_id, purchase_id) references public.purchases (user_id, id),
  constraint purchase_refunds_at_stripe check (status in ('requested', 'refused') or (stripe_refund_id is not null and amount_cents is not null))
);
alter table public.purchase_refunds enable row level security;
comment on table public.purchase_refunds is 'Refunds of purchases, as Stripe says now.';
comment on column public.purchase_refunds.user_id is 'Whose purchase.';
comment on column public.purchase_refunds.id is 'Also the idempotency key at Stripe of a refund begun here.';
comment on column public.purchase_refunds.purchase_id is 'What is refunded.';
comment on column public.purchase_refunds.stripe_refund_id is 'The refund at Stripe.';
comment on column public.purchase_refunds.origin is 'talktime: begun here. stripe: begun in the dashboard.';
comment on column public.purchase_refunds.status is 'requested, pending, requires_action, succeeded, failed, canceled or refused.';
comment on column public.purchase_refunds.amount_cents is 'How much, tax included; null asks for all that is left, until Stripe says.';
comment on column public.purchase_refunds.currency is 'Currency of the payment.';
comment on column public.purchase_refunds.reason is 'Why, in the admin''s words or Stripe''s.';
comment on column public.purchase_refunds.failure_reason is 'Why it failed or was refused.';
comment on column public.purchase_refunds.requested_by is 'The admin; null for the secret key and for Stripe''s dashboard.';
comment on column public.purchase_refunds.idempotency_key is 'The caller''s key: the same key returns the same refund.';
comment on column public.purchase_refunds.created_at is 'When it began.';
comment on column public.purchase_refunds.updated_at is 'When its state last changed.';
comment on column public.purchase_refunds.next_attempt_at is 'When Stripe is asked again, while it has not answered.';

create index purchase_refunds_purchase on public.purchase_refunds (user_id, purchase_id);
create index purchase_refunds_due on public.purchase_refunds (next_attempt_at) where status = 'requested';

create policy "Users read their own refunds" on public.purchase_refunds
  for select to authenticated using (user_id = (select auth.uid()));
-- Who of the business did it, and under which key, is not the buyer's business.
grant select (user_id, id, purchase_id, stripe_refund_id, origin, status, amount_cents, currency, failure_reason, created_at, updated_at)
  on public.purchase_refunds to authenticated;
grant select on public.purchase_refunds to service_role;

create function private.refund_json(p_refund public.purchase_refunds, p_replayed boolean default false) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('refund_id', p_refund.id, 'user_id', p_refund.user_id, 'purchase_id', p_refund.purchase_id,
    'stripe_refund_id', p_refund.stripe_refund_id, 'origin', p_refund.origin, 'status', p_refund.status,
    'amount_cents', p_refund.amount_cents, 'currency', p_refund.currency, 'reason', p_refund.reason,
    'failure_reason', p_refund.failure_reason, 'created_at', p_refund.created_at, 'replayed', p_replayed)
$$;
comment on function private.refund_json(public.purchase_refunds, boolean) is 'A refund as the API shows it.';

create function private.settle_returns(p_user_id uuid, p_purchase_id uuid) returns bigint
language plpgsql volatile set search_path = ''
as $$
begin
  update public.purchases p set
    refunded_cents = coalesce((select sum(r.amount_cents) from public.purchase_refunds r
      where r.user_id = p.user_id and r.purchase_id = p.id and r.status in ('pending', 'requires_action', 'succeeded')), 0),
    disputed_cents = coalesce((select sum(d.withdrawn_cents - d.reinstated_cents) from public.purchase_disputes d
      where d.user_id = p.user_id and d.purchase_id = p.id), 0)
    where p.user_id = p_user_id and p.id = p_purchase_id;
  perform private.mark_referral_due(p_user_id);
  return private.settle_clawback(p_user_id, p_purchase_id);
end
$$;
comment on function private.settle_returns(uuid, uuid) is
  'Adds up what refunds and disputes have returned of a payment and moves the credit with it. Needs the wallet''s lock. Returns the change in micro-units, positive for credit taken.';

create function private.refundable_cents(p_purchase public.purchases) returns bigint
language sql stable set search_path = ''
as $$
  select p_purchase.paid_cents - coalesce(sum(r.amount_cents), 0)::bigint from public.purchase_refunds r
  where r.user_id = p_purchase.user_id and r.purchase_id = p_purchase.id and r.status in ('requested', 'pending', 'requires_action', 'succeeded')
$$;
comment on function private.refundable_cents(public.purchases) is
  'What is left to refund, in cents; null where the payment is of another currency or mode and only all of it can be given back.';

create function public.begin_refund(
  user_id uuid, purchase_id uuid, reason text, idempotency_key text, amount_cents bigint default null, actor_id uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_actor_id uuid := private.acting_admin(begin_refund.actor_id);
  v_now timestamptz := private.clock();
  v_purchase public.purchases;
  v_refund public.purchase_refunds;
  v_left bigint;
begin
  if coalesce(length(begin_refund.idempotency_key), 0) not between 1 and 255 then
    perform private.raise_error('invalid_request', '{"parameter": "idempotency_key", "problem": "1 to 255 characters"}');
  end if;
  perform private.lock_user(begin_refund.user_id);
  v_purchase := private.find_purchase_row(begin_refund.user_id, begin_refund.purchase_id, null);
  select * into v_refund from public.purchase_refunds r
    where r.user_id = v_purchase.user_id and r.idempotency_key = begin_refund.idempotency_key;
  if found then
    if v_refund.purchase_id <> v_purchase.id or v_refund.reason is distinct from begin_refund.reason
      or v_refund.amount_cents is distinct from coalesce(begin_refund.amount_cents, v_refund.amount_cents) then
      perform private.raise_error('idempotency_conflict', jsonb_build_object('refund_id', v_refund.id));
    end if;
    return jsonb_build_object('refund', private.refund_json(v_refund, true), 'payment_intent_id', v_purchase.payment_intent_id, 'replayed', true);
  end if;
  -- What a review has dismissed was paid too, and this is how the money goes back.
  if (v_purchase.status not in ('paid', 'review') and v_purchase.failure_code is distinct from 'review_dismissed')
    or v_purchase.payment_intent_id is null then
    perform private.raise_error('purchase_not_refundable', jsonb_build_object('purchase_id', v_purchase.id, 'status', v_purchase.status));
  end if;
  v_left := private.refundable_cents(v_purchase);
  if coalesce(begin_refund.amount_cents, v_left, 1) not between 1 and coalesce(v_left, 1)
    or (v_left is null and begin_refund.amount_cents is not null) then
    perform private.raise_error('refund_exceeds_payment', jsonb_build_object('purchase_id', v_purchase.id, 'refundable_cents', v_left));
  end if;
  perform private.take_rate_limit(coalesce(v_actor_id, v_purchase.user_id), 'refund', private.setting_integer('refund_limit_per_hour'), interval '1 hour');
  insert into public.purchase_refunds (user_id, purchase_id, origin, status, amount_cents, currency, reason, requested_by, idempotency_key,
    created_at, updated_at, next_attempt_at)
  values (v_purchase.user_id, v_purchase.id, 'talktime', 'requested', coalesce(begin_refund.amount_cents, v_left), v_purchase.currency,
    begin_refund.reason, v_actor_id, begin_refund.idempotency_key, v_now, v_now, v_now + interval '1 minute')
  returning * into v_refund;
  perform private.record_audit(v_actor_id, 'refund_purchase', v_purchase.user_id, begin_refund.reason,
    jsonb_build_object('purchase_id', v_purchase.id, 'refund_id', v_refund.id, 'amount_cents', v_refund.amount_cents));
  return jsonb_build_object('refund', private.refund_json(v_refund), 'payment_intent_id', v_purchase.payment_intent_id, 'replayed', false);
end
$$;
comment on function public.begin_refund(uuid, uuid, text, text, bigint, uuid) is
  'Begins a refund before Stripe is asked; without an amount, of all that is left. actor_id names the admin; null is the secret key itself. Secret key only. Raises forbidden, invalid_request, purchase_not_found, purchase_not_refundable, refund_exceeds_payment, rate_limited, idempotency_conflict.';

create function public.fail_refund_request(user_id uuid, refund_id uuid, error text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_refund public.purchase_refunds;
begin
  perform private.lock_user(fail_refund_request.user_id);
  update public.purchase_refunds r set status = 'refused', failure_reason = left(fail_refund_request.error, 500),
    updated_at = private.clock(), next_attempt_at = null
    where r.user_id = fail_refund_request.user_id and r.id = fail_refund_request.refund_id and r.status = 'requested';
  select * into v_refund from public.purchase_refunds r
    where r.user_id = fail_refund_request.user_id and r.id = fail_refund_request.refund_id;
  return private.refund_json(v_refund);
end
$$;
comment on function public.fail_refund_request(uuid, uuid, text) is 'Notes that Stripe refused a refund for good; nothing was returned. Secret key only.';

create function public.claim_due_refunds(batch_size integer default 20) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_lapsed public.purchase_refunds;
  v_claimed jsonb;
begin
  -- Stripe forgets an idempotency key after a day. By then the daily sweep has found the refund if there is one; asking again might give twice.
  for v_lapsed in
    update public.purchase_refunds r set status = 'refused', failure_reason = 'not carried out within two days', updated_at = v_now, next_attempt_at = null
    where r.status = 'requested' and r.created_at < v_now - interval '48 hours' returning r.*
  loop
    perform private.open_alert('refund_lapsed', v_lapsed.id::text, v_lapsed.user_id, private.refund_json(v_lapsed));
  end loop;
  with due as (
    select r.user_id, r.id from public.purchase_refunds r
    where r.status = 'requested' and r.next_attempt_at <= v_now and r.created_at > v_now - interval '23 hours'
    order by r.next_attempt_at limit least(greatest(claim_due_refunds.batch_size, 1), 100)
    for no key update skip locked
  ), claimed as (
    update public.purchase_refunds r set next_attempt_at = v_now + interval '5 minutes' from due
    where r.user_id = due.user_id and r.id = due.id returning r.*
  )
  select coalesce(jsonb_agg(jsonb_build_object('refund', private.refund_json(c::public.purchase_refunds), 'payment_intent_id', p.payment_intent_id)), '[]')
    into v_claimed
    from claimed c join public.purchases p on p.user_id = c.user_id and p.id = c.purchase_id;
  return v_claimed;
end
$$;
comment on function public.claim_due_refunds(integer) is
  'Takes refunds that were begun and have not reached Stripe, to ask again under the same idempotency key. Secret key only.';

create function private.find_paid_purchase(p_payment_intent_id text, p_metadata jsonb) returns public.purchases
language plpgsql stable set search_path = ''
as $$
declare
  v_purchase public.purchases;
begin
  select * into v_purchase from public.purchases p where p.payment_intent_id = p_payment_intent_id;
  -- The refund or dispute may be read before the payment was: our metadata on the payment tells whose it is.
  if not found then
    select * into v_purchase from public.purchases p
      where p.user_id = private.text_to_uuid(p_metadata ->> 'user_id') and p.id = private.text_to_uuid(p_metadata ->> 'purchase_id')
        and p.payment_intent_id is null;
  end if;
  return v_purchase;
end
$$;
comment on function private.find_paid_purchase(text, jsonb) is 'The purchase a payment at Stripe is for, by its id or by the metadata it carries; null for another product''s payment.';

create function private.refund_status(p_stripe_status text) returns text
language sql immutable set search_path = ''
as $$
  select case when p_stripe_status in ('requires_action', 'succeeded', 'failed', 'canceled') then p_stripe_status else 'pending' end
$$;
comment on function private.refund_status(text) is
  'Stripe''s word for a refund as ours. An unknown one, or none, is pending: money may be on its way. See https://docs.stripe.com/api/refunds/object.';

create function private.merge_refund(p_purchase public.purchases, p_refund jsonb) returns public.purchase_refunds
language plpgsql volatile set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_id uuid := private.text_to_uuid(p_refund #>> '{metadata,refund_id}');
  v_refund public.purchase_refunds;
begin
  update public.purchase_refunds r set
    -- What has failed or been canceled stays so: what was read before that may arrive after it.
    status = case when r.status in ('failed', 'canceled') then r.status else private.refund_status(p_refund ->> 'status') end,
    stripe_refund_id = p_refund ->> 'id', amount_cents = (p_refund ->> 'amount')::bigint,
    failure_reason = coalesce(p_refund ->> 'failure_reason', r.failure_reason), updated_at = v_now, next_attempt_at = null
    where r.user_id = p_purchase.user_id and r.purchase_id = p_purchase.id
      and (r.stripe_refund_id = p_refund ->> 'id' or (r.id = v_id and r.stripe_refund_id is null))
    returning * into v_refund;
  if not found then
    insert into public.purchase_refunds (user_id, purchase_id, stripe_refund_id, origin, status, amount_cents, currency, reason, failure_reason,
      created_at, updated_at)
    values (p_purchase.user_id, p_purchase.id, p_refund ->> 'id', 'stripe', private.refund_status(p_refund ->> 'status'), (p_refund ->> 'amount')::bigint,
      lower(p_refund ->> 'currency'), p_refund ->> 'reason', p_refund ->> 'failure_reason',
      coalesce(to_timestamp((p_refund ->> 'created')::double precision), v_now), v_now)
    returning * into v_refund;
  end if;
  return v_refund;
end
$$;
comment on function private.merge_refund(public.purchases, jsonb) is 'Writes down a refund as Stripe says it is now.';

create function public.apply_refund(refund jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_purchase public.purchases := private.find_paid_purchase(refund ->> 'payment_intent', refund -> 'payment_intent_metadata');
  v_before text;
  v_refund public.purchase_refunds;
  v_replayed boolean;
  v_change bigint;
begin
  if v_purchase.id is null then
    return jsonb_build_object('known', false);
  end if;
  perform private.lock_user(v_purchase.user_id);
  select r.status into v_before from public.purchase_refunds r where r.stripe_refund_id = refund ->> 'id';
  v_refund := private.merge_refund(v_purchase, apply_refund.refund);
  v_replayed := v_refund.status is not distinct from v_before;
  v_change := private.settle_returns(v_purchase.user_id, v_purchase.id);
  if v_refund.status in ('succeeded', 'failed') and not v_replayed then
    perform private.notify_user(v_refund.user_id, 'refund', 'refund:' || v_refund.id || ':' || v_refund.status, jsonb_build_object(
      'purchase_id', v_refund.purchase_id, 'refund_id', v_refund.id, 'amount_cents', v_refund.amount_cents, 'currency', v_refund.currency,
      'clawed_back_micros', (select p.clawed_back_micros from public.purchases p where p.user_id = v_refund.user_id and p.id = v_refund.purchase_id),
      'status', v_refund.status));
  end if;
  perform private.resolve_alert('refund_lapsed', v_refund.id::text);
  -- Only at the change: the daily sweep reads it again, and what somebody has dealt with stays resolved.
  if v_refund.status = 'failed' and not v_replayed then
    perform private.open_alert('refund_failed', v_refund.stripe_refund_id, v_refund.user_id, private.refund_json(v_refund));
  end if;
  return jsonb_build_object('known', true, 'refund', private.refund_json(v_refund, v_replayed), 'purchase_id', v_refund.purchase_id,
    'clawed_back_micros', greatest(v_change, 0), 'reinstated_micros', greatest(-v_change, 0), 'replayed', v_replayed);
end
$$;
comment on function public.apply_refund(jsonb) is
  'Applies a refund as Stripe says it is now, whoever began it, in any order and however often. A refund of another product''s payment is not known. Secret key only.';

grant execute on function public.begin_refund(uuid, uuid, text, text, bigint, uuid) to service_role;
grant execute on function public.fail_refund_request(uuid, uuid, text) to service_role;
grant execute on function public.claim_due_refunds(integer) to service_role;
grant execute on function public.apply_refund(jsonb) to service_role;
