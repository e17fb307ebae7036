begin;
\ir ../helpers.psql
select plan(14);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select public.start_call(c, '+14155552671', pg_temp.ada()) from unnest('{a,b}'::text[]) c;
select is(private.decrypt_destination((pg_temp.call(pg_temp.ada(), 'a')).destination_ciphertext), '+14155552671', 'the key opens it');
select isnt((pg_temp.call(pg_temp.ada(), 'a')).destination_ciphertext, (pg_temp.call(pg_temp.ada(), 'b')).destination_ciphertext, 'the same number twice looks different');
select is(length((pg_temp.call(pg_temp.ada(), 'a')).destination_ciphertext), 32, 'its length tells nothing');
select is((select count(*) from public.call_logs c where c.user_id = pg_temp.ada() and to_jsonb(c)::text ~ '55526'), 0::bigint, 'no column has it in the clear');
select is(private.decrypt_destination(private.encrypt_destination(number)), number, number) from unnest('{+1234567,+442079460958,+123456789012345}'::text[]) number;
select is(private.decrypt_destination(null), null, 'a deleted user''s number is gone');
select matches(private.secret('talktime_destination_key'), '^[0-9a-f]{64}$', 'the key has 256 bits');
select is(private.secret('no_such_secret'), null, 'an unknown secret is null');

select pg_temp.act_as(pg_temp.ada());
select throws_ok('select destination_ciphertext from public.call_logs', '42501', null, 'a user cannot read the ciphertext');
select throws_ok('select * from public.call_logs', '42501', null, 'not even among all columns');
select pg_temp.act_as_role('service_role');
select throws_ok('select destination_ciphertext from public.call_logs', '42501', null, 'nor can the secret key');
select throws_ok($$ select private.secret('talktime_destination_key') $$, '42501', null, 'or the key itself');
select pg_temp.act_as_owner();

select * from finish();
rollback;
