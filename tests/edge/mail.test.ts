import assert from "node:assert/strict";
import { createRpc } from "../../supabase/functions/_shared/rpc.ts";
import { createOutbox } from "../../supabase/functions/send-notifications/outbox.ts";
import { sendNotifications } from "../../supabase/functions/send-notifications/handler.ts";
import { createTransport } from "../../supabase/functions/send-notifications/transport.ts";
import {
  type Behaviour,
  deliveriesOf,
  deliveryOf,
  makeMailsDue,
  newPerson,
  notify,
  refundOf,
  startMailServer,
  startSender,
} from "./support/mail_world.ts";
import { assertRefused, call, env, sql } from "./support/world.ts";

let behave: (to: string) => Behaviour = () => "take";
const server = await startMailServer((to) => behave(to));
const sender = await startSender({ SMTP_URL: server.url });

Deno.test.beforeEach(() => {
  behave = () => "take";
});
Deno.test.afterAll(async () => {
  await sender.kill();
  await server.stop();
});

async function run(): Promise<Record<string, unknown>> {
  const { status, body } = await sender.run();
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

Deno.test("A message becomes one mail, as text and HTML, from the configured sender", async () => {
  const person = await newPerson();
  await notify(person, "refund", refundOf(345));
  assert.deepEqual(await run(), { sent: 1, retried: 0, dead: 0, skipped: 0 });
  assert.deepEqual(await run(), { sent: 0, retried: 0, dead: 0, skipped: 0 });
  const [received, ...more] = server.to(person);
  assert.equal(more.length, 0);
  const { mail } = received!;
  assert.equal(mail.subject, "You were refunded $3.45");
  assert.match(mail.text!, /^You were refunded \$3\.45, the way you had paid\./);
  assert.match(mail.html as string, /You were refunded \$3\.45/);
  assert.equal(mail.from!.text, '"Talktime" <no-reply@talktime.test>');
  assert.match(received!.messageId, /^<[0-9a-f]{32}@talktime\.test>$/);
  assert.equal(mail.headers.get("auto-submitted"), "auto-generated");
  assert.equal(mail.headers.get("list"), undefined, "what is about money has no unsubscribe link");
  const delivery = await deliveryOf(person);
  assert.equal(delivery.status, "sent");
  assert.match(delivery.messageId!, /^250/);
});

Deno.test("A refusal for good kills a mail at once, one for now does not, and no address is kept", async () => {
  const [gone, full, barred, late] = [
    await newPerson(),
    await newPerson(),
    await newPerson(),
    await newPerson(),
  ];
  behave = (to) => {
    if (to === gone.email) return { at: "RCPT", reply: 550, text: `5.1.1 <${to}>: no such user` };
    if (to === full.email) return { at: "RCPT", reply: 450, text: `4.2.1 ${to} is greylisted` };
    if (to === barred.email) return { at: "DATA", reply: 550, text: "5.7.1 sender not authorized" };
    return { at: "DATA", reply: 554, text: "5.6.0 message refused" };
  };
  for (const person of [gone, full, barred, late]) await notify(person, "refund", refundOf(100));
  assert.deepEqual(await run(), { sent: 0, retried: 2, dead: 2, skipped: 0 });
  const states = await Promise.all([gone, full, barred, late].map(async (person) => {
    const { status, error } = await deliveryOf(person);
    return `${status} ${error}`;
  }));
  assert.match(states[0]!, /^dead SMTP EENVELOPE at RCPT TO: 550 5\.1\.1 <…>: no such user$/);
  assert.match(states[1]!, /^pending SMTP EENVELOPE at RCPT TO: 450 4\.2\.1 … is greylisted$/);
  assert.match(states[2]!, /^pending SMTP EMESSAGE at DATA: 550 5\.7\.1 sender not authorized$/);
  assert.match(states[3]!, /^dead SMTP EMESSAGE at DATA: 554 5\.6\.0 message refused$/);
  const [alert] =
    await sql`select details from private.alerts where kind = 'dead_letter' and resolved_at is null`;
  assert.ok(alert!.details.dead >= 2);

  behave = () => "take";
  assert.equal((await run()).sent, 0, "it waits its minute");
  const { wait, attempts } = await deliveryOf(full);
  assert.ok(wait > 50 && wait <= 60 && attempts === 1, `${wait} s after ${attempts}`);
  for (const person of [full, barred]) await makeMailsDue(person);
  assert.equal((await run()).sent, 2);
  assert.equal(server.to(full).length, 1);
});

Deno.test("When the line is cut after the mail was taken, it comes again under the same Message-ID", async () => {
  const person = await newPerson();
  await notify(person, "refund", refundOf(100));
  behave = () => "cut";
  assert.equal((await run()).retried, 1);
  behave = () => "take";
  await makeMailsDue(person);
  assert.equal((await run()).sent, 1);
  const ids = server.to(person).map(({ messageId }) => messageId);
  assert.equal(ids.length, 2, "at least once");
  assert.equal(ids[0], ids[1]);
});

Deno.test("Runs at once share the work and send each mail once", async () => {
  const people = await Promise.all(Array.from({ length: 6 }, () => newPerson()));
  for (const person of people) for (let i = 0; i < 5; i++) await notify(person, "refund", refundOf(100 + i));
  const counts = await Promise.all([run(), run(), run()]);
  assert.equal(counts.reduce((sum, { sent }) => sum + Number(sent), 0), 30);
  for (const person of people) {
    const subjects = server.to(person).map(({ mail }) => mail.subject!).sort();
    assert.deepEqual(subjects, [0, 1, 2, 3, 4].map((i) => `You were refunded $1.0${i}`));
  }
});

const unsubscribeUrl = (token: string) => `http://example.com/${token}`;
const limits = { batchSize: 10, maxMails: 300, maxMilliseconds: 45_000, concurrency: 2 };
const outbox = createOutbox(createRpc({ supabaseUrl: env.API_URL, secretKey: env.SECRET_KEY }));
const inProcess = { outbox, unsubscribeUrl, now: () => performance.now(), limits };

Deno.test("A run that dies before it records leaves the mail to the next, under the same Message-ID", async () => {
  const person = await newPerson();
  await notify(person, "refund", refundOf(100));
  const transport = createTransport({ kind: "smtp", url: new URL(server.url) });
  const dying = { ...outbox, record: () => Promise.reject(new Error("died")) };
  await assert.rejects(sendNotifications({ ...inProcess, transport, outbox: dying }), /died/);
  const { status, attempts } = await deliveryOf(person);
  assert.deepEqual([status, attempts], ["pending", 1]);
  assert.equal((await run()).sent, 0, "while the lease lasts, nobody else has it");
  await makeMailsDue(person);
  assert.equal((await run()).sent, 1);
  const ids = new Set(server.to(person).map(({ messageId }) => messageId));
  assert.deepEqual([server.to(person).length, ids.size], [2, 1]);
});

Deno.test("When the server is down, the run stops early and gives back what it did not try", async () => {
  const people = await Promise.all(Array.from({ length: 8 }, () => newPerson()));
  for (const person of people) await notify(person, "refund", refundOf(100));
  const closed = await startMailServer();
  await closed.stop();
  const transport = createTransport({ kind: "smtp", url: new URL(closed.url) });
  const counts = await sendNotifications({ ...inProcess, transport });
  assert.match(counts.problem!, /^SMTP \w+ at CONN: .*ECONNREFUSED/);
  const deliveries = (await Promise.all(people.map(deliveriesOf))).flat();
  const tried = deliveries.filter(({ attempts }) => attempts === 1);
  assert.ok(tried.length >= 3 && tried.length <= 4, `${tried.length} were tried`);
  assert.equal(counts.retried, tried.length);
  assert.ok(deliveries.every(({ status }) => status === "pending"));
  for (const person of people) await makeMailsDue(person);
  assert.equal((await run()).sent, 8, "and all go out when it is back");
});

Deno.test("A run ends when its time is up, whatever is left", async () => {
  const people = await Promise.all(Array.from({ length: 4 }, () => newPerson()));
  for (const person of people) await notify(person, "refund", refundOf(100));
  let clock = 0;
  const transport = { send: () => Promise.resolve(String(clock += 30_000)) };
  const counts = await sendNotifications({ ...inProcess, transport, now: () => clock });
  assert.equal(counts.sent, 2);
  const left = (await Promise.all(people.map(deliveriesOf))).flat().filter(({ status }) =>
    status === "pending"
  );
  assert.deepEqual(left.map(({ attempts }) => attempts), [0, 0]);
  assert.equal((await run()).sent, 2);
});

Deno.test("A message without a template is not lost and stops no other", async () => {
  const [odd, other] = [await newPerson(), await newPerson()];
  await notify(odd, "refund", { amount_cents: 1.5, currency: "usd", status: "succeeded" });
  await notify(other, "refund", refundOf(100));
  const counts = await run();
  assert.deepEqual([counts.sent, counts.retried], [1, 1]);
  assert.match((await deliveryOf(odd)).error!, /^Not written: .*not an integer/);
  await sql`update private.deliveries set status = 'skipped', skip_reason = 'too_old' where user_id = ${odd.userId}`;
});

Deno.test("Without a sender nothing is sent, and the answer says why", async () => {
  const person = await newPerson();
  await notify(person, "refund", refundOf(100));
  const [{ value }] = await sql`select value from private.settings where name = 'mail_from'` as [
    { value: string },
  ];
  await sql`update private.settings set value = 'null' where name = 'mail_from'`;
  try {
    assert.match(String((await run()).problem), /mail_from is not set/);
  } finally {
    await sql`update private.settings set value = ${sql.json(value)} where name = 'mail_from'`;
  }
  assert.equal((await run()).sent, 1);
});

Deno.test("Sending is only for the secret key", async () => {
  assertRefused(await call("send-notifications", {}, { apikey: null }), 401, "not_authenticated");
  assertRefused(await call("send-notifications", {}), 403, "forbidden");
});

Deno.test("The stack's own function sends to the stack's mail page", async () => {
  const person = await newPerson();
  await notify(person, "refund", refundOf(777));
  const { status, body } = await call("send-notifications", {}, { apikey: env.SECRET_KEY });
  assert.deepEqual([status, body.sent], [200, 1], JSON.stringify(body));
  const found = await fetch(`${env.MAILPIT_URL}/api/messages?to=${encodeURIComponent(person.email)}`);
  const { messages } = await found.json();
  assert.equal(messages[0].subject, "You were refunded $7.77");
});

Deno.test("Nothing the function printed names an address", async () => {
  const person = await newPerson();
  await notify(person, "refund", refundOf(100));
  behave = (to) => ({ at: "DATA", reply: 421, text: `4.3.0 closing for ${to}` });
  await run();
  await sql`update private.deliveries set status = 'skipped', skip_reason = 'too_old' where user_id = ${person.userId} and status = 'pending'`;
  await sender.kill();
  assert.doesNotMatch(await sender.output, /@example\.com|refunded/);
});
