// What everybody in a soak shares: the stack, Stripe's side, what has been counted, and what nobody expected.
import type { Stack } from "../../dev/stack/stack.ts";
import type { randomNumbers } from "../support/load.ts";
import type { World } from "../support/healing.ts";

export type Random = ReturnType<typeof randomNumbers>;

export interface Scene extends World {
  stack: Stack;
  tally: Tally;
  /** When people stop doing things. */
  stop: AbortSignal;
}

/** What happened, by name; and each answer that should never have been given. */
export class Tally {
  readonly counts = new Map<string, number>();
  readonly unexpected: string[] = [];

  add(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  count(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  surprise(what: string): void {
    this.add("unexpected answers");
    if (this.unexpected.length < 20) this.unexpected.push(what);
  }
}

// deno-lint-ignore no-explicit-any -- an answer's shape is that of the function
export type Body = any;

/** Answers and refusals that are part of the life here; everything else below 500 is a surprise. */
const EXPECTED = new Set([
  "too_many_failed_payments", // the declined cards of one person
  "wallet_closed",
  "user_not_found",
  "insufficient_credit",
  "too_many_calls",
  "concurrent_call_limit",
  "call_ended",
  "call_not_found",
  "call_not_answered",
  "purchase_not_refundable",
  "refund_exceeds_payment",
  "auto_reload_not_possible",
  "idempotency_conflict",
]);

/** A request to a function or the Data API; null when it was refused or never answered. */
export async function ask(
  scene: Scene,
  name: string,
  url: string,
  body: unknown,
  token?: string,
): Promise<Body | null> {
  const { env, tally } = scene;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        apikey: token === undefined ? env.SECRET_KEY : env.PUBLISHABLE_KEY,
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    if (response.ok) return text === "" ? {} : JSON.parse(text);
    judge(tally, name, response.status, text);
  } catch {
    tally.add("requests without an answer");
  }
  return null;
}

function judge(tally: Tally, name: string, status: number, text: string): void {
  const { code, message } = parsed(text);
  // The Data API has no words for a database that went away in the middle.
  if (status >= 500 || code + message === "") return tally.add("requests that failed");
  if (EXPECTED.has(code) || EXPECTED.has(message)) return tally.add("requests refused");
  // Stripe's own refusals, such as of a key that keeps its first failure, come as the provider's error.
  if (code === "payment_provider_error") return tally.add("requests refused");
  tally.surprise(`${name}: ${status} ${text.slice(0, 300)}`);
}

function parsed(text: string): { code: string; message: string } {
  try {
    return { code: "", message: "", ...JSON.parse(text) };
  } catch {
    return { code: "", message: "" };
  }
}

export const callFunction = (scene: Scene, name: string, body: unknown, token?: string) =>
  ask(scene, name, `${scene.env.FUNCTIONS_URL}/${name}`, body, token);

export const callDatabase = (scene: Scene, name: string, body: unknown) =>
  ask(scene, name, `${scene.env.REST_URL}/rpc/${name}`, body);

/** Something done at Stripe; null where its state does not allow it. */
export async function atStripe<T>(scene: Scene, name: string, deed: Promise<T>): Promise<T | null> {
  try {
    const done = await deed;
    scene.tally.add(name);
    return done;
  } catch (error) {
    if (!/^Stripe simulator, /.test(String((error as Error).message))) throw error;
    return null;
  }
}
