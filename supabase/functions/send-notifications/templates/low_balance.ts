import { balance, cost, talkTime } from "../format.ts";
import type { Context, Letter } from "../letter.ts";

interface Payload {
  balance_micros: number;
  threshold_micros: number;
}

interface Facts {
  currency?: string;
  talk_seconds?: number | null;
}

export function lowBalance({ payload, facts, sender }: Context<Payload, Facts>): Letter {
  const currency = facts.currency ?? "usd";
  const left = balance(payload.balance_micros, currency);
  const time = talkTime(facts.talk_seconds ?? null);
  const owes = payload.balance_micros < 0;
  const fact = owes ? `Your balance is ${left}` : `You have ${left} left`;
  return {
    subject: fact,
    lead: `${fact}${time && !owes ? `, ${time} of calls` : ""}.`,
    rows: [],
    paragraphs: [
      `You asked to be told when it is below ${cost(payload.threshold_micros, currency)}.`,
      ...(owes ? ["The next credit you buy pays it first."] : []),
    ],
    action: { label: "Add credit", url: sender.top_up_url ?? sender.app_url },
  };
}
