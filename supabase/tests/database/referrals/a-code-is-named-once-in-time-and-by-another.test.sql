begin;
\ir ../helpers.psql
select plan(8);

create function pg_temp.problem(p_code text, p_user_id uuid) returns text
language sql as $$ select (public.claim_referral(p_code, p_user_id) ->> 'details')::jsonb ->> 'problem' $$;

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
create temporary table codes as select public.get_referral_code(pg_temp.ada()) ->> 'code' as ada, public.get_referral_code(pg_temp.ben()) ->> 'code' as ben;
select is(pg_temp.problem(ada, pg_temp.ben()), 'not_active', 'without rewards there are no referrals') from codes;
update private.settings set value = '5000000' where name = 'referral_reward_micros';
select is(pg_temp.problem('nope1234', pg_temp.ben()), 'unknown', 'a code has to be one') from codes;
select is(pg_temp.problem(ben, pg_temp.ben()), 'own_code', 'of another person') from codes;
select pg_temp.clock_at(31 * 86400);
select is(pg_temp.problem(ada, pg_temp.ben()), 'too_late', 'within a month of the sign-up') from codes;
select pg_temp.clock_at(86400);
select pg_temp.buy(pg_temp.ben());
select is(pg_temp.problem(ada, pg_temp.ben()), 'too_late', 'and before the first payment') from codes;
select pg_temp.sign_up('cccccccc-0000-4000-8000-000000000003');
select is(public.claim_referral(ada, 'cccccccc-0000-4000-8000-000000000003') ->> 'status', 'pending', 'so it is taken') from codes;
select is(pg_temp.problem(ben, 'cccccccc-0000-4000-8000-000000000003'), 'already_referred', 'and no other after it') from codes;
select pg_temp.act_as(pg_temp.ben());
select throws_ok($$ select public.claim_referral('x', pg_temp.ada()) $$, 'PT403', 'forbidden', 'nobody names one for another');

select * from finish();
rollback;
