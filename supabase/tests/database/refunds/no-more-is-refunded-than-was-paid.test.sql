begin;
\ir ../helpers.psql
select plan(16);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
create temporary table bought as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
select pg_temp.apply((select purchase from bought), '{"amount_total": 1190, "amount_tax": 190}');
create temporary table ids as select (purchase ->> 'purchase_id')::uuid as id from bought;
create function pg_temp.begin(p_key text, p_amount_cents bigint default null) returns text language plpgsql as $$
begin
  return public.begin_refund(pg_temp.ada(), (select id from ids), 'sorry', p_key, p_amount_cents) #>> '{refund,amount_cents}';
exception when others then
  return sqlerrm;
end
$$;
select is(pg_temp.begin('key-0', 0), 'refund_exceeds_payment', 'nothing is no refund');
select is(pg_temp.begin('key-0', -1), 'refund_exceeds_payment', 'nor is less');
select is(pg_temp.begin('key-0', 1191), 'refund_exceeds_payment', 'a cent more than was paid is refused');
select is(pg_temp.begin('key-1', 190), '190', 'a part');
select is(pg_temp.error_of(format($$ select public.begin_refund(pg_temp.ada(), %L, 'sorry', 'key-0', 1001) $$, id)) - 'hint',
  jsonb_build_object('code', 'refund_exceeds_payment', 'sqlstate', 'PT409', 'details', jsonb_build_object('purchase_id', id, 'refundable_cents', 1000)),
    'leaves the rest, as soon as it has begun') from ids;
select is(pg_temp.begin('key-2', 400), '400', 'another part');
select pg_temp.refund(id, 100, '{"id": "re_dashboard"}') from ids;
select is(pg_temp.begin('key-0', 501), 'refund_exceeds_payment', 'what was refunded in the dashboard counts');
select pg_temp.refund(id, 90, '{"id": "re_bounced", "status": "failed"}'), pg_temp.refund(id, 90, '{"id": "re_canceled", "status": "canceled"}') from ids;
select is(pg_temp.begin('key-3'), '500', 'without an amount all that is left is refunded, what has failed or was canceled as well');
select is(pg_temp.begin('key-0'), 'refund_exceeds_payment', 'then nothing is left');
select public.fail_refund_request(pg_temp.ada(), (select r.id from public.purchase_refunds r where idempotency_key = 'key-2'), 'declined');
select is(pg_temp.begin('key-4'), '400', 'until one is refused');

create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ben())) as purchase;
select is(pg_temp.error_of(format($$ select public.begin_refund(pg_temp.ben(), %L, 'sorry', 'key') $$, purchase ->> 'purchase_id')) - 'hint',
  jsonb_build_object('code', 'purchase_not_refundable', 'sqlstate', 'PT409', 'details', jsonb_build_object('purchase_id', purchase -> 'purchase_id', 'status', 'open')),
    'what was not paid is not refunded') from open;
select pg_temp.apply((select purchase from open), '{"currency": "eur"}');
select is(pg_temp.error_of(format($$ select public.begin_refund(pg_temp.ben(), %L, 'sorry', 'key', 1) $$, purchase ->> 'purchase_id')) #> '{details,refundable_cents}',
  'null'::jsonb,
  'of money that cannot be compared no part can be named') from open;
select is(public.begin_refund(pg_temp.ben(), (purchase ->> 'purchase_id')::uuid, 'sorry', 'key') #> '{refund,amount_cents}', 'null'::jsonb, 'only all of it is given back')
  from open;
select is(pg_temp.refund((purchase ->> 'purchase_id')::uuid, 1000,
  jsonb_build_object('currency', 'eur', 'metadata', jsonb_build_object('refund_id', (select r.id from public.purchase_refunds r where r.user_id = pg_temp.ben()))))
  #> '{refund,amount_cents}', '1000'::jsonb, 'Stripe says how much that was') from open;
select is(pg_temp.code_of(format($$ select public.begin_refund(pg_temp.ben(), %L, 'sorry', 'key-2') $$, id)), 'purchase_not_found', 'another person''s purchase is not found')
  from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
