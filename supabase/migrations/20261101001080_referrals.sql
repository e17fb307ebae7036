-- Referrals: both are rewarded when somebody they brought has paid.
--
-- A person has a code; whoever signs up with it names it once, before paying for the first time. When that first payment has been taken, both get promotional
-- credit; when so much of it goes back that it would not have counted, both lose it again. Whatever may change that marks the referral as due, and a job compares
-- what is with what should be, so it may come late or twice.
--
-- Rewards move two wallets. The job locks all that its batch needs first, in the order of their ids.
--
-- Held for a person to decide: somebody referring themselves by a second login, seen by a shared card (Stripe's fingerprint), and whatever is beyond the monthly cap.

insert into private.settings (name, value, description) values
  ('referral_reward_micros', '0', 'What the person who referred gets, in micro-units. 0 with referral_welcome_micros 0 switches referrals off.'),
  ('referral_welcome_micros', '0', 'What the person who was referred gets, in micro-units.'),
  ('referral_min_price_cents', '1000', 'The least first purchase that counts.'),
  ('referral_monthly_cap', '10', 'Rewards a person may get a calendar month (UTC); more are held.'),
  ('referral_claim_days', '30', 'How long after the sign-up a code may be named.'),
  ('referral_valid_days', 'null', 'How long rewards may be spent, in days; null means for ever.');

create table private.referral_codes (
  user_id uuid primary key references public.users (id),
  code text not null unique,
  created_at timestamptz not null
);
alter table private.referral_codes enable row level security;
comment on table private.referral_codes is 'The code of each person who asked for theirs.';
comment on column private.referral_codes.user_id is 'The person.';
comment on column private.referral_codes.code is 'The code, as private.normal_code writes it.';
comment on column private.referral_codes.created_at is 'Since when.';

create table private.payment_cards (
  user_id uuid not null references public.users (id),
  fingerprint text not null,
  first_used_at timestamptz not null,
  primary key (user_id, fingerprint)
);
alter table private.payment_cards enable row level security;
comment on table private.payment_cards is 'Which cards and accounts a person has paid with, by Stripe''s fingerprint: it tells the same one apart, not its number.';
comment on column private.payment_cards.user_id is 'The person.';
comment on column private.payment_cards.fingerprint is 'Stripe''s fingerprint.';
comment on column private.payment_cards.first_used_at is 'Since when.';
create index payment_cards_fingerprint on private.payment_cards (fingerprint);

create table private.referrals (
  referred_id uuid primary key references public.users (id),
  referrer_id uuid not null references public.users (id),
  status text not null constraint referrals_status_known check (status in ('pending', 'held', 'rewarded', 'reversed', 'refused')),
  hold_reason text,
  cleared boolean not null default false,
  due boolean not null default true,
  purchase_id uuid,
  created_at timestamptz not null,
  rewarded_at timestamptz,
  foreign key (referred_id, purchase_id) references public.purchases (user_id, id),
  constraint referrals_not_oneself check (referred_id <> referrer_id),
  constraint referrals_held_has_reason check ((status = 'held') = (hold_reason is not null))
);
alter table private.referrals enable row level security;
comment on table private.referrals is 'Who brought whom, and what became of it.';
comment on column private.referrals.referred_id is 'Who was brought.';
comment on column private.referrals.referrer_id is 'By whom.';
comment on column private.referrals.status is 'pending until a payment counts, held for a person to decide, rewarded, reversed after a refund, or refused.';
comment on column private.referrals.hold_reason is 'Why it is held.';
comment on column private.referrals.cleared is 'Whether a person has decided to reward it all the same.';
comment on column private.referrals.due is 'Whether the job has to look at it.';
comment on column private.referrals.purchase_id is 'The first payment.';
comment on column private.referrals.created_at is 'When the code was named.';
comment on column private.referrals.rewarded_at is 'When both were rewarded.';
create index referrals_referrer on private.referrals (referrer_id, status);
create index referrals_due on private.referrals (created_at) where due;

create table private.referral_rewards (
  user_id uuid not null,
  line bigint not null,
  referred_id uuid not null references private.referrals (referred_id),
  primary key (user_id, line),
  foreign key (user_id, line) references public.transactions (user_id, line)
);
alter table private.referral_rewards enable row level security;
comment on table private.referral_rewards is 'The journal lines of each referral: rewards, and their taking back.';
comment on column private.referral_rewards.user_id is 'Whose line.';
comment on column private.referral_rewards.line is 'The line.';
comment on column private.referral_rewards.referred_id is 'The referral.';
create index referral_rewards_referral on private.referral_rewards (referred_id);

-- ---------------------------------------------------------------------------------------------------------------------
-- Internals
-- ---------------------------------------------------------------------------------------------------------------------

create function private.remember_card(p_user_id uuid, p_fingerprint text) returns void
language sql volatile set search_path = ''
as $$
  insert into private.payment_cards (user_id, fingerprint, first_used_at)
  select p_user_id, p_fingerprint, private.clock() where p_fingerprint is not null
  on conflict do nothing
$$;
comment on function private.remember_card(uuid, text) is 'Notes what a person has paid with.';

create function private.referral_counts(p_referral private.referrals) returns boolean
language sql stable set search_path = ''
as $$
  select exists (select from public.purchases p
    where p.user_id = p_referral.referred_id and p.id = p_referral.purchase_id and p.status = 'paid'
      and p.paid_cents - p.tax_cents >= private.setting_integer('referral_min_price_cents')
      and p.paid_cents - p.tax_cents - p.refunded_cents - p.disputed_cents >= private.setting_integer('referral_min_price_cents'))
$$;
comment on function private.referral_counts(private.referrals) is 'Whether the first payment was large enough and still is, after what went back.';

create function private.referral_hold_reason(p_referral private.referrals) returns text
language sql stable set search_path = ''
as $$
  select case
    when p_referral.cleared then null
    when exists (select from private.payment_cards a join private.payment_cards b on b.fingerprint = a.fingerprint
      where a.user_id = p_referral.referred_id and b.user_id = p_referral.referrer_id) then 'shared_card'
    when (select count(*) from private.referrals r where r.referrer_id = p_referral.referrer_id and r.status = 'rewarded'
      and r.rewarded_at >= date_trunc('month', private.clock() at time zone 'UTC') at time zone 'UTC')
      >= private.setting_integer('referral_monthly_cap') then 'monthly_cap'
    when (select u.status from public.users u where u.id = p_referral.referrer_id) <> 'active' then 'referrer_not_active'
  end
$$;
comment on function private.referral_hold_reason(private.referrals) is 'Why a reward needs a person''s decision, or null.';

create function private.reward(p_user_id uuid, p_amount_micros bigint, p_description text, p_referred_id uuid) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_grant public.credit_grants;
begin
  if p_amount_micros > 0 then
    v_grant := private.grant_credit(p_user_id, 'promotion', 'promotional', p_amount_micros, 'promotional_expense', p_description, null,
      private.clock() + make_interval(hours => 24 * private.setting_integer('referral_valid_days')));
    insert into private.referral_rewards (user_id, line, referred_id) values (p_user_id, v_grant.id, p_referred_id);
    perform private.notify_user(p_user_id, 'referral_rewarded', 'referral:' || p_referred_id || ':' || v_grant.id,
      jsonb_build_object('amount_micros', p_amount_micros, 'currency', (select u.currency from public.users u where u.id = p_user_id),
        'role', case p_user_id when p_referred_id then 'referred' else 'referrer' end));
  end if;
end
$$;
comment on function private.reward(uuid, bigint, text, uuid) is 'Grants one side of a referral.';

create function private.take_back_rewards(p_referral private.referrals) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_reward record;
  v_before bigint;
  v_transaction public.transactions;
  v_left bigint;
  v_grant public.credit_grants;
begin
  for v_reward in
    select r.user_id, sum(t.amount_micros)::bigint as amount_micros, max(r.line) filter (where t.kind = 'promotion') as grant_id
    from private.referral_rewards r join public.transactions t on t.user_id = r.user_id and t.line = r.line
    where r.referred_id = p_referral.referred_id group by r.user_id having sum(t.amount_micros) > 0
  loop
    select u.balance_micros into v_before from public.users u where u.id = v_reward.user_id;
    v_transaction := private.post_transaction(v_reward.user_id, 'clawback', -v_reward.amount_micros, 'promotional_expense',
      'Referral reward taken back', p_reverses_line => v_reward.grant_id);
    insert into private.referral_rewards (user_id, line, referred_id) values (v_reward.user_id, v_transaction.line, p_referral.referred_id);
    v_left := greatest(v_before, 0) - greatest(v_transaction.balance_after_micros, 0);
    -- From the reward itself first.
    select * into v_grant from public.credit_grants g where g.user_id = v_reward.user_id and g.id = v_reward.grant_id;
    if least(v_left, v_grant.remaining_micros) > 0 then
      update public.credit_grants g set remaining_micros = g.remaining_micros - least(v_left, v_grant.remaining_micros)
        where g.user_id = v_grant.user_id and g.id = v_grant.id;
      insert into public.grant_entries (user_id, grant_id, line, amount_micros)
        values (v_grant.user_id, v_grant.id, v_transaction.line, -least(v_left, v_grant.remaining_micros));
      v_left := v_left - least(v_left, v_grant.remaining_micros);
    end if;
    perform private.spend_credit(v_reward.user_id, v_transaction.line, v_left, private.clock());
    perform private.cut_uncovered_calls(v_reward.user_id);
  end loop;
end
$$;
comment on function private.take_back_rewards(private.referrals) is 'Takes both sides of a referral back: from the reward, then from other credit, then as debt.';

create function private.settle_referral(p_referral private.referrals) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  v_counts boolean := private.referral_counts(p_referral);
  v_hold_reason text;
begin
  if p_referral.status in ('pending', 'held', 'reversed') and v_counts then
    v_hold_reason := private.referral_hold_reason(p_referral);
    if v_hold_reason is not null then
      perform private.open_alert('referral_held', p_referral.referred_id::text, p_referral.referrer_id, jsonb_build_object('reason', v_hold_reason));
      update private.referrals r set status = 'held', hold_reason = v_hold_reason where r.referred_id = p_referral.referred_id;
      return 'held';
    end if;
    perform private.reward(p_referral.referrer_id, private.setting_integer('referral_reward_micros'), 'Referral reward', p_referral.referred_id);
    perform private.reward(p_referral.referred_id, private.setting_integer('referral_welcome_micros'), 'Welcome credit', p_referral.referred_id);
    perform private.resolve_alert('referral_held', p_referral.referred_id::text);
    update private.referrals r set status = 'rewarded', hold_reason = null, rewarded_at = private.clock() where r.referred_id = p_referral.referred_id;
    return 'rewarded';
  elsif p_referral.status = 'rewarded' and not v_counts then
    perform private.take_back_rewards(p_referral);
    update private.referrals r set status = 'reversed' where r.referred_id = p_referral.referred_id;
    return 'reversed';
  end if;
  return p_referral.status;
end
$$;
comment on function private.settle_referral(private.referrals) is
  'Brings one referral to what it should be now: rewarded, held or taken back. Needs both wallets'' locks. Returns its status.';

create function private.settle_referrals(p_batch_size integer default 200) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  v_due uuid[];
  v_referral private.referrals;
  v_settled integer := 0;
begin
  v_due := array(select r.referred_id from private.referrals r where r.due order by r.created_at limit p_batch_size);
  perform from public.users u
    where u.id in (select unnest(array[r.referred_id, r.referrer_id]) from private.referrals r where r.referred_id = any (v_due))
    order by u.id for no key update;
  -- The first paid purchase is the one that counts, whatever comes of it later.
  update private.referrals r set due = false, purchase_id = coalesce(r.purchase_id, (
      select p.id from public.purchases p where p.user_id = r.referred_id and p.status = 'paid' order by p.paid_at, p.id limit 1))
    where r.referred_id = any (v_due);
  for v_referral in select * from private.referrals r where r.referred_id = any (v_due) order by r.created_at loop
    v_settled := v_settled + (private.settle_referral(v_referral) <> v_referral.status)::integer;
  end loop;
  return v_settled;
end
$$;
comment on function private.settle_referrals(integer) is 'Settles referrals whose first payment was taken or went back. Returns how many changed.';

create function private.mark_referral_due(p_user_id uuid) returns void
language sql volatile set search_path = ''
as $$
  update private.referrals r set due = true where r.referred_id = p_user_id and not r.due and r.status <> 'refused'
$$;
comment on function private.mark_referral_due(uuid) is 'A payment of this person was taken or went back: the job has to look at their referral.';

-- ---------------------------------------------------------------------------------------------------------------------
-- API
-- ---------------------------------------------------------------------------------------------------------------------

create function public.get_referral_code(user_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.acting_user(get_referral_code.user_id);
  v_code text;
begin
  perform private.require_active(private.lock_user(v_user_id));
  insert into private.referral_codes (user_id, code, created_at) values (v_user_id, private.random_code(8), private.clock())
    on conflict on constraint referral_codes_pkey do nothing;
  select c.code into v_code from private.referral_codes c where c.user_id = v_user_id;
  return jsonb_build_object('code', v_code, 'link', case when private.setting('app_url') <> 'null' then
      (private.setting('app_url') #>> '{}') || '?ref=' || v_code end,
    'reward_micros', private.setting('referral_reward_micros'), 'welcome_micros', private.setting('referral_welcome_micros'),
    'min_price_cents', private.setting('referral_min_price_cents'),
    'invited', (select count(*) from private.referrals r where r.referrer_id = v_user_id),
    'pending', (select count(*) from private.referrals r where r.referrer_id = v_user_id and r.status in ('pending', 'held')),
    'rewarded', (select count(*) from private.referrals r where r.referrer_id = v_user_id and r.status = 'rewarded'),
    'rewarded_micros', coalesce((select sum(t.amount_micros) from private.referral_rewards w
      join private.referrals r on r.referred_id = w.referred_id and r.referrer_id = w.user_id
      join public.transactions t on t.user_id = w.user_id and t.line = w.line where w.user_id = v_user_id), 0));
end
$$;
comment on function public.get_referral_code(uuid) is
  'A person''s own code and link, what is promised, and how many they invited, are pending and were rewarded. Raises not_authenticated, wallet_suspended, wallet_closed.';

create function public.claim_referral(code text, user_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users;
  v_referrer_id uuid;
  v_referral private.referrals;
  v_problem text;
begin
  v_user := private.lock_user(private.acting_user(claim_referral.user_id));
  perform private.require_active(v_user);
  select c.user_id into v_referrer_id from private.referral_codes c where c.code = private.normal_code(claim_referral.code);
  select * into v_referral from private.referrals r where r.referred_id = v_user.id;
  if found and v_referral.referrer_id = v_referrer_id then
    return jsonb_build_object('status', case v_referral.status when 'held' then 'pending' else v_referral.status end, 'replayed', true);
  end if;
  v_problem := case
    when v_referrer_id is null then 'unknown'
    when v_referrer_id = v_user.id then 'own_code'
    when v_referral.referred_id is not null then 'already_referred'
    when (private.setting_integer('referral_reward_micros'), private.setting_integer('referral_welcome_micros')) = (0, 0) then 'not_active'
    when v_user.created_at < private.clock() - make_interval(hours => 24 * private.setting_integer('referral_claim_days'))
      or exists (select from public.purchases p where p.user_id = v_user.id and p.status = 'paid') then 'too_late'
  end;
  if v_problem is not null then
    return private.refuse_guess(v_user.id, v_problem);
  end if;
  insert into private.referrals (referred_id, referrer_id, status, due, created_at) values (v_user.id, v_referrer_id, 'pending', false, private.clock());
  return jsonb_build_object('status', 'pending', 'replayed', false);
end
$$;
comment on function public.claim_referral(text, uuid) is
  'Names who brought this person, once, before the first payment. Raises not_authenticated, wallet_suspended, wallet_closed; answers promo_code_not_valid (details.problem says why), rate_limited.';

create function public.resolve_referral(referred_id uuid, decision text, reason text, actor_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_actor_id uuid := private.acting_admin(resolve_referral.actor_id);
  v_referral private.referrals;
begin
  if resolve_referral.decision is null or resolve_referral.decision not in ('reward', 'refuse') then
    perform private.raise_error('invalid_request', '{"parameter": "decision", "problem": "reward or refuse"}');
  end if;
  update private.referrals r set cleared = resolve_referral.decision = 'reward', due = resolve_referral.decision = 'reward',
    status = case resolve_referral.decision when 'refuse' then 'refused' else r.status end,
    hold_reason = case resolve_referral.decision when 'refuse' then null else r.hold_reason end
    where r.referred_id = resolve_referral.referred_id and r.status = 'held' returning * into v_referral;
  if not found then
    perform private.raise_error('review_not_possible', jsonb_build_object('referred_id', resolve_referral.referred_id));
  end if;
  perform private.record_audit(v_actor_id, 'resolve_referral', v_referral.referrer_id, resolve_referral.reason,
    jsonb_build_object('referred_id', v_referral.referred_id, 'decision', resolve_referral.decision));
  if resolve_referral.decision = 'refuse' then
    perform private.resolve_alert('referral_held', v_referral.referred_id::text);
  end if;
  return jsonb_build_object('referred_id', v_referral.referred_id, 'status', v_referral.status);
end
$$;
comment on function public.resolve_referral(uuid, text, text, uuid) is
  'Decides about a referral that is held, with a reason; a reward is paid by the next run of the job. For admins and the secret key. Raises forbidden, invalid_request, review_not_possible.';

grant execute on function public.get_referral_code(uuid) to authenticated, service_role;
grant execute on function public.claim_referral(text, uuid) to authenticated, service_role;
grant execute on function public.resolve_referral(uuid, text, text, uuid) to authenticated, service_role;
