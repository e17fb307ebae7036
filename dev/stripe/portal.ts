import { digitsOf } from "./cards.ts";
import { refuseSetup, type Saved, saveMethod } from "./checkout_setup.ts";
import { missingReference, wrongState } from "./errors.ts";
import { newestFirst } from "./lists.ts";
import { updateCustomer } from "./resources/customers.ts";
import { createMethod, detach, type MethodDetails } from "./resources/payment_methods.ts";
import { createSetup } from "./resources/setup_intents.ts";
import type { Simulator } from "./simulator.ts";
import type { Customer, PaymentMethod, PortalSession, SetupIntent } from "./types.ts";

/** What a customer does to their cards in the portal. */

export function customerOf(sim: Simulator, session: PortalSession): Customer {
  const customer = sim.store.customers.get(session.customer);
  if (!customer || customer.deleted) throw missingReference("customer", session.customer, "customer");
  return customer;
}

export function cardsOf(sim: Simulator, session: PortalSession): PaymentMethod[] {
  const rows = sim.store.paymentMethods.where("customer", session.customer)
    .filter((method) => method.type === "card");
  return newestFirst(rows, sim.store.paymentMethods);
}

export function defaultCardOf(sim: Simulator, session: PortalSession): string | null {
  return customerOf(sim, session).invoice_settings.default_payment_method as string | null;
}

export function mayChangeCards(sim: Simulator, session: PortalSession): boolean {
  const id = String(session.configuration);
  return sim.store.portalConfigurations.need(id).features.payment_method_update.enabled;
}

function needCard(sim: Simulator, session: PortalSession, id: string): PaymentMethod {
  if (!mayChangeCards(sim, session)) {
    throw wrongState("This portal does not let customers change their cards.", "portal_feature_disabled");
  }
  const card = cardsOf(sim, session).find((each) => each.id === id);
  if (!card) throw missingReference("PaymentMethod", id, "payment_method");
  return card;
}

export function makeDefault(sim: Simulator, session: PortalSession, id: string): void {
  const card = needCard(sim, session, id);
  updateCustomer(sim, customerOf(sim, session), { invoice_settings: { default_payment_method: card.id } });
}

export function removeCard(sim: Simulator, session: PortalSession, id: string): void {
  detach(sim, needCard(sim, session, id));
}

/** A card added here is the one to pay with from then on. */
export function addCard(
  sim: Simulator,
  session: PortalSession,
  number: string,
  details: MethodDetails,
): Saved {
  if (!mayChangeCards(sim, session)) {
    throw wrongState("This portal does not let customers change their cards.", "portal_feature_disabled");
  }
  const method = createMethod(sim, "card", digitsOf(number), details);
  sim.store.paymentMethods.put(Object.assign(method, { allow_redisplay: "always" }));
  return add(sim, session, method, false);
}

/** The person has come back from the bank's page. */
export function finishAdding(sim: Simulator, session: PortalSession, confirmed: boolean): Saved {
  if (!session.awaiting) throw wrongState("No card waits to be confirmed.", "portal_session_not_waiting");
  const method = sim.store.paymentMethods.need(session.awaiting.payment_method);
  sim.store.portalSessions.put(Object.assign(session, { awaiting: null }));
  if (confirmed) return add(sim, session, method, true);
  return refuseSetup(sim, setupFor(sim, session), method, {
    type: "invalid_request_error",
    code: "setup_intent_authentication_failure",
    message: "We are unable to authenticate your card. Please choose another one and try again.",
  });
}

function add(sim: Simulator, session: PortalSession, method: PaymentMethod, authenticated: boolean): Saved {
  const saved = saveMethod(sim, setupFor(sim, session), method, session.customer, authenticated);
  if (saved.kind === "authenticate") {
    sim.store.portalSessions.put(Object.assign(session, { awaiting: { payment_method: method.id } }));
  }
  if (saved.kind === "saved") makeDefault(sim, session, method.id);
  return saved;
}

/** The attempt that is still open, or a new one. */
function setupFor(sim: Simulator, session: PortalSession): SetupIntent {
  const open = session.setup ? sim.store.setupIntents.need(session.setup) : null;
  if (open?.status.startsWith("requires_")) return open;
  const setup = createSetup(sim, {
    customer: session.customer,
    description: null,
    metadata: {},
    method_types: ["card"],
  });
  sim.store.portalSessions.put(Object.assign(session, { setup: setup.id }));
  return setup;
}
