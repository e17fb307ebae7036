// The same mails by an HTTP mail API, and how the function decides between the two ways.
import assert from "node:assert/strict";
import { EnvironmentError, readMailEnv } from "../../supabase/functions/_shared/env.ts";
import { completeEnv, startFunction } from "./support/function_process.ts";
import {
  deliveriesOf,
  deliveryOf,
  makeMailsDue,
  newPerson,
  notify,
  refundOf,
  startSender,
} from "./support/mail_world.ts";
import { sql } from "./support/world.ts";

interface Asked {
  authorization: string | null;
  key: string | null;
  // deno-lint-ignore no-explicit-any -- whatever was posted
  body: any;
}

const asked: Asked[] = [];
const taken = () => Response.json({ id: "mail-1" });
let answer: (asked: Asked) => Response | Promise<Response> = taken;

/** A provider's endpoint. */
const api = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
  const one = {
    authorization: request.headers.get("authorization"),
    key: request.headers.get("idempotency-key"),
    body: await request.json(),
  };
  asked.push(one);
  return await answer(one);
});
const MAIL_API_URL = `http://127.0.0.1:${api.addr.port}/emails`;
const sender = await startSender({ MAIL_API_URL, MAIL_API_KEY: "re_secret" });

Deno.test.beforeEach(() => {
  asked.length = 0;
  answer = taken;
});
Deno.test.afterAll(async () => {
  await sender.kill();
  await api.shutdown();
});

const run = async () => (await sender.run()).body;

async function refunded(cents: number) {
  const person = await newPerson();
  await notify(person, "refund", refundOf(cents));
  return person;
}

Deno.test("A mail is posted with its key and the provider's id is kept", async () => {
  const person = await refunded(345);
  assert.equal((await run()).sent, 1);
  const [{ authorization, key, body }] = asked as [Asked];
  assert.equal(authorization, "Bearer re_secret");
  assert.match(key!, /^talktime\/[0-9a-f]{32}$/);
  assert.deepEqual(Object.keys(body).sort(), ["from", "headers", "html", "subject", "text", "to"]);
  assert.deepEqual([body.to, body.from, body.subject], [
    [person.email],
    "Talktime <no-reply@talktime.test>",
    "You were refunded $3.45",
  ]);
  assert.equal((await deliveryOf(person)).messageId, "mail-1");
});

Deno.test("A provider in trouble is asked again later, under the same key and with the same words", async () => {
  const person = await refunded(100);
  answer = () => new Response("oh no", { status: 500 });
  assert.equal((await run()).retried, 1);
  assert.equal((await deliveryOf(person)).error, "Mail API 500");
  await makeMailsDue(person);
  answer = taken;
  assert.equal((await run()).sent, 1);
  assert.equal(asked.length, 2);
  assert.deepEqual(asked[0], asked[1]);
});

Deno.test("Too many requests stop the run for as long as the provider asks", async () => {
  const people = await Promise.all(Array.from({ length: 12 }, () => refunded(100)));
  answer = () =>
    Response.json({ name: "rate_limit_exceeded" }, { status: 429, headers: { "Retry-After": "300" } });
  const counts = await run();
  assert.match(String(counts.problem), /^Mail API 429: rate_limit_exceeded/);
  assert.ok(asked.length <= 5, "only what was on its way was asked");
  const deliveries = (await Promise.all(people.map(deliveriesOf))).flat();
  const tried = deliveries.filter(({ attempts }) => attempts === 1);
  assert.equal(tried.length, asked.length);
  assert.ok(tried.every(({ wait }) => wait > 250 && wait <= 300));
  answer = taken;
  for (const person of people) await makeMailsDue(person);
  assert.equal((await run()).sent, 12);
});

Deno.test("What the provider will never take is dead; what is wrong with us is not", async () => {
  const refused = await refunded(100);
  answer = ({ body }) =>
    Response.json({ name: "validation_error", message: `Invalid \`to\`: ${body.to[0]}` }, { status: 422 });
  assert.equal((await run()).dead, 1);
  assert.equal((await deliveryOf(refused)).error, "Mail API 422: validation_error: Invalid `to`: …");
  for (
    const [status, name] of [[401, "missing_api_key"], [403, "validation_error"], [
      422,
      "invalid_from_address",
    ], [
      404,
      "not_found",
    ]] as const
  ) {
    const person = await refunded(100);
    answer = () => Response.json({ name }, { status });
    assert.deepEqual((({ retried, dead }) => [retried, dead])(await run()), [1, 0], name);
    await sql`update private.deliveries set status = 'skipped', skip_reason = 'too_old' where user_id = ${person.userId}`;
  }
});

Deno.test("A key that was used with other words means that the mail is out; one in use means wait", async () => {
  const person = await refunded(100);
  answer = () => Response.json({ name: "concurrent_idempotent_requests" }, { status: 409 });
  assert.equal((await run()).retried, 1);
  await makeMailsDue(person);
  answer = () => Response.json({ name: "invalid_idempotent_request" }, { status: 409 });
  assert.equal((await run()).sent, 1);
  assert.equal(new Set(asked.map(({ key }) => key)).size, 1);
});

Deno.test("A provider that cannot be reached is tried again", async () => {
  const person = await refunded(100);
  const closed = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(),
  );
  const url = `http://127.0.0.1:${closed.addr.port}/emails`;
  await closed.shutdown();
  const lonely = await startSender({ MAIL_API_URL: url, MAIL_API_KEY: "k" });
  assert.equal((await lonely.run()).body.retried, 1);
  await lonely.kill();
  assert.equal((await deliveryOf(person)).error, "Mail API: not reached");
  await makeMailsDue(person);
  assert.equal((await run()).sent, 1);
});

Deno.test("The function starts with exactly one way to send, and says so otherwise", async () => {
  const { url, output } = await startFunction("send-notifications", completeEnv);
  assert.equal(url, null);
  assert.match(
    await output,
    /it cannot send mails:\s+Set either SMTP_URL or both MAIL_API_URL and MAIL_API_KEY\./,
  );
  const read = (mailEnv: Record<string, string>) => readMailEnv((name) => mailEnv[name]);
  const api = { MAIL_API_URL, MAIL_API_KEY: "k" };
  assert.equal(read(api).kind, "api");
  assert.equal(read({ SMTP_URL: "smtps://user:p%40ss@mail.example.com:465" }).kind, "smtp");
  for (
    const [mixture, says] of [
      [{ ...api, SMTP_URL: "smtp://x" }, /not both/],
      [{ MAIL_API_URL }, /Set either/],
      [{ MAIL_API_KEY: "k" }, /Set either/],
      [{ SMTP_URL: "mail.example.com:hunter2" }, /SMTP_URL is not an address such as smtps:/],
      [{ ...api, MAIL_API_URL: "ftp://x" }, /MAIL_API_URL is not an http/],
    ] as [Record<string, string>, RegExp][]
  ) {
    assert.throws(() => read(mixture), (error: Error) => {
      assert.ok(error instanceof EnvironmentError);
      assert.match(error.message, says);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  }
});
