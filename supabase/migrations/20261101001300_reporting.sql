-- Reporting: the books as plain views.

create view reporting.trial_balance with (security_invoker = true) as
  select 'user_wallets'::text as account, coalesce(sum(t.amount_micros), 0)::bigint as balance_micros from public.transactions t
  union all
  select t.counter_account, -sum(t.amount_micros)::bigint from public.transactions t group by t.counter_account;
comment on view reporting.trial_balance is 'Every account and its balance in micro-units. Wallets are what is owed to users; the sum over all rows is zero.';
comment on column reporting.trial_balance.account is 'user_wallets or a counter account.';
comment on column reporting.trial_balance.balance_micros is 'Sum of its entries, in micro-units.';

create view reporting.call_charges with (security_invoker = true) as
  select c.user_id, c.id as call_id, c.started_at, c.ended_at, c.destination_masked, c.duration_seconds, c.billed_seconds, c.unbilled_seconds,
    (c.rate).rate_plan, (c.rate).prefix, (c.rate).per_minute_micros, c.cost_micros,
    t.line, e.grant_id, -e.amount_micros as paid_micros, g.source, g.purchase_id, p.payment_intent_id
  from public.call_logs c
  join public.transactions t on t.user_id = c.user_id and t.call_id = c.id and t.kind = 'call'
  join public.grant_entries e on e.user_id = t.user_id and e.line = t.line
  join public.credit_grants g on g.user_id = e.user_id and g.id = e.grant_id
  left join public.purchases p on p.user_id = g.user_id and p.id = g.purchase_id;
comment on view reporting.call_charges is 'Each charged call with each grant that paid for it: call, rate, grant, purchase, Stripe payment.';
comment on column reporting.call_charges.user_id is 'Who paid.';
comment on column reporting.call_charges.call_id is 'The call.';
comment on column reporting.call_charges.started_at is 'When it was authorized.';
comment on column reporting.call_charges.ended_at is 'When it was settled.';
comment on column reporting.call_charges.destination_masked is 'The dialled number, masked.';
comment on column reporting.call_charges.duration_seconds is 'Seconds talked.';
comment on column reporting.call_charges.billed_seconds is 'Seconds billed.';
comment on column reporting.call_charges.unbilled_seconds is 'Seconds talked past the deadline, not charged.';
comment on column reporting.call_charges.rate_plan is 'Rate plan of the pinned rate.';
comment on column reporting.call_charges.prefix is 'Prefix of the pinned rate.';
comment on column reporting.call_charges.per_minute_micros is 'Price a minute of the pinned rate.';
comment on column reporting.call_charges.cost_micros is 'Cost of the call.';
comment on column reporting.call_charges.line is 'Its journal line.';
comment on column reporting.call_charges.grant_id is 'A grant that paid for it.';
comment on column reporting.call_charges.paid_micros is 'What this grant paid.';
comment on column reporting.call_charges.source is 'paid, promotional or adjustment.';
comment on column reporting.call_charges.purchase_id is 'The purchase behind the grant.';
comment on column reporting.call_charges.payment_intent_id is 'The Stripe payment behind the purchase.';
