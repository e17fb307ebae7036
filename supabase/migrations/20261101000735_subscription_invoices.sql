-- Subscription invoices: credit for each paid period.
--
-- A paid invoice becomes a purchase of origin subscription, keyed by the invoice, so everything that holds for a payment holds for it: credit once, receipt, refund,
-- dispute, clawback, reconciliation. An invoice that is not paid brings nothing, however long Stripe tries.
--
-- Roll-over: without it, credit expires with the period it was for. With a cap, what is left above the cap is booked as breakage when the next period is paid. Without
-- a limit it stays.

create function private.purchase_name(p_purchase public.purchases) returns text
language sql stable set search_path = ''
as $$
  select coalesce((select c.name from public.credit_packages c where c.code = p_purchase.package_code),
    (select p.name from public.subscription_plans p where p.code = p_purchase.plan_code))
$$;
comment on function private.purchase_name(public.purchases) is 'What was bought, in the words a buyer saw.';

create function private.trim_rollover(p_subscription public.subscriptions, p_plan public.subscription_plans) returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_held bigint := (select u.held_micros from public.users u where u.id = p_subscription.user_id);
  v_excess bigint;
  v_grant public.credit_grants;
  v_part bigint;
  v_line bigint;
  v_trimmed bigint := 0;
begin
  if p_plan.rollover <> 'capped' then
    return 0;
  end if;
  select sum(g.remaining_micros) - p_plan.rollover_cap_micros into v_excess
    from public.credit_grants g join public.purchases p on p.user_id = g.user_id and p.id = g.purchase_id
    where g.user_id = p_subscription.user_id and p.subscription_id = p_subscription.id and g.remaining_micros > 0;
  -- What live calls hold stays until they end.
  v_excess := least(v_excess, (select u.balance_micros from public.users u where u.id = p_subscription.user_id) - v_held);
  for v_grant in
    select g.* from public.credit_grants g join public.purchases p on p.user_id = g.user_id and p.id = g.purchase_id
    where g.user_id = p_subscription.user_id and p.subscription_id = p_subscription.id and g.remaining_micros > 0 order by g.id
  loop
    exit when coalesce(v_excess, 0) <= v_trimmed;
    v_part := least(v_excess - v_trimmed, v_grant.remaining_micros);
    v_line := (private.post_transaction(v_grant.user_id, 'expiry', -v_part, 'breakage_revenue', 'Credit beyond the roll-over', v_grant.purchase_id)).line;
    update public.credit_grants g set remaining_micros = g.remaining_micros - v_part where g.user_id = v_grant.user_id and g.id = v_grant.id;
    insert into public.grant_entries (user_id, grant_id, line, amount_micros) values (v_grant.user_id, v_grant.id, v_line, -v_part);
    v_trimmed := v_trimmed + v_part;
  end loop;
  return v_trimmed;
end
$$;
comment on function private.trim_rollover(public.subscriptions, public.subscription_plans) is
  'Books what is left of a subscription''s credit above its plan''s cap as breakage. Returns how much.';

create function private.invoice_review_reason(p_subscription public.subscriptions, p_plan public.subscription_plans, p_invoice jsonb) returns text
language sql stable set search_path = ''
as $$
  select case
    when (p_invoice ->> 'livemode')::boolean is distinct from p_subscription.livemode then 'livemode_mismatch'
    when lower(p_invoice ->> 'currency') is distinct from p_plan.currency then 'currency_mismatch'
    when (p_invoice ->> 'amount_paid')::bigint is distinct from p_plan.price_cents + coalesce((p_invoice ->> 'amount_tax')::bigint, 0) then 'amount_mismatch'
    when (select u.status from public.users u where u.id = p_subscription.user_id) = 'closed' then 'wallet_closed'
  end
$$;
comment on function private.invoice_review_reason(public.subscriptions, public.subscription_plans, jsonb) is 'Why a paid invoice cannot be credited as the plan says, or null.';

create function private.record_invoice(p_subscription public.subscriptions, p_plan public.subscription_plans, p_invoice jsonb) returns public.purchases
language plpgsql volatile set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_review_reason text := private.invoice_review_reason(p_subscription, p_plan, p_invoice);
  v_comparable boolean := coalesce(v_review_reason, '') not in ('livemode_mismatch', 'currency_mismatch');
  v_before public.purchases;
  v_purchase public.purchases;
begin
  insert into public.purchases (user_id, idempotency_key, origin, subscription_id, plan_code, stripe_invoice_id, status, currency, price_cents, credit_micros,
    bonus_micros, credit_expires_at, livemode, success_url, cancel_url, payment_intent_id, stripe_customer_id, receipt_url, invoice_url,
    paid_cents, tax_cents, review_reason, created_at, stripe_created_at, paid_at, next_check_at)
  values (p_subscription.user_id, 'invoice:' || (p_invoice ->> 'id'), 'subscription', p_subscription.id, p_plan.code, p_invoice ->> 'id',
    case when v_review_reason is null then 'paid' else 'review' end, p_plan.currency, p_plan.price_cents, p_plan.credit_micros, 0,
    case p_plan.rollover when 'none' then to_timestamp((p_invoice ->> 'period_end')::double precision) end,
    p_subscription.livemode, '', '', p_invoice ->> 'payment_intent', p_invoice ->> 'customer', p_invoice ->> 'receipt_url', p_invoice ->> 'invoice_url',
    case when v_comparable then (p_invoice ->> 'amount_paid')::bigint end, case when v_comparable then coalesce((p_invoice ->> 'amount_tax')::bigint, 0) end,
    v_review_reason, v_now, to_timestamp((p_invoice ->> 'created')::double precision), case when v_review_reason is null then v_now end, v_now)
  returning * into v_purchase;
  v_before := v_purchase;
  v_before.status := 'created';
  perform private.after_purchase_change(v_before, v_purchase);
  select * into v_purchase from public.purchases p where p.user_id = v_purchase.user_id and p.id = v_purchase.id;
  return v_purchase;
end
$$;
comment on function private.record_invoice(public.subscriptions, public.subscription_plans, jsonb) is 'Makes the purchase of a paid invoice and credits it.';

create function public.apply_invoice(invoice jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.text_to_uuid(invoice #>> '{metadata,user_id}');
  v_id uuid := private.text_to_uuid(invoice #>> '{metadata,subscription_id}');
  v_subscription public.subscriptions;
  v_plan public.subscription_plans;
  v_purchase public.purchases;
begin
  if v_id is null or not exists (select from public.subscriptions s where s.user_id = v_user_id and s.id = v_id) then
    return jsonb_build_object('known', false);
  end if;
  perform private.lock_user(v_user_id);
  v_subscription := private.find_subscription_row(v_user_id, v_id);
  select * into v_purchase from public.purchases p where p.stripe_invoice_id = invoice ->> 'id';
  if found or invoice ->> 'status' is distinct from 'paid' or coalesce(invoice ->> 'billing_reason', '') not in ('subscription_create', 'subscription_cycle') then
    return jsonb_build_object('known', true, 'credited', false, 'purchase', case when v_purchase.id is not null then private.purchase_json(v_purchase) end);
  end if;
  select * into v_plan from public.subscription_plans p where p.lookup_key = invoice ->> 'lookup_key';
  if not found then
    perform private.open_alert('unmatched_invoice', invoice ->> 'id', v_user_id, jsonb_build_object('lookup_key', invoice ->> 'lookup_key',
      'amount_paid', invoice -> 'amount_paid'));
    return jsonb_build_object('known', false);
  end if;
  perform private.remember_card(v_user_id, invoice ->> 'card_fingerprint');
  perform private.remember_stripe_customer(v_user_id, v_subscription.livemode, invoice ->> 'customer');
  if invoice ->> 'billing_reason' = 'subscription_cycle' then
    perform private.trim_rollover(v_subscription, v_plan);
  end if;
  v_purchase := private.record_invoice(v_subscription, v_plan, apply_invoice.invoice);
  -- Invoices may be read out of order: the plan is that of the newest period paid for.
  update public.subscriptions s set plan_code = v_plan.code, next_plan_code = nullif(s.next_plan_code, v_plan.code)
    where s.user_id = v_user_id and s.id = v_id and not exists (
      select from public.purchases p where p.user_id = s.user_id and p.subscription_id = s.id and p.stripe_created_at > v_purchase.stripe_created_at)
    returning * into v_subscription;
  if found then
    perform private.settle_rate_plan(v_subscription);
  end if;
  return jsonb_build_object('known', true, 'credited', v_purchase.status = 'paid', 'purchase', private.purchase_json(v_purchase));
end
$$;
comment on function public.apply_invoice(jsonb) is
  'Applies an invoice of a subscription as Stripe says it is now; a paid one credits once: {id, status, billing_reason, amount_paid, amount_tax, currency, livemode, metadata (the subscription''s), lookup_key, period_end, payment_intent, customer, created, receipt_url, invoice_url, card_fingerprint}. Secret key only.';
grant execute on function public.apply_invoice(jsonb) to service_role;
