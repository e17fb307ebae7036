import type { Rate } from "./call_state.ts";
import { type PageOptions, PageRequest } from "./pages.ts";
import { mapped } from "./result.ts";
import type { Transport } from "./transport.ts";

/**
 * Which rates to get.
 *
 * @example
 * ```ts
 * import type { RateOptions } from '@talktime/client';
 *
 * const prorated: RateOptions = { ratePlan: 'prorated', limit: 10 };
 * const { data: page } = await talktime.rates.list(prorated);
 * console.log(page?.items[0]?.plan); // → prorated
 * ```
 */
export interface RateOptions extends PageOptions {
  /** The plan's code. Default: the plan of those who have none of their own. */
  ratePlan?: string;
}

interface RatesPage {
  rates: Rate[];
  nextAfterPrefix: string | null;
}

/**
 * What calls cost. Reached as `talktime.rates`; needs no sign-in.
 *
 * @example
 * ```ts
 * import type { Rates } from '@talktime/client';
 *
 * async function generalRate(rates: Rates) {
 *   const { data } = await rates.list({ limit: 1 });
 *   return data?.items[0]?.perMinuteMicros;
 * }
 * console.log(await generalRate(talktime.rates)); // → 150000
 * ```
 */
export class Rates {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * The rates of a plan in force now, by prefix. Browsers remember the answer for a few minutes.
   *
   * @param options `ratePlan`, `limit` (default 50), `cursor` of the page before, `signal`
   * @returns a page, or with `.all()` every rate; errors: `rate_plan_not_found`, `invalid_request`
   * @example
   * ```ts
   * for await (const { data: rate, error } of talktime.rates.list({ limit: 500 }).all()) {
   *   if (error) throw error;
   *   console.log(rate.prefix || 'everywhere', rate.perMinuteMicros); // → everywhere 150000
   * }
   * ```
   */
  list(options: RateOptions = {}): PageRequest<Rate> {
    return new PageRequest(options, async (limit, cursor, signal) => {
      const args = { rate_plan: options.ratePlan, after_prefix: cursor ?? undefined, page_size: limit };
      const result = await this.#transport.catalog<RatesPage>("list_rates", args, signal);
      return mapped(result, ({ rates, nextAfterPrefix }) => ({ items: rates, next: nextAfterPrefix }));
    });
  }
}
