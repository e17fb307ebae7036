begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(11);

-- The helpers' day is the first of March 2020; these are days of it, and seconds.
create function pg_temp.day(p_days numeric) returns timestamptz language sql as $$ select pg_temp.clock_at(p_days * 86400) $$;
select pg_temp.day(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.save_cards(pg_temp.ada(), 'pm_1');
select pg_temp.agree(pg_temp.ada(), p_cap_cents => 2500);
select is(pg_temp.attempt(pg_temp.ada()), 'paid', 'the first $10 of $25');
select pg_temp.drain(pg_temp.ada());
select pg_temp.day(1);
create temporary table second as select pg_temp.look(pg_temp.ada()) as id;
select pg_temp.begin(id) from second;
select is(private.auto_reload_json(pg_temp.ada()) -> 'month_cents', '2000'::jsonb, 'what is in flight counts');
select is(pg_temp.answer(id, 'insufficient_funds'), 'failed', 'it fails') from second;
select is(private.auto_reload_json(pg_temp.ada()) -> 'month_cents', '1000'::jsonb, 'and counts no more');
select pg_temp.day(2);
select is(pg_temp.attempt(pg_temp.ada()), 'paid', 'so there is another one');
select pg_temp.drain(pg_temp.ada());
select pg_temp.day(3);
select is(pg_temp.attempt(pg_temp.ada()), 'none', 'a third $10 would be above the cap');
select is((private.auto_reload_json(pg_temp.ada()) ->> 'next_attempt_at')::timestamptz, timestamptz '2020-04-01 00:00:00Z', 'it waits for the next month, by UTC');
select private.set_clock('2020-03-31 23:59:59Z', 0);
select is(pg_temp.attempt(pg_temp.ada()), 'none', 'to the second');
select private.set_clock('2020-04-01 00:00:00Z', 0);
select is(pg_temp.attempt(pg_temp.ada()), 'paid', 'a new month is a new cap');
select pg_temp.drain(pg_temp.ada());
select private.set_clock('2020-04-02 00:00:00Z', 0);
select is(public.set_auto_reload(5000000, 'credit_20', 2500, true, 'Buy $20 instead of $10.', null, pg_temp.ada()) ->> 'next_attempt_at', '2020-05-01T00:00:00+00:00', 'a dearer package has less room');
select is((select sum(price_cents) from public.purchases where user_id = pg_temp.ada() and status = 'paid' and paid_at < '2020-04-01Z'), 2000::numeric, 'never more than the cap was charged');

select * from finish();
rollback;
