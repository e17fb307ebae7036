begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
select pg_temp.give(pg_temp.ada(), n) from generate_series(1, 5) n;
create function pg_temp.page(p_before bigint, p_size integer) returns text language sql as $$
  select concat_ws(' ', (select string_agg(l ->> 'line', ',' order by o) from jsonb_array_elements(s -> 'lines') with ordinality t (l, o)), 'next', coalesce(s ->> 'next_before_line', 'none'))
  from public.get_statement(p_before, p_size, pg_temp.ada()) s
$$;
select is(pg_temp.page(null, 2), '5,4 next 4', 'the newest two');
select pg_temp.give(pg_temp.ada(), 6);
select is(pg_temp.page(4, 2), '3,2 next 2', 'the next two, although a line has arrived');
select is(pg_temp.page(2, 2), '1 next none', 'the last');
select is(pg_temp.page(null, 6), '6,5,4,3,2,1 next none', 'a page that just fits is the last');
select is(pg_temp.page(1, 2), 'next none', 'before the first line there is nothing');
select is((select jsonb_array_length(public.get_statement(user_id => pg_temp.ben()) -> 'lines')), 0, 'a new wallet has no lines');
select is(pg_temp.error_of($$ select public.get_statement(null, 0, pg_temp.ada()) $$) - 'hint',
  '{"code": "invalid_request", "sqlstate": "PT400", "details": {"parameter": "page_size", "problem": "1 to 500"}}', 'a page has at least one line');
select throws_ok($$ select public.get_statement(null, 501, pg_temp.ada()) $$, 'PT400', 'invalid_request', 'and at most 500');
select throws_ok($$ select public.get_statement(null, null, pg_temp.ada()) $$, 'PT400', 'invalid_request', 'and some size');
select pg_temp.act_as(pg_temp.ada());
select throws_ok(format('select public.get_statement(user_id => %L)', pg_temp.ben()), 'PT403', 'forbidden', 'another''s is refused');
select pg_temp.act_as_owner();

select * from finish();
rollback;
