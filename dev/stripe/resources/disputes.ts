import { DAY } from "../clock.ts";
import { invalid, missing, wrongState } from "../errors.ts";
import { newId } from "../ids.ts";
import { listOf, paging, range } from "../lists.ts";
import { flag, mergeMetadata, metadata, parameters, shape, text } from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import type { Charge, Dispute } from "../types.ts";
import { DISPUTE_FEE_CENTS, recordMovement } from "./balance_transactions.ts";

export interface DisputeOptions {
  /** Cents; the whole charge unless given. May differ from the charge in either direction. */
  amount?: number;
  reason?: string;
  /** The bank only asks: no money moves unless it becomes a dispute. */
  inquiry?: boolean;
}

export const CLOSING_STATUSES = ["won", "lost", "warning_closed", "prevented"] as const;
export type ClosingStatus = typeof CLOSING_STATUSES[number];

const EVIDENCE_TEXTS = [
  "access_activity_log",
  "billing_address",
  "cancellation_policy_disclosure",
  "cancellation_rebuttal",
  "customer_email_address",
  "customer_name",
  "customer_purchase_ip",
  "duplicate_charge_explanation",
  "duplicate_charge_id",
  "product_description",
  "refund_policy_disclosure",
  "refund_refusal_explanation",
  "service_date",
  "shipping_address",
  "shipping_carrier",
  "shipping_date",
  "shipping_tracking_number",
  "uncategorized_text",
] as const;

const EVIDENCE_FILES = [
  "cancellation_policy",
  "customer_communication",
  "customer_signature",
  "duplicate_charge_documentation",
  "receipt",
  "refund_policy",
  "service_documentation",
  "shipping_documentation",
  "uncategorized_file",
] as const;

const REASON_CODES: Record<string, string> = {
  fraudulent: "10.4",
  product_not_received: "13.1",
  duplicate: "12.6",
  credit_not_processed: "13.6",
};

export function openDispute(sim: Simulator, charge: Charge, options: DisputeOptions = {}): Dispute {
  if (charge.status !== "succeeded") {
    throw wrongState("Only a charge that succeeded can be disputed.", "charge_not_disputable");
  }
  const reason = options.reason ?? "fraudulent";
  const evidence = Object.fromEntries([...EVIDENCE_TEXTS, ...EVIDENCE_FILES].map((name) => [name, null]));
  const code = REASON_CODES[reason] ?? "13.3";
  const dispute: Dispute = {
    id: newId("du"),
    object: "dispute",
    amount: options.amount ?? charge.amount,
    balance_transactions: [],
    charge: charge.id,
    created: sim.now(),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: { ...evidence, enhanced_evidence: {} } as unknown as Dispute["evidence"],
    evidence_details: {
      due_by: sim.now() + 14 * DAY,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: "not_submitted" as Dispute["evidence_details"]["submission_method"],
    },
    intended_submission_method: null,
    is_charge_refundable: options.inquiry ?? false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent as string | null,
    payment_method_details: {
      card: {
        brand: charge.payment_method_details?.card?.brand ?? "visa",
        case_type: options.inquiry ? "inquiry" : "chargeback",
        network: charge.payment_method_details?.card?.network ?? "visa",
        network_reason_code: code,
      },
      type: "card",
    },
    reason,
    status: options.inquiry ? "warning_needs_response" : "needs_response",
  };
  sim.store.disputes.put(dispute);
  charge.disputed = true;
  sim.store.charges.put(charge);
  sim.events.emit("charge.dispute.created", dispute);
  if (!options.inquiry) withdraw(sim, dispute);
  return dispute;
}

/** What the dispute holds back from the balance at this moment. */
export function withdrawnCents(dispute: Dispute): number {
  const moved = dispute.balance_transactions.reduce((sum, each) => sum + each.amount, 0);
  return moved === 0 ? 0 : -moved;
}

function withdraw(sim: Simulator, dispute: Dispute): void {
  dispute.balance_transactions.push(recordMovement(sim, {
    type: "adjustment",
    reporting_category: "dispute",
    amount: -dispute.amount,
    fee: DISPUTE_FEE_CENTS,
    feeDescription: "Dispute fee",
    currency: dispute.currency,
    source: dispute.id,
    description: `Chargeback withdrawal for ${dispute.charge}`,
  }));
  sim.store.disputes.put(dispute);
  sim.events.emit("charge.dispute.funds_withdrawn", dispute);
}

function reinstate(sim: Simulator, dispute: Dispute): void {
  dispute.balance_transactions.push(recordMovement(sim, {
    type: "adjustment",
    reporting_category: "dispute_reversal",
    amount: withdrawnCents(dispute),
    fee: 0,
    currency: dispute.currency,
    source: dispute.id,
    description: `Chargeback reversal for ${dispute.charge}`,
  }));
  sim.store.disputes.put(dispute);
  sim.events.emit("charge.dispute.funds_reinstated", dispute);
}

/**
 * The end of a dispute, or of its appeal: money follows the status. A dispute lost after all withdraws again, one
 * won reinstates what it holds.
 */
export function closeDispute(sim: Simulator, dispute: Dispute, status: ClosingStatus): Dispute {
  if (!CLOSING_STATUSES.includes(status)) {
    throw invalid(`A dispute closes as one of ${CLOSING_STATUSES.join(", ")}.`, "status");
  }
  const inquiry = dispute.status.startsWith("warning_");
  if (inquiry !== (status === "warning_closed") && status !== "prevented") {
    throw wrongState(
      inquiry
        ? "An inquiry closes as warning_closed; escalate it first for any other end."
        : "Only an inquiry closes as warning_closed.",
      "dispute_unexpected_state",
    );
  }
  dispute.status = status;
  dispute.is_charge_refundable = status === "warning_closed";
  sim.store.disputes.put(dispute);
  if (status === "lost" && withdrawnCents(dispute) === 0) withdraw(sim, dispute);
  if (status !== "lost" && withdrawnCents(dispute) > 0) reinstate(sim, dispute);
  sim.events.emit("charge.dispute.closed", dispute);
  return dispute;
}

/** Between opening and closing: answers, appeals, and an inquiry that turns into a dispute. */
export function moveDispute(sim: Simulator, dispute: Dispute, status: string): Dispute {
  const before = { status: dispute.status };
  const escalated = dispute.status.startsWith("warning_") && !status.startsWith("warning_");
  dispute.status = status;
  if (escalated) dispute.is_charge_refundable = false;
  sim.store.disputes.put(dispute);
  sim.events.emit("charge.dispute.updated", dispute, before);
  if (escalated) withdraw(sim, dispute);
  return dispute;
}

export function getDispute(sim: Simulator, id: string): Dispute {
  const dispute = sim.store.disputes.get(id);
  if (!dispute) throw missing("dispute", id, "dispute");
  return dispute;
}

function isOpen(dispute: Dispute): boolean {
  return !(CLOSING_STATUSES as readonly string[]).includes(dispute.status);
}

function refuseClosed(dispute: Dispute): void {
  if (isOpen(dispute)) return;
  throw wrongState("This dispute is already closed.", "dispute_already_closed");
}

const evidence = shape(
  Object.fromEntries([...EVIDENCE_TEXTS, ...EVIDENCE_FILES].map((name) => [name, text({ max: 20_000 })])),
);
const readUpdate = parameters({ evidence, metadata: metadata(), submit: flag() });

/** In test mode the words `winning_evidence` and `losing_evidence` decide the dispute at once. */
function updateDispute(sim: Simulator, id: string, params: ReturnType<typeof readUpdate>): Dispute {
  const dispute = getDispute(sim, id);
  dispute.metadata = mergeMetadata(dispute.metadata, params.metadata);
  const given = params.evidence;
  if (!given) return sim.store.disputes.put(dispute);
  refuseClosed(dispute);
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) (dispute.evidence as unknown as Record<string, unknown>)[name] = value;
  }
  dispute.evidence_details.has_evidence = true;
  if (params.submit === false) return moveDispute(sim, dispute, dispute.status);
  dispute.evidence_details.submission_count += 1;
  const inquiry = dispute.status.startsWith("warning_");
  moveDispute(sim, dispute, inquiry ? "warning_under_review" : "under_review");
  if (given.uncategorized_text === "winning_evidence") {
    return closeDispute(sim, dispute, inquiry ? "warning_closed" : "won");
  }
  if (given.uncategorized_text === "losing_evidence" && !inquiry) return closeDispute(sim, dispute, "lost");
  return dispute;
}

function acceptDispute(sim: Simulator, id: string): Dispute {
  const dispute = getDispute(sim, id);
  refuseClosed(dispute);
  return closeDispute(sim, dispute, dispute.status.startsWith("warning_") ? "warning_closed" : "lost");
}

export const disputeRoutes: Route[] = [
  route(
    "GET",
    "/v1/disputes",
    parameters({ ...paging, charge: text(), created: range(), payment_intent: text() }),
    ({ sim, params }) =>
      listOf(sim.store.disputes, params, "/v1/disputes", {
        by: { charge: params.charge, payment_intent: params.payment_intent },
      }),
  ),
  route("GET", "/v1/disputes/:id", parameters({}), ({ sim, ids }) => getDispute(sim, ids[0]!)),
  route(
    "POST",
    "/v1/disputes/:id",
    readUpdate,
    ({ sim, ids, params }) => updateDispute(sim, ids[0]!, params),
  ),
  route("POST", "/v1/disputes/:id/close", parameters({}), ({ sim, ids }) => acceptDispute(sim, ids[0]!)),
];
