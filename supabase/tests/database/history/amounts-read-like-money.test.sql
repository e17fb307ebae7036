begin;
\ir ../helpers.psql
select plan(11);

select is(private.format_micros(micros, currency), words, words) from (values
  (0::bigint, 'usd', '$0.00'), (10000000, 'usd', '$10.00'), (500000, 'usd', '$0.50'), (1234560000, 'usd', '$1,234.56'), (2500, 'usd', '$0.0025'),
  (152500, 'usd', '$0.1525'), (1, 'usd', '$0.000001'), (-300000, 'usd', '−$0.30'), (100000000000, 'usd', '$100,000.00'), (10050000, 'eur', 'EUR 10.05'),
  (9007199254740991, 'usd', '$9,007,199,254.740991')
) amounts (micros, currency, words);

select * from finish();
rollback;
