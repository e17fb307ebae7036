-- What a new installation sells and charges. Every statement can run again without harm.

insert into public.credit_packages (code, name, price_cents, credit_micros, position) values
  ('credit_5', '$5 credit', 500, 5000000, 1),
  ('credit_10', '$10 credit', 1000, 10000000, 2),
  ('credit_20', '$20 credit', 2000, 20000000, 3),
  ('credit_50', '$50 credit', 5000, 50000000, 4),
  ('credit_100', '$100 credit', 10000, 100000000, 5)
on conflict (code) do nothing;

insert into public.rate_plans (code, name, is_default) values
  ('standard', 'Standard', true),
  ('prorated', 'Per second', false)
on conflict (code) do nothing;

-- $0.15 a minute is exactly 2 500 micros a second.
insert into public.rates (rate_plan, prefix, per_minute_micros, initial_increment_seconds, increment_seconds, rounding_mode) values
  ('standard', '', 150000, 60, 60, 'up'),
  ('prorated', '', 150000, 1, 1, 'up')
on conflict (rate_plan, prefix, effective_from) do nothing;

-- Where Checkout may return to while developing. A deployment sets its own origins.
update private.settings set value = '["http://localhost:*", "http://127.0.0.1:*"]'
where name = 'allowed_redirect_origins' and value = '[]';

-- Locally every mail ends at the mail page. A deployment sets its own sender and page.
update private.settings set value = case name when 'mail_from' then '"Talktime <no-reply@talktime.test>"' else '"http://127.0.0.1:3000"' end::jsonb
where name in ('mail_from', 'app_url') and value = 'null';
