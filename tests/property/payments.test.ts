// Whatever order Stripe's objects are read in, however often, however late: the ledger ends as they say in the end.
import assert from "node:assert/strict";
import type { ReservedSql } from "postgres";
import { literal } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import { check } from "./check.ts";
import {
  type Account,
  type Act,
  acts,
  type Bought,
  LIVES,
  openSession,
  type Telling,
  tellings,
} from "./payment_story.ts";

const stack = await useStack();
const pool = connect(stack.env, { max: 1 });
const connection: ReservedSql = await pool.reserve();

Deno.test.afterAll(async () => {
  connection.release();
  await pool.end();
  await stack.stop();
});

const PACKAGES: Record<
  string,
  { code: string; priceCents: number; creditMicros: number; bonusMicros: number }
> = {
  card: { code: "credit_10", priceCents: 1000, creditMicros: 10_000_000, bonusMicros: 0 },
  bank: { code: "credit_20", priceCents: 2000, creditMicros: 20_000_000, bonusMicros: 0 },
  bonus: { code: "telling_bonus", priceCents: 75, creditMicros: 800_000, bonusMicros: 123_457 },
  replaced: { code: "credit_5", priceCents: 500, creditMicros: 5_000_000, bonusMicros: 0 },
  bounced: { code: "credit_5", priceCents: 500, creditMicros: 5_000_000, bonusMicros: 0 },
  forgotten: { code: "credit_5", priceCents: 500, creditMicros: 5_000_000, bonusMicros: 0 },
};

/** Runs the acts one after the other, as the functions would call them. */
await connection.unsafe(`create function pg_temp.carry_out(p_acts jsonb) returns void language plpgsql as $$
declare
  v_act jsonb;
begin
  for v_act in select * from jsonb_array_elements(p_acts) loop
    case v_act ->> 'apply'
      when 'session' then perform public.apply_found_session(v_act -> 'facts');
      when 'refund' then perform public.apply_refund(v_act -> 'facts');
      when 'dispute' then perform public.apply_dispute(v_act -> 'facts');
      else
        perform private.lock_user((v_act ->> 'user')::uuid);
        perform private.spend_credit((v_act ->> 'user')::uuid, t.line, (v_act ->> 'spend')::bigint, private.clock())
          from private.post_transaction((v_act ->> 'user')::uuid, 'adjustment', -(v_act ->> 'spend')::bigint, 'adjustment', 'Spent') t;
    end case;
  end loop;
end
$$`);

async function openAccount(): Promise<Account> {
  const user = crypto.randomUUID();
  const account: Account = { purchases: {}, objects: new Map() };
  await connection.unsafe(`insert into auth.users (id) values (${literal(user)});
    insert into public.credit_packages (code, name, price_cents, credit_micros, bonus_micros, position)
      values ('telling_bonus', 'Bonus', 75, 800000, 123457, 99)`);
  for (const name of Object.keys(LIVES)) {
    const { code, priceCents, creditMicros, bonusMicros } = PACKAGES[name]!;
    const [row] = await connection.unsafe(
      `select public.create_purchase(${literal(user)}, ${literal(code)}, ${
        literal(name)
      }, 'http://localhost:3000/', 'http://localhost:3000/')
        ->> 'purchase_id' as id`,
    );
    const purchase: string = row!.id;
    const session = `cs_test_${purchase.replaceAll("-", "")}`;
    await connection.unsafe(
      `select public.attach_checkout_session(${literal(user)}, ${literal(purchase)}, ${literal(session)},
      'https://checkout.example/', private.clock() + interval '1 day', false)`,
    );
    const bought: Bought = {
      name,
      user,
      purchase,
      session,
      priceCents,
      creditMicros: creditMicros + bonusMicros,
    };
    account.purchases[name] = bought;
    openSession(account, bought);
  }
  return account;
}

/** What is left of a purchase, given Stripe's last word: the formula of the clawback, on Stripe's own objects. */
function expected(account: Account, { session, purchase, priceCents, creditMicros }: Bought) {
  const objects = [...account.objects.values()];
  const { facts } = account.objects.get(session)!;
  const ofThis = objects.filter(({ facts }) =>
    (facts.payment_intent as string | null)?.endsWith(purchase.slice(0, 8))
  );
  const refunded = ofThis.filter(({ kind, facts }) => kind === "refund" && facts.status !== "failed")
    .reduce((sum, { facts }) => sum + Number(facts.amount), 0);
  const disputed = ofThis.filter(({ kind }) => kind === "dispute")
    .flatMap(({ facts }) => facts.balance_transactions as { amount: number }[])
    .reduce((sum, { amount }) => sum - amount, 0);
  const paid = facts.payment_status === "paid";
  const returned = Math.min(priceCents, refunded + disputed);
  // Paid credit and bonus go in the same proportion, each rounded down by itself.
  const part = (micros: number) => Math.floor(micros * returned / priceCents);
  const paidMicros = priceCents * 10_000;
  const clawedBack = paid ? part(paidMicros) + part(creditMicros - paidMicros) : 0;
  const status = paid ? "paid" : facts.status === "expired" ? "expired" : "failed";
  return { status, refunded, disputed, clawedBack, net: (paid ? creditMicros : 0) - clawedBack };
}

async function standings(user: string) {
  const rows = await connection.unsafe(
    `select p.idempotency_key as name, p.status, p.refunded_cents::float8 as refunded,
      p.disputed_cents::float8 as disputed, p.clawed_back_micros::float8 as "clawedBack",
      coalesce((select sum(t.amount_micros) from public.transactions t
        where t.user_id = p.user_id and t.purchase_id = p.id), 0)::float8 as net,
      (select count(*)::int from public.transactions t where t.user_id = p.user_id and t.purchase_id = p.id and t.kind = 'purchase') as credits
    from public.purchases p where p.user_id = ${literal(user)}`,
  );
  const [wallet] = await connection.unsafe(`select u.balance_micros::float8 as balance,
      (select coalesce(sum(g.remaining_micros), 0)::float8 from public.credit_grants g where g.user_id = u.id) as remaining,
      (select coalesce(jsonb_agg(v.violation), '[]') from private.check_integrity() v where v.user_id = u.id) as violations
    from public.users u where u.id = ${literal(user)}`);
  return { rows, wallet: wallet! };
}

async function tell(telling: Telling): Promise<void> {
  await connection.unsafe("begin");
  try {
    const account = await openAccount();
    const script: Act[] = acts(telling, account);
    await connection.unsafe(`select pg_temp.carry_out(${literal(JSON.stringify(script))}::jsonb)`);
    const { rows, wallet } = await standings(account.purchases.card!.user);
    let balance = -6_000_000;
    for (const { name, credits, ...standing } of rows) {
      const wanted = expected(account, account.purchases[name]!);
      assert.deepEqual(standing, wanted, name);
      assert.ok(credits <= 1, `${name} is credited once`);
      balance += wanted.net;
    }
    assert.equal(rows.length, Object.keys(LIVES).length);
    assert.equal(wallet.balance, balance, "the balance");
    assert.equal(wallet.remaining, Math.max(0, balance), "the grants hold what is left");
    assert.deepEqual(wallet.violations, []);
  } finally {
    await connection.unsafe("rollback");
  }
}

Deno.test("Payments, refunds and disputes read in any order, repeated and late, end in the same ledger", async () => {
  await check<Telling>({
    name: "payments",
    arbitrary: tellings,
    holds: tell,
    parts: (telling) => telling.readings,
    withParts: (telling, readings) => ({ ...telling, readings: readings as Telling["readings"] }),
    tell: ({ mix, readings }) => `  mix ${JSON.stringify(mix)}\n  readings ${JSON.stringify(readings)}`,
  }, { runs: 200, seconds: 15, atLeast: 20 });
});
