// What is the same for everyone: asked for by GET, so that browsers and CDNs may remember it.
import assert from "node:assert/strict";
import { createTalktime } from "../../client-sdk/src/index.ts";
import { anonymous } from "../support/stack.ts";
import { json, scriptedClient, type ScriptedRequest } from "./support/scripted_server.ts";
import { env, sql } from "./support/stack.ts";

Deno.test("Packages and rates are asked for by GET, under an address that is the same for everyone", async () => {
  const requests: ScriptedRequest[] = [];
  const client = scriptedClient((request) => {
    requests.push(request);
    return json(request.target === "rpc/list_rates" ? { rates: [], next_after_prefix: null } : []);
  });
  const { packages, rates } = createTalktime(client, { userId: "user-1" });
  await packages.list();
  await rates.list();
  await rates.list({ ratePlan: "prorated", limit: 2, cursor: "44" });
  assert.deepEqual(requests.map(({ method, target, query }) => `${method} ${target}?${query}`), [
    "GET rpc/list_packages?",
    "GET rpc/list_rates?page_size=50",
    "GET rpc/list_rates?rate_plan=prorated&after_prefix=44&page_size=2",
  ]);
});

Deno.test("The database says how long they may be remembered", async () => {
  for (const path of ["list_packages", "list_rates?page_size=5"]) {
    const response = await fetch(`${env.REST_URL}/rpc/${path}`, { headers: { apikey: env.PUBLISHABLE_KEY } });
    await response.body?.cancel();
    assert.equal(response.headers.get("cache-control"), "public, max-age=300");
  }
});

Deno.test("Packages are for sale without signing in, in the order to show them", async () => {
  const { data } = await createTalktime(anonymous(env)).packages.list();
  assert.deepEqual(data?.map(({ code }) => code), [
    "credit_5",
    "credit_10",
    "credit_20",
    "credit_50",
    "credit_100",
  ]);
  assert.deepEqual(data?.[1], {
    code: "credit_10",
    name: "$10 credit",
    currency: "usd",
    priceCents: 1_000,
    creditMicros: 10_000_000,
    bonusMicros: 0,
    validDays: null,
    bonusValidDays: null,
  });
});

Deno.test("Rates come by prefix, page by page, each prefix in its version of now", async () => {
  const plan = `plan_${crypto.randomUUID().slice(0, 8)}`;
  await sql`insert into public.rate_plans (code, name) values (${plan}, 'For a test')`;
  await sql`
    insert into public.rates (rate_plan, prefix, effective_from, per_minute_micros, initial_increment_seconds, increment_seconds)
    values (${plan}, '', now() - interval '2 days', 150000, 60, 60), (${plan}, '1', now() - interval '2 days', 90000, 60, 60),
      (${plan}, '1', now() - interval '1 day', 80000, 6, 6), (${plan}, '1', now() + interval '1 day', 70000, 1, 1),
      (${plan}, '44', now() - interval '2 days', 20000, 60, 60)`;
  const { rates } = createTalktime(anonymous(env));
  const { data: first } = await rates.list({ ratePlan: plan, limit: 2 });
  assert.deepEqual(first?.items.map(({ prefix, perMinuteMicros }) => [prefix, perMinuteMicros]), [
    ["", 150_000],
    ["1", 80_000],
  ]);
  const { plan: named, freeSeconds, minimumChargeMicros, effectiveFrom } = first!.items[1]!;
  assert.deepEqual([named, freeSeconds, minimumChargeMicros], [plan, 0, 0]);
  assert.ok(Math.abs(Date.parse(effectiveFrom) - (Date.now() - 86_400_000)) < 60_000);
  const all: string[] = [];
  for await (const { data, error } of rates.list({ ratePlan: plan, limit: 1 }).all()) {
    assert.equal(error, null);
    all.push(data!.prefix);
  }
  assert.deepEqual(all, ["", "1", "44"]);
});

Deno.test("A rate plan that does not exist is rate_plan_not_found, an odd limit invalid_request", async () => {
  const { rates } = createTalktime(anonymous(env));
  assert.equal((await rates.list({ ratePlan: "none" })).error?.code, "rate_plan_not_found");
  for (const limit of [0, 501, 1.5, Number.NaN]) {
    assert.equal((await rates.list({ limit })).error?.code, "invalid_request", String(limit));
  }
});
