-- Rate sheets: loading many rates at once.
--
-- A sheet is CSV with a header (RFC 4180), in UTF-8 with or without a byte order mark, its lines ended by LF or CRLF. All of it is loaded or
-- nothing is: every bad line is reported with its number. Prices are decimal amounts of the plan's currency, at most six decimals, read without a
-- float. Loading adds versions effective from an instant that is not past, so what was published stays as it was.
--
--   column              required   default
--   prefix              yes                   leading digits of the E.164 number; empty matches every number
--   per_minute          yes                   0.0123
--   connection_fee                 0
--   initial_increment              60         seconds
--   increment                      60         seconds
--   free_seconds                   0
--   minimum_charge                 0
--   rounding_mode                  up
--
-- Other columns, such as a destination's name, are passed over.

create function private.parse_csv_line(p_line text) returns text[]
language sql immutable set search_path = ''
as $$
  select array_agg(coalesce(replace(m[1], '""', '"'), m[2]))
  from regexp_matches(',' || p_line, ',(?:"((?:[^"]|"")*)"|([^,"]*))(?=,|$)', 'g') m
$$;
comment on function private.parse_csv_line(text) is 'The fields of one CSV line (RFC 4180, without line breaks inside fields).';

create type private.sheet_line as (
  line integer,
  prefix text,
  per_minute_micros bigint,
  connection_fee_micros bigint,
  initial_increment_seconds integer,
  increment_seconds integer,
  free_seconds integer,
  minimum_charge_micros bigint,
  rounding_mode text,
  problem text
);
comment on type private.sheet_line is 'One line of a rate sheet as it was read, or what is wrong with it.';

-- One query without helper functions: a call per field would cost more than all the rest for a sheet of many thousand lines.
create function private.parse_rate_sheet(p_sheet text) returns setof private.sheet_line
language sql stable set search_path = ''
as $$
  with lines as (
    select l.number::integer,
      case when strpos(l.content, '"') = 0 then string_to_array(l.content, ',') else private.parse_csv_line(l.content) end as fields
    from string_to_table(p_sheet, E'\n') with ordinality l (content, number)
    where l.content <> ''
  ), header as materialized (
    select h.number, h.fields, array_position(h.fields, 'prefix') as prefix, array_position(h.fields, 'per_minute') as per_minute,
      array_position(h.fields, 'connection_fee') as connection_fee, array_position(h.fields, 'initial_increment') as initial_increment,
      array_position(h.fields, 'increment') as increment, array_position(h.fields, 'free_seconds') as free_seconds,
      array_position(h.fields, 'minimum_charge') as minimum_charge, array_position(h.fields, 'rounding_mode') as rounding_mode
    from lines h order by h.number limit 1
  ), texts as (
    select l.number, cardinality(l.fields) is distinct from cardinality(h.fields) as is_ragged,
      trim(l.fields[h.prefix]) as prefix, trim(l.fields[h.per_minute]) as per_minute,
      coalesce(nullif(trim(l.fields[h.connection_fee]), ''), '0') as connection_fee,
      coalesce(nullif(trim(l.fields[h.initial_increment]), ''), '60') as initial_increment,
      coalesce(nullif(trim(l.fields[h.increment]), ''), '60') as increment,
      coalesce(nullif(trim(l.fields[h.free_seconds]), ''), '0') as free_seconds,
      coalesce(nullif(trim(l.fields[h.minimum_charge]), ''), '0') as minimum_charge,
      coalesce(nullif(trim(l.fields[h.rounding_mode]), ''), 'up') as rounding_mode
    from lines l cross join header h
    where l.number > h.number
  ), judged as (
    select t.*,
      case
        when t.is_ragged then 'not as many fields as the header'
        when t.prefix is null or t.prefix !~ '^[0-9]{0,15}$' then 'prefix is not up to 15 digits'
        when t.per_minute is null or t.per_minute !~ '^[0-9]{1,3}(\.[0-9]{1,6})?$' then 'per_minute is not an amount below 1000'
        when t.connection_fee !~ '^[0-9]{1,3}(\.[0-9]{1,6})?$' then 'connection_fee is not an amount below 1000'
        when t.initial_increment !~ '^0*([1-9][0-9]{0,2}|[1-2][0-9]{3}|3[0-5][0-9]{2}|3600)$' then 'initial_increment is not 1 to 3600 seconds'
        when t.increment !~ '^0*([1-9][0-9]{0,2}|[1-2][0-9]{3}|3[0-5][0-9]{2}|3600)$' then 'increment is not 1 to 3600 seconds'
        when t.free_seconds !~ '^0*([0-9]{1,3}|[1-2][0-9]{3}|3[0-5][0-9]{2}|3600)$' then 'free_seconds is not 0 to 3600'
        when t.minimum_charge !~ '^[0-9]{1,3}(\.[0-9]{1,6})?$' then 'minimum_charge is not an amount below 1000'
        when t.rounding_mode not in ('up', 'half_up', 'half_even', 'down') then 'rounding_mode is not up, half_up, half_even or down'
        when count(*) over (partition by t.prefix) > 1 then 'prefix stands twice in the sheet'
      end as problem
    from texts t
  )
  select j.number, j.prefix,
    case when j.problem is null then (j.per_minute::numeric * 1000000)::bigint end,
    case when j.problem is null then (j.connection_fee::numeric * 1000000)::bigint end,
    case when j.problem is null then j.initial_increment::integer end,
    case when j.problem is null then j.increment::integer end,
    case when j.problem is null then j.free_seconds::integer end,
    case when j.problem is null then (j.minimum_charge::numeric * 1000000)::bigint end,
    j.rounding_mode, j.problem
  from judged j
$$;
comment on function private.parse_rate_sheet(text) is 'Every line of a rate sheet after its header, each with its problem or null.';

create function public.load_rate_sheet(rate_plan text, sheet text, effective_from timestamptz default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  -- Spreadsheets begin their UTF-8 with a byte order mark and end lines with CRLF.
  v_sheet text := replace(ltrim(load_rate_sheet.sheet, U&'\FEFF'), E'\r', '');
  v_from timestamptz := coalesce(load_rate_sheet.effective_from, v_now);
  v_lines private.sheet_line[];
  v_problems jsonb;
begin
  if not exists (select from public.rate_plans p where p.code = load_rate_sheet.rate_plan) then
    perform private.raise_error('rate_plan_not_found', jsonb_build_object('rate_plan', load_rate_sheet.rate_plan));
  end if;
  if v_from < v_now then
    perform private.raise_error('invalid_request', '{"parameter": "effective_from", "problem": "in the past"}');
  end if;
  if coalesce(private.parse_csv_line(split_part(v_sheet, E'\n', 1)), '{}') @> '{prefix,per_minute}' is false then
    perform private.raise_error('invalid_request', '{"parameter": "sheet", "problem": "no header with prefix and per_minute"}');
  end if;
  select array_agg(l) into v_lines from private.parse_rate_sheet(v_sheet) l;
  select jsonb_agg(jsonb_build_object('line', l.line, 'prefix', l.prefix, 'problem', l.problem) order by l.line) into v_problems
    from unnest(v_lines) l where l.problem is not null;
  if v_problems is null then
    insert into public.rates as r (rate_plan, prefix, effective_from, per_minute_micros, connection_fee_micros, initial_increment_seconds,
      increment_seconds, free_seconds, minimum_charge_micros, rounding_mode)
    select load_rate_sheet.rate_plan, l.prefix, v_from, l.per_minute_micros, l.connection_fee_micros, l.initial_increment_seconds,
      l.increment_seconds, l.free_seconds, l.minimum_charge_micros, l.rounding_mode
    from unnest(v_lines) l
    -- In one order, so that two sheets for one instant never wait for each other in a circle.
    order by l.prefix
    on conflict on constraint rates_pkey do update set
      per_minute_micros = excluded.per_minute_micros, connection_fee_micros = excluded.connection_fee_micros,
      initial_increment_seconds = excluded.initial_increment_seconds, increment_seconds = excluded.increment_seconds,
      free_seconds = excluded.free_seconds, minimum_charge_micros = excluded.minimum_charge_micros, rounding_mode = excluded.rounding_mode;
  end if;
  return jsonb_build_object('loaded', case when v_problems is null then coalesce(cardinality(v_lines), 0) else 0 end,
    'effective_from', v_from, 'problems', coalesce(v_problems, '[]'));
end
$$;
comment on function public.load_rate_sheet(text, text, timestamptz) is
  'Loads a CSV rate sheet, all or nothing, and reports every bad line. Secret key only. Raises rate_plan_not_found, invalid_request, rate_published.';
grant execute on function public.load_rate_sheet(text, text, timestamptz) to service_role;
