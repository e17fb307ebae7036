-- Campaigns: promotional credit against a code.
--
-- A campaign gives free credit at once, or a bonus with a purchase: a fixed amount or a percentage of its price. Codes are single-use or shared. A bonus is
-- reserved when the purchase begins, granted when it is paid, and given back to the budget when it fails or expires.
--
-- Counts and budgets are exact because whoever takes from a campaign locks its row: after the wallet, like everything else. Only people who redeem the same
-- campaign at the same moment wait for each other.
--
-- Codes are written in an alphabet without I, L, O and U; what is typed is read forgivingly (lower case, O for 0, I and L for 1, spaces and dashes). Wrong codes are
-- counted, so nobody guesses.

insert into private.settings (name, value, description) values
  ('promo_attempts_per_hour', '20', 'Promotion codes a person may try an hour.');

create table private.campaigns (
  name text primary key constraint campaigns_name_is_name check (name ~ '^[a-z0-9_]{1,40}$'),
  kind text not null constraint campaigns_kind_known check (kind in ('free_credit', 'fixed_bonus', 'percent_bonus')),
  amount_micros bigint constraint campaigns_amount_positive check (amount_micros > 0),
  basis_points integer constraint campaigns_basis_points_in_range check (basis_points between 1 and 100000),
  max_bonus_micros bigint constraint campaigns_max_bonus_positive check (max_bonus_micros > 0),
  starts_at timestamptz not null,
  ends_at timestamptz,
  budget_micros bigint constraint campaigns_budget_not_negative check (budget_micros >= 0),
  max_redemptions integer constraint campaigns_max_redemptions_positive check (max_redemptions > 0),
  per_user_limit integer not null default 1 constraint campaigns_per_user_limit_positive check (per_user_limit > 0),
  first_purchase_only boolean not null default false,
  min_price_cents bigint not null default 0,
  package_codes text[],
  valid_days integer constraint campaigns_valid_days_positive check (valid_days > 0),
  active boolean not null default true,
  redeemed_count integer not null default 0,
  redeemed_micros bigint not null default 0,
  created_at timestamptz not null,
  constraint campaigns_gives_something check ((kind = 'percent_bonus') = (basis_points is not null) and (kind <> 'percent_bonus') = (amount_micros is not null)),
  constraint campaigns_ends_after_it_starts check (ends_at > starts_at),
  constraint campaigns_within_budget check (redeemed_micros <= coalesce(budget_micros, redeemed_micros)),
  constraint campaigns_within_count check (redeemed_count between 0 and coalesce(max_redemptions, redeemed_count))
);
alter table private.campaigns enable row level security;
comment on table private.campaigns is 'What is given away, to whom, and how much of it is gone.';
comment on column private.campaigns.name is 'Stable name.';
comment on column private.campaigns.kind is 'free_credit at once; fixed_bonus or percent_bonus with a purchase.';
comment on column private.campaigns.amount_micros is 'How much each redemption gives, in micro-units.';
comment on column private.campaigns.basis_points is 'Or which part of the price, in hundredths of a percent.';
comment on column private.campaigns.max_bonus_micros is 'The most a percentage gives, in micro-units.';
comment on column private.campaigns.starts_at is 'From when.';
comment on column private.campaigns.ends_at is 'Until when; null means until the budget is gone or it is switched off.';
comment on column private.campaigns.budget_micros is 'How much it may give in all; null means any.';
comment on column private.campaigns.max_redemptions is 'How often it may be redeemed in all; null means any.';
comment on column private.campaigns.per_user_limit is 'How often by one person.';
comment on column private.campaigns.first_purchase_only is 'Whether only with a person''s first paid purchase.';
comment on column private.campaigns.min_price_cents is 'The least price of the purchase.';
comment on column private.campaigns.package_codes is 'The packages it is for; null means all.';
comment on column private.campaigns.valid_days is 'How long its credit may be spent; null means for ever.';
comment on column private.campaigns.active is 'Whether it can be redeemed.';
comment on column private.campaigns.redeemed_count is 'Redemptions that stand, reserved ones included.';
comment on column private.campaigns.redeemed_micros is 'What they give.';
comment on column private.campaigns.created_at is 'When it was made.';

create table private.promo_codes (
  code text primary key constraint promo_codes_is_normal check (code ~ '^[0-9A-HJKMNP-TV-Z]{4,32}$'),
  campaign text not null references private.campaigns (name),
  max_redemptions integer constraint promo_codes_max_positive check (max_redemptions > 0),
  redeemed_count integer not null default 0,
  created_at timestamptz not null,
  constraint promo_codes_within_count check (redeemed_count between 0 and coalesce(max_redemptions, redeemed_count))
);
alter table private.promo_codes enable row level security;
comment on table private.promo_codes is 'Codes of campaigns.';
comment on column private.promo_codes.code is 'The code, as private.normal_code writes it.';
comment on column private.promo_codes.campaign is 'Its campaign.';
comment on column private.promo_codes.max_redemptions is '1 for a single-use code; null for a shared one.';
comment on column private.promo_codes.redeemed_count is 'Redemptions that stand.';
comment on column private.promo_codes.created_at is 'When it was made.';
create index promo_codes_campaign on private.promo_codes (campaign);

create table public.redemptions (
  user_id uuid not null references public.users (id),
  id uuid not null default gen_random_uuid(),
  campaign text not null references private.campaigns (name),
  code text not null references private.promo_codes (code),
  status text not null constraint redemptions_status_known check (status in ('reserved', 'granted', 'released')),
  amount_micros bigint not null constraint redemptions_amount_positive check (amount_micros > 0),
  purchase_id uuid,
  grant_id bigint,
  created_at timestamptz not null,
  primary key (user_id, id),
  foreign key (user_id, purchase_id) references public.purchases (user_id, id),
  foreign key (user_id, grant_id) references public.credit_grants (user_id, id),
  constraint redemptions_granted_has_grant check ((status = 'granted') = (grant_id is not null))
);
alter table public.redemptions enable row level security;
comment on table public.redemptions is 'Who redeemed what.';
comment on column public.redemptions.user_id is 'Who.';
comment on column public.redemptions.id is 'Of the redemption.';
comment on column public.redemptions.campaign is 'The campaign.';
comment on column public.redemptions.code is 'The code.';
comment on column public.redemptions.status is 'reserved with a purchase that is not paid yet, granted, or released because it was not paid.';
comment on column public.redemptions.amount_micros is 'What it gives, in micro-units.';
comment on column public.redemptions.purchase_id is 'The purchase it came with.';
comment on column public.redemptions.grant_id is 'The grant it brought.';
comment on column public.redemptions.created_at is 'When it was redeemed.';
create unique index redemptions_purchase on public.redemptions (user_id, purchase_id) where purchase_id is not null;
create unique index redemptions_grant on public.redemptions (user_id, grant_id) where grant_id is not null;
create index redemptions_campaign on public.redemptions (campaign);
create index redemptions_code on public.redemptions (code, user_id);

create policy "Users read their own redemptions" on public.redemptions
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.redemptions to authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------------
-- Internals
-- ---------------------------------------------------------------------------------------------------------------------

create function private.normal_code(p_text text) returns text
language sql immutable set search_path = ''
as $$
  select translate(upper(regexp_replace(left(p_text, 100), '[\s-]', '', 'g')), 'OIL', '011')
$$;
comment on function private.normal_code(text) is 'A code as it is kept, from what a person typed.';

create function private.redemption_json(p_redemption public.redemptions, p_replayed boolean default false) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('redemption_id', p_redemption.id, 'campaign', p_redemption.campaign, 'code', p_redemption.code,
    'status', p_redemption.status, 'amount_micros', p_redemption.amount_micros, 'purchase_id', p_redemption.purchase_id,
    'grant_id', p_redemption.grant_id, 'created_at', p_redemption.created_at, 'replayed', p_replayed)
$$;
comment on function private.redemption_json(public.redemptions, boolean) is 'A redemption as the API shows it.';

create function private.redemptions_left(p_user_id uuid, p_campaign private.campaigns) returns bigint
language sql stable set search_path = ''
as $$
  select p_campaign.per_user_limit - count(*) from public.redemptions r
  where r.user_id = p_user_id and r.campaign = p_campaign.name and r.status <> 'released'
$$;
comment on function private.redemptions_left(uuid, private.campaigns) is 'How often a person may still redeem a campaign, reserved ones counted.';

create function private.campaign_problem(
  p_campaign private.campaigns, p_code private.promo_codes, p_user_id uuid, p_price_cents bigint, p_package_code text, p_now timestamptz
) returns text
language plpgsql stable set search_path = ''
as $$
begin
  return case
    when p_code.code is null then 'unknown'
    when not p_campaign.active or p_now < p_campaign.starts_at then 'not_active'
    when p_now >= p_campaign.ends_at then 'ended'
    when (p_campaign.kind = 'free_credit') <> (p_package_code is null) then case when p_package_code is null then 'needs_purchase' else 'not_for_purchases' end
    when p_price_cents < p_campaign.min_price_cents then 'purchase_too_small'
    when p_package_code <> all (p_campaign.package_codes) then 'other_package'
    when p_campaign.first_purchase_only and exists (select from public.purchases p where p.user_id = p_user_id and p.status = 'paid') then 'first_purchase_only'
    when private.redemptions_left(p_user_id, p_campaign) <= 0 then 'already_redeemed'
    when p_code.redeemed_count >= p_code.max_redemptions or p_campaign.redeemed_count >= p_campaign.max_redemptions
      or p_campaign.redeemed_micros + private.promotion_micros(p_campaign, p_price_cents) > p_campaign.budget_micros then 'used_up'
  end;
end
$$;
comment on function private.campaign_problem(private.campaigns, private.promo_codes, uuid, bigint, text, timestamptz) is
  'Why a person cannot redeem a code now, or null. Without a package it is about free credit.';

create function private.promotion_micros(p_campaign private.campaigns, p_price_cents bigint) returns bigint
language sql immutable set search_path = ''
as $$
  -- Cents times basis points are exactly micro-units.
  select case p_campaign.kind when 'percent_bonus' then least(p_price_cents * p_campaign.basis_points, p_campaign.max_bonus_micros)
    else p_campaign.amount_micros end
$$;
comment on function private.promotion_micros(private.campaigns, bigint) is 'What one redemption gives, in micro-units.';

create function private.count_redemption(p_redemption public.redemptions, p_sign integer) returns void
language sql volatile set search_path = ''
as $$
  update private.campaigns c set redeemed_count = c.redeemed_count + p_sign, redeemed_micros = c.redeemed_micros + p_sign * p_redemption.amount_micros
    where c.name = p_redemption.campaign;
  update private.promo_codes p set redeemed_count = p.redeemed_count + p_sign where p.code = p_redemption.code;
$$;
comment on function private.count_redemption(public.redemptions, integer) is 'Takes a redemption from a campaign''s budget (1) or gives it back (-1).';

create function private.promo_problem(p_user_id uuid, p_code text, p_price_cents bigint default null, p_package_code text default null) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  v_campaign private.campaigns;
  v_code private.promo_codes;
begin
  -- The campaign's row is locked before it is read: of a hundred who want the last one, one gets it.
  select c.* into v_campaign from private.campaigns c join private.promo_codes p on p.campaign = c.name
    where p.code = private.normal_code(p_code) for no key update of c;
  select * into v_code from private.promo_codes p where p.code = private.normal_code(p_code);
  return private.campaign_problem(v_campaign, v_code, p_user_id, p_price_cents, p_package_code, private.clock());
end
$$;
comment on function private.promo_problem(uuid, text, bigint, text) is
  'Locks the campaign of a code and says why a person cannot redeem it now, or null: then it can be taken.';

create function private.take_promotion(p_user_id uuid, p_code text, p_purchase public.purchases) returns public.redemptions
language plpgsql volatile set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_code text := private.normal_code(p_code);
  v_campaign private.campaigns;
  v_grant public.credit_grants;
  v_redemption public.redemptions;
begin
  select c.* into v_campaign from private.campaigns c join private.promo_codes p on p.campaign = c.name where p.code = v_code;
  if p_purchase.id is null then
    v_grant := private.grant_credit(p_user_id, 'promotion', 'promotional', v_campaign.amount_micros, 'promotional_expense',
      'Promotion ' || v_code, null, v_now + make_interval(hours => 24 * v_campaign.valid_days));
  end if;
  insert into public.redemptions (user_id, campaign, code, status, amount_micros, purchase_id, grant_id, created_at)
  values (p_user_id, v_campaign.name, v_code, case when v_grant.id is null then 'reserved' else 'granted' end,
    private.promotion_micros(v_campaign, p_purchase.price_cents), p_purchase.id, v_grant.id, v_now)
  returning * into v_redemption;
  perform private.count_redemption(v_redemption, 1);
  return v_redemption;
end
$$;
comment on function private.take_promotion(uuid, text, public.purchases) is
  'Redeems a code that private.promo_problem has found free: credit at once, or a bonus reserved for a purchase.';

create function private.grant_promotion(p_purchase public.purchases) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_redemption public.redemptions;
  v_campaign private.campaigns;
  v_grant public.credit_grants;
begin
  select * into v_redemption from public.redemptions r where r.user_id = p_purchase.user_id and r.purchase_id = p_purchase.id;
  if not found then
    return;
  end if;
  select * into v_campaign from private.campaigns c where c.name = v_redemption.campaign for no key update;
  if v_redemption.status = 'released' then
    -- Paid after all: the promise is kept as long as there is something left to give, and the person has not used it otherwise.
    if private.redemptions_left(p_purchase.user_id, v_campaign) <= 0 or v_campaign.redeemed_count >= v_campaign.max_redemptions or v_campaign.redeemed_micros + v_redemption.amount_micros > v_campaign.budget_micros
      or exists (select from private.promo_codes p where p.code = v_redemption.code and p.redeemed_count >= p.max_redemptions) then
      return;
    end if;
    perform private.count_redemption(v_redemption, 1);
  end if;
  v_grant := private.grant_credit(p_purchase.user_id, 'promotion', 'promotional', v_redemption.amount_micros, 'promotional_expense',
    'Promotion ' || v_redemption.code, p_purchase.id, private.clock() + make_interval(hours => 24 * v_campaign.valid_days));
  update public.redemptions r set status = 'granted', grant_id = v_grant.id where r.user_id = v_redemption.user_id and r.id = v_redemption.id;
end
$$;
comment on function private.grant_promotion(public.purchases) is 'Grants the bonus reserved for a purchase that has been paid.';

create function private.release_promotion(p_purchase public.purchases) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_redemption public.redemptions;
begin
  update public.redemptions r set status = 'released'
    where r.user_id = p_purchase.user_id and r.purchase_id = p_purchase.id and r.status = 'reserved' returning * into v_redemption;
  if found then
    perform private.count_redemption(v_redemption, -1);
  end if;
end
$$;
comment on function private.release_promotion(public.purchases) is 'Gives the bonus reserved for a purchase that failed or expired back to the budget.';

create function private.release_left_promotions(p_user_id uuid, p_code text) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_purchase public.purchases;
begin
  -- Only of one campaign: whoever holds two could wait for somebody who holds them the other way round.
  for v_purchase in
    select p.* from public.redemptions r
    join public.purchases p on p.user_id = r.user_id and p.id = r.purchase_id
    join private.promo_codes c on c.code = private.normal_code(p_code) and c.campaign = r.campaign
    where r.user_id = p_user_id and r.status = 'reserved' and p.status in ('created', 'open')
    for no key update of p
  loop
    perform private.release_promotion(v_purchase);
  end loop;
end
$$;
comment on function private.release_left_promotions(uuid, text) is
  'Frees what a person has reserved with a code''s campaign for purchases they have left for another one. Should one of those be paid all the same, it is granted if it still may be.';

-- ---------------------------------------------------------------------------------------------------------------------
-- API
-- ---------------------------------------------------------------------------------------------------------------------

create function private.refuse_guess(p_user_id uuid, p_problem text) returns jsonb
language plpgsql volatile set search_path = ''
as $$
begin
  if private.count_hit(p_user_id, 'promo_code', interval '1 hour') > private.setting_integer('promo_attempts_per_hour') then
    return private.refuse('rate_limited', jsonb_build_object('action', 'promo_code', 'limit', private.setting_integer('promo_attempts_per_hour')));
  end if;
  return private.refuse('promo_code_not_valid', jsonb_build_object('problem', p_problem));
end
$$;
comment on function private.refuse_guess(uuid, text) is 'Refuses a code and counts the attempt, which a raised error would not.';

create function public.redeem_code(code text, user_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users;
  v_redemption public.redemptions;
  v_none public.purchases;
  v_problem text;
begin
  v_user := private.lock_user(private.acting_user(redeem_code.user_id));
  perform private.require_active(v_user);
  v_problem := private.promo_problem(v_user.id, redeem_code.code);
  if v_problem = 'already_redeemed' then
    select * into v_redemption from public.redemptions r
      where r.user_id = v_user.id and r.code = private.normal_code(redeem_code.code) and r.status = 'granted'
      order by r.created_at desc limit 1;
    if found then
      return private.redemption_json(v_redemption, true);
    end if;
  end if;
  if v_problem is not null then
    return private.refuse_guess(v_user.id, v_problem);
  end if;
  return private.redemption_json(private.take_promotion(v_user.id, redeem_code.code, v_none));
end
$$;
comment on function public.redeem_code(text, uuid) is
  'Redeems a code for free credit. Once it is used by this person, the same code returns the same redemption. Raises not_authenticated, wallet_suspended, wallet_closed; answers promo_code_not_valid (details.problem says why), rate_limited.';

create function public.check_promo_code(code text, package_code text default null, user_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.acting_user(check_promo_code.user_id);
  v_package public.credit_packages;
  v_code private.promo_codes;
  v_campaign private.campaigns;
  v_left public.redemptions;
  v_problem text;
begin
  select * into v_package from public.credit_packages c where c.code = check_promo_code.package_code and c.active;
  if not found and check_promo_code.package_code is not null then
    perform private.raise_error('package_not_found', jsonb_build_object('package_code', check_promo_code.package_code));
  end if;
  select * into v_code from private.promo_codes p where p.code = private.normal_code(check_promo_code.code);
  select * into v_campaign from private.campaigns c where c.name = v_code.campaign;
  -- What they have reserved for a page they may leave goes along, so it is not in the way.
  for v_left in select r.* from public.redemptions r join public.purchases p on p.user_id = r.user_id and p.id = r.purchase_id
    where r.user_id = v_user_id and r.campaign = v_campaign.name and r.status = 'reserved' and p.status in ('created', 'open')
  loop
    v_campaign.per_user_limit := v_campaign.per_user_limit + 1;
    v_campaign.redeemed_count := v_campaign.redeemed_count - 1;
    v_campaign.redeemed_micros := v_campaign.redeemed_micros - v_left.amount_micros;
    v_code.redeemed_count := v_code.redeemed_count - (v_left.code = v_code.code)::integer;
  end loop;
  v_problem := private.campaign_problem(v_campaign, v_code, v_user_id, v_package.price_cents, v_package.code, private.clock());
  if v_problem is not null then
    return private.refuse_guess(v_user_id, v_problem);
  end if;
  return jsonb_build_object('code', v_code.code, 'kind', v_campaign.kind, 'valid_days', v_campaign.valid_days, 'ends_at', v_campaign.ends_at,
    'amount_micros', private.promotion_micros(v_campaign, v_package.price_cents));
end
$$;
comment on function public.check_promo_code(text, text, uuid) is
  'What a code would give now, alone or with a package; promises nothing. Raises package_not_found; answers promo_code_not_valid (details.problem says why), rate_limited.';

create function public.create_campaign(campaign jsonb, reason text, actor_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_actor_id uuid := private.acting_admin(create_campaign.actor_id);
  v_now timestamptz := private.clock();
  v_campaign private.campaigns;
begin
  v_campaign := jsonb_populate_record(null::private.campaigns,
    jsonb_build_object('starts_at', v_now, 'per_user_limit', 1, 'first_purchase_only', false, 'min_price_cents', 0, 'active', true)
    || create_campaign.campaign || jsonb_build_object('created_at', v_now, 'redeemed_count', 0, 'redeemed_micros', 0));
  insert into private.campaigns select v_campaign.*;
  perform private.record_audit(v_actor_id, 'create_campaign', null, create_campaign.reason, create_campaign.campaign);
  return to_jsonb(v_campaign);
exception when integrity_constraint_violation or data_exception then
  perform private.raise_error('invalid_request', jsonb_build_object('parameter', 'campaign', 'problem', sqlerrm));
end
$$;
comment on function public.create_campaign(jsonb, text, uuid) is
  'Makes a campaign from {name, kind, amount_micros | basis_points, max_bonus_micros, starts_at, ends_at, budget_micros, max_redemptions, per_user_limit, first_purchase_only, min_price_cents, package_codes, valid_days}. For admins and the secret key. Raises forbidden, invalid_request.';

create function private.random_code(p_length integer) returns text
language sql volatile set search_path = ''
as $$
  -- Random bytes of the server's strong generator, as gen_random_uuid draws them; four bits of each UUID are fixed, so only its last part is used.
  select string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 1 + (('x' || right(gen_random_uuid()::text, 8))::bit(32)::bigint & 31)::integer, 1), '')
  from generate_series(1, p_length)
$$;
comment on function private.random_code(integer) is 'A code nobody can foresee: five bits a character, without letters that look like another.';

create function public.add_promo_codes(
  campaign text, reason text, codes text[] default null, count integer default 0, max_redemptions integer default 1, actor_id uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_actor_id uuid := private.acting_admin(add_promo_codes.actor_id);
  v_now timestamptz := private.clock();
  v_codes text[] := array(select private.normal_code(c) from unnest(add_promo_codes.codes) c);
  v_added text[];
begin
  if not exists (select from private.campaigns c where c.name = add_promo_codes.campaign) then
    perform private.raise_error('campaign_not_found', jsonb_build_object('campaign', add_promo_codes.campaign));
  end if;
  if add_promo_codes.count not between 0 and 100000 or exists (
    select from unnest(v_codes) c where c !~ '^[0-9A-HJKMNP-TV-Z]{4,32}$' or exists (select from private.promo_codes p where p.code = c)) then
    perform private.raise_error('invalid_request', '{"parameter": "codes", "problem": "4 to 32 letters without U and digits, not taken yet; at most 100000 at once"}');
  end if;
  -- Sixty bits: two codes alike, or one guessed, are out of the question.
  with added as (
    insert into private.promo_codes (code, campaign, max_redemptions, created_at)
    select c, add_promo_codes.campaign, add_promo_codes.max_redemptions, v_now from unnest(v_codes) c
    union all
    select private.random_code(12), add_promo_codes.campaign, add_promo_codes.max_redemptions, v_now from generate_series(1, add_promo_codes.count)
    returning code
  )
  select array_agg(a.code order by a.code) into v_added from added a;
  perform private.record_audit(v_actor_id, 'add_promo_codes', null, add_promo_codes.reason,
    jsonb_build_object('campaign', add_promo_codes.campaign, 'added', cardinality(v_added)));
  return jsonb_build_object('campaign', add_promo_codes.campaign, 'added', cardinality(v_added), 'csv',
    'code,campaign,max_redemptions' || E'\r\n' || (
      select coalesce(string_agg(concat_ws(',', c, add_promo_codes.campaign, coalesce(add_promo_codes.max_redemptions::text, '')) || E'\r\n', '' order by c), '')
      from unnest(v_added) c));
end
$$;
comment on function public.add_promo_codes(text, text, text[], integer, integer, uuid) is
  'Adds codes to a campaign, given ones and random ones, and answers them as CSV (RFC 4180). max_redemptions 1 makes them single-use, null shared. For admins and the secret key. Raises forbidden, campaign_not_found, invalid_request.';

grant execute on function public.redeem_code(text, uuid) to authenticated, service_role;
grant execute on function public.check_promo_code(text, text, uuid) to authenticated, service_role;
grant execute on function public.create_campaign(jsonb, text, uuid) to authenticated, service_role;
grant execute on function public.add_promo_codes(text, text, text[], integer, integer, uuid) to authenticated, service_role;
