// Whoever changes a person's money locks their wallet first, and only then anything else: so no two requests can hold
// what the other needs. Proven function by function: with the wallet taken, each stands before it with empty hands.
import assert from "node:assert/strict";
import type { ReservedSql } from "postgres";
import { outcomeOf, pause, rpc } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import {
  answeredCall,
  assertIntegrity,
  callRecord,
  DESTINATION,
  endedCall,
  fundedWallet,
  importing,
  type OpenPurchase,
  openPurchase,
  paidFacts,
  purchaseArguments,
} from "../support/wallets.ts";

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
await sql`insert into public.rate_plans (code, name) values ('lock_order', 'Lock order') on conflict do nothing`;
await sql`insert into public.subscription_plans (code, name, price_cents, period, credit_micros)
  values ('lock_order', 'Lock order', 1000, 'month', 10000000) on conflict do nothing`;
const plan = "talktime_plan_lock_order_usd_1000_month";
const offer = `lock_${crypto.randomUUID().slice(0, 8)}`;
await sql`select public.create_campaign(${
  sql.json({ name: offer, kind: "free_credit", amount_micros: 1_000_000 })
}, 'test')`;
const [added] =
  await sql`select public.add_promo_codes(${offer}, 'test', count => 1, max_redemptions => null) as answer`;
const code: string = added!.answer.csv.split("\r\n")[1].split(",")[0];
const pool = connect(stack.env, { max: 2 });
const [holder, waiter] = await Promise.all([pool.reserve(), pool.reserve()]) as [ReservedSql, ReservedSql];
const waiterPid = Number((await waiter`select pg_backend_pid() as pid`)[0]!.pid);

Deno.test.afterAll(async () => {
  for (const own of [holder, waiter]) own.release();
  await pool.end();
  await sql.end();
  await stack.stop();
});

interface Scene {
  userId: string;
  /** Not paid, paid, held for review, and one that auto-reload is charging. */
  purchase: OpenPurchase;
  paid: OpenPurchase;
  review: OpenPurchase;
  reload: string;
  /** Begun, and not at Stripe yet. */
  refund: string;
  subscription: string;
  /** A grant that expires. */
  expiring: number;
}

/** A wallet with credit, a saved card, a live call, a ringing one, one that is over, and purchases of every kind. */
async function setScene(): Promise<Scene> {
  const userId = await fundedWallet(sql, 10_000_000);
  await answeredCall(sql, userId, "live");
  await endedCall(sql, userId, "over", 90);
  await sql`select public.start_call('ringing', ${DESTINATION}, ${userId})`;
  await sql`select public.save_payment_methods(${userId}, ${"cus_" + userId}, ${sql.json([CARD])})`;
  const paid = await openPurchase(sql, userId);
  await apply(paid, paidFacts(paid));
  const review = await openPurchase(sql, userId);
  await apply(review, { ...paidFacts(review), amount_total: 1 });
  const [refund] =
    await sql`select public.begin_refund(${userId}, ${paid.purchaseId}, 'test', 'refund', 100) as answer`;
  const [reload] =
    await sql`insert into public.purchases (user_id, idempotency_key, package_code, origin, currency, price_cents,
      credit_micros, bonus_micros, livemode, success_url, cancel_url, created_at, next_check_at)
    values (${userId}, 'reload', 'credit_10', 'auto_reload', 'usd', 1000, 10000000, 0, false, '', '', now(), now()) returning id`;
  const purchase = await openPurchase(sql, userId);
  const subscription: string = (await sql.unsafe(subscribe(userId)))[0]!.answer.subscription_id;
  await sql.unsafe(attachPage(userId, subscription));
  await sql.unsafe(applySubscription(userId, subscription));
  const [lot] =
    await sql`select id from private.grant_credit(${userId}, 'adjustment', 'adjustment', 1, 'adjustment', 'test',
    null, '2099-01-01')`;
  await sql`insert into private.referrals (referred_id, referrer_id, status, hold_reason, due, created_at)
    values (${userId}, ${await fundedWallet(sql, 1)}, 'held', 'test', false, now())`;
  return {
    userId,
    purchase,
    paid,
    review,
    reload: reload!.id,
    refund: refund!.answer.refund.refund_id,
    subscription,
    expiring: Number(lot!.id),
  };
}

const subscribe = (userId: string) =>
  rpc("create_subscription", {
    ...{ user_id: userId, plan_code: "lock_order", idempotency_key: "subscription" },
    ...{ success_url: "http://localhost:3000/done", cancel_url: "http://localhost:3000/buy" },
  });

const attachPage = (userId: string, subscription: string) =>
  rpc("attach_subscription_session", {
    ...{ user_id: userId, subscription_id: subscription, stripe_session_id: `cs_${subscription}` },
    ...{ checkout_url: "https://checkout.example/", livemode: false },
  });

const ofSubscription = (userId: string, subscription: string) => ({
  lookup_key: plan,
  metadata: { user_id: userId, subscription_id: subscription },
});

const applySubscription = (userId: string, subscription: string) =>
  rpc("apply_subscription", {
    subscription: {
      ...ofSubscription(userId, subscription),
      ...{ id: `sub_${subscription}`, status: "active", current_period_start: 1, current_period_end: 4e9 },
    },
  });

const CARD = {
  ...{ id: "pm_lock_order", livemode: false, type: "card", brand: "visa", last4: "4242" },
  ...{ exp_month: 12, exp_year: 2099, created: 1 },
};

const apply = ({ userId, purchaseId }: OpenPurchase, session: object) =>
  sql`select public.apply_checkout_session(${userId}, ${purchaseId}, ${sql.json(session as never)})`;

const found = (purchase: OpenPurchase) => ({
  ...paidFacts(purchase),
  metadata: { user_id: purchase.userId, purchase_id: purchase.purchaseId },
});

/** A refund or a dispute as Stripe shows it. */
const returned = (id: string, paid: OpenPurchase, differences: object) => ({
  ...{
    id: id + paid.purchaseId,
    amount: 100,
    currency: "usd",
    payment_intent: paidFacts(paid).payment_intent,
  },
  ...differences,
});

/** Every function that changes a wallet, and what it is asked. */
const waiting: Record<string, (scene: Scene) => string> = {
  start_call: ({ userId }) =>
    rpc("start_call", { call_id: "new", destination: DESTINATION, user_id: userId }),
  answer_call: ({ userId }) => rpc("answer_call", { call_id: "ringing", user_id: userId }),
  extend_call: ({ userId }) => rpc("extend_call", { call_id: "live", user_id: userId }),
  end_call: ({ userId }) => rpc("end_call", { call_id: "live", user_id: userId }),
  create_purchase: ({ userId }) => rpc("create_purchase", purchaseArguments(userId, "new")),
  attach_checkout_session: ({ userId, purchase }) =>
    rpc("attach_checkout_session", {
      user_id: userId,
      purchase_id: purchase.purchaseId,
      stripe_session_id: purchase.sessionId,
      checkout_url: "https://checkout.example/",
      session_expires_at: "2099-01-01T00:00:00Z",
      livemode: false,
    }),
  apply_checkout_session: ({ userId, purchase }) =>
    rpc("apply_checkout_session", {
      user_id: userId,
      purchase_id: purchase.purchaseId,
      session: paidFacts(purchase),
    }),
  refund_call: ({ userId }) => rpc("refund_call", { user_id: userId, call_id: "over", reason: "test" }),
  rerate_calls: ({ userId }) =>
    rpc("rerate_calls", {
      ...{ rate_plan: "prorated", started_from: "-infinity", started_before: "infinity", reason: "test" },
      ...{ user_id: userId, dry_run: false },
    }),
  import_call_records: ({ userId }) => importing([callRecord(userId, "record", 90)]),
  apply_found_session: ({ purchase }) => rpc("apply_found_session", { session: found(purchase) }),
  apply_payment_intent: ({ userId, reload }) =>
    rpc("apply_payment_intent", {
      intent: {
        ...{ id: `pi_${reload}`, status: "processing", currency: "usd", livemode: false },
        metadata: { user_id: userId, purchase_id: reload, origin: "auto_reload" },
      },
    }),
  apply_refund: ({ paid }) => rpc("apply_refund", { refund: returned("re_", paid, { status: "succeeded" }) }),
  apply_dispute: ({ paid }) =>
    rpc("apply_dispute", {
      dispute: returned("dp_", paid, {
        status: "needs_response",
        balance_transactions: [{ amount: -100, currency: "usd" }],
      }),
    }),
  begin_refund: ({ userId, paid }) =>
    rpc("begin_refund", {
      ...{ user_id: userId, purchase_id: paid.purchaseId, reason: "test", idempotency_key: "new" },
      amount_cents: 100,
    }),
  fail_refund_request: ({ userId, refund }) =>
    rpc("fail_refund_request", { user_id: userId, refund_id: refund, error: "test" }),
  resolve_review: ({ userId, review }) =>
    rpc("resolve_review", {
      ...{ user_id: userId, purchase_id: review.purchaseId, decision: "dismiss", reason: "test" },
    }),
  begin_billing: ({ userId }) => rpc("begin_billing", { user_id: userId, action: "sync" }),
  save_stripe_customer: ({ userId }) =>
    rpc("save_stripe_customer", { user_id: userId, customer_id: "cus_new" }),
  save_payment_methods: ({ userId }) =>
    `select public.save_payment_methods('${userId}', 'cus_${userId}', '${JSON.stringify([CARD])}') as answer`,
  set_auto_reload: ({ userId }) =>
    rpc("set_auto_reload", {
      ...{ threshold_micros: 1_000_000, package_code: "credit_10", monthly_cap_cents: 10_000, consent: true },
      ...{ consent_text: "I agree that my card is charged.", user_id: userId },
    }),
  disable_auto_reload: ({ userId }) => rpc("disable_auto_reload", { user_id: userId }),
  begin_reload_charge: ({ userId, reload }) =>
    rpc("begin_reload_charge", { user_id: userId, purchase_id: reload }),
  fail_reload: ({ userId, purchase }) =>
    rpc("fail_reload", { user_id: userId, purchase_id: purchase.purchaseId, error: "test" }),
  set_notification_preferences: ({ userId }) =>
    rpc("set_notification_preferences", { user_id: userId, low_balance: false }),
  redeem_code: ({ userId }) => rpc("redeem_code", { code, user_id: userId }),
  get_referral_code: ({ userId }) => rpc("get_referral_code", { user_id: userId }),
  claim_referral: ({ userId }) => rpc("claim_referral", { code: "none", user_id: userId }),
  extend_grant: ({ userId, expiring }) =>
    rpc("extend_grant", { user_id: userId, grant_id: expiring, expires_at: null, reason: "test" }),
  void_grant: ({ userId }) => rpc("void_grant", { user_id: userId, grant_id: 1, reason: "test" }),
  create_subscription: ({ userId }) => subscribe(userId),
  attach_subscription_session: ({ userId, subscription }) => attachPage(userId, subscription),
  apply_subscription: ({ userId, subscription }) => applySubscription(userId, subscription),
  apply_invoice: ({ userId, subscription }) =>
    rpc("apply_invoice", {
      invoice: {
        ...ofSubscription(userId, subscription),
        ...{
          id: `in_${subscription}`,
          status: "paid",
          billing_reason: "subscription_create",
          currency: "usd",
        },
        ...{ livemode: false, amount_paid: 1000, amount_tax: 0, period_end: 4e9, created: 1 },
        payment_intent: `pi_${subscription}`,
      },
    }),
  expire_subscription_session: ({ userId, subscription }) =>
    rpc("expire_subscription_session", { user_id: userId, subscription_id: subscription }),
  find_subscription: ({ userId }) => rpc("find_subscription", { user_id: userId }),
  find_subscription_page: ({ userId, subscription }) =>
    rpc("find_subscription_page", { user_id: userId, subscription_id: subscription }),
};

/** Every other function that writes; it takes no wallet, or passes over one that is taken. */
const passing: Record<string, (scene: Scene) => string> = {
  sweep_calls: () => rpc("sweep_calls"),
  claim_due_purchases: () => rpc("claim_due_purchases"),
  load_rate_sheet: () =>
    rpc("load_rate_sheet", {
      ...{
        rate_plan: "lock_order",
        sheet: "prefix,per_minute\n99901,0.1",
        effective_from: "2099-01-01T00:00:00Z",
      },
    }),
  find_purchase: ({ userId, purchase }) =>
    rpc("find_purchase", { user_id: userId, purchase_id: purchase.purchaseId }),
  record_purchase_check_failure: ({ userId, purchase }) =>
    rpc("record_purchase_check_failure", {
      user_id: userId,
      purchase_id: purchase.purchaseId,
      error: "test",
    }),
  check_promo_code: ({ userId }) => rpc("check_promo_code", { code, user_id: userId }),
  create_campaign: () =>
    rpc("create_campaign", {
      campaign: { name: `lock_${crypto.randomUUID().slice(0, 8)}`, kind: "free_credit", amount_micros: 1 },
      reason: "test",
    }),
  add_promo_codes: () => rpc("add_promo_codes", { campaign: offer, reason: "test", count: 1 }),
  resolve_referral: ({ userId }) =>
    rpc("resolve_referral", { referred_id: userId, decision: "refuse", reason: "test" }),
  claim_due_subscriptions: () => rpc("claim_due_subscriptions"),
  begin_reconcile_run: () => `select public.begin_reconcile_run() as answer`,
  save_walk: () => rpc("save_walk", { run_id: 0, name: "events", after: null, done: false }),
  record_events: () => `select public.record_events('[]') as answer`,
  finish_reconcile_run: () =>
    `select public.finish_reconcile_run(r.id, '{}') as answer from private.reconcile_runs r where r.finished_at is null`,
  claim_due_refunds: () => rpc("claim_due_refunds"),
  claim_due_reloads: () => rpc("claim_due_reloads"),
  claim_notifications: () => rpc("claim_notifications", { batch_size: 1 }),
  record_deliveries: () => `select public.record_deliveries('[]') as answer`,
  requeue_deliveries: () => `select public.requeue_deliveries('test', '{}') as answer`,
  get_receipt: ({ userId, paid }) => rpc("get_receipt", { purchase_id: paid.purchaseId, user_id: userId }),
  forget_stripe_customer: ({ userId }) =>
    rpc("forget_stripe_customer", { user_id: userId, customer_id: "cus_none" }),
  forget_stripe_price: () => rpc("forget_stripe_price", { lookup_key: "none" }),
  resolve_unmatched_payment: ({ userId }) =>
    `select public.resolve_unmatched_payment('session', '${userId}', 'test') as answer
     from private.keep_unmatched('session', '${userId}', null, 'usd', 1, 1, false, '{}')`,
  unsubscribe: ({ userId }) =>
    `select public.unsubscribe('${userId.replaceAll("-", "")}.low_balance.'
      || private.unsubscribe_signature('${userId}', 'low_balance')) as answer`,
};

async function untilWaiting(): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await pause(5)) {
    const [row] = await sql`select cardinality(pg_blocking_pids(${waiterPid})) as blockers`;
    if (row!.blockers > 0) return;
  }
  throw new Error("The function did not wait for the wallet.");
}

/** Nobody else has locked a row of this user's; otherwise Postgres refuses here and now. */
async function assertNothingElseIsLocked(userId: string): Promise<void> {
  await sql.begin(async (probe) => {
    await probe`select from public.call_logs where user_id = ${userId} for update nowait`;
    await probe`select from public.purchases where user_id = ${userId} for update nowait`;
    await probe`select from public.credit_grants where user_id = ${userId} for update nowait`;
    await probe`select from private.rate_limits where user_id = ${userId} for update nowait`;
  });
}

async function tablesOpenedForWriting(): Promise<string[]> {
  const rows = await sql`select relation::regclass::text as name from pg_locks
    where pid = ${waiterPid} and locktype = 'relation' and mode = 'RowExclusiveLock'`;
  return rows.map((row) => row.name);
}

for (const [name, statement] of Object.entries(waiting)) {
  Deno.test(`${name} waits for the wallet before it locks or writes anything`, async () => {
    const scene = await setScene();
    await holder.unsafe(`begin; select private.lock_user('${scene.userId}')`);
    const running = outcomeOf(waiter.unsafe(statement(scene)));
    await untilWaiting();
    await assertNothingElseIsLocked(scene.userId);
    assert.deepEqual(await tablesOpenedForWriting(), []);
    await holder.unsafe("rollback");
    const outcome = await running;
    assert.ok(outcome.ok, JSON.stringify(outcome));
    await assertIntegrity(sql);
  });
}

for (const [name, statement] of Object.entries(passing)) {
  Deno.test(`${name} does not wait for a wallet`, async () => {
    const scene = await setScene();
    await sql`update public.call_logs set sweep_at = private.clock() - interval '1 second'
      where user_id = ${scene.userId} and status <> 'ended'`;
    await holder.unsafe(`begin; select private.lock_user('${scene.userId}')`);
    await waiter.unsafe("set lock_timeout = '2s'");
    const outcome = await outcomeOf(waiter.unsafe(statement(scene)));
    await waiter.unsafe("reset lock_timeout");
    await holder.unsafe("rollback");
    assert.ok(outcome.ok, JSON.stringify(outcome));
    const [open] = await sql`select count(*)::integer as count from public.call_logs
      where user_id = ${scene.userId} and status <> 'ended'`;
    assert.equal(open!.count, 2, "what the other holds is left to a later look");
  });
}

Deno.test("Every API function that can write is in one of the two lists above", async () => {
  const rows = await sql`select proname as name from pg_proc
    where pronamespace = 'public'::regnamespace and provolatile = 'v'
      and not exists (select from pg_depend d where d.objid = pg_proc.oid and d.deptype = 'e') order by proname`;
  assert.deepEqual(
    rows.map((row) => row.name),
    [...Object.keys(waiting), ...Object.keys(passing)].toSorted(),
  );
});
