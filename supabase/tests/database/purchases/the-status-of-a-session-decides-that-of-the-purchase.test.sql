begin;
\ir ../helpers.psql
select plan(13);

select is(private.purchase_status_from_session(session), status, session::text) from (values
  ('{"status": "open", "payment_status": "unpaid"}'::jsonb, 'open'),
  ('{"status": "expired", "payment_status": "unpaid"}', 'expired'),
  ('{"status": "complete", "payment_status": "paid"}', 'paid'),
  ('{"status": "complete", "payment_status": "no_payment_required"}', 'paid'),
  ('{"status": "complete", "payment_status": "unpaid", "payment_intent_status": "processing"}', 'processing'),
  ('{"status": "complete", "payment_status": "unpaid", "payment_intent_status": "requires_payment_method"}', 'failed'),
  ('{"status": "complete", "payment_status": "unpaid", "payment_intent_status": "canceled"}', 'failed'),
  ('{"status": "complete", "payment_status": "unpaid", "payment_intent_status": "a_new_one"}', 'processing'),
  ('{"status": "complete", "payment_status": "unpaid"}', 'processing'),
  ('{"status": "complete", "payment_status": "a_new_one"}', 'processing'),
  ('{"status": "a_new_one", "payment_status": "paid"}', 'processing'),
  ('{"payment_status": "paid"}', 'processing'),
  ('{}', 'processing')
) cases (session, status);

select * from finish();
rollback;
