// Everything at once on many wallets: nothing deadlocks, nothing is lost, and the books balance.
import assert from "node:assert/strict";
import { Crowd, type Outcome, outcomeOf, pause, randomNumbers, rpc, seedOfRun } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import {
  addCredit,
  assertIntegrity,
  callRecord,
  DESTINATION,
  HOLD_MICROS,
  importing,
  type OpenPurchase,
  openPurchase,
  openWallets,
  paidFacts,
  purchaseArguments,
} from "../support/wallets.ts";

const WALLETS = 20;
const CONNECTIONS = 40;
const STEPS = 60;
const seed = seedOfRun();

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const crowd = await Crowd.gather(stack.env, CONNECTIONS);

Deno.test.afterAll(async () => {
  await crowd.close();
  await sql.end();
  await stack.stop();
});

interface World {
  wallets: string[];
  purchases: OpenPurchase[];
  random: ReturnType<typeof randomNumbers>;
  /** Before this nothing is ours. */
  began: string;
}

/** One statement of each kind; wallets, calls and purchases are few, so that they meet. */
const operations: Record<string, (world: World) => string> = {
  start: (world) => rpc("start_call", { ...someCall(world), destination: DESTINATION }),
  answer: (world) => rpc("answer_call", someCall(world)),
  extend: (world) => rpc("extend_call", someCall(world)),
  end: (world) => rpc("end_call", someCall(world)),
  pay: ({ random, purchases }) => {
    const purchase = random.pick(purchases);
    return rpc("apply_checkout_session", {
      user_id: purchase.userId,
      purchase_id: purchase.purchaseId,
      session: paidFacts(purchase),
    });
  },
  create: ({ random, wallets }) =>
    rpc("create_purchase", purchaseArguments(random.pick(wallets), `key ${random.below(5)}`)),
  find: ({ random, purchases }) => {
    const purchase = random.pick(purchases);
    return rpc("find_purchase", { user_id: purchase.userId, purchase_id: purchase.purchaseId });
  },
  // Half of the time the call that everybody has paid for, so that some refund always finds something to give back.
  refund: (world) => {
    const call = someCall(world);
    return rpc("refund_call", {
      ...call,
      ...(world.random.below(2) ? { call_id: "paid" } : {}),
      reason: "crossing",
    });
  },
  explain: (world) => rpc("explain_call", someCall(world)),
  // Several people's at once, in no order.
  import: ({ random, wallets }) =>
    importing(Array.from(
      { length: 5 },
      () => callRecord(random.pick(wallets), `record-${random.below(60)}`, 30 + random.below(3) * 60),
    )),
  balance: ({ random, wallets }) => rpc("get_balance", { user_id: random.pick(wallets) }),
  statement: ({ random, wallets }) => rpc("get_statement", { user_id: random.pick(wallets) }),
};

const someCall = ({ random, wallets }: World) => ({
  user_id: random.pick(wallets),
  call_id: `call-${random.below(4)}`,
});

/** Brings calls and purchases past their time as the clock would, under the wallet's lock as every writer. */
const ageSome = ({ random, wallets }: World): string => {
  const userId = random.pick(wallets);
  return `do $$ begin
    perform private.lock_user('${userId}');
    update public.call_logs set started_at = started_at - interval '5 minutes', answered_at = answered_at - interval '5 minutes',
      last_heartbeat_at = last_heartbeat_at - interval '5 minutes', authorized_until = authorized_until - interval '5 minutes',
      sweep_at = sweep_at - interval '5 minutes'
      where user_id = '${userId}' and status <> 'ended';
    update public.purchases set next_check_at = next_check_at - interval '2 hours', created_at = created_at - interval '25 hours'
      where user_id = '${userId}' and status in ('created', 'open', 'processing');
  end $$`;
};

Deno.test(`Forty connections cross on twenty wallets, sweepers and reconcilers among them: none deadlocks (seed ${seed})`, async () => {
  const world: World = {
    wallets: await openWallets(sql, WALLETS),
    purchases: [],
    random: randomNumbers(seed),
    began: new Date().toISOString(),
  };
  await sql`insert into public.rate_plans (code, name) values ('crossing', 'Crossing') on conflict do nothing`;
  for (const [index, userId] of world.wallets.entries()) {
    await addCredit(sql, userId, HOLD_MICROS * (1 + index % 5));
    await sql.unsafe(importing([callRecord(userId, "paid", 30)]));
    for (let i = 0; i < 4; i++) world.purchases.push(await openPurchase(sql, userId, "credit_5"));
  }
  const happened: Record<string, Record<string, number>> = {};
  const note = (operation: string, outcome: Outcome) => {
    const counts = happened[operation] ??= {};
    const name = outcome.ok
      ? "ok"
      : outcome.sqlstate.startsWith("PT")
      ? outcome.code
      : `${outcome.sqlstate} ${outcome.code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  };

  await Promise.all(crowd.members.map(async (connection, index) => {
    for (let step = 0; step < STEPS; step++) {
      const operation = roleOf(index) ?? world.random.pick(Object.keys(operations));
      const statement = operation in operations ? operations[operation]!(world) : special[operation]!(world);
      note(operation, await outcomeOf(connection.unsafe(statement)));
      if (roleOf(index)) await pause(10);
    }
  }));

  const expected = [
    "ok",
    "insufficient_credit",
    "call_not_found",
    "call_not_answered",
    "call_ended",
    "idempotency_conflict",
    "rate_limited",
    "refund_not_possible",
  ];
  const unexpected = Object.entries(happened).flatMap(([operation, counts]) =>
    Object.entries(counts).filter(([name]) => !expected.includes(name)).map(([name, count]) =>
      `${operation}: ${name} × ${count}`
    )
  );
  assert.deepEqual(
    unexpected,
    [],
    "no 40P01 deadlock, no 40001 serialization failure, nothing else that is not an answer",
  );
  for (const operation of [...Object.keys(operations), ...Object.keys(special)]) {
    assert.ok(
      happened[operation]?.ok,
      `${operation} must have worked at least once: ${JSON.stringify(happened)}`,
    );
  }
  await assertIntegrity(sql);
});

/** Everybody's calls of this test, back and forth between two plans. */
const rerateAll = ({ random, began }: World): string =>
  rpc("rerate_calls", {
    ...{ rate_plan: random.pick(["standard", "prorated"]), started_from: began, started_before: "infinity" },
    ...{ reason: "crossing", dry_run: false },
  });

const loadSheet = ({ random }: World): string => {
  const lines = Array.from(
    { length: 50 },
    (_, n) => `${100 + (n * 7 + random.below(2) * 49) % 50},0.${random.below(9)}`,
  );
  const sheet = ["prefix,per_minute", ...new Set(lines)].join("\n");
  return rpc("load_rate_sheet", { rate_plan: "crossing", sheet, effective_from: "2099-01-01T00:00:00Z" });
};

const special: Record<string, (world: World) => string> = {
  sweep: () => rpc("sweep_calls"),
  claim: () => rpc("claim_due_purchases", { batch_size: 20 }),
  age: ageSome,
  rerate: rerateAll,
  load: loadSheet,
};

const ROLES = [
  ...["sweep", "sweep", "sweep", "claim", "claim", "claim", "age", "age"],
  ...["rerate", "rerate", "rerate", "load", "load"],
];

/** The last connections do one thing only: three sweep, three claim, two let time pass, three rate anew, two load sheets. */
function roleOf(index: number): string | undefined {
  return ROLES[CONNECTIONS - 1 - index];
}
