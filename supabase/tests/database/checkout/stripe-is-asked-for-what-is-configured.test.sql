begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create function pg_temp.asked(p_setting text) returns text language plpgsql as $$
declare
  v_asked text;
begin
  update private.settings set value = to_jsonb(name = p_setting) where name in ('stripe_tax', 'stripe_discounts', 'stripe_invoices');
  select string_agg(e.key, ' ' order by e.key) into v_asked from jsonb_each(pg_temp.new_purchase(pg_temp.ada()) -> 'checkout') e where e.value = 'true';
  return v_asked;
end
$$;
select is(pg_temp.asked('stripe_tax'), 'automatic_tax', 'tax');
select is(pg_temp.asked('stripe_discounts'), 'allow_promotion_codes', 'promotion codes');
select is(pg_temp.asked('stripe_invoices'), 'invoice_creation', 'invoices');
select is(pg_temp.asked('none'), null, 'or nothing');

select * from finish();
rollback;
