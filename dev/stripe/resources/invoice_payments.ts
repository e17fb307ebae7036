import { missing } from "../errors.ts";
import { listOf, paging, range } from "../lists.ts";
import { oneOf, parameters, required, shape, text, unsupported } from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";

/** The way from a payment to its invoice, which the payment itself does not name. */

const readList = parameters({
  ...paging,
  created: range(),
  invoice: text(),
  payment: shape({
    payment_intent: text(),
    payment_record: unsupported("payment records"),
    type: required(oneOf(["payment_intent", "payment_record"])),
  }),
  status: oneOf(["canceled", "open", "paid"]),
});

function listPayments(sim: Simulator, params: ReturnType<typeof readList>) {
  const intent = params.payment?.payment_intent;
  const invoice = params.invoice ??
    (intent ? sim.store.intentInvoices.get(intent)?.invoice ?? "none" : undefined);
  return listOf(sim.store.invoicePayments, params, "/v1/invoice_payments", {
    by: { invoice },
    passes: (each) =>
      (!intent || each.payment.payment_intent === intent) &&
      (!params.status || each.status === params.status),
  });
}

export const invoicePaymentRoutes: Route[] = [
  route("GET", "/v1/invoice_payments", readList, ({ sim, params }) => listPayments(sim, params)),
  route("GET", "/v1/invoice_payments/:id", parameters({}), ({ sim, ids }) => {
    const payment = sim.store.invoicePayments.get(ids[0]!);
    if (!payment) throw missing("invoice_payment", ids[0]!, "invoice_payment");
    return payment;
  }),
];
