import assert from "node:assert/strict";
import {
  createTalktime,
  errorCodes,
  type Talktime,
  TalktimeError,
  type TalktimeErrorCode,
} from "../../client-sdk/src/index.ts";
import { json, offline, type Script, scriptedClient } from "./support/scripted_server.ts";

const talktimeOver = (script: Script): Talktime => createTalktime(scriptedClient(script));
const codes = Object.keys(errorCodes) as TalktimeErrorCode[];
const fromServer = codes.filter((code) => errorCodes[code].status > 0);

async function errorOf(request: PromiseLike<{ error: TalktimeError | null }>): Promise<TalktimeError> {
  const { error } = await request;
  assert.ok(error instanceof TalktimeError);
  return error;
}

Deno.test("Every code raised in SQL arrives with its status, facts, hint and a sentence for people", async () => {
  for (const code of fromServer) {
    const { status, message } = errorCodes[code];
    const body = { code: `PT${status}`, message: code, details: '{"limit": 3}', hint: "What to do." };
    const error = await errorOf(talktimeOver(() => json(body, status)).balance.get());
    assert.deepEqual(
      { ...error.toJSON() },
      { name: "TalktimeError", code, message, status, details: { limit: 3 }, hint: "What to do." },
    );
  }
});

Deno.test("Every code answered by an Edge Function arrives the same way", async () => {
  for (const code of fromServer) {
    const { status, message } = errorCodes[code];
    const body = { code, message: "A sentence of the server.", details: { limit: 3 }, hint: "What to do." };
    const request = talktimeOver(() => json(body, status)).purchases.verify({
      purchaseId: crypto.randomUUID(),
    });
    const error = await errorOf(request);
    assert.deepEqual(
      { ...error.toJSON() },
      { name: "TalktimeError", code, message, status, details: { limit: 3 }, hint: "What to do." },
    );
  }
});

Deno.test("Every sentence says what happened, what became of the money or the request, and what to do", () => {
  for (const code of codes) {
    const { message } = errorCodes[code];
    assert.match(message, /^[A-Z].*\.$/, code);
    assert.doesNotMatch(message, /!|Oops|undefined|_/, code);
    assert.ok(message.split(/[.:] /).length >= 2, `${code} says only: ${message}`);
  }
});

Deno.test("A network that is down is network_error on every way to the server", async () => {
  const talktime = talktimeOver(offline);
  const requests = [
    talktime.balance.get(),
    talktime.packages.list(),
    talktime.purchases.verify({ purchaseId: "x" }),
  ];
  for (const request of requests) {
    const error = await errorOf(request);
    assert.equal(error.code, "network_error");
    assert.equal(error.status, 0);
    assert.match(error.hint!, /network is down/);
    assert.equal(error.retryable, true);
  }
});

Deno.test("A server that never answers is a timeout, on every way to it", async () => {
  const silent = scriptedClient(() => new Promise<Response>(() => {}));
  const talktime = createTalktime(silent, { timeoutMs: 20 });
  const requests = [
    talktime.balance.get(),
    talktime.packages.list(),
    talktime.purchases.verify({ purchaseId: "x" }),
  ];
  for (const request of requests) assert.equal((await errorOf(request)).code, "timeout");
});

Deno.test("A request the caller stops is aborted, before it is sent and after", async () => {
  const talktime = talktimeOver(() => new Promise<Response>(() => {}));
  const stop = new AbortController();
  const underway = talktime.balance.get({ signal: stop.signal });
  setTimeout(() => stop.abort(), 5);
  assert.equal((await errorOf(underway)).code, "aborted");
  assert.equal((await errorOf(talktime.packages.list({ signal: stop.signal }))).code, "aborted");
});

Deno.test("A session that cannot be read is an error result, not a rejection", async () => {
  const client = scriptedClient(() => json({}));
  client.auth.getSession = () => Promise.reject(new Error("storage is full"));
  const error = await errorOf(createTalktime(client).balance.get());
  assert.equal(error.code, "network_error");
  assert.match(error.hint!, /storage is full/);
});

const unmapped: [what: string, status: number, body: unknown, code: TalktimeErrorCode][] = [
  ["a forged or expired token", 401, { code: "PGRST301", message: "JWSError" }, "not_authenticated"],
  ["no token where one is needed", 401, { code: "42501", message: "permission denied" }, "not_authenticated"],
  ["a privilege the user does not have", 403, { code: "42501", message: "permission denied" }, "forbidden"],
  ["a value that is no uuid", 400, { code: "22P02", message: "invalid input syntax" }, "invalid_request"],
  ["a gateway's own limit", 429, { message: "API rate limit exceeded" }, "rate_limited"],
  [
    "a statement that took too long",
    500,
    { code: "57014", message: "canceling statement" },
    "internal_error",
  ],
  ["a database that restarts", 503, { code: "PGRST001", message: "no connection" }, "internal_error"],
  [
    "an older database without the function",
    404,
    { code: "PGRST202", message: "not found" },
    "unexpected_response",
  ],
  [
    "a code only a newer server knows",
    418,
    { code: "PT418", message: "teapot_error" },
    "unexpected_response",
  ],
];

for (const [what, status, body, code] of unmapped) {
  Deno.test(`The answer to ${what} is ${code} and keeps its status`, async () => {
    const error = await errorOf(talktimeOver(() => json(body, status)).balance.get());
    assert.equal(error.code, code);
    assert.equal(error.status, status);
    assert.equal(error.hint, (body as { message: string }).message);
  });
}

Deno.test("A page of HTML from something in between is internal_error", async () => {
  const html = () =>
    new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "content-type": "text/html" } });
  const { balance, purchases } = talktimeOver(html);
  assert.equal((await errorOf(balance.get())).code, "internal_error");
  assert.equal((await errorOf(purchases.verify({ purchaseId: "x" }))).code, "internal_error");
});

Deno.test("An answer that is no object is unexpected_response, not a crash later", async () => {
  for (const answer of ["null", "3", '"text"', "<p>"]) {
    const talktime = talktimeOver(() =>
      new Response(answer, { headers: { "content-type": "application/json" } })
    );
    assert.equal((await errorOf(talktime.balance.get())).code, "unexpected_response");
  }
});

Deno.test("Facts that are not JSON are kept as text", async () => {
  const body = { code: "PT400", message: "invalid_request", details: "plain words", hint: null };
  const error = await errorOf(talktimeOver(() => json(body, 400)).balance.get());
  assert.deepEqual(error.details, { text: "plain words" });
  assert.equal(error.hint, null);
});

Deno.test("A key that reads every wallet is told to name one instead of mixing two people's history", async () => {
  const row = {
    line: 1,
    kind: "purchase",
    amount_micros: 1,
    balance_after_micros: 1,
    description: "",
    created_at: "",
  };
  const both = [{ ...row, user_id: "a" }, { ...row, user_id: "b" }];
  const error = await errorOf(talktimeOver(() => json(both)).history.transactions());
  assert.equal(error.code, "forbidden");
  assert.match(error.hint!, /userId/);
});

Deno.test("A page of no size is refused without asking", async () => {
  const talktime = talktimeOver(() => assert.fail("asked"));
  for (const limit of [0, -1, 501, 1.5]) {
    assert.equal((await errorOf(talktime.history.calls({ limit }))).code, "invalid_request");
  }
});

Deno.test("A checkout that lost its connection is tried once more under the same idempotency key", async () => {
  const keys: unknown[] = [];
  const talktime = talktimeOver(({ body }) => {
    keys.push(body.idempotency_key);
    return keys.length === 1
      ? offline()
      : json({ purchase: { status: "open" }, checkout_url: "http://pay.invalid" });
  });
  const pages = { successUrl: "http://localhost/", cancelUrl: "http://localhost/" };
  const { data } = await talktime.purchases.checkout("credit_5", pages);
  assert.equal(data?.checkoutUrl, "http://pay.invalid");
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
});
