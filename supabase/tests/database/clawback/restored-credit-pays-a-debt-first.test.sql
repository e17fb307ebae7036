begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
insert into public.credit_packages (code, name, price_cents, credit_micros) values ('generous', 'Generous', 1000, 12000000);
create temporary table ids as select pg_temp.buy(pg_temp.ada(), 'key-1', 'generous') as id;
create temporary view grants as select id, source, remaining_micros, expires_at from public.credit_grants where user_id = pg_temp.ada() order by id;
select private.spend_credit(pg_temp.ada(), (private.post_transaction(pg_temp.ada(), 'adjustment', -9000000, 'adjustment', 'spent')).line, 9000000, private.clock());
select pg_temp.refund(id, 1000) from ids;
select is(pg_temp.standing(id), '1000 0 12000000 -9000000', 'a refund of what was spent is debt') from ids;
select pg_temp.refund(id, 1000, '{"status": "failed"}') from ids;
select is(pg_temp.standing(id), '0 0 0 3000000', 'a refund that fails takes it away') from ids;
select results_eq('select * from grants', $$ values (1::bigint, 'paid', 3000000::bigint, null::timestamptz), (2, 'promotional', 0, null) $$,
  'and what had remained is back where it was');

-- The debt is paid by another purchase before the refund fails: nobody can tell that credit apart any more.
select pg_temp.refund(id, 1000, '{"id": "re_2"}') from ids;
select pg_temp.buy(pg_temp.ada(), 'key-2');
select is(pg_temp.standing(id), '1000 0 12000000 1000000', 'a purchase pays the debt and leaves a rest') from ids;
select pg_temp.refund(id, 1000, '{"id": "re_2", "status": "canceled"}') from ids;
select is(pg_temp.standing(id), '0 0 0 13000000', 'what is restored now is credit') from ids;
select results_eq($$ select source, sum(remaining_micros)::bigint from grants group by source order by source $$, $$ values ('paid', 13000000::bigint), ('promotional', 0) $$,
  'of the kind it was taken from');
select is((select count(*) from grants where expires_at is not null), 0::bigint, 'and for ever, as it was');
select pg_temp.refund(id, 1000, '{"id": "re_3"}') from ids;
select is(pg_temp.standing(id), '1000 0 12000000 1000000', 'and can be taken again') from ids;

-- Where nothing was left to take it is of the kind it was taken for.
select pg_temp.sign_up(pg_temp.ben());
create temporary table bens as select pg_temp.buy(pg_temp.ben(), 'key-1', 'generous') as id;
select private.spend_credit(pg_temp.ben(), (private.post_transaction(pg_temp.ben(), 'adjustment', -12000000, 'adjustment', 'spent')).line, 12000000, private.clock());
select pg_temp.refund(id, 1000) from bens;
select pg_temp.buy(pg_temp.ben(), 'key-2', 'credit_20');
select pg_temp.refund(id, 1000, '{"status": "failed"}') from bens;
select results_eq($$ select source, remaining_micros, purchase_id = (select id from bens)
  from public.credit_grants where user_id = pg_temp.ben() and remaining_micros > 0 order by id $$,
  $$ values ('paid', 8000000::bigint, false), ('paid', 10000000, true), ('promotional', 2000000, true) $$, 'two new grants of the purchase, what was paid and what was given');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
