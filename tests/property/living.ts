// How a story is lived: what the model answers to each step, and how the database is asked the same.
import { literal, rpc } from "../support/load.ts";
import { type CallRecord, ModelWallet, Refused } from "../support/model.ts";
import type { Rate } from "../support/rates.ts";
import {
  BEGIN,
  NUMBERS,
  OFFERS,
  PACKAGES,
  type Passing,
  type Reported,
  type Step,
  type Story,
  VIEWS,
} from "./story.ts";
import type { View } from "./story.ts";

const STANDARD: Rate = {
  ...{ perMinute: 150_000n, connectionFee: 0n, initial: 60n, increment: 60n, free: 0n, minimum: 0n },
  ...{ mode: "up", precision: 1n },
};
const SEEDED: Record<string, Rate> = {
  standard: STANDARD,
  prorated: { ...STANDARD, initial: 1n, increment: 1n },
};

export interface Lived {
  at: number;
  deed: string;
  sql: string;
  answer: unknown;
  state: ReturnType<ModelWallet["state"]>;
}

/** What the model answers to each step, and the statement that asks the database the same. */
export function live(story: Story, userId: string): { model: ModelWallet; lived: Lived[] } {
  const model = new ModelWallet(BEGIN, story.settings, { ...SEEDED, story: story.rate }, PACKAGES, OFFERS);
  const lived = story.steps.map((step) => {
    model.now = instantAfter(model, step.after);
    const { after: _, ...deed } = step;
    // What is asked is decided before the model changes.
    const sql = statement(step, model, userId);
    const answer = attempt(step, model);
    model.assertNothingOverspent();
    return { at: model.now, deed: JSON.stringify(deed), sql, answer, state: model.state() };
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

// -- When and what -------------------------------------------------------------------------------------------------------

/** The instant of the next step: always later than the one before, so that no two things happen at once. */
function instantAfter(model: ModelWallet, passing: Passing): number {
  if (!("until" in passing)) return model.now + passing.ms;
  const ahead = instantsOf(model, passing.until).filter((instant) => instant + passing.ms > model.now);
  return ahead.length ? Math.min(...ahead) + passing.ms : model.now + 1;
}

const DAY = 86_400_000;

function instantsOf(
  model: ModelWallet,
  kind: "deadline" | "expiry" | "sweep" | "warning" | "midnight",
): number[] {
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
    case "midnight":
      return [1, 2].map((days) => (Math.floor(model.now / DAY) + days) * DAY);
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

/** The newest ended call first, then the others, then nobody. */
function endedId(model: ModelWallet, which: number): string {
  const newest = [...model.calls.values()].reverse();
  const ended = newest.filter((call) => call.status === "ended");
  return [...ended, ...newest.filter((call) => call.status !== "ended")][which]?.id ?? "nobody";
}

/** The newest grant is 0; nobody has more than a thousand. */
const grantId = (model: ModelWallet, which: number) =>
  [...model.grants].reverse()[which]?.line ?? 1000 + which;

const newId = (model: ModelWallet, more = 0) => `call-${model.calls.size + 100 + more}`;

/** A new call, or one that there is, again. */
const startId = (model: ModelWallet, again: number | null) =>
  again === null || model.calls.size === 0 ? newId(model) : `call-${100 + again % model.calls.size}`;

const keyOf = (key: number) => `key-${key}`;

/** What a heartbeat says: seconds since the answer as the telephony system counts them, and its number. */
function heartbeat(model: ModelWallet, { which, off, request }: Step & { do: "extend" }) {
  const call = model.calls.get(callId(model, which));
  const since = call?.answeredAt ? Math.ceil((model.now - call.answeredAt) / 1000) : 0;
  return {
    reported: off === null ? null : since + off,
    request: request === null ? null : (call?.requestNumber ?? 10) + request,
  };
}

function amountOf(model: ModelWallet, { which, part }: Step & { do: "refund" }): bigint | null {
  const call = model.calls.get(endedId(model, which));
  const paid = call ? (call.cost ?? 0n) + call.rerated : 0n;
  return { all: null, whole: paid, half: paid / 2n, nothing: 0n, "too much": paid + 1n }[part];
}

function recordsOf(model: ModelWallet, reported: Reported[]): CallRecord[] {
  return reported.flatMap(({ again, ago, seconds, number, twice }, index) => {
    const known = again === null ? undefined : model.calls.get(startId(model, again));
    // Every third one told again is told otherwise.
    const record = known && again! % 3 > 0
      ? {
        id: known.id,
        number: known.number,
        startedAt: known.startedAt,
        seconds: known.status === "ended" ? known.duration! + known.unbilled : seconds,
      }
      : {
        id: known?.id ?? newId(model, index),
        number: NUMBERS[number]!,
        startedAt: model.now - ago * 1000,
        seconds,
      };
    return twice ? [record, record] : [record];
  });
}

/** Taking credit away from under a live call is not something the product does yet. */
const mayTakeAway = (model: ModelWallet) => model.openCalls.length === 0;

/** Two answered calls due in the same millisecond may be swept in either order. */
function maySweep(model: ModelWallet): boolean {
  const due = model.overdue.filter((open) => open.status === "answered").map((open) => open.sweepAt);
  return new Set(due).size === due.length;
}

// -- The model lives through it ------------------------------------------------------------------------------------------

function act(step: Step, model: ModelWallet): unknown {
  switch (step.do) {
    case "start":
      return model.start(startId(model, step.again), NUMBERS[step.number]!, step.answered);
    case "answer":
    case "get":
      return model[step.do](callId(model, step.which));
    case "extend": {
      const { reported, request } = heartbeat(model, step);
      return model.extend(callId(model, step.which), reported, request);
    }
    case "end":
      return model.end(callId(model, step.which), step.reason, step.reported);
    case "sweep":
      return maySweep(model) ? model.sweep() : null;
    case "buy":
      return model.buy(keyOf(step.key), step.package, step.code);
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
    case "redeem":
      return model.redeem();
    case "expire":
      return model.expire();
    case "extend grant":
      return model.extendGrant(grantId(model, step.grant), step.lifetime);
    case "void grant":
      return mayTakeAway(model) ? model.voidGrant(grantId(model, step.grant), step.reason) : null;
    case "refund":
      return model.refund(endedId(model, step.which), step.reason, amountOf(model, step));
    case "rerate": {
      const run = (dry: boolean) =>
        model.rerate(step.plan, step.reason, model.now - step.ago * 1000, model.now, dry);
      return { dry: run(true), real: run(false), again: run(true) };
    }
    case "import":
      return model.importRecords(recordsOf(model, step.records));
    case "set status":
      return void (model.status = step.status);
    case "set plan":
      return void (model.plan = step.plan);
    case "set thresholds":
      return void (model.thresholds = step.thresholds);
    case "set limit":
      return setLimit(model, step);
    case "estimate":
      return model.estimate(step.seconds);
  }
}

function setLimit(model: ModelWallet, { limit, value }: Step & { do: "set limit" }): void {
  const micros = value === null ? null : BigInt(value);
  if (limit === "credit") model.setCreditLimit(micros!);
  else if (limit === "daily") model.dailyLimit = micros;
  else if (limit === "low") model.lowBalance = micros;
  else model.mostCalls = value;
}

// -- The database is asked the same --------------------------------------------------------------------------------------

const NOTHING = "select null::jsonb as answer";
const LIMITS = {
  credit: "credit_limit_micros",
  daily: "daily_spend_limit_micros",
  calls: "max_concurrent_calls",
  low: "low_balance_threshold_micros",
};
const iso = (at: number) => new Date(at).toISOString();

function statement(step: Step, model: ModelWallet, userId: string): string {
  const user = literal(userId);
  const ours = { call_id: "which" in step ? callId(model, step.which) : "", user_id: userId };
  const set = (column: string, value: string) =>
    `update public.users set ${column} = ${value} where id = ${user} returning null::jsonb`;
  switch (step.do) {
    case "start": {
      const { number, answered, again } = step;
      return rpc("start_call", {
        ...ours,
        call_id: startId(model, again),
        destination: NUMBERS[number],
        answered,
      });
    }
    case "answer":
    case "get":
      return rpc(`${step.do}_call`, ours);
    case "extend": {
      const { reported, request } = heartbeat(model, step);
      return rpc("extend_call", { ...ours, elapsed_seconds: reported, request_number: request });
    }
    case "end":
      return rpc("end_call", { ...ours, reason: step.reason, duration_seconds: step.reported });
    case "sweep":
      return maySweep(model) ? `${NOTHING} from public.sweep_calls()` : NOTHING;
    case "buy":
      return buyStatement(user, keyOf(step.key), step.package, step.code);
    case "hear":
      return hearStatement(user, keyOf(step.key), step.view);
    case "grant":
      return grantStatement(user, step);
    case "take away":
      return mayTakeAway(model)
        ? `${NOTHING} from private.post_transaction(${user}, 'adjustment', -${step.micros}, 'adjustment', 'Story') t,
          private.spend_credit(${user}, t.line, ${step.micros}, '-infinity')`
        : NOTHING;
    case "redeem":
      return rpc("redeem_code", { code: " story-free", user_id: userId });
    case "expire":
      return `${NOTHING} from private.sweep_expired_credit()`;
    case "extend grant": {
      const until = step.lifetime === null ? null : iso(model.now + step.lifetime * 1000);
      const grant = { user_id: userId, grant_id: grantId(model, step.grant) };
      return rpc("extend_grant", { ...grant, expires_at: until, reason: "Story" });
    }
    case "void grant": {
      const grant = { user_id: userId, grant_id: grantId(model, step.grant) };
      return mayTakeAway(model) ? rpc("void_grant", { ...grant, reason: step.reason }) : NOTHING;
    }
    case "refund": {
      const { reason } = step;
      return rpc("refund_call", {
        ...{ ...ours, call_id: endedId(model, step.which), reason },
        amount_micros: amountOf(model, step),
      });
    }
    case "rerate":
      return rerateStatement(userId, step, model.now);
    case "import":
      return importStatement(userId, recordsOf(model, step.records));
    case "set status":
      return set("status", `'${step.status}'`);
    case "set plan":
      return set("rate_plan", `'${step.plan}'`);
    case "set thresholds":
      return set("warning_thresholds_seconds", `'{${step.thresholds.join()}}'`);
    case "set limit":
      return set(LIMITS[step.limit], literal(step.value));
    case "estimate":
      return rpc("estimate_call", {
        destination: NUMBERS[0],
        duration_seconds: step.seconds,
        user_id: userId,
      });
  }
}

function grantStatement(user: string, { source, micros, lifetime }: Step & { do: "grant" }): string {
  const [kind, account] = source === "promotional"
    ? ["bonus", "promotional_expense"]
    : ["adjustment", "adjustment"];
  const expiry = lifetime === null ? "null" : `private.clock() + interval '${lifetime} seconds'`;
  return `${NOTHING} from private.grant_credit(${user}, '${kind}', '${source}', ${micros}, '${account}', 'Story', null, ${expiry})`;
}

/** A dry run, the real one, and another dry run to see what is left. */
function rerateStatement(
  userId: string,
  { plan, ago, reason }: Step & { do: "rerate" },
  now: number,
): string {
  const run = (dry: boolean) =>
    `public.rerate_calls(${literal(plan)}, '${iso(now - ago * 1000)}', '${iso(now)}', ${literal(reason)}, ${
      literal(userId)
    }, ${dry})`;
  return `select jsonb_build_object('dry', ${run(true)}, 'real', ${run(false)}, 'again', ${
    run(true)
  }) as answer`;
}

function importStatement(userId: string, records: CallRecord[]): string {
  const written = records.map(({ id, number, startedAt, seconds }) => ({
    ...{
      user_id: userId,
      call_id: id,
      destination: number,
      started_at: iso(startedAt),
      duration_seconds: seconds,
    },
  }));
  return `select a.answer || jsonb_build_object('refused', (select coalesce(jsonb_agg(r order by (r ->> 'position')::integer), '[]')
      from jsonb_array_elements(a.answer -> 'refused') r)) as answer
    from public.import_call_records(${literal(JSON.stringify(written))}::jsonb) as a (answer)`;
}

function buyStatement(user: string, key: string, code: string, withCode: boolean): string {
  const promoCode = withCode ? "'STORYADD'" : "null";
  return `with made as (
      select public.create_purchase(${user}, '${code}', '${key}', 'http://localhost:1/', 'http://localhost:1/', ${promoCode}) as purchase
    )
    select case when purchase ? 'message' then jsonb_build_object('refused', purchase -> 'message') else public.attach_checkout_session(${user}, (purchase ->> 'purchase_id')::uuid, 'cs_' || (purchase ->> 'purchase_id'),
      'https://checkout.example/', private.clock() + interval '24 hours', false)
      || jsonb_build_object('replayed', purchase -> 'replayed') end as answer
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
