import assert from "node:assert/strict";
import { assertRefused, call, checkoutBody, env, newBuyer, sql, verify } from "./support/world.ts";

const NAMES = ["create-checkout", "verify-checkout", "refund-purchase", "reconcile-payments"];

const buyer = await newBuyer();

const send = (name: string, body: unknown) => call(name, body, { token: buyer.accessToken });

Deno.test("A body that is not JSON is refused", async () => {
  for (const name of ["create-checkout", "verify-checkout"]) {
    for (const body of ["", "{", "package_code=credit_10"]) {
      assertRefused(await send(name, body), 400, "invalid_request");
    }
  }
});

Deno.test("JSON that is no object is refused", async () => {
  for (const body of ["null", "[]", '"credit_10"', "7"]) {
    assertRefused(await send("create-checkout", body), 400, "invalid_request");
    assertRefused(await send("verify-checkout", body), 400, "invalid_request");
  }
});

Deno.test("A body over the limit is refused, whatever length it announces", async () => {
  const answer = await send("create-checkout", { ...checkoutBody(), padding: "x".repeat(20_000) });
  assertRefused(answer, 400, "invalid_request");
  assert.equal(answer.body.details.max_bytes, 16_384);
});

Deno.test("Missing and malformed fields are all named at once", async () => {
  const answer = await send("create-checkout", {
    package_code: "",
    success_url: "done.html",
    cancel_url: "javascript:alert(1)",
  });
  assertRefused(answer, 400, "invalid_request");
  const paths = answer.body.details.issues.map((issue: { path: string }) => issue.path);
  assert.deepEqual(paths.sort(), ["cancel_url", "idempotency_key", "package_code", "success_url"]);
});

Deno.test("Verification takes a session id or a purchase id, and exactly one", async () => {
  const purchase_id = crypto.randomUUID();
  for (
    const body of [{}, { purchase_id: "1" }, { session_id: "../prices" }, {
      purchase_id,
      session_id: "cs_test_1",
    }]
  ) {
    assertRefused(await send("verify-checkout", body), 400, "invalid_request");
  }
});

Deno.test("Text meant for SQL is only text", async () => {
  const body = checkoutBody({ package_code: "'; drop table public.purchases; --" });
  assertRefused(await send("create-checkout", body), 404, "package_not_found");
  assertRefused(await verify(buyer, { purchase_id: crypto.randomUUID() }), 404, "purchase_not_found");
  assert.equal((await sql`select to_regclass('public.purchases') is not null as kept`)[0]!.kept, true);
});

Deno.test("Only POST is answered", async () => {
  for (const name of NAMES) {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const answer = await call(name, {}, { method, token: buyer.accessToken });
      assertRefused(answer, 405, "method_not_allowed");
      assert.match(answer.headers.get("Allow") ?? "", /POST/);
    }
  }
});

Deno.test("A browser's preflight is answered without credentials", async () => {
  for (const name of NAMES) {
    const response = await fetch(`${env.FUNCTIONS_URL}/${name}`, {
      method: "OPTIONS",
      headers: {
        Origin: "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,apikey,content-type,x-client-info",
      },
    });
    await response.body?.cancel();
    assert.ok(response.ok, `${name} answered ${response.status}`);
    assert.equal(response.headers.get("Access-Control-Allow-Origin"), "*");
    assert.match(response.headers.get("Access-Control-Allow-Methods") ?? "", /POST/);
    const allowed = response.headers.get("Access-Control-Allow-Headers")?.toLowerCase() ?? "";
    for (const header of ["authorization", "apikey", "content-type", "x-client-info"]) {
      assert.ok(allowed.includes(header), header);
    }
  }
});

Deno.test("Answers and refusals can be read by a browser", async () => {
  const refused = await call("create-checkout", {});
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get("Access-Control-Allow-Origin"), "*");
  assert.match(refused.headers.get("Access-Control-Expose-Headers") ?? "", /Retry-After/i);
});

Deno.test("Every answer carries the id of its request: the caller's own when it is well formed, else a new one", async () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
  for (const name of NAMES) {
    assert.match((await call(name, {})).headers.get("x-request-id") ?? "", uuid, "of a refusal too");
  }
  const send = async (given: string) =>
    (await call("verify-checkout", {}, { token: buyer.accessToken, headers: { "x-request-id": given } }))
      .headers.get("x-request-id")!;
  assert.equal(await send("trace-0123456789"), "trace-0123456789");
  for (
    const odd of [
      "short",
      "x".repeat(65),
      "with space 12345",
      "sk_test_0123456789",
      "eyJhbGciOi.eyJzdWIi.x",
      "a@example.com",
    ]
  ) {
    assert.match(await send(odd), uuid, odd);
  }
});

Deno.test("A browser may send the id and read it", async () => {
  const response = await fetch(`${env.FUNCTIONS_URL}/create-checkout`, { method: "OPTIONS" });
  await response.body?.cancel();
  assert.match(response.headers.get("Access-Control-Allow-Headers") ?? "", /x-request-id/);
  assert.match(response.headers.get("Access-Control-Expose-Headers") ?? "", /x-request-id/);
});
