-- Catalog: what is asked for most, with leave to remember it.
--
-- Packages and rates are the same for everyone and seldom change, so their answers carry an HTTP cache header that browsers and CDNs honor.
-- Nothing is decided on them: a purchase and a call read the tables.

insert into private.settings (name, value, description) values
  ('catalog_cache_seconds', '300', 'How long browsers and CDNs may remember packages and rates.');

create function private.allow_caching() returns void
language plpgsql stable set search_path = ''
as $$
begin
  -- PostgREST sends these headers with the answer: https://docs.postgrest.org/en/stable/references/transactions.html#response-headers
  perform set_config('response.headers', jsonb_build_array(jsonb_build_object('Cache-Control',
    'public, max-age=' || private.setting_integer('catalog_cache_seconds')))::text, true);
end
$$;
comment on function private.allow_caching() is 'Lets the answer of this request be remembered for catalog_cache_seconds.';

create function public.list_packages() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform private.allow_caching();
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'code', c.code, 'name', c.name, 'currency', c.currency, 'price_cents', c.price_cents,
      'credit_micros', c.credit_micros, 'bonus_micros', c.bonus_micros + private.slab_bonus(c, private.clock()),
      'valid_days', c.valid_days, 'bonus_valid_days', c.bonus_valid_days) order by c.position, c.price_cents), '[]')
    from public.credit_packages c where c.active);
end
$$;
comment on function public.list_packages() is 'Packages on sale. Cacheable; ask by GET.';

create function public.list_rates(rate_plan text default null, after_prefix text default null, page_size integer default 200) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_plan text := coalesce(list_rates.rate_plan, (select p.code from public.rate_plans p where p.is_default));
  v_now timestamptz := private.clock();
  v_rates jsonb;
begin
  if list_rates.page_size is null or list_rates.page_size not between 1 and 1000 then
    perform private.raise_error('invalid_request', '{"parameter": "page_size", "problem": "1 to 1000"}');
  end if;
  if not exists (select from public.rate_plans p where p.code = v_plan) then
    perform private.raise_error('rate_plan_not_found', jsonb_build_object('rate_plan', v_plan));
  end if;
  perform private.allow_caching();
  select coalesce(jsonb_agg(private.rate_json(r::public.rates) order by r.prefix), '[]') into v_rates
  from (
    select distinct on (r.prefix) r.* from public.rates r
    where r.rate_plan = v_plan and r.effective_from <= v_now and (list_rates.after_prefix is null or r.prefix > list_rates.after_prefix)
    order by r.prefix, r.effective_from desc
    limit list_rates.page_size
  ) r;
  return jsonb_build_object('rate_plan', v_plan, 'rates', v_rates, 'next_after_prefix',
    case when jsonb_array_length(v_rates) = list_rates.page_size then v_rates #>> '{-1,prefix}' end);
end
$$;
comment on function public.list_rates(text, text, integer) is
  'The rates of a plan in force now, by prefix, in pages. Cacheable; ask by GET. Raises rate_plan_not_found, invalid_request.';

grant execute on function public.list_packages() to anon, authenticated, service_role;
grant execute on function public.list_rates(text, text, integer) to anon, authenticated, service_role;
