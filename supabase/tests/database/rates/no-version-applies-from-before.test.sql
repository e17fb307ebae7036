begin;
\ir ../helpers.psql
select plan(21);

-- Time stands still here while the transaction goes on, so what lies a minute back lies before it.
select pg_temp.clock_at(0);
insert into public.rate_plans (code, name) values ('test', 'Test'), ('other', 'Other');
create function pg_temp.add(p_plan text, p_prefix text, p_from timestamptz, p_price bigint) returns void language sql as $$
  insert into public.rates select (pg_temp.rate_of(p_plan, jsonb_build_object('prefix', p_prefix, 'effective_from', p_from, 'per_minute_micros', p_price))).*
$$;
create function pg_temp.price(p_at timestamptz, p_number text default '+14155552671') returns bigint language sql as $$
  select per_minute_micros from private.find_rate('test', p_number, p_at)
$$;
select throws_ok($$ select pg_temp.price(pg_temp.at(-100)) $$, 'PT422', 'destination_not_rated', 'a plan without rates answers nothing');
select lives_ok($$ insert into public.rates select (pg_temp.rate_of('test', v)).* from jsonb_array_elements(jsonb_build_array(
  '{"per_minute_micros": 1}'::jsonb, '{"prefix": "44", "per_minute_micros": 2}'::jsonb, jsonb_build_object('effective_from', pg_temp.at(-60), 'per_minute_micros', 3))) v $$,
  'so it may begin with rates that apply from before');
select is(pg_temp.error_of($$ select pg_temp.add('test', '', pg_temp.at(-30), 9) $$) - 'hint', jsonb_build_object('code', 'rate_published', 'sqlstate', 'PT409',
  'details', jsonb_build_object('rate_plan', 'test', 'effective_from', pg_temp.at(-30))), 'from then on a version from before is refused, and the error names it');
select throws_ok($$ select pg_temp.add('test', '', pg_temp.at(-90), 9) $$, 'PT409', 'rate_published', 'also between two others');
select throws_ok($$ select pg_temp.add('test', '1415', '-infinity', 9) $$, 'PT409', 'rate_published', 'and a longer prefix from the beginning of time, which would win then too');
select throws_ok($$ insert into public.rates select (pg_temp.rate_of('test', v)).* from jsonb_array_elements(jsonb_build_array(
  jsonb_build_object('prefix', '1', 'effective_from', pg_temp.at(60)), jsonb_build_object('prefix', '1', 'effective_from', pg_temp.at(-60)))) v $$,
  'PT409', 'rate_published', 'one bad version among good ones refuses all');
select throws_ok($$ insert into public.rates select (pg_temp.rate_of(p, '{"prefix": "7"}')).* from unnest('{other,test}'::text[]) p $$,
  'PT409', 'rate_published', 'a plan that begins does not cover for one that has begun');
select is((select count(*) from public.rates where rate_plan in ('test', 'other')), 3::bigint, 'nothing of it is there');
select is(array[pg_temp.price(pg_temp.at(-100)), pg_temp.price(pg_temp.at(-30)), pg_temp.price(pg_temp.at(-30), '+442071838750')], '{1,3,2}'::bigint[], 'the past is answered as before');
select lives_ok($$ select pg_temp.add('test', '1415', pg_temp.at(0), 4) $$, 'a version may apply from now');
select lives_ok($$ select pg_temp.add('test', '', pg_temp.at(100), 5) $$, 'and from later');
select lives_ok($$ insert into public.rates select (pg_temp.rate_of('test')).* on conflict do nothing $$, 'what is there already may be said again');

-- What lies ahead may still move, but not into the past.
select throws_ok($$ update public.rates set effective_from = pg_temp.at(-10) where rate_plan = 'test' and effective_from = pg_temp.at(100) $$, 'PT409', 'rate_published', 'one that lies ahead does not move into the past');
select throws_ok($$ update public.rates set effective_from = '-infinity', prefix = '1415' where rate_plan = 'test' and effective_from = pg_temp.at(100) $$, 'PT409', 'rate_published', 'nor to another prefix there');
select lives_ok($$ update public.rates set effective_from = pg_temp.at(50) where rate_plan = 'test' and effective_from = pg_temp.at(100) $$, 'it moves to an earlier instant that lies ahead');
select lives_ok($$ delete from public.rates where rate_plan = 'test' and effective_from = pg_temp.at(50) $$, 'or is withdrawn');

select throws_ok('truncate public.rates', 'PT409', 'rate_published', 'the rates are not truncated');
select throws_ok('truncate public.rate_plans cascade', 'PT409', 'rate_published', 'nor with their plans');

-- In real time a version may apply from when its transaction began: a long sheet takes its time.
select private.reset_clock();
select ok(now() - private.publishing_since() between interval '0' and interval '0.1 s', 'a transaction publishes from its beginning');
select lives_ok($$ select pg_temp.add('test', '33', now(), 6) $$, 'which is allowed');
select throws_ok($$ select pg_temp.add('test', '34', now() - interval '1 second', 6) $$, 'PT409', 'rate_published', 'a second before it is not');

select * from finish();
rollback;
