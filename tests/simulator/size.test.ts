import assert from "node:assert/strict";
import { Api } from "../../dev/stripe/api.ts";
import { payCheckout } from "../../dev/stripe/control_routes.ts";
import { copy } from "../../dev/stripe/copy.ts";
import type { Answer } from "../../dev/stripe/http.ts";
import { newId, newSessionId } from "../../dev/stripe/ids.ts";
import { Simulator } from "../../dev/stripe/simulator.ts";

/** Requests without a network between: what is measured is the simulator alone. */
class Direct {
  readonly sim = new Simulator({ publicUrl: "http://stripe.example" });
  readonly #api = new Api(this.sim);

  async ask(method: string, path: string, body = ""): Promise<{ id: string; data: { id: string }[] }> {
    const answer = await this.#api.handle({
      method,
      url: new URL(path, "http://stripe.example"),
      header: (name) =>
        ({ authorization: "Bearer sk_test_x", "content-type": "application/x-www-form-urlencoded" })[name] ??
          null,
      body,
      signal: new AbortController().signal,
    }) as Answer;
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body);
  }

  /** Made by requests, every second one paid. */
  async make(sessions: number): Promise<void> {
    for (let index = 0; index < sessions; index++) {
      const { id } = await this.ask("POST", "/v1/checkout/sessions", NEW_SESSION);
      if (index % 2 === 0) payCheckout(this.sim, id, {});
    }
  }

  /** The rest by copying what was made, which is quicker and leaves the same tables. */
  async grow(sessions: number): Promise<void> {
    await this.make(100);
    const { store, events } = this.sim;
    const made = store.sessions.values();
    const price = store.prices.values()[0]!;
    for (let index = made.length; index < sessions; index++) {
      const model = made[index % made.length]!;
      const session = { ...copy(model), id: newSessionId() };
      store.plans.put({ ...copy(store.plans.need(model.id)), id: session.id });
      if (model.payment_intent) {
        const intent = { ...copy(store.paymentIntents.need(String(model.payment_intent))), id: newId("pi") };
        session.payment_intent = store.paymentIntents.put(intent).id;
        events.emit("payment_intent.succeeded", intent);
        events.emit("checkout.session.completed", session);
      }
      store.prices.put({ ...copy(price), id: newId("price") });
      store.sessions.put(session);
      this.sim.schedule("expire_session", session.id, session.expires_at);
    }
  }
}

const NEW_SESSION = new URLSearchParams({
  mode: "payment",
  success_url: "https://shop.example/done",
  "line_items[0][price_data][currency]": "usd",
  "line_items[0][price_data][unit_amount]": "1000",
  "line_items[0][price_data][product_data][name]": "credit",
  "line_items[0][quantity]": "1",
}).toString();

const LISTS = [
  "/v1/checkout/sessions?limit=10",
  "/v1/checkout/sessions?limit=10&status=complete",
  "/v1/payment_intents?limit=10",
  "/v1/events?limit=10&types[0]=checkout.session.completed",
  "/v1/prices?limit=10&lookup_keys[0]=none",
];

/** The fastest of several rounds, so that a busy machine does not decide. */
async function fastest(work: () => Promise<unknown>): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < 7; round++) {
    const started = performance.now();
    await work();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

Deno.test("ten thousand sessions cost a request no more than a few hundred do", async () => {
  const small = new Direct();
  const large = new Direct();
  await small.grow(300);
  await large.grow(10_000);
  for (const list of LISTS) {
    const few = await fastest(() => small.ask("GET", list));
    const all = await fastest(() => large.ask("GET", list));
    assert.ok(all < few * 4 + 2, `${list}: ${few.toFixed(2)} ms became ${all.toFixed(2)} ms`);
  }
  const few = await fastest(() => small.make(20));
  const all = await fastest(() => large.make(20));
  assert.ok(all < few * 4 + 4, `making 20: ${few.toFixed(2)} ms became ${all.toFixed(2)} ms`);
});

Deno.test("a walk over ten thousand sessions meets each of them once", async () => {
  const direct = new Direct();
  await direct.grow(10_000);
  const seen = new Set<string>();
  let after = "";
  for (let pages = 0; pages < 101; pages++) {
    const { data } = await direct.ask("GET", `/v1/checkout/sessions?limit=100${after}`);
    for (const { id } of data) seen.add(id);
    if (data.length < 100) break;
    after = `&starting_after=${data.at(-1)!.id}`;
  }
  assert.equal(seen.size, 10_000);
});
