import assert from "node:assert/strict";
import { StripeControl } from "../../dev/stripe/control.ts";
import { sql } from "../support/stack.ts";
import { type App, openApp, payByCard, type Visitor } from "./app.ts";

let app: App;

Deno.test.beforeAll(async () => {
  app = await openApp();
});
Deno.test.afterAll(() => app.close());

function browserTest(name: string, run: (visitor: Visitor, userId: string) => Promise<void>): void {
  // The browser and its connections outlive each test on purpose.
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false }, async () => {
    const visitor = await app.visit();
    const failures: string[] = [];
    visitor.page.on("pageerror", (error) => failures.push(error.message));
    try {
      await run(visitor, await visitor.signUp());
      assert.deepEqual(failures, []);
    } finally {
      await visitor.close();
    }
  });
}

async function balanceOf(userId: string): Promise<number> {
  const database = sql(app.env);
  const [user] = await database`select balance_micros from public.users where id = ${userId}`;
  await database.end();
  return Number(user!.balance_micros);
}

async function newestSession(userId: string): Promise<string> {
  const database = sql(app.env);
  const [purchase] = await database`
    select stripe_session_id from public.purchases where user_id = ${userId} order by created_at desc limit 1`;
  await database.end();
  return purchase!.stripe_session_id;
}

browserTest(
  "a person buys $10 of credit and reloading the success page adds nothing",
  async ({ page }, userId) => {
    await page.getByRole("button", { name: "Pay $10.00" }).click();
    await payByCard(page, "4242424242424242");
    await page.getByText("$10.00 credit added").waitFor();
    assert.equal(await page.locator("#balance").textContent(), "$10.00");
    await page.goto(`${app.url}/paid?session_id=${await newestSession(userId)}`);
    await page.getByText("$10.00 credit added").waitFor();
    assert.equal(await balanceOf(userId), 10_000_000);
  },
);

browserTest("a declined card says so on the page, and going back costs nothing", async ({ page }, userId) => {
  await page.getByRole("button", { name: "Pay $5.00" }).click();
  await payByCard(page, "4000000000000002");
  await page.getByText(/declined/i).first().waitFor();
  await page.getByRole("link", { name: /back|cancel/i }).first().click();
  await page.getByText("$0.00").waitFor();
  assert.equal(await balanceOf(userId), 0);
});

browserTest("an address made up by hand brings no credit", async ({ page }, userId) => {
  await page.getByRole("button", { name: "Pay $100.00" }).click();
  await page.locator("input[name=card_number]").waitFor();
  const sessionId = await newestSession(userId);
  await page.goto(`${app.url}/paid?session_id=${sessionId}`);
  await page.getByText("Checking your payment").waitFor();
  await page.waitForTimeout(1500);
  assert.equal(await balanceOf(userId), 0);
});

browserTest(
  "a bank debit is said to be on its way, and arrives when the bank pays",
  async ({ page }, userId) => {
    await page.getByRole("button", { name: "Pay $20.00" }).click();
    await page.locator("input[name=email]").fill("buyer@example.com");
    await page.getByLabel(/bank/i).first().check();
    await page.getByLabel("Account owner").fill("Ada Lovelace");
    await page.getByRole("button", { name: /^Pay \$/ }).click();
    await page.getByText("Your bank is still working on it").waitFor();
    assert.equal(await balanceOf(userId), 0);
    await new StripeControl(app.env.STRIPE_API_URL!).settle(await newestSession(userId));
    await page.getByText("$20.00 credit added").waitFor();
    assert.equal(await balanceOf(userId), 20_000_000);
  },
);

browserTest("a tab closed right after paying loses nothing", async ({ page, context }, userId) => {
  await page.getByRole("button", { name: "Pay $50.00" }).click();
  await page.locator("input[name=card_number]").waitFor();
  // The way back is cut, as if the tab had been closed while Stripe sent the person home.
  await context.route(`${app.url}/paid**`, (route) => route.abort());
  await payByCard(page, "4242424242424242");
  await page.waitForURL(/chrome-error|paid/).catch(() => {});
  await page.close();
  assert.equal(await balanceOf(userId), 0);
  const database = sql(app.env);
  await database`update public.purchases set next_check_at = private.clock() where user_id = ${userId}`;
  await database.end();
  const answer = await fetch(`${app.env.FUNCTIONS_URL}/reconcile-payments`, {
    method: "POST",
    headers: { apikey: app.env.SECRET_KEY, "content-type": "application/json" },
    body: "{}",
  });
  await answer.body?.cancel();
  assert.equal(answer.status, 200);
  assert.equal(await balanceOf(userId), 50_000_000);
});

/** Credit without a purchase, to make a call short enough to watch. */
async function give(userId: string, micros: number, plan: string): Promise<void> {
  const database = sql(app.env);
  await database`update public.users set rate_plan = ${plan} where id = ${userId}`;
  await database`select private.grant_credit(${userId}, 'adjustment', 'adjustment', ${micros}, 'adjustment', 'For a test')`;
  await database.end();
}

browserTest("a call counts down and ends with its price", async ({ page }, userId) => {
  await give(userId, 150_000, "standard");
  await page.reload();
  await page.getByText("$0.15").waitFor();
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await page.getByRole("button", { name: "Answer for the other side" }).click();
  await page.getByText("60 seconds left. Buy credit to go on talking.").waitFor();
  const shown = page.getByLabel("Time left");
  const first = await shown.textContent() ?? "";
  await shown.filter({ hasNotText: first }).waitFor();
  await page.getByRole("button", { name: "Hang up" }).click();
  await page.getByText(/You talked for 0:0\d and paid \$0\.15\./).waitFor();
  assert.equal(await balanceOf(userId), 0);
});

browserTest("a call is cut off when the credit runs out", async ({ page }, userId) => {
  await give(userId, 10_000, "prorated"); // four seconds
  await page.reload();
  await page.getByText("$0.01").waitFor();
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await page.getByRole("button", { name: "Answer for the other side" }).click();
  await page.getByText("Your call ended because your credit ran out. You talked for 0:04 and paid $0.01.")
    .waitFor();
  assert.equal(await balanceOf(userId), 0);
});

browserTest("a number that cannot be called is refused in plain words", async ({ page }) => {
  await page.getByLabel("Call").fill("12");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await page.getByText(/not a complete phone number/i).waitFor();
});
