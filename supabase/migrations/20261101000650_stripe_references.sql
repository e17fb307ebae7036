-- Stripe references: who a person and what a price is at Stripe.
--
-- Remembering them keeps an ordinary purchase at two requests to Stripe: make the session, read it back.

create table private.stripe_customers (
  user_id uuid not null references public.users (id),
  livemode boolean not null,
  customer_id text not null,
  primary key (user_id, livemode)
);
alter table private.stripe_customers enable row level security;
comment on table private.stripe_customers is 'Who a person is at Stripe, in each mode.';
comment on column private.stripe_customers.user_id is 'The person.';
comment on column private.stripe_customers.livemode is 'The mode.';
comment on column private.stripe_customers.customer_id is 'The Stripe customer.';

create table private.stripe_prices (
  lookup_key text not null,
  livemode boolean not null,
  price_id text not null,
  primary key (lookup_key, livemode)
);
alter table private.stripe_prices enable row level security;
comment on table private.stripe_prices is 'Prices at Stripe by their lookup key. A price never changes its amount: a new amount has a new key.';
comment on column private.stripe_prices.lookup_key is 'The key: package, currency and amount.';
comment on column private.stripe_prices.livemode is 'The mode.';
comment on column private.stripe_prices.price_id is 'The Stripe price.';

create function private.stripe_customer(p_user_id uuid) returns text
language sql stable set search_path = ''
as $$
  select c.customer_id from private.stripe_customers c
  where c.user_id = p_user_id and c.livemode = (private.setting('stripe_livemode'))::boolean
$$;
comment on function private.stripe_customer(uuid) is 'The Stripe customer of a person in the mode in use, or null.';

create function private.remember_stripe_customer(p_user_id uuid, p_livemode boolean, p_customer_id text) returns void
language sql volatile set search_path = ''
as $$
  insert into private.stripe_customers as c (user_id, livemode, customer_id)
  select u.id, p_livemode, p_customer_id from public.users u
  where u.id = p_user_id and u.status <> 'closed' and p_customer_id is not null
  on conflict (user_id, livemode) do update set customer_id = excluded.customer_id where c.customer_id <> excluded.customer_id
$$;
comment on function private.remember_stripe_customer(uuid, boolean, text) is 'Notes who a person is at Stripe; of a deleted login nothing is kept.';

create function public.forget_stripe_customer(user_id uuid, customer_id text) returns void
language sql volatile security definer set search_path = ''
as $$
  delete from private.stripe_customers c
  where c.user_id = forget_stripe_customer.user_id and c.customer_id = forget_stripe_customer.customer_id
$$;
comment on function public.forget_stripe_customer(uuid, text) is 'For a customer that Stripe no longer knows: the next session makes a new one. Secret key only.';

create function public.forget_stripe_price(lookup_key text) returns void
language sql volatile security definer set search_path = ''
as $$
  delete from private.stripe_prices p where p.lookup_key = forget_stripe_price.lookup_key
$$;
comment on function public.forget_stripe_price(text) is 'For a price that Stripe refuses: the next session looks it up again. Secret key only.';

grant execute on function public.forget_stripe_customer(uuid, text) to service_role;
grant execute on function public.forget_stripe_price(text) to service_role;
