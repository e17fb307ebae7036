// Gives a payment back, whole or in part: the row first, then Stripe, then what Stripe said. Whether the caller may is
// for the database. When Stripe's answer is lost, the reconciler asks again under the same key.
import type Stripe from "stripe";
import { z } from "zod";
import type { Database, Refund } from "../_shared/db.ts";
import { ApiError, isWorthRepeating, toApiError } from "../_shared/errors.ts";
import { parseBody } from "../_shared/http.ts";
import { sendRefund, type SentRefund } from "../_shared/refunds.ts";

export interface RefundPurchaseDeps {
  /** The admin who asks; null for the secret key. */
  actorId: string | null;
  db: Database;
  stripe: Stripe;
}

export interface RefundPurchaseAnswer {
  refund: Refund;
  /** Credit taken back by this very request. */
  clawed_back_micros: number;
}

const bodySchema = z.strictObject({
  user_id: z.uuid("Must be a UUID."),
  purchase_id: z.uuid("Must be a UUID."),
  amount_cents: z.int("Must be whole cents.").positive("Must be more than nothing.").optional(),
  reason: z.string().trim().min(1, "Say why.").max(500),
  idempotency_key: z.string().min(1).max(255),
});

export async function refundPurchase(
  request: Request,
  deps: RefundPurchaseDeps,
): Promise<RefundPurchaseAnswer> {
  const { amount_cents = null, ...body } = await parseBody(request, bodySchema);
  const begun = await deps.db.beginRefund({ ...body, amount_cents, actor_id: deps.actorId });
  const { refund } = begun;
  if (refund.status === "refused") throw refusal(refund.failure_reason ?? "refused", refund);
  if (refund.status !== "requested") return { refund, clawed_back_micros: 0 };
  let sent: SentRefund;
  try {
    sent = await sendRefund(begun, deps);
  } catch (error) {
    throw isWorthRepeating(error) ? underWay(error, refund) : error;
  }
  if (sent.outcome === "refused") throw refusal(sent.code, refund, sent.cause);
  const { applied } = sent;
  if (!applied.refund) {
    throw new ApiError("internal_error", { cause: new Error("The payment of a refund is not known") });
  }
  return { refund: applied.refund, clawed_back_micros: applied.clawed_back_micros ?? 0 };
}

/** Stripe's reasons in our words; the same request again is answered the same. */
function refusal(reason: string, { refund_id, purchase_id }: Refund, cause?: unknown): ApiError {
  const details = { refund_id, purchase_id, reason };
  switch (reason) {
    case "charge_already_refunded":
    case "amount_too_large":
      return new ApiError("refund_exceeds_payment", {
        details,
        hint: "Some of it was refunded at Stripe already; it shows here within minutes.",
        cause,
      });
    case "charge_disputed":
      return new ApiError("purchase_not_refundable", {
        details,
        hint: "The buyer's bank has taken the payment back. Answer the dispute at Stripe.",
        cause,
      });
    default:
      return new ApiError("purchase_not_refundable", { details, hint: "Stripe refused the refund.", cause });
  }
}

function underWay(error: unknown, { refund_id }: Refund): ApiError {
  const { code, details, retryAfterSeconds } = toApiError(error);
  return new ApiError(code, {
    details: { ...details, refund_id },
    hint: "The refund is noted and is carried out by itself within minutes: do not begin another.",
    retryAfterSeconds,
    cause: error,
  });
}
