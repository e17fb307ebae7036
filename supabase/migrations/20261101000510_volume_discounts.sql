-- Volume discounts: more credit for a larger purchase.
--
-- A slab adds a percentage of the price as promotional credit from a price on; of the slabs in force the one with the highest such price counts. It is fixed
-- when the purchase begins, so a buyer gets what the page showed, and it goes back in proportion when the purchase is refunded.

create table public.bonus_slabs (
  currency text not null default 'usd' constraint bonus_slabs_currency_is_code check (currency ~ '^[a-z]{3}$'),
  min_price_cents bigint not null constraint bonus_slabs_min_price_positive check (min_price_cents > 0),
  effective_from timestamptz not null,
  effective_until timestamptz,
  bonus_basis_points integer not null constraint bonus_slabs_bonus_in_range check (bonus_basis_points between 0 and 100000),
  primary key (currency, min_price_cents, effective_from),
  constraint bonus_slabs_ends_after_it_begins check (effective_until > effective_from)
);
alter table public.bonus_slabs enable row level security;
comment on table public.bonus_slabs is 'Bonus by price.';
comment on column public.bonus_slabs.currency is 'Currency of the packages it is for.';
comment on column public.bonus_slabs.min_price_cents is 'The price from which it counts.';
comment on column public.bonus_slabs.effective_from is 'From when.';
comment on column public.bonus_slabs.effective_until is 'Until when; null means until it is ended.';
comment on column public.bonus_slabs.bonus_basis_points is 'Hundredths of a percent of the price: 500 is 5 %.';

create policy "Anyone reads the volume discounts" on public.bonus_slabs for select to anon, authenticated using (true);
grant select on public.bonus_slabs to anon, authenticated, service_role;

create function private.slab_bonus(p_package public.credit_packages, p_at timestamptz) returns bigint
language sql stable set search_path = ''
as $$
  select coalesce((
    select p_package.price_cents * s.bonus_basis_points from public.bonus_slabs s
    where s.currency = p_package.currency and s.min_price_cents <= p_package.price_cents
      and s.effective_from <= p_at and (s.effective_until is null or s.effective_until > p_at)
    order by s.min_price_cents desc, s.effective_from desc limit 1), 0)
$$;
comment on function private.slab_bonus(public.credit_packages, timestamptz) is
  'The volume discount of a package at an instant, in micro-units: cents × basis points are exactly micro-units.';
