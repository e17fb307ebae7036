// Whatever happens to a wallet, in whatever order: the database and the reference model agree after every step.
import assert from "node:assert/strict";
import type { ReservedSql } from "postgres";
import type { ModelWallet } from "../support/model.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import { check } from "./check.ts";
import { live, type Lived } from "./living.ts";
import { stories, type Story } from "./story.ts";
import { type GrantAccount, play, type Played, prepareStage } from "./theatre.ts";

const stack = await useStack();
const pool = connect(stack.env, { max: 1 });
const connection: ReservedSql = await pool.reserve();
await prepareStage(connection);

Deno.test.afterAll(async () => {
  connection.release();
  await pool.end();
  await stack.stop();
});

/** The model's values as the database writes them: numbers, and only the keys the model speaks of. */
function asWritten(expected: unknown, actual: unknown): unknown {
  if (typeof expected === "bigint") return Number(expected);
  if (Array.isArray(expected)) {
    return expected.map((item, index) => asWritten(item, (actual as unknown[])?.[index]));
  }
  if (expected === null || typeof expected !== "object") return expected;
  return Object.fromEntries(
    Object.entries(expected).map((
      [key, value],
    ) => [key, asWritten(value, (actual as Record<string, unknown>)?.[key])]),
  );
}

const INSTANTS = new Set([
  "authorized_until",
  "started_at",
  "answered_at",
  "ended_at",
  "sweep_at",
  "expires_at",
]);

/** The database's values reduced to the keys the model speaks of, instants as milliseconds. */
function asModeled(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(actual)) {
    return actual.map((item, index) => asModeled(item, (expected as unknown[])?.[index]));
  }
  if (actual === null || typeof actual !== "object" || expected === null || typeof expected !== "object") {
    return actual;
  }
  return Object.fromEntries(
    Object.keys(expected).map((key) => {
      const value = (actual as Record<string, unknown>)[key];
      const instant = INSTANTS.has(key) && typeof value === "string";
      return [
        key,
        instant ? Date.parse(value) : asModeled(value, (expected as Record<string, unknown>)[key]),
      ];
    }),
  );
}

function assertSame(actual: unknown, expected: unknown, what: string): void {
  assert.deepEqual(asModeled(actual, expected), asWritten(expected, actual), what);
}

function compare(model: ModelWallet, lived: Lived[], played: Played): void {
  lived.forEach(({ answer, state, deed, at }, index) => {
    const step = `step ${index + 1}, ${deed} at ${new Date(at).toISOString()}`;
    const { answer: actual, state: kept } = played.steps[index]!;
    assertSame(actual, answer, `the answer to ${step}`);
    assertSame(kept, state, `what is kept after ${step}`);
    if (actual?.real) assertDryRunTold(actual);
  });
  assertSame(
    played.lines,
    model.lines.map(({ kind, amount, balanceAfter, counterAccount, call, reverses, reason }) => ({
      kind,
      amount,
      counter_account: counterAccount,
      call_id: call,
      reverses,
      reason,
      balance_after: balanceAfter,
    })),
    "the journal",
  );
  const entries = model.lines.flatMap((line, index) =>
    [...line.entries].sort(([a], [b]) => a - b).map(([grant, amount]) => [index + 1, grant, amount])
  );
  assertSame(played.entries, entries, "which line moved which grant");
  for (const grant of played.grants) assertAccountedFor(grant);
  assert.deepEqual(played.violations, []);
}

/** Breakage, what was spent or taken back, and what remains are what was granted, less the debt it paid at once. */
function assertAccountedFor(grant: GrantAccount): void {
  const { granted, brought, spent, expired, withdrawn, remaining } = grant;
  assert.equal(expired + spent + withdrawn + remaining, brought, JSON.stringify(grant));
  assert.ok(brought <= granted && expired >= 0 && spent >= 0, JSON.stringify(grant));
}

interface Rerated {
  calls: { call_id: string; difference_micros: number; posted_micros: number }[];
}

/** The real run posts what the dry run said, as far as there is credit; what it could not post is what another run finds. */
function assertDryRunTold({ dry, real, again }: Record<string, Rerated>): void {
  const differences = ({ calls }: Rerated) =>
    calls.map(({ call_id, difference_micros }) => [call_id, difference_micros]);
  assert.deepEqual(differences(real!), differences(dry!));
  assert.ok(dry!.calls.every((call) => call.posted_micros === 0));
  assert.ok(
    real!.calls.every((call) => call.posted_micros === call.difference_micros || call.difference_micros > 0),
  );
  const left = real!.calls.map((call) =>
    [call.call_id, call.difference_micros - call.posted_micros] as const
  );
  assert.deepEqual(differences(again!), left.filter(([, micros]) => micros !== 0));
}

/** The story in lines a person can follow. */
function tell(story: Story): string {
  const { lived } = live(story, "00000000-0000-0000-0000-000000000000");
  const lines = lived.map(({ at, deed }, index) => `  ${index + 1}. ${new Date(at).toISOString()} ${deed}`);
  const shown = (value: unknown) =>
    JSON.stringify(value, (_, part) => typeof part === "bigint" ? Number(part) : part);
  return [`  settings ${shown(story.settings)}`, `  plan story ${shown(story.rate)}`, ...lines].join("\n");
}

Deno.test("Random stories of a wallet end as the reference model says, after every step and in every grant", async () => {
  await check<Story>({
    name: "wallet",
    arbitrary: stories,
    holds: async (story) => {
      const userId = crypto.randomUUID();
      const { model, lived } = live(story, userId);
      compare(model, lived, await play(connection, story, userId, lived));
    },
    parts: (story) => story.steps,
    withParts: (story, steps) => ({ ...story, steps: steps as Story["steps"] }),
    tell,
  }, { runs: 400, seconds: 25, atLeast: 40 });
});
