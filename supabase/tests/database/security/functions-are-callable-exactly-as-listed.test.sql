begin;
\ir ../helpers.psql
select plan(3);

-- Every function that anyone but its owner may execute. A new grant needs a new line here.
create temporary view granted as
  select p.oid::regprocedure as object, coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC') as role
  from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
  where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace, 'reporting'::regnamespace) and a.grantee <> p.proowner;
create temporary view for_users (object) as values
  ('get_balance(uuid)'::regprocedure),
  ('estimate_call(text,integer,uuid)'),
  ('start_call(text,text,uuid,boolean)'),
  ('answer_call(text,uuid)'),
  ('extend_call(text,uuid,integer,bigint)'),
  ('end_call(text,text,integer,uuid)'),
  ('get_call(text,uuid)'),
  ('explain_call(text,uuid)'),
  ('get_statement(bigint,integer,uuid)'),
  ('get_receipt(uuid,uuid)');
create temporary view for_anyone (object) as values
  ('list_packages()'::regprocedure),
  ('list_rates(text,text,integer)');
create temporary view for_the_secret_key (object) as values
  ('create_purchase(uuid,text,text,text,text)'::regprocedure),
  ('attach_checkout_session(uuid,uuid,text,text,timestamptz,boolean,text)'),
  ('find_purchase(uuid,uuid,text)'),
  ('apply_checkout_session(uuid,uuid,jsonb)'),
  ('claim_due_purchases(integer)'),
  ('record_purchase_check_failure(uuid,uuid,text)'),
  ('sweep_calls(integer)'),
  ('load_rate_sheet(text,text,timestamptz)'),
  ('refund_call(uuid,text,text,bigint)'),
  ('rerate_calls(text,timestamptz,timestamptz,text,uuid,boolean)'),
  ('import_call_records(jsonb)');
select set_eq('select * from granted', $$
    select object, role from for_users, unnest('{authenticated,service_role}'::text[]) role
    union all select object, role from for_anyone, unnest('{anon,authenticated,service_role}'::text[]) role
    union all select object, 'service_role' from for_the_secret_key $$,
  'anyone calls two functions, users ten more, the secret key eleven more, nobody any other');
select set_eq($$
    select p.oid::regprocedure, r.role from pg_proc p, unnest('{anon,authenticated,service_role}'::text[]) r (role)
    where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace, 'reporting'::regnamespace) and has_function_privilege(r.role, p.oid, 'EXECUTE') $$,
  'select * from granted', 'in effect the roles have just that');
select set_eq($$ select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace $$,
  $$ select object from for_users union all select object from for_anyone union all select object from for_the_secret_key $$, 'public has no function but these');

select * from finish();
rollback;
