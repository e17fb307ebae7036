begin;
\ir ../helpers.psql
select plan(17);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u, 1000000) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
update public.users set rate_plan = 'prorated' where id in (pg_temp.ada(), pg_temp.ben());
create function pg_temp.record(p_call_id text, p_differences jsonb default '{}') returns jsonb language sql stable as $$
  select jsonb_build_object('user_id', pg_temp.ada(), 'call_id', p_call_id, 'destination', '+14155552671', 'started_at', pg_temp.at(-200), 'duration_seconds', 100) || p_differences
$$;
select is(public.import_call_records(jsonb_build_array(pg_temp.record('a'), pg_temp.record('a'))), '{"charged": 1, "replayed": 1, "refused": []}', 'twice in a batch');
select is(public.import_call_records(jsonb_build_array(pg_temp.record('a'), pg_temp.record('b'))), '{"charged": 1, "replayed": 1, "refused": []}', 'again in the next');
select is(public.import_call_records(jsonb_build_array(pg_temp.record('a', jsonb_build_object('started_at', to_char(pg_temp.at(-200) at time zone 'Asia/Kolkata', 'YYYY-MM-DD HH24:MI:SS+05:30'),
  'destination', '+1 415-555-2671', 'duration_seconds', '100')))) -> 'replayed', '1'::jsonb, 'also written another way');
select is(public.import_call_records(jsonb_build_array(pg_temp.record('a', differences))), '{"charged": 0, "replayed": 0, "refused": [{"position": 1, "call_id": "a", "code": "idempotency_conflict"}]}',
  'with other contents it is a conflict: ' || differences::text) from (values ('{"duration_seconds": 99}'::jsonb), ('{"destination": "+14155552672"}'), ('{"started_at": "2020-03-01T11:56:40.001Z"}')) other (differences);
select is(public.import_call_records(jsonb_build_array(pg_temp.record('c', '{"duration_seconds": 5}'), pg_temp.record('c'))),
  '{"charged": 1, "replayed": 0, "refused": [{"position": 2, "call_id": "c", "code": "idempotency_conflict"}]}', 'within a batch the first stands');
select is(public.import_call_records(jsonb_build_array(pg_temp.record('a', jsonb_build_object('user_id', pg_temp.ben())))) -> 'charged', '1'::jsonb, 'another user''s id is another id');
select is((select (balance_micros, last_line) from public.users where id = pg_temp.ada()), row(1000000 - 250000 - 250000 - 12500::bigint, 4::bigint), 'each was charged once');

-- One whose credit did not reach: what it says is compared, not what could be charged.
select is(public.import_call_records(jsonb_build_array(pg_temp.record('long', '{"duration_seconds": 200}'))) -> 'charged', '1'::jsonb, 'a record that was charged in part');
select pg_temp.give(pg_temp.ada(), 1000000);
select is(public.import_call_records(jsonb_build_array(pg_temp.record('long', '{"duration_seconds": 200}'))) -> 'replayed', '1'::jsonb, 'is a replay too, and a top-up does not reopen it');

-- Records and live calls share their ids.
select public.start_call('live', '+14155552671', pg_temp.ada(), true);
select is(public.import_call_records(jsonb_build_array(pg_temp.record('live'))) #>> '{refused,0,code}', 'idempotency_conflict', 'a record of a live call is refused');
select is(public.start_call('b', '+14155552671', pg_temp.ada()) ->> 'status', 'ended', 'a start under the id of a record is told that it is over');
select is(public.end_call('long', 'completed', 200, pg_temp.ada()) -> 'replayed', 'true'::jsonb, 'an end that says the same is a replay');
select throws_ok($$ select public.end_call('long', 'completed', 190, pg_temp.ada()) $$, 'PT409', 'idempotency_conflict', 'one that says another duration a conflict');
select is((public.end_call('long', user_id => pg_temp.ada()) -> 'unbilled_seconds', (pg_temp.call(pg_temp.ada(), 'long')).reported_end_at), ('5'::jsonb, null::timestamptz), 'one that says nothing changes nothing');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
