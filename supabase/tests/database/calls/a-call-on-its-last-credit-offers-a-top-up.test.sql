begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 300000);
create function pg_temp.offer(p_call jsonb) returns jsonb language sql as $$ select jsonb_build_array(p_call -> 'final_unit', p_call -> 'top_up_url') $$;
select is(pg_temp.offer(public.start_call('a', '+14155552671', pg_temp.ada(), true)), '[true, null]', 'where no page is set there is none to offer');
update private.settings set value = '"https://example.com/credit"' where name = 'top_up_url';
select is(pg_temp.offer(public.get_call('a', pg_temp.ada())), '[true, "https://example.com/credit"]', 'a call whose hold cannot grow offers the page');
select is(public.get_call('a', pg_temp.ada()) -> 'authorized_until', to_jsonb(pg_temp.at(120)), 'and says by when to hang up');
select pg_temp.clock_at(30);
select pg_temp.buy(pg_temp.ada());
select is(pg_temp.offer(public.get_call('a', pg_temp.ada())), '[false, null]', 'after the purchase it offers nothing');
select is(public.extend_call('a', pg_temp.ada()) -> 'authorized_until', to_jsonb(pg_temp.at(360)), 'and the next heartbeat extends it');
update private.settings set value = '360' where name = 'max_call_seconds';
select is(pg_temp.offer(public.extend_call('a', pg_temp.ada())), '[false, null]', 'at the longest a call may last more credit would not help, so none is offered');
select pg_temp.sign_up(pg_temp.ben(), 450000);
select is(pg_temp.offer(public.start_call('b', '+14155552671', pg_temp.ben(), true)), '[true, "https://example.com/credit"]', 'from the start, where the first hold takes everything');
select pg_temp.clock_at(210);
select is(public.extend_call('b', pg_temp.ben()) ->> 'end_reason', 'credit_exhausted', 'who talks on to the end is cut off');

select * from finish();
rollback;
