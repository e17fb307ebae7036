begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
select public.create_campaign('{"name": "c", "kind": "free_credit", "amount_micros": 1000000, "max_redemptions": 2}', 'test');
select public.add_promo_codes('c', 'test', '{AAAA,BBBB,CCCC}');
select is(public.redeem_code('aaaa', pg_temp.ada()) ->> 'status', 'granted', 'the first gets it');
select is((public.redeem_code('aaaa', pg_temp.ben()) ->> 'details')::jsonb ->> 'problem', 'used_up', 'the second does not');
select is((public.redeem_code('bbbb', pg_temp.ada()) ->> 'details')::jsonb ->> 'problem', 'already_redeemed', 'nor the first another of the same campaign');
select is(public.redeem_code('cccc', pg_temp.ben()) ->> 'status', 'granted', 'who may redeems another code');
select is((select redeemed_count from private.campaigns), 2, 'until the campaign is used up');

select * from finish();
rollback;
