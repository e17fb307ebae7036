// `npm run test:stripe`: what can be tested with Stripe's API and page alone, against Stripe's own test mode when STRIPE_SECRET_KEY holds a test
// key, else against the simulator, by the same steps.
import { join } from "node:path";
import { realStripeKey } from "../stack/env.ts";
import { fromFileUrl, stateDir } from "../stack/paths.ts";
import { Processes } from "../stack/processes.ts";
import { stopRequested } from "../stack/signals.ts";
import { startStack } from "../stack/stack.ts";
import { accent, danger, quiet } from "../stack/terminal.ts";
import { runDenoTests } from "../testing/deno_tests.ts";

const HELP = `Tests payments with Stripe itself.

  npm run test:stripe                                    against the simulator
  STRIPE_SECRET_KEY=sk_test_… npm run test:stripe        against the test mode of that account
  npm run test:stripe -- buying                          only the files whose path contains this

It makes products, customers, payments, refunds and a dispute in the account. A live key is refused.`;

const tests = fromFileUrl(new URL("../../tests/stripe/", import.meta.url));

export default async function testStripe(args: string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(HELP);
    return 0;
  }
  let real: boolean;
  try {
    real = realStripeKey() !== null;
  } catch (error) {
    console.error(`${danger("✗")} ${(error as Error).message}`);
    return 2;
  }
  console.log(
    real ? "Against Stripe's own test mode" : `Against the simulator ${quiet("no STRIPE_SECRET_KEY is set")}`,
  );
  const name = `test-stripe-${Deno.pid}`;
  const stop = new AbortController();
  stopRequested().then(() => stop.abort());
  const processes = new Processes();
  const stack = await startStack({ name, ports: "free", scheduler: false, reset: true, signal: stop.signal });
  try {
    for (const note of stack.notes) console.log(`→ ${note}`);
    stop.signal.addEventListener("abort", () => processes.close());
    const { passed, failed, problems } = await runDenoTests({
      processes,
      env: stack.env,
      folder: join(tests),
      only: args,
    });
    for (const problem of problems) console.log(`\n${problem.replace(/^/gm, "    ")}`);
    console.log(`${failed > 0 ? danger("✗") : accent("✓")} ${passed} passed, ${failed} failed`);
    return failed > 0 || passed === 0 ? 1 : 0;
  } finally {
    await processes.close();
    await stack.stop();
    await Deno.remove(stateDir(name), { recursive: true }).catch(() => {});
  }
}
