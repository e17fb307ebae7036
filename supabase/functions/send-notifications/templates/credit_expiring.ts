import { balance, day, instant } from "../format.ts";
import type { Context, Letter } from "../letter.ts";

interface Payload {
  expires_at: string;
  amount_micros: number;
  currency: string;
}

export function creditExpiring({ payload, sender }: Context<Payload, unknown>): Letter {
  const amount = balance(payload.amount_micros, payload.currency);
  const fact = `${amount} of your credit expires on ${day(payload.expires_at)}`;
  return {
    subject: fact,
    lead: `${fact}.`,
    rows: [["Usable until", instant(payload.expires_at)]],
    total: ["Expires then", amount],
    paragraphs: ["Calls use it before your other credit. What is left of it then cannot be used any more."],
    action: { label: "See your balance", url: sender.app_url },
  };
}
