// Why a bank said no, in words a person can act on. Banks keep most reasons to themselves, and so does this list.
const REASONS: Record<string, string> = {
  insufficient_funds: "Your bank says there is not enough money on the account.",
  expired_card: "The card has expired.",
  incorrect_cvc: "The card's security code was not right.",
  incorrect_number: "The card number was not right.",
  authentication_required: "Your bank wants you to confirm the payment yourself.",
  card_velocity_exceeded: "The card's limit for payments has been reached.",
  lost_card: "Your bank refused the card.",
  stolen_card: "Your bank refused the card.",
  card_removed: "There is no saved card to charge any more.",
  terms_changed: "What you agreed to buy costs something else now, or is not sold any more.",
  money_returned: "A payment was returned, so the card is not charged again before you say so.",
};

export function failureReason(code: string | null | undefined): string {
  return REASONS[code ?? ""] ??
    "Your bank did not accept the payment; it may tell you why.";
}
