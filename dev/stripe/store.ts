import { type Journal, type JournalLine } from "./journal.ts";
import { type Identified, Table } from "./table.ts";
import type {
  BalanceTransaction,
  Charge,
  Coupon,
  Customer,
  Dispute,
  Event,
  EventDelivery,
  Instrument,
  Invoice,
  InvoicePayment,
  KeptResult,
  PaymentIntent,
  PaymentMethod,
  PortalConfiguration,
  PortalSession,
  Price,
  Product,
  PromotionCode,
  Refund,
  Session,
  SessionPlan,
  SetupIntent,
  Subscription,
  SubscriptionPlan,
  Task,
  TestClock,
} from "./types.ts";

interface Setting extends Identified {
  value: unknown;
}

export class Store {
  readonly #tables = new Map<string, Table<Identified>>();
  readonly #dirty = new Map<string, JournalLine>();
  #journal: Journal | null = null;

  readonly products = this.#table<Product>("products");
  readonly prices = this.#table<Price>("prices");
  readonly customers = this.#table<Customer>("customers");
  readonly coupons = this.#table<Coupon>("coupons");
  readonly promotionCodes = this.#table<PromotionCode>("promotion_codes");
  readonly sessions = this.#table<Session>("sessions");
  readonly plans = this.#table<SessionPlan>("plans");
  readonly paymentIntents = this.#table<PaymentIntent>("payment_intents");
  readonly setupIntents = this.#table<SetupIntent>("setup_intents");
  readonly paymentMethods = this.#table<PaymentMethod>("payment_methods");
  readonly instruments = this.#table<Instrument>("instruments");
  readonly charges = this.#table<Charge>("charges");
  readonly refunds = this.#table<Refund>("refunds");
  readonly disputes = this.#table<Dispute>("disputes");
  readonly balanceTransactions = this.#table<BalanceTransaction>("balance_transactions");
  readonly invoices = this.#table<Invoice>("invoices");
  readonly invoicePayments = this.#table<InvoicePayment>("invoice_payments");
  /** Which invoice an intent is to pay. */
  readonly intentInvoices = this.#table<Identified & { invoice: string }>("intent_invoices");
  readonly subscriptions = this.#table<Subscription>("subscriptions");
  readonly subscriptionPlans = this.#table<SubscriptionPlan>("subscription_plans");
  readonly testClocks = this.#table<TestClock>("test_clocks");
  readonly portalConfigurations = this.#table<PortalConfiguration>("portal_configurations");
  readonly portalSessions = this.#table<PortalSession>("portal_sessions");
  readonly events = this.#table<Event>("events");
  readonly deliveries = this.#table<EventDelivery>("deliveries");
  readonly keptResults = this.#table<KeptResult>("kept_results");
  readonly tasks = this.#table<Task>("tasks");
  readonly settings = this.#table<Setting>("settings");

  #table<T extends Identified>(name: string): Table<T> {
    const table = new Table<T>(name, (where, id) => this.#dirty.set(`${where}/${id}`, { table: where, id }));
    this.#tables.set(name, table as unknown as Table<Identified>);
    return table;
  }

  /** Reads back what an earlier run wrote, and keeps this run's changes in the same file. */
  async open(journal: Journal): Promise<void> {
    for (const line of await journal.read()) {
      const table = this.#tables.get(line.table);
      if (line.row) table?.put(line.row as Identified);
      else table?.remove(line.id);
    }
    this.#dirty.clear();
    this.#journal = journal;
    await journal.rewrite(this.#everything());
  }

  /** Resolves once everything changed so far is on disk. Without a state file it does nothing. */
  async commit(): Promise<void> {
    const changes = [...this.#dirty.values()].map((line) => this.#lineOf(line.table, line.id));
    this.#dirty.clear();
    if (this.#journal) await this.#journal.append(changes);
  }

  async clear(): Promise<void> {
    for (const table of this.#tables.values()) table.clear();
    this.#dirty.clear();
    await this.#journal?.rewrite([]);
  }

  async close(): Promise<void> {
    await this.commit();
    await this.#journal?.rewrite(this.#everything());
  }

  #lineOf(table: string, id: string): JournalLine {
    const row = this.#tables.get(table)?.get(id);
    return row ? { table, id, row } : { table, id };
  }

  #everything(): JournalLine[] {
    return [...this.#tables.values()].flatMap((table) =>
      table.values().map((row) => ({ table: table.name, id: row.id, row }))
    );
  }
}
