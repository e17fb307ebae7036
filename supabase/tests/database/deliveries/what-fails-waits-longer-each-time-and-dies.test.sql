begin;
\ir ../helpers.psql
select plan(18);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
update private.settings set value = '"a@example.com"' where name = 'mail_from';
update private.settings set value = '9' where name = 'mail_max_attempts';
update private.deliveries set status = 'skipped', skip_reason = 'too_old' where status = 'dead';
select private.note_dead_letters();
create function pg_temp.notify(p_key text) returns bigint language sql as $$
  select private.notify_user(pg_temp.ada(), 'refund', p_key, '{}');
  select id from public.notifications where user_id = pg_temp.ada() and dedupe_key = p_key
$$;
create function pg_temp.delivery(p_key text) returns private.deliveries language sql as $$
  select d from private.deliveries d join public.notifications n on n.user_id = d.user_id and n.id = d.notification_id where d.user_id = pg_temp.ada() and n.dedupe_key = p_key
$$;
-- Claims the one mail that is due and reports on it.
create function pg_temp.attempt(p_outcome jsonb) returns jsonb language plpgsql as $$
declare
  v_mail jsonb := public.claim_notifications() #> '{mails,0}';
begin
  return public.record_deliveries(jsonb_build_array(jsonb_build_object('user_id', v_mail -> 'user_id', 'notification_id', v_mail -> 'notification_id',
    'attempt', v_mail -> 'attempt') || p_outcome));
end
$$;
create function pg_temp.fail_until_dead(p_key text) returns numeric[] language plpgsql as $$
declare
  v_pauses numeric[] := '{}';
  v_due timestamptz;
begin
  while (pg_temp.delivery(p_key)).status = 'pending' loop
    v_due := (pg_temp.delivery(p_key)).next_attempt_at;
    perform private.set_clock(v_due, 0);
    perform pg_temp.attempt('{"outcome": "retry", "error": "451 try later"}');
    if (pg_temp.delivery(p_key)).status = 'pending' then
      v_pauses := v_pauses || extract(epoch from (pg_temp.delivery(p_key)).next_attempt_at - v_due) / 60;
    end if;
  end loop;
  return v_pauses;
end
$$;

select pg_temp.notify('slow');
select is(pg_temp.fail_until_dead('slow'), '{1,2,4,8,16,32,60,60}'::numeric[], 'the pauses double up to an hour');
select is((pg_temp.delivery('slow')).status, 'dead', 'then it is given up');
select is((pg_temp.delivery('slow')).last_error, '451 try later', 'with the last reason');
select is((select details - 'user_id' from private.alerts where kind = 'dead_letter' and resolved_at is null),
  jsonb_build_object('dead', 1, 'notification_id', (pg_temp.delivery('slow')).notification_id, 'error', '451 try later'), 'and an alert');

select pg_temp.notify('gone');
select is(pg_temp.attempt('{"outcome": "dead", "error": "550 no such user"}'), '{"sent": 0, "retried": 0, "dead": 1}', 'what is refused for good is not tried again');
select is((select concat_ws(' ', details -> 'dead', seen_count) from private.alerts where kind = 'dead_letter' and resolved_at is null), '2 2', 'in the same alert');

select pg_temp.notify('asked');
select pg_temp.attempt('{"outcome": "retry", "error": "429", "retry_after_seconds": 600}');
select is((pg_temp.delivery('asked')).next_attempt_at - private.clock(), interval '10 minutes', 'a server that asks for patience gets it');
select private.set_clock((pg_temp.delivery('asked')).next_attempt_at, 0);
select is(pg_temp.attempt('{"outcome": "sent", "message_id": "m-1"}'), '{"sent": 1, "retried": 0, "dead": 0}', 'and takes it later');
select results_eq($$ select (d).status, (d).sent_at, (d).provider_message_id, (d).last_error from pg_temp.delivery('asked') d $$,
  $$ values ('sent', private.clock(), 'm-1', null::text) $$, 'which is written down');
select is(public.claim_notifications() -> 'claimed', '0', 'and never claimed again');

select pg_temp.notify('back');
select pg_temp.attempt('{"outcome": "released"}');
select is((pg_temp.delivery('back')).attempts || ' ' || (pg_temp.delivery('back')).next_attempt_at, '0 ' || private.clock(), 'what was not tried is back at once, uncounted');
select is(pg_temp.attempt('{"outcome": "gossip"}'), '{"sent": 0, "retried": 0, "dead": 0}', 'an unknown outcome changes nothing');

-- Nobody ever reports.
select pg_temp.notify('lost');
update private.deliveries d set attempts = 8 where d.notification_id = (pg_temp.delivery('lost')).notification_id and d.user_id = pg_temp.ada();
update private.deliveries d set next_attempt_at = 'infinity' where d.user_id = pg_temp.ada() and d.status = 'pending' and d.attempts <> 8;
select is(public.claim_notifications() #> '{mails,0,attempt}', '9', 'a last worker gets it');
select private.set_clock(private.clock() + interval '5 minutes', 0);
select is(public.claim_notifications(), public.claim_notifications() || '{"claimed": 1}', 'after it nobody does');
select is((pg_temp.delivery('lost')).status || ': ' || (pg_temp.delivery('lost')).last_error, 'dead: no worker lived to report', 'and it is dead');

-- A worker that was slow to report.
select pg_temp.notify('late');
create temporary table claimed as select public.claim_notifications() #> '{mails,0}' as mail;
select private.set_clock(private.clock() + interval '5 minutes', 0);
select public.claim_notifications();
create function pg_temp.report(p_outcome text) returns text language sql as $$
  select public.record_deliveries(jsonb_build_array(jsonb_build_object('user_id', mail -> 'user_id', 'notification_id', mail -> 'notification_id', 'attempt', mail -> 'attempt',
    'outcome', p_outcome))) ->> 'sent' from claimed
$$;
select is(pg_temp.report('retry') || ' ' || pg_temp.report('dead') || (pg_temp.delivery('late')).status, '0 0pending', 'its failure counts for nothing once another has the mail');
select is(pg_temp.report('sent'), '1', 'but that it went out is true');
select is(pg_temp.report('sent'), '0', 'once');

select * from finish();
rollback;
