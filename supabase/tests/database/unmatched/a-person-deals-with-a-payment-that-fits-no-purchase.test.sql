begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select private.keep_unmatched('session', 'cs_lost', 'pi_lost', 'usd', 1000, 1583020800, false, '{}');
select is((select unmatched_cents from reporting.payment_reconciliation where day = '2020-03-01'), 1000::bigint, 'it stands in the reconciliation');
select pg_temp.act_as(pg_temp.ada());
select throws_ok($$ select public.resolve_unmatched_payment('session', 'cs_lost', 'x') $$, 'PT403', 'forbidden', 'not anybody deals with it');
select pg_temp.act_as_owner();
select throws_ok($$ select public.resolve_unmatched_payment('session', 'cs_lost', ' ') $$, 'PT400', 'invalid_request', 'nor without a reason');
select is(public.resolve_unmatched_payment('session', 'cs_lost', 'refunded at Stripe') ->> 'resolved_at', to_jsonb(pg_temp.at(0)) #>> '{}', 'somebody deals with it');
select is_empty($$ select * from reporting.payment_reconciliation where unmatched_cents <> 0 $$, 'then it is out of the reconciliation');
select is((select resolved_at from pg_temp.alerts('unmatched_payment')), pg_temp.at(0), 'and its alert is closed');
select throws_ok($$ select public.resolve_unmatched_payment('session', 'cs_lost', 'again') $$, 'PT409', 'review_not_possible', 'once');

select * from finish();
rollback;
