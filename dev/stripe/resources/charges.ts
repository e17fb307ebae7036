import type { Decline } from "../cards.ts";
import { copy } from "../copy.ts";
import { missing } from "../errors.ts";
import { newId } from "../ids.ts";
import { listOf, paging, range } from "../lists.ts";
import { clearable, mergeMetadata, metadata, parameters, text } from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import type { Charge, MethodType, PaymentIntent, PaymentMethod } from "../types.ts";
import { processingFee, recordMovement } from "./balance_transactions.ts";

/** The charge of one attempt to pay; `settleCharge` or `failCharge` decides it. */
export function createCharge(
  sim: Simulator,
  intent: PaymentIntent,
  method: PaymentMethod,
  authenticated: boolean,
): Charge {
  const id = newId(method.type === "card" ? "ch" : "py");
  const descriptor = intent.statement_descriptor_suffix;
  return sim.store.charges.put({
    id,
    object: "charge",
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: copy(method.billing_details),
    calculated_statement_descriptor: descriptor ? `TALKTIME* ${descriptor}` : "TALKTIME",
    captured: false,
    created: sim.now(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: { ...intent.metadata },
    on_behalf_of: null,
    outcome: null,
    paid: false,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: detailsOf(intent, method, authenticated),
    radar_options: {},
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: descriptor,
    status: "pending",
    transfer_data: null,
    transfer_group: null,
  });
}

function detailsOf(
  intent: PaymentIntent,
  method: PaymentMethod,
  authenticated: boolean,
): Charge["payment_method_details"] {
  if (method.us_bank_account) {
    const { account_holder_type, account_type, bank_name, fingerprint, last4, routing_number } =
      method.us_bank_account;
    return {
      type: "us_bank_account",
      us_bank_account: {
        account_holder_type,
        account_type,
        bank_name,
        fingerprint,
        last4,
        payment_reference: null,
        routing_number,
      },
    };
  }
  if (method.sepa_debit) {
    const { bank_code, branch_code, country, fingerprint, last4 } = method.sepa_debit;
    return {
      type: "sepa_debit",
      sepa_debit: { bank_code, branch_code, country, fingerprint, last4, mandate: null },
    };
  }
  const card = method.card!;
  return {
    type: "card",
    card: {
      amount_authorized: intent.amount,
      authorization_code: "004242",
      brand: card.brand,
      checks: card.checks,
      country: card.country,
      electronic_commerce_indicator: null,
      exp_month: card.exp_month,
      exp_year: card.exp_year,
      fingerprint: card.fingerprint,
      funding: card.funding,
      installments: null,
      last4: card.last4,
      mandate: null,
      network: card.brand,
      network_token: { used: false },
      network_transaction_id: null,
      regulated_status: "unregulated",
      three_d_secure: authenticated
        ? {
          authentication_flow: "challenge",
          electronic_commerce_indicator: "05",
          exemption_indicator: null,
          result: "authenticated",
          result_reason: null,
          transaction_id: null,
          version: "2.2.0",
        }
        : null,
      transaction_link_id: null,
      wallet: null,
    },
  };
}

export function settleCharge(sim: Simulator, charge: Charge): void {
  const method = (charge.payment_method_details?.type ?? "card") as MethodType;
  charge.status = "succeeded";
  charge.paid = true;
  charge.captured = true;
  charge.amount_captured = charge.amount;
  charge.receipt_url = `${sim.publicUrl}/receipts/${charge.id}`;
  charge.outcome = {
    advice_code: null,
    network_advice_code: null,
    network_decline_code: null,
    network_status: "approved_by_network",
    reason: null,
    risk_level: method === "card" ? "normal" : "not_assessed",
    ...(method === "card" ? { risk_score: 12 } : {}),
    seller_message: "Payment complete.",
    type: "authorized",
  };
  charge.balance_transaction = recordMovement(sim, {
    type: method === "card" ? "charge" : "payment",
    reporting_category: "charge",
    amount: charge.amount,
    fee: processingFee(charge.amount, method),
    currency: charge.currency,
    source: charge.id,
    description: charge.description,
  }).id;
  sim.store.charges.put(charge);
  sim.events.emit("charge.succeeded", charge);
}

export function failCharge(sim: Simulator, charge: Charge, decline: Omit<Decline, "decline_code">): void {
  const blocked = "decline_code" in decline && decline.decline_code === "fraudulent";
  charge.status = "failed";
  charge.failure_code = decline.code;
  charge.failure_message = decline.message;
  charge.outcome = {
    advice_code: decline.advice_code ?? null,
    network_advice_code: null,
    network_decline_code: decline.network_decline_code ?? null,
    network_status: blocked ? "not_sent_to_network" : "declined_by_network",
    reason: "decline_code" in decline ? String(decline.decline_code) : decline.code,
    risk_level: blocked ? "highest" : "normal",
    seller_message: blocked
      ? "Stripe blocked this payment as too risky."
      : "The bank did not return any further details with this decline.",
    type: blocked ? "blocked" : "issuer_declined",
  };
  sim.store.charges.put(charge);
  sim.events.emit("charge.failed", charge);
}

export function getCharge(sim: Simulator, id: string): Charge {
  const charge = sim.store.charges.get(id);
  if (!charge) throw missing("charge", id, "id");
  return charge;
}

const readList = parameters({ ...paging, created: range(), customer: text(), payment_intent: text() });

const readUpdate = parameters({
  description: clearable(text()),
  metadata: metadata(),
  receipt_email: clearable(text()),
});

export const chargeRoutes: Route[] = [
  route(
    "GET",
    "/v1/charges",
    readList,
    ({ sim, params }) =>
      listOf(sim.store.charges, params, "/v1/charges", {
        by: { payment_intent: params.payment_intent, customer: params.customer },
      }),
  ),
  route("GET", "/v1/charges/:id", parameters({}), ({ sim, ids }) => getCharge(sim, ids[0]!)),
  route("POST", "/v1/charges/:id", readUpdate, ({ sim, ids, params }) => {
    const charge = getCharge(sim, ids[0]!);
    if (params.description !== undefined) charge.description = params.description;
    if (params.receipt_email !== undefined) charge.receipt_email = params.receipt_email;
    charge.metadata = mergeMetadata(charge.metadata, params.metadata);
    sim.store.charges.put(charge);
    sim.events.emit("charge.updated", charge, {});
    return charge;
  }),
];
