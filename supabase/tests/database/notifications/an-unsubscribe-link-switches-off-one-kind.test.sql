begin;
\ir ../helpers.psql
select plan(14);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
create function pg_temp.wanted(p_user_id uuid) returns text language sql as $$
  select concat_ws(' ', p ->> 'low_balance', p ->> 'call_cut_off') from public.get_notification_preferences(p_user_id) p
$$;
create function pg_temp.refused(p_token text) returns text language sql as $$ select pg_temp.code_of(format('select public.unsubscribe(%L)', p_token)) $$;
create temporary table link as select private.unsubscribe_token(pg_temp.ada(), 'low_balance') as token;

select matches((select token from link), '^aaaaaaaa00004000800000000000000' || '1\.low_balance\.[0-9a-f]{32}$', 'a token names a person and a kind, and is signed');
select is(private.unsubscribe_token(pg_temp.ada(), 'purchase_confirmed'), null, 'what is always told has no token');
select is((select public.unsubscribe(token) from link), '{"kind": "low_balance"}', 'its holder switches the kind off');
select is(pg_temp.wanted(pg_temp.ada()), 'false true', 'that one alone');
select is((select public.unsubscribe(token) from link), '{"kind": "low_balance"}', 'and again, which changes nothing');
select is(pg_temp.wanted(pg_temp.ben()), 'true true', 'of nobody else');

select is((select pg_temp.refused(replace(token, 'low_balance', 'call_cut_off')) from link), 'invalid_request', 'a token for another kind is forged');
select is((select pg_temp.refused(replace(token, 'aaaaaaaa', 'bbbbbbbb')) from link), 'invalid_request', 'one for another person too');
select is((select pg_temp.refused(left(token, -1) || case right(token, 1) when '0' then '1' else '0' end) from link), 'invalid_request', 'one with a changed signature');
select is((select pg_temp.refused(private.unsubscribe_signature(pg_temp.ada(), 'purchase_confirmed'))), 'invalid_request', 'a signature alone');
select is(pg_temp.refused(replace(pg_temp.ada()::text, '-', '') || '.purchase_confirmed.' || private.unsubscribe_signature(pg_temp.ada(), 'purchase_confirmed')),
  'invalid_request', 'one for what cannot be switched off');
select is(pg_temp.refused(null), 'invalid_request', 'nothing');

delete from auth.users where id = pg_temp.ben();
select lives_ok(format('select public.unsubscribe(%L)', private.unsubscribe_token(pg_temp.ben(), 'low_balance')), 'an old link of a deleted login is answered');
select is_empty('select * from public.notification_preferences where user_id = pg_temp.ben()', 'and leaves nothing behind');

select * from finish();
rollback;
