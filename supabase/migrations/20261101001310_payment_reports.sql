-- Payment reports: the ledger against Stripe.
--
-- Stripe's side is what it says now of each payment, refund and dispute, as last read by any of the four ways. The ledger's side is the journal. Both are put
-- down to the day (UTC) the payment began at Stripe, so that a refund of March is compared with the payment of February it belongs to.

create view reporting.payment_comparison with (security_invoker = true) as
  select p.user_id, p.id as purchase_id, p.status, p.origin, p.currency, p.livemode,
    (coalesce(p.stripe_created_at, p.created_at) at time zone 'UTC')::date as day,
    p.paid_cents, p.tax_cents, p.refunded_cents, p.disputed_cents,
    p.paid_cents - p.refunded_cents - p.disputed_cents as stripe_net_cents,
    l.ledger_net_micros,
    case when p.status = 'paid' then 0 else p.paid_cents - p.refunded_cents - p.disputed_cents end as uncredited_cents,
    case when p.status = 'paid' then e.expected_micros else 0 end as expected_micros
  from public.purchases p
  cross join lateral (
    select coalesce(sum(t.amount_micros), 0)::bigint as ledger_net_micros from public.transactions t
    where t.user_id = p.user_id and t.purchase_id = p.id and t.counter_account = 'stripe_clearing') l
  cross join lateral (
    select (p.paid_cents - p.tax_cents) * 10000 - private.clawback_target((p.paid_cents - p.tax_cents) * 10000, p) as expected_micros) e
  where p.paid_cents is not null;
comment on view reporting.payment_comparison is 'Each payment Stripe has taken beside what the ledger made of it.';
comment on column reporting.payment_comparison.user_id is 'Who paid.';
comment on column reporting.payment_comparison.purchase_id is 'The purchase.';
comment on column reporting.payment_comparison.status is 'paid, or review: held for a person.';
comment on column reporting.payment_comparison.origin is 'checkout or auto_reload.';
comment on column reporting.payment_comparison.currency is 'Currency.';
comment on column reporting.payment_comparison.livemode is 'Mode.';
comment on column reporting.payment_comparison.day is 'Day (UTC) on which the payment began at Stripe.';
comment on column reporting.payment_comparison.paid_cents is 'What Stripe took, tax included.';
comment on column reporting.payment_comparison.tax_cents is 'Tax within paid_cents.';
comment on column reporting.payment_comparison.refunded_cents is 'What refunds give back.';
comment on column reporting.payment_comparison.disputed_cents is 'What disputes have withdrawn, less what was reinstated.';
comment on column reporting.payment_comparison.stripe_net_cents is 'What Stripe has kept.';
comment on column reporting.payment_comparison.ledger_net_micros is 'What the journal has taken from stripe_clearing for it and not put back, in micro-units.';
comment on column reporting.payment_comparison.uncredited_cents is 'What Stripe has kept of a payment that brought no credit.';
comment on column reporting.payment_comparison.expected_micros is 'What the journal has to show, given what Stripe says, in micro-units.';

create view reporting.payment_reconciliation with (security_invoker = true) as
  with sides as (
    select c.day, c.currency, c.livemode, count(*) as payments, sum(c.paid_cents) as stripe_paid_cents, sum(c.refunded_cents) as stripe_refunded_cents,
      sum(c.disputed_cents) as stripe_disputed_cents, sum(c.stripe_net_cents) as stripe_net_cents, sum(c.ledger_net_micros) as ledger_net_micros,
      sum(c.uncredited_cents) as in_review_cents, sum(c.expected_micros) as expected_micros, 0 as unmatched_cents
    from reporting.payment_comparison c group by c.day, c.currency, c.livemode
    union all
    select (u.stripe_created_at at time zone 'UTC')::date, u.currency, u.livemode, count(*), sum(u.amount_cents), 0, 0, sum(u.amount_cents), 0, 0, 0, sum(u.amount_cents)
    from private.unmatched_payments u where u.resolved_at is null group by 1, 2, 3
  ), days as (
    select s.day, s.currency, s.livemode, sum(s.payments)::bigint as payments, sum(s.stripe_paid_cents)::bigint as stripe_paid_cents,
      sum(s.stripe_refunded_cents)::bigint as stripe_refunded_cents, sum(s.stripe_disputed_cents)::bigint as stripe_disputed_cents,
      sum(s.stripe_net_cents)::bigint as stripe_net_cents, sum(s.ledger_net_micros)::bigint as ledger_net_micros,
      sum(s.in_review_cents)::bigint as in_review_cents, sum(s.unmatched_cents)::bigint as unmatched_cents, sum(s.expected_micros)::bigint as expected_micros
    from sides s group by s.day, s.currency, s.livemode
  )
  select d.day, d.currency, d.livemode, d.payments, d.stripe_paid_cents, d.stripe_refunded_cents, d.stripe_disputed_cents, d.stripe_net_cents,
    d.ledger_net_micros, d.stripe_net_cents * 10000 - d.ledger_net_micros as difference_micros,
    d.in_review_cents, d.unmatched_cents,
    (d.stripe_net_cents - d.in_review_cents - d.unmatched_cents) * 10000 - d.expected_micros as tax_and_excess_micros,
    d.expected_micros - d.ledger_net_micros + d.unmatched_cents * 10000 as unexplained_micros
  from days d;
comment on view reporting.payment_reconciliation is
  'Stripe against the ledger, a row a day, currency and mode. difference_micros = in_review + tax_and_excess + unexplained; unexplained has to be zero.';
comment on column reporting.payment_reconciliation.day is 'Day (UTC) on which the payments began at Stripe.';
comment on column reporting.payment_reconciliation.currency is 'Currency.';
comment on column reporting.payment_reconciliation.livemode is 'Mode.';
comment on column reporting.payment_reconciliation.payments is 'Payments Stripe has taken.';
comment on column reporting.payment_reconciliation.stripe_paid_cents is 'Their sum, tax included.';
comment on column reporting.payment_reconciliation.stripe_refunded_cents is 'What refunds of them give back.';
comment on column reporting.payment_reconciliation.stripe_disputed_cents is 'What disputes of them have withdrawn, less what was reinstated.';
comment on column reporting.payment_reconciliation.stripe_net_cents is 'What Stripe has kept of them.';
comment on column reporting.payment_reconciliation.ledger_net_micros is 'What the journal shows for them in stripe_clearing, in micro-units.';
comment on column reporting.payment_reconciliation.difference_micros is 'Stripe less ledger, in micro-units.';
comment on column reporting.payment_reconciliation.in_review_cents is 'Explained: payments held for review or dismissed, not credited.';
comment on column reporting.payment_reconciliation.unmatched_cents is 'Payments that name a purchase which is not here; part of unexplained until somebody deals with them.';
comment on column reporting.payment_reconciliation.tax_and_excess_micros is 'Explained: tax that is still Stripe''s, less what was returned beyond the payment.';
comment on column reporting.payment_reconciliation.unexplained_micros is 'What nothing explains. Has to be zero.';

create view reporting.payment_confirmation with (security_invoker = true) as
  select count(*) as unconfirmed_purchases, min(p.created_at) as oldest_unconfirmed_at,
    coalesce(extract(epoch from private.clock() - min(p.created_at)), 0)::bigint as oldest_unconfirmed_seconds,
    (select max(r.finished_at) from private.reconcile_runs r where r.error is null) as last_good_run_at,
    (select w.read_until from private.reconcile_walks w where w.name = 'events') as events_read_until,
    (select w.read_until from private.reconcile_walks w where w.name = 'sessions') as lists_swept_until
  from public.purchases p where p.status in ('created', 'open', 'processing');
comment on view reporting.payment_confirmation is 'How far behind Stripe the ledger is: what is not confirmed yet, and how far events and lists have been read.';
comment on column reporting.payment_confirmation.unconfirmed_purchases is 'Purchases that are not final.';
comment on column reporting.payment_confirmation.oldest_unconfirmed_at is 'When the oldest of them began.';
comment on column reporting.payment_confirmation.oldest_unconfirmed_seconds is 'Its age in seconds; 0 when there is none.';
comment on column reporting.payment_confirmation.last_good_run_at is 'When the reconciler last finished without an error.';
comment on column reporting.payment_confirmation.events_read_until is 'Up to when Stripe''s events have been read.';
comment on column reporting.payment_confirmation.lists_swept_until is 'Up to when Stripe''s lists have been swept.';

create view reporting.reconcile_runs with (security_invoker = true) as
  select r.id, r.started_at, r.finished_at, r.counts, r.lag_seconds, r.error from private.reconcile_runs r;
comment on view reporting.reconcile_runs is 'What each run of the reconciler did.';
comment on column reporting.reconcile_runs.id is 'Counts up.';
comment on column reporting.reconcile_runs.started_at is 'When it began.';
comment on column reporting.reconcile_runs.finished_at is 'When it ended; null while it runs.';
comment on column reporting.reconcile_runs.counts is 'What it did.';
comment on column reporting.reconcile_runs.lag_seconds is 'How far it was behind when it ended.';
comment on column reporting.reconcile_runs.error is 'What stopped it.';
