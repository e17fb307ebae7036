// The id of the request being answered: in its answer, in its log line and in the calls to the database it makes.
import { AsyncLocalStorage } from "node:async_hooks";

export const REQUEST_ID = "x-request-id";

const current = new AsyncLocalStorage<string>();

/** The caller's own id if it is well formed, so that one id follows a request through every log; else a new one. */
export function requestIdOf(request: Request): string {
  const given = request.headers.get(REQUEST_ID) ?? "";
  // No underscore, dot or @: nobody's key, token or address is taken for an id.
  return /^[A-Za-z0-9-]{8,64}$/.test(given) ? given : crypto.randomUUID();
}

/** Whatever `work` does, now or later, knows the id. */
export function withRequestId<T>(id: string, work: () => T): T {
  return current.run(id, work);
}

export function currentRequestId(): string | undefined {
  return current.getStore();
}
