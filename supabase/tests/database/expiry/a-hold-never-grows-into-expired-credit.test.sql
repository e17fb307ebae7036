begin;
\ir ../helpers.psql
select plan(5);

-- $1.50 that expires while the call runs and $1 that stays. The hold of $0.75 is cover; the other $0.75 that expired must not come back when the hold grows.
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 1000000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select pg_temp.give(pg_temp.ada(), 1500000, 'promotional', pg_temp.at(10));
select public.start_call('c-1', '+14155552671', pg_temp.ada(), true);
select pg_temp.clock_at(200);
select is((public.get_balance(pg_temp.ada()) ->> 'available_micros')::bigint, 1000000::bigint, 'beside the call there is what has not expired');
select is((public.extend_call('c-1', pg_temp.ada()) ->> 'hold_micros')::bigint, 1250000::bigint, 'the hold grows to five minutes ahead');
select is((public.get_balance(pg_temp.ada()) ->> 'available_micros')::bigint, 500000::bigint, 'out of what has not expired alone');
select pg_temp.clock_at(300);
select public.end_call('c-1', user_id => pg_temp.ada());
select private.sweep_expired_credit();
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 1000000::bigint, 'the call spent the cover, and what stays stays');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
