-- Live updates: telling an open page that its wallet changed.
--
-- On hosted Supabase a change of a wallet is sent to the private Realtime channel `wallet:<user id>`, which only its owner may join. The message is a
-- hint: whoever gets it asks `get_balance`, so a lost or doubled message does no harm, and without Realtime the SDK polls. `realtime.send` never
-- aborts the transaction it runs in.

do $do$
begin
  if to_regprocedure('realtime.send(jsonb, text, text, boolean)') is null then
    return;
  end if;
  execute $sql$
    create function private.announce_wallet() returns trigger language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      perform realtime.send(
        jsonb_build_object('balance_micros', new.balance_micros, 'held_micros', new.held_micros, 'status', new.status),
        'wallet_changed', 'wallet:' || new.id, true);
      return null;
    end
    $$
  $sql$;
  comment on function private.announce_wallet() is 'Trigger: tells the owner''s private Realtime channel that the wallet changed.';
  execute $sql$
    create trigger announce_wallet after update of balance_micros, held_micros, status on public.users
      for each row when ((old.balance_micros, old.held_micros, old.status) is distinct from (new.balance_micros, new.held_micros, new.status))
      execute function private.announce_wallet()
  $sql$;
  execute $sql$
    create policy "Users listen to their own wallet" on realtime.messages for select to authenticated
      using (realtime.topic() = 'wallet:' || (select auth.uid()))
  $sql$;
end
$do$;
