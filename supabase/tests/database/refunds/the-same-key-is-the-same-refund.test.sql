begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as first, pg_temp.buy(pg_temp.ada(), 'key-2') as second;
create temporary table begun as select public.begin_refund(pg_temp.ada(), first, 'sorry', 'key-1', 300) as answer from ids;
create function pg_temp.again(p_purchase_id uuid, p_reason text, p_key text, p_amount_cents bigint default null) returns jsonb language sql as $$
  select public.begin_refund(pg_temp.ada(), p_purchase_id, p_reason, p_key, p_amount_cents)
$$;
select is(pg_temp.again(first, 'sorry', 'key-1', 300), (select answer || '{"replayed": true}' || jsonb_build_object('refund', answer -> 'refund' || '{"replayed": true}')
  from begun), 'an identical request answers as before') from ids;
select is(pg_temp.again(first, 'sorry', 'key-1') -> 'replayed', 'true'::jsonb, 'one that leaves the amount out too') from ids;
select is((select count(*) from public.purchase_refunds where user_id = pg_temp.ada()), 1::bigint, 'there is one refund');
select is((select count(*) from pg_temp.audited('refund_purchase')), 1::bigint, 'and one act');
select is(pg_temp.error_of(format($$ select pg_temp.again(%L, 'sorry', 'key-1', 301) $$, first)) - 'hint', jsonb_build_object('code', 'idempotency_conflict', 'sqlstate', 'PT409',
  'details', jsonb_build_object('refund_id', (select answer #> '{refund,refund_id}' from begun))), 'another amount under the key is refused') from ids;
select is(pg_temp.code_of(format($$ select pg_temp.again(%L, 'other', 'key-1', 300) $$, first)), 'idempotency_conflict', 'another reason too') from ids;
select is(pg_temp.code_of(format($$ select pg_temp.again(%L, 'sorry', 'key-1', 300) $$, second)), 'idempotency_conflict', 'another purchase too') from ids;
select is(pg_temp.again(second, 'sorry', 'key-2') -> 'replayed', 'false'::jsonb, 'another key is another refund') from ids;
select is(pg_temp.error_of(format($$ select pg_temp.again(%L, 'sorry', '') $$, first)) -> 'details', '{"parameter": "idempotency_key", "problem": "1 to 255 characters"}'::jsonb,
  'an empty key is refused') from ids;
select is(pg_temp.code_of(format($$ select pg_temp.again(%L, 'sorry', null) $$, first)), 'invalid_request', 'so is none') from ids;
select is(pg_temp.code_of(format($$ select pg_temp.again(%L, 'sorry', repeat('k', 256)) $$, first)), 'invalid_request', 'so is one of 256 characters') from ids;

select * from finish();
rollback;
