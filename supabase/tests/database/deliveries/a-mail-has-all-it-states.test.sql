begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
update private.settings set value = case name when 'mail_from' then '"a@example.com"' when 'app_url' then '"https://app.example.com"' when 'top_up_url' then '"https://app.example.com/buy"' end::jsonb
  where name in ('mail_from', 'app_url', 'top_up_url');
create function pg_temp.mail() returns jsonb language sql as $$ select public.claim_notifications() #> '{mails,0}' $$;

select pg_temp.buy(pg_temp.ada());
select is(pg_temp.mail() - '{notification_id,key,payload,facts,created_at}'::text[], jsonb_build_object('user_id', pg_temp.ada(), 'attempt', 1,
  'to', pg_temp.ada() || '@example.com', 'kind', 'purchase_confirmed', 'unsubscribe_token', null), 'a mail says to whom and what about');
update private.deliveries set next_attempt_at = pg_temp.at(0), attempts = 0 where user_id = pg_temp.ada();
select is(pg_temp.mail() -> 'facts', jsonb_build_object('package_name', '$10 credit', 'paid_at', pg_temp.at(0), 'paid_cents', 1000, 'tax_cents', 0,
  'receipt_url', 'https://pay.stripe.com/receipts/1'), 'of a purchase, what was bought and paid');
select is((public.claim_notifications() -> 'sender') - 'seller', '{"from": "a@example.com", "app_url": "https://app.example.com", "top_up_url": "https://app.example.com/buy"}',
  'with the pages it leads to');

update public.users set rate_plan = pg_temp.new_plan('mail') where id = pg_temp.ada();
select private.notify_user(pg_temp.ada(), 'low_balance', 'l', '{"balance_micros": 4200000, "threshold_micros": 5000000}');
select is(pg_temp.mail() -> 'facts', '{"currency": "usd", "talk_seconds": 1680}', 'of a low balance, how long one can talk');

select public.start_call('cut', '+14155552671', pg_temp.ada(), true);
select private.notify_user(pg_temp.ada(), 'call_cut_off', 'c', '{"call_id": "cut", "duration_seconds": 60, "cost_micros": 150000}');
select is(pg_temp.mail() -> 'facts', '{"currency": "usd", "destination": "+1415•••2671"}', 'of a call, where to, masked');

select private.notify_user(pg_temp.ada(), 'refund', 'unknown', '{"purchase_id": "00000000-0000-4000-8000-00000000dead"}');
select is(pg_temp.mail() -> 'facts', '{}', 'what is not there is left out');

select * from finish();
rollback;
