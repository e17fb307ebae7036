import { cardByNumber } from "../cards.ts";
import { DAY, MINUTE } from "../clock.ts";
import { invalid, missing, missingReference, wrongState } from "../errors.ts";
import { newId } from "../ids.ts";
import { listOf, paging, range } from "../lists.ts";
import { integer, mergeMetadata, metadata, oneOf, parameters, text } from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import type { Charge, Refund } from "../types.ts";
import { recordMovement } from "./balance_transactions.ts";

const readCreate = parameters({
  amount: integer({ min: 1 }),
  charge: text(),
  metadata: metadata(),
  payment_intent: text(),
  reason: oneOf(["duplicate", "fraudulent", "requested_by_customer"]),
});
export type RefundParams = Partial<ReturnType<typeof readCreate>>;

function chargeOf(sim: Simulator, params: RefundParams): Charge {
  if (params.charge) {
    const charge = sim.store.charges.get(params.charge);
    if (!charge) throw missingReference("charge", params.charge, "charge");
    return charge;
  }
  if (!params.payment_intent) {
    throw invalid(
      "One of the following params should be provided for this request: payment_intent or charge.",
    );
  }
  const intent = sim.store.paymentIntents.get(params.payment_intent);
  if (!intent) throw missingReference("payment_intent", params.payment_intent, "payment_intent");
  const charge = intent.latest_charge ? sim.store.charges.need(String(intent.latest_charge)) : null;
  if (charge?.status === "succeeded") return charge;
  throw wrongState(
    `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
    "payment_intent_unexpected_state",
  );
}

const dollars = (cents: number) => `$${(cents / 100).toFixed(2)}`;

function amountOf(sim: Simulator, charge: Charge, asked: number | undefined): number {
  if (charge.status !== "succeeded") {
    throw wrongState(`Charge ${charge.id} was not paid and cannot be refunded.`, "charge_not_refundable");
  }
  if (sim.store.disputes.where("charge", charge.id).some((each) => !each.is_charge_refundable)) {
    throw wrongState(`Charge ${charge.id} has been charged back; cannot issue a refund.`, "charge_disputed");
  }
  const left = charge.amount - charge.amount_refunded;
  if (left === 0) {
    throw wrongState(`Charge ${charge.id} has already been refunded.`, "charge_already_refunded");
  }
  if (asked !== undefined && asked > left) {
    throw invalid(
      `Refund amount (${dollars(asked)}) is greater than unrefunded amount on charge (${dollars(left)})`,
      "amount",
      "amount_too_large",
    );
  }
  return asked ?? left;
}

export function createRefund(sim: Simulator, params: RefundParams): Refund {
  const charge = chargeOf(sim, params);
  const amount = amountOf(sim, charge, params.amount);
  const number = sim.store.instruments.get(String(charge.payment_method))?.number ?? "";
  const fate = cardByNumber(number)?.refund;
  const isCard = charge.payment_method_details?.type === "card";
  const pending = fate === "pending" || !isCard;
  const refund: Refund = {
    id: newId(isCard ? "re" : "pyr"),
    object: "refund",
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: sim.now(),
    currency: charge.currency,
    customer: charge.customer as string | null,
    customer_account: null,
    destination_details: isCard
      ? {
        card: { reference_status: "pending", reference_type: "acquirer_reference_number", type: "refund" },
        type: "card",
      }
      : { type: "us_bank_transfer" },
    metadata: mergeMetadata(null, params.metadata),
    payment_intent: charge.payment_intent as string | null,
    payment_method: charge.payment_method,
    ...(pending ? { pending_reason: "processing" } : {}),
    reason: params.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: pending ? "pending" : "succeeded",
    transfer_reversal: null,
  };
  refund.balance_transaction = recordMovement(sim, {
    type: isCard ? "refund" : "payment_refund",
    reporting_category: "refund",
    amount: -amount,
    fee: 0,
    currency: charge.currency,
    source: refund.id,
    description: "REFUND FOR CHARGE",
  }).id;
  sim.store.refunds.put(refund);
  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount;
  sim.store.charges.put(charge);
  sim.events.emit("refund.created", refund);
  sim.events.emit("charge.refunded", charge);
  if (fate === "fails") sim.schedule("fail_refund", refund.id, sim.now() + MINUTE);
  else if (pending) sim.schedule("settle_refund", refund.id, sim.now() + (isCard ? MINUTE : 4 * DAY));
  return refund;
}

export function settleRefund(sim: Simulator, refund: Refund): Refund {
  sim.unschedule(refund.id, "settle_refund", "fail_refund");
  const before = { status: refund.status };
  refund.status = "succeeded";
  delete refund.pending_reason;
  return updated(sim, refund, before);
}

/** The money comes back to the balance, and the charge counts as not refunded by that much. */
export function failRefund(sim: Simulator, refund: Refund, reason = "expired_or_canceled_card"): Refund {
  if (refund.status === "failed") return refund;
  sim.unschedule(refund.id, "settle_refund", "fail_refund");
  const before = { status: refund.status };
  refund.status = "failed";
  refund.failure_reason = reason;
  delete refund.pending_reason;
  refund.failure_balance_transaction = recordMovement(sim, {
    type: "refund_failure",
    reporting_category: "refund_failure",
    amount: refund.amount,
    fee: 0,
    currency: refund.currency,
    source: refund.id,
    description: "REFUND FAILURE",
  }).id;
  const charge = sim.store.charges.need(String(refund.charge));
  charge.amount_refunded -= refund.amount;
  charge.refunded = false;
  sim.store.charges.put(charge);
  updated(sim, refund, before);
  sim.events.emit("refund.failed", refund);
  return refund;
}

function updated(sim: Simulator, refund: Refund, before: Record<string, unknown>): Refund {
  sim.store.refunds.put(refund);
  sim.events.emit("refund.updated", refund, before);
  sim.events.emit("charge.refund.updated", refund, before);
  return refund;
}

function getRefund(sim: Simulator, id: string): Refund {
  const refund = sim.store.refunds.get(id);
  if (!refund) throw missing("refund", id, "refund");
  return refund;
}

export const refundRoutes: Route[] = [
  route("POST", "/v1/refunds", readCreate, ({ sim, params }) => createRefund(sim, params)),
  route(
    "GET",
    "/v1/refunds",
    parameters({ ...paging, charge: text(), created: range(), payment_intent: text() }),
    ({ sim, params }) =>
      listOf(sim.store.refunds, params, "/v1/refunds", {
        by: { charge: params.charge, payment_intent: params.payment_intent },
      }),
  ),
  route("GET", "/v1/refunds/:id", parameters({}), ({ sim, ids }) => getRefund(sim, ids[0]!)),
  route("POST", "/v1/refunds/:id", parameters({ metadata: metadata() }), ({ sim, ids, params }) => {
    const refund = getRefund(sim, ids[0]!);
    refund.metadata = mergeMetadata(refund.metadata, params.metadata);
    return updated(sim, refund, {});
  }),
];
