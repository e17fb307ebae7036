begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(20);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select is(pg_temp.code_of($$ select pg_temp.agree(pg_temp.ada()) $$), 'auto_reload_not_possible', 'there has to be a card');
select is(pg_temp.state(pg_temp.ada()), 'off', 'and nothing is switched on without one');
select pg_temp.save_cards(pg_temp.ada(), 'pm_1');
select pg_temp.save_cards(pg_temp.ben(), 'pm_ben');
select is(pg_temp.error_of(format('select public.set_auto_reload(%s, pg_temp.ada())', arguments)) #>> '{details,parameter}', parameter, parameter || ': ' || arguments) from (values
  ($$ 5000000, 'credit_10', 5000, false, 'Buy $10 whenever I have less.', null $$, 'consent'),
  ($$ 5000000, 'credit_10', 5000, null, 'Buy $10 whenever I have less.', null $$, 'consent'),
  ($$ 5000000, 'credit_10', 5000, true, '         yes         ', null $$, 'consent'),
  ($$ 5000000, 'credit_10', 5000, true, null, null $$, 'consent'),
  ($$ -1, 'credit_10', 5000, true, 'Buy $10 whenever I have less.', null $$, 'threshold_micros'),
  ($$ null, 'credit_10', 5000, true, 'Buy $10 whenever I have less.', null $$, 'threshold_micros'),
  ($$ 5000000, 'credit_10', 999, true, 'Buy $10 whenever I have less.', null $$, 'monthly_cap_cents'),
  ($$ 5000000, 'credit_10', null, true, 'Buy $10 whenever I have less.', null $$, 'monthly_cap_cents')) wrong (arguments, parameter);
select is(pg_temp.code_of($$ select public.set_auto_reload(5000000, 'credit_7', 5000, true, 'Buy it whenever I have less.', null, pg_temp.ada()) $$), 'package_not_found', 'what is not on sale is not bought');
select is(pg_temp.code_of($$ select pg_temp.agree(pg_temp.ada(), p_card => 'pm_ben') $$), 'payment_method_not_found', 'nor with somebody else''s card');
select is(pg_temp.agree(pg_temp.ada()) - '{consent_at,next_attempt_at,currency}'::text[], jsonb_build_object('user_id', pg_temp.ada(), 'enabled', true, 'threshold_micros', 5000000,
    'package_code', 'credit_10', 'price_cents', 1000, 'monthly_cap_cents', 100000, 'month_cents', 0, 'payment_method_id', null, 'card', 'pm_1',
    'consent_text', 'Buy $10 whenever I have less than $5.', 'suspended_reason', null, 'suspended_at', null, 'failure_count', 0, 'purchase_in_flight', null),
  'with consent it is on, for the default card');
select pg_temp.clock_at(60);
select pg_temp.agree(pg_temp.ada(), 7000000, p_card => 'pm_1');
select results_eq('select at, terms ->> ''threshold_micros'', terms ->> ''price_cents'', terms ->> ''card'', consent_text from private.auto_reload_consents where user_id = pg_temp.ada() order by id', $$ values
    (pg_temp.at(0), '5000000', '1000', 'pm_1', 'Buy $10 whenever I have less than $5.'), (pg_temp.at(60), '7000000', '1000', 'pm_1', 'Buy $10 whenever I have less than $5.') $$,
  'each consent is kept with its words and terms');
select throws_ok('update private.auto_reload_consents set consent_text = ''else''', 'PT409', 'append_only', 'for good');
select pg_temp.act_as(pg_temp.ben());
select is((select count(*) from public.auto_reload_settings), 0::bigint, 'nobody reads it but its owner');
select is(pg_temp.code_of($$ select public.get_auto_reload(pg_temp.ada()) $$), 'forbidden', 'or asks for it');
select is(pg_temp.code_of($$ select pg_temp.agree(pg_temp.ada()) $$), 'forbidden', 'or agrees for another');
select is(pg_temp.code_of($$ select public.disable_auto_reload(pg_temp.ada()) $$), 'forbidden', 'or switches it off');
select pg_temp.act_as_owner();
update private.settings set value = 'true' where name = 'stripe_tax';
select is(pg_temp.error_of($$ select pg_temp.agree(pg_temp.ada()) $$) #>> '{details,problem}', 'tax', 'nothing is charged whose tax nobody computes');

select * from finish();
rollback;
