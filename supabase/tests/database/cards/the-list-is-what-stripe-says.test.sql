begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(15);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
create temporary view listed as select m ->> 'payment_method_id' as id, (m ->> 'is_default')::boolean as is_default from jsonb_array_elements(private.payment_methods_json(pg_temp.ada())) m;
select is(pg_temp.save_cards(pg_temp.ada(), 'pm_1') #- '{0,created_at}', jsonb_build_array(jsonb_build_object('user_id', pg_temp.ada(), 'payment_method_id', 'pm_1', 'type', 'card', 'brand', 'visa',
  'last4', '4242', 'exp_month', 12, 'exp_year', 2030, 'is_default', true, 'livemode', false)), 'a card is kept with what tells it apart');
select is(private.stripe_customer(pg_temp.ada()), 'cus_aaaa', 'and with whose it is at Stripe');
select pg_temp.clock_at(1);
select pg_temp.save_cards(pg_temp.ada(), 'pm_1', 'pm_2');
select results_eq('select * from listed', $$ values ('pm_1', true), ('pm_2', false) $$, 'the default comes first');
select public.save_payment_methods(pg_temp.ada(), 'cus_aaaa', jsonb_build_array(pg_temp.card('pm_1'), pg_temp.card('pm_2')), null);
select results_eq('select * from listed', $$ values ('pm_1', true), ('pm_2', false) $$, 'where Stripe names none it stays');
select pg_temp.clock_at(2);
select pg_temp.save_cards(pg_temp.ada(), 'pm_2');
select results_eq('select * from listed', $$ values ('pm_2', true) $$, 'what Stripe has no more is gone');
select is((select removed_at from public.payment_methods where user_id = pg_temp.ada() and id = 'pm_1'), pg_temp.at(2), 'but known');
select pg_temp.save_cards(pg_temp.ada(), 'pm_3', 'pm_1');
select results_eq('select * from listed order by 1', $$ values ('pm_1', false), ('pm_3', true) $$, 'it may come back');
select public.save_payment_methods(pg_temp.ada(), 'cus_aaaa', jsonb_build_array(pg_temp.card('pm_4'), pg_temp.card('pm_5')), null);
select results_eq('select * from listed order by 1', $$ values ('pm_4', false), ('pm_5', false) $$, 'among several nobody guesses a default');
select public.save_payment_methods(pg_temp.ada(), 'cus_aaaa', jsonb_build_array(pg_temp.card('pm_4'), pg_temp.card('pm_live', '{"livemode": true}')), 'pm_live');
select results_eq('select * from listed', $$ values ('pm_4', true) $$, 'cards of the other mode are no cards here; the only one is the default');
select public.save_payment_methods(pg_temp.ada(), 'cus_other', jsonb_build_array(pg_temp.card('pm_6')), null);
select results_eq('select * from listed order by 1', $$ values ('pm_4', true), ('pm_6', false) $$, 'the cards of another customer stand beside');
select is(private.stripe_customer(pg_temp.ada()), 'cus_aaaa', 'the person stays who they are');
select pg_temp.act_as(pg_temp.ben());
select is((select count(*) from public.payment_methods), 0::bigint, 'nobody reads them but their owner');
select is(pg_temp.code_of($$ select public.list_payment_methods(pg_temp.ada()) $$), 'forbidden', 'or asks for them');
select pg_temp.act_as_owner();
delete from auth.users where id = pg_temp.ada();
select is((select count(*) from public.payment_methods where user_id = pg_temp.ada()), 0::bigint, 'of a deleted login none is kept');
select is(pg_temp.save_cards(pg_temp.ada(), 'pm_1'), '[]'::jsonb, 'and none is learned');

select * from finish();
rollback;
