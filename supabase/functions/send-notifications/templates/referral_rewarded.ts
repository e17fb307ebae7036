import { cost, instant } from "../format.ts";
import type { Context, Letter } from "../letter.ts";

interface Payload {
  amount_micros: number;
  currency: string;
  /** Which side of it the reader is. */
  role: "referrer" | "referred";
}

export function referralRewarded({ payload, createdAt, sender }: Context<Payload, unknown>): Letter {
  const amount = cost(payload.amount_micros, payload.currency);
  const fact = payload.role === "referred"
    ? `You got ${amount} of welcome credit`
    : `You got ${amount} of credit for a friend`;
  return {
    subject: fact,
    lead: payload.role === "referred"
      ? `${fact}, because a friend invited you. It is ready to use.`
      : `${fact} who has made a first payment. It is ready to use.`,
    rows: [["Date", instant(createdAt)]],
    total: ["Credit added", amount],
    paragraphs: ["It is taken back if that payment is refunded."],
    action: { label: "See your balance", url: sender.app_url },
  };
}
