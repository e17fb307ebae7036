-- Rates: what a call costs.
--
-- A rate plan prices destination prefixes; the longest prefix that matches wins. `call_cost` is the one function that turns
-- seconds into money: it multiplies before it divides and rounds once, on the total, by the rate's mode to the rate's precision.
-- `max_seconds` is its exact inverse, so the estimate, the authorization and the settlement can never disagree.
--
--   t      = max(0, d - free)                                                    0 s costs 0
--   billed = initial + ceil(max(0, t - initial) / increment) * increment         nothing when t = 0
--   cost   = max(minimum_charge, connection_fee + round(billed * per_minute / 60))
--
-- A published rate never changes: triggers refuse it. A new version, effective from a later instant, replaces it; a call keeps the version it was
-- authorized with. So what a number cost at an instant that is past is answered the same forever. Only a plan that had no rates, of which nothing
-- was ever answered, may be given some that apply from before.

create table public.rate_plans (
  code text primary key constraint rate_plans_code_is_name check (code ~ '^[a-z0-9_]{1,40}$'),
  name text not null,
  currency text not null default 'usd' constraint rate_plans_currency_is_code check (currency ~ '^[a-z]{3}$'),
  is_default boolean not null default false
);
alter table public.rate_plans enable row level security;
comment on table public.rate_plans is 'Rate plans. A user without one of their own has the default plan.';
comment on column public.rate_plans.code is 'Stable name.';
comment on column public.rate_plans.name is 'Name a user sees.';
comment on column public.rate_plans.currency is 'ISO 4217 code, lower case.';
comment on column public.rate_plans.is_default is 'The plan of every user without one; at most one plan.';
create unique index rate_plans_one_default on public.rate_plans (is_default) where is_default;

create policy "Anyone reads the rate plans" on public.rate_plans for select to anon, authenticated using (true);
grant select on public.rate_plans to anon, authenticated, service_role;

create table public.rates (
  rate_plan text not null references public.rate_plans (code),
  prefix text not null constraint rates_prefix_is_digits check (prefix ~ '^[0-9]{0,15}$'),
  effective_from timestamptz not null default '-infinity',
  per_minute_micros bigint not null constraint rates_per_minute_in_range check (per_minute_micros between 0 and 1000000000),
  connection_fee_micros bigint not null default 0
    constraint rates_connection_fee_in_range check (connection_fee_micros between 0 and 1000000000),
  initial_increment_seconds integer not null
    constraint rates_initial_increment_in_range check (initial_increment_seconds between 1 and 3600),
  increment_seconds integer not null constraint rates_increment_in_range check (increment_seconds between 1 and 3600),
  free_seconds integer not null default 0 constraint rates_free_seconds_in_range check (free_seconds between 0 and 3600),
  minimum_charge_micros bigint not null default 0
    constraint rates_minimum_charge_in_range check (minimum_charge_micros between 0 and 1000000000),
  rounding_mode text not null default 'up'
    constraint rates_rounding_mode_known check (rounding_mode in ('up', 'half_up', 'half_even', 'down')),
  precision_micros bigint not null default 1 constraint rates_precision_in_range check (precision_micros between 1 and 1000000),
  primary key (rate_plan, prefix, effective_from)
);
alter table public.rates enable row level security;
comment on table public.rates is 'Prices by destination prefix and instant.';
comment on column public.rates.rate_plan is 'The plan it belongs to.';
comment on column public.rates.prefix is 'Leading digits of the E.164 number, without the plus; empty matches every number.';
comment on column public.rates.effective_from is 'From when it applies.';
comment on column public.rates.per_minute_micros is 'Price of sixty seconds in micro-units.';
comment on column public.rates.connection_fee_micros is 'Price of the answer, in micro-units.';
comment on column public.rates.initial_increment_seconds is 'First billing step, in seconds.';
comment on column public.rates.increment_seconds is 'Every further billing step, in seconds.';
comment on column public.rates.free_seconds is 'Seconds at the start of a call that are not billed.';
comment on column public.rates.minimum_charge_micros is 'Least price of an answered call, in micro-units.';
comment on column public.rates.rounding_mode is 'up, half_up, half_even or down.';
comment on column public.rates.precision_micros is 'Costs are rounded to a multiple of this.';

create policy "Anyone reads the rates" on public.rates for select to anon, authenticated using (true);
grant select on public.rates to anon, authenticated, service_role;

create function private.refuse_published_rate() returns trigger
language plpgsql volatile set search_path = ''
as $$
begin
  if tg_op = 'TRUNCATE' then
    perform private.raise_error('rate_published', '{"operation": "truncate"}');
  end if;
  if old.effective_from <= private.clock() then
    perform private.raise_error('rate_published', jsonb_build_object(
      'rate_plan', old.rate_plan, 'prefix', old.prefix, 'effective_from', old.effective_from));
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  if new.effective_from < private.publishing_since() then
    perform private.raise_error('rate_published', jsonb_build_object(
      'rate_plan', new.rate_plan, 'prefix', new.prefix, 'effective_from', new.effective_from));
  end if;
  return new;
end
$$;
comment on function private.refuse_published_rate() is
  'Trigger: a rate that is or was in force never changes; one that lies in the future may be corrected or withdrawn, but not moved into the past.';

create trigger published_rates_never_change before update or delete on public.rates
  for each row execute function private.refuse_published_rate();
create trigger rates_are_not_truncated before truncate on public.rates
  for each statement execute function private.refuse_published_rate();

create function private.publishing_since() returns timestamptz
language plpgsql stable set search_path = ''
as $$
begin
  return private.clock() - (clock_timestamp() - transaction_timestamp());
end
$$;
comment on function private.publishing_since() is
  'When the transaction began: the earliest instant from which a rate it publishes may apply. Loading a long sheet takes its time.';

create function private.refuse_backdated_rates() returns trigger
language plpgsql volatile set search_path = ''
as $$
declare
  v_since timestamptz := private.publishing_since();
  v_plan record;
begin
  for v_plan in
    select p.rate_plan, count(*) as added, min(p.effective_from) as earliest
    from published p group by p.rate_plan having min(p.effective_from) < v_since order by p.rate_plan
  loop
    -- Two sessions that fill one empty plan wait for each other here, and the second finds it filled.
    perform from public.rate_plans r where r.code = v_plan.rate_plan for no key update;
    if v_plan.added < (select count(*) from public.rates r where r.rate_plan = v_plan.rate_plan) then
      perform private.raise_error('rate_published', jsonb_build_object('rate_plan', v_plan.rate_plan, 'effective_from', v_plan.earliest));
    end if;
  end loop;
  return null;
end
$$;
comment on function private.refuse_backdated_rates() is
  'Trigger: no version applies from an instant that is past, because it would change what was answered then. The rates a plan begins with may.';

create trigger rates_are_not_backdated after insert on public.rates
  referencing new table as published for each statement execute function private.refuse_backdated_rates();

-- ---------------------------------------------------------------------------------------------------------------------
-- Whose plan
-- ---------------------------------------------------------------------------------------------------------------------

-- A wallet is never charged in another currency: the key carries it, so that neither the wallet nor its plan can change it alone.
alter table public.rate_plans add constraint rate_plans_code_currency unique (code, currency);
alter table public.users add constraint users_rate_plan_is_of_the_wallets_currency
  foreign key (rate_plan, currency) references public.rate_plans (code, currency);
create index users_rate_plan on public.users (rate_plan, currency) where rate_plan is not null;

create function private.require_plan_currency() returns trigger
language plpgsql stable set search_path = ''
as $$
declare
  v_plan public.rate_plans;
begin
  select * into v_plan from public.rate_plans p where case when new.rate_plan is null then p.is_default else p.code = new.rate_plan end;
  if v_plan.currency <> new.currency then
    perform private.raise_error('invalid_request', jsonb_build_object('parameter', 'rate_plan', 'problem', 'not of the wallet''s currency',
      'user_id', new.id, 'rate_plan', v_plan.code, 'plan_currency', v_plan.currency, 'wallet_currency', new.currency));
  end if;
  return new;
end
$$;
comment on function private.require_plan_currency() is 'Trigger: a wallet''s plan, its own or the default one, is of its currency. Raises invalid_request.';

create trigger plan_is_of_the_wallets_currency before insert or update of rate_plan, currency on public.users
  for each row execute function private.require_plan_currency();

create function private.require_default_currency() returns trigger
language plpgsql stable set search_path = ''
as $$
begin
  if exists (select from public.users u where u.rate_plan is null and u.currency <> new.currency) then
    perform private.raise_error('invalid_request', jsonb_build_object('parameter', 'currency',
      'problem', 'a wallet of another currency has the default plan', 'rate_plan', new.code, 'plan_currency', new.currency));
  end if;
  return new;
end
$$;
comment on function private.require_default_currency() is 'Trigger: the default plan is of the currency of every wallet that has no plan of its own. Raises invalid_request.';

create trigger default_plan_is_of_its_wallets_currency before insert or update of is_default, currency on public.rate_plans
  for each row when (new.is_default) execute function private.require_default_currency();

-- ---------------------------------------------------------------------------------------------------------------------
-- Arithmetic
-- ---------------------------------------------------------------------------------------------------------------------

create function private.billed_seconds(p_seconds bigint, p_rate public.rates) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return case
    when p_seconds <= p_rate.free_seconds then 0
    when p_seconds - p_rate.free_seconds <= p_rate.initial_increment_seconds then p_rate.initial_increment_seconds
    else p_rate.initial_increment_seconds
      + (p_seconds - p_rate.free_seconds - p_rate.initial_increment_seconds + p_rate.increment_seconds - 1)
        / p_rate.increment_seconds * p_rate.increment_seconds
  end;
end
$$;
comment on function private.billed_seconds(bigint, public.rates) is
  'Seconds billed for seconds talked: past the free seconds, the initial increment, then whole increments anchored after it.';

create function private.full_increments(p_seconds bigint, p_rate public.rates) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return greatest(p_seconds, least(p_seconds, p_rate.free_seconds) + private.billed_seconds(p_seconds, p_rate));
end
$$;
comment on function private.full_increments(bigint, public.rates) is 'A talk time stretched to the end of the increment that would be billed for it.';

create function private.round_quotient(p_numerator bigint, p_denominator bigint, p_mode text) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return p_numerator / p_denominator + case p_mode
    when 'down' then 0
    when 'up' then (p_numerator % p_denominator > 0)::integer
    when 'half_up' then (2 * (p_numerator % p_denominator) >= p_denominator)::integer
    when 'half_even' then (2 * (p_numerator % p_denominator) > p_denominator
      or (2 * (p_numerator % p_denominator) = p_denominator and p_numerator / p_denominator % 2 = 1))::integer
  end;
end
$$;
comment on function private.round_quotient(bigint, bigint, text) is 'A non-negative quotient rounded to an integer: down, up, half_up or half_even.';

create function private.call_cost(p_seconds bigint, p_rate public.rates) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return case
    when p_seconds <= 0 then 0
    else greatest(p_rate.minimum_charge_micros,
      p_rate.connection_fee_micros + p_rate.precision_micros * private.round_quotient(
        private.billed_seconds(p_seconds, p_rate) * p_rate.per_minute_micros, 60 * p_rate.precision_micros, p_rate.rounding_mode))
  end;
end
$$;
comment on function private.call_cost(bigint, public.rates) is
  'Cost in micro-units of a number of seconds. The only place where seconds become money; rounds once.';

-- cost(b) <= amount holds exactly while b * per_minute stays within a bound that depends on how ties round.
create function private.max_seconds(p_amount_micros bigint, p_rate public.rates) returns bigint
language plpgsql immutable set search_path = ''
as $$
declare
  v_units bigint := (p_amount_micros - p_rate.connection_fee_micros) / p_rate.precision_micros;
  v_divisor bigint := 60 * p_rate.precision_micros;
  v_bound bigint;
  v_billable bigint;
begin
  if p_amount_micros < greatest(p_rate.connection_fee_micros, p_rate.minimum_charge_micros) then
    return 0;
  end if;
  if p_rate.per_minute_micros = 0 then
    return 9007199254740991;
  end if;
  v_bound := case p_rate.rounding_mode
    when 'up' then v_divisor * v_units
    when 'down' then v_divisor * (v_units + 1) - 1
    when 'half_up' then (v_divisor * (2 * v_units + 1) - 1) / 2
    when 'half_even' then (v_divisor * (2 * v_units + 1) - v_units % 2) / 2
  end;
  v_billable := v_bound / p_rate.per_minute_micros;
  if v_billable < p_rate.initial_increment_seconds then
    return p_rate.free_seconds;
  end if;
  return p_rate.free_seconds + p_rate.initial_increment_seconds
    + (v_billable - p_rate.initial_increment_seconds) / p_rate.increment_seconds * p_rate.increment_seconds;
end
$$;
comment on function private.max_seconds(bigint, public.rates) is
  'The exact inverse of call_cost: call_cost(max_seconds(x)) <= x < call_cost(max_seconds(x) + 1). A free rate has no end: 2^53 - 1.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Which rate
-- ---------------------------------------------------------------------------------------------------------------------

create function private.parse_destination(p_destination text) returns text
language plpgsql stable set search_path = ''
as $$
declare
  v_number text := regexp_replace(p_destination, '[\s().-]', '', 'g');
begin
  -- The length apart: a counted repetition would make the pattern many times slower.
  if v_number is null or v_number !~ '^\+[1-9][0-9]+$' or length(v_number) not between 8 and 16 then
    perform private.raise_error('invalid_destination', jsonb_build_object('destination', left(p_destination, 40)));
  end if;
  return v_number;
end
$$;
comment on function private.parse_destination(text) is
  'A dialled number in E.164 form (ITU-T E.164: at most fifteen digits). Spaces, dots, dashes and brackets are dropped. Raises invalid_destination.';

create function private.user_rate_plan(p_user public.users) returns text
language plpgsql stable set search_path = ''
as $$
begin
  return coalesce(p_user.rate_plan, (select r.code from public.rate_plans r where r.is_default));
end
$$;
comment on function private.user_rate_plan(public.users) is 'The user''s own plan or the default one.';

create function private.find_rate(p_rate_plan text, p_number text, p_at timestamptz) returns public.rates
language plpgsql stable set search_path = ''
as $$
declare
  v_digits text := substr(p_number, 2);
  v_prefixes text[] := array['', left(v_digits, 1), left(v_digits, 2), left(v_digits, 3), left(v_digits, 4), left(v_digits, 5),
    left(v_digits, 6), left(v_digits, 7), left(v_digits, 8), left(v_digits, 9), left(v_digits, 10), left(v_digits, 11),
    left(v_digits, 12), left(v_digits, 13), left(v_digits, 14), v_digits];
  v_rate public.rates;
begin
  select * into v_rate from public.rates r
    where r.rate_plan = coalesce(p_rate_plan, (select p.code from public.rate_plans p where p.is_default))
      and r.prefix = any (v_prefixes) and r.effective_from <= p_at
    -- Of two prefixes of one number the longer sorts last, so the key's own order finds it without a sort.
    order by r.prefix desc, r.effective_from desc
    limit 1;
  if not found then
    perform private.raise_error('destination_not_rated', jsonb_build_object('rate_plan',
      coalesce(p_rate_plan, (select p.code from public.rate_plans p where p.is_default))));
  end if;
  return v_rate;
end
$$;
comment on function private.find_rate(text, text, timestamptz) is
  'The rate of the longest matching prefix in force at an instant; without a plan, of the default one. Raises destination_not_rated.';

create function private.rate_json(p_rate public.rates) returns jsonb
language plpgsql immutable set search_path = ''
as $$
begin
  return jsonb_build_object(
    'plan', p_rate.rate_plan, 'prefix', p_rate.prefix, 'per_minute_micros', p_rate.per_minute_micros,
    'connection_fee_micros', p_rate.connection_fee_micros, 'initial_increment_seconds', p_rate.initial_increment_seconds,
    'increment_seconds', p_rate.increment_seconds, 'free_seconds', p_rate.free_seconds,
    'minimum_charge_micros', p_rate.minimum_charge_micros, 'effective_from', p_rate.effective_from, 'rounding_mode', p_rate.rounding_mode, 'precision_micros', p_rate.precision_micros);
end
$$;
comment on function private.rate_json(public.rates) is 'A rate as the API shows it.';
