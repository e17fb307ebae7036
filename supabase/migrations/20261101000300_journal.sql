-- Journal: the one record of money.
--
-- Each row of `transactions` moves an amount between a user's wallet and one counter account, so the books are double entry
-- by construction: what the wallets hold is minus what the counter accounts hold. Rows are only ever added. A correction is a new row that
-- names the line it reverses. Lines count up by one per user: a statement reads like a bank's, and a gap or a reordering shows.
--
-- Counter accounts have no rows of their own, so nothing is locked but the wallet, and different users never wait for each other.

create table public.transactions (
  user_id uuid not null references public.users (id),
  line bigint not null constraint transactions_line_positive check (line > 0),
  kind text not null constraint transactions_kind_known check (kind in (
    'purchase', 'bonus', 'promotion', 'call', 'call_refund', 'rerate', 'clawback', 'reinstatement', 'adjustment', 'expiry')),
  amount_micros bigint not null
    constraint transactions_amount_moves_money check (amount_micros <> 0)
    constraint transactions_amount_is_safe_integer check (amount_micros between -9007199254740991 and 9007199254740991),
  counter_account text not null constraint transactions_counter_account_known check (counter_account in (
    'stripe_clearing', 'call_revenue', 'promotional_expense', 'breakage_revenue', 'dispute_loss', 'adjustment')),
  balance_after_micros bigint not null,
  purchase_id uuid,
  call_id text,
  reverses_line bigint,
  description text not null,
  reason text,
  created_at timestamptz not null,
  primary key (user_id, line),
  constraint transactions_reverses_an_earlier_line check (reverses_line < line),
  foreign key (user_id, reverses_line) references public.transactions (user_id, line)
);
alter table public.transactions enable row level security;
comment on table public.transactions is 'The journal: append-only, double entry. One row moves amount_micros from the counter account to the wallet.';
comment on column public.transactions.user_id is 'Whose wallet.';
comment on column public.transactions.line is 'Counts up by one per user, without gaps.';
comment on column public.transactions.kind is 'What happened.';
comment on column public.transactions.amount_micros is 'Change of the wallet in micro-units; the counter account changes by minus this.';
comment on column public.transactions.counter_account is 'The other side of the entry.';
comment on column public.transactions.balance_after_micros is 'The wallet''s balance after this line.';
comment on column public.transactions.purchase_id is 'The purchase this line is about.';
comment on column public.transactions.call_id is 'The call this line is about.';
comment on column public.transactions.reverses_line is 'For a correction: the line it reverses.';
comment on column public.transactions.description is 'The line in words, as a statement prints it.';
comment on column public.transactions.reason is 'Why somebody made this correction.';
comment on column public.transactions.created_at is 'When it was posted.';

-- History is appended in time order, so a block range index finds a period at almost no cost.
create index transactions_created_at on public.transactions using brin (created_at);
create index transactions_reverses_line on public.transactions (user_id, reverses_line) where reverses_line is not null;
-- A purchase is credited once, a call is charged once and refunded once: what may happen again has its own line in the key. One index finds the lines
-- of a purchase or a call and keeps them unique, because each index more is written with every line.
create unique index transactions_purchase on public.transactions
  (user_id, purchase_id, kind, (case when kind not in ('purchase', 'bonus') then line end)) nulls not distinct where purchase_id is not null;
create unique index transactions_call on public.transactions
  (user_id, call_id, kind, (case when kind not in ('call', 'call_refund') then line end)) nulls not distinct where call_id is not null;

create policy "Users read their own transactions" on public.transactions
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.transactions to authenticated, service_role;

create function private.refuse_change() returns trigger
language plpgsql volatile set search_path = ''
as $$
begin
  perform private.raise_error('append_only', jsonb_build_object('table', tg_table_name, 'operation', lower(tg_op)));
  return null;
end
$$;
comment on function private.refuse_change() is 'Trigger: rows of this table are never changed or removed, by anyone.';

create trigger append_only before update or delete or truncate on public.transactions
  for each statement execute function private.refuse_change();

create function private.post_transaction(
  p_user_id uuid,
  p_kind text,
  p_amount_micros bigint,
  p_counter_account text,
  p_description text,
  p_purchase_id uuid default null,
  p_call_id text default null,
  p_reverses_line bigint default null,
  p_reason text default null,
  p_released_micros bigint default 0,
  p_at timestamptz default null
) returns public.transactions
language plpgsql volatile set search_path = ''
as $$
declare
  v_user public.users;
  v_transaction public.transactions;
begin
  update public.users u set balance_micros = u.balance_micros + p_amount_micros, held_micros = u.held_micros - p_released_micros,
    last_line = u.last_line + 1
    where u.id = p_user_id returning * into v_user;
  if not found then
    perform private.raise_error('user_not_found', jsonb_build_object('user_id', p_user_id));
  end if;
  insert into public.transactions (user_id, line, kind, amount_micros, counter_account, balance_after_micros,
    purchase_id, call_id, reverses_line, description, reason, created_at)
  values (p_user_id, v_user.last_line, p_kind, p_amount_micros, p_counter_account, v_user.balance_micros,
    p_purchase_id, p_call_id, p_reverses_line, p_description, p_reason, coalesce(p_at, private.clock()))
  returning * into v_transaction;
  return v_transaction;
end
$$;
comment on function private.post_transaction(uuid, text, bigint, text, text, uuid, text, bigint, text, bigint, timestamptz) is
  'The only writer of the journal: posts one line and moves the cached balance with it, and what a hold releases at the same time.';
