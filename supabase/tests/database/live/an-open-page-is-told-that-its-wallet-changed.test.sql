begin;
\ir ../helpers.psql
select plan(17);

-- On Realtime as hosted Supabase has it, and as the local stack brings it.
create function pg_temp.heard() returns text language plpgsql as $$
declare
  v_heard text := (select string_agg(concat_ws(' ', payload ->> 'balance_micros', payload ->> 'held_micros', payload ->> 'status'), ', ') from realtime.messages
    where topic = 'wallet:' || pg_temp.ada());
begin
  delete from realtime.messages where topic = 'wallet:' || pg_temp.ada();
  return v_heard;
end
$$;
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
select is(pg_temp.heard(), null, 'a new wallet is no change');
select pg_temp.buy(pg_temp.ada());
select results_eq($$ select payload - 'id', event, private from realtime.messages where topic = 'wallet:' || pg_temp.ada() $$,
  $$ values ('{"balance_micros": 10000000, "held_micros": 0, "status": "active"}'::jsonb, 'wallet_changed', true) $$, 'a purchase is told on the owner''s private channel, with the wallet as it is then');
select pg_temp.heard();
select public.start_call('a', '+14155552671', pg_temp.ada(), true);
select is(pg_temp.heard(), '10000000 750000 active', 'so is a hold');
select pg_temp.clock_at(1);
select public.extend_call('a', pg_temp.ada());
select is(pg_temp.heard(), '10000000 900000 active', 'that grows');
select public.extend_call('a', pg_temp.ada());
select is(pg_temp.heard(), null, 'but not a heartbeat that changes nothing');
select public.end_call('a', user_id => pg_temp.ada());
select alike(pg_temp.heard(), '%9850000 0 active%', 'and what a call cost');
update public.users set low_balance_threshold_micros = 5, rate_plan = 'prorated' where id = pg_temp.ada();
update public.users set status = 'active' where id = pg_temp.ada();
select is(pg_temp.heard(), null, 'what the page does not show is not told');
update public.users set balance_micros = balance_micros, held_micros = held_micros, status = status, low_balance_threshold_micros = 6, spend_day_micros = 7 where id = pg_temp.ada();
select is(pg_temp.heard(), null, 'not even where what it shows is written as it was');
select private.post_transaction(pg_temp.ada(), 'adjustment', 5, 'adjustment', 'Test', p_released_micros => 0);
select is(pg_temp.heard(), '9850005 0 active', 'a micro is');
select private.post_transaction(pg_temp.ada(), 'adjustment', -5, 'adjustment', 'Test');
select pg_temp.heard();
update public.users set status = 'suspended' where id = pg_temp.ada();
select is(pg_temp.heard(), '9850000 0 suspended', 'the status is');

-- Realtime asks as the person who wants to join a channel whether they may read its messages.
select realtime.send('{}', 'wallet_changed', topic) from unnest(array['wallet:' || pg_temp.ada(), 'wallet:']) topic;
create function pg_temp.may_join(p_topic text) returns boolean language plpgsql as $$
begin
  perform set_config('realtime.topic', p_topic, true);
  return exists (select from realtime.messages where topic in ('wallet:', 'wallet:' || pg_temp.ada()));
end
$$;
grant execute on function pg_temp.may_join(text) to public;
select pg_temp.act_as(pg_temp.ada());
select ok(pg_temp.may_join('wallet:' || pg_temp.ada()), 'the owner joins their channel');
select ok(not pg_temp.may_join('wallet:' || pg_temp.ben()), 'and no other');
select ok(not pg_temp.may_join('wallet:'), 'nor one of nobody');
select pg_temp.act_as(pg_temp.ben());
select ok(not pg_temp.may_join('wallet:' || pg_temp.ada()), 'another user does not join it');
select pg_temp.act_as_role('authenticated');
select ok(not pg_temp.may_join('wallet:'), 'a token without a user joins nothing');
select throws_ok('select private.announce_wallet()', '42501', null, 'and nobody calls the announcement');
select pg_temp.act_as_owner();
select is((select array_agg(concat_ws(' ', roles, cmd)) from pg_policies where schemaname = 'realtime' and tablename = 'messages')::text, '{"{authenticated} SELECT"}', 'the policy lets people listen, not send');

select * from finish();
rollback;
