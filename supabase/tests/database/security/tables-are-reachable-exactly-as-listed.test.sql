begin;
\ir ../helpers.psql
select plan(4);

-- Every privilege on a table, view or sequence that anyone but its owner has. A new grant needs a new line here.
create temporary view granted as
  select c.oid::regclass as object, coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC') as role, a.privilege_type as privilege
  from pg_class c, aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) a
  where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace, 'reporting'::regnamespace)
    and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and a.grantee <> c.relowner;
select set_eq('select object::text, role, privilege from granted', $$ values
    ('auto_reload_settings', 'authenticated', 'SELECT'), ('auto_reload_settings', 'service_role', 'SELECT'),
    ('bonus_slabs', 'anon', 'SELECT'), ('bonus_slabs', 'authenticated', 'SELECT'), ('bonus_slabs', 'service_role', 'SELECT'),
    ('credit_grants', 'authenticated', 'SELECT'), ('credit_grants', 'service_role', 'SELECT'),
    ('credit_packages', 'anon', 'SELECT'), ('credit_packages', 'authenticated', 'SELECT'), ('credit_packages', 'service_role', 'SELECT'),
    ('grant_entries', 'authenticated', 'SELECT'), ('grant_entries', 'service_role', 'SELECT'),
    ('notifications', 'authenticated', 'SELECT'), ('notifications', 'service_role', 'SELECT'),
    ('notification_preferences', 'authenticated', 'SELECT'), ('notification_preferences', 'service_role', 'SELECT'),
    ('payment_methods', 'authenticated', 'SELECT'), ('payment_methods', 'service_role', 'SELECT'),
    ('purchase_disputes', 'authenticated', 'SELECT'), ('purchase_disputes', 'service_role', 'SELECT'),
    ('purchase_refunds', 'service_role', 'SELECT'),
    ('purchases', 'authenticated', 'SELECT'), ('purchases', 'service_role', 'SELECT'),
    ('redemptions', 'authenticated', 'SELECT'), ('redemptions', 'service_role', 'SELECT'),
    ('subscription_plans', 'anon', 'SELECT'), ('subscription_plans', 'authenticated', 'SELECT'), ('subscription_plans', 'service_role', 'SELECT'),
    ('subscriptions', 'authenticated', 'SELECT'), ('subscriptions', 'service_role', 'SELECT'),
    ('receipts', 'authenticated', 'SELECT'), ('receipts', 'service_role', 'SELECT'),
    ('rate_plans', 'anon', 'SELECT'), ('rate_plans', 'authenticated', 'SELECT'), ('rate_plans', 'service_role', 'SELECT'),
    ('rates', 'anon', 'SELECT'), ('rates', 'authenticated', 'SELECT'), ('rates', 'service_role', 'SELECT'),
    ('transactions', 'authenticated', 'SELECT'), ('transactions', 'service_role', 'SELECT'),
    ('users', 'authenticated', 'SELECT'), ('users', 'service_role', 'SELECT') $$,
  'reading is all that is granted, table by table');

create temporary view granted_columns as
  select t.attrelid::regclass as object, t.attname::text as column_name, coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC') as role, a.privilege_type as privilege
  from pg_attribute t join pg_class c on c.oid = t.attrelid, aclexplode(t.attacl) a
  where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace, 'reporting'::regnamespace);
select set_eq('select object::text, column_name, role, privilege from granted_columns', $$
    select 'call_logs' as object, c, r, 'SELECT' as privilege from unnest('{authenticated,service_role}'::text[]) r, unnest('{
      user_id,id,status,end_reason,settled_by,destination_masked,rate,hold_micros,authorized_seconds,authorized_until,limited_by,started_at,answered_at,
      last_heartbeat_at,ended_at,reported_end_at,warnings_sent,duration_seconds,billed_seconds,unbilled_seconds,cost_micros,rerated_micros,refunded_micros}'::text[]) c
    union all select 'purchase_refunds', c, 'authenticated', 'SELECT' from unnest('{
      user_id,id,purchase_id,stripe_refund_id,origin,status,amount_cents,currency,failure_reason,created_at,updated_at}'::text[]) c $$,
  'calls column by column, without the ciphertext and the sweeper''s own, refunds without who of the business asked');

-- What the roles can do in effect, also through other roles or a superuser's hand.
create temporary view effective as
  select c.oid::regclass::text as object, r.role, p.privilege
  from pg_class c, unnest('{anon,authenticated,service_role}'::text[]) r (role),
    unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER,MAINTAIN}'::text[]) p (privilege)
  where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace, 'reporting'::regnamespace)
    and c.relkind in ('r', 'p', 'v', 'm', 'f') and has_table_privilege(r.role, c.oid, p.privilege);
select set_eq('select * from effective', $$ select object::text, role, privilege from granted where role <> 'PUBLIC' $$, 'in effect the roles have just that');
select is_empty($$
  select c.oid::regclass, r.role, p.privilege from pg_class c, unnest('{anon,authenticated,service_role}'::text[]) r (role), unnest('{INSERT,UPDATE,REFERENCES}'::text[]) p (privilege)
  where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace, 'reporting'::regnamespace) and c.relkind in ('r', 'v')
    and has_any_column_privilege(r.role, c.oid, p.privilege) $$, 'no column anywhere can be written');

select * from finish();
rollback;
