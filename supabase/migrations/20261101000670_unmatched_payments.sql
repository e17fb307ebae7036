-- Unmatched payments: money that came for a purchase which is not here.

create table private.unmatched_payments (
  kind text not null constraint unmatched_payments_kind_known check (kind in ('session', 'payment_intent')),
  id text not null,
  payment_intent_id text,
  currency text not null,
  amount_cents bigint not null,
  livemode boolean not null,
  metadata jsonb not null,
  stripe_created_at timestamptz not null,
  found_at timestamptz not null,
  resolved_at timestamptz,
  primary key (kind, id)
);
alter table private.unmatched_payments enable row level security;
comment on table private.unmatched_payments is 'Payments at Stripe that name a purchase which is not here: after a restore from a backup, or of another installation on the same account.';
comment on column private.unmatched_payments.kind is 'session or payment_intent.';
comment on column private.unmatched_payments.id is 'Its id at Stripe.';
comment on column private.unmatched_payments.payment_intent_id is 'The payment behind it.';
comment on column private.unmatched_payments.currency is 'Its currency.';
comment on column private.unmatched_payments.amount_cents is 'What Stripe took, in cents.';
comment on column private.unmatched_payments.livemode is 'Its mode.';
comment on column private.unmatched_payments.metadata is 'What it says it is.';
comment on column private.unmatched_payments.stripe_created_at is 'When it began, as Stripe says.';
comment on column private.unmatched_payments.found_at is 'When it was met.';
comment on column private.unmatched_payments.resolved_at is 'When somebody dealt with it.';

create function private.keep_unmatched(
  p_kind text, p_id text, p_payment_intent_id text, p_currency text, p_amount_cents bigint, p_created double precision, p_livemode boolean, p_metadata jsonb
) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  insert into private.unmatched_payments (kind, id, payment_intent_id, currency, amount_cents, livemode, metadata, stripe_created_at, found_at)
  values (p_kind, p_id, p_payment_intent_id, lower(p_currency), p_amount_cents, p_livemode, p_metadata,
    coalesce(to_timestamp(p_created), private.clock()), private.clock())
  on conflict (kind, id) do nothing;
  if found then
    perform private.open_alert('unmatched_payment', p_id, null, jsonb_build_object('kind', p_kind, 'amount_cents', p_amount_cents,
      'currency', p_currency, 'metadata', p_metadata));
  end if;
end
$$;
comment on function private.keep_unmatched(text, text, text, text, bigint, double precision, boolean, jsonb) is
  'Keeps a payment that fits no purchase, once, and opens an alert: a person decides.';
