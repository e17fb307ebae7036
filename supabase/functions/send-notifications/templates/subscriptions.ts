// A renewal that was not paid, one that is given up, and the end of a subscription.
import { cents, instant } from "../format.ts";
import type { Context, Letter } from "../letter.ts";

interface Payload {
  plan_name: string;
  price_cents: number;
  currency: string;
}

type Told = Context<Payload, unknown>;

function letter(
  { payload, createdAt, sender }: Told,
  fact: string,
  rest: string,
  paragraphs: string[],
  label: string,
): Letter {
  const price = cents(payload.price_cents, payload.currency);
  return {
    subject: fact,
    lead: `${fact}. ${rest}`,
    rows: [["Date", instant(createdAt)], ["Plan", payload.plan_name], ["Price", price]],
    paragraphs,
    action: { label, url: sender.app_url },
  };
}

const priceOf = ({ payload }: Told): string => cents(payload.price_cents, payload.currency);

export const subscriptionPastDue = (told: Told): Letter =>
  letter(
    told,
    `The payment of ${priceOf(told)} for your plan did not go through`,
    "It is tried again in the next days.",
    [
      "The credit of the new period comes when it is paid. Until then calls are charged at the usual rates.",
      "If the card has changed, save the new one.",
    ],
    "Change the card",
  );

export const subscriptionUnpaid = (told: Told): Letter =>
  letter(
    told,
    `${priceOf(told)} for your plan is not paid`,
    "It is not tried again by itself.",
    ["No new credit comes with the plan, and calls are charged at the usual rates. Credit you have stays."],
    "Change the card",
  );

export const subscriptionCanceled = (told: Told): Letter =>
  letter(
    told,
    `Your plan for ${priceOf(told)} has ended`,
    "You are not charged for it again.",
    ["Credit you have stays until it expires. From now on calls are charged at the usual rates."],
    "See your plans",
  );
