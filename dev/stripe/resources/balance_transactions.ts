import { DAY } from "../clock.ts";
import { missing } from "../errors.ts";
import { newId } from "../ids.ts";
import { listOf, paging, range } from "../lists.ts";
import { parameters, text } from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import type { BalanceTransaction, MethodType } from "../types.ts";

export interface Movement {
  type: BalanceTransaction["type"];
  reporting_category: string;
  /** What moves, signed as seen from the Stripe balance. */
  amount: number;
  fee: number;
  feeDescription?: string;
  currency: string;
  source: string;
  description: string | null;
}

export const DISPUTE_FEE_CENTS = 1500;
const AVAILABLE_AFTER = 2 * DAY;

/** Stripe's United States list prices. */
export function processingFee(amount: number, method: MethodType): number {
  if (method === "card") return Math.round(amount * 0.029) + 30;
  return Math.min(500, Math.round(amount * 0.008));
}

export function recordMovement(sim: Simulator, movement: Movement): BalanceTransaction {
  const { fee, feeDescription, ...rest } = movement;
  const now = sim.now();
  return sim.store.balanceTransactions.put({
    id: newId("txn"),
    object: "balance_transaction",
    available_on: now + AVAILABLE_AFTER,
    balance_type: "payments",
    created: now,
    exchange_rate: null,
    fee,
    fee_details: fee === 0 ? [] : [{
      amount: fee,
      application: null,
      currency: movement.currency,
      description: feeDescription ?? "Stripe processing fees",
      type: "stripe_fee",
    }],
    net: movement.amount - fee,
    status: "pending",
    ...rest,
  });
}

/** Funds become available with time, without any event. */
export function asOfNow(sim: Simulator, transaction: BalanceTransaction): BalanceTransaction {
  if (transaction.status === "pending" && transaction.available_on <= sim.now()) {
    sim.store.balanceTransactions.put(Object.assign(transaction, { status: "available" }));
  }
  return transaction;
}

const readList = parameters({
  ...paging,
  created: range(),
  currency: text(),
  payout: text(),
  source: text(),
  type: text(),
});

function listTransactions(sim: Simulator, params: ReturnType<typeof readList>) {
  const list = listOf(sim.store.balanceTransactions, params, "/v1/balance_transactions", {
    by: { source: params.source },
    passes: (each) =>
      !params.payout && (!params.currency || each.currency === params.currency) &&
      (!params.type || each.type === params.type),
  });
  for (const each of list.data) asOfNow(sim, each);
  return list;
}

function balanceOf(sim: Simulator) {
  const sums = { available: new Map<string, number>(), pending: new Map<string, number>() };
  for (const each of sim.store.balanceTransactions.values()) {
    const sum = asOfNow(sim, each).status === "available" ? sums.available : sums.pending;
    sum.set(each.currency, (sum.get(each.currency) ?? 0) + each.net);
  }
  const amounts = (sum: Map<string, number>) => {
    const rows = [...sum].map(([currency, amount]) => ({ amount, currency, source_types: { card: amount } }));
    return rows.length > 0 ? rows : [{ amount: 0, currency: "usd", source_types: { card: 0 } }];
  };
  return {
    object: "balance",
    available: amounts(sums.available),
    livemode: false,
    pending: amounts(sums.pending),
  };
}

export const balanceTransactionRoutes: Route[] = [
  route("GET", "/v1/balance", parameters({}), ({ sim }) => balanceOf(sim)),
  route(
    "GET",
    "/v1/balance_transactions",
    readList,
    ({ sim, params }) => listTransactions(sim, params),
  ),
  route("GET", "/v1/balance_transactions/:id", parameters({}), ({ sim, ids }) => {
    const transaction = sim.store.balanceTransactions.get(ids[0]!);
    if (!transaction) throw missing("balance transaction", ids[0]!, "id");
    return asOfNow(sim, transaction);
  }),
];
