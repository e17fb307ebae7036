begin;
\ir ../helpers.psql
select plan(2);

select results_eq($$ select r.rate_plan, p.name, p.is_default, r.prefix, r.per_minute_micros, r.connection_fee_micros, r.initial_increment_seconds, r.increment_seconds, r.free_seconds, r.minimum_charge_micros, r.rounding_mode, r.precision_micros
    from public.rates r join public.rate_plans p on p.code = r.rate_plan where r.rate_plan in ('standard', 'prorated') order by 1 $$, $$ values
    ('prorated', 'Per second', false, '', 150000::bigint, 0::bigint, 1, 1, 0, 0::bigint, 'up', 1::bigint), ('standard', 'Standard', true, '', 150000, 0, 60, 60, 0, 0, 'up', 1) $$,
  'by the minute as the standard, by the second as the other plan');
select is(private.call_cost(1, r), 2500::bigint, 'which is exactly 2 500 micros a second') from public.rates r where r.rate_plan = 'prorated';

select * from finish();
rollback;
