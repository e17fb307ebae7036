begin;
\ir ../helpers.psql
select plan(16);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
select is(public.get_notification_preferences(pg_temp.ada()),
  jsonb_build_object('user_id', pg_temp.ada(), 'low_balance', true, 'call_cut_off', true, 'credit_expiring', true, 'referral_rewarded', true,
    'low_balance_threshold_micros', null), 'at first everything is told');

select pg_temp.act_as(pg_temp.ada());
select is(public.set_notification_preferences(low_balance => false) - '{user_id,credit_expiring,referral_rewarded}'::text[], '{"low_balance": false, "call_cut_off": true, "low_balance_threshold_micros": null}', 'one kind is switched off');
select is(public.set_notification_preferences(low_balance_threshold_micros => 5000000, call_cut_off => false) - '{user_id,credit_expiring,referral_rewarded}'::text[],
  '{"low_balance": false, "call_cut_off": false, "low_balance_threshold_micros": 5000000}', 'what is not named stays');
select is(public.set_notification_preferences(low_balance => true) - '{user_id,credit_expiring,referral_rewarded}'::text[], '{"low_balance": true, "call_cut_off": false, "low_balance_threshold_micros": 5000000}', 'and on again');
select is(public.set_notification_preferences(credit_expiring => false) -> 'credit_expiring', 'false', 'so are warnings of expiry');
select is(public.set_notification_preferences(referral_rewarded => false) - '{user_id,low_balance_threshold_micros}'::text[],
  '{"low_balance": true, "call_cut_off": false, "credit_expiring": false, "referral_rewarded": false}', 'and thanks for friends');
select is(public.get_notification_preferences() ->> 'low_balance_threshold_micros', '5000000', 'the owner reads them');
select results_eq('select low_balance, call_cut_off, updated_at from public.notification_preferences', $$ values (true, false, pg_temp.at(0)) $$, 'also in the table');
select is(pg_temp.code_of('select public.set_notification_preferences(low_balance_threshold_micros => -1)'), 'invalid_request', 'no threshold is negative');
select is(pg_temp.code_of('select public.set_notification_preferences(low_balance_threshold_micros => 9007199254740992)'), 'invalid_request', 'nor too large to count with');
select is(pg_temp.code_of(format('select public.set_notification_preferences(false, user_id => %L)', pg_temp.ben())), 'forbidden', 'nobody changes another''s');
select is(pg_temp.code_of(format('select public.get_notification_preferences(%L)', pg_temp.ben())), 'forbidden', 'or reads them');
select pg_temp.act_as(pg_temp.ben());
select is_empty('select * from public.notification_preferences', 'not in the table either');
select pg_temp.act_as_owner();
select is((select array_agg(k order by k) from unnest('{subscription_past_due,subscription_unpaid,subscription_canceled,purchase_confirmed}'::text[]) k
  where not private.wants_notification(pg_temp.ada(), k)), null, 'what is about payments is always told');

select is(pg_temp.code_of('select public.get_notification_preferences(gen_random_uuid())'), 'user_not_found', 'a stranger has none');
delete from auth.users where id = pg_temp.ben();
select is(pg_temp.code_of(format('select public.set_notification_preferences(false, user_id => %L)', pg_temp.ben())), 'wallet_closed', 'nor has a closed wallet');

select * from finish();
rollback;
