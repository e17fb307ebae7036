-- Grants: lots of credit.
--
-- Every credit arrives as a grant that knows what paid for it, what remains and when it expires. Spending takes from grants in one order:
-- soonest expiry, then promotional before paid, then oldest. `grant_entries` records which journal line took how much from which grant,
-- so each cent of a call leads back to a purchase and its Stripe payment.
--
-- What remains in all grants is the balance, or zero when the balance is negative (debt): new credit pays the debt first.

create table public.credit_grants (
  user_id uuid not null references public.users (id),
  id bigint not null,
  source text not null constraint credit_grants_source_known check (source in ('paid', 'promotional', 'adjustment')),
  granted_micros bigint not null constraint credit_grants_granted_positive check (granted_micros > 0),
  remaining_micros bigint not null
    constraint credit_grants_remaining_within_granted check (remaining_micros between 0 and granted_micros),
  purchase_id uuid,
  expires_at timestamptz,
  warned_days smallint,
  created_at timestamptz not null,
  primary key (user_id, id),
  foreign key (user_id, id) references public.transactions (user_id, line)
);
alter table public.credit_grants enable row level security;
comment on table public.credit_grants is 'Lots of credit, spent in order: soonest expiry, promotional before paid, oldest.';
comment on column public.credit_grants.user_id is 'Whose credit.';
comment on column public.credit_grants.id is 'The journal line that brought it.';
comment on column public.credit_grants.source is 'paid, promotional or adjustment.';
comment on column public.credit_grants.granted_micros is 'What was granted, in micro-units.';
comment on column public.credit_grants.remaining_micros is 'What remains, in micro-units.';
comment on column public.credit_grants.purchase_id is 'The purchase that brought it.';
comment on column public.credit_grants.expires_at is 'From this instant it cannot be spent; null means never.';
comment on column public.credit_grants.warned_days is 'How many days before its expiry the person was last warned.';
comment on column public.credit_grants.created_at is 'When it was granted.';

create index credit_grants_spendable on public.credit_grants (user_id, expires_at nulls last, (source <> 'promotional'), id)
  where remaining_micros > 0;
create index credit_grants_expiring on public.credit_grants (expires_at) where remaining_micros > 0 and expires_at is not null;
create index credit_grants_purchase on public.credit_grants (user_id, purchase_id) where purchase_id is not null;

create policy "Users read their own grants" on public.credit_grants
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.credit_grants to authenticated, service_role;

create table public.grant_entries (
  user_id uuid not null,
  grant_id bigint not null,
  line bigint not null,
  amount_micros bigint not null constraint grant_entries_amount_moves_credit check (amount_micros <> 0),
  primary key (user_id, grant_id, line),
  foreign key (user_id, grant_id) references public.credit_grants (user_id, id),
  foreign key (user_id, line) references public.transactions (user_id, line)
);
alter table public.grant_entries enable row level security;
comment on table public.grant_entries is 'Which journal line moved how much in or out of which grant. Append-only.';
comment on column public.grant_entries.user_id is 'Whose grant.';
comment on column public.grant_entries.grant_id is 'The grant.';
comment on column public.grant_entries.line is 'The journal line.';
comment on column public.grant_entries.amount_micros is 'Change of the grant''s remaining credit, in micro-units.';

create index grant_entries_line on public.grant_entries (user_id, line);

create policy "Users read their own grant entries" on public.grant_entries
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.grant_entries to authenticated, service_role;

create trigger append_only before update or delete or truncate on public.grant_entries
  for each statement execute function private.refuse_change();

-- ---------------------------------------------------------------------------------------------------------------------
-- Internals
-- ---------------------------------------------------------------------------------------------------------------------

create function private.grants_in_order(p_user_id uuid, p_usable_at timestamptz) returns setof public.credit_grants
language plpgsql stable set search_path = ''
as $$
begin
  return query
    select g.*
    from public.credit_grants g
    where g.user_id = p_user_id and g.remaining_micros > 0 and (g.expires_at is null or g.expires_at > p_usable_at)
    order by g.expires_at nulls last, (g.source <> 'promotional'), g.id;
end
$$;
comment on function private.grants_in_order(uuid, timestamptz) is
  'Grants with credit that were usable at an instant, in the order they are spent, which is that of the index credit_grants_spendable.';

create function private.next_grant(p_user_id uuid, p_usable_at timestamptz) returns public.credit_grants
language plpgsql stable set search_path = ''
as $$
declare
  v_grant public.credit_grants;
begin
  select * into v_grant from public.credit_grants g
    where g.user_id = p_user_id and g.remaining_micros > 0 and (g.expires_at is null or g.expires_at > p_usable_at)
    order by g.expires_at nulls last, (g.source <> 'promotional'), g.id
    limit 1;
  return v_grant;
end
$$;
comment on function private.next_grant(uuid, timestamptz) is
  'The first of private.grants_in_order, found without reading the others; null when there is none.';

create function private.grant_credit(
  p_user_id uuid,
  p_kind text,
  p_source text,
  p_amount_micros bigint,
  p_counter_account text,
  p_description text,
  p_purchase_id uuid default null,
  p_expires_at timestamptz default null
) returns public.credit_grants
language plpgsql volatile set search_path = ''
as $$
declare
  v_transaction public.transactions;
  v_grant public.credit_grants;
begin
  v_transaction := private.post_transaction(p_user_id, p_kind, p_amount_micros, p_counter_account, p_description, p_purchase_id);
  insert into public.credit_grants (user_id, id, source, granted_micros, remaining_micros, purchase_id, expires_at, created_at)
  values (p_user_id, v_transaction.line, p_source, p_amount_micros,
    -- What a debt swallows is not there to be spent.
    least(p_amount_micros, greatest(v_transaction.balance_after_micros, 0)),
    p_purchase_id, p_expires_at, v_transaction.created_at)
  returning * into v_grant;
  if v_grant.remaining_micros > 0 then
    insert into public.grant_entries (user_id, grant_id, line, amount_micros)
    values (p_user_id, v_grant.id, v_transaction.line, v_grant.remaining_micros);
  end if;
  return v_grant;
end
$$;
comment on function private.grant_credit(uuid, text, text, bigint, text, text, uuid, timestamptz) is
  'Adds credit: one journal line and the grant it brings. A debt is paid first.';

create function private.spend_credit(p_user_id uuid, p_line bigint, p_amount_micros bigint, p_usable_at timestamptz) returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_grant public.credit_grants;
  v_left bigint := p_amount_micros;
  v_part bigint;
begin
  -- One after the other, because the first nearly always pays for all.
  while v_left > 0 loop
    v_grant := private.next_grant(p_user_id, p_usable_at);
    if v_grant.id is null then
      -- Beyond them only a credit limit pays, and debt never stands beside credit: what a sibling's hold keeps alive goes first.
      v_grant := private.next_grant(p_user_id, '-infinity');
      exit when v_grant.id is null;
    end if;
    v_part := least(v_left, v_grant.remaining_micros);
    update public.credit_grants g set remaining_micros = g.remaining_micros - v_part
      where g.user_id = p_user_id and g.id = v_grant.id;
    insert into public.grant_entries (user_id, grant_id, line, amount_micros)
    values (p_user_id, v_grant.id, p_line, -v_part);
    v_left := v_left - v_part;
  end loop;
  return v_left;
end
$$;
comment on function private.spend_credit(uuid, bigint, bigint, timestamptz) is
  'Takes an amount from the grants that were usable at an instant, in order, for one journal line. Returns what no grant covered: debt.';

create function private.return_credit(
  p_user_id uuid, p_line bigint, p_amount_micros bigint, p_spent_lines bigint[], p_spent_at timestamptz, p_source text default 'adjustment',
  p_purchase_id uuid default null
) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_entry record;
  v_left bigint := p_amount_micros;
  v_lapsed bigint := 0;
  v_life interval;
  v_part bigint;
begin
  for v_entry in
    select g.id, g.expires_at, -sum(e.amount_micros) as spent_micros
    from public.grant_entries e
    join public.credit_grants g on g.user_id = e.user_id and g.id = e.grant_id
    where e.user_id = p_user_id and e.line = any (p_spent_lines)
    group by g.id, g.expires_at, g.source
    having sum(e.amount_micros) < 0
    order by g.expires_at desc nulls first, (g.source = 'promotional'), g.id desc
  loop
    exit when v_left = 0;
    v_part := least(v_left, v_entry.spent_micros);
    v_left := v_left - v_part;
    if v_entry.expires_at <= v_now then
      v_lapsed := v_lapsed + v_part;
      v_life := greatest(v_life, v_entry.expires_at - p_spent_at, interval '0');
    else
      update public.credit_grants g set remaining_micros = g.remaining_micros + v_part where g.user_id = p_user_id and g.id = v_entry.id;
      insert into public.grant_entries (user_id, grant_id, line, amount_micros) values (p_user_id, v_entry.id, p_line, v_part);
    end if;
  end loop;
  -- What no grant had paid was a debt that has been repaid since, with credit nobody can tell apart any more.
  if v_lapsed + v_left > 0 then
    insert into public.credit_grants (user_id, id, source, granted_micros, remaining_micros, purchase_id, expires_at, created_at)
    values (p_user_id, p_line, p_source, v_lapsed + v_left, v_lapsed + v_left, p_purchase_id,
      -- In seconds: a day of an interval follows the session's time zone through its clock changes.
      case when v_left = 0 then v_now + make_interval(secs => extract(epoch from v_life)::double precision) end, v_now);
    insert into public.grant_entries (user_id, grant_id, line, amount_micros) values (p_user_id, p_line, p_line, v_lapsed + v_left);
  end if;
end
$$;
comment on function private.return_credit(uuid, bigint, bigint, bigint[], timestamptz, text, uuid) is
  'For one journal line, puts credit that earlier lines took back into the grants it came from, the last one spent first. For what has expired since, the person gets a new grant that lives as long as the old one still had when it was spent.';

create function private.book_expiry(p_user_id uuid, p_expired_by timestamptz) returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_expired bigint := private.expired_micros(p_user_id, p_expired_by);
  v_left bigint := v_expired;
  v_grant public.credit_grants;
  v_part bigint;
  v_line bigint;
begin
  for v_grant in
    select * from private.grants_in_order(p_user_id, '-infinity') g where g.expires_at <= p_expired_by
  loop
    exit when v_left = 0;
    v_part := least(v_left, v_grant.remaining_micros);
    v_line := (private.post_transaction(p_user_id, 'expiry', -v_part, 'breakage_revenue', 'Expired credit', v_grant.purchase_id)).line;
    update public.credit_grants g set remaining_micros = g.remaining_micros - v_part
      where g.user_id = p_user_id and g.id = v_grant.id;
    insert into public.grant_entries (user_id, grant_id, line, amount_micros)
    values (p_user_id, v_grant.id, v_line, -v_part);
    v_left := v_left - v_part;
  end loop;
  return v_expired;
end
$$;
comment on function private.book_expiry(uuid, timestamptz) is 'Books a user''s credit that had expired by an instant and that no live call holds as breakage. Returns how much.';
