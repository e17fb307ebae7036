begin;
\ir ../helpers.psql
select plan(9);

select is(private.purchase_status_from_intent(jsonb_build_object('status', given)), expected, given) from (values
  ('succeeded', 'paid'), ('requires_payment_method', 'failed'), ('requires_action', 'failed'), ('canceled', 'failed'), ('processing', 'processing'),
  ('requires_confirmation', 'processing'), ('requires_capture', 'processing'), ('a_new_one', 'processing')) cases (given, expected);
select is(private.purchase_status_from_intent('{}'), 'processing', 'nothing');

select * from finish();
rollback;
