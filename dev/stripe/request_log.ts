/** One API call as the simulator received it. */
export interface LoggedRequest {
  at: number;
  request_id: string;
  method: string;
  path: string;
  query: string;
  body: string;
  idempotency_key: string | null;
  /** Null while the request is being handled, and for a connection that was cut without an answer. */
  status: number | null;
  replayed: boolean;
  fault: string | null;
  duration_ms: number | null;
}

const LIMIT = 20_000;

/** The latest calls, oldest first; older ones are dropped so that a soak test cannot fill the memory. */
export class RequestLog {
  #entries: LoggedRequest[] = [];

  add(entry: LoggedRequest): LoggedRequest {
    if (this.#entries.length >= LIMIT) this.#entries.splice(0, LIMIT / 10);
    this.#entries.push(entry);
    return entry;
  }

  entries(): LoggedRequest[] {
    return this.#entries;
  }

  clear(): void {
    this.#entries = [];
  }
}
