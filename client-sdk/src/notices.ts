import type { Micros } from "./money.ts";
import { pageOf, type PageOptions, PageRequest } from "./pages.ts";
import { mapped, type Result } from "./result.ts";
import type { Transport } from "./transport.ts";
import { camelize } from "./wire.ts";

/**
 * What a notice is about. Newer servers may know more kinds.
 *
 * @example
 * ```ts
 * import type { NoticeKind } from '@talktime/client';
 *
 * const needsAction: NoticeKind[] = ['payment_action_required', 'auto_reload_failed'];
 * console.log(needsAction.includes('refund')); // → false
 * ```
 */
export type NoticeKind =
  | "purchase_confirmed"
  | "payment_failed"
  | "refund"
  | "dispute"
  | "low_balance"
  | "call_cut_off"
  | "auto_reload_failed"
  | "payment_action_required"
  | "credit_expiring"
  | "referral_rewarded"
  | "subscription_past_due"
  | "subscription_unpaid"
  | "subscription_canceled"
  | (string & Record<never, never>);

/**
 * Something the person was told. It never changes.
 *
 * @example
 * ```ts
 * import type { Notice } from '@talktime/client';
 *
 * const isUrgent = (notice: Notice) => notice.kind === 'payment_action_required';
 * const { data: page } = await talktime.notices.list();
 * console.log(page?.items.some(isUrgent)); // → false
 * ```
 */
export interface Notice {
  userId: string;
  /** Counts up; a later notice has a higher id. */
  noticeId: number;
  kind: NoticeKind;
  /** The facts it states, with the names of the kind, such as `paidCents` or `balanceMicros`. */
  payload: Record<string, unknown>;
  /** When it happened (ISO 8601). */
  createdAt: string;
}

/**
 * Which notices are sent by mail. What is about payments is always sent.
 *
 * @example
 * ```ts
 * import type { NoticePreferences } from '@talktime/client';
 *
 * const isQuiet = (wanted: NoticePreferences) => !wanted.lowBalance && !wanted.callCutOff;
 * const { data } = await talktime.notices.preferences();
 * if (data) console.log(isQuiet(data)); // → false
 * ```
 */
export interface NoticePreferences {
  userId: string;
  /** Whether to tell that the balance fell below the threshold. */
  lowBalance: boolean;
  /** Whether to tell that a call ended because the credit ran out. */
  callCutOff: boolean;
  /** Whether to tell that credit is about to expire. */
  creditExpiring: boolean;
  /** Whether to tell that a friend's first payment was rewarded. */
  referralRewarded: boolean;
  /** The balance below which to tell; `null` means never. */
  lowBalanceThresholdMicros: Micros | null;
}

/**
 * What the person was told, and what to send them by mail. Reached as `talktime.notices`.
 *
 * @example
 * ```ts
 * import type { Notices } from '@talktime/client';
 *
 * async function newest(notices: Notices) {
 *   const { data: page } = await notices.list({ limit: 1 });
 *   return page?.items[0]?.kind;
 * }
 * console.log(await newest(talktime.notices)); // → purchase_confirmed
 * ```
 */
export class Notices {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Notices, newest first.
   *
   * @param options `limit` (default 50), `cursor` of the page before, `signal`
   * @returns a page, or with `.all()` every notice; errors: `not_authenticated`, `invalid_request`
   * @example
   * ```ts
   * const { data: page, error } = await talktime.notices.list({ limit: 20 });
   * if (error) throw error;
   * console.log(page.items.map((notice) => notice.payload.paidCents)); // → [ 1000 ]
   * ```
   */
  list(options: PageOptions = {}): PageRequest<Notice> {
    return new PageRequest(options, async (limit, cursor, signal) => {
      const rows = await this.#transport.rows((db) => {
        const newest = db.from("notifications").select("user_id,notice_id:id,kind,payload,created_at")
          .order("id", { ascending: false }).limit(limit + 1);
        return cursor === null ? newest : newest.lt("id", cursor as never);
      }, signal);
      return mapped(rows, (data) => pageOf(camelize(data) as Notice[], limit, (last) => `${last.noticeId}`));
    });
  }

  /**
   * Which notices are sent by mail.
   *
   * @param options `signal` stops the request
   * @returns the preferences; errors: `not_authenticated`
   * @example
   * ```ts
   * const { data: wanted, error } = await talktime.notices.preferences();
   * if (error) throw error;
   * console.log(wanted.lowBalance); // → true
   * ```
   */
  preferences(options: { signal?: AbortSignal } = {}): Promise<Result<NoticePreferences>> {
    return this.#transport.rpc<NoticePreferences>("get_notification_preferences", {}, options.signal);
  }

  /**
   * Changes which notices are sent by mail, or the balance below which to tell. What is not named stays.
   *
   * @param changes the preferences to change
   * @param options `signal` stops the request
   * @returns all preferences as they are now; errors: `not_authenticated`, `invalid_request`, `wallet_closed`
   * @example
   * ```ts
   * import { toMicros } from '@talktime/client';
   *
   * const changes = { callCutOff: false, lowBalanceThresholdMicros: toMicros(5_000_000) };
   * const { data: wanted, error } = await talktime.notices.setPreferences(changes);
   * if (error) throw error;
   * console.log(wanted.lowBalance, wanted.callCutOff, wanted.lowBalanceThresholdMicros); // → true false 5000000
   * ```
   */
  setPreferences(
    changes: {
      lowBalance?: boolean;
      callCutOff?: boolean;
      creditExpiring?: boolean;
      referralRewarded?: boolean;
      lowBalanceThresholdMicros?: Micros;
    },
    options: { signal?: AbortSignal } = {},
  ): Promise<Result<NoticePreferences>> {
    return this.#transport.rpc<NoticePreferences>("set_notification_preferences", {
      low_balance: changes.lowBalance,
      call_cut_off: changes.callCutOff,
      credit_expiring: changes.creditExpiring,
      referral_rewarded: changes.referralRewarded,
      low_balance_threshold_micros: changes.lowBalanceThresholdMicros,
    }, options.signal);
  }
}
