// Somebody who buys, calls, changes their mind, loses cards and patience; also what their bank and the seller's dashboard do about it.
import { bankAccountsOf } from "../../dev/stripe/bank_accounts.ts";
import { DECLINES } from "../../dev/stripe/cards.ts";
import type { ClosingStatus, DeclineName } from "../../dev/stripe/control.ts";
import { pause } from "../support/load.ts";
import { signUp } from "../support/stack.ts";
import { DESTINATION } from "../support/wallets.ts";
import { atStripe, callDatabase, callFunction, type Random, type Scene } from "./scene.ts";

const PAGES = { success_url: "http://localhost:3000/done", cancel_url: "http://localhost:3000/buy" };
const CARDS = { good: "4242424242424242", refused: "4000000000000002", wantsTheBank: "4000002760003184" };
const ACCOUNTS = bankAccountsOf("us_bank_account").map(({ number }) => number);
const ENDINGS: ClosingStatus[] = ["won", "lost", "lost", "won", "warning_closed"];

interface Bought {
  purchase: string;
  session: string;
}

export class Person {
  readonly #bought: Bought[] = [];
  readonly #refunds: string[] = [];
  readonly #disputes: string[] = [];
  readonly #cards: string[] = [];
  #calls = 0;

  private constructor(
    private readonly scene: Scene,
    private readonly random: Random,
    private readonly userId: string,
    private readonly token: string,
  ) {}

  static async join(scene: Scene, random: Random): Promise<Person> {
    const { userId, accessToken } = await signUp(scene.env);
    scene.tally.add("people");
    return new Person(scene, random, userId, accessToken);
  }

  /** Each deed as often as its number says. */
  readonly #deeds: [weight: number, deed: () => Promise<unknown>][] = [
    [14, () => this.#buy("returns")],
    [8, () => this.#buy("closes the browser")],
    [7, () => this.#payByBank()],
    [5, () => this.#payWithTrouble()],
    [4, () => this.#open()], // and forgets it
    [3, () => this.#payTwoPages()],
    [
      2,
      () =>
        this.#onSome(
          this.#bought,
          ({ session }) => this.#stripe("sessions expired", this.scene.stripe.expireSession(session)),
        ),
    ],
    [18, () => this.#call()],
    [5, () => this.#refundHere()],
    [4, () => this.#refundInDashboard()],
    [
      3,
      () =>
        this.#onSome(this.#refunds, (id) => this.#stripe("refunds failed", this.scene.stripe.failRefund(id))),
    ],
    [5, () => this.#dispute()],
    [6, () => this.#onSome(this.#disputes, (id) => this.#decide(id))],
    [3, () => this.#saveCard()],
    [3, () => this.#onSome(this.#cards, (card) => this.#changeCard(card))],
    [5, () => this.#onSome(this.#cards, () => this.#agree())],
  ];

  /** Does things until it is told to stop. Somebody who leaves deletes their login, and it is over for them. */
  async live(): Promise<void> {
    while (!this.scene.stop.aborted) {
      await this.#next();
      this.scene.tally.add("deeds");
      await pause(this.random.below(300));
      if (this.random.below(600) === 0) return await this.#leave();
    }
  }

  async #next(): Promise<void> {
    let pick = this.random.below(this.#deeds.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, deed] of this.#deeds) {
      if (pick < weight) return void await deed();
      pick -= weight;
    }
  }

  #stripe<T>(name: string, deed: Promise<T>): Promise<T | null> {
    return atStripe(this.scene, name, deed);
  }

  async #onSome<T>(items: T[], deed: (item: T) => Promise<unknown>): Promise<void> {
    if (items.length > 0) await deed(this.random.pick(items));
  }

  /** A page to pay on; null where the person gave up. */
  async #open(): Promise<Bought | null> {
    const package_code = this.random.pick(["credit_5", "credit_10", "credit_20"]);
    let body = { package_code, ...PAGES, idempotency_key: crypto.randomUUID() };
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const answer = await callFunction(this.scene, "create-checkout", body, this.token);
      if (answer !== null) {
        const { purchase_id: purchase, stripe_session_id: session } = answer.purchase;
        this.scene.tally.add("purchases begun");
        if (session === null) return null; // it has expired meanwhile
        this.#bought.push({ purchase, session });
        return { purchase, session };
      }
      // Asks again as the page does, or starts over.
      await pause(300 + this.random.below(700));
      if (this.random.below(3) === 0) body = { ...body, idempotency_key: crypto.randomUUID() };
    }
    return null;
  }

  async #pay(session: string, options: Parameters<Scene["stripe"]["payCheckout"]>[1] = {}): Promise<boolean> {
    const result = await this.#stripe("pages submitted", this.scene.stripe.payCheckout(session, options));
    if (result?.kind === "declined") this.scene.tally.add("cards declined");
    return result?.kind === "complete";
  }

  async #buy(then: "returns" | "closes the browser"): Promise<void> {
    const page = await this.#open();
    if (page === null || !await this.#pay(page.session) || then !== "returns") return;
    await this.#return(page);
    if (this.random.below(4) === 0) await this.#return(page); // a reload of the page
  }

  #return({ session }: Bought) {
    return callFunction(this.scene, "verify-checkout", { session_id: session }, this.token);
  }

  async #payByBank(): Promise<void> {
    const page = await this.#open();
    if (page === null) return;
    await this.#pay(page.session, { method: "us_bank_account", account: this.random.pick(ACCOUNTS) });
    this.scene.tally.add("bank debits");
    if (this.random.below(2) === 0) await this.#return(page);
    // The others end by themselves, days later.
    const end = this.random.below(4);
    if (end === 0) await this.#stripe("debits settled", this.scene.stripe.settle(page.session));
    if (end === 1) await this.#stripe("debits refused", this.scene.stripe.failPayment(page.session));
  }

  async #payWithTrouble(): Promise<void> {
    const page = await this.#open();
    if (page === null) return;
    await this.#pay(page.session, { card: CARDS.refused });
    const authenticate = this.random.below(3) > 0;
    await this.#pay(page.session, { card: CARDS.wantsTheBank, authenticate });
    if (this.random.below(2) === 0) await this.#return(page);
  }

  /** The second supersedes the first, which is paid all the same if Stripe still takes it. */
  async #payTwoPages(): Promise<void> {
    const [first, second] = [await this.#open(), await this.#open()];
    for (const page of [second, first]) if (page !== null) await this.#pay(page.session);
  }

  async #call(): Promise<void> {
    const call = { call_id: `call-${this.#calls++}`, user_id: this.userId };
    const started = await callDatabase(this.scene, "start_call", { ...call, destination: DESTINATION });
    if (started === null) return;
    this.scene.tally.add("calls");
    await callDatabase(this.scene, "answer_call", call);
    if (this.random.below(2) === 0) await callDatabase(this.scene, "extend_call", call);
    // The sweeper ends the others.
    if (this.random.below(4) > 0) await callDatabase(this.scene, "end_call", call);
  }

  #refundHere(): Promise<void> {
    return this.#onSome(this.#bought, async ({ purchase }) => {
      const part = this.random.below(2) === 0 ? { amount_cents: 1 + this.random.below(500) } : {};
      const body = {
        user_id: this.userId,
        purchase_id: purchase,
        reason: "Asked for",
        idempotency_key: crypto.randomUUID(),
        ...part,
      };
      let answer = await callFunction(this.scene, "refund-purchase", body);
      if (answer === null && this.random.below(2) === 0) {
        answer = await callFunction(this.scene, "refund-purchase", body);
      }
      if (answer === null) return;
      this.scene.tally.add("refunds by us");
      if (answer.refund.stripe_refund_id) this.#refunds.push(answer.refund.stripe_refund_id);
    });
  }

  #refundInDashboard(): Promise<void> {
    return this.#onSome(this.#bought, async ({ session }) => {
      const part = this.random.below(2) === 0 ? { amount: 1 + this.random.below(500) } : {};
      const refund = await this.#stripe("refunds in the dashboard", this.scene.stripe.refund(session, part));
      if (refund !== null) this.#refunds.push(refund.id);
    });
  }

  #dispute(): Promise<void> {
    return this.#onSome(this.#bought, async ({ session }) => {
      const amount = this.random.below(3) === 0 ? { amount: 1 + this.random.below(700) } : {};
      const inquiry = this.random.below(4) === 0;
      const dispute = await this.#stripe(
        "disputes",
        this.scene.stripe.openDispute(session, { ...amount, inquiry }),
      );
      if (dispute !== null) this.#disputes.push(dispute.id);
    });
  }

  /** Also once more after it was over: an appeal. */
  async #decide(id: string): Promise<void> {
    if (this.random.below(3) === 0) {
      const status = this.random.pick(["under_review", "needs_response"]);
      await this.#stripe("disputes moved", this.scene.stripe.moveDispute(id, status));
    } else {
      await this.#stripe("disputes decided", this.scene.stripe.closeDispute(id, this.random.pick(ENDINGS)));
    }
  }

  /** Keeps a card and agrees to auto-reload. */
  async #saveCard(): Promise<void> {
    const page = await callFunction(
      this.scene,
      "manage-billing",
      { action: "add_card", ...PAGES },
      this.token,
    );
    if (page === null) return;
    const session_id = new URL(page.url).pathname.split("/").at(-1)!;
    const card = this.random.pick([CARDS.good, "5555555555554444", "4000000000000341"]);
    await this.#stripe("cards saved", this.scene.stripe.payCheckout(session_id, { card }));
    const synced = await callFunction(
      this.scene,
      "manage-billing",
      { action: "sync", session_id },
      this.token,
    );
    if (synced === null) return;
    for (const { payment_method_id: id } of synced.payment_methods) {
      if (!this.#cards.includes(id)) this.#cards.push(id);
    }
    await this.#agree();
  }

  /** Also ends a suspension, unless the card has to change. */
  #agree() {
    return callDatabase(this.scene, "set_auto_reload", {
      user_id: this.userId,
      threshold_micros: 200_000_000,
      package_code: "credit_5",
      monthly_cap_cents: 10_000,
      consent: true,
      consent_text: "Buy $5 whenever I have less than $200.",
    });
  }

  async #changeCard(card: string): Promise<void> {
    const choice = this.random.below(4);
    if (choice === 0) await callDatabase(this.scene, "disable_auto_reload", { user_id: this.userId });
    else {
      const code = choice === 1 ? null : this.random.pick(Object.keys(DECLINES) as DeclineName[]);
      await this.#stripe("cards stopped or freed", this.scene.stripe.declineFrom(card, code));
    }
  }

  async #leave(): Promise<void> {
    try {
      await this.scene.sql`delete from auth.users where id = ${this.userId}`;
      this.scene.tally.add("people who left");
    } catch {
      this.scene.tally.add("requests without an answer");
    }
    // What they began is paid after all.
    for (const { session } of this.#bought.slice(-2)) await this.#pay(session);
  }
}
