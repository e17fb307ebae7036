/** One API call as the simulator received it. */
export interface LoggedRequest {
  /** Milliseconds by the simulator's clock. */
  at: number;
  /** Milliseconds by the real clock, which limits go by. */
  received_ms: number;
  request_id: string;
  method: string;
  path: string;
  /** The operation, such as `GET /v1/prices/:id`; null for an address that is none. */
  endpoint: string | null;
  query: string;
  body: string;
  idempotency_key: string | null;
  /** Null while the request is being handled, and for a connection that was cut without an answer. */
  status: number | null;
  replayed: boolean;
  fault: string | null;
  duration_ms: number | null;
}

/** How many requests came in, by the real clock. */
export interface RequestRates {
  /** Each second in which there were any, oldest first. */
  seconds: { second: number; requests: number; limited: number }[];
  /** The most in any 1000 milliseconds, wherever they begin. */
  busiest: number;
  /** The same for each operation. */
  busiest_by_endpoint: Record<string, number>;
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

  rates(): RequestRates {
    const seconds = new Map<number, { second: number; requests: number; limited: number }>();
    const times = new Map<string, number[]>();
    for (const { received_ms, endpoint, status } of this.#entries) {
      const second = Math.floor(received_ms / 1000);
      const sum = seconds.get(second) ?? { second, requests: 0, limited: 0 };
      sum.requests += 1;
      if (status === 429) sum.limited += 1;
      seconds.set(second, sum);
      if (endpoint === null) continue;
      const all = times.get(endpoint);
      if (all) all.push(received_ms);
      else times.set(endpoint, [received_ms]);
    }
    return {
      seconds: [...seconds.values()].sort((a, b) => a.second - b.second),
      busiest: busiest(this.#entries.map((entry) => entry.received_ms)),
      busiest_by_endpoint: Object.fromEntries([...times].map(([name, all]) => [name, busiest(all)])),
    };
  }

  clear(): void {
    this.#entries = [];
  }
}

/** The times are in order: the window moves on with its first. */
function busiest(times: number[]): number {
  let most = 0;
  let first = 0;
  for (const [index, time] of times.entries()) {
    while (times[first]! <= time - 1000) first++;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
