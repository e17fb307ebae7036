begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.give(pg_temp.ada(), 2000000, 'promotional', pg_temp.at(0) + interval '240 hours');
select pg_temp.give(pg_temp.ada(), 1000000, 'promotional', pg_temp.at(0) + interval '240 hours');
select is(private.warn_expiring_credit(), 0, 'ten days before is too early');
select pg_temp.clock_at(3 * 86400);
select is(private.warn_expiring_credit(), 1, 'seven days before is time');
select is(private.warn_expiring_credit(), 0, 'once');
select pg_temp.clock_at(9 * 86400);
select is(private.warn_expiring_credit(), 1, 'and a day before');
select is(private.warn_expiring_credit(), 0, 'once');
select results_eq($$ select (payload ->> 'days')::integer, (payload ->> 'amount_micros')::bigint from public.notifications
  where user_id = pg_temp.ada() and kind = 'credit_expiring' order by id $$, $$ values (7, 3000000::bigint), (1, 3000000) $$, 'of all that goes at that instant');
select pg_temp.give(pg_temp.ada(), 500000, 'promotional', pg_temp.at(9 * 86400 + 3600));
select is(private.warn_expiring_credit(), 1, 'credit that lives an hour is warned of when it is seen');

select * from finish();
rollback;
