begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada()));
create function pg_temp.claimed(p_batch_size integer default 50) returns bigint language sql as $$
  select count(*) from jsonb_array_elements(public.claim_due_purchases(p_batch_size)) p where p ->> 'user_id' = pg_temp.ada()::text
$$;
create function pg_temp.pauses() returns numeric[] language plpgsql as $$
declare
  v_pauses numeric[] := '{}';
  v_due timestamptz;
  v_next timestamptz;
begin
  for i in 1 .. 9 loop
    select next_check_at into v_due from public.purchases where user_id = pg_temp.ada();
    perform private.set_clock(v_due, 0);
    if pg_temp.claimed() <> 1 then
      raise exception 'not claimed at %', v_due;
    end if;
    select next_check_at into v_next from public.purchases where user_id = pg_temp.ada();
    v_pauses := v_pauses || extract(epoch from v_next - v_due) / 60;
  end loop;
  return v_pauses;
end
$$;
select pg_temp.clock_at(59.999);
select is(pg_temp.claimed(), 0::bigint, 'within the first minute the buyer''s own page is faster');
select pg_temp.clock_at(60);
select is(public.claim_due_purchases() -> 0 ->> 'status', 'open', 'then the reconciler takes it');
select is(pg_temp.claimed(), 0::bigint, 'and nobody else at the same time');
update public.purchases set next_check_at = private.clock(), check_count = 0 where user_id = pg_temp.ada();
select is(pg_temp.pauses(), '{1,2,4,8,16,32,60,60,60}'::numeric[], 'the pauses double up to an hour');
select is((select check_count from public.purchases where user_id = pg_temp.ada()), 9, 'each look is counted');

select pg_temp.apply((select private.purchase_json(p) from public.purchases p where p.user_id = pg_temp.ada()));
update public.purchases set next_check_at = private.clock() where user_id = pg_temp.ada();
select is(pg_temp.claimed(), 0::bigint, 'what is final is left alone');

select pg_temp.clock_at(200000);
select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-' || n)) from generate_series(2, 4) n;
select pg_temp.apply((select private.purchase_json(p) from public.purchases p where p.idempotency_key = 'key-3' and p.user_id = pg_temp.ada()),
  '{"payment_status": "unpaid", "payment_intent_status": "processing"}');
update public.purchases set next_check_at = private.clock() - interval '10 years' - interval '1 minute' * right(idempotency_key, 1)::integer
  where user_id = pg_temp.ada() and status in ('open', 'processing');
select is(public.claim_due_purchases(1) #>> '{0,purchase_id}',
  (select id::text from public.purchases where user_id = pg_temp.ada() and idempotency_key = 'key-4'), 'a small batch takes what has waited longest');
select is(public.claim_due_purchases(0) #>> '{0,status}', 'processing', 'a batch has at least one, also of those processing');

select pg_temp.new_purchase(pg_temp.ada(), 'key-lost');
select pg_temp.clock_at(200000 + 86400);
select public.claim_due_purchases();
select is((select status from public.purchases where user_id = pg_temp.ada() and idempotency_key = 'key-lost'), 'created', 'an attempt without a session waits a day');
select pg_temp.clock_at(200000 + 86401);
select public.claim_due_purchases();
select is((select status from public.purchases where user_id = pg_temp.ada() and idempotency_key = 'key-lost'), 'expired', 'and has then expired');
select is((select count(*) from public.purchases where user_id = pg_temp.ada() and status = 'expired'), 1::bigint, 'that one alone');

select * from finish();
rollback;
