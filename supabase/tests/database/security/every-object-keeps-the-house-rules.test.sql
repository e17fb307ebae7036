begin;
\ir ../helpers.psql
select plan(12);

create temporary view ours as select oid, nspname from pg_namespace where nspname in ('public', 'private', 'reporting');
create temporary view our_functions as
  select p.*, p.oid::regprocedure as name from pg_proc p where p.pronamespace in (select oid from ours);
select is_empty($$ select oid::regclass from pg_class where relnamespace in (select oid from ours) and relkind in ('r', 'p') and not relrowsecurity $$,
  'every table has row level security');
select is_empty($$ select tablename, policyname from pg_policies where schemaname in (select nspname from ours) and cmd <> 'SELECT' $$, 'every policy is about reading');
select is_empty($$ select name from our_functions where not coalesce(proconfig @> '{"search_path=\"\""}', false) $$, 'every function pins an empty search_path');
select set_eq($$ select name::text from our_functions where prosecdef $$,
  $$ select name::text from our_functions where pronamespace = 'public'::regnamespace union all values ('private.open_wallet()'), ('private.close_wallet()')
    -- Only where there is Realtime.
    union all select 'private.announce_wallet()' where to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null $$,
  'definer functions are the API, the two triggers on logins and the one that announces a change, nothing else');
select is_empty($$ select proname from our_functions group by pronamespace, proname having count(*) > 1 $$, 'no function is overloaded');
select is_empty($$ select oid::regclass from pg_class where relnamespace in (select oid from ours) and relkind = 'v' and not coalesce(reloptions @> '{security_invoker=true}', false) $$,
  'every view reads with its reader''s own rights');
select is_empty($$ select c.oid::regclass from pg_class c where relnamespace in (select oid from ours) and relkind in ('r', 'p', 'v') and coalesce(obj_description(c.oid, 'pg_class'), '') = '' $$,
  'every table and view has a comment');
select is_empty($$ select c.oid::regclass, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where relnamespace in (select oid from ours) and relkind in ('r', 'p', 'v') and coalesce(col_description(c.oid, a.attnum), '') = '' $$, 'every column too');
select is_empty($$ select name from our_functions where coalesce(obj_description(oid, 'pg_proc'), '') = '' $$, 'every function too');
select is_empty($$ select nspname from ours where coalesce(obj_description(oid, 'pg_namespace'), '') = '' $$, 'every schema too');
select is_empty($$ select c.oid::regclass from pg_class c where relnamespace = 'public'::regnamespace and relkind = 'r'
  and exists (select from pg_attribute where attrelid = c.oid and attname = 'user_id')
  and (select a.attname from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0] where i.indrelid = c.oid and i.indisprimary) is distinct from 'user_id' $$,
  'what belongs to a user is keyed by the user first');
select is_empty($$ select k.conrelid::regclass, k.conname from pg_constraint k where k.contype = 'f' and k.connamespace in (select oid from ours)
  and exists (select from pg_attribute where attrelid = k.conrelid and attname = 'user_id') and exists (select from pg_attribute where attrelid = k.confrelid and attname = 'user_id')
  and not exists (select from pg_attribute where attrelid = k.conrelid and attname = 'user_id' and attnum = any (k.conkey)) $$, 'and points only at rows of the same user');

select * from finish();
rollback;
