begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select public.start_call('a', '+14155552671', pg_temp.ada());
select public.answer_call('a', pg_temp.ada());
update private.settings set value = '60' where name = 'hold_quantum_seconds';
select pg_temp.clock_at(30);
select is(public.extend_call('a', pg_temp.ada()) -> 'authorized_until', to_jsonb(pg_temp.at(300)), 'a shorter quantum takes back no second that was promised');
select private.post_transaction(pg_temp.ada(), 'adjustment', -9250000, 'adjustment', 'Taken back');
select private.spend_credit(pg_temp.ada(), 2, 9250000, private.clock());
select is(public.extend_call('a', pg_temp.ada()) -> 'hold_micros', '750000'::jsonb, 'nor does a wallet that has nothing else left');
select is(public.get_balance(pg_temp.ada()) -> 'available_micros', '0'::jsonb, 'although nothing is available');
select pg_temp.clock_at(300);
select is(public.extend_call('a', pg_temp.ada()) -> 'cost_micros', '750000'::jsonb, 'it pays for all it promised');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
