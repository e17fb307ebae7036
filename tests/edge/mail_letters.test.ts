// What each mail says, and that nothing a name holds can become markup, a header or another line.
import assert from "node:assert/strict";
import {
  balance,
  cents,
  clock,
  cost,
  day,
  instant,
  talkTime,
} from "../../supabase/functions/send-notifications/format.ts";
import { render, type Rendered } from "../../supabase/functions/send-notifications/layout.ts";
import type { Sender } from "../../supabase/functions/send-notifications/letter.ts";
import { TEMPLATES, write } from "../../supabase/functions/send-notifications/templates/index.ts";

const SENDER: Sender = {
  from: "Talktime <no-reply@talktime.test>",
  app_url: "https://app.example.com/",
  top_up_url: "https://app.example.com/buy",
  seller: { name: "Talktime Ltd", address: ["1 High Street", "London"], email: "help@example.com" },
};
const FACTS = {
  package_name: "$10 credit",
  paid_at: "2026-11-25T08:02:03Z",
  paid_cents: 1000,
  tax_cents: 0,
  receipt_url: "https://pay.stripe.com/receipts/1",
};
const PLAN = { plan_code: "plus", plan_name: "Plus monthly", price_cents: 1000, currency: "usd" };
const PURCHASE = { purchase_id: "p", price_cents: 1000, currency: "usd" };

// deno-lint-ignore no-explicit-any -- each kind has its own
function mail(kind: string, payload: any, facts: any = FACTS, sender = SENDER): Rendered {
  const message = {
    user_id: "u",
    notification_id: 1,
    attempt: 1,
    key: "k",
    to: "ada@example.com",
    kind,
    created_at: "2026-11-25T08:02:03Z",
    payload,
    facts,
    unsubscribe_token: null,
  };
  const optional = ["low_balance", "call_cut_off", "credit_expiring", "referral_rewarded"].includes(kind);
  return render(
    write(message, sender),
    sender,
    optional ? "https://x.example.com/unsubscribe?token=t&x=1" : null,
  );
}

/** Each kind and its variants: the subject, then what must stand in the text. */
// deno-lint-ignore no-explicit-any -- each kind has its own
const LETTERS: [kind: string, payload: any, facts: any, subject: string, says: RegExp[]][] = [
  [
    "purchase_confirmed",
    { ...PURCHASE, paid_cents: 1100, credit_micros: 12_000_000, origin: "checkout" },
    { ...FACTS, tax_cents: 200 },
    "You paid $11.00 for $12.00 of credit",
    [/\nTax: \$2\.00\nDiscount: −\$1\.00\nPaid: \$11\.00\n/, /receipts\/1/],
  ],
  [
    "purchase_confirmed",
    { ...PURCHASE, paid_cents: 1000, credit_micros: 10_000_000, origin: "auto_reload" },
    FACTS,
    "Auto-reload: you paid $10.00 for $10.00 of credit",
    [/Auto-reload bought it/],
  ],
  [
    "purchase_confirmed",
    { ...PURCHASE, paid_cents: 0, credit_micros: 10_000_000, origin: "checkout" },
    FACTS,
    "You got $10.00 of credit at no charge",
    [/\nDiscount: −\$10\.00\nPaid: \$0\.00\n/],
  ],
  [
    "payment_failed",
    { ...PURCHASE, failure_code: "insufficient_funds" },
    FACTS,
    "Your payment of $10.00 did not go through",
    [/Nothing was charged/, /not enough money/],
  ],
  [
    "refund",
    { ...PURCHASE, amount_cents: 500, clawed_back_micros: 5_000_000, status: "succeeded" },
    FACTS,
    "You were refunded $5.00",
    [/\nCredit taken back so far: \$5\.00\nRefunded: \$5\.00\n/],
  ],
  [
    "refund",
    { ...PURCHASE, amount_cents: 500, clawed_back_micros: 0, status: "failed" },
    FACTS,
    "Your refund of $5.00 did not arrive",
    [/in your balance again/, /write to help@example\.com/],
  ],
  [
    "dispute",
    {
      ...PURCHASE,
      amount_cents: 1000,
      status: "needs_response",
      clawed_back_micros: 10_000_000,
      reinstated_micros: 0,
    },
    FACTS,
    "$10.00 of credit was taken back",
    [/your bank disputes the payment of \$10\.00/],
  ],
  [
    "dispute",
    { ...PURCHASE, amount_cents: 1000, status: "won", clawed_back_micros: 0, reinstated_micros: 10_000_000 },
    FACTS,
    "You have $10.00 of credit back",
    [/The payment stands/],
  ],
  [
    "dispute",
    { ...PURCHASE, amount_cents: 1000, status: "lost", clawed_back_micros: 0, reinstated_micros: 0 },
    FACTS,
    "The dispute over your payment of $10.00 has ended",
    [/the money is with your bank/],
  ],
  [
    "low_balance",
    { balance_micros: 4_200_000, threshold_micros: 5_000_000 },
    { currency: "usd", talk_seconds: 1680 },
    "You have $4.20 left",
    [/about 28 minutes of calls/, /below \$5\.00/, /unsubscribe\?token=t&x=1/],
  ],
  [
    "low_balance",
    { balance_micros: -1_200_000, threshold_micros: 0 },
    { currency: "usd", talk_seconds: 0 },
    "Your balance is −$1.20",
    [/pays it first/],
  ],
  [
    "call_cut_off",
    { call_id: "c", duration_seconds: 1680, cost_micros: 4_200_000 },
    { currency: "usd", destination: "+1415•••2671" },
    "Your call for $4.20 ended because your credit ran out",
    [/Nothing more was charged/, /\nCall to: \+1415•••2671\n/, /\nTalked: 28:00\n/],
  ],
  [
    "auto_reload_failed",
    {
      ...PURCHASE,
      price_cents: 2000,
      failure_code: "expired_card",
      suspended: true,
      manage_url: "https://app.example.com/card",
    },
    FACTS,
    "Auto-reload of $20.00 did not go through",
    [/The card has expired/, /is paused until/, /Manage auto-reload:\nhttps:\/\/app\.example\.com\/card/],
  ],
  [
    "auto_reload_failed",
    { ...PURCHASE, purchase_id: null, failure_code: "card_removed", suspended: true, manage_url: null },
    {},
    "Auto-reload of $10.00 is paused",
    [/not saved any more/, /Manage auto-reload:\nhttps:\/\/app\.example\.com\//],
  ],
  [
    "payment_action_required",
    { ...PURCHASE, price_cents: 2000, url: "https://app.example.com/confirm" },
    FACTS,
    "Your bank asks you to confirm $20.00",
    [/Nothing is charged before you do/, /Pay \$20\.00:\nhttps:\/\/app\.example\.com\/confirm/],
  ],
  [
    "credit_expiring",
    { expires_at: "2026-12-02T08:00:00Z", amount_micros: 2_509_999, days: 7, currency: "usd" },
    {},
    "$2.50 of your credit expires on 2 Dec 2026",
    [/\nUsable until: 2 Dec 2026, 08:00 UTC\n/, /before your other credit/, /unsubscribe\?token=t&x=1/],
  ],
  [
    "referral_rewarded",
    { amount_micros: 5_000_000, currency: "usd", role: "referrer" },
    {},
    "You got $5.00 of credit for a friend",
    [/who has made a first payment/, /taken back if that payment is refunded/, /unsubscribe\?token=t&x=1/],
  ],
  [
    "referral_rewarded",
    { amount_micros: 5_000_000, currency: "usd", role: "referred" },
    {},
    "You got $5.00 of welcome credit",
    [/because a friend invited you/],
  ],
  [
    "subscription_past_due",
    PLAN,
    {},
    "The payment of $10.00 for your plan did not go through",
    [/It is tried again in the next days/, /\nPlan: Plus monthly\nPrice: \$10\.00\n/, /Change the card:/],
  ],
  [
    "subscription_unpaid",
    PLAN,
    {},
    "$10.00 for your plan is not paid",
    [/not tried again by itself/, /Credit you have stays/],
  ],
  [
    "subscription_canceled",
    PLAN,
    {},
    "Your plan for $10.00 has ended",
    [/not charged for it again/, /stays until it expires/],
  ],
];

Deno.test("Each kind states its fact with the amount, first in the subject, then in the first line", () => {
  assert.deepEqual(new Set(LETTERS.map(([kind]) => kind)), new Set(Object.keys(TEMPLATES)));
  for (const [kind, payload, facts, subject, says] of LETTERS) {
    const { text, html, subject: written } = mail(kind, payload, facts);
    assert.equal(written, subject);
    const amount = /\$\d+\.\d\d/.exec(subject)![0];
    assert.ok(text.split("\n")[0]!.includes(amount), `${kind}: ${text.split("\n")[0]}`);
    for (const pattern of says) assert.match(text, pattern);
    assert.doesNotMatch(text + html.replace(/!important|<!doctype/g, ""), /!|undefined|null|NaN/);
    assert.equal(html.match(/border-radius:8px;color:#ffffff/g)?.length, 1, "one button");
    assert.doesNotMatch(html, /<img|<script|src=/, "it works without images");
  }
});

Deno.test("Whatever a name holds stays text", () => {
  const nasty =
    `"><script>alert(1)</script><a href='https://evil.example'>x</a>\r\nBcc: victim@example.com\u202e&`;
  const sender = {
    ...SENDER,
    app_url: "javascript:alert(1)",
    seller: { name: nasty, address: [nasty], email: nasty },
  };
  for (const [kind, payload] of LETTERS) {
    const facts = {
      package_name: nasty,
      destination: nasty,
      currency: "usd",
      receipt_url: "data:text/html,x",
    };
    const urls = { url: `https://a.example/"><script>`, manage_url: "vbscript:x" };
    const { subject, text, html } = mail(kind, { ...payload, failure_code: nasty, ...urls }, facts, sender);
    assert.doesNotMatch(html, /<script|<a href='|javascript:|vbscript:|data:text|\u202e/, kind);
    assert.doesNotMatch(subject, /[\r\n]/);
    assert.doesNotMatch(text, /^Bcc:|\u202e|javascript:|vbscript:/m, kind);
    assert.match(html, /&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
    // Every tag that is there is one of the layout's own.
    const tags = new Set(
      [...html.matchAll(/<\/?([a-z!][a-z0-9]*)/gi)].map(([, name]) => name!.toLowerCase()),
    );
    const own = "!doctype html head meta title style body table tr td p a".split(" ");
    assert.deepEqual([...tags].filter((tag) => !own.includes(tag)), [], kind);
  }
});

Deno.test("An unknown kind has no template, also one named like a method of every object", () => {
  for (const kind of ["gossip", "constructor", "toString"]) {
    assert.throws(() => mail(kind, {}), /There is no template/);
  }
});

Deno.test("Amounts are exact, whatever their size and currency", () => {
  assert.equal(cents(1999, "usd"), "$19.99");
  assert.equal(cents(9007199254740991, "usd"), "$90,071,992,547,409.91");
  assert.equal(cents(500, "jpy"), "¥500");
  assert.equal(cents(1234, "kwd"), "KWD\u00a01.234");
  assert.equal(cents(-345, "eur"), "−€3.45");
  assert.equal(cost(9007199254740991, "usd"), "$9,007,199,254.74");
  assert.equal(cost(5000, "usd"), "$0.01");
  assert.equal(balance(9_999, "usd"), "$0.00", "what is left is never shown as more than it is");
  assert.equal(balance(-9_999, "usd"), "−$0.01");
  assert.throws(() => cents(0.1, "usd"), /not an integer/);
});

Deno.test("Instants name their zone and durations read like a clock", () => {
  assert.equal(instant("2026-12-31T23:59:59.999+00:00"), "31 Dec 2026, 23:59 UTC");
  assert.equal(day("2026-06-01T00:30:00+02:00"), "31 May 2026");
  assert.equal(instant("2026-06-01T00:30:00+02:00"), "31 May 2026, 22:30 UTC");
  assert.deepEqual([0, 59, 60, 3600, 3723].map(clock), ["0:00", "0:59", "1:00", "1:00:00", "1:02:03"]);
  assert.deepEqual([null, 59, 60, 7199, 7200, 10 ** 9].map(talkTime), [
    null,
    null,
    "about 1 minute",
    "about 119 minutes",
    "about 2 hours",
    null,
  ]);
});
