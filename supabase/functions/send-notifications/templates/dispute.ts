import { cents, cost, instant } from "../format.ts";
import type { Context, Letter, PurchaseFacts } from "../letter.ts";

interface Payload {
  amount_cents: number;
  currency: string;
  status: string;
  clawed_back_micros: number;
  reinstated_micros: number;
}

export function dispute({ payload, facts, createdAt, sender }: Context<Payload, PurchaseFacts>): Letter {
  const { currency } = payload;
  const rows: Letter["rows"] = [
    ["Date", instant(createdAt)],
    ["Disputed", facts.package_name ?? "Credit"],
    ["Amount", cents(payload.amount_cents, currency)],
  ];
  return { ...story(payload), rows, action: { label: "See your purchases", url: sender.app_url } };
}

function story(payload: Payload): Pick<Letter, "subject" | "lead" | "paragraphs" | "total"> {
  const { currency } = payload;
  const amount = cents(payload.amount_cents, currency);
  if (payload.reinstated_micros > 0) {
    const credit = cost(payload.reinstated_micros, currency);
    return {
      subject: `You have ${credit} of credit back`,
      lead: `You have ${credit} of credit back: the dispute over your payment of ${amount} has ended.`,
      total: ["Credit given back", credit],
      paragraphs: ["The payment stands. You need not do anything."],
    };
  }
  if (payload.clawed_back_micros > 0) {
    const credit = cost(payload.clawed_back_micros, currency);
    return {
      subject: `${credit} of credit was taken back`,
      lead: `${credit} of credit was taken back, because your bank disputes the payment of ${amount}.`,
      total: ["Credit taken back", credit],
      paragraphs: [
        "Your bank has taken the money back while it decides. If the payment stands in the end, the credit comes back by itself.",
        "If you did not ask your bank for this, tell them so: that settles it soonest.",
      ],
    };
  }
  return {
    subject: `The dispute over your payment of ${amount} has ended`,
    lead: `The dispute over your payment of ${amount} has ended${
      payload.status === "lost" ? ", and the money is with your bank" : ""
    }.`,
    paragraphs: ["Your credit did not change with it. You need not do anything."],
  };
}
