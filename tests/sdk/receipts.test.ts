// Receipts as a program gets them: data, a page to open, a PDF to keep.
import assert from "node:assert/strict";
import { createTalktime } from "../../client-sdk/src/index.ts";
import { admin, anonymous } from "../support/stack.ts";
import { openPurchase, paidFacts } from "../support/wallets.ts";
import { newPerson, type Person } from "./support/people.ts";
import { scriptedClient } from "./support/scripted_server.ts";
import { env, sql } from "./support/stack.ts";

async function paidPerson(): Promise<Person & { purchaseId: string }> {
  const person = await newPerson(env);
  const purchase = await openPurchase(sql, person.userId);
  await sql`select public.apply_checkout_session(${person.userId}, ${purchase.purchaseId}, ${
    sql.json(paidFacts(purchase))
  })`;
  return { ...person, purchaseId: purchase.purchaseId };
}

Deno.test("A receipt has its number, its lines and what stays paid", async () => {
  const { talktime, purchaseId, userId, email } = await paidPerson();
  const { data: receipt, error } = await talktime.receipts.get(purchaseId);
  assert.equal(error, null);
  assert.match(receipt!.number, /^TT-TEST-\d{6,}$/);
  assert.deepEqual(receipt!.lines, [{ description: "$10 credit", quantity: 1, amountCents: 1000 }]);
  assert.deepEqual(
    [receipt!.userId, receipt!.buyer.email, receipt!.livemode, receipt!.netPaidCents],
    [userId, email, false, 1000],
  );
  assert.deepEqual([receipt!.taxLines, receipt!.refunds, receipt!.disputes], [[], [], []]);
  assert.ok(Date.parse(receipt!.issuedAt) >= Date.parse(receipt!.paidAt));
});

Deno.test("A receipt comes as a page and as a PDF, each a file with its type", async () => {
  const { talktime, purchaseId } = await paidPerson();
  const { data: receipt } = await talktime.receipts.get(purchaseId);
  const { data: page } = await talktime.receipts.html(purchaseId);
  assert.equal(page!.type, "text/html;charset=utf-8");
  assert.match(await page!.text(), new RegExp(`<title>Receipt ${receipt!.number}</title>`));
  const { data: pdf } = await talktime.receipts.pdf(purchaseId);
  assert.equal(pdf!.type, "application/pdf");
  assert.match(await pdf!.text(), /^%PDF-1\.[\s\S]*%%EOF\s*$/);
});

Deno.test("A trusted server and an admin get a person's receipt by naming them, a stranger does not", async () => {
  const { purchaseId, userId } = await paidPerson();
  const boss = await newPerson(env);
  const trusted = createTalktime(admin(env), { userId });
  assert.equal((await trusted.receipts.pdf(purchaseId)).data?.type, "application/pdf");
  const asBoss = createTalktime(boss.client, { userId });
  assert.equal((await asBoss.receipts.get(purchaseId)).error?.code, "forbidden");
  assert.equal((await asBoss.receipts.pdf(purchaseId)).error?.code, "forbidden");
  assert.equal((await boss.talktime.receipts.html(purchaseId)).error?.code, "purchase_not_found");
  await sql`select private.add_admin(${boss.userId}, 'viewer', 'Reads receipts')`;
  assert.equal((await asBoss.receipts.get(purchaseId)).data?.purchaseId, purchaseId);
  assert.match(await (await asBoss.receipts.html(purchaseId)).data!.text(), /^<!doctype html>/);
});

Deno.test("A file that cannot be had is an error with a code, never a rejection", async () => {
  const { talktime } = await newPerson(env);
  assert.equal((await talktime.receipts.pdf(crypto.randomUUID())).error?.code, "purchase_not_found");
  assert.equal((await talktime.receipts.html("nonsense")).error?.code, "invalid_request");
  const stranger = createTalktime(anonymous(env));
  assert.equal((await stranger.receipts.pdf(crypto.randomUUID())).error?.code, "not_authenticated");
  const stopped = AbortSignal.abort();
  assert.equal(
    (await talktime.receipts.pdf(crypto.randomUUID(), { signal: stopped })).error?.code,
    "aborted",
  );
  const offline = createTalktime(scriptedClient(() => {
    throw new TypeError("Failed to fetch");
  }));
  assert.equal((await offline.receipts.html(crypto.randomUUID())).error?.code, "network_error");
});

Deno.test("A page that the server had to send as plain text is a page all the same", async () => {
  const asked: unknown[] = [];
  const { receipts } = createTalktime(scriptedClient(({ target, body }) => {
    asked.push([target, body]);
    return new Response("<!doctype html><p>…", { headers: { "Content-Type": "text/plain" } });
  }));
  const { data: page } = await receipts.html("p-1");
  assert.deepEqual([page!.type, await page!.text()], ["text/html;charset=utf-8", "<!doctype html><p>…"]);
  assert.deepEqual(asked, [["functions/get-receipt", { purchase_id: "p-1", format: "html" }]]);
});
