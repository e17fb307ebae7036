import { cents, instant } from "../format.ts";
import type { Context, Letter, PurchaseFacts } from "../letter.ts";
import { failureReason } from "./failure_reason.ts";

interface Payload {
  price_cents: number;
  currency: string;
  failure_code: string | null;
}

export function paymentFailed(
  { payload, facts, createdAt, sender }: Context<Payload, PurchaseFacts>,
): Letter {
  const fact = `Your payment of ${cents(payload.price_cents, payload.currency)} did not go through`;
  return {
    subject: fact,
    lead: `${fact}. Nothing was charged.`,
    rows: [["Date", instant(createdAt)], ["Not bought", facts.package_name ?? "Credit"]],
    paragraphs: [
      failureReason(payload.failure_code),
      "You can try again, with the same card or another one.",
    ],
    action: { label: "Buy credit", url: sender.top_up_url ?? sender.app_url },
  };
}
