begin;
\ir ../helpers.psql
select plan(43);

-- A story with a bit of everything, then one lie at a time, each taken back.
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.buy(pg_temp.ada());
select pg_temp.give(pg_temp.ada(), 500000, 'promotional', pg_temp.at(86400));
select public.start_call('past', '+14155552671', pg_temp.ada());
select public.answer_call('past', pg_temp.ada());
select pg_temp.clock_at(61);
select public.end_call('past', user_id => pg_temp.ada());
select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'open'), 'cs_test_open');
-- A part is returned, half by a refund and half by a dispute of which some was won back.
select pg_temp.refund(id, 50), pg_temp.dispute(id, 100, 'won', '{-100,50}') from public.purchases where user_id = pg_temp.ada() and idempotency_key = 'key-1';
select public.start_call('live', '+14155552671', pg_temp.ada());
select public.answer_call('live', pg_temp.ada());

create function pg_temp.redeem() returns jsonb language plpgsql as $$
begin
  perform public.create_campaign('{"name": "c", "kind": "free_credit", "amount_micros": 1000000}', 'test');
  perform public.add_promo_codes('c', 'test', '{AAAA}');
  return public.redeem_code('aaaa', pg_temp.ada());
end
$$;

create function pg_temp.violations_after(p_lie text) returns text[] language plpgsql as $$
declare
  v_found text[];
begin
  begin
    execute p_lie;
    v_found := array(select distinct violation from private.check_integrity() where user_id = pg_temp.ada() or user_id is null order by violation);
    raise exception using errcode = 'ZZ000';
  exception when sqlstate 'ZZ000' then
    return v_found;
  end;
end
$$;

create temporary table lies (name text, lie text, found text[]);
insert into lies values
  ('a wallet with a cent too many', 'update public.users set balance_micros = balance_micros + 1 where id = pg_temp.ada()',
    '{balance_is_not_the_newest_balance_after,balance_is_not_the_sum_of_the_journal,grants_do_not_sum_to_the_balance}'),
  ('a wallet that holds too much', 'update public.users set held_micros = held_micros + 1 where id = pg_temp.ada()', '{held_is_not_the_sum_of_the_holds}'),
  ('a wallet that has lost count', 'update public.users set last_line = last_line + 1 where id = pg_temp.ada()', '{balance_is_not_the_newest_balance_after,lines_have_a_gap}'),
  ('a line that was removed', 'alter table public.transactions disable trigger append_only; alter table public.grant_entries disable trigger append_only;
      delete from public.grant_entries where user_id = pg_temp.ada() and grant_id = 2; delete from public.credit_grants where user_id = pg_temp.ada() and id = 2;
      delete from public.transactions where user_id = pg_temp.ada() and line = 2',
    '{balance_after_does_not_follow,balance_is_not_the_sum_of_the_journal,grants_do_not_sum_to_the_balance,line_does_not_move_its_grants,lines_have_a_gap}'),
  ('a line that says another balance', 'alter table public.transactions disable trigger append_only;
      update public.transactions set balance_after_micros = balance_after_micros + 1 where user_id = pg_temp.ada() and line = 2', '{balance_after_does_not_follow}'),
  ('a newest line that says another balance', 'alter table public.transactions disable trigger append_only;
      update public.transactions set balance_after_micros = balance_after_micros + 1 where user_id = pg_temp.ada() and line = 5',
    '{balance_after_does_not_follow,balance_is_not_the_newest_balance_after}'),
  ('a line of another amount', 'alter table public.transactions disable trigger append_only;
      update public.transactions set amount_micros = amount_micros - 1 where user_id = pg_temp.ada() and line = 3',
    '{balance_after_does_not_follow,balance_is_not_the_sum_of_the_journal,call_is_not_charged_its_cost,line_does_not_move_its_grants}'),
  ('a grant that has lost some', 'update public.credit_grants set remaining_micros = remaining_micros - 1 where user_id = pg_temp.ada() and id = 1',
    '{grant_remaining_is_not_the_sum_of_its_entries,grants_do_not_sum_to_the_balance}'),
  ('a grant larger than its line', 'update public.credit_grants set granted_micros = granted_micros + 1 where user_id = pg_temp.ada() and id = 1', '{grant_is_not_what_its_line_brought}'),
  ('a call that another grant paid', 'alter table public.grant_entries disable trigger append_only;
      update public.grant_entries set grant_id = 1 where user_id = pg_temp.ada() and line = 3', '{grant_remaining_is_not_the_sum_of_its_entries}'),
  ('a call that no grant paid', 'alter table public.grant_entries disable trigger append_only; delete from public.grant_entries where user_id = pg_temp.ada() and line = 3',
    '{grant_remaining_is_not_the_sum_of_its_entries,line_does_not_move_its_grants}'),
  ('a call that says another cost', $lie$ update public.call_logs set cost_micros = cost_micros + 1 where user_id = pg_temp.ada() and id = 'past' $lie$,
    '{call_cost_does_not_follow_from_its_rate,call_is_not_charged_its_cost}'),
  ('a call that says another duration', $lie$ update public.call_logs set duration_seconds = 60 where user_id = pg_temp.ada() and id = 'past' $lie$, '{call_cost_does_not_follow_from_its_rate}'),
  ('a call that says it was refunded', $lie$ update public.call_logs set refunded_micros = 1 where user_id = pg_temp.ada() and id = 'past' $lie$, '{correction_is_not_in_the_journal}'),
  ('a call that says it was rated anew', $lie$ update public.call_logs set rerated_micros = -1 where user_id = pg_temp.ada() and id = 'past' $lie$, '{correction_is_not_in_the_journal}'),
  ('a refund the call knows nothing of', $lie$ select private.post_call_credit(pg_temp.call(pg_temp.ada(), 'past'), 'call_refund', 1, 'Refund', 'test') $lie$,
    '{correction_is_not_in_the_journal}'),
  ('a credit no grant got', $lie$ select private.post_transaction(pg_temp.ada(), 'adjustment', 1, 'adjustment', 'lost') $lie$,
    '{grants_do_not_sum_to_the_balance,line_does_not_move_its_grants}'),
  ('a live call that was charged', $lie$ select private.spend_credit(pg_temp.ada(), (private.post_transaction(pg_temp.ada(), 'call', -1, 'call_revenue', 'early', p_call_id => 'live')).line, 1,
      private.clock()) $lie$, '{open_call_is_charged}'),
  ('a live call that holds more than its seconds cost', $lie$ update public.call_logs set hold_micros = hold_micros + 1 where user_id = pg_temp.ada() and id = 'live';
      update public.users set held_micros = held_micros + 1 where id = pg_temp.ada() $lie$, '{hold_is_not_the_cost_of_what_it_authorizes}'),
  ('a paid purchase without its credit', $lie$ update public.purchases set status = 'paid', paid_at = created_at, paid_cents = 1000, tax_cents = 0
      where user_id = pg_temp.ada() and idempotency_key = 'open' $lie$, '{paid_purchase_is_not_credited_what_it_brings,stripe_clearing_is_not_what_was_paid_and_kept}'),
  ('credit for a purchase that is not paid', $lie$ update public.purchases set status = 'open', paid_at = null where user_id = pg_temp.ada() and idempotency_key = 'key-1' $lie$,
    '{purchase_is_not_clawed_back_what_was_returned,stripe_clearing_is_not_what_was_paid_and_kept,unpaid_purchase_is_credited}'),
  ('a payment of another amount', $lie$ update public.purchases set paid_cents = 999 where user_id = pg_temp.ada() and idempotency_key = 'key-1' $lie$,
    '{purchase_is_not_clawed_back_what_was_returned,stripe_clearing_is_not_what_was_paid_and_kept}'),
  ('one session for two purchases', $lie$ update public.purchases set stripe_session_id = 'cs_test_open' where user_id = pg_temp.ada() $lie$, '{session_pays_two_purchases}'),
  ('a refund the purchase knows nothing of', $lie$ insert into public.purchase_refunds (user_id, purchase_id, stripe_refund_id, origin, status, amount_cents, currency, created_at, updated_at)
      select user_id, id, 're_lie', 'stripe', 'pending', 1, 'usd', now(), now() from public.purchases where user_id = pg_temp.ada() and idempotency_key = 'key-1' $lie$,
    '{purchase_is_not_returned_what_refunds_and_disputes_say}'),
  ('a dispute the purchase knows nothing of', $lie$ update public.purchase_disputes set reinstated_cents = 1 where user_id = pg_temp.ada() $lie$,
    '{purchase_is_not_returned_what_refunds_and_disputes_say}'),
  ('a purchase that was refunded by nobody', $lie$ update public.purchases set refunded_cents = refunded_cents + 1 where user_id = pg_temp.ada() and idempotency_key = 'key-1' $lie$,
    '{purchase_is_not_clawed_back_what_was_returned,purchase_is_not_returned_what_refunds_and_disputes_say,stripe_clearing_is_not_what_was_paid_and_kept}'),
  ('a purchase that says it lost credit', $lie$ update public.purchases set clawed_back_micros = clawed_back_micros + 1 where user_id = pg_temp.ada() and idempotency_key = 'key-1' $lie$,
    '{purchase_is_not_clawed_back_what_was_returned}'),
  ('a bonus taken back for nothing', $lie$ select private.spend_credit(p.user_id, (private.post_transaction(p.user_id, 'clawback', -1, 'promotional_expense', 'lie', p.id)).line, 1, private.clock())
      from public.purchases p where user_id = pg_temp.ada() and idempotency_key = 'key-1' $lie$, '{purchase_is_not_clawed_back_what_was_returned}'),
  ('a payment taken back for nothing', $lie$ select private.spend_credit(p.user_id, (private.post_transaction(p.user_id, 'clawback', -1, 'stripe_clearing', 'lie', p.id)).line, 1, private.clock())
      from public.purchases p where user_id = pg_temp.ada() and idempotency_key = 'key-1' $lie$, '{purchase_is_not_clawed_back_what_was_returned,stripe_clearing_is_not_what_was_paid_and_kept}'),
  ('an unpaid purchase that lost credit', $lie$ update public.purchases set clawed_back_micros = 1 where user_id = pg_temp.ada() and idempotency_key = 'open' $lie$,
    '{purchase_is_not_clawed_back_what_was_returned}'),
  ('a payment without a receipt', $lie$ select private.issue_receipts(); alter table public.receipts disable trigger append_only; delete from public.receipts where user_id = pg_temp.ada() $lie$,
    '{paid_purchase_has_no_receipt}'),
  ('a receipt number that was left out', $lie$ select private.issue_receipts(); alter table public.receipts disable trigger append_only;
      update public.receipts set sequence = sequence + 1 where user_id = pg_temp.ada() $lie$, '{receipt_numbers_have_a_gap}'),
  ('a receipt of another amount', $lie$ select private.issue_receipts(); alter table public.receipts disable trigger append_only;
      update public.receipts set tax_cents = tax_cents + 1, paid_cents = paid_cents + 1 where user_id = pg_temp.ada() $lie$, '{receipt_is_not_of_what_was_paid}'),
  ('a campaign that has lost count', $lie$ select pg_temp.redeem(); update private.campaigns set redeemed_count = 0 $lie$, '{campaign_is_not_what_was_redeemed}'),
  ('a campaign that has lost money', $lie$ select pg_temp.redeem(); update private.campaigns set redeemed_micros = 1 $lie$, '{campaign_is_not_what_was_redeemed}'),
  ('a code that was used more often than it says', $lie$ select pg_temp.redeem(); update private.promo_codes set redeemed_count = 0 $lie$, '{code_is_not_redeemed_as_often_as_it_says}'),
  ('a redemption of another amount', $lie$ select pg_temp.redeem(); update public.redemptions set amount_micros = 2; update private.campaigns set redeemed_micros = 2 $lie$,
    '{redemption_is_not_its_grant}'),
  ('books that are not double entry', $lie$ create or replace view reporting.trial_balance as select 'user_wallets'::text as account, 1::bigint as balance_micros $lie$, '{trial_balance_is_not_zero}');

select is(pg_temp.violations_after('select 1'), '{}'::text[], 'the story itself is whole');
select is(pg_temp.violations_after(lie), found, name) from lies;
select is(pg_temp.violations_after('select 1'), '{}'::text[], 'every lie was taken back');
select is((select count(*) from private.check_integrity() where user_id is null), 0::bigint, 'the books of all users are whole');

create temporary view known as
  select distinct m[1] as violation from pg_proc p, regexp_matches(p.prosrc, 'select ''([a-z_]+)'',', 'g') m
  where p.pronamespace = 'private'::regnamespace and p.proname like 'check\_%';
select set_eq('select distinct unnest(found) from lies', 'select violation from known', 'every violation the check knows was planted');
select is((select count(*) from known), 27::bigint, 'twenty-seven of them');

select * from finish();
rollback;
