/**
 * Prepaid call credits on Supabase, from the browser or a server. Start with {@link createTalktime}.
 *
 * @module
 */
export type { AutoReload, AutoReloadState, AutoReloadTerms } from "./auto_reload.ts";
export { type Balance, BalanceApi } from "./balance.ts";
export { BalanceWatch, type WatchOptions } from "./balance_watch.ts";
export type { Billing, BillingPage, SavedCard } from "./billing.ts";
export type { CallExplanation } from "./call_explanation.ts";
export type { CallState, EndReason, Estimate, Rate } from "./call_state.ts";
export { type CallOptions, Calls, type StartOptions } from "./calls.ts";
export {
  createTalktime,
  type Database,
  type SupabaseLike,
  type Talktime,
  type TalktimeOptions,
} from "./client.ts";
export type { Clock } from "./clock.ts";
export { errorCodes, TalktimeError, type TalktimeErrorCode } from "./errors.ts";
export {
  type CallRecord,
  History,
  type StatementLine,
  type Transaction,
  type TransactionKind,
} from "./history.ts";
export type { EndOptions, LiveCall } from "./live_call.ts";
export type { LiveCallEvents } from "./live_call_events.ts";
export {
  centsToMicros,
  type DurationFormat,
  formatDuration,
  formatMoney,
  type Micros,
  microsToCents,
  type MoneyFormat,
  parseDollars,
  type RoundingMode,
  toMicros,
} from "./money.ts";
export { type Notice, type NoticeKind, type NoticePreferences, Notices } from "./notices.ts";
export { type CreditPackage, Packages } from "./packages.ts";
export { type Page, type PageOptions, PageRequest } from "./pages.ts";
export type { PromoOffer, Promotions, Redemption } from "./promotions.ts";
export {
  type Checkout,
  type CheckoutOptions,
  type Purchase,
  type PurchaseRef,
  Purchases,
  type PurchaseStatus,
  type Verification,
  type WaitOptions,
} from "./purchases.ts";
export { type RateOptions, Rates } from "./rates.ts";
export type { Receipt, Receipts } from "./receipts.ts";
export type { Claim, Referral, Referrals } from "./referrals.ts";
export type { Result } from "./result.ts";
export type { Plan, SubscribeOptions, Subscription, Subscriptions } from "./subscriptions.ts";
