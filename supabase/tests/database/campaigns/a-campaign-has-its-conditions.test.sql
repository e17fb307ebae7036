begin;
\ir ../helpers.psql
select plan(14);

create function pg_temp.problem(p_campaign jsonb, p_package text default null, p_user_id uuid default pg_temp.ada()) returns text
language plpgsql as $$
declare
  v_name text := 'c' || (select count(*) from private.campaigns);
begin
  perform public.create_campaign(jsonb_build_object('name', v_name, 'kind', 'free_credit', 'amount_micros', 1000000) || p_campaign, 'test');
  perform public.add_promo_codes(v_name, 'test', array['CDDE' || upper(v_name)]);
  return (public.check_promo_code('CDDE' || v_name, p_package, p_user_id) ->> 'details')::jsonb ->> 'problem';
end
$$;

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
select pg_temp.buy(pg_temp.ben());
update private.settings set value = '1000' where name = 'promo_attempts_per_hour';
select is(pg_temp.problem('{}'), null, 'without conditions anybody may');
select is(pg_temp.problem('{"active": false}'), 'not_active', 'not when it is switched off');
select is(pg_temp.problem(jsonb_build_object('starts_at', pg_temp.at(1))), 'not_active', 'nor before it starts');
select is(pg_temp.problem(jsonb_build_object('starts_at', pg_temp.at(-9), 'ends_at', pg_temp.at(0))), 'ended', 'nor from its end on');
select is(pg_temp.problem('{}', 'credit_10'), 'not_for_purchases', 'free credit comes without a purchase');
select is(pg_temp.problem('{"kind": "fixed_bonus"}'), 'needs_purchase', 'a bonus with one');
select is(pg_temp.problem('{"kind": "fixed_bonus", "min_price_cents": 1001}', 'credit_10'), 'purchase_too_small', 'of at least a price');
select is(pg_temp.problem('{"kind": "fixed_bonus", "min_price_cents": 1000}', 'credit_10'), null, 'that price included');
select is(pg_temp.problem('{"kind": "fixed_bonus", "package_codes": ["credit_20", "credit_50"]}', 'credit_10'), 'other_package', 'of a package it is for');
select is(pg_temp.problem('{"kind": "fixed_bonus", "package_codes": ["credit_20", "credit_50"]}', 'credit_20'), null, 'which may be one of several');
select is(pg_temp.problem('{"kind": "fixed_bonus", "first_purchase_only": true}', 'credit_10', pg_temp.ben()), 'first_purchase_only', 'or only the first');
select is(pg_temp.problem('{"kind": "fixed_bonus", "first_purchase_only": true}', 'credit_10'), null, 'that has not been paid yet');
select is(pg_temp.problem('{"budget_micros": 999999}'), 'used_up', 'nor beyond its budget');
select is((public.check_promo_code('nope', null, pg_temp.ada()) ->> 'details')::jsonb ->> 'problem', 'unknown', 'and a code has to be one');

select * from finish();
rollback;
