begin;
\ir ../helpers.psql
select plan(12);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as id;
select pg_temp.give(pg_temp.ada(), 1000000, 'promotional', pg_temp.at(86400));
create temporary view grants as select id, source, remaining_micros, expires_at, purchase_id is not null as of_purchase
  from public.credit_grants where user_id = pg_temp.ada() order by id;
select private.spend_credit(pg_temp.ada(), (private.post_transaction(pg_temp.ada(), 'adjustment', -400000, 'adjustment', 'spent')).line, 400000, private.clock());
select private.spend_purchase_grants(pg_temp.ada(), id, (private.post_transaction(pg_temp.ada(), 'adjustment', -4000000, 'adjustment', 'spent')).line, 4000000, 'paid') from ids;
select results_eq('select id, remaining_micros from grants', $$ values (1::bigint, 6000000::bigint), (2, 600000) $$, '$6.00 of the purchase and $0.60 of a promotion are left');
select pg_temp.dispute(id, 650, 'needs_response', '{-650}') from ids;
select results_eq('select id, remaining_micros from grants', $$ values (1::bigint, 0::bigint), (2, 100000) $$, 'a dispute takes $6.50');
select is(pg_temp.dispute(id, 650, 'won', '{-650,200}') ->> 'reinstated_micros', '2000000', 'a part is given back') from ids;
select results_eq('select id, remaining_micros from grants', $$ values (1::bigint, 2000000::bigint), (2, 100000) $$, 'first what was taken and never expires');
select is(pg_temp.dispute(id, 650, 'won', '{-650,650}') ->> 'reinstated_micros', '4500000', 'then the rest') from ids;
select results_eq('select id, remaining_micros from grants', $$ values (1::bigint, 6000000::bigint), (2, 600000) $$, 'each grant has what it had');
select results_eq($$ select kind, amount_micros, counter_account, description from public.transactions where user_id = pg_temp.ada() and line >= 5 order by line $$,
  $$ values ('clawback', -6500000::bigint, 'stripe_clearing', 'Credit of a returned payment taken back, $6.50'),
    ('reinstatement', 2000000, 'stripe_clearing', 'Credit restored, $2.00'),
    ('reinstatement', 4500000, 'stripe_clearing', 'Credit restored, $4.50') $$, 'the journal shows each step');

-- Lost in an appeal and won in another, after the promotion has expired.
select pg_temp.clock_at(36400);
select pg_temp.dispute(id, 650, 'lost', '{-650,650,-650}') from ids;
select pg_temp.clock_at(90000);
select is(pg_temp.dispute(id, 650, 'won', '{-650,650,-650,650}') ->> 'reinstated_micros', '6500000', 'what has expired since') from ids;
select results_eq('select * from grants where id <> 1', $$ values (2::bigint, 'promotional', 100000::bigint, pg_temp.at(86400), false),
  (9, 'paid', 500000, pg_temp.at(90000 + 86400), true) $$,
  'comes back as a new grant, with as long to live as the old one had when it was first taken');
select is((select remaining_micros from grants where id = 1), 6000000::bigint, 'the rest is where it was');
select is(pg_temp.standing(id), '0 0 0 6600000', 'nothing is taken any more') from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
