// Each kind of message and its template.
import type { Context, Letter, Message, Sender } from "../letter.ts";
import { autoReloadFailed } from "./auto_reload_failed.ts";
import { callCutOff } from "./call_cut_off.ts";
import { creditExpiring } from "./credit_expiring.ts";
import { dispute } from "./dispute.ts";
import { lowBalance } from "./low_balance.ts";
import { paymentActionRequired } from "./payment_action_required.ts";
import { paymentFailed } from "./payment_failed.ts";
import { purchaseConfirmed } from "./purchase_confirmed.ts";
import { referralRewarded } from "./referral_rewarded.ts";
import { refund } from "./refund.ts";
import { subscriptionCanceled, subscriptionPastDue, subscriptionUnpaid } from "./subscriptions.ts";

// deno-lint-ignore no-explicit-any -- each template states the payload of its own kind
type Template = (context: Context<any, any>) => Letter;

export const TEMPLATES: Record<string, Template> = {
  purchase_confirmed: purchaseConfirmed,
  payment_failed: paymentFailed,
  refund,
  dispute,
  low_balance: lowBalance,
  call_cut_off: callCutOff,
  auto_reload_failed: autoReloadFailed,
  payment_action_required: paymentActionRequired,
  credit_expiring: creditExpiring,
  referral_rewarded: referralRewarded,
  subscription_past_due: subscriptionPastDue,
  subscription_unpaid: subscriptionUnpaid,
  subscription_canceled: subscriptionCanceled,
};

/** The letter a message becomes. */
export function write(message: Message, sender: Sender): Letter {
  const template = Object.hasOwn(TEMPLATES, message.kind) ? TEMPLATES[message.kind] : undefined;
  if (template === undefined) {
    throw new TypeError(`There is no template for ${message.kind}`);
  }
  const { payload, facts, created_at: createdAt } = message;
  return template({ payload, facts, createdAt, sender });
}
