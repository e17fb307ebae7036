-- The reconciler: reading from Stripe what nobody reported.
--
-- Three of the four ways to confirm a payment run here (docs/decisions/0001): polling purchases that are not final, following Stripe's events, and a daily sweep
-- of its lists. An event or a list only says which object to read; what counts is the object. So any way alone is enough, and order, repetition and loss
-- between them make no difference.
--
-- One run at a time holds the lease. A walk through a list keeps its place after each page, so a run that dies is carried on by the next. The event list is
-- eventually consistent and its ids are not in order: each walk begins `events_overlap_seconds` before the end of the last, and ids already seen are passed over.
-- Stripe keeps events for 30 days; after a longer gap the lists are swept back to its beginning instead, those of refunds and disputes a year further.

insert into private.settings (name, value, description) values
  ('reconcile_lease_seconds', '120', 'How long a run that has died keeps others away.'),
  ('events_overlap_seconds', '900', 'How far each walk through Stripe''s events reaches back into the last one.'),
  ('sweep_interval_seconds', '86400', 'How often Stripe''s lists are swept.'),
  ('sweep_window_seconds', '864000', 'How far back a sweep reads; further where something older is still open.');

create table private.reconcile_runs (
  id bigint generated always as identity primary key,
  started_at timestamptz not null,
  finished_at timestamptz,
  lease_until timestamptz not null,
  counts jsonb not null default '{}',
  lag_seconds integer,
  error text
);
alter table private.reconcile_runs enable row level security;
comment on table private.reconcile_runs is 'Runs of the reconciler. The newest one holds the lease until it has finished or its time is up.';
comment on column private.reconcile_runs.id is 'Counts up.';
comment on column private.reconcile_runs.started_at is 'When it began.';
comment on column private.reconcile_runs.finished_at is 'When it ended; null while it runs, and for ever if it died.';
comment on column private.reconcile_runs.lease_until is 'Until when no other may begin.';
comment on column private.reconcile_runs.counts is 'What it did.';
comment on column private.reconcile_runs.lag_seconds is 'How far it was behind when it ended: the age of the oldest purchase that was due, or of the events not yet read.';
comment on column private.reconcile_runs.error is 'What stopped it.';
create unique index reconcile_runs_unfinished on private.reconcile_runs ((finished_at is null)) where finished_at is null;
create index reconcile_runs_started_at on private.reconcile_runs (started_at);

create table private.reconcile_walks (
  name text primary key constraint reconcile_walks_name_known check (
    name in ('events', 'sessions', 'refunds', 'disputes', 'payment_intents', 'subscriptions', 'invoices')),
  read_until timestamptz not null,
  since timestamptz,
  until timestamptz,
  after text,
  constraint reconcile_walks_under_way check ((since is null) = (until is null) and (after is null or since is not null))
);
alter table private.reconcile_walks enable row level security;
comment on table private.reconcile_walks is 'How far Stripe''s lists have been read, and where a walk under way stands.';
comment on column private.reconcile_walks.name is 'Which list.';
comment on column private.reconcile_walks.read_until is 'Everything created before this has been read.';
comment on column private.reconcile_walks.since is 'The walk under way reads what was created from here on; null when there is none.';
comment on column private.reconcile_walks.until is 'The walk under way reads what was created up to here.';
comment on column private.reconcile_walks.after is 'The last object of the last page that was read; null at the beginning.';
insert into private.reconcile_walks (name, read_until)
  select w.name, private.clock() from unnest(array['events', 'sessions', 'refunds', 'disputes', 'payment_intents',
    'subscriptions', 'invoices']) w (name);

create table private.stripe_events (
  id text primary key,
  type text not null,
  created_at timestamptz not null
);
alter table private.stripe_events enable row level security;
comment on table private.stripe_events is 'Events that have been dealt with, for as long as Stripe lists them.';
comment on column private.stripe_events.id is 'The event.';
comment on column private.stripe_events.type is 'What it was about.';
comment on column private.stripe_events.created_at is 'When it happened, as Stripe says.';
create index stripe_events_created_at on private.stripe_events (created_at);

-- ---------------------------------------------------------------------------------------------------------------------
-- Internals
-- ---------------------------------------------------------------------------------------------------------------------

create function private.oldest_open(p_walk text) returns timestamptz
language plpgsql stable set search_path = ''
as $$
begin
  return case p_walk
    when 'sessions' then (select min(coalesce(p.stripe_created_at, p.created_at)) from public.purchases p
      where p.origin = 'checkout' and p.status in ('created', 'open', 'processing'))
    when 'payment_intents' then (select min(p.created_at) from public.purchases p
      where p.origin = 'auto_reload' and p.status in ('created', 'open', 'processing'))
    when 'refunds' then (select min(r.created_at) from public.purchase_refunds r where r.status in ('requested', 'pending', 'requires_action'))
    when 'disputes' then (select min(d.created_at) from public.purchase_disputes d where not private.dispute_is_over(d.status))
    when 'subscriptions' then (select min(s.created_at) from public.subscriptions s where s.status in ('open', 'active', 'past_due', 'unpaid', 'duplicate'))
    -- Stripe tries an invoice for two months at most.
    when 'invoices' then (select min(coalesce(s.current_period_start - interval '2 months', s.created_at)) from public.subscriptions s
      where s.status in ('open', 'past_due', 'unpaid'))
  end;
end
$$;
comment on function private.oldest_open(text) is 'When the oldest thing of a list began that may still change.';

create function private.begin_walks(p_now timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_events_until timestamptz := (select w.read_until from private.reconcile_walks w where w.name = 'events');
  -- A day of slack: what is about to vanish from Stripe's list is not relied upon.
  v_gap boolean := v_events_until < p_now - interval '29 days';
begin
  if v_gap then
    perform private.open_alert('reconciler_gap', 'events', null, jsonb_build_object('read_until', v_events_until));
    -- A walk from before the gap would end with what was before it.
    update private.reconcile_walks w set since = null, until = null, after = null
      where w.name <> 'events' and w.until < p_now - interval '29 days';
  end if;
  update private.reconcile_walks w set
    since = coalesce(w.since, case when w.name = 'events'
        then greatest(w.read_until - private.setting_seconds('events_overlap_seconds'), p_now - interval '29 days')
      else least(w.read_until, p_now - private.setting_seconds('sweep_window_seconds'), private.oldest_open(w.name),
        -- What was over may have changed once more in a gap: a refund that failed later, a dispute that was appealed.
        case when v_gap and w.name in ('refunds', 'disputes') then v_events_until - interval '1 year' end)
      end - interval '1 minute'),
    until = p_now
    -- One that stands at its beginning reads on to now: something it could not read must not keep it from what is new.
    where case when w.since is not null then w.after is null
      else w.name = 'events' or v_gap or w.read_until <= p_now - private.setting_seconds('sweep_interval_seconds') end;
end
$$;
comment on function private.begin_walks(timestamptz) is
  'Begins the walks that are due: events always, the lists once a day or when events were lost. Walks under way go on; one at its beginning up to now.';

create function private.hold_lease(p_run_id bigint) returns boolean
language plpgsql volatile set search_path = ''
as $$
begin
  update private.reconcile_runs r set lease_until = private.clock() + private.setting_seconds('reconcile_lease_seconds')
    where r.id = p_run_id and r.finished_at is null;
  return found;
end
$$;
comment on function private.hold_lease(bigint) is 'Extends the lease of a run; false when another has taken over.';

-- ---------------------------------------------------------------------------------------------------------------------
-- For the function
-- ---------------------------------------------------------------------------------------------------------------------

create function public.begin_reconcile_run() returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_run_id bigint;
begin
  update private.reconcile_runs r set finished_at = r.lease_until, error = 'died' where r.finished_at is null and r.lease_until <= v_now;
  insert into private.reconcile_runs (started_at, lease_until)
    values (v_now, v_now + private.setting_seconds('reconcile_lease_seconds'))
    on conflict ((finished_at is null)) where finished_at is null do nothing
    returning id into v_run_id;
  if v_run_id is null then
    return jsonb_build_object('run_id', null, 'walks', '[]'::jsonb);
  end if;
  delete from private.stripe_events e where e.created_at < v_now - interval '32 days';
  delete from private.payment_failures f where f.failed_at < v_now - interval '90 days';
  delete from private.reconcile_runs r where r.started_at < v_now - interval '90 days';
  perform private.begin_walks(v_now);
  return jsonb_build_object('run_id', v_run_id, 'lease_seconds', private.setting_integer('reconcile_lease_seconds'), 'walks', (
    select coalesce(jsonb_agg(jsonb_build_object('name', w.name, 'since', w.since, 'until', w.until, 'after', w.after)
      order by array_position(array['events', 'sessions', 'payment_intents', 'subscriptions', 'invoices', 'refunds', 'disputes'], w.name)), '[]')
    from private.reconcile_walks w where w.since is not null));
end
$$;
comment on function public.begin_reconcile_run() is
  'Takes the lease and says which lists to walk through and from where; run_id is null while another run holds it. Secret key only.';

create function public.save_walk(run_id bigint, name text, after text, done boolean) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
begin
  if not private.hold_lease(save_walk.run_id) then
    return '{"lease": false}';
  end if;
  update private.reconcile_walks w set
    read_until = case when save_walk.done then w.until else w.read_until end,
    since = case when not save_walk.done then w.since end,
    until = case when not save_walk.done then w.until end,
    after = case when not save_walk.done then save_walk.after end
    where w.name = save_walk.name and w.since is not null;
  if save_walk.done and save_walk.name = 'events' then
    perform private.resolve_alert('reconciler_gap', 'events');
  end if;
  return '{"lease": true}';
end
$$;
comment on function public.save_walk(bigint, text, text, boolean) is
  'Keeps a walk''s place after a page, or ends it; the answer says whether this run still holds the lease. A null place begins the list anew. Secret key only.';

create function public.filter_new_events(event_ids text[]) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(n.id order by n.position), '[]') from unnest(filter_new_events.event_ids) with ordinality n (id, position)
  where not exists (select from private.stripe_events e where e.id = n.id)
$$;
comment on function public.filter_new_events(text[]) is 'Which of these events have not been dealt with yet. Secret key only.';

create function public.filter_unsettled(object_ids text[]) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  -- A purchase that is paid or expired is so for good, and reading it again would be a request for nothing.
  return (select coalesce(jsonb_agg(o.id order by o.position), '[]') from unnest(filter_unsettled.object_ids) with ordinality o (id, position)
  where not exists (select from public.purchases p where p.stripe_session_id = o.id and p.status in ('paid', 'expired'))
    and not exists (select from public.purchases p where p.payment_intent_id = o.id and p.status = 'paid')
    and not exists (select from public.purchases p where p.stripe_invoice_id = o.id)
    and not exists (select from public.subscriptions s where s.stripe_session_id = o.id and s.status not in ('created', 'open')));
end
$$;
comment on function public.filter_unsettled(text[]) is
  'Which of these Checkout Sessions, PaymentIntents and invoices may still have something to tell. Secret key only.';

create function public.record_events(events jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  insert into private.payment_failures (event_id, user_id, code, failed_at)
    select e.id, u.id, e.failure_code, to_timestamp(e.created)
    from jsonb_to_recordset(record_events.events) e (id text, type text, created double precision, user_id text, failure_code text)
    join public.users u on u.id = private.text_to_uuid(e.user_id)
    where e.type in ('payment_intent.payment_failed', 'invoice.payment_failed')
    on conflict do nothing;
  insert into private.stripe_events (id, type, created_at)
    select e.id, e.type, to_timestamp(e.created)
    from jsonb_to_recordset(record_events.events) e (id text, type text, created double precision)
    on conflict do nothing;
end
$$;
comment on function public.record_events(jsonb) is
  'Notes events as dealt with: [{id, type, created, user_id?, failure_code?}]. A payment_intent.payment_failed or invoice.payment_failed that names a user counts as one failed attempt. Secret key only.';

create function public.finish_reconcile_run(run_id bigint, counts jsonb, error text default null) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
begin
  update private.reconcile_runs r set finished_at = v_now, counts = finish_reconcile_run.counts, error = left(finish_reconcile_run.error, 500),
    lag_seconds = greatest(0, extract(epoch from v_now - least(
      (select min(p.next_check_at) from public.purchases p where p.status in ('open', 'processing') and p.stripe_session_id is not null),
      (select case when w.since is null then v_now else w.read_until end from private.reconcile_walks w where w.name = 'events'))))
    where r.id = finish_reconcile_run.run_id and r.finished_at is null;
  -- A run that another has taken over from says nothing about how things are.
  if not found then
    return;
  end if;
  if finish_reconcile_run.error is null then
    perform private.resolve_alert('reconciler_failed', 'run');
  else
    perform private.open_alert('reconciler_failed', 'run', null, jsonb_build_object('error', left(finish_reconcile_run.error, 500)));
  end if;
end
$$;
comment on function public.finish_reconcile_run(bigint, jsonb, text) is 'Records what a run did and gives the lease back. Secret key only.';

grant execute on function public.begin_reconcile_run() to service_role;
grant execute on function public.save_walk(bigint, text, text, boolean) to service_role;
grant execute on function public.filter_new_events(text[]) to service_role;
grant execute on function public.filter_unsettled(text[]) to service_role;
grant execute on function public.record_events(jsonb) to service_role;
grant execute on function public.finish_reconcile_run(bigint, jsonb, text) to service_role;
