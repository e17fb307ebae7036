// The stack of the SDK's tests: shared when the runner gives one, its own otherwise.
import type postgres from "postgres";
import { StripeControl } from "../../../dev/stripe/control.ts";
import type { Clock } from "../../../client-sdk/src/index.ts";
import { sql as connect, type StackEnv, useStack } from "../../support/stack.ts";

const stack = await useStack();
export const env: StackEnv = stack.env;
export const sql: postgres.Sql = connect(env);
export const stripe = new StripeControl(env.STRIPE_API_URL!);

Deno.test.afterAll(async () => {
  await sql.end();
  await stack.stop();
});

/** Runs the database's clock faster for the length of `work`, and hands it a client clock that keeps up. */
export async function accelerated<T>(speed: number, work: (clock: Clock) => Promise<T>): Promise<T> {
  await sql`select private.set_clock(now(), ${speed})`;
  try {
    return await work({
      now: () => performance.now() * speed,
      setTimeout: (callback, ms) => setTimeout(callback, ms / speed),
      clearTimeout: (handle) => clearTimeout(handle as number),
    });
  } finally {
    await sql`select private.reset_clock()`;
  }
}
