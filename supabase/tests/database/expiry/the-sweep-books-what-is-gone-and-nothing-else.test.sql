begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 1000000);
select pg_temp.give(pg_temp.ada(), 2000000, 'promotional', pg_temp.at(100));
select pg_temp.sign_up(pg_temp.ben());
select pg_temp.give(pg_temp.ben(), 500000, 'adjustment', pg_temp.at(50));
select is(private.sweep_expired_credit(), 0, 'before anything expires there is nothing to book');
select pg_temp.clock_at(99.999);
select is((public.get_balance(pg_temp.ada()) ->> 'available_micros')::bigint, 3000000::bigint, 'to the last moment it can be spent');
select pg_temp.clock_at(100);
select is((public.get_balance(pg_temp.ada()) ->> 'available_micros')::bigint, 1000000::bigint, 'from that second on it cannot, swept or not');
select is(private.sweep_expired_credit(1), 1, 'a batch is as large as asked');
select is((pg_temp.wallet(pg_temp.ben())).balance_micros, 0::bigint, 'what expired first is booked first');
select is(private.sweep_expired_credit(), 1, 'the next sweep goes on');
select results_eq($$ select kind, amount_micros, counter_account from public.transactions where user_id = pg_temp.ada() and kind = 'expiry' $$,
  $$ values ('expiry', -2000000::bigint, 'breakage_revenue') $$, 'breakage is a line of the journal');
select is(private.sweep_expired_credit(), 0, 'once');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
