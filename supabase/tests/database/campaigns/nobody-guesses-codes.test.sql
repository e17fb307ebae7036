begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select public.create_campaign('{"name": "c", "kind": "free_credit", "amount_micros": 1000000}', 'test');
select public.add_promo_codes('c', 'test', '{REAK}');
update private.settings set value = '3' where name = 'promo_attempts_per_hour';
select is((select array_agg(public.redeem_code('wrong' || n, pg_temp.ada()) ->> 'message' order by n) from generate_series(1, 4) n),
  '{promo_code_not_valid,promo_code_not_valid,promo_code_not_valid,rate_limited}'::text[], 'wrong codes are counted, though nothing else is written');
select is(current_setting('response.status'), '429', 'and the answer has the status of the error');
select is(public.check_promo_code('wrong', null, pg_temp.ada()) ->> 'message', 'rate_limited', 'asking counts like redeeming');
select is(public.redeem_code('reak', pg_temp.ada()) ->> 'status', 'granted', 'a right code is still taken');
select pg_temp.clock_at(3600);
select is(public.redeem_code('wrong', pg_temp.ada()) ->> 'message', 'promo_code_not_valid', 'after an hour it begins anew');

select * from finish();
rollback;
