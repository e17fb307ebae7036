import { ensureCustomer } from "./checkout_customer.ts";
import { ApiError, type ErrorBody } from "./errors.ts";
import { needsAuthenticationToSave, rememberAuthentication } from "./payments.ts";
import { attachMethod, refuseUnsavable } from "./resources/payment_methods.ts";
import { askToConfirmSetup, createSetup, failSetup, succeedSetup } from "./resources/setup_intents.ts";
import type { Simulator } from "./simulator.ts";
import type { PaymentMethod, Session, SetupIntent } from "./types.ts";

/** How saving a method without paying ends: on a page in setup mode, and in the portal. */
export type Saved =
  | { kind: "saved" }
  | { kind: "authenticate" }
  | { kind: "declined"; code: string; declineCode: string; message: string };

/** Without a customer the method is set up all the same; whoever gets it may attach it later. */
export function saveMethod(
  sim: Simulator,
  setup: SetupIntent,
  method: PaymentMethod,
  customer: string | null,
  authenticated: boolean,
): Saved {
  if (!authenticated && method.type === "card" && needsAuthenticationToSave(sim, method)) {
    askToConfirmSetup(sim, setup, method);
    return { kind: "authenticate" };
  }
  try {
    if (customer) attachMethod(sim, method, customer);
    else refuseUnsavable(sim, method);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 402) throw error;
    return refuseSetup(sim, setup, method, error.body);
  }
  rememberAuthentication(sim, method, authenticated);
  succeedSetup(sim, setup, method);
  return { kind: "saved" };
}

export function refuseSetup(
  sim: Simulator,
  setup: SetupIntent,
  method: PaymentMethod,
  error: ErrorBody,
): Saved {
  failSetup(sim, setup, method, error);
  const { code = "", decline_code = code, message } = error;
  return { kind: "declined", code, declineCode: decline_code, message };
}

/** The intent of a session in setup mode, which was made with it. */
export function setupOf(sim: Simulator, session: Session): SetupIntent {
  if (session.setup_intent) return sim.store.setupIntents.need(String(session.setup_intent));
  const plan = sim.store.plans.need(session.id);
  const setup = createSetup(sim, {
    customer: session.customer as string | null,
    description: plan.intent.description,
    metadata: plan.intent.metadata,
    method_types: plan.method_types,
  });
  session.setup_intent = setup.id;
  sim.store.sessions.put(session);
  return setup;
}

/** Setup mode makes a customer only when it was told to. */
export function customerToSaveTo(sim: Simulator, session: Session): string | null {
  if (session.customer || session.customer_creation === "always") return ensureCustomer(sim, session);
  return null;
}
