begin;
\ir ../helpers.psql
select plan(4);

create table public.new_table (id bigint generated always as identity);
create table private.new_table (id bigint generated always as identity);
create view reporting.new_view as select 1 as one;
create function public.new_function() returns integer language sql as 'select 1';
create function private.new_function() returns integer language sql as 'select 1';
create temporary view roles as select unnest('{anon,authenticated,service_role}'::text[]) as role;
select is_empty($$ select o, role from roles, unnest('{public.new_table,private.new_table,reporting.new_view}'::text[]) o
  where has_table_privilege(role, o, 'SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER') $$, 'a new table or view');
select is_empty($$ select role from roles where has_sequence_privilege(role, 'public.new_table_id_seq', 'USAGE,SELECT,UPDATE') $$, 'a new sequence');
select is_empty($$ select o, role from roles, unnest('{public.new_function(),private.new_function()}'::text[]) o where has_function_privilege(role, o, 'EXECUTE') $$, 'a new function');
select pg_temp.act_as_role('anon');
select throws_ok('select public.new_function()', '42501', null, 'in effect');
select pg_temp.act_as_owner();

select * from finish();
rollback;
