begin;
\ir ../helpers.psql
select plan(43);

update private.settings set value = '["https://app.example.com", "http://localhost:*"]' where name = 'allowed_redirect_origins';
create function pg_temp.redirect(p_url text) returns text language plpgsql as $$
begin
  perform private.require_allowed_redirect('success_url', p_url);
  return 'allowed';
exception when sqlstate 'PT400' then
  return sqlerrm;
end
$$;

select is(pg_temp.redirect(url), 'allowed', url) from (values
  ('https://app.example.com'),
  ('https://app.example.com/'),
  ('https://app.example.com/paid?session_id={CHECKOUT_SESSION_ID}&next=/home#top'),
  ('https://app.example.com?paid=1'),
  ('https://app.example.com#paid'),
  ('https://APP.Example.com/paid'),
  ('https://app.example.com/@me'),
  ('http://localhost:3000/paid'),
  ('http://localhost:65535'),
  ('http://LocalHost:8080/paid'),
  ('http://localhost/paid')
) urls (url);

select is(pg_temp.redirect(url), 'redirect_not_allowed', coalesce(left(quote_literal(url), 80), 'null')) from (values
  ('http://app.example.com/paid'),
  ('https://app.example.com:8443/paid'),
  ('https://example.com/paid'),
  ('https://xapp.example.com/paid'),
  ('https://app.example.com.evil.com/paid'),
  ('https://app.example.comevil.com/paid'),
  ('https://app.example.com@evil.com/paid'),
  ('https://user:secret@app.example.com/paid'),
  ('https://evil.com/https://app.example.com'),
  ('https://evil.com?https://app.example.com'),
  ('https://evil.com#https://app.example.com'),
  (E'https://app.example.com\\@evil.com/paid'),
  (E'https://evil.com\\.app.example.com/paid'),
  (E'https://app.example.com/\\evil.com'),
  ('https:app.example.com'),
  ('https:///app.example.com'),
  ('//app.example.com/paid'),
  ('/paid'),
  ('javascript:alert(1)'),
  ('https://app.example.com%2eevil.com/paid'),
  ('https://app。example.com/paid'),
  ('https://app.example.com/a b'),
  (E'https://app.example.com/\nSet-Cookie: a=b'),
  (E'https://app.example.com\n'),
  (E'\thttps://app.example.com/'),
  ('https://localhost:3000/paid'),
  ('http://localhost:3000.evil.com/paid'),
  ('http://localhost:@evil.com/paid'),
  ('http://localhost:123456/paid'),
  ('http://localhost.evil.com:3000/paid'),
  ('https://app.example.com/' || repeat('a', 2000)),
  (null)
) urls (url);

select * from finish();
rollback;
