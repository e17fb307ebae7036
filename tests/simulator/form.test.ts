import assert from "node:assert/strict";
import { canonical, decodeForm } from "../../dev/stripe/form.ts";

const plain = (text: string): unknown => JSON.parse(JSON.stringify(decodeForm(text)));

Deno.test("brackets nest, numbered keys are lists, and values are decoded", () => {
  assert.deepEqual(plain("a=1&b[c]=2&b[d][e]=3"), { a: "1", b: { c: "2", d: { e: "3" } } });
  assert.deepEqual(plain("l[0][p]=x&l[0][q]=1&l[1][p]=y"), { l: [{ p: "x", q: "1" }, { p: "y" }] });
  assert.deepEqual(plain("expand[]=a&expand[]=b.c"), { expand: ["a", "b.c"] });
  assert.deepEqual(plain("m%5Bk%5D=a%3Db%26c+d"), { m: { k: "a=b&c d" } });
  assert.deepEqual(plain("l[10]=c&l[2]=b&l[0]=a"), { l: ["a", "b", "c"] });
});

Deno.test("a key that names the prototype is only a key", () => {
  const form = decodeForm("__proto__[polluted]=yes&a[__proto__]=b");
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.deepEqual(Object.keys(form), ["__proto__", "a"]);
});

Deno.test("the same parameters have one canonical text, whatever their order", () => {
  assert.equal(canonical(decodeForm("b=2&a[y]=1&a[x]=0")), canonical(decodeForm("a[x]=0&b=2&a[y]=1")));
  assert.notEqual(canonical(decodeForm("a[0]=1&a[1]=2")), canonical(decodeForm("a[0]=2&a[1]=1")));
  assert.notEqual(canonical(decodeForm("a=1")), canonical(decodeForm("a=1&b=")));
});
