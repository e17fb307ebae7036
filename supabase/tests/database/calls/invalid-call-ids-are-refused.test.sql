begin;
\ir ../helpers.psql
select plan(15);

select pg_temp.sign_up(pg_temp.ada(), 100000000);
select is(pg_temp.code_of(format('select public.start_call(%L, %L, pg_temp.ada())', id, '+14155552671')), null, id) from unnest(array[
  'a', 'CA0123456789abcdef', 'a.b_c:d@e-f', 'sip:ada@example.com', repeat('x', 128)]) id;
select is(pg_temp.code_of(format('select public.start_call(%L, %L, pg_temp.ada())', id, '+14155552671')), 'invalid_call_id', coalesce(left(quote_literal(id), 40), 'null')) from unnest(array[
  '', null, ' ', 'a b', 'a/b', E'a\n', 'ä', '<script>', repeat('x', 129)]) id;
select is(pg_temp.error_of($$ select public.start_call(repeat('y', 500), '+14155552671', pg_temp.ada()) $$) -> 'details', jsonb_build_object('call_id', repeat('y', 140)),
  'the error repeats at most 140 characters of it');

select * from finish();
rollback;
