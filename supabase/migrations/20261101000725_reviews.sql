-- Reviews: a person decides about a payment that was not as asked, or that fits no purchase.

create function public.resolve_review(user_id uuid, purchase_id uuid, decision text, reason text, actor_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_actor_id uuid := private.acting_admin(resolve_review.actor_id);
  v_before public.purchases;
  v_purchase public.purchases;
begin
  if resolve_review.decision is null or resolve_review.decision not in ('credit', 'dismiss') then
    perform private.raise_error('invalid_request', '{"parameter": "decision", "problem": "credit or dismiss"}');
  end if;
  perform private.lock_user(resolve_review.user_id);
  v_before := private.find_purchase_row(resolve_review.user_id, resolve_review.purchase_id, null);
  -- Crediting needs an amount that can be compared: not of another currency, mode, or more than the package brings.
  if v_before.status <> 'review' or (resolve_review.decision = 'credit' and (v_before.paid_cents is null
    or (v_before.paid_cents - v_before.tax_cents) * 10000 > v_before.credit_micros + v_before.bonus_micros)) then
    perform private.raise_error('review_not_possible', jsonb_build_object('purchase_id', v_before.id, 'status', v_before.status,
      'review_reason', v_before.review_reason));
  end if;
  perform private.record_audit(v_actor_id, 'resolve_review', v_before.user_id, resolve_review.reason,
    jsonb_build_object('purchase_id', v_before.id, 'decision', resolve_review.decision, 'review_reason', v_before.review_reason));
  update public.purchases p set review_reason = null,
    status = case resolve_review.decision when 'credit' then 'paid' else 'failed' end,
    failure_code = case resolve_review.decision when 'dismiss' then 'review_dismissed' end,
    paid_at = case resolve_review.decision when 'credit' then private.clock() end
    where p.user_id = v_before.user_id and p.id = v_before.id returning * into v_purchase;
  if resolve_review.decision = 'credit' then
    perform private.after_purchase_change(v_before, v_purchase);
  else
    -- Whether and how the money goes back is told by the refund, not as a failed payment.
    perform private.resolve_alert('purchase_in_review', v_purchase.id::text);
  end if;
  select * into v_purchase from public.purchases p where p.user_id = v_before.user_id and p.id = v_before.id;
  return private.purchase_json(v_purchase);
end
$$;
comment on function public.resolve_review(uuid, uuid, text, text, uuid) is
  'Decides about a purchase in review, with a reason: credit grants what the package brings, dismiss leaves it uncredited. For admins and the secret key. Raises forbidden, invalid_request, purchase_not_found, review_not_possible.';
grant execute on function public.resolve_review(uuid, uuid, text, text, uuid) to authenticated, service_role;

create function public.resolve_unmatched_payment(kind text, id text, reason text, actor_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_actor_id uuid := private.acting_admin(resolve_unmatched_payment.actor_id);
  v_payment private.unmatched_payments;
begin
  update private.unmatched_payments u set resolved_at = private.clock()
    where u.kind = resolve_unmatched_payment.kind and u.id = resolve_unmatched_payment.id and u.resolved_at is null returning * into v_payment;
  if not found then
    perform private.raise_error('review_not_possible', jsonb_build_object('kind', resolve_unmatched_payment.kind, 'id', resolve_unmatched_payment.id));
  end if;
  perform private.record_audit(v_actor_id, 'resolve_unmatched_payment', null, resolve_unmatched_payment.reason,
    jsonb_build_object('kind', v_payment.kind, 'id', v_payment.id, 'amount_cents', v_payment.amount_cents, 'currency', v_payment.currency));
  perform private.resolve_alert('unmatched_payment', v_payment.id);
  return to_jsonb(v_payment);
end
$$;
comment on function public.resolve_unmatched_payment(text, text, text, uuid) is
  'Notes that somebody dealt with a payment that fits no purchase (refunded it at Stripe, or credited by hand), with a reason. For admins and the secret key. Raises forbidden, invalid_request, review_not_possible.';
grant execute on function public.resolve_unmatched_payment(text, text, text, uuid) to authenticated, service_role;
