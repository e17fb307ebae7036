// People at work while things die: each writes down what it asks before it asks, and what it was answered.
import type { SupabaseClient } from "@supabase/supabase-js";
import type { StripeControl } from "../../dev/stripe/control.ts";
import { pause } from "../support/load.ts";
import { DESTINATION, paidFacts, purchaseArguments, sessionOf } from "../support/wallets.ts";

export interface Deed {
  name: string;
  arguments: Record<string, unknown>;
  // deno-lint-ignore no-explicit-any -- an answer's shape is the API's
  answer?: any;
}

/** How a deed is done; rejects when it is not known whether it was done. */
export type Perform = (deed: Deed) => Promise<unknown>;

/** A refusal is an answer, and here a wrong one: nothing these clients do may be refused. */
export class Refusal extends Error {
  override name = "Refusal";
}

export abstract class Client {
  readonly deeds: Deed[] = [];
  protected count = 0;

  constructor(readonly userId: string, protected perform: Perform) {}

  /** The next thing to do, decided from what was answered so far. */
  protected abstract next(): Deed;

  /** Whether nothing is begun that is not finished. */
  abstract get atRest(): boolean;

  get unacknowledged(): Deed | undefined {
    const last = this.deeds.at(-1);
    return last && last.answer === undefined ? last : undefined;
  }

  get acknowledged(): Deed[] {
    return this.deeds.filter((deed) => deed.answer !== undefined);
  }

  /** Works until it is told to stop; asks again where nothing came back. Answers how often that was. */
  async work(stop: AbortSignal): Promise<number> {
    let failures = 0;
    while (!stop.aborted) {
      try {
        await this.step();
      } catch (error) {
        if (error instanceof Refusal) throw error;
        failures++;
        await pause(20);
      }
    }
    return failures;
  }

  /** Does what was left open again, under the same id, or the next thing. */
  async step(): Promise<void> {
    let deed = this.unacknowledged;
    if (!deed) {
      deed = this.next();
      this.deeds.push(deed);
    }
    deed.answer = await this.perform(deed);
  }

  /** Finishes what is begun, trying as long as it takes the world to come back. */
  async finish(patience: number): Promise<void> {
    for (const end = Date.now() + patience; this.unacknowledged || !this.atRest;) {
      try {
        await this.step();
      } catch (error) {
        if (error instanceof Refusal || Date.now() > end) throw error;
        await pause(50);
      }
    }
  }
}

/** Buys, calls, talks, hangs up, over the Data API as the telephony server does. */
export class Caller extends Client {
  protected next(): Deed {
    const last = this.deeds.at(-1);
    const call = () => ({ call_id: `call-${this.count}`, user_id: this.userId });
    switch (last?.name) {
      case "create_purchase":
        return { name: "attach_checkout_session", arguments: this.#session(last.answer.purchase_id) };
      case "attach_checkout_session":
        return {
          name: "apply_checkout_session",
          arguments: {
            user_id: this.userId,
            purchase_id: last.answer.purchase_id,
            session: this.#paid(last.answer),
          },
        };
      case "start_call":
        return { name: "answer_call", arguments: call() };
      case "answer_call":
        return { name: "extend_call", arguments: call() };
      case "extend_call":
        return { name: "end_call", arguments: call() };
      default:
        this.count++;
        return this.count % 4 === 1
          ? {
            name: "create_purchase",
            arguments: purchaseArguments(this.userId, `key-${this.count}`, "credit_5"),
          }
          : { name: "start_call", arguments: { ...call(), destination: DESTINATION } };
    }
  }

  get atRest(): boolean {
    return [undefined, "apply_checkout_session", "end_call"].includes(this.deeds.at(-1)?.name);
  }

  #session(purchaseId: string) {
    return {
      user_id: this.userId,
      purchase_id: purchaseId,
      stripe_session_id: sessionOf(purchaseId),
      checkout_url: "https://checkout.example/",
      session_expires_at: "2099-01-01T00:00:00Z",
      livemode: false,
    };
  }

  #paid(purchase: { purchase_id: string; stripe_session_id: string; price_cents: number }) {
    return paidFacts({
      userId: this.userId,
      purchaseId: purchase.purchase_id,
      sessionId: purchase.stripe_session_id,
      priceCents: purchase.price_cents,
    });
  }
}

/** Buys at Stripe and comes back, over the Edge Functions as a browser does. */
export class Buyer extends Client {
  protected next(): Deed {
    const last = this.deeds.at(-1);
    switch (last?.name) {
      case "create-checkout":
        return { name: "pay", arguments: { session_id: last.answer.purchase.stripe_session_id } };
      case "pay":
        return { name: "verify-checkout", arguments: last.arguments };
      default: {
        this.count++;
        const { user_id: _, ...asked } = purchaseArguments(this.userId, `key-${this.count}`, "credit_10");
        return { name: "create-checkout", arguments: asked };
      }
    }
  }

  get atRest(): boolean {
    return [undefined, "verify-checkout"].includes(this.deeds.at(-1)?.name);
  }
}

/** After this a client takes its request for lost and asks again. */
const PATIENCE_MS = 5000;

/** Over the Data API with the secret key. */
export function overDataApi(client: SupabaseClient): Perform {
  return async (deed) => {
    const { data, error, status } = await client.rpc(deed.name, deed.arguments).abortSignal(
      AbortSignal.timeout(PATIENCE_MS),
    );
    if (!error) return data;
    if (/^PT4/.test(error.code)) throw new Refusal(`${deed.name}: ${error.message} ${error.details}`);
    throw new Error(`${deed.name}: ${status} ${error.message}`);
  };
}

/** Over the Edge Functions as a signed-in user; paying is between the browser and Stripe. */
export function overFunctions(client: SupabaseClient, stripe: StripeControl): Perform {
  return async (deed) => {
    if (deed.name === "pay") return await stripe.payCheckout(deed.arguments.session_id as string);
    const { data, error } = await client.functions.invoke(deed.name, {
      body: deed.arguments,
      timeout: PATIENCE_MS,
    });
    if (!error) return data;
    const status = (error.context as Response | undefined)?.status ?? 0;
    const body = await (error.context as Response | undefined)?.text?.().catch(() => "") ?? "";
    if (status >= 400 && status < 500) throw new Refusal(`${deed.name}: ${status} ${body}`);
    throw new Error(`${deed.name}: ${status} ${body}`);
  };
}
