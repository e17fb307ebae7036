import { invalid, missingReference } from "./errors.ts";
import { createCustomer, updateCustomer } from "./resources/customers.ts";
import type { Billing } from "./resources/payment_methods.ts";
import { newestFirst } from "./lists.ts";
import { retotal } from "./session_totals.ts";
import type { Simulator } from "./simulator.ts";
import { locate } from "./tax.ts";
import type { PaymentMethod, Session } from "./types.ts";

/** Who pays, and from where: what a session learns from the page, and what of it the customer keeps. */

export interface Person extends Billing {
  business_name?: string | null;
  /** Offered with `tax_id_collection`. */
  tax_id?: { type: string; value: string } | null;
}

/** A saved card brings the address it was saved with, where none is entered. */
export function personFrom(saved: PaymentMethod | null, entered: Person | undefined): Person {
  const { address, email, name } = saved?.billing_details ?? {};
  const known = {
    email,
    name,
    city: address?.city,
    country: address?.country,
    line1: address?.line1,
    postal_code: address?.postal_code,
    state: address?.state,
  };
  const given = Object.entries(entered ?? {}).filter(([, value]) => value !== undefined);
  return { ...known, ...Object.fromEntries(given) };
}

/** With automatic tax the address also decides what is to be paid. */
export function learnPerson(sim: Simulator, session: Session, person: Person): void {
  const known = session.customer_details;
  const collectsIds = session.tax_id_collection?.enabled ?? false;
  const { tax_id, business_name } = collectsIds ? person : { tax_id: null, business_name: null };
  const given = (session.customer ? known?.email : session.customer_email) ?? person.email;
  session.customer_details = {
    address: {
      city: person.city ?? null,
      country: person.country ?? "US",
      line1: person.line1 ?? null,
      line2: null,
      postal_code: person.postal_code ?? null,
      state: person.state ?? null,
    },
    business_name: business_name ?? null,
    email: given ?? known?.email ?? null,
    individual_name: null,
    name: person.name ?? known?.name ?? null,
    phone: person.phone ?? known?.phone ?? null,
    tax_exempt: known?.tax_exempt ?? "none",
    tax_ids: tax_id ? [{ type: tax_id.type as "eu_vat", value: tax_id.value }] : [],
  };
  if (business_name && session.collected_information) {
    session.collected_information.business_name = business_name;
  }
  sim.store.sessions.put(session);
  taxAt(sim, session, person);
}

/** A business that gives its VAT number accounts for the tax itself. */
function taxAt(sim: Simulator, session: Session, person: Person): void {
  const plan = sim.store.plans.need(session.id);
  if (!plan.tax) return;
  if (!plan.tax.fixed) {
    plan.tax.place = locate({
      country: person.country ?? null,
      state: person.state ?? null,
      postal_code: person.postal_code ?? null,
    });
  }
  const own = (session.customer_details?.tax_exempt ?? "none") as typeof plan.tax.exempt;
  const reverse = session.customer_details?.tax_ids?.some((id) => id.type.endsWith("_vat"));
  plan.tax.exempt = own === "none" && reverse ? "reverse" : own;
  retotal(sim, session, plan);
}

/** Nobody pays before the tax is known. */
export function requireTaxPlace(session: Session): void {
  if (!session.automatic_tax.enabled || session.automatic_tax.status === "complete") return;
  throw invalid(
    "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.",
    "customer_details[address]",
    "customer_tax_location_invalid",
  );
}

/** Checkout makes a customer when it was told to, or when a payment method is to be kept for later. */
export function ensureCustomer(sim: Simulator, session: Session): string {
  if (session.customer) return String(session.customer);
  const details = session.customer_details;
  const address = details?.address;
  const customer = createCustomer(sim, {
    email: details?.email ?? null,
    name: details?.name ?? null,
    phone: details?.phone ?? null,
    ...(address
      ? {
        address: {
          city: address.city,
          country: address.country,
          line1: address.line1,
          line2: address.line2,
          postal_code: address.postal_code,
          state: address.state,
        },
      }
      : {}),
  });
  session.customer = customer.id;
  sim.store.sessions.put(session);
  return customer.id;
}

/** What `customer_update` lets the finished session write to a customer who was there before. */
export function applyCustomerUpdate(sim: Simulator, session: Session): void {
  const update = sim.store.plans.need(session.id).customer_update;
  const customer = session.customer ? sim.store.customers.get(String(session.customer)) : undefined;
  const details = session.customer_details;
  if (!update || !customer || customer.deleted || !details) return;
  const address = update.address && details.address ? { address: { ...details.address } } : {};
  const name = update.name ? { name: details.business_name ?? details.name } : {};
  if (Object.keys(address).length + Object.keys(name).length > 0) {
    updateCustomer(sim, customer, { ...address, ...name });
  }
}

/** The cards the page offers to a returning customer, newest first. */
export function savedMethodsOf(sim: Simulator, session: Session): PaymentMethod[] {
  if (!session.customer || session.mode === "setup") return [];
  const shown = session.saved_payment_method_options?.allow_redisplay_filters ?? ["always"];
  const rows = sim.store.paymentMethods.where("customer", String(session.customer)).filter((method) =>
    method.type === "card" && session.payment_method_types.includes("card") &&
    shown.includes(method.allow_redisplay ?? "unspecified")
  );
  return newestFirst(rows, sim.store.paymentMethods).slice(0, 50);
}

export function needSavedMethod(sim: Simulator, session: Session, id: string): PaymentMethod {
  const method = savedMethodsOf(sim, session).find((each) => each.id === id);
  if (!method) throw missingReference("PaymentMethod", id, "payment_method");
  return method;
}
