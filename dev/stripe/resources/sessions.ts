import { expireSession } from "../checkout.ts";
import { missing, wrongState } from "../errors.ts";
import { listOf, page, paging, range } from "../lists.ts";
import { mergeMetadata, metadata, oneOf, parameters, shape, text } from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import type { Session } from "../types.ts";
import { createSession } from "./session_create.ts";
import { readSessionCreate } from "./session_params.ts";

export function getSession(sim: Simulator, id: string): Session {
  const session = sim.store.sessions.get(id);
  if (!session) throw missing("checkout.session", id, "session");
  return session;
}

const readList = parameters({
  ...paging,
  created: range(),
  customer: text(),
  customer_details: shape({ email: text() }),
  payment_intent: text(),
  payment_link: text(),
  status: oneOf(["open", "complete", "expired"]),
  subscription: text(),
});

function listSessions(sim: Simulator, params: ReturnType<typeof readList>) {
  const email = params.customer_details?.email;
  return listOf(sim.store.sessions, params, "/v1/checkout/sessions", {
    by: {
      subscription: params.subscription,
      payment_intent: params.payment_intent,
      customer: params.customer,
    },
    passes: (session) =>
      !params.payment_link &&
      (!email || session.customer_details?.email === email) &&
      (!params.status || session.status === params.status),
  });
}

function expireFromRequest(sim: Simulator, id: string): Session {
  const session = getSession(sim, id);
  if (session.status !== "open") {
    throw wrongState(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ` +
        `\`${session.status}\`.`,
      "checkout_session_not_open",
    );
  }
  return expireSession(sim, session);
}

export const sessionRoutes: Route[] = [
  route(
    "POST",
    "/v1/checkout/sessions",
    readSessionCreate,
    ({ sim, params }) => createSession(sim, params),
  ),
  route("GET", "/v1/checkout/sessions", readList, ({ sim, params }) => listSessions(sim, params)),
  route("GET", "/v1/checkout/sessions/:id", parameters({}), ({ sim, ids }) => getSession(sim, ids[0]!)),
  route("POST", "/v1/checkout/sessions/:id", parameters({ metadata: metadata() }), ({ sim, ids, params }) => {
    const session = getSession(sim, ids[0]!);
    session.metadata = mergeMetadata(session.metadata, params.metadata);
    return sim.store.sessions.put(session);
  }),
  route(
    "POST",
    "/v1/checkout/sessions/:id/expire",
    parameters({}),
    ({ sim, ids }) => expireFromRequest(sim, ids[0]!),
  ),
  route("GET", "/v1/checkout/sessions/:id/line_items", parameters(paging), ({ sim, ids, params }) => {
    const session = getSession(sim, ids[0]!);
    const items = sim.store.plans.need(session.id).line_items;
    return page(items, params, `/v1/checkout/sessions/${session.id}/line_items`);
  }),
];
