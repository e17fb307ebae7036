// The Edge Functions as deployed, each in a process of its own that can be killed at a chosen step of its work.
import { Functions } from "../../dev/stack/functions.ts";
import { type Child, Processes, type SpawnOptions } from "../../dev/stack/processes.ts";
import type { StackEnv } from "../support/stack.ts";
import { outcomeOf } from "../support/load.ts";
import { Gate } from "./payment_gate.ts";

/** Where a function is killed: a call of the database by its name, or of Stripe by method and path. */
export interface Step {
  at: string;
  when: "before" | "after";
  to?: "database" | "stripe";
}

class Watched extends Processes {
  readonly children = new Map<Child, string>();

  override spawn(options: SpawnOptions): Child {
    const child = super.spawn(options);
    this.children.set(child, options.args.at(-1) ?? "");
    return child;
  }
}

export interface Said {
  status: number;
  // deno-lint-ignore no-explicit-any -- an answer's shape is the function's
  body: any;
}

export class MortalFunctions {
  readonly #processes = new Watched();
  readonly #database: Gate;
  readonly #stripe: Gate;
  readonly #functions: Functions;
  deaths = 0;

  private constructor(private readonly env: StackEnv, folder: string) {
    this.#database = new Gate(env.API_URL);
    this.#stripe = new Gate(env.STRIPE_API_URL!);
    this.#functions = new Functions(this.#processes, folder, {
      SUPABASE_URL: this.#database.url,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: env.PUBLISHABLE_KEY }),
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: env.SECRET_KEY }),
      SUPABASE_JWKS: env.JWKS,
      STRIPE_SECRET_KEY: env.STRIPE_SECRET_KEY,
      STRIPE_API_URL: this.#stripe.url,
    });
  }

  static async start(env: StackEnv, folder: string): Promise<MortalFunctions> {
    const mortal = new MortalFunctions(env, folder);
    await mortal.#functions.discover();
    return mortal;
  }

  async close(): Promise<void> {
    await this.#processes.close();
    await Promise.all([this.#database.close(), this.#stripe.close()]);
  }

  /** A request by a signed-in person, or with the secret key. */
  async call(name: string, body: unknown, token?: string): Promise<Said> {
    const response = await fetch(await this.#functions.url(name), {
      method: "POST",
      headers: token === undefined ? { apikey: this.env.SECRET_KEY } : { Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  /** Everybody asks at once; when all have come to the step, the function is killed. None of them is answered. */
  async killAt(step: Step, name: string, asking: { body: unknown; token?: string }[]): Promise<void> {
    await this.#functions.url(name); // it is up before anybody asks
    const { at, when, to = "database" } = step;
    const gate = to === "database" ? this.#database : this.#stripe;
    const request = new RegExp(to === "database" ? `^POST /rest/v1/rpc/${at}$` : `^${at}$`);
    const people = asking.length;
    const sprung = gate.set({ request, when, people, spring: () => this.#kill(name) });
    const outcomes = await Promise.all(
      asking.map(({ body, token }) => outcomeOf(this.call(name, body, token).then((said) => [said]))),
    );
    const answered = outcomes.filter(({ ok }) => ok);
    if (answered.length > 0) throw new Error(`${name} was to die ${when} ${at}, and answered`);
    await sprung;
    this.deaths += 1;
  }

  async #kill(name: string): Promise<void> {
    const pids = [...this.#processes.children].filter(([child, path]) =>
      child.running && path.includes(`/functions/${name}/`)
    );
    for (const [child] of pids) {
      child.kill("SIGKILL");
      await child.status;
    }
  }
}
