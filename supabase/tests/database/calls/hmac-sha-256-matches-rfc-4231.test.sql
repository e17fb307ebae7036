begin;
\ir ../helpers.psql
select plan(5);

select is(encode(private.hmac_sha256(key, message), 'hex'), mac, 'test case ' || n) from (values
  (1, decode(repeat('0b', 20), 'hex'), 'Hi There'::bytea, 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'),
  (2, 'Jefe'::bytea, 'what do ya want for nothing?'::bytea, '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'),
  (3, decode(repeat('aa', 20), 'hex'), decode(repeat('dd', 50), 'hex'), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'),
  (4, decode('0102030405060708090a0b0c0d0e0f10111213141516171819', 'hex'), decode(repeat('cd', 50), 'hex'), '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b')
) vectors (n, key, message, mac);
select is(left(encode(private.hmac_sha256(decode(repeat('0c', 20), 'hex'), 'Test With Truncation'), 'hex'), 32), 'a3b6167473100ee06e0c796c2955552b', 'test case 5, truncated');

select * from finish();
rollback;
