import { DAY } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { ApiError, invalid } from "./errors.ts";
import { canonical, type Form } from "./form.ts";
import type { Store } from "./store.ts";
import type { KeptResult } from "./types.ts";

/** Stripe may forget a key once it is 24 hours old; the simulator forgets it then, so that nothing relies on more. */
const KEPT_SECONDS = DAY;

export interface IdempotentRequest {
  key: string;
  method: string;
  path: string;
  form: Form;
}

export class IdempotencyKeys {
  readonly #inFlight = new Set<string>();

  constructor(private readonly store: Store, private readonly clock: Clock) {}

  /** The stored first result; or null, and then the key is held until `release`. */
  claim(request: IdempotentRequest): KeptResult | null {
    if (request.key.length > 255) {
      throw invalid("Idempotency keys can be at most 255 characters long.", "Idempotency-Key");
    }
    const kept = this.#kept(request.key);
    if (kept) {
      this.#compare(kept, request);
      return kept;
    }
    if (this.#inFlight.has(request.key)) {
      throw new ApiError(409, {
        type: "idempotency_error",
        code: "idempotency_key_in_use",
        message: "There is currently another in-progress request using this Idempotent Key (that probably " +
          `means you submitted twice, and the other request is still going through): ${request.key}`,
      });
    }
    this.#inFlight.add(request.key);
    return null;
  }

  keep(request: IdempotentRequest, result: { status: number; body: string; request_id: string }): void {
    this.store.keptResults.put({
      id: request.key,
      method: request.method,
      path: request.path,
      fingerprint: canonical(request.form),
      created: this.clock.now(),
      ...result,
    });
  }

  release(key: string): void {
    this.#inFlight.delete(key);
  }

  #kept(key: string): KeptResult | null {
    const kept = this.store.keptResults.get(key);
    if (!kept) return null;
    if (kept.created > this.clock.now() - KEPT_SECONDS) return kept;
    this.store.keptResults.remove(key);
    return null;
  }

  #compare(kept: KeptResult, request: IdempotentRequest): void {
    if (kept.path !== request.path || kept.method !== request.method) {
      throw new ApiError(400, {
        type: "idempotency_error",
        message:
          "Keys for idempotent requests can only be used for the same endpoint they were first used for " +
          `('${request.path}' vs '${kept.path}'). Try using a key other than '${request.key}' if you meant to ` +
          "execute a different request.",
      });
    }
    if (kept.fingerprint !== canonical(request.form)) {
      throw new ApiError(400, {
        type: "idempotency_error",
        message:
          "Keys for idempotent requests can only be used with the same parameters they were first used " +
          `with. Try using a key other than '${request.key}' if you meant to execute a different request.`,
      });
    }
  }
}
