import type { SupabaseClient } from "@supabase/supabase-js";
import type { AutoReload } from "./auto_reload.ts";
import { BalanceApi } from "./balance.ts";
import type { Billing } from "./billing.ts";
import { Calls } from "./calls.ts";
import { type Clock, realClock } from "./clock.ts";
import type { Database as GeneratedDatabase } from "./database.types.ts";
import { History } from "./history.ts";
import { lazy } from "./lazy.ts";
import { Notices } from "./notices.ts";
import { Packages } from "./packages.ts";
import type { Promotions } from "./promotions.ts";
import { Purchases } from "./purchases.ts";
import { Rates } from "./rates.ts";
import type { Receipts } from "./receipts.ts";
import type { Referrals } from "./referrals.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { Transport } from "./transport.ts";

/**
 * How {@link createTalktime} behaves. All optional.
 *
 * @example
 * ```ts
 * import { createTalktime, type TalktimeOptions } from '@talktime/client';
 *
 * const options: TalktimeOptions = { timeoutMs: 5_000 };
 * console.log((await createTalktime(supabase, options).balance.get()).error); // → null
 * ```
 */
export interface TalktimeOptions {
  /** Whose wallet to act on, for a trusted server that uses the secret key. A signed-in user is always themselves. */
  userId?: string;
  /** The clock that watches and live calls run on; see {@link Clock}. Default: real time. */
  clock?: Clock;
  /** Real milliseconds after which a request counts as lost. Default 15 000. */
  timeoutMs?: number;
}

/**
 * The database types of Talktime's own tables and functions, generated from its migrations, for queries of your own.
 *
 * @example
 * ```ts
 * import { createClient } from '@supabase/supabase-js';
 * import type { Database } from '@talktime/client';
 *
 * const typed = createClient<Database>(url, publishableKey);
 * const { data: plan } = await typed.from('rate_plans').select('name').eq('code', 'standard').single();
 * console.log(plan?.name); // → Standard
 * ```
 */
export type Database = GeneratedDatabase;

/**
 * Any client of supabase-js, whatever database types it was made with.
 *
 * @example
 * ```ts
 * import { createClient } from '@supabase/supabase-js';
 * import { createTalktime, type SupabaseLike } from '@talktime/client';
 *
 * const typed: SupabaseLike = createClient<{ public: { Tables: {}; Views: {}; Functions: {} } }>(url, publishableKey);
 * console.log((await createTalktime(typed).packages.list()).error); // → null
 * ```
 */
export type SupabaseLike =
  & Pick<
    SupabaseClient,
    "auth" | "channel" | "functions" | "getChannels" | "realtime" | "removeChannel"
  >
  & {
    schema(name: never): unknown;
  };

/**
 * What {@link createTalktime} returns: one property a domain.
 *
 * @example
 * ```ts
 * import type { Talktime } from '@talktime/client';
 *
 * async function isEmpty({ balance }: Talktime) {
 *   return (await balance.get()).data?.availableMicros === 0;
 * }
 * console.log(await isEmpty(talktime)); // → false
 * ```
 */
export interface Talktime {
  /** What is for sale. */
  readonly packages: Packages;
  /** What calls cost. */
  readonly rates: Rates;
  /** Buying credit. */
  readonly purchases: Purchases;
  /** Codes for credit. */
  readonly promotions: Promotions;
  /** Friends who bring friends. */
  readonly referrals: Referrals;
  /** What is left. */
  readonly balance: BalanceApi;
  /** Making calls. */
  readonly calls: Calls;
  /** What happened. */
  readonly history: History;
  /** Receipts of purchases. */
  readonly receipts: Receipts;
  /** What the person was told, and what to send by mail. */
  readonly notices: Notices;
  /** Saved cards. */
  readonly billing: Billing;
  /** Credit every month or year. */
  readonly subscriptions: Subscriptions;
  /** Credit that buys itself when it runs low. */
  readonly autoReload: AutoReload;
}

/**
 * Wraps a supabase-js client. The session, keys and `fetch` are the client's own.
 *
 * @param supabase a client of supabase-js 2.119 or newer
 * @param options user, clock and timeout
 * @example
 * ```ts
 * import { createTalktime } from '@talktime/client';
 *
 * const { data: balance } = await createTalktime(supabase).balance.get();
 * console.log(balance?.availableMicros); // → 10000000
 * ```
 */
export function createTalktime(supabase: SupabaseLike, options: TalktimeOptions = {}): Talktime {
  const { userId, clock = realClock, timeoutMs = 15_000 } = options;
  // The caller's types describe their own tables; these describe ours, which live beside them.
  const transport = new Transport(supabase as unknown as SupabaseClient<GeneratedDatabase>, {
    userId,
    clock,
    timeoutMs,
  });
  const purchases = new Purchases(transport);
  return {
    packages: new Packages(transport),
    rates: new Rates(transport),
    purchases,
    promotions: lazy(async () => new (await import("./promotions.ts")).default(transport)),
    referrals: lazy(async () => new (await import("./referrals.ts")).default(transport)),
    subscriptions: lazy(async () => new (await import("./subscriptions.ts")).default(transport)),
    balance: new BalanceApi(transport),
    calls: new Calls(transport),
    history: new History(transport),
    receipts: lazy(async () => new (await import("./receipts.ts")).default(transport)),
    notices: new Notices(transport),
    billing: lazy(async () => new (await import("./billing.ts")).Billing(transport)),
    autoReload: lazy(async () => new (await import("./auto_reload.ts")).AutoReload(transport, purchases)),
  };
}
