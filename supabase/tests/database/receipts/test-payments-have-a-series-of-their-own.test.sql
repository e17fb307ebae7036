begin;
\ir ../helpers.psql
select plan(5);

select private.issue_receipts();
create temporary table base as select l.livemode, coalesce(max(r.sequence), 0) as n
  from (values (true), (false)) l (livemode) left join public.receipts r on r.livemode = l.livemode group by l.livemode;
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create function pg_temp.buy_in(p_livemode boolean, p_key text) returns uuid language plpgsql as $$
declare
  v_purchase jsonb := pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), p_key));
begin
  update public.purchases set livemode = p_livemode where id = (v_purchase ->> 'purchase_id')::uuid;
  perform pg_temp.apply(v_purchase, jsonb_build_object('livemode', p_livemode));
  return v_purchase ->> 'purchase_id';
end
$$;
select pg_temp.buy_in(mode, key) from (values (false, 'a'), (true, 'b'), (false, 'c'), (true, 'd')) p (mode, key);
select private.issue_receipts();
select results_eq($$ select r.livemode, array_agg(r.sequence - b.n order by r.sequence) from public.receipts r join base b using (livemode)
  where r.user_id = pg_temp.ada() group by 1 order by 1 $$, $$ values (false, '{1,2}'::bigint[]), (true, '{1,2}'::bigint[]) $$, 'a rehearsal eats no number of the real series');
select is(private.receipt_number(true, 123), 'TT-000123', 'a live number');
select is(private.receipt_number(false, 123), 'TT-TEST-000123', 'a test number says so');
select is(private.receipt_number(true, 1234567), 'TT-1234567', 'a number grows when six digits are used up');
update private.settings set value = '"ACME-"' where name = 'receipt_prefix';
select pg_temp.buy_in(true, 'e');
select private.issue_receipts();
select is((select max(r.number) from public.receipts r join public.purchases p on p.id = r.purchase_id where p.user_id = pg_temp.ada() and p.idempotency_key = 'e'),
  'ACME--' || lpad((select n + 3 from base where livemode)::text, 6, '0'), 'with another prefix the numbers go on');

select * from finish();
rollback;
