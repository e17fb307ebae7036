begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 1000000);
select pg_temp.new_plan('america', jsonb_build_object('prefix', '1', 'effective_from', pg_temp.at(-1000)));
update public.users set rate_plan = 'america' where id = pg_temp.ada();
create temporary table cases (position integer, differences jsonb, code text);
insert into cases select row_number() over (), * from (values
  ('{"user_id": null}'::jsonb, 'user_not_found'), ('{"user_id": "ada"}', 'user_not_found'), ('{"user_id": "bbbbbbbb-0000-4000-8000-000000000002"}', 'user_not_found'),
  ('{"call_id": null}', 'invalid_call_id'), ('{"call_id": ""}', 'invalid_call_id'), ('{"call_id": "a b"}', 'invalid_call_id'),
  ('{"destination": null}', 'invalid_destination'), ('{"destination": "4155552671"}', 'invalid_destination'), ('{"destination": 14155552671}', 'invalid_destination'),
  ('{"started_at": null}', 'invalid_request'), ('{"started_at": "yesterday"}', 'invalid_request'), ('{"started_at": "now"}', 'invalid_request'),
  ('{"started_at": "-infinity"}', 'invalid_request'), ('{"started_at": "2020-03-01T11:50:00"}', 'invalid_request'), ('{"started_at": "2020-02-30T11:50:00Z"}', 'invalid_request'),
  ('{"started_at": 1583063400}', 'invalid_request'),
  ('{"duration_seconds": null}', 'duration_invalid'), ('{"duration_seconds": -1}', 'duration_invalid'), ('{"duration_seconds": 1.5}', 'duration_invalid'),
  ('{"duration_seconds": "long"}', 'duration_invalid'), ('{"duration_seconds": 99999999}', 'duration_invalid'),
  -- Over only after now, or not begun.
  ('{"duration_seconds": 601}', 'duration_invalid'), ('{"started_at": "2020-03-01T12:00:01Z", "duration_seconds": 0}', 'duration_invalid'),
  ('{"destination": "+442079460958"}', 'destination_not_rated'), ('{"started_at": "2020-03-01T11:43:19Z"}', 'destination_not_rated'),
  -- And two that are as they should be.
  ('{}', null), ('{"call_id": "other", "started_at": "2020-03-01 12:50:00+01:00", "duration_seconds": "0600", "extra": true}', null)) all_cases (differences, code);
create temporary table imported as
  select public.import_call_records(jsonb_agg('{"user_id": "aaaaaaaa-0000-4000-8000-000000000001", "call_id": "good", "destination": "+14155552671",
    "started_at": "2020-03-01T11:50:00Z", "duration_seconds": 60}'::jsonb || differences order by position)) as answer from cases;
select is((select answer - 'refused' from imported), '{"charged": 2, "replayed": 0}', 'bad records do not stop the good ones');
select results_eq($$ select (r ->> 'position')::integer, r ->> 'code' from imported, jsonb_array_elements(answer -> 'refused') r order by 1 $$,
  'select position, code from cases where code is not null order by position', 'each refusal has its position in the batch and its code');
select results_eq($$ select r -> 'call_id' from imported, jsonb_array_elements(answer -> 'refused') r where (r ->> 'position')::integer in (4, 6, 7) order by (r ->> 'position')::integer $$,
  $$ values ('null'::jsonb), ('"a b"'), ('"good"') $$, 'and the call it is about');
select set_eq($$ select id from public.call_logs where user_id = pg_temp.ada() $$, $$ values ('good'), ('other') $$, 'nothing is left of a refused one');
select is(public.import_call_records('[1, "x", null, [], {}]') #> '{refused}' @> '[{"position": 5, "code": "user_not_found"}, {"position": 1, "code": "user_not_found"}]', true, 'what is no record at all is refused as well');
select is(pg_temp.error_of(format('select public.import_call_records(%L)', records)) - 'hint', '{"code": "invalid_request", "sqlstate": "PT400",
  "details": {"parameter": "records", "problem": "an array of at most 10000"}}', coalesce(left(records::text, 20), 'null'))
from (values (null), ('{}'::jsonb), ('"x"'), ((select jsonb_agg(n) from generate_series(1, 10001) n))) batches (records);
select is(jsonb_array_length(public.import_call_records((select jsonb_agg(n) from generate_series(1, 10000) n)) -> 'refused'), 10000, 'ten thousand records are a batch');
select pg_temp.act_as(pg_temp.ada());
select throws_ok($$ select public.import_call_records('[]') $$, '42501', null, 'users import nothing');
select pg_temp.act_as_owner();

select * from finish();
rollback;
