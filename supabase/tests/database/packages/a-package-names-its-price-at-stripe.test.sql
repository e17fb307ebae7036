begin;
\ir ../helpers.psql
select plan(9);

select results_eq(
  $$ select code, name, currency, price_cents, credit_micros, bonus_micros, lookup_key, active from public.credit_packages
    where code in ('credit_5', 'credit_10', 'credit_20', 'credit_50', 'credit_100') order by position $$,
  $$ values
    ('credit_5', '$5 credit', 'usd', 500::bigint, 5000000::bigint, 0::bigint, 'talktime_credit_5_usd_500', true),
    ('credit_10', '$10 credit', 'usd', 1000, 10000000, 0, 'talktime_credit_10_usd_1000', true),
    ('credit_20', '$20 credit', 'usd', 2000, 20000000, 0, 'talktime_credit_20_usd_2000', true),
    ('credit_50', '$50 credit', 'usd', 5000, 50000000, 0, 'talktime_credit_50_usd_5000', true),
    ('credit_100', '$100 credit', 'usd', 10000, 100000000, 0, 'talktime_credit_100_usd_10000', true) $$,
  'five packages of $5 to $100, credit one to one');
update public.credit_packages set price_cents = 999 where code = 'credit_10';
select is((select lookup_key from public.credit_packages where code = 'credit_10'), 'talktime_credit_10_usd_999', 'a changed price is another price at Stripe');
select throws_ok($$ update public.credit_packages set lookup_key = 'mine' where code = 'credit_10' $$, '428C9', null, 'the key is not set by hand');
select throws_ok($$ update public.credit_packages set credit_micros = 4999999 where code = 'credit_5' $$, '23514', null, 'credit is never below the price');
select throws_ok($$ update public.credit_packages set price_cents = 49 where code = 'credit_5' $$, '23514', null, 'a price below what Stripe takes is refused');
select throws_ok($$ update public.credit_packages set bonus_micros = -1 where code = 'credit_5' $$, '23514', null, 'a negative bonus is refused');
select throws_ok($$ update public.credit_packages set code = 'Credit 5' where code = 'credit_5' $$, '23514', null, 'a code is a plain name');
update public.credit_packages set active = false where code = 'credit_50';
select pg_temp.act_as_role('anon');
select is_empty($$ select * from public.credit_packages where code = 'credit_50' $$, 'what is not on sale is not shown');
select isnt_empty($$ select * from public.credit_packages where code = 'credit_5' $$, 'what is on sale is shown to anyone');
select pg_temp.act_as_owner();

select * from finish();
rollback;
