import { attemptPayment, rejectIntent } from "../payments.ts";
import { type Answer, type Incoming, redirect } from "../http.ts";
import type { Simulator } from "../simulator.ts";
import type { PaymentIntent } from "../types.ts";
import { money } from "./format.ts";
import { notice, page } from "./layout.ts";
import { markup } from "./markup.ts";

/** The bank's page of 3D Secure, reduced to its two answers. */
export function confirmationPage(what: string, action: string): Answer {
  return page(
    "Test bank",
    markup`<form class="card notice" method="post" action="${action}">
      <p class="small">Test bank · 3D Secure</p>
      <h1>${what}</h1>
      <p>A real bank would ask for a code or a fingerprint here.</p>
      <p><button class="primary" type="submit" name="answer" value="confirm">Confirm</button></p>
      <p><button class="quiet" type="submit" name="answer" value="refuse">Refuse</button></p>
    </form>`,
  );
}

/** `/authenticate/:intent`: where `next_action.redirect_to_url` of a payment made by the API leads. */
export function handleConfirmation(sim: Simulator, incoming: Incoming): Answer {
  const id = incoming.url.pathname.slice("/authenticate/".length);
  const intent = sim.store.paymentIntents.get(id);
  const returnUrl = intent?.next_action?.redirect_to_url?.return_url;
  if (!intent || intent.status !== "requires_action") {
    return notice(
      "Nothing to confirm",
      "This payment does not wait for you. You were not charged by this page.",
      null,
      404,
    );
  }
  if (incoming.method !== "POST") {
    const what = `Confirm the payment of ${money(intent.amount, intent.currency)} to Talktime.`;
    return confirmationPage(what, incoming.url.pathname);
  }
  const confirmed = new URLSearchParams(incoming.body).get("answer") === "confirm";
  const succeeded = answer(sim, intent, confirmed);
  if (returnUrl) return redirect(returnTo(returnUrl, intent, succeeded));
  return succeeded
    ? notice("Payment confirmed", "You can close this page.")
    : notice("Payment not confirmed", "You were not charged. You can close this page.");
}

function answer(sim: Simulator, intent: PaymentIntent, confirmed: boolean): boolean {
  const method = sim.store.paymentMethods.need(String(intent.payment_method));
  if (confirmed) {
    return attemptPayment(sim, intent, { method, offSession: false, authenticated: true }).kind ===
      "succeeded";
  }
  rejectIntent(sim, intent, method, {
    type: "invalid_request_error",
    code: "payment_intent_authentication_failure",
    message:
      "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new " +
      "PaymentMethod to attempt to fulfill this PaymentIntent again.",
  });
  return false;
}

function returnTo(returnUrl: string, intent: PaymentIntent, succeeded: boolean): string {
  const url = new URL(returnUrl);
  url.searchParams.set("payment_intent", intent.id);
  url.searchParams.set("payment_intent_client_secret", intent.client_secret ?? "");
  url.searchParams.set("redirect_status", succeeded ? "succeeded" : "failed");
  return url.href;
}
