// get-receipt over HTTP: what is answered, in which form, and to whom.
import assert from "node:assert/strict";
import { openPurchase, paidFacts } from "../support/wallets.ts";
import { type Buyer, env, newBuyer, sql } from "./support/world.ts";

interface Paid {
  buyer: Buyer;
  purchaseId: string;
}

async function paidPurchase(): Promise<Paid> {
  const buyer = await newBuyer();
  const purchase = await openPurchase(sql, buyer.userId);
  const session = { ...paidFacts(purchase), receipt_url: "https://pay.stripe.com/receipts/1" };
  await sql`select public.apply_checkout_session(${buyer.userId}, ${purchase.purchaseId}, ${
    sql.json(session)
  })`;
  return { buyer, purchaseId: purchase.purchaseId };
}

type Caller = { token?: string; apikey?: string; method?: string };

async function ask(body: unknown, { token, apikey = env.PUBLISHABLE_KEY, method = "POST" }: Caller = {}) {
  const response = await fetch(`${env.FUNCTIONS_URL}/get-receipt`, {
    method,
    headers: { apikey, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) },
    body: method === "POST" ? JSON.stringify(body) : undefined,
  });
  return { status: response.status, headers: response.headers, bytes: await response.bytes() };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function codeOf(answer: Promise<Awaited<ReturnType<typeof ask>>>): Promise<string> {
  const { status, bytes } = await answer;
  return `${status} ${JSON.parse(text(bytes)).code}`;
}

Deno.test("The owner gets a receipt as data, as a page and as a PDF, under one number", async () => {
  const { buyer, purchaseId } = await paidPurchase();
  const token = buyer.accessToken;
  const data = await ask({ purchase_id: purchaseId }, { token });
  assert.equal(data.status, 200, text(data.bytes));
  const receipt = JSON.parse(text(data.bytes));
  assert.match(receipt.number, /^TT-TEST-\d{6,}$/);
  assert.equal(receipt.paid_cents, 1000);

  const page = await ask({ purchase_id: purchaseId, format: "html" }, { token });
  assert.equal(page.status, 200);
  assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
  assert.ok(text(page.bytes).includes(`Receipt ${receipt.number}`));

  const pdf = await ask({ purchase_id: purchaseId, format: "pdf" }, { token });
  assert.equal(pdf.status, 200);
  assert.equal(pdf.headers.get("content-type"), "application/pdf");
  assert.equal(pdf.headers.get("content-disposition"), `inline; filename="${receipt.number}.pdf"`);
  assert.equal(text(pdf.bytes.slice(0, 5)), "%PDF-");
  for (const { headers } of [data, page, pdf]) {
    assert.equal(headers.get("cache-control"), "private, no-store");
    assert.equal(headers.get("access-control-allow-origin"), "*");
  }
});

Deno.test("The same receipt is the same file, byte for byte, until something is returned", async () => {
  const { buyer, purchaseId } = await paidPurchase();
  const pdf = async () =>
    (await ask({ purchase_id: purchaseId, format: "pdf" }, { token: buyer.accessToken })).bytes;
  const first = await pdf();
  assert.deepEqual(await pdf(), first);
  const refund = {
    id: `re_${crypto.randomUUID()}`,
    status: "succeeded",
    amount: 250,
    currency: "usd",
    created: Math.floor(Date.now() / 1000),
    payment_intent_metadata: { user_id: buyer.userId, purchase_id: purchaseId },
    payment_intent: (await sql`select payment_intent_id from public.purchases where id = ${purchaseId}`)[0]!
      .payment_intent_id,
  };
  await sql`select public.apply_refund(${sql.json(refund)})`;
  assert.notDeepEqual(await pdf(), first);
  const page = await ask({ purchase_id: purchaseId, format: "html" }, { token: buyer.accessToken });
  assert.match(text(page.bytes), /Refund on [A-Z][a-z]+ \d+, \d{4}<\/td><td>−\$2\.50</);
  assert.match(text(page.bytes), /Paid after what was returned<\/td><td>\$7\.50</);
});

Deno.test("Nobody else gets it but admins, viewers and our own servers", async () => {
  const { buyer, purchaseId } = await paidPurchase();
  const [stranger, viewer] = await Promise.all([newBuyer(), newBuyer()]);
  const named = { purchase_id: purchaseId, user_id: buyer.userId };
  const own = { purchase_id: purchaseId };
  assert.equal(await codeOf(ask(own)), "401 not_authenticated");
  assert.equal(await codeOf(ask(own, { token: "nonsense" })), "401 not_authenticated");
  assert.equal(await codeOf(ask(own, { token: stranger.accessToken })), "404 purchase_not_found");
  assert.equal(await codeOf(ask(named, { token: stranger.accessToken })), "403 forbidden");
  assert.equal(await codeOf(ask(own, { apikey: env.SECRET_KEY })), "400 invalid_request");
  assert.equal((await ask(named, { apikey: env.SECRET_KEY })).status, 200);
  assert.equal(await codeOf(ask(named, { token: viewer.accessToken })), "403 forbidden");
  await sql`select private.add_admin(${viewer.userId}, 'viewer', 'Reads receipts')`;
  assert.equal((await ask(named, { token: viewer.accessToken })).status, 200);
  await sql`delete from private.admins where user_id = ${viewer.userId}`;
  assert.equal(await codeOf(ask(named, { token: viewer.accessToken })), "403 forbidden");
});

Deno.test("What is asked for wrongly is refused by name", async () => {
  const { buyer, purchaseId } = await paidPurchase();
  const token = buyer.accessToken;
  assert.equal(await codeOf(ask({}, { token })), "400 invalid_request");
  assert.equal(await codeOf(ask({ purchase_id: "1" }, { token })), "400 invalid_request");
  assert.equal(
    await codeOf(ask({ purchase_id: purchaseId, format: "docx" }, { token })),
    "400 invalid_request",
  );
  assert.equal(
    await codeOf(ask({ purchase_id: crypto.randomUUID() }, { token })),
    "404 purchase_not_found",
  );
  assert.equal(await codeOf(ask(null, { token, method: "GET" })), "405 method_not_allowed");
  const open = await openPurchase(sql, buyer.userId);
  assert.equal(
    await codeOf(ask({ purchase_id: open.purchaseId, format: "pdf" }, { token })),
    "404 purchase_not_found",
  );
});
