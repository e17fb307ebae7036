-- Promotion reports: what was given away, and what it brought.

create view reporting.campaigns with (security_invoker = true) as
  select c.name as campaign, c.kind, c.active, c.starts_at, c.ends_at, c.budget_micros, c.redeemed_count, c.redeemed_micros,
    coalesce(r.people, 0) as people, coalesce(r.granted_micros, 0) as granted_micros, coalesce(r.remaining_micros, 0) as remaining_micros,
    coalesce(r.spent_micros, 0) as spent_micros, coalesce(r.expired_micros, 0) as expired_micros, coalesce(r.taken_back_micros, 0) as taken_back_micros,
    coalesce(v.purchases, 0) as purchases, coalesce(v.revenue_cents, 0) as revenue_cents
  from private.campaigns c
  left join (
    select r.campaign, count(distinct r.user_id) as people, sum(g.granted_micros)::bigint as granted_micros, sum(g.remaining_micros)::bigint as remaining_micros,
      sum(e.spent_micros)::bigint as spent_micros, sum(e.expired_micros)::bigint as expired_micros, sum(e.taken_back_micros)::bigint as taken_back_micros
    from public.redemptions r
    join public.credit_grants g on g.user_id = r.user_id and g.id = r.grant_id
    cross join lateral (
      select -coalesce(sum(e.amount_micros) filter (where t.kind in ('call', 'call_refund', 'rerate')), 0) as spent_micros,
        -coalesce(sum(e.amount_micros) filter (where t.kind = 'expiry'), 0) as expired_micros,
        -coalesce(sum(e.amount_micros) filter (where t.kind in ('clawback', 'reinstatement', 'adjustment')), 0) as taken_back_micros
      from public.grant_entries e join public.transactions t on t.user_id = e.user_id and t.line = e.line
      where e.user_id = g.user_id and e.grant_id = g.id) e
    group by r.campaign) r on r.campaign = c.name
  left join (
    select r.campaign, count(distinct p.id) as purchases, sum(p.paid_cents - p.tax_cents - p.refunded_cents - p.disputed_cents)::bigint as revenue_cents
    from (select r.campaign, r.user_id, min(r.created_at) as since from public.redemptions r where r.status = 'granted' group by r.campaign, r.user_id) r
    join public.purchases p on p.user_id = r.user_id and p.status = 'paid' and p.created_at >= r.since - interval '1 day'
    group by r.campaign) v on v.campaign = c.name;
comment on view reporting.campaigns is 'Each campaign: redeemed, spent, expired, and the payments of those who redeemed it, from the day before on.';
comment on column reporting.campaigns.campaign is 'The campaign.';
comment on column reporting.campaigns.kind is 'free_credit, fixed_bonus or percent_bonus.';
comment on column reporting.campaigns.active is 'Whether it can be redeemed.';
comment on column reporting.campaigns.starts_at is 'From when.';
comment on column reporting.campaigns.ends_at is 'Until when.';
comment on column reporting.campaigns.budget_micros is 'How much it may give in all, in micro-units.';
comment on column reporting.campaigns.redeemed_count is 'Redemptions that stand, reserved ones included.';
comment on column reporting.campaigns.redeemed_micros is 'What they give, in micro-units.';
comment on column reporting.campaigns.people is 'People who got credit by it.';
comment on column reporting.campaigns.granted_micros is 'Credit granted, in micro-units.';
comment on column reporting.campaigns.remaining_micros is 'Of this, not spent yet.';
comment on column reporting.campaigns.spent_micros is 'Of this, spent on calls, net of refunds of calls.';
comment on column reporting.campaigns.expired_micros is 'Of this, expired unused.';
comment on column reporting.campaigns.taken_back_micros is 'Of this, taken back after refunds and by admins.';
comment on column reporting.campaigns.purchases is 'Paid purchases of these people.';
comment on column reporting.campaigns.revenue_cents is 'What they paid, without tax, less what went back, in cents.';

create view reporting.referrals with (security_invoker = true) as
  select r.referrer_id, count(*) as invited, count(*) filter (where r.status in ('pending', 'held')) as pending,
    count(*) filter (where r.status = 'held') as held, count(*) filter (where r.status = 'rewarded') as rewarded,
    count(*) filter (where r.status = 'reversed') as reversed, coalesce(sum(w.reward_micros), 0)::bigint as reward_micros,
    coalesce(sum(p.paid_cents - p.tax_cents - p.refunded_cents - p.disputed_cents), 0)::bigint as first_payments_cents
  from private.referrals r
  left join public.purchases p on p.user_id = r.referred_id and p.id = r.purchase_id
  left join lateral (
    select sum(t.amount_micros) as reward_micros from private.referral_rewards w
    join public.transactions t on t.user_id = w.user_id and t.line = w.line where w.referred_id = r.referred_id) w on true
  group by r.referrer_id;
comment on view reporting.referrals is 'Each person who referred others: how many, what became of it, what it cost and brought.';
comment on column reporting.referrals.referrer_id is 'Who referred.';
comment on column reporting.referrals.invited is 'People who named their code.';
comment on column reporting.referrals.pending is 'Of these, without a payment that counts yet, or held.';
comment on column reporting.referrals.held is 'Of these, waiting for a person''s decision.';
comment on column reporting.referrals.rewarded is 'Of these, rewarded.';
comment on column reporting.referrals.reversed is 'Of these, rewarded and taken back.';
comment on column reporting.referrals.reward_micros is 'What both sides got, net, in micro-units.';
comment on column reporting.referrals.first_payments_cents is 'What the first payments brought, without tax, less what went back, in cents.';
