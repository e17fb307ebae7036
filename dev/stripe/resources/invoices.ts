import { attemptInvoice, countAttempt, failInvoice, methodFor, settleInvoice } from "../collecting.ts";
import { invalid, missing } from "../errors.ts";
import { finalizeInvoice, intentOfInvoice, stopCollecting } from "../invoicing.ts";
import { listOf, page, paging, range } from "../lists.ts";
import { flag, mergeMetadata, metadata, oneOf, parameters, text, unsupported } from "../params.ts";
import { cardError } from "../payments.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import { voidInvoice } from "../subscriptions.ts";
import type { Invoice } from "../types.ts";
import { needMethod, refuseDetached } from "./payment_methods.ts";

const readList = parameters({
  ...paging,
  collection_method: oneOf(["charge_automatically", "send_invoice"]),
  created: range(),
  customer: text(),
  due_date: unsupported("due dates"),
  status: oneOf(["draft", "open", "paid", "uncollectible", "void"]),
  subscription: text(),
});

function listInvoices(sim: Simulator, params: ReturnType<typeof readList>) {
  const { collection_method, status, subscription } = params;
  const customer = params.customer ??
    (subscription && sim.store.subscriptions.get(subscription)?.customer as string | undefined);
  return listOf(sim.store.invoices, params, "/v1/invoices", {
    by: { customer },
    passes: (invoice) =>
      (!status || invoice.status === status) &&
      (!collection_method || invoice.collection_method === collection_method) &&
      (!subscription || invoice.parent?.subscription_details?.subscription === subscription),
  });
}

function getInvoice(sim: Simulator, id: string): Invoice {
  const invoice = sim.store.invoices.get(id);
  if (!invoice) throw missing("invoice", id, "invoice");
  return invoice;
}

const readPay = parameters({
  forgive: unsupported("forgiving a part"),
  mandate: unsupported("mandates"),
  off_session: flag(),
  paid_out_of_band: unsupported("payments outside Stripe"),
  payment_method: text(),
  source: unsupported("sources"),
});

/** Asked for, not by the schedule: it is charged at once, and a decline is an error. */
function payInvoice(sim: Simulator, id: string, params: ReturnType<typeof readPay>): Invoice {
  const invoice = getInvoice(sim, id);
  if (invoice.status === "paid") throw invalid("Invoice is already paid");
  if (invoice.status === "void") throw invalid("You cannot pay an invoice that is void");
  const given = params.payment_method ? needMethod(sim, params.payment_method) : null;
  if (given) refuseDetached(sim, given);
  if (given?.customer && given.customer !== invoice.customer) {
    throw invalid(
      "The payment method does not belong to the customer of the invoice.",
      "payment_method",
    );
  }
  if (invoice.status === "draft") finalizeInvoice(sim, invoice);
  const intent = intentOfInvoice(sim, invoice);
  if (intent?.status === "processing") throw invalid("A payment of this invoice is still processing.");
  if (invoice.amount_due === 0) {
    settleInvoice(sim, invoice);
    return invoice;
  }
  countAttempt(invoice, false);
  const method = given ?? methodFor(sim, invoice);
  if (!method) {
    failInvoice(sim, invoice, false);
    throw invalid(
      "Cannot charge a customer that has no active card: there is no default payment method on the subscription " +
        "or the customer.",
      undefined,
      "resource_missing",
    );
  }
  const offSession = params.off_session ?? true;
  const outcome = attemptInvoice(sim, invoice, {
    method,
    offSession,
    authenticated: false,
    automatic: false,
  });
  if (outcome.kind === "declined") throw cardError(intent!);
  if (outcome.kind === "requires_action") {
    throw invalid(
      "This payment requires additional user action before it can be completed successfully.",
      undefined,
      "invoice_payment_intent_requires_action",
    );
  }
  return invoice;
}

function requireOpen(invoice: Invoice, verb: string): void {
  if (invoice.status === "open" || (verb === "void" && invoice.status === "uncollectible")) return;
  throw invalid(`You can only ${verb} an invoice that is open; this one is ${invoice.status}.`);
}

function giveUp(sim: Simulator, invoice: Invoice): Invoice {
  requireOpen(invoice, "mark as uncollectible");
  stopCollecting(sim, invoice);
  invoice.status = "uncollectible";
  invoice.status_details = { uncollectible: { reason: "user_forgiven" } };
  invoice.status_transitions.marked_uncollectible_at = sim.now();
  sim.store.invoices.put(invoice);
  sim.events.emit("invoice.marked_uncollectible", invoice);
  return invoice;
}

const readUpdate = parameters({ auto_advance: flag(), metadata: metadata() });

function updateInvoice(sim: Simulator, invoice: Invoice, params: ReturnType<typeof readUpdate>): Invoice {
  if (params.auto_advance === false) stopCollecting(sim, invoice);
  if (params.auto_advance) invoice.auto_advance = true;
  invoice.metadata = mergeMetadata(invoice.metadata, params.metadata);
  sim.store.invoices.put(invoice);
  sim.events.emit("invoice.updated", invoice, {});
  return invoice;
}

export const invoiceRoutes: Route[] = [
  route("GET", "/v1/invoices", readList, ({ sim, params }) => listInvoices(sim, params)),
  route("GET", "/v1/invoices/:id", parameters({}), ({ sim, ids }) => getInvoice(sim, ids[0]!)),
  route(
    "POST",
    "/v1/invoices/:id",
    readUpdate,
    ({ sim, ids, params }) => updateInvoice(sim, getInvoice(sim, ids[0]!), params),
  ),
  route("POST", "/v1/invoices/:id/pay", readPay, ({ sim, ids, params }) => payInvoice(sim, ids[0]!, params)),
  route("POST", "/v1/invoices/:id/finalize", parameters({ auto_advance: flag() }), ({ sim, ids }) => {
    const invoice = getInvoice(sim, ids[0]!);
    if (invoice.status !== "draft") throw invalid("This invoice is already finalized.");
    return finalizeInvoice(sim, invoice);
  }),
  route("POST", "/v1/invoices/:id/void", parameters({}), ({ sim, ids }) => {
    const invoice = getInvoice(sim, ids[0]!);
    requireOpen(invoice, "void");
    return voidInvoice(sim, invoice);
  }),
  route(
    "POST",
    "/v1/invoices/:id/mark_uncollectible",
    parameters({}),
    ({ sim, ids }) => giveUp(sim, getInvoice(sim, ids[0]!)),
  ),
  route("GET", "/v1/invoices/:id/lines", parameters(paging), ({ sim, ids, params }) => {
    const { id, lines } = getInvoice(sim, ids[0]!);
    return page(lines.data, params, `/v1/invoices/${id}/lines`);
  }),
];
