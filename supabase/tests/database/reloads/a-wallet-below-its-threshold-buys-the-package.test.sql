begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(22);

select pg_temp.clock_at(0);
select pg_temp.reloader(pg_temp.ada(), 5000000);
select is(pg_temp.look(pg_temp.ada()), null, 'at the threshold nothing is bought');
select pg_temp.drain(pg_temp.ada(), 4999999);
create temporary table first as select pg_temp.look(pg_temp.ada()) as id;
select isnt((select id from first), null, 'a micro below it is');
select results_eq('select origin, status, price_cents, currency, package_code, credit_micros, livemode, created_at from public.purchases where user_id = pg_temp.ada()',
  $$ values ('auto_reload', 'created', 1000::bigint, 'usd', 'credit_10', 10000000::bigint, false, pg_temp.at(0)) $$, 'the purchase is there before Stripe is asked');
select is(public.begin_reload_charge(pg_temp.ada(), id), jsonb_build_object('action', 'charge', 'user_id', pg_temp.ada(), 'purchase_id', id, 'package_code', 'credit_10', 'payment_intent_id', null,
    'customer', 'cus_aaaa', 'payment_method', 'pm_1', 'amount_cents', 1000, 'currency', 'usd', 'give_up_code', 'not_carried_out'), 'with all that Stripe needs') from first;
select is((private.auto_reload_json(pg_temp.ada()) ->> 'purchase_in_flight')::uuid, id, 'its owner sees it') from first;
select is(pg_temp.answer(id), 'paid', 'Stripe takes the money') from first;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 14999999::bigint, 'and it is credited');
select is(pg_temp.begin(id), 'none', 'once it is paid nothing is charged for it') from first;
select is(private.auto_reload_json(pg_temp.ada()) -> 'month_cents', '1000'::jsonb, 'what was charged this month is told');
select is(pg_temp.told(pg_temp.ada(), 'purchase_confirmed'), 1::bigint, 'and confirmed');

-- What is not there to be spent does not count, what is only trusted neither.
create function pg_temp.is_due(p_change text) returns boolean language plpgsql as $$
begin
  execute replace(p_change, '$user', quote_literal(pg_temp.ben()) || '::uuid');
  return pg_temp.look(pg_temp.ben()) is not null;
end
$$;
select pg_temp.reloader(pg_temp.ben());
select pg_temp.give(pg_temp.ben(), 6000000, 'promotional', pg_temp.at(100));
select is(pg_temp.look(pg_temp.ben()), null, 'promotional credit counts');
savepoint before;
select ok(pg_temp.is_due('select pg_temp.clock_at(100)'), 'until it has expired, booked or not');
rollback to before;
select ok(pg_temp.is_due($$ select public.start_call('c-1', '+14155552671', $user) from (select pg_temp.give($user, 0 + 1)) g; update public.users set held_micros = 1000002 where id = $user $$), 'nor does what calls hold');
rollback to before;
select ok(pg_temp.is_due('select pg_temp.drain($user, 0); update public.users set credit_limit_micros = 9000000 where id = $user'), 'a credit limit does not stand in for credit');
rollback to before;
select ok(not pg_temp.is_due('select pg_temp.drain($user, 0); update public.users set status = ''suspended'' where id = $user'), 'a suspended wallet buys nothing');
rollback to before;
select ok(not pg_temp.is_due('select pg_temp.drain($user, 0); update private.settings set value = ''false'' where name = ''auto_reload'''), 'nor does anybody while it is switched off for all');
rollback to before;
select ok(not pg_temp.is_due('select pg_temp.drain($user, 0); delete from auth.users where id = $user'), 'nor a deleted login');
select is((select count(*) from public.payment_methods where user_id = pg_temp.ben()), 0::bigint, 'whose cards are not kept');
rollback to before;
select ok(pg_temp.is_due('select pg_temp.drain($user, 0)'), 'without any of these it is due');
create temporary table second as select purchase_id as id from private.reload_attempts where user_id = pg_temp.ben();
select pg_temp.give(pg_temp.ben(), 5000000);
select is(pg_temp.begin(id), 'none', 'credit that came meanwhile makes it needless') from second;
select is((pg_temp.purchase(id)).failure_code, 'not_needed', 'which the attempt says') from second;
select is(pg_temp.told(pg_temp.ben(), 'auto_reload_failed'), 0::bigint, 'without a word: nothing is wrong');

select * from finish();
rollback;
