-- Disputes: when the bank takes a payment back.
--
-- Only money that has moved counts. Stripe lists with a dispute each withdrawal and reinstatement as a balance transaction, so an inquiry takes nothing, a
-- dispute takes its amount (which may differ from the charge), one that is won gives it back, and an appeal moves it again.
-- See https://docs.stripe.com/api/disputes/object.

create table public.purchase_disputes (
  user_id uuid not null,
  stripe_dispute_id text not null,
  purchase_id uuid not null,
  status text not null,
  reason text,
  amount_cents bigint not null,
  currency text not null,
  withdrawn_cents bigint not null constraint purchase_disputes_withdrawn_not_negative check (withdrawn_cents >= 0),
  reinstated_cents bigint not null constraint purchase_disputes_reinstated_not_negative check (reinstated_cents >= 0),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (user_id, stripe_dispute_id),
  unique (stripe_dispute_id),
  foreign key (user_id, purchase_id) references public.purchases (user_id, id)
);
alter table public.purchase_disputes enable row level security;
comment on table public.purchase_disputes is 'Disputes of purchases, as Stripe says now.';
comment on column public.purchase_disputes.user_id is 'Whose purchase.';
comment on column public.purchase_disputes.stripe_dispute_id is 'The dispute at Stripe.';
comment on column public.purchase_disputes.purchase_id is 'What is disputed.';
comment on column public.purchase_disputes.status is 'Stripe''s word; new ones may come.';
comment on column public.purchase_disputes.reason is 'Stripe''s word for why.';
comment on column public.purchase_disputes.amount_cents is 'How much is disputed.';
comment on column public.purchase_disputes.currency is 'Currency of the payment.';
comment on column public.purchase_disputes.withdrawn_cents is 'What has been taken, in cents.';
comment on column public.purchase_disputes.reinstated_cents is 'What has been given back, in cents.';
comment on column public.purchase_disputes.created_at is 'When it was opened.';
comment on column public.purchase_disputes.updated_at is 'When its state last changed here.';

create index purchase_disputes_purchase on public.purchase_disputes (user_id, purchase_id);

create policy "Users read their own disputes" on public.purchase_disputes
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.purchase_disputes to authenticated, service_role;

create function private.dispute_is_over(p_status text) returns boolean
language sql immutable set search_path = ''
as $$ select p_status in ('won', 'lost', 'warning_closed', 'prevented') $$;
comment on function private.dispute_is_over(text) is 'Whether a dispute needs no answer any more; an appeal opens it again.';

create function private.dispute_moved_cents(p_dispute jsonb, p_sign integer) returns bigint
language sql immutable set search_path = ''
as $$
  -- Settled in another currency, a movement says nothing in cents of the payment: then each stands for the dispute's amount.
  select coalesce(sum(case when lower(b ->> 'currency') = lower(p_dispute ->> 'currency')
      then abs((b ->> 'amount')::bigint) else (p_dispute ->> 'amount')::bigint end), 0)::bigint
  from jsonb_array_elements(
    case jsonb_typeof(p_dispute -> 'balance_transactions') when 'array' then p_dispute -> 'balance_transactions' else '[]' end) b
  where sign((b ->> 'amount')::bigint) = p_sign
$$;
comment on function private.dispute_moved_cents(jsonb, integer) is 'What a dispute has withdrawn (-1) or reinstated (1), in cents, without fees.';

create function private.notify_dispute(p_before public.purchase_disputes, p_dispute public.purchase_disputes, p_change_micros bigint) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if p_dispute.status is not distinct from p_before.status and p_change_micros = 0 then
    return;
  end if;
  if private.dispute_is_over(p_dispute.status) then
    perform private.resolve_alert('dispute', p_dispute.stripe_dispute_id);
  else
    perform private.open_alert('dispute', p_dispute.stripe_dispute_id, p_dispute.user_id, jsonb_build_object(
      'purchase_id', p_dispute.purchase_id, 'status', p_dispute.status, 'reason', p_dispute.reason, 'amount_cents', p_dispute.amount_cents));
  end if;
  -- The person is told when credit moves and when it is decided, not of each step between bank and business.
  if p_change_micros <> 0 or (private.dispute_is_over(p_dispute.status) and p_dispute.withdrawn_cents > 0) then
    perform private.notify_user(p_dispute.user_id, 'dispute',
      'dispute:' || p_dispute.stripe_dispute_id || ':' || p_dispute.status || ':' || p_dispute.withdrawn_cents || ':' || p_dispute.reinstated_cents,
      jsonb_build_object('purchase_id', p_dispute.purchase_id, 'dispute_id', p_dispute.stripe_dispute_id, 'amount_cents', p_dispute.amount_cents,
        'currency', p_dispute.currency, 'status', p_dispute.status, 'clawed_back_micros', greatest(p_change_micros, 0),
        'reinstated_micros', greatest(-p_change_micros, 0)));
  end if;
end
$$;
comment on function private.notify_dispute(public.purchase_disputes, public.purchase_disputes, bigint) is
  'Tells the person when a dispute moves credit or is decided, and keeps the alert for those who have to answer it.';

create function public.apply_dispute(dispute jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_purchase public.purchases := private.find_paid_purchase(dispute ->> 'payment_intent', dispute -> 'payment_intent_metadata');
  v_before public.purchase_disputes;
  v_dispute public.purchase_disputes;
  v_change bigint;
begin
  if v_purchase.id is null then
    return jsonb_build_object('known', false);
  end if;
  perform private.lock_user(v_purchase.user_id);
  select * into v_before from public.purchase_disputes d
    where d.user_id = v_purchase.user_id and d.stripe_dispute_id = dispute ->> 'id';
  insert into public.purchase_disputes (user_id, stripe_dispute_id, purchase_id, status, reason, amount_cents, currency,
    withdrawn_cents, reinstated_cents, created_at, updated_at)
  values (v_purchase.user_id, dispute ->> 'id', v_purchase.id, dispute ->> 'status', dispute ->> 'reason', (dispute ->> 'amount')::bigint,
    lower(dispute ->> 'currency'), private.dispute_moved_cents(apply_dispute.dispute, -1), private.dispute_moved_cents(apply_dispute.dispute, 1),
    coalesce(to_timestamp((dispute ->> 'created')::double precision), v_now), v_now)
  on conflict on constraint purchase_disputes_pkey do update set status = excluded.status, reason = excluded.reason,
    amount_cents = excluded.amount_cents, withdrawn_cents = excluded.withdrawn_cents, reinstated_cents = excluded.reinstated_cents,
    updated_at = excluded.updated_at
  returning * into v_dispute;
  v_change := private.settle_returns(v_purchase.user_id, v_purchase.id);
  perform private.notify_dispute(v_before, v_dispute, v_change);
  return jsonb_build_object('known', true, 'purchase_id', v_dispute.purchase_id, 'status', v_dispute.status,
    'clawed_back_micros', greatest(v_change, 0), 'reinstated_micros', greatest(-v_change, 0),
    'replayed', v_before.status is not distinct from v_dispute.status and v_change = 0);
end
$$;
comment on function public.apply_dispute(jsonb) is
  'Applies a dispute as Stripe says it is now, in any order and however often. A dispute of another product''s payment is not known. Secret key only.';

grant execute on function public.apply_dispute(jsonb) to service_role;
