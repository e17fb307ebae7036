begin;
\ir ../helpers.psql
select plan(11);

-- What other tests left without a number gets one first.
select private.issue_receipts();
create temporary table base as select coalesce(max(sequence), 0) as n from public.receipts where not livemode;
create function pg_temp.numbers() returns bigint[] language sql as $$
  select array_agg(r.sequence - (select n from base) order by r.paid_at, r.sequence) from public.receipts r where r.user_id = pg_temp.ada()
$$;
create function pg_temp.buy_at(p_seconds numeric, p_key text) returns uuid language plpgsql as $$
begin
  perform pg_temp.clock_at(p_seconds);
  return pg_temp.buy(pg_temp.ada(), p_key);
end
$$;
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());

select pg_temp.buy_at(30, 'third');
select pg_temp.buy_at(10, 'first');
select pg_temp.buy_at(20, 'second');
select is((select count(*) from private.receipts_due where user_id = pg_temp.ada()), 3::bigint, 'a payment leaves a row and takes no number');
savepoint before_issue;
select is(private.issue_receipts(), 3, 'the job numbers all that are due');
rollback to savepoint before_issue;
select is(private.issue_receipts(2), 2, 'what was rolled back is numbered again');
select is(pg_temp.numbers(), '{1,2}', 'from the same number on: nothing is lost, and a batch takes the earliest');
select is(private.issue_receipts(), 1, 'the next run goes on');
select is((select array_agg(p.idempotency_key order by r.sequence) from public.receipts r join public.purchases p on p.id = r.purchase_id where r.user_id = pg_temp.ada()),
  '{first,second,third}', 'in the order of payment');
select is(private.issue_receipts(), 0, 'then nothing is due');

create temporary table late as select pg_temp.buy_at(25, 'late') as id;
create temporary table last as select pg_temp.buy_at(40, 'last') as id;
select is(public.get_receipt((select id from last), pg_temp.ada()) ->> 'number', private.receipt_number(false, (select n + 5 from base)), 'asked for, a receipt is numbered after all that were paid before');
select is(public.get_receipt((select id from late), pg_temp.ada()) ->> 'number', private.receipt_number(false, (select n + 4 from base)), 'one that came too late for its place takes the next, and no number is moved');
select is_empty($$ select r.livemode from public.receipts r group by r.livemode having max(r.sequence) <> count(*) or min(r.sequence) <> 1 $$, 'no series has a gap');
select is_empty($$ select p.id from public.purchases p left join public.receipts r on r.user_id = p.user_id and r.purchase_id = p.id where p.status <> 'paid' and r.number is not null
  union all select p.id from public.purchases p where p.status = 'paid' and not exists (select from public.receipts r where r.purchase_id = p.id) $$, 'each paid purchase has a receipt and no other has');

select * from finish();
rollback;
