-- Runs after the Auth server's own tables are made: they become supabase_auth_admin's, closed by RLS, and `postgres`
-- gets what hosted Supabase gives it on them: read and write, foreign keys, triggers, but no ownership.

do $$
declare
  v_table regclass;
begin
  for v_table in
    select oid::regclass from pg_class where relnamespace = 'auth'::regnamespace and relkind = 'r'
  loop
    execute format('alter table %s owner to supabase_auth_admin', v_table);
    execute format('alter table %s enable row level security', v_table);
  end loop;
end
$$;

grant select, insert, update, delete, truncate, references, trigger on all tables in schema auth to postgres;
grant select on all tables in schema auth to postgres with grant option;
