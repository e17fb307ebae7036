import type { Form } from "./form.ts";
import type { Simulator } from "./simulator.ts";

/** What a resource function receives. */
export interface Call<P> {
  sim: Simulator;
  params: P;
  /** The ids in the path, in order. */
  ids: string[];
}

export interface Route {
  method: string;
  /** As it was written, `/v1/prices/:id`: the name of the operation. */
  path: string;
  pattern: RegExp;
  /** Refuses what does not validate, before anything is executed; returns the execution. */
  prepare(sim: Simulator, form: Form, ids: string[]): { expand: string[] | undefined; run(): unknown };
}

/** `route('GET', '/v1/prices/:id', read, ({ sim, ids }) => …)` */
export function route<P extends { expand: string[] | undefined }>(
  method: "GET" | "POST" | "DELETE",
  path: string,
  read: (form: Form) => P,
  run: (call: Call<P>) => unknown,
): Route {
  return {
    method,
    path,
    pattern: new RegExp(`^${path.replaceAll(/:\w+/g, "([^/]+)")}$`),
    prepare(sim, form, ids) {
      const params = read(form);
      return { expand: params.expand, run: () => run({ sim, params, ids }) };
    },
  };
}

export interface Match {
  route: Route;
  ids: string[];
}

export function findRoute(routes: readonly Route[], method: string, path: string): Match | null {
  for (const candidate of routes) {
    if (candidate.method !== method) continue;
    const match = candidate.pattern.exec(path);
    if (match) return { route: candidate, ids: match.slice(1).map(decodeURIComponent) };
  }
  return null;
}
