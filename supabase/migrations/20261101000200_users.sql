-- Users: the owners of wallets.
--
-- A wallet row appears with the sign-up and outlives the login: its id equals auth.users.id but is no foreign key, because
-- records of money stay when a login goes. Deleting the login closes the wallet and removes what identifies the person.
--
-- `balance_micros` caches the sum of the journal and `held_micros` the sum of open holds, so that a request needs no sums.
-- Whoever changes a person's money locks this row first (`private.lock_user`), always before calls and grants.

create table public.users (
  id uuid primary key,
  status text not null default 'active'
    constraint users_status_known check (status in ('active', 'suspended', 'closed')),
  currency text not null default 'usd' constraint users_currency_is_code check (currency ~ '^[a-z]{3}$'),
  balance_micros bigint not null default 0
    constraint users_balance_is_safe_integer check (balance_micros between -9007199254740991 and 9007199254740991),
  held_micros bigint not null default 0
    constraint users_held_is_safe_integer check (held_micros between 0 and 9007199254740991),
  last_line bigint not null default 0 constraint users_last_line_not_negative check (last_line >= 0),
  rate_plan text,
  warning_thresholds_seconds integer[] not null default '{60,30,10}'
    constraint users_warning_thresholds_positive check (0 < all (warning_thresholds_seconds) and cardinality(warning_thresholds_seconds) <= 10),
  low_balance_threshold_micros bigint
    constraint users_low_balance_threshold_not_negative check (low_balance_threshold_micros >= 0),
  credit_limit_micros bigint not null default 0
    constraint users_credit_limit_in_range check (credit_limit_micros between 0 and 1000000000000),
  max_concurrent_calls integer constraint users_max_concurrent_calls_positive check (max_concurrent_calls > 0),
  daily_spend_limit_micros bigint constraint users_daily_spend_limit_not_negative check (daily_spend_limit_micros >= 0),
  spend_day date,
  spend_day_micros bigint not null default 0 constraint users_spend_day_not_negative check (spend_day_micros >= 0),
  created_at timestamptz not null,
  closed_at timestamptz,
  constraint users_closed_has_instant check ((status = 'closed') = (closed_at is not null))
);
alter table public.users enable row level security;
comment on table public.users is 'Wallet owners. One row per sign-up; kept when the login is deleted.';
comment on column public.users.id is 'Equals auth.users.id.';
comment on column public.users.status is 'active, suspended (no new calls or purchases) or closed (login deleted).';
comment on column public.users.currency is 'ISO 4217 code of the wallet, lower case.';
comment on column public.users.balance_micros is 'Sum of the journal, in micro-units of the currency; negative is debt.';
comment on column public.users.held_micros is 'Sum of the holds of open calls, in micro-units.';
comment on column public.users.last_line is 'Newest journal line of this user.';
comment on column public.users.rate_plan is 'Rate plan of this user; null means the default plan.';
comment on column public.users.warning_thresholds_seconds is 'Seconds left at which a live call warns.';
comment on column public.users.low_balance_threshold_micros is 'Balance below which the user is told; null means never.';
comment on column public.users.credit_limit_micros is 'How far calls may take the balance below zero; counts as available.';
comment on column public.users.max_concurrent_calls is 'How many calls may be open at once; null means any number.';
comment on column public.users.daily_spend_limit_micros is 'What calls may cost a day (UTC), holds included; null means no limit.';
comment on column public.users.spend_day is 'The day (UTC) spend_day_micros is about.';
comment on column public.users.spend_day_micros is 'What calls settled that day have cost.';
comment on column public.users.created_at is 'When the wallet was opened.';
comment on column public.users.closed_at is 'When the wallet was closed.';

create policy "Users read their own wallet" on public.users
  for select to authenticated using (id = (select auth.uid()));
grant select on public.users to authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------------
-- Internals
-- ---------------------------------------------------------------------------------------------------------------------

create function private.lock_user(p_user_id uuid) returns public.users
language plpgsql volatile set search_path = ''
as $$
declare
  v_user public.users;
begin
  select * into v_user from public.users u where u.id = p_user_id for no key update;
  if not found then
    perform private.raise_error('user_not_found', jsonb_build_object('user_id', p_user_id));
  end if;
  return v_user;
end
$$;
comment on function private.lock_user(uuid) is 'Locks and returns a wallet. The first lock of every change of money. Raises user_not_found.';

create function private.require_active(p_user public.users) returns void
language plpgsql stable set search_path = ''
as $$
begin
  if p_user.status <> 'active' then
    perform private.raise_error('wallet_' || p_user.status, jsonb_build_object('user_id', p_user.id));
  end if;
end
$$;
comment on function private.require_active(public.users) is 'Raises wallet_suspended or wallet_closed unless the wallet is active.';

create function private.open_wallet() returns trigger
language plpgsql volatile security definer set search_path = ''
as $$
begin
  insert into public.users (id, currency, created_at)
  values (new.id, coalesce((select p.currency from public.rate_plans p where p.is_default), 'usd'), private.clock())
  on conflict (id) do nothing;
  return null;
end
$$;
comment on function private.open_wallet() is 'Opens the wallet of a new login, in the currency of the default rate plan.';

create function private.close_wallet() returns trigger
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update public.users u set status = 'closed', closed_at = private.clock() where u.id = old.id and u.status <> 'closed';
  perform private.anonymize_user(old.id);
  return null;
end
$$;
comment on function private.close_wallet() is 'Closes and anonymizes the wallet of a deleted login; the journal stays.';

create trigger open_wallet after insert on auth.users for each row execute function private.open_wallet();
create trigger close_wallet after delete on auth.users for each row execute function private.close_wallet();

-- Logins that were there before Talktime get their wallet now.
insert into public.users (id, created_at) select u.id, private.clock() from auth.users u on conflict (id) do nothing;
