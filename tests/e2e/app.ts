// The example app of the SDK in a real browser, against the whole stack.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { buildSdk } from "../../client-sdk/build.ts";
import { launchBrowser } from "../support/browser.ts";
import { type CountingProxy, startCountingProxy } from "../support/counting_proxy.ts";
import { ownStack, sql, type StackEnv, useStack } from "../support/stack.ts";

export interface App {
  env: StackEnv;
  url: string;
  /** Between the page and the API: what it asked for. */
  traffic: CountingProxy;
  /** A browser of a person who has never been here. */
  visit(): Promise<Visitor>;
  close(): Promise<void>;
}

export interface Visitor {
  page: Page;
  email: string;
  context: BrowserContext;
  signUp(): Promise<string>;
  close(): Promise<void>;
}

/** Builds the package, serves the example as its own server does, and starts the browser. */
export async function openApp(options: { realtime: boolean } = { realtime: true }): Promise<App> {
  const stack = await (options.realtime ? useStack() : ownStack(options));
  await buildSdk();
  const traffic = await startCountingProxy(stack.env.API_URL);
  const seen = { ...stack.env, API_URL: traffic.url };
  const [server, browser] = await Promise.all([serveExample(seen), launchBrowser()]);
  return {
    env: stack.env,
    url: server.url,
    traffic,
    visit: () => visit(browser, server.url, stack.env),
    close: async () => {
      await browser.close();
      await server.close();
      await traffic.stop();
      await stack.stop();
    },
  };
}

async function serveExample(env: StackEnv): Promise<{ url: string; close(): Promise<void> }> {
  const script = new URL("../../client-sdk/examples/browser/serve.mjs", import.meta.url).pathname;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", script],
    env: { TALKTIME_URL: env.API_URL, TALKTIME_PUBLISHABLE_KEY: env.PUBLISHABLE_KEY, PORT: "0" },
    stdout: "piped",
  }).spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await lines.read();
  const url = /http:\/\/localhost:\d+/.exec(value)?.[0];
  if (!url) throw new Error(`The example's server said: ${value}`);
  return {
    url,
    close: async () => {
      process.kill();
      await lines.cancel();
      await process.status;
    },
  };
}

async function visit(browser: Browser, url: string, env: StackEnv): Promise<Visitor> {
  const context = await browser.newContext({ locale: "en-US" });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const email = `${crypto.randomUUID()}@example.com`;
  await page.goto(url);
  return {
    page,
    email,
    context,
    signUp: async () => {
      await page.getByLabel("E-mail").fill(email);
      await page.getByLabel("Password").fill("correct horse battery");
      await page.getByRole("button", { name: "Sign in or sign up" }).click();
      await page.getByText("$0.00").waitFor();
      return await userIdOf(env, email);
    },
    close: () => context.close(),
  };
}

async function userIdOf(env: StackEnv, email: string): Promise<string> {
  const database = sql(env);
  try {
    const [user] = await database<{ id: string }[]>`select id from auth.users where email = ${email}`;
    return user!.id;
  } finally {
    await database.end();
  }
}

/** Fills in the hosted page and presses its button. */
export async function payByCard(page: Page, number: string): Promise<void> {
  await page.locator("input[name=email]").fill("buyer@example.com");
  await page.locator("input[name=card_number]").fill(number);
  await page.locator("input[name=card_expiry]").fill("12 / 40");
  await page.locator("input[name=card_cvc]").fill("123");
  await page.locator("input[name=card_name]").fill("Ada Lovelace");
  await page.getByRole("button", { name: /^Pay \$/ }).click();
}
