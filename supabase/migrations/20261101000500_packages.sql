-- Packages: what is sold.
--
-- A package has a price in cents and brings credit in micro-units, one to one unless configured otherwise, plus a bonus. The price at
-- Stripe is found by `lookup_key`, which names the amount: a changed price is a new key, and an old Checkout Session keeps its own.

create table public.credit_packages (
  code text primary key constraint credit_packages_code_is_name check (code ~ '^[a-z0-9_]{1,40}$'),
  name text not null,
  currency text not null default 'usd' constraint credit_packages_currency_is_code check (currency ~ '^[a-z]{3}$'),
  price_cents bigint not null constraint credit_packages_price_in_range check (price_cents between 50 and 99999999),
  credit_micros bigint not null,
  bonus_micros bigint not null default 0 constraint credit_packages_bonus_in_range check (bonus_micros between 0 and 1000000000000),
  valid_days integer constraint credit_packages_valid_days_positive check (valid_days > 0),
  bonus_valid_days integer constraint credit_packages_bonus_valid_days_positive check (bonus_valid_days > 0),
  lookup_key text not null generated always as ('talktime_' || code || '_' || currency || '_' || price_cents::text) stored unique,
  active boolean not null default true,
  position integer not null default 0,
  -- Paid credit is money the books owe against stripe_clearing, so it never falls below what was paid.
  constraint credit_packages_credit_covers_price check (credit_micros between price_cents * 10000 and 10000000000000)
);
alter table public.credit_packages enable row level security;
comment on table public.credit_packages is 'Credit packages on sale.';
comment on column public.credit_packages.code is 'Stable name, for example credit_10.';
comment on column public.credit_packages.name is 'Name a buyer sees.';
comment on column public.credit_packages.currency is 'ISO 4217 code, lower case.';
comment on column public.credit_packages.price_cents is 'Price in cents.';
comment on column public.credit_packages.credit_micros is 'Credit it brings, in micro-units; what exceeds the price is promotional credit.';
comment on column public.credit_packages.bonus_micros is 'Promotional credit on top, in micro-units.';
comment on column public.credit_packages.valid_days is 'How long paid credit may be spent, in days of 24 hours; null means for ever.';
comment on column public.credit_packages.bonus_valid_days is 'The same for promotional credit.';
comment on column public.credit_packages.lookup_key is 'Lookup key of its price at Stripe.';
comment on column public.credit_packages.active is 'Whether it can be bought.';
comment on column public.credit_packages.position is 'Order in lists.';

create policy "Anyone reads the packages on sale" on public.credit_packages
  for select to anon, authenticated using (active);
grant select on public.credit_packages to anon, authenticated, service_role;
