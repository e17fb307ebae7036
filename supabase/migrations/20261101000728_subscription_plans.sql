-- Subscription plans: credit every month or year, for a price.
--
-- A plan that somebody has keeps its price: the invoices name it by its lookup key, which is made of code, currency, price and period. Another price is another plan.

create table public.subscription_plans (
  code text primary key constraint subscription_plans_code_is_name check (code ~ '^[a-z0-9_]{1,40}$'),
  name text not null,
  currency text not null default 'usd' constraint subscription_plans_currency_is_code check (currency ~ '^[a-z]{3}$'),
  price_cents bigint not null constraint subscription_plans_price_in_range check (price_cents between 50 and 99999999),
  period text not null constraint subscription_plans_period_known check (period in ('month', 'year')),
  credit_micros bigint not null,
  rollover text not null default 'none' constraint subscription_plans_rollover_known check (rollover in ('none', 'capped', 'all')),
  rollover_cap_micros bigint constraint subscription_plans_cap_not_negative check (rollover_cap_micros >= 0),
  rate_plan text,
  lookup_key text not null generated always as ('talktime_plan_' || code || '_' || currency || '_' || price_cents::text || '_' || period) stored unique,
  active boolean not null default true,
  position integer not null default 0,
  constraint subscription_plans_credit_covers_price check (credit_micros between price_cents * 10000 and 10000000000000),
  constraint subscription_plans_capped_has_cap check ((rollover = 'capped') = (rollover_cap_micros is not null))
);
alter table public.subscription_plans enable row level security;
comment on table public.subscription_plans is 'Plans on sale.';
comment on column public.subscription_plans.code is 'Stable name.';
comment on column public.subscription_plans.name is 'Name a buyer sees.';
comment on column public.subscription_plans.currency is 'ISO 4217 code, lower case.';
comment on column public.subscription_plans.price_cents is 'Price a period, in cents, before tax.';
comment on column public.subscription_plans.period is 'month or year.';
comment on column public.subscription_plans.credit_micros is 'Credit each period, in micro-units; what exceeds the price is promotional credit.';
comment on column public.subscription_plans.rollover is 'What becomes of what is left at the period''s end: none, capped or all stays.';
comment on column public.subscription_plans.rollover_cap_micros is 'How much stays at most, in micro-units.';
comment on column public.subscription_plans.rate_plan is 'Rate plan of its subscribers; null leaves theirs.';
comment on column public.subscription_plans.lookup_key is 'Lookup key of its price at Stripe.';
comment on column public.subscription_plans.active is 'Whether it can be subscribed to.';
comment on column public.subscription_plans.position is 'Order in lists.';

create policy "Anyone reads the plans on sale" on public.subscription_plans for select to anon, authenticated using (active);
grant select on public.subscription_plans to anon, authenticated, service_role;

create function private.keep_plan_terms() returns trigger
language plpgsql volatile set search_path = ''
as $$
begin
  if (new.currency, new.price_cents, new.period) is distinct from (old.currency, old.price_cents, old.period)
    and exists (select from public.subscriptions s where old.code in (s.plan_code, s.next_plan_code)) then
    perform private.raise_error('append_only', jsonb_build_object('plan_code', old.code));
  end if;
  return new;
end
$$;
comment on function private.keep_plan_terms() is
  'Invoices of those who have subscribed name the plan by its price: another price is another plan.';
create trigger subscription_plans_keep_terms before update on public.subscription_plans for each row execute function private.keep_plan_terms();
