begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(24);

select pg_temp.clock_at(0);
create temporary table cases (code text, advice text, stands text);
insert into cases values ('lost_card', null, 'card_refused'), ('stolen_card', null, 'card_refused'), ('expired_card', null, 'card_refused'), ('do_not_honor', 'try_again_later', 'card_refused'),
  ('generic_decline', 'do_not_try_again', 'card_refused'), ('incorrect_cvc', 'confirm_card_data', 'card_refused'), ('insufficient_funds', 'try_again_later', 'on'), ('generic_decline', null, 'on'),
  ('something_new', null, 'on');
create function pg_temp.stands_after(p_code text, p_advice text) returns text language plpgsql as $$
declare
  v_user_id uuid := gen_random_uuid();
begin
  perform pg_temp.reloader(v_user_id);
  perform pg_temp.attempt(v_user_id, p_code, jsonb_build_object('advice_code', p_advice));
  return pg_temp.state(v_user_id);
end
$$;
select is(pg_temp.stands_after(code, advice), stands, concat_ws(' ', code, advice)) from cases;

select pg_temp.reloader(pg_temp.ada());
select pg_temp.save_cards(pg_temp.ada(), 'pm_1', 'pm_2');
select is(pg_temp.attempt(pg_temp.ada(), 'stolen_card'), 'failed', 'a stolen card is refused');
select results_eq($$ select payload - '{purchase_id,manage_url}'::text[] from public.notifications where user_id = pg_temp.ada() and kind = 'auto_reload_failed' $$,
  $$ values ('{"price_cents": 1000, "currency": "usd", "failure_code": "stolen_card", "suspended": true}'::jsonb) $$, 'the person is told');
select pg_temp.clock_at(40 * 86400);
select is(pg_temp.attempt(pg_temp.ada()), 'none', 'it is not charged again, ever');
select is(pg_temp.error_of($$ select pg_temp.agree(pg_temp.ada()) $$) #>> '{details,problem}', 'card_refused', 'not even when the person agrees again');
select public.disable_auto_reload(pg_temp.ada());
select is(pg_temp.error_of($$ select pg_temp.agree(pg_temp.ada()) $$) #>> '{details,problem}', 'card_refused', 'nor after off and on');
savepoint refused;
select is(pg_temp.agree(pg_temp.ada(), p_card => 'pm_2') ->> 'card', 'pm_2', 'with another card it goes on');
select is(pg_temp.attempt(pg_temp.ada()), 'paid', 'and charges that');
select is((select payment_method_id from private.reload_attempts where user_id = pg_temp.ada() order by next_look_at desc limit 1), 'pm_2', 'one');
rollback to refused;
update public.auto_reload_settings set enabled = true where user_id = pg_temp.ada();
select is(pg_temp.state(pg_temp.ada()), 'card_refused', 'as it was');
select pg_temp.save_cards(pg_temp.ada(), 'pm_1', 'pm_2');
select is(pg_temp.state(pg_temp.ada()), 'card_refused', 'the same list changes nothing');
savepoint same;
select pg_temp.save_cards(pg_temp.ada(), 'pm_2', 'pm_1');
select is(pg_temp.state(pg_temp.ada()), 'on', 'another default does');
rollback to same;
select public.save_payment_methods(pg_temp.ada(), 'cus_aaaa', jsonb_build_array(pg_temp.card('pm_1', '{"last4": "1881", "exp_year": 2034}')), 'pm_1');
select is(pg_temp.state(pg_temp.ada()), 'on', 'so does the card that replaces it, under the same id');
rollback to same;
select public.save_payment_methods(pg_temp.ada(), 'cus_aaaa', '[]');
select is(pg_temp.state(pg_temp.ada()), 'card_refused', 'no card at all does not');
select pg_temp.save_cards(pg_temp.ada(), 'pm_3');
select is(pg_temp.state(pg_temp.ada()), 'on', 'a new one does');
select is(pg_temp.attempt(pg_temp.ada()), 'paid', 'and pays');

select * from finish();
rollback;
