// Postgres is killed, connections are cut, functions die, in the middle of work: what was answered is there, nothing is half
// there, and asking again under the same ids ends where it would have ended.
import assert from "node:assert/strict";
import { admin, signUp, sql as connect } from "../support/stack.ts";
import { startStack } from "../../dev/stack/stack.ts";
import { childrenOf } from "../../dev/stack/processes.ts";
import { StripeControl } from "../../dev/stripe/control.ts";
import { outcomeOf, pause, randomNumbers, rpc, seedOfRun } from "../support/load.ts";
import {
  answeredCall,
  assertIntegrity,
  DESTINATION,
  fundedWallet,
  journalOf,
  MINUTE_MICROS,
  openPurchase,
  openWallets,
  paidFacts,
  walletOf,
} from "../support/wallets.ts";
import { Buyer, Caller, type Client, overDataApi, overFunctions } from "./clients.ts";
import { assertAcknowledgedIsThere, assertSettled } from "./evidence.ts";

const seed = seedOfRun();
const random = randomNumbers(seed);
const folder = await Deno.makeTempDir({ prefix: "talktime-chaos-" });
const stack = await startStack({ dataDir: folder, ports: "free", scheduler: false });
const { env } = stack;
const stripe = new StripeControl(env.STRIPE_API_URL!);
const api = admin(env);

/** A connection of its own for each look, since none outlives the server. */
async function looking<T>(look: (sql: ReturnType<typeof connect>) => Promise<T>): Promise<T> {
  const sql = connect(env);
  try {
    return await look(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

await looking((sql) =>
  sql`update private.settings set value = '1000000' where name in ('checkout_limit_per_hour', 'verify_limit_per_minute')`
);

Deno.test.afterAll(async () => {
  await stack.stop();
  await Deno.remove(folder, { recursive: true });
});

const CREDIT = { caller: 5_000_000, buyer: 10_000_000 };

async function callers(count: number): Promise<Caller[]> {
  const wallets = await looking((sql) => openWallets(sql, count));
  return wallets.map((userId) => new Caller(userId, overDataApi(api)));
}

async function buyers(count: number): Promise<Buyer[]> {
  const people = await Promise.all(Array.from({ length: count }, () => signUp(env)));
  return people.map(({ userId, client }) => new Buyer(userId, overFunctions(client, stripe)));
}

/** Waits until the clients were answered so many times more. */
async function untilAcknowledged(clients: Client[], more: number): Promise<void> {
  const count = () => clients.reduce((sum, client) => sum + client.acknowledged.length, 0);
  const enough = count() + more;
  for (const end = Date.now() + 15_000; count() < enough; await pause(10)) {
    assert.ok(Date.now() < end, `only ${count() + more - enough} deeds were answered in 15 s`);
  }
}

/** Right after a death, before anything is asked again. */
async function assertNothingIsLostOrHalf(clients: Client[]): Promise<void> {
  await looking(async (sql) => {
    await assertIntegrity(sql);
    for (const client of clients) await assertAcknowledgedIsThere(sql, client);
  });
}

async function assertConverged(clients: Client[]): Promise<void> {
  await Promise.all(clients.map((client) => client.finish(30_000)));
  await looking(async (sql) => {
    for (const client of clients) {
      await assertSettled(sql, client, client instanceof Buyer ? CREDIT.buyer : CREDIT.caller);
    }
    await assertIntegrity(sql);
  });
}

Deno.test(`Postgres is killed four times under load: all that was answered is there, whole, and the rest converges (seed ${seed})`, async () => {
  const clients: Client[] = [...await callers(6), ...await buyers(2)];
  let cutOff = 0;
  for (let round = 0; round < 4; round++) {
    const stop = new AbortController();
    const working = Promise.all(clients.map((client) => client.work(stop.signal)));
    await untilAcknowledged(clients, 30);
    await pause(random.below(400));
    await stack.killPostgres();
    await pause(50); // whatever is still asked now gets no answer
    stop.abort();
    await working;
    cutOff += clients.filter((client) => client.unacknowledged).length;
    await stack.startPostgres();
    await assertNothingIsLostOrHalf(clients);
    await assertConverged(clients);
  }
  assert.ok(cutOff >= 4, `only ${cutOff} requests were cut off in the middle`);

  // Asked once more from the first to the last, as a confused client would: the same answers, and nothing changes.
  for (const client of clients.filter((client) => client instanceof Caller)) {
    for (const { name, arguments: asked, answer } of client.acknowledged) {
      if (name === "answer_call") continue; // an ended call is not answered again: call_ended
      const { data, error } = await api.rpc(name, asked);
      assert.equal(error, null);
      for (const fact of ["purchase_id", "started_at", "ended_at", "cost_micros"]) {
        if (name === "end_call" || fact !== "ended_at" && fact !== "cost_micros") {
          assert.equal(data[fact], answer[fact], name);
        }
      }
      assert.notEqual(data.credited, true);
    }
  }
  await assertConverged(clients);
});

Deno.test(`Connections are cut at random under load: every client gets through by asking again (seed ${seed})`, async () => {
  const clients = await callers(6);
  let cuts: readonly unknown[] = [];
  let total = 0;
  await looking(async (sql) => {
    const stop = new AbortController();
    const working = Promise.all(clients.map((client) => client.work(stop.signal)));
    // The Data API needs a moment to come back after each cut, so cuts are spaced.
    for (
      const end = Date.now() + 4000;
      Date.now() < end;
      await pause(cuts.length ? 300 + random.below(300) : 2)
    ) {
      cuts = await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where usename in ('authenticator', 'talktime_rest') and state <> 'idle' order by random() limit 1`;
      total += cuts.length;
    }
    stop.abort();
    const failures = (await working).reduce((sum, count) => sum + count, 0);
    assert.ok(total >= 3 && failures >= 1, `${failures} requests failed of ${total} connections cut`);
  });
  await assertNothingIsLostOrHalf(clients);
  await assertConverged(clients);
});

/** Runs a statement until it waits for what `blocking` has locked, and cuts its connection there. */
async function cutHalfway(blocking: string, statement: string): Promise<void> {
  const pools = [connect(env, { max: 1 }), connect(env, { max: 1 })] as const;
  const [blocker, victim] = await Promise.all(pools.map((pool) => pool.reserve())) as [
    Awaited<ReturnType<typeof pools[0]["reserve"]>>,
    Awaited<ReturnType<typeof pools[0]["reserve"]>>,
  ];
  const [own] = await victim`select pg_backend_pid() as pid`;
  await blocker.unsafe(`begin; ${blocking}`);
  const running = outcomeOf(victim.unsafe(statement));
  await looking(async (sql) => {
    for (const end = Date.now() + 5000; Date.now() < end; await pause(5)) {
      const [row] = await sql`select cardinality(pg_blocking_pids(${own!.pid})) as blockers`;
      if (row!.blockers > 0) break;
    }
    await sql`select pg_terminate_backend(${own!.pid}, 5000)`;
  });
  const outcome = await running;
  assert.equal(outcome.ok, false, "it was cut before its end");
  await blocker.unsafe("rollback");
  blocker.release();
  await Promise.all(pools.map((pool) => pool.end({ timeout: 1 })));
}

Deno.test("A connection is cut while a call is being charged: the call is still on, and is charged once when ended again", async () => {
  await looking(async (sql) => {
    const userId = await fundedWallet(sql, 10_000_000);
    await answeredCall(sql, userId, "call");
    const before = await walletOf(sql, userId);
    // By then the hold is released and the journal line is written; only the grant is not yet touched.
    const end = rpc("end_call", { call_id: "call", user_id: userId });
    await cutHalfway(`select from public.credit_grants where user_id = '${userId}' for update`, end);

    assert.deepEqual(await walletOf(sql, userId), before);
    const [call] = await sql`select status from public.call_logs where user_id = ${userId}`;
    assert.equal(call!.status, "answered");
    await assertIntegrity(sql);
    for (let i = 0; i < 2; i++) await sql.unsafe(end);
    assert.deepEqual((await journalOf(sql, userId)).map((line) => line.amount), [10_000_000, -MINUTE_MICROS]);
    await assertIntegrity(sql);
  });
});

Deno.test("A connection is cut after a purchase was credited, before it was committed: nothing of it is there, then all, once", async () => {
  await looking(async (sql) => {
    const [userId] = await openWallets(sql, 1) as [string];
    const purchase = await openPurchase(sql, userId);
    const apply = rpc("apply_checkout_session", {
      user_id: userId,
      purchase_id: purchase.purchaseId,
      session: paidFacts(purchase),
    });
    // The message to the user is the last thing written.
    await cutHalfway(
      `insert into public.notifications (user_id, kind, dedupe_key, payload, created_at)
        values ('${userId}', 'purchase_confirmed', 'purchase:${purchase.purchaseId}', '{}', now())`,
      apply,
    );
    const [row] = await sql`select status from public.purchases where user_id = ${userId}`;
    assert.equal(row!.status, "open");
    assert.deepEqual(await journalOf(sql, userId), []);
    await assertIntegrity(sql);
    for (let i = 0; i < 2; i++) await sql.unsafe(apply);
    assert.deepEqual(await journalOf(sql, userId), [{ kind: "purchase", amount: 10_000_000 }]);
    await assertIntegrity(sql);
  });
});

Deno.test("A connection is cut while a call takes its hold: no hold is left behind, and the call starts when asked again", async () => {
  await looking(async (sql) => {
    const userId = await fundedWallet(sql, 10_000_000);
    const start = rpc("start_call", { call_id: "call", destination: DESTINATION, user_id: userId });
    // Another request is inserting the very same call and never commits.
    await cutHalfway(
      `insert into public.call_logs (user_id, id, destination_masked, rate, started_at, sweep_at)
        select '${userId}', 'call', '', r, now(), now() from public.rates r limit 1`,
      start,
    );
    assert.deepEqual(await walletOf(sql, userId), { balance: 10_000_000, held: 0, available: 10_000_000 });
    await sql.unsafe(start);
    assert.equal((await walletOf(sql, userId)).held, 5 * MINUTE_MICROS);
    await assertIntegrity(sql);
  });
});

/** The processes that serve a function. */
async function processesOf(name: string): Promise<number[]> {
  const found = [];
  for (const pid of await childrenOf(Deno.pid)) {
    const { stdout } = await new Deno.Command("ps", { args: ["-o", "args=", "-p", String(pid)] }).output();
    if (new TextDecoder().decode(stdout).includes(`functions/${name}/`)) found.push(pid);
  }
  return found;
}

Deno.test("Functions are killed while Stripe answers them: no payment is lost, and the reconciler credits each once", async () => {
  const people = await buyers(4);
  for (const buyer of people) for (let i = 0; i < 2; i++) await buyer.step(); // checkout, pay
  await stripe.fault({
    match: { method: "GET", path: "^/v1/checkout/sessions/" },
    kind: "slow",
    delayMs: 1500,
    times: 4,
  });
  const verifying = people.map((buyer) => buyer.step().then(() => "answered", () => "cut off"));
  await pause(600);
  const pids = await processesOf("verify-checkout");
  assert.ok(pids.length > 0, "the function runs in a process of its own");
  for (const pid of pids) Deno.kill(pid, "SIGKILL");
  assert.deepEqual(await Promise.all(verifying), Array(4).fill("cut off"));
  await stripe.clearFaults();

  await looking(async (sql) => {
    const ids = people.map((buyer) => buyer.userId);
    const statuses = () => sql`select status from public.purchases where user_id = any (${ids})`;
    assert.deepEqual((await statuses()).map((row) => row.status), Array(4).fill("open"));
    await sql`update public.purchases set next_check_at = private.clock() - interval '1 minute' where user_id = any (${ids})`;
    const { data, error } = await api.functions.invoke("reconcile-payments", { body: {} });
    assert.equal(error, null);
    assert.equal(data.credited, 4);
    assert.deepEqual((await statuses()).map((row) => row.status), Array(4).fill("paid"));
  });
  await assertConverged(people); // and whoever comes back to the page is answered, without another credit
});
