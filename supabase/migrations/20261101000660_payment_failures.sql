-- Payment failures: nobody tries stolen cards here.
--
-- Stripe reports each failed attempt as an event. Too many of one person within the window, and that person may begin no further purchase until it has passed.

insert into private.settings (name, value, description) values
  ('failed_payment_limit', '10', 'Failed payments within the window after which a person may begin no further purchase.'),
  ('failed_payment_window_seconds', '86400', 'The window in which failed payments are counted.');

create table private.payment_failures (
  event_id text primary key,
  user_id uuid not null references public.users (id),
  code text,
  failed_at timestamptz not null
);
alter table private.payment_failures enable row level security;
comment on table private.payment_failures is 'Attempts to pay that Stripe reports as failed: many in a short time mean stolen cards are being tried.';
comment on column private.payment_failures.event_id is 'Stripe''s event.';
comment on column private.payment_failures.user_id is 'Who tried.';
comment on column private.payment_failures.code is 'Decline or error code.';
comment on column private.payment_failures.failed_at is 'When, as Stripe says.';
create index payment_failures_user on private.payment_failures (user_id, failed_at);

create function private.require_few_failed_payments(p_user_id uuid) returns void
language plpgsql stable set search_path = ''
as $$
declare
  v_window interval := private.setting_seconds('failed_payment_window_seconds');
  v_limit integer := private.setting_integer('failed_payment_limit');
  v_last timestamptz;
begin
  select f.failed_at into v_last from private.payment_failures f
    where f.user_id = p_user_id and f.failed_at > private.clock() - v_window
    order by f.failed_at desc offset v_limit - 1 limit 1;
  if found then
    perform private.raise_error('too_many_failed_payments', jsonb_build_object('limit', v_limit,
      'retry_after_seconds', ceil(extract(epoch from v_last + v_window - private.clock()))));
  end if;
end
$$;
comment on function private.require_few_failed_payments(uuid) is
  'Raises too_many_failed_payments while failed_payment_limit failures lie within the window: nobody tries cards here.';
