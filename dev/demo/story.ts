// The story the demo tells, through the SDK over HTTP, as an app and its buyer would live it. Every number is compared with
// what it has to be; a wrong one ends the demo.
import {
  formatDuration,
  formatMoney,
  type LiveCall,
  type Micros,
  type Talktime,
  toMicros,
} from "../../client-sdk/src/index.ts";
import type { StripeControl } from "../stripe/control.ts";
import type { DemoClock } from "./clock.ts";
import {
  accent,
  chapter,
  danger,
  done,
  fact,
  isTerminal,
  line,
  status,
  strong,
  table,
  warning,
} from "./print.ts";

export interface Scene {
  talktime: Talktime;
  clock: DemoClock;
  stripe: StripeControl;
  email: string;
  /** Makes a campaign with a code, as an admin does: a tenth more with a purchase, to be spent within 30 days. */
  makeCode(code: string): Promise<void>;
  /** Runs the scheduled reconciler once, as pg_cron does every minute. */
  reconcile(): Promise<{ checked: number; credited: number }>;
}

export class WrongNumber extends Error {}

const NUMBER = "+14155552671";
const PAGES = { successUrl: "http://localhost:3000/paid", cancelUrl: "http://localhost:3000/" };

const dollars = (amount: Micros | number) => formatMoney(toMicros(amount), { locale: "en-US" });

function expect<T>(what: string, is: T, shouldBe: T): void {
  if (is !== shouldBe) throw new WrongNumber(`${what} is ${is}, but has to be ${shouldBe}.`);
}

/** The answer, or the end of the demo. */
function ok<T>(what: string, result: { data: T | null; error: Error | null }): T {
  if (result.error || result.data === null) {
    throw new Error(`${what}: ${result.error?.message ?? "no answer"}`);
  }
  return result.data;
}

async function showBalance(scene: Scene, shouldBe: number): Promise<void> {
  const balance = ok("balance", await scene.talktime.balance.get());
  expect("The balance", balance.availableMicros, shouldBe);
  const talk = balance.talkSeconds ?? 0;
  const about = talk >= 60 ? `about ${Math.floor(talk / 60)} minutes of calls` : "not enough for a minute";
  fact("Balance", `${strong(dollars(balance.availableMicros))}, ${about}`);
}

export async function tellStory(scene: Scene): Promise<void> {
  await signUp(scene);
  await buyCredit(scene);
  await runDry(scene);
  await topUp(scene);
  await callAgain(scene);
  await readStatement(scene);
}

async function signUp(scene: Scene): Promise<void> {
  chapter("A person signs up");
  done(`${scene.email} has an account and a wallet.`);
  await showBalance(scene, 0);
  const refused = await scene.talktime.calls.start(NUMBER);
  expect("A call without credit", refused.error?.code, "insufficient_credit");
  done("A call without credit is refused before it rings.");
}

async function buyCredit({ talktime, stripe, ...scene }: Scene): Promise<void> {
  chapter("Buys $10 of credit with a promotion code");
  const packages = ok("packages", await talktime.packages.list());
  fact("On sale", packages.map((item) => item.name).join(" · "));
  await scene.makeCode("EXTRA10");
  const offer = ok("code", await talktime.promotions.check("extra10", { packageCode: "credit_10" }));
  fact("Code EXTRA10", `${dollars(offer.amountMicros)} more, to be spent within ${offer.validDays} days`);
  const options = { ...PAGES, promoCode: "extra10" };
  const { purchase, checkoutUrl } = ok("checkout", await talktime.purchases.checkout("credit_10", options));
  if (checkoutUrl === null) throw new Error("The purchase has no page to pay on.");
  fact("Stripe's page", checkoutUrl);
  const early = ok("verify", await talktime.purchases.verify({ purchaseId: purchase.purchaseId }));
  expect("The purchase before payment", early.purchase.status, "open");
  done("Opening the success page without paying brings nothing: a URL proves no payment.");
  await stripe.payCheckout(purchase.stripeSessionId!, { card: "4242424242424242" });
  done("Pays there with the test card 4242 4242 4242 4242.");
  const paid = ok("verify", await talktime.purchases.verify({ purchaseId: purchase.purchaseId }));
  expect("The purchase", paid.purchase.status, "paid");
  expect("Credited", paid.credited, true);
  const again = ok("verify", await talktime.purchases.verify({ purchaseId: purchase.purchaseId }));
  expect("Credited a second time", again.credited, false);
  done("Back on the success page the credit is there. Reloading it adds nothing.");
  await showBalance({ talktime, stripe, ...scene }, 11_000_000);
  const [first, ...others] = ok("balance", await talktime.balance.get()).expiring;
  expect("What expires first", first?.amountMicros, toMicros(1_000_000));
  expect("What expires after it", others.length, 0);
  fact(
    "Expires",
    `${dollars(first!.amountMicros)} on ${first!.expiresAt.slice(0, 10)}, so it is spent first`,
  );
}

async function runDry(scene: Scene): Promise<void> {
  chapter("Calls until the credit runs out");
  const { talktime, clock } = scene;
  const estimate = ok("estimate", await talktime.calls.estimate(NUMBER));
  fact("Price", `${dollars(estimate.rate.perMinuteMicros)} a minute, by the minute`);
  fact("Could last", formatDuration(estimate.maxSeconds, { style: "words", locale: "en-US" }));
  expect("The longest call", estimate.maxSeconds, 4380);
  const call = ok("start", await talktime.calls.start(NUMBER, { callId: "demo-call-1" }));
  fact("Calling", `${call.state.destination}, ${dollars(call.state.holdMicros)} held`);
  ok("answer", await call.answer());
  done("Answered; billing starts. The demo's clock now runs fast.");
  const warned = watch(call, clock);
  await clock.run(200);
  const { state } = await call.ended;
  await clock.run(1);
  expect("Warnings", warned.join(), "60,30,10");
  expect("The reason", state.endReason, "credit_exhausted");
  expect("Seconds talked", state.durationSeconds, 4380);
  expect("The cost", state.costMicros, toMicros(10_950_000));
  line(`   ${danger("✗")} Your call ended because your credit ran out. Nothing more was charged.`);
  fact("Talked", `${formatDuration(state.durationSeconds!)} for ${dollars(state.costMicros!)}`);
  await showBalance(scene, 50_000);
}

/** Shows the seconds left as a phone would, and slows the clock when it gets interesting. */
function watch(call: LiveCall, clock: DemoClock): number[] {
  const warned: number[] = [];
  let shownMinutes = Infinity;
  let isSlow = false;
  call.on("tick", ({ secondsLeft, elapsedSeconds }) => {
    status(`${formatDuration(elapsedSeconds)} talked, ${accent(`${formatDuration(secondsLeft)} left`)}`);
    const minutes = Math.ceil(secondsLeft / 600) * 10;
    if (!isTerminal && secondsLeft > 60 && minutes < shownMinutes) {
      shownMinutes = minutes;
      fact("Left", formatDuration(secondsLeft));
    }
    if (!isSlow && secondsLeft < 90) {
      isSlow = true;
      void clock.run(12);
    }
  });
  call.on("warning", ({ thresholdSeconds }) => {
    warned.push(thresholdSeconds);
    warning(`${thresholdSeconds} seconds left. Add credit to go on talking.`);
  });
  call.on("depleted", () => warning("0 seconds left. The call is cut off."));
  return warned;
}

async function topUp(scene: Scene): Promise<void> {
  chapter("Tops up, and closes the browser too early");
  const { talktime, stripe, clock } = scene;
  const refused = await talktime.calls.start(NUMBER);
  expect("A call on five cents", refused.error?.code, "insufficient_credit");
  done("Calling again is refused: five cents do not cover a minute.");
  const { purchase } = ok("checkout", await talktime.purchases.checkout("credit_5", PAGES));
  await stripe.payCheckout(purchase.stripeSessionId!, { card: "4242424242424242" });
  done("Pays $5.00 and closes the tab before the success page loads. No webhook tells us.");
  await clock.skip(61);
  const run = await scene.reconcile();
  expect("Purchases the reconciler credited", run.credited, 1);
  done("A minute later the reconciler asks Stripe and finds the payment.");
  await showBalance(scene, 5_050_000);
}

async function callAgain(scene: Scene): Promise<void> {
  chapter("Calls again and hangs up");
  const { talktime, clock } = scene;
  const call = ok("start", await talktime.calls.start(NUMBER, { callId: "demo-call-2" }));
  ok("answer", await call.answer());
  call.on("tick", ({ elapsedSeconds }) => status(`${formatDuration(elapsedSeconds)} talked`));
  await clock.run(60);
  await new Promise<void>((resolve) =>
    call.on("tick", ({ elapsedSeconds }) => elapsedSeconds >= 125 && resolve())
  );
  await clock.run(1);
  const state = ok("end", await call.end());
  expect("Seconds billed", state.billedSeconds, 180);
  expect("The cost", state.costMicros, toMicros(450_000));
  done(
    `Talked ${formatDuration(state.durationSeconds!)}, billed as ${formatDuration(state.billedSeconds!)}: ${
      dollars(state.costMicros!)
    }.`,
  );
  await showBalance(scene, 4_600_000);
}

async function readStatement({ talktime }: Scene): Promise<void> {
  chapter("Reads the statement");
  const { items } = ok("statement", await talktime.history.statement());
  table(
    ["#", "What", "How it came to be", "Paid by", "Amount", "Balance"],
    items.map((item) => [
      String(item.line),
      item.description,
      item.call
        ? `${formatDuration(item.call.billedSeconds ?? 0)} billed × ${dollars(item.call.perMinuteMicros)}/min`
        : `Stripe ${item.grants[0]?.paymentIntentId?.slice(0, 12) ?? ""}…`,
      item.call
        ? item.grants.map((part) => `${dollars(-part.amountMicros)} of #${part.grantId}`).join(" + ")
        : "",
      `${item.amountMicros > 0 ? "+" : ""}${dollars(item.amountMicros)}`,
      dollars(item.balanceAfterMicros),
    ]),
    [0, 4, 5],
  );
  expect("Lines", items.length, 5);
  expect("The sum of the lines", items.reduce((sum, item) => sum + item.amountMicros, 0), 4_600_000);
  expect(
    "What paid for the last call",
    items[0]?.grants.map((part) => part.amountMicros).join(),
    "-50000,-400000",
  );
}
