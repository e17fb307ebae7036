import { cents, cost, instant } from "../format.ts";
import type { Context, Letter, PurchaseFacts } from "../letter.ts";

interface Payload {
  amount_cents: number;
  currency: string;
  /** All that has been taken back for this purchase, earlier refunds included. */
  clawed_back_micros: number;
  status: string;
}

export function refund(context: Context<Payload, PurchaseFacts>): Letter {
  const { payload, facts, createdAt, sender } = context;
  const { currency } = payload;
  const amount = cents(payload.amount_cents, currency);
  const rows: Letter["rows"] = [["Date", instant(createdAt)], ["Refund for", facts.package_name ?? "Credit"]];
  if (facts.paid_cents) {
    rows.push(["You had paid", cents(facts.paid_cents, currency)]);
  }
  const action = { label: "See your purchases", url: sender.app_url };
  if (payload.status !== "succeeded") {
    return {
      subject: `Your refund of ${amount} did not arrive`,
      lead: `Your refund of ${amount} did not arrive: your bank did not accept it.`,
      rows,
      paragraphs: [
        "The credit that had been taken back for it is in your balance again.",
        sender.seller.email
          ? `To get the money another way, write to ${sender.seller.email}.`
          : "To get the money another way, please write to us.",
      ],
      action,
    };
  }
  if (payload.clawed_back_micros > 0) {
    rows.push(["Credit taken back so far", cost(payload.clawed_back_micros, currency)]);
  }
  return {
    subject: `You were refunded ${amount}`,
    lead: `You were refunded ${amount}, the way you had paid.`,
    rows,
    total: ["Refunded", amount],
    paragraphs: ["Banks take up to ten days to show it."],
    action,
  };
}
