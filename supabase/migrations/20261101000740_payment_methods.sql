-- Payment methods: the cards a person has saved at Stripe.
--
-- Stripe keeps the cards; here is only what a person needs to tell them apart. The list is what Stripe said last, replaced whole each time it is read: after
-- a card was added, after a return from Stripe's portal, and whenever somebody asks. A card that has gone stays as a row with the time it went.
--
-- A person is one customer at Stripe. Where two pages at once have made two, the cards of both are known, each with its own customer.

insert into private.settings (name, value, description) values
  ('billing_limit_per_hour', '60', 'Requests about saved cards a person may make an hour.'),
  ('manage_url', 'null', 'Page where a person manages saved cards and auto-reload; app_url where it is null.');

create table public.payment_methods (
  user_id uuid not null references public.users (id),
  id text not null,
  customer_id text not null,
  livemode boolean not null,
  type text not null,
  brand text,
  last4 text,
  exp_month integer,
  exp_year integer,
  is_default boolean not null default false,
  created_at timestamptz not null,
  removed_at timestamptz,
  primary key (user_id, id),
  constraint payment_methods_removed_is_no_default check (not is_default or removed_at is null)
);
alter table public.payment_methods enable row level security;
comment on table public.payment_methods is 'Saved cards as Stripe listed them last, and those that are gone.';
comment on column public.payment_methods.user_id is 'Whose card.';
comment on column public.payment_methods.id is 'The Stripe payment method.';
comment on column public.payment_methods.customer_id is 'The Stripe customer it belongs to.';
comment on column public.payment_methods.livemode is 'Whether it can be charged real money.';
comment on column public.payment_methods.type is 'card, or another type of Stripe''s.';
comment on column public.payment_methods.brand is 'Brand of the card, in Stripe''s words.';
comment on column public.payment_methods.last4 is 'Last digits.';
comment on column public.payment_methods.exp_month is 'Month the card expires in.';
comment on column public.payment_methods.exp_year is 'Year the card expires in.';
comment on column public.payment_methods.is_default is 'The one that is charged where none is named.';
comment on column public.payment_methods.created_at is 'When it was saved, as Stripe says.';
comment on column public.payment_methods.removed_at is 'When it was found to be gone; null while it is saved.';

create unique index payment_methods_default on public.payment_methods (user_id, livemode) where is_default;

create policy "Users read their own payment methods" on public.payment_methods
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.payment_methods to authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------------
-- Internals
-- ---------------------------------------------------------------------------------------------------------------------

create function private.payment_methods_json(p_user_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('user_id', m.user_id, 'payment_method_id', m.id, 'type', m.type, 'brand', m.brand, 'last4', m.last4,
    'exp_month', m.exp_month, 'exp_year', m.exp_year, 'is_default', m.is_default, 'livemode', m.livemode, 'created_at', m.created_at)
    order by m.is_default desc, m.created_at desc, m.id), '[]')
  from public.payment_methods m
  where m.user_id = p_user_id and m.removed_at is null and m.livemode = (private.setting('stripe_livemode'))::boolean
$$;
comment on function private.payment_methods_json(uuid) is 'A person''s saved cards of the mode in use, as the API shows them, the default first.';

create function private.find_payment_method(p_user_id uuid, p_payment_method_id text) returns public.payment_methods
language plpgsql stable set search_path = ''
as $$
declare
  v_method public.payment_methods;
begin
  select * into v_method from public.payment_methods m
    where m.user_id = p_user_id and m.id = p_payment_method_id and m.removed_at is null
      and m.livemode = (private.setting('stripe_livemode'))::boolean;
  if not found then
    perform private.raise_error('payment_method_not_found', jsonb_build_object('payment_method_id', left(p_payment_method_id, 100)));
  end if;
  return v_method;
end
$$;
comment on function private.find_payment_method(uuid, text) is 'A saved card of a person by its id. Raises payment_method_not_found.';

create function private.choose_default(p_user_id uuid, p_default_id text) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_livemode boolean := (private.setting('stripe_livemode'))::boolean;
  v_default text;
begin
  -- What Stripe says; else the one there was; else the only one: among several nobody guesses.
  select m.id into v_default from public.payment_methods m
    where m.user_id = p_user_id and m.removed_at is null and m.livemode = v_livemode
      and (m.id = p_default_id or m.is_default or not exists (
        select from public.payment_methods o where o.user_id = p_user_id and o.removed_at is null and o.livemode = v_livemode and o.id <> m.id))
    order by (m.id = p_default_id) desc nulls last, m.is_default desc limit 1;
  update public.payment_methods m set is_default = false
    where m.user_id = p_user_id and m.livemode = v_livemode and m.is_default and m.id is distinct from v_default;
  update public.payment_methods m set is_default = true where m.user_id = p_user_id and m.id = v_default and not m.is_default;
end
$$;
comment on function private.choose_default(uuid, text) is 'Marks the default card: the one Stripe names, else the present one, else the only one.';

create function public.list_payment_methods(user_id uuid default null) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return private.payment_methods_json(private.acting_user(list_payment_methods.user_id));
end
$$;
comment on function public.list_payment_methods(uuid) is
  'A person''s saved cards as Stripe listed them last, the default first. Raises not_authenticated, forbidden.';
grant execute on function public.list_payment_methods(uuid) to authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------------
-- For the function
-- ---------------------------------------------------------------------------------------------------------------------

create function public.begin_billing(user_id uuid, action text, urls jsonb default '{}', payment_method_id text default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users := private.lock_user(begin_billing.user_id);
  v_livemode boolean := (private.setting('stripe_livemode'))::boolean;
  v_saves_card boolean := begin_billing.action in ('add_card', 'portal');
  v_method public.payment_methods;
begin
  if v_user.status = 'closed' or v_saves_card then
    perform private.require_active(v_user);
  end if;
  perform private.require_allowed_redirect(u.key, u.value) from jsonb_each_text(begin_billing.urls) u;
  perform private.take_rate_limit(v_user.id, 'billing', private.setting_integer('billing_limit_per_hour'), interval '1 hour');
  if v_saves_card then
    perform private.require_few_failed_payments(v_user.id);
  elsif begin_billing.action in ('set_default', 'remove') then
    v_method := private.find_payment_method(v_user.id, begin_billing.payment_method_id);
  end if;
  -- Whoever takes a card away wants it charged no more, from now on: auto-reload must not go on, not even with another one.
  if begin_billing.action = 'remove' and private.reload_card(v_user.id) = v_method.id then
    perform private.switch_reload_off(v_user.id);
  end if;
  return jsonb_build_object('user_id', v_user.id, 'expected_livemode', v_livemode, 'currency', v_user.currency,
    'customer_id', coalesce(v_method.customer_id, private.stripe_customer(v_user.id)),
    'customers', (select coalesce(jsonb_agg(c.id order by c.is_current desc, c.id), '[]') from (
      select k.id, bool_or(k.is_current) as is_current from (
        select private.stripe_customer(v_user.id), true
        union all select m.customer_id, false from public.payment_methods m
          where m.user_id = v_user.id and m.livemode = v_livemode and m.removed_at is null) k (id, is_current)
      where k.id is not null group by k.id) c),
    'payment_methods', private.payment_methods_json(v_user.id));
end
$$;
comment on function public.begin_billing(uuid, text, jsonb, text) is
  'The beginning of each action of manage-billing: checks wallet, pages to return to, rate and whose card it is, and says for which Stripe customer it is. With the card that auto-reload charges, remove switches that off before Stripe is asked. Secret key only. Raises user_not_found, wallet_suspended, wallet_closed, redirect_not_allowed, rate_limited, too_many_failed_payments, payment_method_not_found.';

create function public.save_stripe_customer(user_id uuid, customer_id text) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform private.remember_stripe_customer(u.id, (private.setting('stripe_livemode'))::boolean, save_stripe_customer.customer_id)
    from private.lock_user(save_stripe_customer.user_id) u;
end
$$;
comment on function public.save_stripe_customer(uuid, text) is
  'Notes the customer that was made for a person at Stripe, before a card is saved to it. Secret key only. Raises user_not_found.';

create function public.save_payment_methods(user_id uuid, customer_id text, methods jsonb, default_id text default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users := private.lock_user(save_payment_methods.user_id);
  v_livemode boolean := (private.setting('stripe_livemode'))::boolean;
begin
  -- Of a deleted login nothing is kept.
  if v_user.status = 'closed' then
    return '[]';
  end if;
  -- A card of another customer does not change who the person is from now on.
  if private.stripe_customer(v_user.id) is null and jsonb_array_length(save_payment_methods.methods) > 0 then
    perform private.remember_stripe_customer(v_user.id, v_livemode, save_payment_methods.customer_id);
  end if;
  insert into public.payment_methods as k (user_id, id, customer_id, livemode, type, brand, last4, exp_month, exp_year, created_at)
    select v_user.id, m.id, save_payment_methods.customer_id, m.livemode, m.type, m.brand, m.last4, m.exp_month, m.exp_year, to_timestamp(m.created)
    from jsonb_to_recordset(save_payment_methods.methods)
      m (id text, livemode boolean, type text, brand text, last4 text, exp_month integer, exp_year integer, created double precision)
    where m.livemode = v_livemode
    on conflict on constraint payment_methods_pkey do update set customer_id = excluded.customer_id, livemode = excluded.livemode, type = excluded.type,
      brand = excluded.brand, last4 = excluded.last4, exp_month = excluded.exp_month, exp_year = excluded.exp_year, removed_at = null;
  update public.payment_methods k set removed_at = private.clock(), is_default = false
    where k.user_id = v_user.id and k.customer_id = save_payment_methods.customer_id and k.livemode = v_livemode and k.removed_at is null
      and not exists (select from jsonb_to_recordset(save_payment_methods.methods) m (id text) where m.id = k.id);
  perform private.choose_default(v_user.id, save_payment_methods.default_id);
  perform private.after_card_change(v_user.id);
  return private.payment_methods_json(v_user.id);
end
$$;
comment on function public.save_payment_methods(uuid, text, jsonb, text) is
  'Replaces what is known of a Stripe customer''s cards by what Stripe says now: [{id, livemode, type, brand, last4, exp_month, exp_year, created}], and its default. Secret key only. Raises user_not_found.';

grant execute on function public.begin_billing(uuid, text, jsonb, text) to service_role;
grant execute on function public.save_stripe_customer(uuid, text) to service_role;
grant execute on function public.save_payment_methods(uuid, text, jsonb, text) to service_role;
