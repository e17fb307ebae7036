begin;
\ir ../helpers.psql
select plan(14);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
update private.settings set value = '"Talktime <no-reply@example.com>"' where name = 'mail_from';
select private.notify_user(pg_temp.ada(), 'refund', 'r' || n, '{"amount_cents": 1, "currency": "usd"}') from generate_series(1, 3) n;
select private.notify_user(pg_temp.ada(), 'refund', 'r1', '{}');
select results_eq('select status, attempts, next_attempt_at from private.deliveries where user_id = pg_temp.ada()',
  $$ select 'pending', 0, pg_temp.at(0) from generate_series(1, 3) $$, 'each message has one delivery, from the moment it is written');
create function pg_temp.claim(p_size integer default 10) returns jsonb language sql as $$ select public.claim_notifications(p_size) $$;
create function pg_temp.keys(p_claim jsonb) returns text[] language sql as $$ select array_agg(m ->> 'key' order by m ->> 'key') from jsonb_array_elements(p_claim -> 'mails') m $$;

create temporary table first as select pg_temp.claim(2) as claim;
select is((select claim -> 'claimed' from first), '2', 'a batch is as large as asked for');
select is((select claim #>> '{sender,from}' from first), 'Talktime <no-reply@example.com>', 'with who sends');
select is((select claim #> '{mails,0,attempt}' from first), '1', 'as a first attempt');
select is(pg_temp.claim() -> 'claimed', '1', 'the next worker gets what is left');
select is(pg_temp.claim() -> 'claimed', '0', 'and another one nothing');
select pg_temp.clock_at(299.999);
select is(pg_temp.claim() -> 'claimed', '0', 'while the lease lasts');
select pg_temp.clock_at(300);
create temporary table second as select pg_temp.claim() as claim;
select is((select claim -> 'claimed' from second), '3', 'what nobody reported comes round again');
select is((select claim #> '{mails,0,attempt}' from second), '2', 'as another attempt');
select ok((select pg_temp.keys(second.claim) @> pg_temp.keys(first.claim) from first, second), 'under the same keys');
select is((select count(distinct k) from second, unnest(pg_temp.keys(claim)) k), 3::bigint, 'each its own');

update private.settings set value = 'null' where name = 'mail_from';
select pg_temp.clock_at(900);
select is(pg_temp.claim(), '{"sender": null, "claimed": 0, "mails": []}', 'without a sender nothing is claimed');
select is((select count(*) from private.alerts where kind = 'mail_not_configured' and resolved_at is null), 1::bigint, 'which is an alert');
update private.settings set value = '"a@example.com"' where name = 'mail_from';
select pg_temp.claim();
select is((select count(*) from private.alerts where kind = 'mail_not_configured' and resolved_at is null), 0::bigint, 'until there is one');

select * from finish();
rollback;
