import { type ErrorBody, missing, wrongState } from "../errors.ts";
import { newId, randomText } from "../ids.ts";
import { listOf, paging, range } from "../lists.ts";
import { oneOf, parameters, text } from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import type { MethodType, PaymentMethod, SetupIntent } from "../types.ts";

export interface SetupFields {
  customer: string | null;
  description: string | null;
  metadata: Record<string, string>;
  method_types: MethodType[];
}

/** What a page in setup mode, or the portal, works on from its beginning. */
export function createSetup(sim: Simulator, fields: SetupFields): SetupIntent {
  const id = newId("seti");
  const setup = sim.store.setupIntents.put({
    id,
    object: "setup_intent",
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: { allow_redirects: "always", enabled: true },
    cancellation_reason: null,
    client_secret: `${id}_secret_${randomText(24)}`,
    created: sim.now(),
    customer: fields.customer,
    customer_account: null,
    description: fields.description,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    metadata: fields.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: fields.method_types,
    single_use_mandate: null,
    status: "requires_payment_method",
    usage: "off_session",
  });
  sim.events.emit("setup_intent.created", setup);
  return setup;
}

export function askToConfirmSetup(sim: Simulator, setup: SetupIntent, method: PaymentMethod): void {
  Object.assign(setup, { status: "requires_action", payment_method: method.id, last_setup_error: null });
  sim.store.setupIntents.put(setup);
  sim.events.emit("setup_intent.requires_action", setup);
}

export function succeedSetup(sim: Simulator, setup: SetupIntent, method: PaymentMethod): void {
  const customer = method.customer ?? setup.customer;
  Object.assign(setup, { status: "succeeded", customer, payment_method: method.id, last_setup_error: null });
  sim.store.setupIntents.put(setup);
  sim.events.emit("setup_intent.succeeded", setup);
}

/** The method was refused; another one may be tried. */
export function failSetup(sim: Simulator, setup: SetupIntent, method: PaymentMethod, error: ErrorBody): void {
  setup.status = "requires_payment_method";
  setup.payment_method = null;
  setup.last_setup_error = {
    ...error,
    payment_method: structuredClone(method),
    payment_method_type: method.type,
  } as SetupIntent["last_setup_error"];
  sim.store.setupIntents.put(setup);
  sim.events.emit("setup_intent.setup_failed", setup);
}

export function cancelSetup(sim: Simulator, setup: SetupIntent): void {
  setup.status = "canceled";
  setup.next_action = null;
  sim.store.setupIntents.put(setup);
  sim.events.emit("setup_intent.canceled", setup);
}

function cancelFromRequest(sim: Simulator, id: string): SetupIntent {
  const setup = getSetup(sim, id);
  if (sim.store.sessions.where("setup_intent", id).length > 0) {
    throw wrongState(
      "You cannot cancel this SetupIntent because it was created by a Checkout Session. Expire the Checkout " +
        "Session instead.",
      "setup_intent_unexpected_state",
    );
  }
  if (!setup.status.startsWith("requires_")) {
    throw wrongState(
      `You cannot cancel this SetupIntent because it has a status of ${setup.status}.`,
      "setup_intent_unexpected_state",
    );
  }
  cancelSetup(sim, setup);
  return setup;
}

function getSetup(sim: Simulator, id: string): SetupIntent {
  const setup = sim.store.setupIntents.get(id);
  if (!setup) throw missing("setupintent", id, "intent");
  return setup;
}

export const setupIntentRoutes: Route[] = [
  route(
    "GET",
    "/v1/setup_intents",
    parameters({ ...paging, created: range(), customer: text(), payment_method: text() }),
    ({ sim, params }) =>
      listOf(sim.store.setupIntents, params, "/v1/setup_intents", {
        by: { customer: params.customer, payment_method: params.payment_method },
      }),
  ),
  route(
    "GET",
    "/v1/setup_intents/:id",
    parameters({ client_secret: text() }),
    ({ sim, ids }) => getSetup(sim, ids[0]!),
  ),
  route(
    "POST",
    "/v1/setup_intents/:id/cancel",
    parameters({ cancellation_reason: oneOf(["abandoned", "duplicate", "requested_by_customer"]) }),
    ({ sim, ids }) => cancelFromRequest(sim, ids[0]!),
  ),
];
