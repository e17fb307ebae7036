begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(7);

update private.settings set value = '60' where name = 'auto_reload_scan_seconds';
update private.reload_scan set scanned_at = '-infinity';
select pg_temp.clock_at(0);
select pg_temp.reloader(u, 6000000) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select is(pg_temp.look(pg_temp.ada()), null, 'everybody is looked at');
select pg_temp.clock_at(15);
select public.start_call('c-1', '+14155552671', pg_temp.ada(), true);
select pg_temp.drain(pg_temp.ben());
update public.users set held_micros = held_micros where id = pg_temp.ada();
select is(pg_temp.look(pg_temp.ben()), null, 'fifteen seconds later only who is in a call');
update public.auto_reload_settings set threshold_micros = 6000000 where user_id = pg_temp.ada();
select isnt(pg_temp.look(pg_temp.ada()), null, 'which a hold may bring below the threshold');
select pg_temp.clock_at(59);
select is(pg_temp.look(pg_temp.ben()), null, 'nobody else within the minute');
select pg_temp.clock_at(60);
select isnt(pg_temp.look(pg_temp.ben()), null, 'then everybody again');
-- More than a batch: the rest does not wait.
update private.settings set value = '3600' where name = 'auto_reload_scan_seconds';
select pg_temp.clock_at(7200);
select pg_temp.reloader(gen_random_uuid()) from generate_series(1, 7);
create temporary view begun as select count(*) as count from private.reload_attempts where next_look_at between pg_temp.at(7200) and pg_temp.at(90000) and look_count <= 1 and first_asked_at is null;
select jsonb_array_length(public.claim_due_reloads(3)), jsonb_array_length(public.claim_due_reloads(3));
select is((select jsonb_array_length(public.claim_due_reloads(3)) > 0), true, 'who was left over comes with the next look');
select public.claim_due_reloads(100);
select is((select count(*) from public.purchases where created_at = pg_temp.at(7200) and origin = 'auto_reload'), 7::bigint, 'all of them');

select * from finish();
rollback;
