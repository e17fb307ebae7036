begin;
\ir ../helpers.psql
select plan(49);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
select pg_temp.buy(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select private.issue_receipts();
select public.set_notification_preferences(user_id => u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select public.save_payment_methods(u, 'cus_1', '[{"id": "pm_1", "livemode": false, "type": "card", "created": 1}]', 'pm_1') from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select public.set_auto_reload(0, 'credit_10', 1000, true, 'Buy $10 when there is none.', user_id => u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
-- A bonus is reserved with a purchase that nobody pays.
select public.create_campaign('{"name": "tenth", "kind": "percent_bonus", "basis_points": 1000}', 'test');
select public.add_promo_codes('tenth', 'test', '{TENTH}', max_redemptions => null);
select public.create_purchase(u, 'credit_10', 'key-2', 'http://localhost:3000/', 'http://localhost:3000/', 'tenth') from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
insert into public.subscription_plans (code, name, price_cents, period, credit_micros) values ('plus', 'Plus', 1000, 'month', 12000000);
select public.create_subscription(u, 'plus', 'key-3', 'http://localhost:3000/', 'http://localhost:3000/') from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
-- Neither moves credit.
select pg_temp.refund(id, 100, '{"status": "canceled"}'), pg_temp.dispute(id, 1000, 'warning_needs_response')
  from public.purchases where user_id in (pg_temp.ada(), pg_temp.ben()) and status = 'paid';
select public.start_call('c-1', '+14155552671', u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select public.answer_call('c-1', u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select pg_temp.clock_at(61);
select public.end_call('c-1', user_id => u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;

create function pg_temp.rows_seen(p_table text) returns text language plpgsql as $$
declare
  v_seen text;
begin
  execute format('select count(*) filter (where %1$I = pg_temp.ada()) || '' own, '' || count(*) filter (where %1$I <> pg_temp.ada()) || '' others'' from public.%2$I',
    case p_table when 'users' then 'id' else 'user_id' end, p_table) into v_seen;
  return v_seen;
exception when insufficient_privilege then
  return 'refused';
end
$$;
grant execute on function pg_temp.rows_seen(text) to public;
create temporary table personal (name, rows) as values
  ('users', 1), ('transactions', 2), ('credit_grants', 1), ('grant_entries', 2), ('purchases', 2), ('redemptions', 1), ('subscriptions', 1), ('call_logs', 1), ('notifications', 1),
  ('purchase_refunds', 1), ('purchase_disputes', 1), ('receipts', 1), ('notification_preferences', 1), ('payment_methods', 1), ('auto_reload_settings', 1);
grant select on personal to public;

select pg_temp.act_as(pg_temp.ada());
select is(pg_temp.rows_seen(name), rows || ' own, 0 others', 'a user and ' || name) from personal;
select isnt_empty('select * from public.credit_packages', 'a user sees the packages');
select isnt_empty('select * from public.rates', 'and the rates');
select pg_temp.act_as_role('authenticated');
select is(pg_temp.rows_seen(name), '0 own, 0 others', 'a token without a user and ' || name) from personal;
select pg_temp.act_as_role('anon');
select is(pg_temp.rows_seen(name), 'refused', 'nobody signed in and ' || name) from personal;
select pg_temp.act_as_owner();
select set_eq($$ select tablename::text from pg_policies where schemaname = 'public' and qual ~ 'auth\.uid\(\)' $$, 'select name from personal', 'these are all the personal tables');
select is_empty($$ select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
  and not exists (select from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname) $$, 'no public table is without a policy');

select * from finish();
rollback;
