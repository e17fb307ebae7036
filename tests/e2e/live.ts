// What the tests of an open page share.
import assert from "node:assert/strict";
import { sql } from "../support/stack.ts";
import { openPurchase, paidFacts } from "../support/wallets.ts";
import type { App, Visitor } from "./app.ts";

export const BALANCE = "POST /rest/v1/rpc/get_balance";
export const PACKAGES = "GET /rest/v1/rpc/list_packages";
export const SOCKET = "GET /realtime/v1/websocket";

export async function withVisitor(
  app: App,
  run: (visitor: Visitor, userId: string) => Promise<void>,
): Promise<void> {
  const visitor = await app.visit();
  const failures: string[] = [];
  visitor.page.on("pageerror", (error) => failures.push(error.message));
  try {
    await run(visitor, await visitor.signUp());
    assert.deepEqual(failures, []);
  } finally {
    await visitor.close();
  }
}

/** A $10 purchase of that person is credited, as from another tab or by the reconciler. */
export async function creditElsewhere(app: App, userId: string): Promise<void> {
  const database = sql(app.env);
  try {
    const purchase = await openPurchase(database, userId);
    const facts = database.json(paidFacts(purchase));
    await database`select public.apply_checkout_session(${userId}, ${purchase.purchaseId}, ${facts})`;
  } finally {
    await database.end();
  }
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; performance.now() < end;) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`never: ${what}`);
}
