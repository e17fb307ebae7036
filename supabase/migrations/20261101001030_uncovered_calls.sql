-- Uncovered calls: when credit that a live call holds is taken back.
--
-- A hold is only ever taken from available credit, so this can happen by a clawback alone.

create function private.cut_uncovered_calls(p_user_id uuid) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_user public.users;
  v_call public.call_logs;
  v_cut integer := 0;
begin
  loop
    select * into v_user from public.users u where u.id = p_user_id;
    exit when private.available_micros(v_user, v_now) >= 0;
    select * into v_call from public.call_logs c where c.user_id = p_user_id and c.status <> 'ended' order by c.started_at desc, c.id desc limit 1;
    exit when not found;
    perform private.settle_call(v_user, v_call, v_call.proven_seconds, 'credit_exhausted', 'sweeper', v_now);
    v_cut := v_cut + 1;
  end loop;
  return v_cut;
end
$$;
comment on function private.cut_uncovered_calls(uuid) is
  'Ends live calls, the newest first, until what is available covers the holds of those that are left. Returns how many.';
