import { invalid, missing, wrongState } from "../errors.ts";
import { listOf, paging, range } from "../lists.ts";
import { methodTypesFor } from "../method_types.ts";
import {
  clearable,
  echoed,
  flag,
  integer,
  list,
  mergeMetadata,
  metadata,
  oneOf,
  parameters,
  required,
  shape,
  text,
} from "../params.ts";
import { attemptPayment, cardError, createIntent, rejectIntent } from "../payments.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import type { PaymentIntent } from "../types.ts";
import { needCustomer } from "./customers.ts";
import { needMethod, refuseDetached } from "./payment_methods.ts";
import { currency } from "./prices.ts";

const confirmFields = {
  allowed_payment_method_types: list(text()),
  error_on_requires_action: flag(),
  excluded_payment_method_types: list(text()),
  mandate_data: echoed(),
  off_session: flag(),
  payment_method: text(),
  payment_method_options: echoed(),
  receipt_email: clearable(text()),
  return_url: text(),
  setup_future_usage: clearable(oneOf(["off_session", "on_session"])),
};

const readCreate = parameters({
  ...confirmFields,
  amount: required(integer({ min: 1, max: 99_999_999 })),
  automatic_payment_methods: shape({
    allow_redirects: oneOf(["always", "never"]),
    enabled: required(flag()),
  }),
  capture_method: oneOf(["automatic", "automatic_async"]),
  confirm: flag(),
  confirmation_method: oneOf(["automatic", "manual"]),
  currency: required(currency()),
  customer: text(),
  description: text(),
  metadata: metadata(),
  statement_descriptor_suffix: text({ max: 22 }),
});
type CreateParams = ReturnType<typeof readCreate>;

const MINIMUM_CENTS = 50;

function createFromRequest(sim: Simulator, params: CreateParams): PaymentIntent {
  checkCreate(sim, params);
  const types = methodTypesFor(
    params.currency,
    params.allowed_payment_method_types,
    params.excluded_payment_method_types,
  );
  const method = params.payment_method ? needMethod(sim, params.payment_method) : null;
  if (method?.customer && method.customer !== params.customer) throw foreignMethod(params.customer);
  const intent = createIntent(sim, {
    ...params,
    customer: params.customer ?? null,
    method_types: types,
    metadata: mergeMetadata(null, params.metadata),
  });
  if (params.capture_method) intent.capture_method = params.capture_method;
  const allowRedirects = params.automatic_payment_methods?.allow_redirects;
  if (allowRedirects && intent.automatic_payment_methods) {
    intent.automatic_payment_methods.allow_redirects = allowRedirects;
  }
  if (method) {
    intent.payment_method = method.id;
    intent.status = "requires_confirmation";
  }
  sim.store.paymentIntents.put(intent);
  return params.confirm ? confirm(sim, intent, params) : intent;
}

function checkCreate(sim: Simulator, params: CreateParams): void {
  if (params.amount < MINIMUM_CENTS && params.currency === "usd") {
    throw invalid(
      "Amount must be at least $0.50 usd. For more information on minimum charge amounts, visit " +
        "https://stripe.com/docs/currencies#minimum-and-maximum-charge-amounts",
      "amount",
      "amount_too_small",
    );
  }
  if (params.customer) needCustomer(sim, params.customer);
  if (params.off_session !== undefined && !params.confirm) {
    throw invalid("You can only use `off_session` when `confirm` is true.", "off_session");
  }
  if (params.confirm && !params.payment_method) {
    throw invalid(
      "You cannot confirm this PaymentIntent because it is missing a payment method.",
      "payment_method",
      "payment_intent_unexpected_state",
    );
  }
}

function foreignMethod(customer: string | undefined) {
  return invalid(
    customer
      ? "The provided PaymentMethod cannot be attached to this PaymentIntent: it belongs to another Customer."
      : "The provided PaymentMethod belongs to a Customer. Please include the Customer in the `customer` parameter.",
    "payment_method",
  );
}

type ConfirmParams = Pick<
  CreateParams,
  | "off_session"
  | "payment_method"
  | "return_url"
  | "setup_future_usage"
  | "receipt_email"
  | "error_on_requires_action"
>;

function confirm(sim: Simulator, intent: PaymentIntent, params: ConfirmParams): PaymentIntent {
  if (!["requires_payment_method", "requires_confirmation", "requires_action"].includes(intent.status)) {
    throw unexpectedState(intent, "confirm");
  }
  const id = params.payment_method ?? (intent.payment_method as string | null);
  if (!id) {
    throw wrongState(
      "You cannot confirm this PaymentIntent because it is missing a payment method. You can either update " +
        "the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with " +
        "a payment method.",
      "payment_intent_unexpected_state",
      { payment_intent: structuredClone(intent) },
    );
  }
  requireReturnUrl(intent, params);
  const method = needMethod(sim, id);
  refuseDetached(sim, method);
  if (method.customer && method.customer !== intent.customer) {
    throw foreignMethod(intent.customer ? String(intent.customer) : undefined);
  }
  if (!intent.payment_method_types.includes(method.type)) {
    throw invalid(
      `The PaymentMethod provided (${method.type}) is not allowed for this PaymentIntent.`,
      "payment_method",
    );
  }
  if (params.setup_future_usage !== undefined) intent.setup_future_usage = params.setup_future_usage;
  if (params.receipt_email !== undefined) intent.receipt_email = params.receipt_email;
  return finish(sim, intent, params, method);
}

function finish(
  sim: Simulator,
  intent: PaymentIntent,
  params: ConfirmParams,
  method: ReturnType<typeof needMethod>,
): PaymentIntent {
  const outcome = attemptPayment(sim, intent, {
    method,
    offSession: params.off_session ?? false,
    authenticated: false,
  });
  if (outcome.kind === "declined") throw cardError(intent);
  if (outcome.kind !== "requires_action") return intent;
  if (params.error_on_requires_action) {
    rejectIntent(sim, intent, method, {
      type: "card_error",
      code: "authentication_required",
      message:
        "This payment required an authentication action to complete, but `error_on_requires_action` was set.",
    });
    throw cardError(intent);
  }
  intent.next_action = {
    type: "redirect_to_url",
    redirect_to_url: {
      return_url: params.return_url ?? null,
      url: `${sim.publicUrl}/authenticate/${intent.id}`,
    },
  };
  return sim.store.paymentIntents.put(intent);
}

function requireReturnUrl(intent: PaymentIntent, params: ConfirmParams): void {
  const redirects = intent.automatic_payment_methods?.allow_redirects !== "never";
  if (params.off_session || params.return_url || !redirects) return;
  throw invalid(
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these " +
      "payment methods might redirect your customer off of your page, you must provide a `return_url`. If you " +
      "don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` " +
      "and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
    "return_url",
  );
}

function unexpectedState(intent: PaymentIntent, verb: string) {
  return wrongState(
    `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`,
    "payment_intent_unexpected_state",
    { payment_intent: structuredClone(intent) },
  );
}

export function getIntent(sim: Simulator, id: string): PaymentIntent {
  const intent = sim.store.paymentIntents.get(id);
  if (!intent) throw missing("payment_intent", id, "intent");
  return intent;
}

type CancelReason = "abandoned" | "duplicate" | "fraudulent" | "requested_by_customer" | "automatic";

export function cancelIntent(
  sim: Simulator,
  intent: PaymentIntent,
  reason: CancelReason | null,
): PaymentIntent {
  intent.status = "canceled";
  intent.canceled_at = sim.now();
  intent.cancellation_reason = reason;
  intent.next_action = null;
  sim.store.paymentIntents.put(intent);
  sim.events.emit("payment_intent.canceled", intent);
  return intent;
}

function cancelFromRequest(sim: Simulator, id: string, reason: CancelReason | undefined): PaymentIntent {
  const intent = getIntent(sim, id);
  if (sim.store.sessions.where("payment_intent", id).length > 0) {
    throw wrongState(
      "You cannot cancel this PaymentIntent because it was created by a Checkout Session. Expire the Checkout " +
        "Session instead.",
      "payment_intent_unexpected_state",
      { payment_intent: structuredClone(intent) },
    );
  }
  if (["succeeded", "canceled", "processing"].includes(intent.status)) {
    throw unexpectedState(intent, "cancel");
  }
  return cancelIntent(sim, intent, reason ?? null);
}

const readUpdate = parameters({
  amount: integer({ min: 1 }),
  customer: text(),
  description: clearable(text()),
  metadata: metadata(),
  payment_method: text(),
  receipt_email: clearable(text()),
  setup_future_usage: clearable(oneOf(["off_session", "on_session"])),
});

function updateIntent(sim: Simulator, id: string, params: ReturnType<typeof readUpdate>): PaymentIntent {
  const intent = getIntent(sim, id);
  const { expand: _, metadata: change, payment_method, customer, ...rest } = params;
  if (rest.amount !== undefined && !intent.status.startsWith("requires_")) {
    throw unexpectedState(intent, "update the amount of");
  }
  if (customer) intent.customer = needCustomer(sim, customer).id;
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined) (intent as unknown as Record<string, unknown>)[key] = value;
  }
  if (payment_method) {
    intent.payment_method = needMethod(sim, payment_method).id;
    if (intent.status === "requires_payment_method") intent.status = "requires_confirmation";
  }
  intent.metadata = mergeMetadata(intent.metadata, change);
  return sim.store.paymentIntents.put(intent);
}

export const paymentIntentRoutes: Route[] = [
  route(
    "POST",
    "/v1/payment_intents",
    readCreate,
    ({ sim, params }) => createFromRequest(sim, params),
  ),
  route(
    "GET",
    "/v1/payment_intents",
    parameters({ ...paging, created: range(), customer: text() }),
    ({ sim, params }) =>
      listOf(sim.store.paymentIntents, params, "/v1/payment_intents", { by: { customer: params.customer } }),
  ),
  route(
    "GET",
    "/v1/payment_intents/:id",
    parameters({ client_secret: text() }),
    ({ sim, ids }) => getIntent(sim, ids[0]!),
  ),
  route(
    "POST",
    "/v1/payment_intents/:id",
    readUpdate,
    ({ sim, ids, params }) => updateIntent(sim, ids[0]!, params),
  ),
  route(
    "POST",
    "/v1/payment_intents/:id/confirm",
    parameters(confirmFields),
    ({ sim, ids, params }) => confirm(sim, getIntent(sim, ids[0]!), params),
  ),
  route(
    "POST",
    "/v1/payment_intents/:id/cancel",
    parameters({
      cancellation_reason: oneOf(["abandoned", "duplicate", "fraudulent", "requested_by_customer"]),
    }),
    ({ sim, ids, params }) => cancelFromRequest(sim, ids[0]!, params.cancellation_reason),
  ),
];
