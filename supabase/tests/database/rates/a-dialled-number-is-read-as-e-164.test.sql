begin;
\ir ../helpers.psql
select plan(24);

select is(private.parse_destination(dialled), number, dialled) from (values
  ('+14155552671', '+14155552671'),
  ('+1 (415) 555-2671', '+14155552671'),
  ('+1.415.555.2671', '+14155552671'),
  (E' +44\t20 7946 0958\n', '+442079460958'),
  ('+1234567', '+1234567'),
  ('+123456789012345', '+123456789012345')
) numbers (dialled, number);
select is(pg_temp.code_of(format('select private.parse_destination(%L)', dialled)), 'invalid_destination', coalesce(quote_literal(dialled), 'null')) from (values
  (''), (null), ('+'), ('4155552671'), ('0014155552671'), ('+04155552671'), ('+123456'), ('+1234567890123456'), ('++14155552671'),
  ('+1415555267a'), ('+1415555267;ext=1'), ('tel:+14155552671'), ('+1/415/5552671'), ('+١٤١٥٥٥٥٢٦٧١'), ('911'), ('sip:ada@example.com'), ('+1415 555 2671 x9')
) numbers (dialled);
select is(pg_temp.error_of($$ select private.parse_destination(repeat('9', 100)) $$) - 'hint', jsonb_build_object('code', 'invalid_destination', 'sqlstate', 'PT400',
  'details', jsonb_build_object('destination', repeat('9', 40))), 'the error repeats at most forty characters of it');

select * from finish();
rollback;
