import { authenticate } from "./auth.ts";
import { ApiError, invalid, rateLimited, serverError } from "./errors.ts";
import { expand } from "./expand.ts";
import type { FaultSpec } from "./faults.ts";
import { decodeForm, type Form } from "./form.ts";
import { type Answer, CUT, type Incoming, json, pause } from "./http.ts";
import type { IdempotentRequest } from "./idempotency.ts";
import { IdempotencyKeys } from "./idempotency.ts";
import { randomText } from "./ids.ts";
import type { LoggedRequest } from "./request_log.ts";
import { balanceTransactionRoutes } from "./resources/balance_transactions.ts";
import { chargeRoutes } from "./resources/charges.ts";
import { couponRoutes } from "./resources/coupons.ts";
import { customerRoutes } from "./resources/customers.ts";
import { disputeRoutes } from "./resources/disputes.ts";
import { eventRoutes } from "./resources/events.ts";
import { invoicePaymentRoutes } from "./resources/invoice_payments.ts";
import { invoiceRoutes } from "./resources/invoices.ts";
import { paymentIntentRoutes } from "./resources/payment_intents.ts";
import { paymentMethodRoutes } from "./resources/payment_methods.ts";
import { portalRoutes } from "./resources/portal.ts";
import { priceRoutes } from "./resources/prices.ts";
import { productRoutes } from "./resources/products.ts";
import { refundRoutes } from "./resources/refunds.ts";
import { sessionRoutes } from "./resources/sessions.ts";
import { setupIntentRoutes } from "./resources/setup_intents.ts";
import { subscriptionRoutes } from "./resources/subscriptions.ts";
import { testClockRoutes } from "./resources/test_clocks.ts";
import { findRoute, type Route } from "./router.ts";
import type { Simulator } from "./simulator.ts";
import { runDueTasks } from "./tasks.ts";
import { API_VERSION } from "./version.ts";

const ROUTES: readonly Route[] = [
  ...sessionRoutes,
  ...productRoutes,
  ...priceRoutes,
  ...customerRoutes,
  ...couponRoutes,
  ...paymentIntentRoutes,
  ...setupIntentRoutes,
  ...paymentMethodRoutes,
  ...chargeRoutes,
  ...refundRoutes,
  ...disputeRoutes,
  ...invoiceRoutes,
  ...invoicePaymentRoutes,
  ...subscriptionRoutes,
  ...testClockRoutes,
  ...portalRoutes,
  ...balanceTransactionRoutes,
  ...eventRoutes,
];

const DEFAULT_SLOW_MS = 1_000;
const DEFAULT_TIMEOUT_MS = 120_000;

interface Result {
  status: number;
  body: string;
  headers: Record<string, string>;
}

/** `/v1/…`: what happens to a request, from the key check to the answer. */
export class Api {
  readonly #keys: IdempotencyKeys;

  constructor(private readonly sim: Simulator) {
    this.#keys = new IdempotencyKeys(sim.store, sim.clock);
  }

  async handle(incoming: Incoming): Promise<Answer | typeof CUT> {
    const entry = this.#logged(incoming);
    const started = performance.now();
    const answer = await this.#answer(incoming, entry);
    entry.duration_ms = Math.round(performance.now() - started);
    entry.status = answer === CUT ? null : answer.status;
    return answer;
  }

  async #answer(incoming: Incoming, entry: LoggedRequest): Promise<Answer | typeof CUT> {
    const refusal = this.#refuse(incoming, entry);
    if (refusal) return this.#respond(resultOf(refusal), entry);
    const fault = this.sim.faults.take(incoming.method, incoming.url.pathname);
    if (fault) entry.fault = fault.kind;
    switch (fault?.kind) {
      case "429":
        return this.#respond(resultOf(rateLimited()), entry);
      case "503":
        return this.#respond(resultOf(serverError(503)), entry);
      case "drop_before":
        return CUT;
      case "timeout":
        await pause(fault.delayMs ?? DEFAULT_TIMEOUT_MS, incoming.signal);
        return CUT;
      default:
        return await this.#perform(incoming, entry, fault);
    }
  }

  #refuse(incoming: Incoming, entry: LoggedRequest): ApiError | null {
    const refusal = authenticate(incoming.header("authorization"));
    if (refusal) return refusal;
    const reason = this.sim.faults.overLimit(entry.endpoint ?? "none", entry.received_ms);
    return reason ? rateLimited(reason) : null;
  }

  async #perform(
    incoming: Incoming,
    entry: LoggedRequest,
    fault: FaultSpec | null,
  ): Promise<Answer | typeof CUT> {
    const result = await this.#idempotently(incoming, entry, fault);
    await this.sim.store.commit();
    if (fault?.kind === "drop_after") return CUT;
    if (fault?.kind === "timeout_after") {
      await pause(fault.delayMs ?? DEFAULT_TIMEOUT_MS, incoming.signal);
      return CUT;
    }
    return this.#respond(result, entry);
  }

  /** Holds the idempotency key while the request runs, and keeps its first result once execution has begun. */
  async #idempotently(incoming: Incoming, entry: LoggedRequest, fault: FaultSpec | null): Promise<Result> {
    let request: IdempotentRequest | null = null;
    try {
      const form = formOf(incoming);
      const key = incoming.method === "POST" ? entry.idempotency_key : null;
      if (key !== null) {
        const asked = { key, method: incoming.method, path: incoming.url.pathname, form };
        const kept = this.#keys.claim(asked);
        if (kept) {
          entry.replayed = true;
          const headers = { "idempotent-replayed": "true", "original-request": kept.request_id };
          return { status: kept.status, body: kept.body, headers };
        }
        request = asked;
      }
      if (fault?.kind === "slow") await pause(fault.delayMs ?? DEFAULT_SLOW_MS, incoming.signal);
      const { result, keep } = this.#execute(incoming, form, entry, fault);
      if (request && keep) this.#keys.keep(request, { ...result, request_id: entry.request_id });
      return result;
    } catch (error) {
      if (error instanceof ApiError) return resultOf(error);
      throw error;
    } finally {
      if (request) this.#keys.release(request.key);
    }
  }

  #execute(
    incoming: Incoming,
    form: Form,
    entry: LoggedRequest,
    fault: FaultSpec | null,
  ): { result: Result; keep: boolean } {
    const match = findRoute(ROUTES, incoming.method, incoming.url.pathname);
    if (!match) throw unknownUrl(incoming);
    runDueTasks(this.sim);
    const prepared = match.route.prepare(this.sim, form, match.ids);
    if (fault?.kind === "500") return { result: resultOf(serverError(500)), keep: true };
    this.sim.events.cause = { id: entry.request_id, idempotency_key: entry.idempotency_key };
    try {
      const value = expand(this.sim.store, prepared.run(), prepared.expand);
      runDueTasks(this.sim);
      const result = { status: 200, body: bodyOf(value), headers: {} };
      return { result: fault?.kind === "500_after" ? resultOf(serverError(500)) : result, keep: true };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { result: resultOf(error), keep: !error.isValidation };
    } finally {
      this.sim.events.cause = null;
    }
  }

  #respond(result: Result, entry: LoggedRequest): Answer {
    return {
      status: result.status,
      headers: {
        "content-type": "application/json",
        "cache-control": "no-cache, no-store",
        "request-id": entry.request_id,
        "stripe-version": API_VERSION,
        ...(entry.idempotency_key
          ? { "idempotency-key": entry.idempotency_key, "original-request": entry.request_id }
          : {}),
        // A retry with the same key would only replay it, and Stripe says so.
        ...(result.status === 500 ? { "stripe-should-retry": "false" } : {}),
        ...result.headers,
      },
      body: result.body,
    };
  }

  #logged(incoming: Incoming): LoggedRequest {
    const match = findRoute(ROUTES, incoming.method, incoming.url.pathname);
    return this.sim.log.add({
      at: this.sim.clock.nowMs(),
      received_ms: Date.now(),
      endpoint: match && `${match.route.method} ${match.route.path}`,
      request_id: `req_${randomText(14)}`,
      method: incoming.method,
      path: incoming.url.pathname,
      query: incoming.url.search.slice(1),
      body: incoming.body,
      idempotency_key: incoming.header("idempotency-key"),
      status: null,
      replayed: false,
      fault: null,
      duration_ms: null,
    });
  }
}

function formOf(incoming: Incoming): Form {
  const query = incoming.url.search.slice(1);
  if (incoming.method === "GET") return decodeForm(query);
  const type = incoming.header("content-type") ?? "";
  if (incoming.body !== "" && !type.startsWith("application/x-www-form-urlencoded")) {
    throw invalid(
      "Invalid request body: /v1 endpoints take application/x-www-form-urlencoded parameters.",
      "body",
    );
  }
  return { ...decodeForm(query), ...decodeForm(incoming.body) };
}

function bodyOf(value: unknown): string {
  return json(value).body;
}

function resultOf(error: ApiError): Result {
  return { status: error.status, body: bodyOf({ error: error.body }), headers: error.headers };
}

function unknownUrl(incoming: Incoming): ApiError {
  return new ApiError(404, {
    type: "invalid_request_error",
    message: `Unrecognized request URL (${incoming.method}: ${incoming.url.pathname}). Please see ` +
      "https://stripe.com/docs or we can help at https://support.stripe.com/.",
    param: "url",
  });
}
