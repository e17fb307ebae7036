begin;
\ir ../helpers.psql
select plan(18);

create function pg_temp.longest(p_amount bigint, p_per_minute bigint, p_fee bigint, p_initial integer, p_increment integer, p_mode text, p_precision bigint,
  p_free integer default 0, p_minimum bigint default 0)
returns bigint language sql as $$
  select private.max_seconds(p_amount, row('t', '', now(), p_per_minute, p_fee, p_initial, p_increment, p_free, p_minimum, p_mode, p_precision)::public.rates)
$$;
select is(pg_temp.longest(10000000, 150000, 0, 60, 60, 'up', 1), 3960::bigint, '$10 are 66 whole minutes');
select is(pg_temp.longest(10000000, 150000, 0, 1, 1, 'up', 1), 4000::bigint, 'or 4 000 seconds');
select is(pg_temp.longest(149999, 150000, 0, 60, 60, 'up', 1), 0::bigint, 'less than the first increment is nothing');
select is(pg_temp.longest(199999, 150000, 50000, 60, 60, 'up', 1), 0::bigint, 'the fee comes first');
select is(pg_temp.longest(200000, 150000, 50000, 60, 60, 'up', 1), 60::bigint, 'then the first increment');
select is(pg_temp.longest(89999, 150000, 0, 30, 6, 'up', 1), 30::bigint, 'a further increment is whole');
select is(pg_temp.longest(0, 30, 0, 1, 1, 'down', 1), 1::bigint, 'what rounds down to nothing costs nothing');
select is(pg_temp.longest(-1, 150000, 0, 60, 60, 'up', 1), 0::bigint, 'debt is no talk time');
select is(pg_temp.longest(4, 0, 5, 60, 60, 'up', 1), 0::bigint, 'a free rate still has its fee');
select is(pg_temp.longest(5, 0, 5, 60, 60, 'up', 1), 9007199254740991::bigint, 'and no end after it');
select is(pg_temp.longest(0, 150000, 0, 60, 60, 'up', 1, 30), 30::bigint, 'free seconds need no credit');
select is(pg_temp.longest(49999, 150000, 50000, 60, 60, 'up', 1, 30), 0::bigint, 'unless the fee cannot be paid');
select is(pg_temp.longest(50000, 150000, 50000, 60, 60, 'up', 1, 30), 30::bigint, 'after the fee there they are');
select is(pg_temp.longest(350000, 150000, 50000, 60, 60, 'up', 1, 30), 150::bigint, 'and the paid minutes come after them');
select is(pg_temp.longest(199999, 150000, 0, 6, 6, 'up', 1, 0, 200000), 0::bigint, 'less than the minimum charge is nothing');
select is(pg_temp.longest(200000, 150000, 0, 6, 6, 'up', 1, 0, 200000), 78::bigint, 'the minimum buys what it would cost');

create temporary table sweep as
  select row('t', '', now(), per_minute, fee, initial, increment, free, minimum, mode, precision_)::public.rates as rate
  from unnest('{30,90,100000,1000000000}'::bigint[]) per_minute,
    (values (0::bigint, 0, 0::bigint), (12345, 0, 0), (0, 45, 0), (12345, 60, 150000), (0, 0, 150001)) extras (fee, free, minimum),
    (values (60, 60), (30, 6), (6, 6), (1, 1), (1, 60), (60, 1)) increments (initial, increment),
    unnest('{up,half_up,half_even,down}'::text[]) mode,
    unnest('{1,10000}'::bigint[]) precision_;
create temporary table tried as
  select rate, amount, private.max_seconds(amount, rate) as longest
  from sweep, unnest('{0,1,3,31,2500,12345,12346,150001,9999999,10000000,123456789,9007199254740991}'::bigint[]) amount;
select is((select count(*) from tried), 11520::bigint, 'amounts, rates, extras, increments, modes and precisions are crossed');
select is_empty($$ select * from tried
  where private.call_cost(longest, rate) > amount or private.call_cost(longest + 1, rate) <= amount $$,
  'cost(max_seconds(x)) <= x < cost(max_seconds(x) + 1) everywhere');

select * from finish();
rollback;
