-- Rates: what a call costs.
--
-- A rate plan prices destination prefixes; the longest prefix that matches wins. `call_cost` is the one function that turns
-- seconds into money: it multiplies before it divides and rounds once, on the total, by the rate's mode to the rate's precision.
-- `max_seconds` is its exact inverse, so the estimate, the authorization and the settlement can never disagree.
--
--   billed = initial + ceil(max(0, d - initial) / increment) * increment         0 s costs 0
--   cost   = connection_fee + round(billed * per_minute / 60)

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
comment on column public.rates.rounding_mode is 'up, half_up, half_even or down.';
comment on column public.rates.precision_micros is 'Costs are rounded to a multiple of this.';

create policy "Anyone reads the rates" on public.rates for select to anon, authenticated using (true);
grant select on public.rates to anon, authenticated, service_role;

alter table public.users add foreign key (rate_plan) references public.rate_plans (code);
create index users_rate_plan on public.users (rate_plan) where rate_plan is not null;

-- ---------------------------------------------------------------------------------------------------------------------
-- Arithmetic
-- ---------------------------------------------------------------------------------------------------------------------

create function private.billed_seconds(p_seconds bigint, p_rate public.rates) returns bigint
language sql immutable set search_path = ''
as $$
  select case
    when p_seconds <= 0 then 0
    when p_seconds <= p_rate.initial_increment_seconds then p_rate.initial_increment_seconds
    else p_rate.initial_increment_seconds
      + (p_seconds - p_rate.initial_increment_seconds + p_rate.increment_seconds - 1) / p_rate.increment_seconds * p_rate.increment_seconds
  end
$$;
comment on function private.billed_seconds(bigint, public.rates) is
  'Seconds billed for seconds talked: the initial increment, then whole increments anchored after it.';

create function private.round_quotient(p_numerator bigint, p_denominator bigint, p_mode text) returns bigint
language sql immutable set search_path = ''
as $$
  select p_numerator / p_denominator + case p_mode
    when 'down' then 0
    when 'up' then (p_numerator % p_denominator > 0)::integer
    when 'half_up' then (2 * (p_numerator % p_denominator) >= p_denominator)::integer
    when 'half_even' then (2 * (p_numerator % p_denominator) > p_denominator
      or (2 * (p_numerator % p_denominator) = p_denominator and p_numerator / p_denominator % 2 = 1))::integer
  end
$$;
comment on function private.round_quotient(bigint, bigint, text) is 'A non-negative quotient rounded to an integer: down, up, half_up or half_even.';

create function private.call_cost(p_seconds bigint, p_rate public.rates) returns bigint
language sql immutable set search_path = ''
as $$
  select case
    when p_seconds <= 0 then 0
    else p_rate.connection_fee_micros + p_rate.precision_micros * private.round_quotient(
      private.billed_seconds(p_seconds, p_rate) * p_rate.per_minute_micros, 60 * p_rate.precision_micros, p_rate.rounding_mode)
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
  if p_amount_micros < p_rate.connection_fee_micros then
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
    return 0;
  end if;
  return p_rate.initial_increment_seconds
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
  if v_number is null or v_number !~ '^\+[1-9][0-9]{6,14}$' then
    perform private.raise_error('invalid_destination', jsonb_build_object('destination', left(p_destination, 40)));
  end if;
  return v_number;
end
$$;
comment on function private.parse_destination(text) is
  'A dialled number in E.164 form (ITU-T E.164: at most fifteen digits). Spaces, dots, dashes and brackets are dropped. Raises invalid_destination.';

create function private.user_rate_plan(p_user public.users) returns text
language sql stable set search_path = ''
as $$ select coalesce(p_user.rate_plan, (select r.code from public.rate_plans r where r.is_default)) $$;
comment on function private.user_rate_plan(public.users) is 'The user''s own plan or the default one.';

create function private.find_rate(p_rate_plan text, p_number text, p_at timestamptz) returns public.rates
language plpgsql stable set search_path = ''
as $$
declare
  v_prefixes text[] := array(select substr(p_number, 2, n) from generate_series(0, length(p_number) - 1) n);
  v_rate public.rates;
begin
  select * into v_rate from public.rates r
    where r.rate_plan = p_rate_plan and r.prefix = any (v_prefixes) and r.effective_from <= p_at
    order by length(r.prefix) desc, r.effective_from desc
    limit 1;
  if not found then
    perform private.raise_error('destination_not_rated', jsonb_build_object('rate_plan', p_rate_plan));
  end if;
  return v_rate;
end
$$;
comment on function private.find_rate(text, text, timestamptz) is
  'The rate of the longest matching prefix in force at an instant. Raises destination_not_rated.';

create function private.rate_json(p_rate public.rates) returns jsonb
language sql immutable set search_path = ''
as $$
  select jsonb_build_object(
    'plan', p_rate.rate_plan, 'prefix', p_rate.prefix, 'per_minute_micros', p_rate.per_minute_micros,
    'connection_fee_micros', p_rate.connection_fee_micros, 'initial_increment_seconds', p_rate.initial_increment_seconds,
    'increment_seconds', p_rate.increment_seconds, 'rounding_mode', p_rate.rounding_mode, 'precision_micros', p_rate.precision_micros)
$$;
comment on function private.rate_json(public.rates) is 'A rate as the API shows it.';
