begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table bought as select pg_temp.buy(pg_temp.ada()) as id;
create temporary view receipt as select public.get_receipt((select id from bought), pg_temp.ada()) as r;
create temporary table issued as select r - '{refunds,disputes,refunded_cents,disputed_cents,net_paid_cents,clawed_back_micros}'::text[] as sale from receipt;
select pg_temp.clock_at(60);
select pg_temp.refund((select id from bought), 300);
select pg_temp.clock_at(120);
select pg_temp.refund((select id from bought), 200, '{"id": "re_2", "status": "pending"}');
select pg_temp.clock_at(180);
select pg_temp.refund((select id from bought), 100, '{"id": "re_3", "status": "failed"}');
select public.begin_refund(pg_temp.ada(), (select id from bought), 'Not yet at Stripe', 'k-1', 50);
select is((select jsonb_path_query_array(r, '$.refunds[*].amount_cents') || jsonb_path_query_array(r, '$.refunds[*].status') from receipt),
  '[300, 200, 100, "succeeded", "pending", "failed"]', 'each refund at Stripe with its state, oldest first');
select is((select r #> '{refunds,0}' from receipt), (select jsonb_build_object('refund_id', f.id, 'amount_cents', 300, 'status', 'succeeded', 'created_at', pg_temp.at(60))
  from public.purchase_refunds f where f.user_id = pg_temp.ada() and f.amount_cents = 300), 'by its id and day, without who asked for it');
select is((select array[r ->> 'paid_cents', r ->> 'refunded_cents', r ->> 'net_paid_cents', r ->> 'clawed_back_micros'] from receipt), '{1000,500,500,5000000}', 'what failed is not counted as returned');
select pg_temp.refund((select id from bought), 200, '{"id": "re_2", "status": "failed"}');
select is((select array[r #>> '{refunds,1,status}', r ->> 'net_paid_cents'] from receipt), '{failed,700}', 'a refund that fails later counts no more');
select pg_temp.dispute((select id from bought), 700, 'needs_response', '{-700}');
select is((select array[r #>> '{disputes,0,withdrawn_cents}', r ->> 'disputed_cents', r ->> 'net_paid_cents'] from receipt), '{700,700,0}', 'a dispute takes the rest');
select pg_temp.dispute((select id from bought), 700, 'won', '{-700,700}');
select is((select array[r #>> '{disputes,0,status}', r #>> '{disputes,0,reinstated_cents}', r ->> 'net_paid_cents'] from receipt), '{won,700,700}', 'and gives it back when it is won');
select is((select r - '{refunds,disputes,refunded_cents,disputed_cents,net_paid_cents,clawed_back_micros}'::text[] from receipt), (select sale from issued), 'what it states of the sale is untouched');

select * from finish();
rollback;
