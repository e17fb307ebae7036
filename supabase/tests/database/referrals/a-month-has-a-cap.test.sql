begin;
\ir ../helpers.psql
select plan(5);

create function pg_temp.friend(p_number integer) returns uuid language plpgsql as $$
declare
  v_id uuid := ('cccccccc-0000-4000-8000-' || lpad(p_number::text, 12, '0'))::uuid;
begin
  perform pg_temp.sign_up(v_id);
  perform public.claim_referral(public.get_referral_code(pg_temp.ada()) ->> 'code', v_id);
  perform pg_temp.buy(v_id);
  return v_id;
end
$$;

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
update private.settings set value = '5000000' where name = 'referral_reward_micros';
update private.settings set value = '2' where name = 'referral_monthly_cap';
select pg_temp.friend(n) from generate_series(1, 3) n;
select is(private.settle_referrals(), 3, 'three have paid');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 10000000::bigint, 'two are rewarded');
select is((select hold_reason from private.referrals where status = 'held'), 'monthly_cap', 'the third is held');
select private.set_clock(timestamptz '2020-04-01 00:00:00Z', 0);
select pg_temp.friend(4);
select is(private.settle_referrals(), 1, 'the next month counts anew');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 15000000::bigint, 'and is rewarded');

select * from finish();
rollback;
