begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
update private.settings set value = '"a@example.com"' where name = 'mail_from';
update private.deliveries set status = 'skipped', skip_reason = 'too_old' where status = 'dead';
select private.note_dead_letters();
select private.notify_user(pg_temp.ada(), 'refund', 'r' || n, '{}') from generate_series(1, 3) n;
select public.record_deliveries((select jsonb_agg(m || '{"outcome": "dead", "error": "550"}') from jsonb_array_elements(public.claim_notifications() -> 'mails') m));
create temporary view letters as select notification_id, status, attempts from private.deliveries where user_id = pg_temp.ada();
select results_eq('select distinct status, attempts from letters', $$ values ('dead', 1) $$, 'three letters are dead');
select is(pg_temp.code_of($$ select public.requeue_deliveries(' ') $$), 'invalid_request', 'without a reason they stay so');
select pg_temp.act_as(pg_temp.ben());
select is(pg_temp.code_of($$ select public.requeue_deliveries('please') $$), 'forbidden', 'nobody but an admin puts them back');
select pg_temp.act_as_owner();

select pg_temp.clock_at(700000);
select is(public.requeue_deliveries('server fixed', array(select min(notification_id) from letters)), '{"requeued": 1}', 'one by its id');
select is((select details -> 'dead' from private.alerts where kind = 'dead_letter' and resolved_at is null), '2', 'the alert counts the others');
select is(public.claim_notifications() #> '{mails,0,attempt}', '1', 'it is sent as if it were new, however old the message is');
select private.add_admin(pg_temp.ben(), 'admin', 'test');
select pg_temp.act_as(pg_temp.ben());
select is(public.requeue_deliveries('all of them'), '{"requeued": 2}', 'an admin puts back the rest');
select pg_temp.act_as_owner();
select is((select count(*) from private.alerts where kind = 'dead_letter' and resolved_at is null), 0::bigint, 'which resolves the alert');
select is(public.claim_notifications() -> 'claimed', '2', 'and has them sent');
select results_eq($$ select actor_id, reason, details -> 'requeued' from private.audit_log where action = 'requeue_deliveries' order by id $$,
  $$ values (null::uuid, 'server fixed', '1'::jsonb), (pg_temp.ben(), 'all of them', '2') $$, 'who did it and why is kept');
select results_eq($$ select kind, channel, status from reporting.deliveries where user_id = pg_temp.ada() $$,
  $$ select 'refund', 'email', 'pending' from generate_series(1, 3) $$, 'the report shows what became of each');

select * from finish();
rollback;
