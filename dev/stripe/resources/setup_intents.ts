import { missing } from "../errors.ts";
import { newId, randomText } from "../ids.ts";
import { newestFirst, page, paging, range, within } from "../lists.ts";
import { parameters, text } from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import type { MethodType, SetupIntent } from "../types.ts";

export interface SetupFields {
  customer: string | null;
  description: string | null;
  metadata: Record<string, string>;
  method_types: MethodType[];
  payment_method: string;
}

/** The trace of a payment method saved on a page in setup mode. */
export function succeededSetup(sim: Simulator, fields: SetupFields): SetupIntent {
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
    payment_method: fields.payment_method,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: fields.method_types,
    single_use_mandate: null,
    status: "succeeded",
    usage: "off_session",
  });
  sim.events.emit("setup_intent.created", setup);
  sim.events.emit("setup_intent.succeeded", setup);
  return setup;
}

export const setupIntentRoutes: Route[] = [
  route(
    "GET",
    "/v1/setup_intents",
    parameters({ ...paging, created: range(), customer: text(), payment_method: text() }),
    ({ sim, params }) =>
      page(
        newestFirst(sim.store.setupIntents).filter((setup) =>
          (!params.customer || setup.customer === params.customer) &&
          (!params.payment_method || setup.payment_method === params.payment_method) &&
          within(setup.created, params.created)
        ),
        params,
        "/v1/setup_intents",
      ),
  ),
  route("GET", "/v1/setup_intents/:id", parameters({ client_secret: text() }), ({ sim, ids }) => {
    const setup = sim.store.setupIntents.get(ids[0]!);
    if (!setup) throw missing("setupintent", ids[0]!, "intent");
    return setup;
  }),
];
