begin;
\ir ../helpers.psql
select plan(12);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
update private.settings set value = '"a@example.com"' where name = 'mail_from';
create function pg_temp.skipped(p_user_id uuid) returns text[] language sql as $$
  select array_agg(n.kind || ' ' || d.status || coalesce(' ' || d.skip_reason, '') || ' ' || d.attempts order by n.id)
  from private.deliveries d join public.notifications n on n.user_id = d.user_id and n.id = d.notification_id where d.user_id = p_user_id
$$;
create function pg_temp.everything(p_user_id uuid, p_key text) returns void language sql as $$
  select private.notify_user(p_user_id, k, p_key || k, '{"balance_micros": 1}') from unnest('{purchase_confirmed,payment_failed,refund,dispute,auto_reload_failed,
    payment_action_required,low_balance,call_cut_off}'::text[]) k
$$;

select public.set_notification_preferences(low_balance => false, call_cut_off => false, user_id => pg_temp.ada());
select pg_temp.everything(pg_temp.ada(), 'a');
create temporary table claim as select public.claim_notifications(50) as claim;
select is((select claim -> 'claimed' from claim), '8', 'all are taken');
select is((select jsonb_array_length(claim -> 'mails') from claim), 6, 'what is about money is sent');
select is((pg_temp.skipped(pg_temp.ada()))[7:8], '{low_balance skipped switched_off 0,call_cut_off skipped switched_off 0}', 'what was switched off is not');
select is((select count(*) from claim, jsonb_array_elements(claim -> 'mails') m where m ->> 'unsubscribe_token' is not null), 0::bigint, 'and has no unsubscribe link');
select public.set_notification_preferences(low_balance => true, user_id => pg_temp.ada());
select is(public.claim_notifications() -> 'claimed', '0', 'what was skipped stays so');
select private.notify_user(pg_temp.ada(), 'low_balance', 'again', '{"balance_micros": 1, "threshold_micros": 2}');
select is(public.claim_notifications() #>> '{mails,0,unsubscribe_token}', private.unsubscribe_token(pg_temp.ada(), 'low_balance'), 'what can be switched off says how');

-- Switched off between the message and its mail.
select private.notify_user(pg_temp.ben(), 'low_balance', 'x', '{"balance_micros": 1}');
select public.unsubscribe(private.unsubscribe_token(pg_temp.ben(), 'low_balance'));
select is(public.claim_notifications() -> 'mails', '[]', 'the last word counts');
update auth.users set email = null where id = pg_temp.ben();
select private.notify_user(pg_temp.ben(), 'refund', 'no address', '{}');
select public.claim_notifications();
select is((pg_temp.skipped(pg_temp.ben()))[2], 'refund skipped no_address 0', 'without an address there is nowhere to send it');
update auth.users set email = 'ben@example.com' where id = pg_temp.ben();
select private.notify_user(pg_temp.ben(), 'refund', 'old', '{}');
select pg_temp.clock_at(604801);
select public.claim_notifications();
select is((pg_temp.skipped(pg_temp.ben()))[3], 'refund skipped too_old 0', 'a week later nobody needs it');
select private.notify_user(pg_temp.ben(), 'refund', 'closed', '{}');
delete from auth.users where id = pg_temp.ben();
select public.claim_notifications();
select is((pg_temp.skipped(pg_temp.ben()))[4], 'refund skipped wallet_closed 0', 'a deleted login is not written to');
select is_empty($$ select * from private.deliveries d where d::text like '%@%' $$, 'no address is kept');
select throws_ok($$ update private.deliveries set skip_reason = null where user_id = pg_temp.ben() $$, '23514', null, 'nothing is skipped without a reason');

select * from finish();
rollback;
