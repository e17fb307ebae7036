import { cents, instant } from "../format.ts";
import type { Context, Letter, PurchaseFacts } from "../letter.ts";
import { failureReason } from "./failure_reason.ts";

interface Payload {
  price_cents: number;
  currency: string;
  /** The bank's reason, or why it was stopped without asking the bank. */
  failure_code: string | null;
  suspended: boolean;
  manage_url: string | null;
}

/** Why it stopped before any bank was asked. */
const STOPS: Record<string, string> = {
  terms_changed: "The package you chose has changed, and it is not bought on terms you have not seen.",
  card_removed: "The card you chose is not saved any more.",
  money_returned: "A payment of yours was refunded or disputed.",
};

export function autoReloadFailed(
  { payload, facts, createdAt, sender }: Context<Payload, PurchaseFacts>,
): Letter {
  const stop = STOPS[payload.failure_code ?? ""];
  const amount = cents(payload.price_cents, payload.currency);
  const fact = `Auto-reload of ${amount} ${stop ? "is paused" : "did not go through"}`;
  const next = payload.suspended
    ? "Auto-reload is paused until you change the card or switch it on again. Your credit does not refill until then."
    : "It is tried again a while later. If the card has changed, save the new one.";
  return {
    subject: fact,
    lead: `${fact}. Nothing was charged.`,
    rows: [
      ["Date", instant(createdAt)],
      ["Not bought", facts.package_name ?? "Credit"],
    ],
    paragraphs: [stop ?? failureReason(payload.failure_code), next],
    action: { label: "Manage auto-reload", url: payload.manage_url ?? sender.app_url },
  };
}
