-- Call records: what a telephony system reports afterwards.
--
-- Some calls were never authorized here: a switch ran on its own, or its records come in bulk at night. Each record is a call with a beginning and a
-- duration. It is charged what is available, second by second in the order the calls began, and the rest is kept as unbilled. A record's id is
-- its idempotency key: it may come twice, late or out of order. A bad record is refused with its reason and does not stop the others.

create type private.call_record as (
  position integer,
  user_id uuid,
  call_id text,
  destination text,
  started_at timestamptz,
  duration_seconds bigint,
  problem text
);
comment on type private.call_record is 'One imported record as it was read, or what is wrong with it.';

create function private.read_call_records(p_records jsonb) returns setof private.call_record
language sql stable set search_path = ''
as $$
  with texts as (
    select r.position::integer, r.record ->> 'user_id' as user_id, r.record ->> 'call_id' as call_id,
      regexp_replace(r.record ->> 'destination', '[\s().-]', '', 'g') as destination,
      r.record ->> 'started_at' as started_at, r.record ->> 'duration_seconds' as duration_seconds
    from jsonb_array_elements(p_records) with ordinality r (record, position)
  ), judged as (
    select t.*, case
      when t.user_id is null or not pg_input_is_valid(t.user_id, 'uuid') then 'user_not_found'
      when t.call_id is null or t.call_id !~ '^[A-Za-z0-9._:@-]{1,128}$' then 'invalid_call_id'
      when t.destination is null or t.destination !~ '^\+[1-9][0-9]{6,14}$' then 'invalid_destination'
      -- With its zone: without one it would mean another instant in another session.
      when t.started_at is null or t.started_at !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+ ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$'
        or not pg_input_is_valid(t.started_at, 'timestamptz') then 'invalid_request'
      when t.duration_seconds is null or t.duration_seconds !~ '^[0-9]{1,7}$' then 'duration_invalid'
    end as problem
    from texts t
  ), typed as (
    select j.position, case when j.problem is null then j.user_id::uuid end as user_id, j.call_id, j.destination,
      case when j.problem is null then j.started_at::timestamptz end as started_at,
      case when j.problem is null then j.duration_seconds::bigint end as duration_seconds, j.problem
    from judged j
  )
  select t.position, t.user_id, t.call_id, t.destination, t.started_at, t.duration_seconds,
    case
      when t.problem is not null then t.problem
      when u.id is null then 'user_not_found'
      when t.started_at + make_interval(secs => t.duration_seconds) > private.clock() then 'duration_invalid'
    end
  from typed t left join public.users u on u.id = t.user_id
$$;
comment on function private.read_call_records(jsonb) is 'Reads and judges imported records set-wise; problem is an error code or null.';

create function private.import_call_record(p_record private.call_record, p_rate public.rates) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  v_user public.users := private.lock_user(p_record.user_id);
  v_now timestamptz := private.clock();
  v_call public.call_logs;
  v_billable bigint;
begin
  select * into v_call from public.call_logs c where c.user_id = p_record.user_id and c.id = p_record.call_id;
  if found then
    return case
      when v_call.status = 'ended' and v_call.started_at = p_record.started_at
        and v_call.duration_seconds + v_call.unbilled_seconds = p_record.duration_seconds
        and private.decrypt_destination(v_call.destination_ciphertext) is not distinct from p_record.destination then 'replayed'
      else 'idempotency_conflict'
    end;
  end if;
  v_billable := least(p_record.duration_seconds, private.max_seconds(private.reservable_micros(v_user, private.available_micros(v_user, v_now), v_now), p_rate));
  insert into public.call_logs (user_id, id, status, end_reason, settled_by, destination_masked, destination_ciphertext, rate,
    started_at, answered_at, ended_at, duration_seconds, billed_seconds, unbilled_seconds, cost_micros)
  values (p_record.user_id, p_record.call_id, 'ended', case when p_record.duration_seconds = 0 then 'no_answer' else 'completed' end, 'import',
    private.mask_destination(p_record.destination), private.encrypt_destination(p_record.destination), p_rate,
    p_record.started_at, case when p_record.duration_seconds > 0 then p_record.started_at end, v_now,
    v_billable, private.billed_seconds(v_billable, p_rate), p_record.duration_seconds - v_billable, private.call_cost(v_billable, p_rate))
  returning * into v_call;
  -- Paid from what can be spent now: the call is over, and no hold kept older credit alive for it.
  perform private.charge_call(v_user, v_call, v_now, v_now);
  perform private.notify_call_end(v_user, v_call);
  return 'charged';
end
$$;
comment on function private.import_call_record(private.call_record, public.rates) is
  'Adds one record under the wallet''s lock and charges what is available. Returns charged, replayed or an error code.';

create function public.import_call_records(records jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_row record;
  v_outcome text;
  v_charged integer := 0;
  v_replayed integer := 0;
  v_refused jsonb[] := '{}';
begin
  if jsonb_typeof(import_call_records.records) is distinct from 'array' or jsonb_array_length(import_call_records.records) > 10000 then
    perform private.raise_error('invalid_request', '{"parameter": "records", "problem": "an array of at most 10000"}');
  end if;
  for v_row in
    select r as record, rate.found as rate, coalesce((r).problem, case when rate.found is null then 'destination_not_rated' end) as problem
    from private.read_call_records(import_call_records.records) r
    left join public.users u on u.id = (r).user_id
    left join lateral (
      select p as found from public.rates p
      where p.rate_plan = private.user_rate_plan(u) and p.effective_from <= (r).started_at
        and p.prefix = any (array(select substr((r).destination, 2, n) from generate_series(0, length((r).destination) - 1) n))
      order by length(p.prefix) desc, p.effective_from desc limit 1
    ) rate on (r).problem is null
    -- By user, so that imports at once lock in one order; then as the calls began, which is the order they are paid in.
    order by (r).user_id, (r).started_at, (r).call_id, (r).position
  loop
    v_outcome := coalesce(v_row.problem, private.import_call_record(v_row.record, v_row.rate));
    v_charged := v_charged + (v_outcome = 'charged')::integer;
    v_replayed := v_replayed + (v_outcome = 'replayed')::integer;
    if v_outcome not in ('charged', 'replayed') then
      v_refused := v_refused || jsonb_build_object('position', (v_row.record).position, 'call_id', (v_row.record).call_id, 'code', v_outcome);
    end if;
  end loop;
  return jsonb_build_object('charged', v_charged, 'replayed', v_replayed, 'refused', to_jsonb(v_refused));
end
$$;
comment on function public.import_call_records(jsonb) is
  'Imports up to 10000 call records {user_id, call_id, destination, started_at, duration_seconds}: charges what is available, keeps the rest as unbilled, reports each refusal by its position. Secret key only. Raises invalid_request.';
grant execute on function public.import_call_records(jsonb) to service_role;
