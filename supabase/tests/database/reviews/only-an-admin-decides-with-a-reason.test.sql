begin;
\ir ../helpers.psql
select plan(12);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select private.add_admin(pg_temp.ben(), 'viewer', 'does the books');
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
create temporary table ids as select (purchase ->> 'purchase_id')::uuid as id from open;
grant select on ids to public;
select pg_temp.apply((select purchase from open), '{"amount_total": 900}');
create function pg_temp.decide(p_decision text, p_reason text default 'sorry', p_actor_id uuid default null) returns text language plpgsql as $$
begin
  return public.resolve_review(pg_temp.ada(), (select id from ids), p_decision, p_reason, p_actor_id) ->> 'status';
exception when others then
  return sqlerrm;
end
$$;
grant execute on function pg_temp.decide(text, text, uuid) to public;
select pg_temp.act_as(pg_temp.ada());
select is(pg_temp.decide('credit'), 'forbidden', 'the buyer does not');
select is(pg_temp.decide('credit', 'sorry', pg_temp.ben()), 'forbidden', 'whoever they say they are');
select pg_temp.act_as(pg_temp.ben());
select is(pg_temp.decide('credit'), 'forbidden', 'nor who only reads');
select pg_temp.act_as_role('authenticated');
select is(pg_temp.decide('credit'), 'not_authenticated', 'nor a token without a person');
select pg_temp.act_as_role('anon');
select throws_ok($$ select public.resolve_review(pg_temp.ada(), (select id from ids), 'credit', 'sorry') $$, '42501', null, 'nor nobody');
select pg_temp.act_as_role('service_role');
select is(pg_temp.decide('credit', 'sorry', pg_temp.ben()), 'forbidden', 'the secret key in nobody''s name who may not');
select is(pg_temp.decide('credit', ' '), 'invalid_request', 'nor anyone without a reason');
select is(pg_temp.error_of($$ select public.resolve_review(pg_temp.ada(), (select id from ids), 'maybe', 'sorry') $$) -> 'details',
  '{"parameter": "decision", "problem": "credit or dismiss"}'::jsonb, 'there are two decisions');
select is(pg_temp.decide(null), 'invalid_request', 'none is not one of them');
select pg_temp.act_as_owner();
select is((select status from public.purchases where user_id = pg_temp.ada()), 'review', 'it is still in review');
select is_empty($$ select * from pg_temp.audited('resolve_review') $$, 'and nothing was done');
select pg_temp.act_as_role('service_role');
select is(pg_temp.decide('credit'), 'paid', 'the secret key does');
select pg_temp.act_as_owner();

select * from finish();
rollback;
