import { act } from "../control_routes.ts";
import { ApiError } from "../errors.ts";
import { type Answer, type Incoming, redirect } from "../http.ts";
import { latest } from "../lists.ts";
import type { Simulator } from "../simulator.ts";
import type { Charge, Dispute, Session, Subscription } from "../types.ts";
import { instant, money, shortInstant } from "./format.ts";
import { notice, page } from "./layout.ts";
import { type Markup, markup } from "./markup.ts";

const SHOWN = 50;

/** What a merchant does in the dashboard and a bank does on its own, for a person trying things out. */
export async function handleHome(sim: Simulator, incoming: Incoming): Promise<Answer> {
  if (incoming.method !== "POST") return homePage(sim);
  const { action = "", ...fields } = Object.fromEntries(new URLSearchParams(incoming.body));
  const body = fields.seconds ? { seconds: Number(fields.seconds) } : fields;
  try {
    await act(sim, action, body);
    return redirect("/");
  } catch (error) {
    if (!(error instanceof ApiError) && !(error instanceof TypeError)) throw error;
    return notice("This is not possible now", error.message, markup`<p><a href="/">Back</a></p>`, 409);
  }
}

function homePage(sim: Simulator): Answer {
  const open = latest(sim.store.sessions, SHOWN, (session) => session.status === "open");
  const charges = latest(sim.store.charges, SHOWN, (charge) => charge.status !== "failed");
  return page(
    "Stripe simulator",
    markup`<h1>Stripe simulator</h1>
    <form class="clock" method="post" action="/"><input type="hidden" name="action" value="advance-clock">
      <span>Simulated time: ${instant(sim.now())}.</span>
      ${
      ([["3600", "Add 1 hour"], ["86400", "Add 1 day"], ["432000", "Add 5 days"], [
        "2678400",
        "Add 31 days",
      ]] as const)
        .map(([seconds, label]) => markup`<button name="seconds" value="${seconds}">${label}</button>`)
    }
    </form>
    <section class="card" aria-label="Payments"><h2>Payments</h2>
    ${
      charges.length === 0
        ? markup`<p class="empty">Payments appear here. Start with a purchase in the app.</p>`
        : markup`<table><thead><tr><th>When</th><th>What</th><th>State</th><th class="amount">Amount</th><th></th></tr>
      </thead><tbody>${charges.map((charge) => paymentRow(sim, charge))}</tbody></table>`
    }</section>
    <p></p>
    <section class="card" aria-label="Open payment pages"><h2>Open payment pages</h2>
    ${
      open.length === 0
        ? markup`<p class="empty">A page opens with every purchase, and closes when it is paid or expires.</p>`
        : markup`<table><tbody>${open.map(sessionRow)}</tbody></table>`
    }</section>
    ${subscriptionSection(sim)}`,
    { wide: true },
  );
}

function paymentRow(sim: Simulator, charge: Charge): Markup {
  const dispute = sim.store.disputes.where("charge", charge.id).at(-1);
  const what = charge.description ?? charge.billing_details.email ?? "Payment";
  return markup`<tr><td>${shortInstant(charge.created)}</td><td>${what}<br><code>${charge.id}</code></td>
    <td>${stateOf(charge, dispute)}</td><td class="amount">${money(charge.amount, charge.currency)}</td>
    <td><div class="actions">${actionsFor(charge, dispute)}</div></td></tr>`;
}

function stateOf(charge: Charge, dispute: Dispute | undefined): string {
  if (dispute) return `Dispute: ${dispute.status.replaceAll("_", " ")}`;
  if (charge.status === "pending") return "Waiting for the bank";
  if (charge.refunded) return "Refunded";
  if (charge.amount_refunded > 0) return `${money(charge.amount_refunded, charge.currency)} refunded`;
  return "Paid";
}

function actionsFor(charge: Charge, dispute: Dispute | undefined): Markup[] {
  if (charge.status === "pending") {
    return [
      button("settle", "Let the bank pay", { id: charge.id }),
      button("fail-payment", "Let it fail", { id: charge.id }),
    ];
  }
  const left = charge.amount - charge.amount_refunded;
  const refund = left > 0
    ? [button("refund", `Refund ${money(left, charge.currency)}`, { charge: charge.id })]
    : [];
  if (!dispute) return [...refund, button("open-dispute", "Dispute", { charge: charge.id })];
  if (dispute.status.startsWith("warning_")) {
    return dispute.status === "warning_closed" ? refund : [
      button("move-dispute", "Make it a dispute", { id: dispute.id, status: "needs_response" }),
      button("close-dispute", "Close", { id: dispute.id, status: "warning_closed" }),
    ];
  }
  return (["won", "lost"] as const).filter((status) => status !== dispute.status)
    .map((status) => button("close-dispute", status === "won" ? "Win" : "Lose", { id: dispute.id, status }));
}

function subscriptionSection(sim: Simulator): Markup | null {
  const rows = latest(sim.store.subscriptions, SHOWN);
  if (rows.length === 0) return null;
  return markup`<p></p>
    <section class="card" aria-label="Subscriptions"><h2>Subscriptions</h2>
    <table><thead><tr><th>Until</th><th>What</th><th>State</th><th class="amount">Price</th></tr></thead>
      <tbody>${rows.map((each) => subscriptionRow(sim, each))}</tbody></table></section>`;
}

function subscriptionRow(sim: Simulator, subscription: Subscription): Markup {
  const item = subscription.items.data[0]!;
  const what = sim.store.products.need(item.price.product).name;
  const state = subscription.cancel_at_period_end && !subscription.ended_at
    ? "Ends with the period"
    : subscription.status.replaceAll("_", " ");
  return markup`<tr><td>${shortInstant(subscription.ended_at ?? item.current_period_end)}</td>
    <td>${what}<br><code>${subscription.id}</code></td><td>${state}</td>
    <td class="amount">${money(item.price.unit_amount ?? 0, item.price.currency)}</td></tr>`;
}

function sessionRow(session: Session): Markup {
  const what = session.mode === "setup"
    ? "Save a payment method"
    : money(session.amount_total ?? 0, session.currency ?? "usd");
  return markup`<tr><td>${
    shortInstant(session.created)
  }</td><td><a href="/c/pay/${session.id}">${what}</a></td>
    <td><div class="actions">${
    button("expire-session", "Let it expire", { id: session.id })
  }</div></td></tr>`;
}

function button(action: string, label: string, fields: Record<string, string>): Markup {
  return markup`<form method="post" action="/"><input type="hidden" name="action" value="${action}">
    ${
    Object.entries(fields).map(([name, value]) =>
      markup`<input type="hidden" name="${name}" value="${value}">`
    )
  }
    <button type="submit">${label}</button></form>`;
}
