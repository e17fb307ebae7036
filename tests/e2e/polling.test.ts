// An open page of a project without Realtime: it shows the same, a few seconds later, by asking.
import assert from "node:assert/strict";
import { type App, openApp } from "./app.ts";
import { BALANCE, creditElsewhere, withVisitor } from "./live.ts";

let app: App;

Deno.test.beforeAll(async () => {
  app = await openApp({ realtime: false });
});
Deno.test.afterAll(() => app.close());

Deno.test({
  name: "without Realtime, credit that arrives elsewhere shows with one of the next questions",
  // The browser and its connections outlive the test on purpose.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withVisitor(app, async ({ page }, userId) => {
      const before = app.traffic.count(BALANCE);
      const began = performance.now();
      await creditElsewhere(app, userId);
      await page.getByText("$10.00", { exact: true }).and(page.locator("#balance")).waitFor();
      assert.ok(performance.now() - began < 7_000);
      await page.waitForTimeout(11_000);
      const asked = app.traffic.count(BALANCE) - before;
      assert.ok(asked >= 2 && asked <= 5, `${asked} questions`);
    }),
});
