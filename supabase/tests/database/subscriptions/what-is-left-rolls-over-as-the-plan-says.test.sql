begin;
\ir ../helpers.psql
\ir helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.new_subscription_plan('none', '{"rollover": "none"}');
select pg_temp.new_subscription_plan('capped', '{"rollover": "capped", "rollover_cap_micros": 3000000}');
select pg_temp.new_subscription_plan('all', '{"rollover": "all"}');
create temporary table s as
  select name, pg_temp.subscribe(pg_temp.sign_up(('dddddddd-0000-4000-8000-00000000000' || n)::uuid), 'sub', name) as s
  from (values (1, 'none'), (2, 'capped'), (3, 'all')) v (n, name);
select public.apply_invoice(pg_temp.stripe_invoice(s, 0)) from s;
select pg_temp.clock_at(30 * 86400);
select public.apply_invoice(pg_temp.stripe_invoice(s, 1)) from s;
select results_eq($$ select name, (public.get_balance((s ->> 'user_id')::uuid) ->> 'available_micros')::bigint from s order by name $$,
  $$ values ('all', 24000000::bigint), ('capped', 15000000), ('none', 12000000) $$, 'nothing, up to the cap, or all');
select is((select sum(-amount_micros)::bigint from public.transactions where counter_account = 'breakage_revenue'), 9000000::bigint, 'what is above the cap is breakage');
select private.sweep_expired_credit();
select is((select sum(-amount_micros)::bigint from public.transactions where counter_account = 'breakage_revenue'), 21000000::bigint, 'and so is what was only for the period');
select public.apply_invoice(pg_temp.stripe_invoice(s, 1)) from s;
select is((select sum(balance_micros)::bigint from public.users u join s on (s ->> 'user_id')::uuid = u.id), 51000000::bigint, 'read again, nothing changes');
-- A call holds most of what is left.
update public.users set rate_plan = 'prorated' where id = (select (s ->> 'user_id')::uuid from s where name = 'capped');
update private.settings set value = '4800' where name = 'hold_quantum_seconds';
select is((public.start_call('c-1', '+14155552671', (s ->> 'user_id')::uuid, true) ->> 'hold_micros')::bigint, 12000000::bigint, 'a live call holds its credit') from s where name = 'capped';
select public.apply_invoice(pg_temp.stripe_invoice(s, 2)) from s where name = 'capped';
select is((public.get_balance((s ->> 'user_id')::uuid) ->> 'available_micros')::bigint, 12000000::bigint, 'through a renewal as well') from s where name = 'capped';
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
