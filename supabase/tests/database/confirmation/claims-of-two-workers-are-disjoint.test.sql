begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-' || n), 'cs_' || n) from generate_series(1, 5) n;
select pg_temp.new_purchase(pg_temp.ada(), 'key-without-session');
-- A charge of a saved card is under way without a session; others look after it.
select pg_temp.new_purchase(pg_temp.ada(), 'key-reload');
update public.purchases set status = 'processing', origin = 'auto_reload' where user_id = pg_temp.ada() and idempotency_key = 'key-reload';
select pg_temp.clock_at(60);
create function pg_temp.claim(p_size integer) returns uuid[] language sql as $$
  select coalesce(array_agg((c ->> 'purchase_id')::uuid), '{}') from jsonb_array_elements(public.claim_due_purchases(p_size)) c
$$;
create temporary table claims (worker integer, ids uuid[]);
insert into claims select n, pg_temp.claim(2) from generate_series(1, 4) n;
select results_eq('select worker, cardinality(ids) from claims order by worker', $$ values (1, 2), (2, 2), (3, 1), (4, 0) $$, 'each gets its batch while there are any');
select is((select count(distinct id) from claims, unnest(ids) id), 5::bigint, 'and nobody gets another''s');
select is((select array_agg(distinct check_count) from public.purchases where user_id = pg_temp.ada() and stripe_session_id is not null), '{1}'::integer[],
  'each is looked at once');
select is((select array_agg(check_count) from public.purchases where user_id = pg_temp.ada() and idempotency_key in ('key-without-session', 'key-reload')), '{0,0}'::integer[],
  'there is nothing to look at without a session');

-- A worker that dies leaves what it took to the next.
select pg_temp.clock_at(119);
select is(pg_temp.claim(10), '{}'::uuid[], 'what was taken is left alone for its pause');
select pg_temp.clock_at(120);
select is(cardinality(pg_temp.claim(10)), 5, 'and then taken again, if nobody has settled it');

select * from finish();
rollback;
