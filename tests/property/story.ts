// Random stories of one wallet: steps as data, how the model lives through them, and how the database is asked to.
import fc from "fast-check";
import { literal, rpc } from "../support/load.ts";
import { ModelWallet, type Package, Refused, type Settings } from "../support/model.ts";
import type { Rate } from "../support/rates.ts";

/** How time passes before a step: some milliseconds, or until about an instant that matters. */
export type Passing = { ms: number } | { until: "deadline" | "expiry" | "sweep" | "warning"; ms: number };

export type Step =
  & { after: Passing }
  & (
    | { do: "start"; again: number | null; number: number }
    | { do: "answer" | "extend" | "get"; which: number }
    | { do: "end"; which: number; reason: string; reported: number | null }
    | { do: "sweep" }
    | { do: "buy"; key: number; package: string }
    | { do: "hear"; key: number; view: View }
    | { do: "grant"; source: "promotional" | "adjustment"; micros: number; lifetime: number | null }
    | { do: "take away"; micros: number }
    | { do: "set status"; status: "active" | "suspended" }
    | { do: "set plan"; plan: string }
    | { do: "set thresholds"; thresholds: number[] }
    | { do: "estimate"; seconds: number }
  );

const VIEWS = {
  paid: { status: "complete", payment_status: "paid" },
  processing: { status: "complete", payment_status: "unpaid" },
  failed: { status: "complete", payment_status: "unpaid", payment_intent_status: "requires_payment_method" },
  open: { status: "open", payment_status: "unpaid" },
  expired: { status: "expired", payment_status: "unpaid" },
  review: { status: "complete", payment_status: "paid", amount_total: 1 },
} as const;
type View = keyof typeof VIEWS;

export const NUMBERS = ["+14155552671", "+442071838750"];
export const BEGIN = Date.UTC(2020, 0, 1);
export const PACKAGES: Record<string, Package> = {
  story_small: { priceCents: 50, creditMicros: 500_000n, bonusMicros: 0n },
  story_bonus: { priceCents: 75, creditMicros: 800_000n, bonusMicros: 123_457n },
};

export interface Story {
  settings: Settings;
  /** The price of the plan `story`; the plans `standard` and `prorated` are the seed's. */
  rate: Rate;
  /** Whether all books are checked at its end; that reads every wallet there is, so few stories do. */
  audited: boolean;
  steps: Step[];
}

const SEEDED: Record<string, Rate> = {
  standard: {
    perMinute: 150_000n,
    connectionFee: 0n,
    initial: 60n,
    increment: 60n,
    mode: "up",
    precision: 1n,
  },
  prorated: { perMinute: 150_000n, connectionFee: 0n, initial: 1n, increment: 1n, mode: "up", precision: 1n },
};

export const modelOf = ({ settings, rate }: Story) =>
  new ModelWallet(BEGIN, settings, { ...SEEDED, story: rate }, PACKAGES);

// -- Generators ----------------------------------------------------------------------------------------------------------

const settings: fc.Arbitrary<Settings> = fc.record({
  quantum: fc.constantFrom(300, 60, 1, 77),
  heartbeatInterval: fc.constantFrom(30, 10),
  heartbeatTimeout: fc.constantFrom(90, 31),
  ringTimeout: fc.constantFrom(120, 45),
  endGrace: fc.constantFrom(5, 0),
  maxCall: fc.constantFrom(14_400, 600, 90),
});

const rate: fc.Arbitrary<Rate> = fc.record({
  perMinute: fc.oneof(fc.constantFrom(150_000n, 30n, 0n), fc.bigInt(1n, 2_000_000n)),
  connectionFee: fc.constantFrom(0n, 0n, 50_000n, 7n),
  initial: fc.constantFrom(60n, 30n, 1n, 7n),
  increment: fc.constantFrom(60n, 6n, 1n, 11n),
  mode: fc.constantFrom<Rate["mode"]>("up", "down", "half_up", "half_even"),
  precision: fc.constantFrom(1n, 10_000n, 60n),
});

const passing: fc.Arbitrary<Passing> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ ms: fc.integer({ min: 1, max: 30_000 }) }) },
  { weight: 2, arbitrary: fc.record({ ms: fc.constantFrom(1, 999, 1000, 1001, 20_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      until: fc.constantFrom("deadline", "expiry", "sweep", "warning", "warning"),
      ms: fc.constantFrom(0, -1, 1, -1000, 1500, -29_000, 40_000),
    }),
  },
);

/** Which call, counted from the newest open one; past the last there is none. */
const which = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 0, 0, 0, 1) },
  { weight: 1, arbitrary: fc.nat({ max: 5 }) },
);
const key = fc.nat({ max: 2 });
const micros = fc.oneof(
  fc.integer({ min: 1, max: 3_000_000 }),
  fc.constantFrom(150_000, 750_000, 1_500_000, 1),
);
const one = <T extends string>(name: T) => fc.constant<T>(name);

const deeds = fc.oneof(
  {
    weight: 7,
    arbitrary: fc.record({
      do: one("start"),
      again: fc.option(fc.nat({ max: 12 }), { freq: 6 }),
      number: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: one("answer"), which }) },
  { weight: 16, arbitrary: fc.record({ do: one("extend"), which }) },
  { weight: 1, arbitrary: fc.record({ do: one("get"), which }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: one("end"),
      which,
      reason: fc.constantFrom(
        "completed",
        "completed",
        "busy",
        "failed",
        "canceled",
        "no_answer",
        "credit_exhausted",
      ),
      reported: fc.option(fc.integer({ min: -1, max: 200 }), { freq: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: one("sweep") }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: one("buy"), key, package: fc.constantFrom(...Object.keys(PACKAGES)) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: one("hear"),
      key,
      view: fc.constantFrom<View>(
        "paid",
        "paid",
        "paid",
        "processing",
        "failed",
        "open",
        "expired",
        "review",
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: one("grant"),
      source: fc.constantFrom("promotional", "promotional", "adjustment"),
      micros,
      lifetime: fc.option(fc.integer({ min: 1, max: 400 }), { freq: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: one("take away"), micros }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: one("set status"),
      status: fc.constantFrom("active", "active", "active", "suspended"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: one("set plan"), plan: fc.constantFrom("standard", "prorated", "story") }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: one("set thresholds"),
      thresholds: fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: one("estimate"), seconds: fc.integer({ min: 0, max: 2000 }) }) },
);

const step = fc.tuple(deeds, passing).map(([deed, after]) => ({ ...deed, after }) as Step);

/** Most stories begin with credit and a call, or there would be little to tell. */
const beginning: fc.Arbitrary<Step[]> = fc.tuple(micros, fc.boolean(), fc.integer({ min: 1, max: 20_000 }))
  .map((
    [micros, answered, ms],
  ) => [
    { do: "grant", source: "adjustment", micros: micros + 150_000, lifetime: null, after: { ms } },
    { do: "start", again: null, number: 0, after: { ms } },
    ...(answered ? [{ do: "answer" as const, which: 0, after: { ms } }] : []),
  ]);

export const stories: fc.Arbitrary<Story> = fc.record({
  settings,
  rate,
  audited: fc.nat({ max: 7 }).map((n) => n === 0),
  steps: fc.tuple(beginning, fc.array(step, { minLength: 1, maxLength: 50, size: "max" })).map((parts) =>
    parts.flat()
  ),
});

// -- The model lives through it ----------------------------------------------------------------------------------------

/** The instant of the next step: always later than the one before, so that no two things happen at once. */
function instantAfter(model: ModelWallet, passing: Passing): number {
  if (!("until" in passing)) return model.now + passing.ms;
  const ahead = instantsOf(model, passing.until).filter((instant) => instant + passing.ms > model.now);
  return ahead.length ? Math.min(...ahead) + passing.ms : model.now + 1;
}

function instantsOf(model: ModelWallet, kind: "deadline" | "expiry" | "sweep" | "warning"): number[] {
  const answered = model.openCalls.filter((call) => call.status === "answered");
  switch (kind) {
    case "deadline":
      return answered.map((call) => model.deadline(call)!);
    case "expiry":
      return model.grants.flatMap((grant) =>
        grant.remaining > 0n && grant.expiresAt ? [grant.expiresAt] : []
      );
    case "sweep":
      return model.openCalls.map((call) => call.sweepAt!);
    case "warning":
      return answered.flatMap((call) =>
        model.thresholds.map((left) => call.answeredAt! + (model.affordable(call) - left) * 1000)
      );
  }
}

export interface Lived {
  at: number;
  deed: string;
  sql: string;
  answer: unknown;
  state: ReturnType<ModelWallet["state"]>;
}

/** What the model answers to each step, and the statement that asks the database the same. */
export function live(story: Story, userId: string): { model: ModelWallet; lived: Lived[] } {
  const model = modelOf(story);
  const lived = story.steps.map((step) => {
    model.now = instantAfter(model, step.after);
    const { after: _, ...deed } = step;
    // What is allowed is decided before the model changes.
    const sql = statement(step, model, userId);
    return {
      at: model.now,
      deed: JSON.stringify(deed),
      sql,
      answer: attempt(step, model),
      state: model.state(),
    };
  });
  return { model, lived };
}

function attempt(step: Step, model: ModelWallet): unknown {
  try {
    return act(step, model) ?? null;
  } catch (error) {
    if (error instanceof Refused) return { refused: error.code };
    throw error;
  }
}

/** The newest open call first, then the others, then nobody. */
function callId(model: ModelWallet, which: number): string {
  const newest = [...model.calls.values()].reverse();
  const calls = [
    ...newest.filter((call) => call.status !== "ended"),
    ...newest.filter((call) => call.status === "ended"),
  ];
  return calls[which]?.id ?? "nobody";
}

/** A new call, or one that there is, again. */
const startId = (model: ModelWallet, again: number | null) =>
  again === null || model.calls.size === 0
    ? `call-${model.calls.size + 100}`
    : `call-${100 + again % model.calls.size}`;

const keyOf = (key: number) => `key-${key}`;

/** Taking credit away from under a live call is not something the product does yet. */
const mayTakeAway = (model: ModelWallet) => model.openCalls.length === 0;

/** Two answered calls due in the same millisecond may be swept in either order. */
function maySweep(model: ModelWallet): boolean {
  const due = model.overdue.filter((open) => open.status === "answered").map((open) => open.sweepAt);
  return new Set(due).size === due.length;
}

function act(step: Step, model: ModelWallet): unknown {
  switch (step.do) {
    case "start":
      return model.start(startId(model, step.again), NUMBERS[step.number]!);
    case "answer":
    case "extend":
    case "get":
      return model[step.do](callId(model, step.which));
    case "end":
      return model.end(callId(model, step.which), step.reason, step.reported);
    case "sweep":
      return maySweep(model) ? model.sweep() : null;
    case "buy":
      return model.buy(keyOf(step.key), step.package);
    case "hear":
      return model.hear(keyOf(step.key), step.view);
    case "grant": {
      const kind = step.source === "promotional" ? "bonus" : "adjustment";
      const account = step.source === "promotional" ? "promotional_expense" : "adjustment";
      const expiresAt = step.lifetime === null ? null : model.now + step.lifetime * 1000;
      return model.grant(kind, step.source, BigInt(step.micros), account, expiresAt);
    }
    case "take away":
      return mayTakeAway(model) ? model.takeAway(BigInt(step.micros)) : null;
    case "set status":
      return void (model.status = step.status);
    case "set plan":
      return void (model.plan = step.plan);
    case "set thresholds":
      return void (model.thresholds = step.thresholds);
    case "estimate":
      return model.estimate(step.seconds);
  }
}

// -- The database is asked the same --------------------------------------------------------------------------------------

const NOTHING = "select null::jsonb as answer";

function statement(step: Step, model: ModelWallet, userId: string): string {
  const user = literal(userId);
  const ours = { call_id: "which" in step ? callId(model, step.which) : "", user_id: userId };
  switch (step.do) {
    case "start":
      return rpc("start_call", {
        ...ours,
        call_id: startId(model, step.again),
        destination: NUMBERS[step.number],
      });
    case "answer":
    case "extend":
    case "get":
      return rpc(`${step.do}_call`, ours);
    case "end":
      return rpc("end_call", { ...ours, reason: step.reason, duration_seconds: step.reported });
    case "sweep":
      return maySweep(model) ? `${NOTHING} from public.sweep_calls()` : NOTHING;
    case "buy":
      return buyStatement(user, keyOf(step.key), step.package);
    case "hear":
      return hearStatement(user, keyOf(step.key), step.view);
    case "grant": {
      const [kind, account] = step.source === "promotional"
        ? ["bonus", "promotional_expense"]
        : ["adjustment", "adjustment"];
      const expiry = step.lifetime === null
        ? "null"
        : `private.clock() + interval '${step.lifetime} seconds'`;
      return `${NOTHING} from private.grant_credit(${user}, '${kind}', '${step.source}', ${step.micros}, '${account}', 'Story',
        null, ${expiry})`;
    }
    case "take away":
      return mayTakeAway(model)
        ? `${NOTHING} from private.post_transaction(${user}, 'adjustment', -${step.micros}, 'adjustment', 'Story') t,
          private.spend_credit(${user}, t.line, ${step.micros}, '-infinity')`
        : NOTHING;
    case "set status":
      return `update public.users set status = '${step.status}' where id = ${user} returning null::jsonb`;
    case "set plan":
      return `update public.users set rate_plan = '${step.plan}' where id = ${user} returning null::jsonb`;
    case "set thresholds":
      return `update public.users set warning_thresholds_seconds = '{${step.thresholds.join()}}' where id = ${user} returning null::jsonb`;
    case "estimate":
      return rpc("estimate_call", {
        destination: NUMBERS[0],
        duration_seconds: step.seconds,
        user_id: userId,
      });
  }
}

function buyStatement(user: string, key: string, code: string): string {
  return `with made as (
      select public.create_purchase(${user}, '${code}', '${key}', 'http://localhost:1/', 'http://localhost:1/') as purchase
    )
    select public.attach_checkout_session(${user}, (purchase ->> 'purchase_id')::uuid, 'cs_' || (purchase ->> 'purchase_id'),
      'https://checkout.example/', private.clock() + interval '24 hours', false)
      || jsonb_build_object('replayed', purchase -> 'replayed') as answer
    from made`;
}

function hearStatement(user: string, key: string, view: View): string {
  return `select (a.answer -> 'purchase') || (a.answer - 'purchase') as answer from public.purchases p,
    lateral (select public.apply_checkout_session(p.user_id, p.id, jsonb_build_object('id', p.stripe_session_id,
      'mode', 'payment', 'livemode', false, 'currency', 'usd', 'amount_subtotal', p.price_cents, 'amount_total', p.price_cents,
      'client_reference_id', p.user_id, 'metadata', jsonb_build_object('purchase_id', p.id)) || ${
    literal(VIEWS[view])
  }) as answer) a
    where p.user_id = ${user} and p.idempotency_key = '${key}'`;
}
