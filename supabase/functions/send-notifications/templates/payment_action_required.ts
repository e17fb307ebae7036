import { cents, instant } from "../format.ts";
import type { Context, Letter, PurchaseFacts } from "../letter.ts";

interface Payload {
  price_cents: number;
  currency: string;
  url: string | null;
}

export function paymentActionRequired(
  { payload, facts, createdAt, sender }: Context<Payload, PurchaseFacts>,
): Letter {
  const amount = cents(payload.price_cents, payload.currency);
  return {
    subject: `Your bank asks you to confirm ${amount}`,
    lead: `Your bank asks you to confirm the payment of ${amount}. Nothing is charged before you do.`,
    rows: [["Date", instant(createdAt)], ["To buy", facts.package_name ?? "Credit"], ["Price", amount]],
    paragraphs: ["Auto-reload started this payment because your balance fell below the level you set."],
    action: { label: `Pay ${amount}`, url: payload.url ?? sender.app_url },
  };
}
