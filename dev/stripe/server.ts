import { Api } from "./api.ts";
import { StripeControl } from "./control.ts";
import { handleControl } from "./control_routes.ts";
import { type Answer, CUT, HttpServer, type Incoming } from "./http.ts";
import { handlePage } from "./pages/routes.ts";
import { Simulator } from "./simulator.ts";

export interface StripeSimulatorOptions {
  /** Default 127.0.0.1: the control API has no password. */
  hostname?: string;
  /** 0 takes a free one. */
  port: number;
  /** Keeps what happened over restarts; without it, nothing is written. */
  stateFile?: string;
  /** Where browsers reach the simulator, when that is not `http://hostname:port`. */
  publicUrl?: string;
  /** Milliseconds since 1970; the real time unless given. */
  clock?: () => number;
}

export interface StripeSimulator {
  url: string;
  control: StripeControl;
  stop(): Promise<void>;
}

/**
 * A local Stripe: `new Stripe('sk_test_…', { host, port, protocol: 'http' })` talks to it, people pay on the page at
 * a session's `url`, and tests drive it through `control`.
 */
export async function startStripeSimulator(options: StripeSimulatorOptions): Promise<StripeSimulator> {
  const hostname = options.hostname ?? "127.0.0.1";
  const simulator = new Simulator({ publicUrl: "", clock: options.clock });
  await simulator.open(options.stateFile);
  const api = new Api(simulator);
  const server = new HttpServer((incoming) => route(simulator, api, incoming));
  const port = await server.listen(hostname, options.port);
  const url = `http://${hostname}:${port}`;
  simulator.publicUrl = options.publicUrl ?? url;
  return {
    url,
    control: new StripeControl(url),
    stop: async () => {
      await server.stop();
      await simulator.store.close();
    },
  };
}

async function route(sim: Simulator, api: Api, incoming: Incoming): Promise<Answer | typeof CUT> {
  const path = incoming.url.pathname;
  if (path.startsWith("/v1/")) return await api.handle(incoming);
  if (path.startsWith("/_control/")) return await handleControl(sim, incoming);
  return await handlePage(sim, incoming);
}
