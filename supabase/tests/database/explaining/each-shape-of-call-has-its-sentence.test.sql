begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select pg_temp.new_plan('fancy', '{"connection_fee_micros": 50000, "free_seconds": 30}');
select pg_temp.new_plan('least', '{"initial_increment_seconds": 1, "increment_seconds": 1, "minimum_charge_micros": 200000}');
create function pg_temp.told(p_call_id text, p_plan text, p_seconds numeric) returns text language plpgsql as $$
begin
  update public.users set rate_plan = p_plan where id = pg_temp.ada();
  perform pg_temp.talk(pg_temp.ada(), p_call_id, p_seconds);
  return public.explain_call(p_call_id, pg_temp.ada()) ->> 'sentence';
end
$$;
select is(pg_temp.told('a', null, 61), '61 s to +1415•••2671 at $0.15 a minute (plan standard) are billed as 120 s in steps of 60/60: $0.30.', 'a plain call');
select is(pg_temp.told('b', 'prorated', 0.5), '1 s to +1415•••2671 at $0.15 a minute (plan prorated) are billed as 1 s in steps of 1/1: $0.0025.', 'a short one, to the micro');
select is(pg_temp.told('c', 'fancy', 91), '91 s to +1415•••2671, 30 s of them free, at $0.15 a minute (plan fancy) are billed as 120 s in steps of 60/60: $0.35, connection fee $0.05 included.',
  'free seconds and a fee');
select is(pg_temp.told('d', 'fancy', 10), '10 s to +1415•••2671, 10 s of them free, at $0.15 a minute (plan fancy) are billed as 0 s in steps of 60/60: $0.05, connection fee $0.05 included.',
  'a call within its free seconds');
select is(pg_temp.told('e', 'least', 10), '10 s to +1415•••2671 at $0.15 a minute (plan least) are billed as 10 s in steps of 1/1: $0.20, the minimum charge.', 'a minimum charge');
select is(pg_temp.told('f', 'least', 81), '81 s to +1415•••2671 at $0.15 a minute (plan least) are billed as 81 s in steps of 1/1: $0.2025.', 'which a longer call has left behind');
select is(pg_temp.told('g', 'prorated', 320), '300 s to +1415•••2671 at $0.15 a minute (plan prorated) are billed as 300 s in steps of 1/1: $0.75. 20 s more were not charged.', 'seconds past the deadline');
select is(pg_temp.told('h', 'prorated', 0), 'This call to +1415•••2671 cost nothing.', 'a call that was not talked on');
select public.start_call('i', '+14155552671', pg_temp.ada());
select is(public.explain_call('i', pg_temp.ada()) ->> 'sentence', 'This call is not over; it is priced when it ends.', 'one that rings');
select public.rerate_calls('prorated', pg_temp.at(0), pg_temp.at(1), 'Plan was wrong', dry_run => false);
select is(public.explain_call('a', pg_temp.ada()) ->> 'sentence', '61 s to +1415•••2671 at $0.15 a minute (plan standard) are billed as 120 s in steps of 60/60: $0.30. Rated anew: −$0.1475.', 'one rated anew');
select public.refund_call(pg_temp.ada(), 'c', 'Noise', 100000);
select alike(public.explain_call('c', pg_temp.ada()) ->> 'sentence', '%: $0.35, connection fee $0.05 included. Refunded: $0.10.', 'one refunded in part');

select * from finish();
rollback;
