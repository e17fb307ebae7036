begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
create temporary table ada as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
create temporary table ben as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ben())) as purchase;
create function pg_temp.refused(p_differences jsonb) returns text language sql as $$
  select pg_temp.code_of(format('select pg_temp.apply((select purchase from ada), %L)', p_differences))
$$;
select is(pg_temp.refused('{"id": "cs_test_other"}'), 'session_mismatch', 'another session');
select is(pg_temp.refused('{"id": null}'), 'session_mismatch', 'no session');
select is(pg_temp.refused(jsonb_build_object('client_reference_id', pg_temp.ben())), 'session_mismatch', 'another user''s reference');
select is(pg_temp.refused('{"client_reference_id": null}'), 'session_mismatch', 'no reference');
select is(pg_temp.refused(jsonb_build_object('metadata', (select jsonb_build_object('purchase_id', purchase -> 'purchase_id') from ben))),
  'session_mismatch', 'another purchase in the metadata');
select is(pg_temp.refused('{"metadata": null}'), 'session_mismatch', 'no metadata');
select throws_ok($$ select public.apply_checkout_session(pg_temp.ben(), (select (purchase ->> 'purchase_id')::uuid from ada),
  pg_temp.session((select purchase from ada))) $$, 'PT404', 'purchase_not_found', 'the wrong user with the right session');
select is((select sum(balance_micros) from public.users where id in (pg_temp.ada(), pg_temp.ben())), 0::numeric, 'nobody got anything');

select * from finish();
rollback;
