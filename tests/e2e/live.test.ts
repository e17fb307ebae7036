// An open page with Realtime: it shows what happens elsewhere, and asks for little.
import assert from "node:assert/strict";
import { type App, openApp } from "./app.ts";
import { BALANCE, creditElsewhere, PACKAGES, SOCKET, until, withVisitor } from "./live.ts";

let app: App;

Deno.test.beforeAll(async () => {
  app = await openApp();
});
Deno.test.afterAll(() => app.close());

function browserTest(name: string, run: () => Promise<void>): void {
  // The browser and its connections outlive each test on purpose.
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn: run });
}

browserTest(
  "a page that is loaded again within five minutes does not ask for the packages again",
  () =>
    withVisitor(app, async ({ page }) => {
      const { traffic } = app;
      await page.getByRole("button", { name: "Pay $100.00" }).waitFor();
      assert.equal(traffic.count(PACKAGES), 1);
      for (let i = 0; i < 3; i++) {
        const asked = traffic.count(BALANCE);
        await page.reload();
        await page.getByRole("button", { name: "Pay $100.00" }).waitFor();
        // The balance is never remembered: the page did reach the server.
        await until("the balance is asked for", () => traffic.count(BALANCE) > asked);
      }
      assert.equal(traffic.count(PACKAGES), 1);
    }),
);

browserTest(
  "credit that arrives elsewhere shows on an open page within a second, without polling",
  () =>
    withVisitor(app, async ({ page }, userId) => {
      const { traffic } = app;
      const before = traffic.count(BALANCE);
      await until("the socket is opened", () => traffic.count(SOCKET) > 0);
      // When the channel is joined the balance is asked for once more; from then on only when something is pushed.
      await until("the channel is joined", () => traffic.count(BALANCE) > before);
      await page.waitForTimeout(6_000);
      const asked = traffic.count(BALANCE);
      const began = performance.now();
      await creditElsewhere(app, userId);
      await page.getByText("$10.00", { exact: true }).and(page.locator("#balance")).waitFor();
      const took = performance.now() - began;
      assert.ok(took < 1_000, `${took} ms`);
      await page.waitForTimeout(6_000);
      assert.equal(traffic.count(BALANCE) - asked, 1);
    }),
);
