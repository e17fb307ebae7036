begin;
\ir ../helpers.psql
select plan(10);

select is(private.normal_code('hello-wor1d'), 'HE110W0R1D', 'case and dashes make no difference, nor do look-alikes');
select is(private.normal_code(' o0 iIlL1 '), '0011111', 'O is 0, I and L are 1, spaces are nothing');
select is(private.normal_code(null), null, 'nothing is nothing');
select public.create_campaign('{"name": "c", "kind": "free_credit", "amount_micros": 1}', 'test');
select throws_ok($$ select public.add_promo_codes('c', 'test', '{abu}') $$, 'PT400', 'invalid_request', 'a code is not shorter than four');
select throws_ok($$ select public.add_promo_codes('c', 'test', '{bonus!}') $$, 'PT400', 'invalid_request', 'nor has it other signs');
select throws_ok($$ select public.add_promo_codes('nope', 'test', '{abcd}') $$, 'PT404', 'campaign_not_found', 'nor is it without a campaign');
select public.add_promo_codes('c', 'test', '{ABCD}');
select throws_ok($$ select public.add_promo_codes('c', 'test', '{ab-cd}') $$, 'PT400', 'invalid_request', 'a code is made once, however it is written');
create temporary table batch as select public.add_promo_codes('c', 'test', count => 1000) as answer;
select is((select count(distinct code) from private.promo_codes where code ~ '^[0-9A-HJKMNP-TV-Z]{12}$' and max_redemptions = 1), 1000::bigint, 'a thousand at once are a thousand different ones');
select is((select array_length(string_to_array(answer ->> 'csv', E'\r\n'), 1) from batch), 1002, 'answered as a CSV of a heading and a thousand lines');
select ok((select bool_and(line ~ '^[0-9A-HJKMNP-TV-Z]{12},c,1$') from batch, unnest((string_to_array(answer ->> 'csv', E'\r\n'))[2:1001]) line), 'each a code, its campaign and how often');

select * from finish();
rollback;
