begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada()));
create function pg_temp.pause_at(p_seconds numeric, p_check_count integer default 20) returns interval language plpgsql as $$
begin
  perform pg_temp.clock_at(p_seconds);
  update public.purchases set next_check_at = private.clock(), check_count = p_check_count where user_id = pg_temp.ada();
  perform public.claim_due_purchases();
  return (select next_check_at - private.clock() from public.purchases where user_id = pg_temp.ada());
end
$$;
select is(pg_temp.pause_at(60, 0), interval '1 minute', 'a minute at first');
select is(pg_temp.pause_at(600, 3), interval '8 minutes', 'doubling');
select is(pg_temp.pause_at(3600, 5), interval '32 minutes', 'up to');
select is(pg_temp.pause_at(7200, 6), interval '1 hour', 'an hour');
select is(pg_temp.pause_at(86400), interval '1 hour', 'for a day');
select is(pg_temp.pause_at(86401, 0), interval '6 hours', 'then every six hours');
select is(pg_temp.pause_at(864000), interval '6 hours', 'for ten days');
select is(pg_temp.pause_at(864001), interval '24 hours', 'then daily, without end');
update private.settings set value = '172800' where name = 'purchase_deadline_seconds';
select is(pg_temp.pause_at(172801), interval '24 hours', 'the ten days are a setting');

select * from finish();
rollback;
