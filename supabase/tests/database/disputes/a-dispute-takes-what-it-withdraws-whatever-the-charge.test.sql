begin;
\ir ../helpers.psql
select plan(16);

select is(private.dispute_moved_cents(dispute, sign), cents, name) from (values
  ('nothing has moved', '{"amount": 1000, "currency": "usd", "balance_transactions": []}'::jsonb, -1, 0::bigint),
  ('nothing is said', '{"amount": 1000, "currency": "usd"}', -1, 0),
  ('nothing is null', '{"amount": 1000, "currency": "usd", "balance_transactions": null}', 1, 0),
  ('withdrawals count one way', '{"amount": 1000, "currency": "usd", "balance_transactions": [{"amount": -1000, "currency": "usd"}, {"amount": 600, "currency": "usd"}, {"amount": -1, "currency": "usd"}]}', -1, 1001),
  ('and reinstatements the other', '{"amount": 1000, "currency": "usd", "balance_transactions": [{"amount": -1000, "currency": "usd"}, {"amount": 600, "currency": "usd"}, {"amount": 7, "currency": "usd"}]}', 1, 607),
  ('currencies are compared whatever their case', '{"amount": 1000, "currency": "USD", "balance_transactions": [{"amount": -400, "currency": "usd"}]}', -1, 400),
  ('settled in another currency a movement stands for the dispute', '{"amount": 1000, "currency": "usd", "balance_transactions": [{"amount": -922, "currency": "eur"}]}', -1, 1000),
  ('both ways', '{"amount": 1000, "currency": "usd", "balance_transactions": [{"amount": -922, "currency": "eur"}, {"amount": 915, "currency": "eur"}]}', 1, 1000),
  ('a movement of nothing is none', '{"amount": 1000, "currency": "usd", "balance_transactions": [{"amount": 0, "currency": "eur"}]}', -1, 0)) cases (name, dispute, sign, cents);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as part, pg_temp.buy(pg_temp.ada(), 'key-2') as more, pg_temp.buy(pg_temp.ada(), 'key-3') as foreign_one;
select pg_temp.dispute(part, 400, 'needs_response', '{-400}') from ids;
select is(pg_temp.standing(part), '0 400 4000000 26000000', 'a part') from ids;
select pg_temp.dispute(more, 1100, 'needs_response', '{-1100}') from ids;
select is(pg_temp.standing(more), '0 1100 10000000 16000000', 'more than the charge takes no more than was granted') from ids;
select pg_temp.dispute(foreign_one, 1000, 'needs_response', '{}', '{"balance_transactions": [{"id": "txn_1", "amount": -922, "currency": "eur", "fee": 1500}]}') from ids;
select is(pg_temp.standing(foreign_one), '0 1000 10000000 6000000', 'a dispute settled in another currency takes all') from ids;
select pg_temp.dispute(foreign_one, 1000, 'won', '{}', '{"balance_transactions": [{"id": "txn_1", "amount": -922, "currency": "eur", "fee": 1500}, {"id": "txn_2", "amount": 918, "currency": "eur", "fee": -1500}]}') from ids;
select is(pg_temp.standing(foreign_one), '0 0 0 16000000', 'and gives all back, whatever the rate was then') from ids;
select pg_temp.dispute(part, 400, 'lost', '{-400}'), pg_temp.dispute(part, 300, 'needs_response', '{-300}', '{"id": "dp_second"}') from ids;
select is(pg_temp.standing(part), '0 700 7000000 13000000', 'a second dispute of the charge adds to the first') from ids;
select is((select count(*) from public.purchase_disputes where purchase_id = part), 2::bigint, 'they are two') from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
