// The unsubscribe link of a mail, as mail readers, scanners and people use it.
import assert from "node:assert/strict";
import {
  deliveriesOf,
  newPerson,
  notify,
  type Person,
  startMailServer,
  startSender,
} from "./support/mail_world.ts";
import { admin } from "../support/stack.ts";
import { env } from "./support/world.ts";

const server = await startMailServer();
const sender = await startSender({ SMTP_URL: server.url });

Deno.test.afterAll(async () => {
  await sender.kill();
  await server.stop();
});

const LOW = { balance_micros: 4_200_000, threshold_micros: 5_000_000 };
const CUT = { call_id: "none", duration_seconds: 60, cost_micros: 150_000 };

interface ListHeader {
  unsubscribe: { url: string };
  "unsubscribe-post": { name: string };
}

/** The link in a person's newest mail. */
async function linkOf(person: Person, kind = "low_balance"): Promise<string> {
  await notify(person, kind, kind === "low_balance" ? LOW : CUT);
  await sender.run();
  const { mail } = server.to(person).at(-1)!;
  const list = mail.headers.get("list") as unknown as ListHeader;
  assert.equal(list["unsubscribe-post"].name, "List-Unsubscribe=One-Click");
  const { url } = list.unsubscribe;
  assert.ok(mail.text!.includes(url) && (mail.html as string).includes(url), "it stands in the mail as well");
  return url;
}

async function wanted({ userId }: Person): Promise<[boolean, boolean]> {
  const { data } = await admin(env).rpc("get_notification_preferences", { user_id: userId });
  return [data.low_balance, data.call_cut_off];
}

async function ask(url: string, init?: RequestInit): Promise<[status: number, text: string]> {
  const response = await fetch(url, init);
  assert.equal(response.headers.get("content-type"), "text/plain; charset=utf-8");
  assert.equal(response.headers.get("cache-control"), "no-store");
  return [response.status, await response.text()];
}

Deno.test("A mail reader's one click switches that kind off, and the next one is not sent", async () => {
  const person = await newPerson();
  const url = await linkOf(person);
  const oneClick = {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: "List-Unsubscribe=One-Click",
  };
  const [status, text] = await ask(url, oneClick);
  assert.equal(status, 200);
  assert.match(text, /^You will get no more mails that say your credit is low\./);
  assert.deepEqual(await wanted(person), [false, true]);
  assert.equal((await ask(url, oneClick))[0], 200, "again, which changes nothing");

  await notify(person, "low_balance", LOW);
  await notify(person, "call_cut_off", CUT);
  await sender.run();
  const told = (await deliveriesOf(person)).map(({ status, reason }) => reason ?? status);
  assert.deepEqual(told, ["sent", "switched_off", "sent"]);
});

Deno.test("Opening the link changes nothing and says how to go on; that address does it", async () => {
  const person = await newPerson();
  const url = await linkOf(person, "call_cut_off");
  const [status, text] = await ask(url);
  assert.equal(status, 200);
  assert.match(text, /^Stop mails that say a call ended because your credit ran out\?/);
  await ask(`${url}&confirm=yes`, { method: "HEAD" });
  assert.deepEqual(await wanted(person), [true, true]);
  const next = /^http\S+$/m.exec(text)![0];
  assert.match((await ask(next))[1], /^You will get no more/);
  assert.deepEqual(await wanted(person), [true, false]);
});

Deno.test("A forged or broken link is refused and changes nothing", async () => {
  const [person, victim] = [await newPerson(), await newPerson()];
  const url = await linkOf(person);
  const hex = (id: string) => id.replaceAll("-", "");
  const forged = [
    url.replace(hex(person.userId), hex(victim.userId)),
    url.replace("low_balance", "call_cut_off"),
    url.slice(0, -1),
    url.slice(0, -1) + (url.endsWith("0") ? "1" : "0"),
    url.replace("low_balance", "refund"),
    url.split("?")[0]!,
    `${url.split("?")[0]}?token=${"a".repeat(20_000)}`,
  ];
  for (const link of forged) {
    const [status, text] = await ask(link, { method: "POST" });
    assert.equal(status, 400, link.slice(-80));
    assert.match(text, /Nothing was changed/);
  }
  assert.equal((await ask(url, { method: "DELETE" }))[0], 405);
  assert.deepEqual([await wanted(person), await wanted(victim)], [[true, true], [true, true]]);
});
