begin;
\ir ../helpers.psql
select plan(13);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 250000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select public.start_call('a', '+14155552671', pg_temp.ada());
create function pg_temp.warned(p_seconds numeric) returns jsonb language plpgsql as $$
begin
  perform pg_temp.clock_at(p_seconds);
  return public.extend_call('a', pg_temp.ada()) -> 'warnings';
end
$$;
select is(public.answer_call('a', pg_temp.ada()) -> 'warnings', '[]'::jsonb, 'a hundred seconds left are no reason to warn');
select is(pg_temp.warned(39), '[]'::jsonb, 'nor are 61');
select is(pg_temp.warned(40), '[60]'::jsonb, 'sixty are');
select is(pg_temp.warned(41), '[]'::jsonb, 'once');
select is(public.answer_call('a', pg_temp.ada()) -> 'warnings', '[]'::jsonb, 'a repeated answer repeats no warning');
select is(pg_temp.warned(91), '[30, 10]'::jsonb, 'what was passed in between is told together');
select pg_temp.give(pg_temp.ada(), 250000);
select is(pg_temp.warned(92), '[]'::jsonb, 'after a top-up of another hundred seconds there is nothing to say');
select is(pg_temp.warned(140), '[60]'::jsonb, 'until sixty are left again');
select pg_temp.give(pg_temp.ada(), 12500);
select is(pg_temp.warned(160), '[]'::jsonb, 'with 45 left the warning of sixty still stands');
select is(pg_temp.warned(175), '[30]'::jsonb, 'and only thirty is new');

update public.users set warning_thresholds_seconds = '{5}' where id = pg_temp.ada();
select is(pg_temp.warned(199), '[]'::jsonb, 'a user who wants one warning');
select is(pg_temp.warned(200), '[5]'::jsonb, 'gets one');

select pg_temp.sign_up(pg_temp.ben(), 150000);
select public.start_call('b', '+14155552671', pg_temp.ben());
select is(public.answer_call('b', pg_temp.ben()) -> 'warnings', '[60]'::jsonb, 'who can talk for a minute only is warned with the answer');

select * from finish();
rollback;
