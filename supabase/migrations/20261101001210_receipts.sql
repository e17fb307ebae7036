-- Receipts: what was paid, numbered.
--
-- A receipt's number belongs to a series: live payments have one, test payments another, so that a rehearsal never eats a number. Within a series numbers
-- count up by one without a gap. They hold no year: a series that starts again each January has a border that payment, issue and the seller's own calendar
-- draw differently, and needs a proof of no gap per year; the date stands on the receipt.
--
-- A counter that every payment has to wait for would put all payments in one line. So a payment only leaves a row in `private.receipts_due`, and numbers are
-- given out afterwards by `private.issue_receipts()`, one issuer at a time: every minute by a job, and at once when somebody asks for a receipt that has none yet.
--
-- What is promised: no gap and no duplicate, whatever fails; and order of payment among all that was committed when the numbers were given out. A payment
-- whose transaction commits after a later one was numbered comes behind it. A number once given is never changed, nor is what the receipt states of the sale;
-- what Stripe returns later is shown beneath it, as it stands when the receipt is read.

insert into private.settings (name, value, description) values
  ('receipt_prefix', '"TT"', 'What a receipt''s number begins with: TT-000123, and TT-TEST-000123 for a test payment. Numbers go on counting when it is changed.');

create table private.receipts_due (
  user_id uuid not null,
  purchase_id uuid not null,
  livemode boolean not null,
  paid_at timestamptz not null,
  primary key (user_id, purchase_id),
  foreign key (user_id, purchase_id) references public.purchases (user_id, id)
);
alter table private.receipts_due enable row level security;
comment on table private.receipts_due is 'Paid purchases whose receipt has no number yet.';
comment on column private.receipts_due.user_id is 'Who paid.';
comment on column private.receipts_due.purchase_id is 'What for.';
comment on column private.receipts_due.livemode is 'Which series the number will be of.';
comment on column private.receipts_due.paid_at is 'When it was paid: the order of numbers.';

create table public.receipts (
  user_id uuid not null,
  purchase_id uuid not null,
  livemode boolean not null,
  sequence bigint not null constraint receipts_sequence_positive check (sequence > 0),
  number text not null unique,
  issued_at timestamptz not null,
  paid_at timestamptz not null,
  seller jsonb not null,
  currency text not null,
  lines jsonb not null,
  subtotal_cents bigint not null,
  discount_cents bigint not null constraint receipts_discount_not_negative check (discount_cents >= 0),
  tax_cents bigint not null constraint receipts_tax_not_negative check (tax_cents >= 0),
  paid_cents bigint not null,
  primary key (user_id, purchase_id),
  unique (livemode, sequence),
  foreign key (user_id, purchase_id) references public.purchases (user_id, id),
  constraint receipts_add_up check (paid_cents = subtotal_cents - discount_cents + tax_cents)
);
alter table public.receipts enable row level security;
comment on table public.receipts is 'Numbered receipts: what each states of the sale. Append-only. The buyer''s address is read from the login, so that a deleted one leaves no trace here.';
comment on column public.receipts.user_id is 'Who paid.';
comment on column public.receipts.purchase_id is 'What for.';
comment on column public.receipts.livemode is 'The series: live or test payments.';
comment on column public.receipts.sequence is 'Place in the series; counts up by one without a gap.';
comment on column public.receipts.number is 'The number as it is printed.';
comment on column public.receipts.issued_at is 'When the number was given.';
comment on column public.receipts.paid_at is 'When it was paid.';
comment on column public.receipts.seller is 'The setting seller as it was then.';
comment on column public.receipts.currency is 'Currency of the amounts.';
comment on column public.receipts.lines is 'What was sold: description, quantity, amount_cents.';
comment on column public.receipts.subtotal_cents is 'Sum of the lines, before discount and tax, in cents.';
comment on column public.receipts.discount_cents is 'Taken off by a promotion code, in cents.';
comment on column public.receipts.tax_cents is 'Tax on top, in cents.';
comment on column public.receipts.paid_cents is 'What was paid, in cents.';

create trigger append_only before update or delete or truncate on public.receipts
  for each statement execute function private.refuse_change();

create policy "Users read their own receipts" on public.receipts
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.receipts to authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------------
-- Numbers
-- ---------------------------------------------------------------------------------------------------------------------

create function private.queue_receipt() returns trigger
language plpgsql volatile set search_path = ''
as $$
begin
  insert into private.receipts_due (user_id, purchase_id, livemode, paid_at)
  values (new.user_id, new.id, new.livemode, new.paid_at) on conflict do nothing;
  return null;
end
$$;
comment on function private.queue_receipt() is 'Trigger: a purchase that is paid is due a receipt. Locks nothing that another payment needs.';

create trigger queue_receipt after update of status on public.purchases
  for each row when (new.status = 'paid' and old.status is distinct from 'paid') execute function private.queue_receipt();
create trigger queue_receipt_of_new after insert on public.purchases
  for each row when (new.status = 'paid') execute function private.queue_receipt();

create function private.receipt_number(p_livemode boolean, p_sequence bigint) returns text
language plpgsql stable set search_path = ''
as $$
begin
  return (private.setting('receipt_prefix') #>> '{}') || case when p_livemode then '-' else '-TEST-' end
    || case when p_sequence < 1000000 then lpad(p_sequence::text, 6, '0') else p_sequence::text end;
end
$$;
comment on function private.receipt_number(boolean, bigint) is 'A number as it is printed: at least six digits, so that a list sorts well.';

create function private.issue_receipts(p_limit integer default 10000) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_issued integer;
begin
  -- One issuer at a time. It waits for nobody else: payments never take this lock, and it locks no wallet.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('talktime.issue_receipts', 0));
  -- From here on each statement sees what the issuer before has committed.
  with due as (
    delete from private.receipts_due d using (
      select q.user_id, q.purchase_id from private.receipts_due q order by q.paid_at, q.user_id, q.purchase_id limit p_limit
    ) oldest
    where d.user_id = oldest.user_id and d.purchase_id = oldest.purchase_id
    returning d.user_id, d.purchase_id, d.livemode, d.paid_at
  ), placed as (
    select d.*, coalesce((select max(r.sequence) from public.receipts r where r.livemode = d.livemode), 0)
      + row_number() over (partition by d.livemode order by d.paid_at, d.user_id, d.purchase_id) as sequence
    from due d
  )
  insert into public.receipts (user_id, purchase_id, livemode, sequence, number, issued_at, paid_at, seller, currency, lines,
    subtotal_cents, discount_cents, tax_cents, paid_cents)
  select n.user_id, n.purchase_id, n.livemode, n.sequence, private.receipt_number(n.livemode, n.sequence), v_now, n.paid_at,
    private.setting('seller'), p.currency,
    jsonb_build_array(jsonb_build_object('description', private.purchase_name(p), 'quantity', 1, 'amount_cents', s.cents)),
    s.cents, s.cents - (p.paid_cents - p.tax_cents), p.tax_cents, p.paid_cents
  from placed n
  join public.purchases p on p.user_id = n.user_id and p.id = n.purchase_id,
    -- Somebody may have credited, after review, a payment above the price: then that is what was sold for.
    lateral (select greatest(p.price_cents, p.paid_cents - p.tax_cents) as cents) s;
  get diagnostics v_issued = row_count;
  return v_issued;
end
$$;
comment on function private.issue_receipts(integer) is
  'Numbers the paid purchases that are due, in order of payment. One transaction: either all of them have a number or none. Returns how many.';

create function private.check_receipts() returns table (violation text, user_id uuid, details jsonb)
language sql stable set search_path = ''
as $$
  select 'receipt_numbers_have_a_gap', null::uuid, jsonb_build_object('livemode', r.livemode, 'receipts', count(*), 'last', max(r.sequence))
    from public.receipts r group by r.livemode having max(r.sequence) <> count(*)
  union all
  select 'paid_purchase_has_no_receipt', p.user_id, jsonb_build_object('purchase_id', p.id)
    from public.purchases p
    where p.status = 'paid' and not exists (select from public.receipts r where r.user_id = p.user_id and r.purchase_id = p.id)
      and not exists (select from private.receipts_due d where d.user_id = p.user_id and d.purchase_id = p.id)
  union all
  select 'receipt_is_not_of_what_was_paid', r.user_id, jsonb_build_object('purchase_id', p.id, 'number', r.number)
    from public.receipts r join public.purchases p on p.user_id = r.user_id and p.id = r.purchase_id
    where (p.status, p.livemode, p.paid_cents, p.tax_cents, p.currency) is distinct from ('paid', r.livemode, r.paid_cents, r.tax_cents, r.currency)
$$;
comment on function private.check_receipts() is 'Receipts against purchases: every payment has one or is due one, and no series has a gap.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Reading
-- ---------------------------------------------------------------------------------------------------------------------

create function private.reading_user(p_user_id uuid) returns uuid
language plpgsql stable set search_path = ''
as $$
begin
  if p_user_id is not null and not private.caller_is_trusted() and p_user_id <> auth.uid() and private.is_admin(auth.uid(), true) then
    return p_user_id;
  end if;
  return private.acting_user(p_user_id);
end
$$;
comment on function private.reading_user(uuid) is
  'Whose records a request reads: as acting_user, and any user''s for a signed-in admin or viewer. Raises not_authenticated, forbidden.';

create function private.receipt_refunds(p_purchase public.purchases) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('refund_id', r.id, 'amount_cents', r.amount_cents, 'status', r.status,
    'created_at', r.created_at) order by r.created_at, r.id), '[]')
  from public.purchase_refunds r
  -- What Stripe was never told of, or has refused, is no refund of this payment.
  where r.user_id = p_purchase.user_id and r.purchase_id = p_purchase.id and r.status not in ('requested', 'refused')
$$;
comment on function private.receipt_refunds(public.purchases) is 'Refunds as a receipt shows them, oldest first.';

create function private.receipt_disputes(p_purchase public.purchases) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('dispute_id', d.stripe_dispute_id, 'amount_cents', d.amount_cents, 'status', d.status,
    'withdrawn_cents', d.withdrawn_cents, 'reinstated_cents', d.reinstated_cents, 'created_at', d.created_at)
    order by d.created_at, d.stripe_dispute_id), '[]')
  from public.purchase_disputes d
  where d.user_id = p_purchase.user_id and d.purchase_id = p_purchase.id
$$;
comment on function private.receipt_disputes(public.purchases) is 'Disputes as a receipt shows them, oldest first.';

create function private.receipt_json(p_receipt public.receipts, p_purchase public.purchases) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'number', p_receipt.number, 'issued_at', p_receipt.issued_at, 'livemode', p_receipt.livemode,
    'purchase_id', p_purchase.id, 'user_id', p_purchase.user_id, 'reference', 'TT-' || upper(left(replace(p_purchase.id::text, '-', ''), 12)),
    'status', p_purchase.status, 'origin', p_purchase.origin, 'package_code', p_purchase.package_code,
    'package_name', p_receipt.lines #> '{0,description}', 'currency', p_receipt.currency, 'paid_at', p_receipt.paid_at,
    'seller', p_receipt.seller, 'lines', p_receipt.lines,
    'buyer', jsonb_build_object('email', (select u.email from auth.users u where u.id = p_receipt.user_id)),
    'price_cents', p_purchase.price_cents, 'subtotal_cents', p_receipt.subtotal_cents, 'discount_cents', p_receipt.discount_cents,
    'tax_lines', case when p_receipt.tax_cents = 0 then '[]'::jsonb
      else jsonb_build_array(jsonb_build_object('description', 'Tax', 'amount_cents', p_receipt.tax_cents)) end,
    'tax_cents', p_receipt.tax_cents, 'paid_cents', p_receipt.paid_cents,
    'refunded_cents', p_purchase.refunded_cents, 'disputed_cents', p_purchase.disputed_cents,
    'net_paid_cents', greatest(0, p_receipt.paid_cents - p_purchase.refunded_cents - p_purchase.disputed_cents),
    'refunds', private.receipt_refunds(p_purchase), 'disputes', private.receipt_disputes(p_purchase))
  || jsonb_build_object(
    'credit_micros', (p_receipt.paid_cents - p_receipt.tax_cents) * 10000,
    'bonus_micros', p_purchase.credit_micros + p_purchase.bonus_micros - (p_receipt.paid_cents - p_receipt.tax_cents) * 10000,
    'clawed_back_micros', p_purchase.clawed_back_micros, 'payment_intent_id', p_purchase.payment_intent_id,
    'receipt_url', p_purchase.receipt_url, 'invoice_url', p_purchase.invoice_url)
$$;
comment on function private.receipt_json(public.receipts, public.purchases) is 'A receipt as the API shows it: the sale as it was, and what was returned since.';

create function public.get_receipt(purchase_id uuid, user_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_purchase public.purchases;
  v_receipt public.receipts;
begin
  v_purchase := private.find_purchase_row(private.reading_user(get_receipt.user_id), get_receipt.purchase_id, null);
  if v_purchase.status <> 'paid' then
    perform private.raise_error('purchase_not_found', jsonb_build_object('status', v_purchase.status, 'problem', 'no receipt before payment'));
  end if;
  loop
    select * into v_receipt from public.receipts r where r.user_id = v_purchase.user_id and r.purchase_id = v_purchase.id;
    exit when found;
    -- All earlier payments get their numbers first. None is due when another request has just given them out.
    if private.issue_receipts() = 0 then
      select * into strict v_receipt from public.receipts r where r.user_id = v_purchase.user_id and r.purchase_id = v_purchase.id;
      exit;
    end if;
  end loop;
  return private.receipt_json(v_receipt, v_purchase);
end
$$;
comment on function public.get_receipt(uuid, uuid) is
  'The receipt of a paid purchase, numbered now if it was not yet; for its owner, the secret key, admins and viewers. Raises purchase_not_found, also before payment; not_authenticated, forbidden.';
grant execute on function public.get_receipt(uuid, uuid) to authenticated, service_role;
