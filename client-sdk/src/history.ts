import { newestFirst, pageOf, type PageOptions, PageRequest } from "./pages.ts";
import type { Micros } from "./money.ts";
import { mapped } from "./result.ts";
import type { Transport } from "./transport.ts";
import { camelize } from "./wire.ts";

/**
 * What a line of the journal is about. Newer servers may know more kinds.
 *
 * @example
 * ```ts
 * import type { TransactionKind } from '@talktime/client';
 *
 * const added: TransactionKind[] = ['purchase', 'bonus', 'call_refund', 'reinstatement'];
 * console.log(added.includes('purchase')); // → true
 * ```
 */
export type TransactionKind =
  | "purchase"
  | "bonus"
  | "call"
  | "call_refund"
  | "clawback"
  | "reinstatement"
  | "adjustment"
  | "expiry"
  | (string & Record<never, never>);

/**
 * One line of the journal: it never changes, and a correction is a new line.
 *
 * @example
 * ```ts
 * import { formatMoney, type Transaction } from '@talktime/client';
 *
 * const write = (item: Transaction) => `${item.description}: ${formatMoney(item.amountMicros, { locale: 'en-US' })}`;
 * const { data: page } = await talktime.history.transactions();
 * console.log(page?.items.map(write).join()); // → Credit purchase, $10.00: $10.00
 * ```
 */
export interface Transaction {
  userId: string;
  /** Counts up by one per wallet, without gaps. */
  line: number;
  kind: TransactionKind;
  /** What it changed in the wallet; negative for a charge. */
  amountMicros: Micros;
  /** The wallet's balance after this line. */
  balanceAfterMicros: Micros;
  description: string;
  callId: string | null;
  purchaseId: string | null;
  /** For a correction, the line it reverses. */
  reversesLine: number | null;
  /** When it was posted (ISO 8601). */
  createdAt: string;
}

/**
 * A call as history shows it.
 *
 * @example
 * ```ts
 * import { type CallRecord, formatDuration } from '@talktime/client';
 *
 * const write = (call: CallRecord) => `${call.destination} ${formatDuration(call.durationSeconds ?? 0)}`;
 * await using call = (await talktime.calls.start('+14155552671')).data;
 * const { data: page } = await talktime.history.calls();
 * console.log(page?.items.map(write)[0]); // → +1415•••2671 0:00
 * ```
 */
export interface CallRecord {
  userId: string;
  callId: string;
  status: string;
  /** Why it ended; `null` while it is live. */
  endReason: string | null;
  /** The number with its middle hidden. */
  destination: string;
  startedAt: string;
  answeredAt: string | null;
  endedAt: string | null;
  /** Seconds talked; `null` while it is live. */
  durationSeconds: number | null;
  /** Seconds billed, after increments. */
  billedSeconds: number | null;
  /** Seconds talked past the deadline; never charged. */
  unbilledSeconds: number;
  /** What it cost; `null` while it is live. */
  costMicros: Micros | null;
}

/**
 * A line of the journal with everything that explains it.
 *
 * @example
 * ```ts
 * import type { StatementLine } from '@talktime/client';
 *
 * const paidBy = (line: StatementLine) => line.grants.map((grant) => grant.source).join(' and ');
 * const { data: page } = await talktime.history.statement();
 * console.log(page?.items.map(paidBy).join()); // → paid
 * ```
 */
export interface StatementLine extends Omit<Transaction, "userId"> {
  /** The call behind a charge or its refund. */
  call: {
    destination: string;
    durationSeconds: number;
    billedSeconds: number;
    perMinuteMicros: Micros;
    connectionFeeMicros: Micros;
    /** Billing steps in seconds: the first and every further one, such as `60/60`. */
    increments: string;
  } | null;
  /** The lots of credit this line added to or took from, and the payments that brought them. */
  grants: {
    grantId: number;
    amountMicros: Micros;
    source: string;
    purchaseId: string | null;
    paymentIntentId: string | null;
  }[];
}

interface StatementPage {
  lines: StatementLine[];
  nextBeforeLine: number | null;
}

/**
 * What happened to the credit, newest first. Reached as `talktime.history`.
 *
 * @example
 * ```ts
 * import type { History } from '@talktime/client';
 *
 * async function countLines(history: History) {
 *   let count = 0;
 *   for await (const { error } of history.statement().all()) if (!error) count++;
 *   return count;
 * }
 * console.log(await countLines(talktime.history)); // → 1
 * ```
 */
export class History {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Lines of the journal.
   *
   * @param options `limit` (default 50), `cursor` of the page before, `signal`
   * @returns a page, or with `.all()` every line; errors: `not_authenticated`, `invalid_request`
   * @example
   * ```ts
   * const { data: page, error } = await talktime.history.transactions({ limit: 20 });
   * if (error) throw error;
   * console.log(page.items.map((item) => item.kind)); // → [ "purchase" ]
   * ```
   */
  transactions(options: PageOptions = {}): PageRequest<Transaction> {
    return new PageRequest(options, async (limit, cursor, signal) => {
      const rows = await this.#transport.rows((db) => {
        const newest = db.from("transactions").select(TRANSACTION).order("line", { ascending: false }).limit(
          limit + 1,
        );
        return cursor === null ? newest : newest.lt("line", cursor as never);
      }, signal);
      return mapped(rows, (data) => pageOf<Transaction>(camelize(data), limit, ({ line }) => String(line)));
    });
  }

  /**
   * Calls, live and past.
   *
   * @param options `limit` (default 50), `cursor` of the page before, `signal`
   * @returns a page, or with `.all()` every call; errors: `not_authenticated`, `invalid_request`
   * @example
   * ```ts
   * const { data: page, error } = await talktime.history.calls({ limit: 20 });
   * if (error) throw error;
   * console.log(page.items.length); // → 0
   * ```
   */
  calls(options: PageOptions = {}): PageRequest<CallRecord> {
    return new PageRequest(options, async (limit, cursor, signal) => {
      const rows = await this.#transport.rows(
        (db) => newestFirst(db.from("call_logs").select(CALL), "started_at", limit, cursor),
        signal,
      );
      return mapped(
        rows,
        (data) => pageOf<CallRecord>(camelize(data), limit, (last) => `${last.startedAt}~${last.callId}`),
      );
    });
  }

  /**
   * Lines of the journal with the call, purchase and payments behind each.
   *
   * @param options `limit` (default 50), `cursor` of the page before, `signal`
   * @returns a page, or with `.all()` every line; errors: `not_authenticated`, `invalid_request`
   * @example
   * ```ts
   * const { data: page, error } = await talktime.history.statement({ limit: 20 });
   * if (error) throw error;
   * console.log(page.items[0]?.grants[0]?.amountMicros); // → 10000000
   * ```
   */
  statement(options: PageOptions = {}): PageRequest<StatementLine> {
    return new PageRequest(options, async (limit, cursor, signal) => {
      const args = { page_size: limit, before_line: cursor ?? undefined };
      const result = await this.#transport.rpc<StatementPage>("get_statement", args, signal);
      return mapped(result, ({ lines, nextBeforeLine }) => ({
        items: lines,
        next: nextBeforeLine === null ? null : String(nextBeforeLine),
      }));
    });
  }
}

const TRANSACTION =
  `user_id,line,kind,amount_micros,balance_after_micros,description,call_id,purchase_id,reverses_line,
created_at` as const;
const CALL =
  `user_id,call_id:id,status,end_reason,destination:destination_masked,started_at,answered_at,ended_at,
duration_seconds,billed_seconds,unbilled_seconds,cost_micros` as const;
