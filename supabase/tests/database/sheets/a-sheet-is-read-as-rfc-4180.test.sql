begin;
\ir ../helpers.psql
select plan(15);

-- https://www.rfc-editor.org/rfc/rfc4180#section-2
select is(private.parse_csv_line(line), fields, line) from (values
  ('a,b', '{a,b}'::text[]),
  ('', '{""}'),
  (',', '{"",""}'),
  (',a', '{"",a}'),
  ('a,,c,', '{a,"",c,""}'),
  (',"a,b"', '{"","a,b"}'),
  ('"a","b"', '{a,b}'),
  ('"a ""b"" c",d', '{"a \"b\" c",d}'),
  ('"","",""', '{"","",""}'),
  (' a , b ', '{" a "," b "}'),
  ('""",""",x', array['","', 'x'])
) lines (line, fields);
select pg_temp.clock_at(0);
insert into public.rate_plans (code, name) values ('test', 'Test'), ('plain', 'Plain');
select is(public.load_rate_sheet('test', E'"prefix","per_minute","destination"\r\n"1","0.15","Everywhere, else"\r\n"1415","0.01","San Francisco ""Bay"""\r\n44,0.02,\r\n,,\r\n') #>> '{problems,0,line}',
  '5', 'a line of commas alone is no line of a sheet');
select is(public.load_rate_sheet('test', E'"prefix","per_minute","destination"\r\n,"0.15","Everywhere, else"\r\n"1415","0.01","San Francisco ""Bay"""\r\n44,0.02,\r\n') -> 'loaded',
  '3'::jsonb, 'quotes, commas within them and CRLF are read');
select public.load_rate_sheet('plain', E'prefix,per_minute\n,0.15\n1415,0.01\n44,0.02');
select set_eq($$ select prefix, per_minute_micros from public.rates where rate_plan = 'test' $$, $$ select prefix, per_minute_micros from public.rates where rate_plan = 'plain' $$,
  'as if there were none of it');
select is(public.load_rate_sheet('test', E'prefix,per_minute\n"1,0.15\n', pg_temp.at(1)) #>> '{problems,0,problem}', 'not as many fields as the header', 'a quote that never closes is reported');

select * from finish();
rollback;
