begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table bought as select pg_temp.buy(pg_temp.ada(), 'paid') as paid, pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'other')) as other;
create function pg_temp.session_of(p_purchase_id uuid) returns text language sql stable as $$ select 'cs_test_' || left(p_purchase_id::text, 8) $$;
create function pg_temp.unsettled(variadic p_ids text[]) returns jsonb language sql stable as $$ select public.filter_unsettled(p_ids) $$;

select is(pg_temp.unsettled(pg_temp.session_of(paid), 'pi_' || left(paid::text, 8)), '[]'::jsonb, 'a paid purchase has nothing more to tell, by its session or its payment') from bought;
select is(pg_temp.unsettled('cs_unknown', 'pi_unknown'), '["cs_unknown", "pi_unknown"]'::jsonb, 'what is not known here has');
select is(pg_temp.unsettled(other ->> 'stripe_session_id'), jsonb_build_array(other ->> 'stripe_session_id'), 'so has an open purchase') from bought;
select pg_temp.apply(other, '{"currency": "eur"}') from bought;
select is(pg_temp.unsettled(other ->> 'stripe_session_id'), jsonb_build_array(other ->> 'stripe_session_id'), 'and one in review') from bought;
select pg_temp.apply(other, '{"status": "expired", "payment_status": "unpaid"}') from bought;
select is(pg_temp.unsettled(other ->> 'stripe_session_id'), '[]'::jsonb, 'an expired one has not') from bought;
select is(public.filter_unsettled('{}'), '[]'::jsonb, 'of nothing, nothing');

select * from finish();
rollback;
