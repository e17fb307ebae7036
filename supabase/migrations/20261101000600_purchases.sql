-- Purchases: one Checkout attempt and its life.
--
-- The row exists before Stripe is called; its id is the Stripe idempotency key and travels in the session's metadata, so whatever dies
-- in between can be tried again and ends in the same session.
--
--   created → open → paid              paid at once
--                  → processing → paid | failed     a delayed method, days later
--                  → expired           nobody paid
--                  → review            Stripe says paid, but not what was asked: a person decides, nothing is credited
--
-- Payment state is level-triggered: `apply_checkout_session` takes what Stripe says now about the session and may be called by anyone of
-- the four ways, in any order, any number of times. It credits exactly once, under the wallet's lock. What Stripe takes back later (refunds, disputes) has
-- chapters of its own and leaves the status paid.

create table public.purchases (
  user_id uuid not null references public.users (id),
  id uuid not null default gen_random_uuid(),
  idempotency_key text not null constraint purchases_idempotency_key_length check (length(idempotency_key) between 1 and 255),
  package_code text references public.credit_packages (code),
  origin text not null default 'checkout' constraint purchases_origin_known check (origin in ('checkout', 'auto_reload', 'subscription')),
  subscription_id uuid,
  plan_code text,
  stripe_invoice_id text unique,
  status text not null default 'created'
    constraint purchases_status_known check (status in ('created', 'open', 'processing', 'paid', 'expired', 'failed', 'review')),
  currency text not null,
  price_cents bigint not null,
  credit_micros bigint not null,
  bonus_micros bigint not null,
  valid_days integer,
  bonus_valid_days integer,
  credit_expires_at timestamptz,
  livemode boolean not null,
  success_url text not null,
  cancel_url text not null,
  stripe_session_id text,
  checkout_url text,
  session_expires_at timestamptz,
  payment_intent_id text,
  stripe_customer_id text,
  receipt_url text,
  invoice_url text,
  paid_cents bigint,
  tax_cents bigint,
  refunded_cents bigint not null default 0 constraint purchases_refunded_not_negative check (refunded_cents >= 0),
  disputed_cents bigint not null default 0,
  clawed_back_micros bigint not null default 0 constraint purchases_clawed_back_not_negative check (clawed_back_micros >= 0),
  failure_code text,
  review_reason text,
  created_at timestamptz not null,
  stripe_created_at timestamptz,
  superseded_at timestamptz,
  paid_at timestamptz,
  next_check_at timestamptz not null,
  check_count integer not null default 0,
  last_check_error text,
  primary key (user_id, id),
  unique (user_id, idempotency_key),
  constraint purchases_paid_has_instant check ((status = 'paid') = (paid_at is not null)),
  constraint purchases_review_has_reason check ((status = 'review') = (review_reason is not null)),
  constraint purchases_is_of_a_package_or_subscription check (
    (origin = 'subscription') = (package_code is null) and (origin = 'subscription') = (subscription_id is not null)
    and (origin = 'subscription') = (plan_code is not null) and (origin = 'subscription') = (stripe_invoice_id is not null)),
  constraint purchases_paid_has_amount check (status <> 'paid' or (paid_cents is not null and tax_cents is not null))
);
alter table public.purchases enable row level security;
comment on table public.purchases is 'Checkout attempts and what became of them.';
comment on column public.purchases.user_id is 'Who buys.';
comment on column public.purchases.id is 'Also the Stripe idempotency key and session metadata.';
comment on column public.purchases.idempotency_key is 'The client''s key: the same key returns the same purchase.';
comment on column public.purchases.package_code is 'What is bought; null for a subscription''s invoice.';
comment on column public.purchases.origin is 'checkout: the person paid on Stripe''s page. auto_reload: a saved card was charged. subscription: an invoice was paid.';
comment on column public.purchases.subscription_id is 'The subscription whose invoice it is.';
comment on column public.purchases.plan_code is 'The plan that invoice is of.';
comment on column public.purchases.stripe_invoice_id is 'That invoice: it credits once.';
comment on column public.purchases.status is 'created, open, processing, paid, expired, failed or review.';
comment on column public.purchases.currency is 'Currency at the time of purchase.';
comment on column public.purchases.price_cents is 'Price at the time of purchase, in cents, before tax.';
comment on column public.purchases.credit_micros is 'Credit it brings, in micro-units.';
comment on column public.purchases.bonus_micros is 'Bonus it brings, in micro-units.';
comment on column public.purchases.valid_days is 'How long its paid credit may be spent, in days; null means for ever.';
comment on column public.purchases.bonus_valid_days is 'The same for its promotional credit.';
comment on column public.purchases.credit_expires_at is 'Until when its credit may be spent, where that is an instant and not a number of days.';
comment on column public.purchases.livemode is 'Whether a live payment is expected.';
comment on column public.purchases.success_url is 'Where Checkout returns after payment.';
comment on column public.purchases.cancel_url is 'Where Checkout returns on cancel.';
comment on column public.purchases.stripe_session_id is 'The Checkout Session.';
comment on column public.purchases.checkout_url is 'The page where the buyer pays, while the session is open.';
comment on column public.purchases.session_expires_at is 'When Stripe expires the session.';
comment on column public.purchases.payment_intent_id is 'The PaymentIntent behind the session.';
comment on column public.purchases.stripe_customer_id is 'The Stripe customer, if there is one.';
comment on column public.purchases.receipt_url is 'Stripe''s own receipt.';
comment on column public.purchases.invoice_url is 'Stripe''s invoice, where invoices are made.';
comment on column public.purchases.paid_cents is 'What Stripe took, in cents, tax included; also of a purchase in review, where it can be compared.';
comment on column public.purchases.tax_cents is 'Tax within paid_cents.';
comment on column public.purchases.refunded_cents is 'What refunds give back of paid_cents, as Stripe says now.';
comment on column public.purchases.disputed_cents is 'What disputes have withdrawn of paid_cents, less what was reinstated, as Stripe says now.';
comment on column public.purchases.clawed_back_micros is 'Credit taken back for it, less what was restored, in micro-units.';
comment on column public.purchases.failure_code is 'Why it failed: Stripe''s decline or error code, or review_dismissed.';
comment on column public.purchases.review_reason is 'Why it is held for review.';
comment on column public.purchases.created_at is 'When the attempt began.';
comment on column public.purchases.stripe_created_at is 'When its session or payment began, as Stripe says.';
comment on column public.purchases.superseded_at is 'When the person began another purchase instead; its open session is then expired at Stripe.';
comment on column public.purchases.paid_at is 'When the credit was granted.';
comment on column public.purchases.next_check_at is 'When the reconciler looks at it next, while it is not final.';
comment on column public.purchases.check_count is 'How often the reconciler has looked.';
comment on column public.purchases.last_check_error is 'What the last look failed with.';

create index purchases_session on public.purchases (stripe_session_id) where stripe_session_id is not null;
create index purchases_payment_intent on public.purchases (payment_intent_id) where payment_intent_id is not null;
create index purchases_package on public.purchases (package_code);
create index purchases_history on public.purchases (user_id, created_at desc, id);
create index purchases_due on public.purchases (next_check_at) where status in ('created', 'open', 'processing');

create policy "Users read their own purchases" on public.purchases
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.purchases to authenticated, service_role;

alter table public.transactions add foreign key (user_id, purchase_id) references public.purchases (user_id, id);
alter table public.credit_grants add foreign key (user_id, purchase_id) references public.purchases (user_id, id);

-- ---------------------------------------------------------------------------------------------------------------------
-- Internals
-- ---------------------------------------------------------------------------------------------------------------------

create function private.purchase_is_final(p_status text) returns boolean
language sql immutable set search_path = ''
as $$ select p_status in ('paid', 'expired', 'failed', 'review') $$;
comment on function private.purchase_is_final(text) is 'Whether Stripe has nothing more to say about a purchase of this status.';

create function private.purchase_json(p_purchase public.purchases, p_replayed boolean default false) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'purchase_id', p_purchase.id, 'user_id', p_purchase.user_id, 'package_code', p_purchase.package_code, 'status', p_purchase.status,
    'origin', p_purchase.origin, 'subscription_id', p_purchase.subscription_id,
    'price_cents', p_purchase.price_cents, 'currency', p_purchase.currency,
    'credit_micros', p_purchase.credit_micros, 'bonus_micros', p_purchase.bonus_micros,
    'stripe_session_id', p_purchase.stripe_session_id,
    'checkout_url', case when p_purchase.status = 'open' then p_purchase.checkout_url end,
    'session_expires_at', p_purchase.session_expires_at, 'payment_intent_id', p_purchase.payment_intent_id,
    'receipt_url', p_purchase.receipt_url, 'invoice_url', p_purchase.invoice_url,
    'review_reason', p_purchase.review_reason, 'failure_code', p_purchase.failure_code,
    'refunded_cents', p_purchase.refunded_cents, 'disputed_cents', p_purchase.disputed_cents,
    'clawed_back_micros', p_purchase.clawed_back_micros,
    'success_url', p_purchase.success_url, 'cancel_url', p_purchase.cancel_url,
    'created_at', p_purchase.created_at, 'paid_at', p_purchase.paid_at,
    'is_final', private.purchase_is_final(p_purchase.status), 'replayed', p_replayed)
$$;
comment on function private.purchase_json(public.purchases, boolean) is 'A purchase as the API shows it.';

create function private.require_allowed_redirect(p_parameter text, p_url text) returns void
language plpgsql stable set search_path = ''
as $$
declare
  -- Neither user info nor a backslash: both make browsers and parsers disagree about the host.
  v_origin text := lower(substring(p_url from '^(https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)([/?#][^\s\\]*)?$'));
begin
  if v_origin is null or length(p_url) > 2000 or not exists (
    select from jsonb_array_elements_text(private.setting('allowed_redirect_origins')) allowed (origin)
    where v_origin = lower(allowed.origin)
      or (allowed.origin like '%:*' and regexp_replace(v_origin, ':[0-9]+$', '') = lower(left(allowed.origin, -2)))
  ) then
    perform private.raise_error('redirect_not_allowed', jsonb_build_object('parameter', p_parameter, 'url', left(p_url, 200)));
  end if;
end
$$;
comment on function private.require_allowed_redirect(text, text) is
  'Raises redirect_not_allowed unless the URL is http(s) and its origin is in the setting allowed_redirect_origins.';

create function private.find_purchase_row(p_user_id uuid, p_purchase_id uuid, p_stripe_session_id text) returns public.purchases
language plpgsql stable set search_path = ''
as $$
declare
  v_purchase public.purchases;
begin
  select * into v_purchase from public.purchases p
    where p.user_id = p_user_id
      and (p_purchase_id is null or p.id = p_purchase_id)
      and (p_stripe_session_id is null or p.stripe_session_id = p_stripe_session_id)
      and (p_purchase_id is not null or p_stripe_session_id is not null);
  if not found then
    perform private.raise_error('purchase_not_found');
  end if;
  return v_purchase;
end
$$;
comment on function private.find_purchase_row(uuid, uuid, text) is 'A user''s purchase by its id or its session. Raises purchase_not_found.';

create function private.credit_purchase(p_purchase public.purchases) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_paid_micros bigint := (p_purchase.paid_cents - p_purchase.tax_cents) * 10000;
  v_bonus_micros bigint := p_purchase.credit_micros + p_purchase.bonus_micros - v_paid_micros;
  v_expires_at timestamptz := coalesce(p_purchase.credit_expires_at, private.clock() + make_interval(hours => 24 * p_purchase.valid_days));
  v_bonus_expires_at timestamptz := coalesce(p_purchase.credit_expires_at, private.clock() + make_interval(hours => 24 * p_purchase.bonus_valid_days));
begin
  -- After a full discount nothing was paid, and all of it is promotional.
  if v_paid_micros > 0 then
    perform private.grant_credit(p_purchase.user_id, 'purchase', 'paid', v_paid_micros, 'stripe_clearing',
      'Credit purchase, ' || private.format_micros(v_paid_micros, p_purchase.currency), p_purchase.id, v_expires_at);
  end if;
  if v_bonus_micros > 0 then
    perform private.grant_credit(p_purchase.user_id, 'bonus', 'promotional', v_bonus_micros, 'promotional_expense',
      'Bonus credit, ' || private.format_micros(v_bonus_micros, p_purchase.currency), p_purchase.id, v_bonus_expires_at);
  end if;
  perform private.notify_user(p_purchase.user_id, 'purchase_confirmed', 'purchase:' || p_purchase.id,
    jsonb_build_object('purchase_id', p_purchase.id, 'price_cents', p_purchase.price_cents, 'paid_cents', p_purchase.paid_cents,
      'currency', p_purchase.currency, 'credit_micros', v_paid_micros + v_bonus_micros, 'origin', p_purchase.origin));
  perform private.grant_promotion(p_purchase);
  perform private.mark_referral_due(p_purchase.user_id);
  -- A refund or dispute may have been read before the payment was.
  perform private.settle_clawback(p_purchase.user_id, p_purchase.id);
end
$$;
comment on function private.credit_purchase(public.purchases) is
  'Grants what a paid purchase brings: what was paid against stripe_clearing, the rest as promotional credit.';

create function private.format_micros(p_amount_micros bigint, p_currency text) returns text
language plpgsql immutable set search_path = ''
as $$
begin
  return case when p_amount_micros < 0 then '−' else '' end
    || case p_currency when 'usd' then '$' else upper(p_currency) || ' ' end
    || to_char(abs(p_amount_micros) / 1000000, 'FM999,999,999,990')
    || '.' || regexp_replace(lpad((abs(p_amount_micros) % 1000000)::text, 6, '0'), '0{1,4}$', '');
end
$$;
comment on function private.format_micros(bigint, text) is 'An amount for people: at least two decimals, more only where they are not zero.';
