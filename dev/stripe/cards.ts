/** Why a card says no, in the words and codes of Stripe's test mode. */
export interface Decline {
  code: string;
  decline_code: string;
  message: string;
  advice_code?: "confirm_card_data" | "do_not_try_again" | "try_again_later";
  network_decline_code?: string;
}

const DECLINED = "Your card was declined.";

export const DECLINES = {
  generic_decline: {
    code: "card_declined",
    decline_code: "generic_decline",
    message: DECLINED,
    advice_code: "try_again_later",
    network_decline_code: "01",
  },
  insufficient_funds: {
    code: "card_declined",
    decline_code: "insufficient_funds",
    message: "Your card has insufficient funds.",
    advice_code: "try_again_later",
    network_decline_code: "51",
  },
  lost_card: {
    code: "card_declined",
    decline_code: "lost_card",
    message: DECLINED,
    advice_code: "do_not_try_again",
    network_decline_code: "41",
  },
  stolen_card: {
    code: "card_declined",
    decline_code: "stolen_card",
    message: DECLINED,
    advice_code: "do_not_try_again",
    network_decline_code: "43",
  },
  card_velocity_exceeded: {
    code: "card_declined",
    decline_code: "card_velocity_exceeded",
    message:
      "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    advice_code: "try_again_later",
  },
  expired_card: {
    code: "expired_card",
    decline_code: "expired_card",
    message: "Your card has expired.",
    advice_code: "confirm_card_data",
    network_decline_code: "54",
  },
  incorrect_cvc: {
    code: "incorrect_cvc",
    decline_code: "incorrect_cvc",
    message: "Your card's security code is incorrect.",
    advice_code: "confirm_card_data",
  },
  processing_error: {
    code: "processing_error",
    decline_code: "processing_error",
    message: "An error occurred while processing your card. Try again in a little bit.",
    advice_code: "try_again_later",
  },
  do_not_honor: {
    code: "card_declined",
    decline_code: "do_not_honor",
    message: DECLINED,
    advice_code: "try_again_later",
    network_decline_code: "05",
  },
  pickup_card: {
    code: "card_declined",
    decline_code: "pickup_card",
    message: DECLINED,
    advice_code: "do_not_try_again",
    network_decline_code: "04",
  },
  invalid_account: {
    code: "card_declined",
    decline_code: "invalid_account",
    message: "Your card was declined because the account it belongs to is invalid.",
    advice_code: "do_not_try_again",
    network_decline_code: "46",
  },
  transaction_not_allowed: {
    code: "card_declined",
    decline_code: "transaction_not_allowed",
    message: "Your card does not support this type of purchase.",
    advice_code: "do_not_try_again",
    network_decline_code: "57",
  },
  revocation_of_authorization: {
    code: "card_declined",
    decline_code: "revocation_of_authorization",
    message: DECLINED,
    advice_code: "do_not_try_again",
    network_decline_code: "R1",
  },
  try_again_later: {
    code: "card_declined",
    decline_code: "try_again_later",
    message: DECLINED,
    advice_code: "try_again_later",
    network_decline_code: "91",
  },
  fraudulent: { code: "card_declined", decline_code: "fraudulent", message: DECLINED },
  authentication_required: {
    code: "authentication_required",
    decline_code: "authentication_required",
    message: "Your card was declined. This transaction requires authentication.",
  },
  test_mode_live_card: {
    code: "card_declined",
    decline_code: "test_mode_live_card",
    message:
      "Your card was declined. Your request was in test mode, but used a non test card. For a list of " +
      "valid test cards, visit: https://stripe.com/docs/testing.",
  },
} as const satisfies Record<string, Decline>;

export type DeclineName = keyof typeof DECLINES;

/** When a card wants its holder to confirm the payment. */
export type Authentication = "never" | "always" | "unless_saved_with_authentication" | "already_saved";

export interface TestCard {
  number: string;
  id: string;
  brand: "visa" | "mastercard" | "amex" | "discover";
  funding?: "credit" | "debit" | "prepaid";
  country?: string;
  /** Declines when charged. */
  decline?: DeclineName;
  /** Also declines when it is saved, not only when it is charged; true of every declining card but one. */
  savable?: boolean;
  authentication?: Authentication;
  dispute?: { reason: string; inquiry?: boolean };
  refund?: "pending" | "fails";
}

export const TEST_CARDS: readonly TestCard[] = [
  { number: "4242424242424242", id: "pm_card_visa", brand: "visa" },
  { number: "4000056655665556", id: "pm_card_visa_debit", brand: "visa", funding: "debit" },
  { number: "5555555555554444", id: "pm_card_mastercard", brand: "mastercard" },
  { number: "5200828282828210", id: "pm_card_mastercard_debit", brand: "mastercard", funding: "debit" },
  { number: "5105105105105100", id: "pm_card_mastercard_prepaid", brand: "mastercard", funding: "prepaid" },
  { number: "378282246310005", id: "pm_card_amex", brand: "amex" },
  { number: "6011111111111117", id: "pm_card_discover", brand: "discover" },
  { number: "4000000760000002", id: "pm_card_br", brand: "visa", country: "BR" },
  { number: "4000002760000016", id: "pm_card_de", brand: "visa", country: "DE" },
  { number: "4000008260000000", id: "pm_card_gb", brand: "visa", country: "GB" },
  {
    number: "4000000000000002",
    id: "pm_card_visa_chargeDeclined",
    brand: "visa",
    decline: "generic_decline",
  },
  {
    number: "4000000000009995",
    id: "pm_card_visa_chargeDeclinedInsufficientFunds",
    brand: "visa",
    decline: "insufficient_funds",
  },
  {
    number: "4000000000009987",
    id: "pm_card_visa_chargeDeclinedLostCard",
    brand: "visa",
    decline: "lost_card",
  },
  {
    number: "4000000000009979",
    id: "pm_card_visa_chargeDeclinedStolenCard",
    brand: "visa",
    decline: "stolen_card",
  },
  {
    number: "4000000000006975",
    id: "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
    brand: "visa",
    decline: "card_velocity_exceeded",
  },
  {
    number: "4000000000000069",
    id: "pm_card_chargeDeclinedExpiredCard",
    brand: "visa",
    decline: "expired_card",
  },
  {
    number: "4000000000000127",
    id: "pm_card_chargeDeclinedIncorrectCvc",
    brand: "visa",
    decline: "incorrect_cvc",
  },
  {
    number: "4000000000000119",
    id: "pm_card_chargeDeclinedProcessingError",
    brand: "visa",
    decline: "processing_error",
  },
  { number: "4100000000000019", id: "pm_card_radarBlock", brand: "visa", decline: "fraudulent" },
  {
    number: "4000000000000341",
    id: "pm_card_chargeCustomerFail",
    brand: "visa",
    decline: "generic_decline",
    savable: true,
  },
  {
    number: "4000002500003155",
    id: "pm_card_authenticationRequiredOnSetup",
    brand: "visa",
    authentication: "unless_saved_with_authentication",
  },
  {
    number: "4000002760003184",
    id: "pm_card_authenticationRequired",
    brand: "visa",
    country: "DE",
    authentication: "always",
  },
  {
    number: "4000003800000446",
    id: "pm_card_authenticationRequiredSetupForOffSession",
    brand: "visa",
    authentication: "already_saved",
  },
  {
    number: "4000008260003178",
    id: "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
    brand: "visa",
    country: "GB",
    authentication: "always",
    decline: "insufficient_funds",
  },
  {
    number: "4000000000000259",
    id: "pm_card_createDispute",
    brand: "visa",
    dispute: { reason: "fraudulent" },
  },
  {
    number: "4000000000002685",
    id: "pm_card_createDisputeProductNotReceived",
    brand: "visa",
    dispute: { reason: "product_not_received" },
  },
  {
    number: "4000000000001976",
    id: "pm_card_createDisputeInquiry",
    brand: "visa",
    dispute: { reason: "fraudulent", inquiry: true },
  },
  { number: "4000000000007726", id: "pm_card_pendingRefund", brand: "visa", refund: "pending" },
  { number: "4000000000005126", id: "pm_card_refundFail", brand: "visa", refund: "fails" },
];

const BY_NUMBER = new Map(TEST_CARDS.map((card) => [card.number, card]));
const BY_ID = new Map(TEST_CARDS.map((card) => [card.id, card]));

export function cardByNumber(number: string): TestCard | undefined {
  return BY_NUMBER.get(number);
}

/** By `pm_card_visa` or the older `tok_visa`. */
export function cardById(id: string): TestCard | undefined {
  return BY_ID.get(id.startsWith("tok_") ? `pm_card_${id.slice(4)}` : id);
}

export function digitsOf(text: string): string {
  return text.replace(/[\s-]/g, "");
}

/** The check digit every card number carries. */
export function isCardNumber(number: string): boolean {
  if (!/^\d{12,19}$/.test(number)) return false;
  let sum = 0;
  for (let index = 0; index < number.length; index++) {
    const digit = Number(number[number.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
