import { clock, cost, instant } from "../format.ts";
import type { Context, Letter } from "../letter.ts";

interface Payload {
  duration_seconds: number;
  cost_micros: number;
}

interface Facts {
  currency?: string;
  /** The number with its middle hidden. */
  destination?: string;
}

export function callCutOff({ payload, facts, createdAt, sender }: Context<Payload, Facts>): Letter {
  const amount = cost(payload.cost_micros, facts.currency ?? "usd");
  const fact = `Your call for ${amount} ended because your credit ran out`;
  const rows: Letter["rows"] = [["Ended", instant(createdAt)], ["Talked", clock(payload.duration_seconds)]];
  if (facts.destination) rows.unshift(["Call to", facts.destination]);
  return {
    subject: fact,
    lead: `${fact}. Nothing more was charged.`,
    rows,
    total: ["Cost", amount],
    paragraphs: [],
    action: { label: "Add credit", url: sender.top_up_url ?? sender.app_url },
  };
}
