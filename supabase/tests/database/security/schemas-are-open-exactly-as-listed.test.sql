begin;
\ir ../helpers.psql
select plan(4);

create temporary view granted as
  select n.nspname::text as object, coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC') as role, a.privilege_type as privilege
  from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a where n.nspname in ('public', 'private', 'reporting') and a.grantee <> n.nspowner;
select set_eq($$ select * from granted where role <> 'postgres' $$, $$ values
    ('public', 'PUBLIC', 'USAGE'), ('public', 'anon', 'USAGE'), ('public', 'authenticated', 'USAGE'), ('public', 'service_role', 'USAGE') $$,
  'the roles enter public alone');
select set_eq($$
    select n, r, p from unnest('{public,private,reporting}'::text[]) n, unnest('{anon,authenticated,service_role}'::text[]) r, unnest('{USAGE,CREATE}'::text[]) p
    where has_schema_privilege(r, n, p) $$,
  $$ values ('public', 'anon', 'USAGE'), ('public', 'authenticated', 'USAGE'), ('public', 'service_role', 'USAGE') $$, 'in effect too, and create nothing');
select is_empty($$
  select d.defaclnamespace::regnamespace, d.defaclobjtype, a.grantee::regrole, a.privilege_type from pg_default_acl d, aclexplode(d.defaclacl) a
  where d.defaclrole = 'postgres'::regrole and d.defaclnamespace in (0, 'public'::regnamespace, 'private'::regnamespace, 'reporting'::regnamespace)
    and a.grantee <> d.defaclrole $$, 'no default privilege gives anything to anyone');
select is((select count(*) from pg_default_acl where defaclrole = 'postgres'::regrole and defaclnamespace = 0 and defaclobjtype = 'f'), 1::bigint,
  'the one that Postgres gives everybody on functions is revoked');

select * from finish();
rollback;
