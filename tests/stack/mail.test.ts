// Mails the stack sends arrive at the mail page, and nowhere else.
import assert from "node:assert/strict";
import { createTransport } from "nodemailer";
import { anonymous, signUp, useStack } from "../support/stack.ts";

const { env, stop } = await useStack();
Deno.test.afterAll(stop);

interface Mail {
  id: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
}

async function mailsTo(address: string): Promise<Mail[]> {
  const response = await fetch(`${env.MAILPIT_URL}/api/messages?to=${encodeURIComponent(address)}`);
  return (await response.json()).messages;
}

async function send(mail: { to: string; subject: string; text?: string; html?: string }): Promise<void> {
  const transport = createTransport({ host: "127.0.0.1", port: Number(env.SMTP_PORT), secure: false });
  await transport.sendMail({ from: "Talktime <hello@example.com>", ...mail });
  transport.close();
}

const uniqueAddress = () => `${crypto.randomUUID()}@example.com`;

Deno.test("a mail sent over SMTP is kept with its text, its HTML and its recipients", async () => {
  const to = uniqueAddress();
  await send({
    to,
    subject: "Your receipt for $10.00",
    text: "Thank you, Zoë.",
    html: "<p>Thank you, Zoë.</p>",
  });
  const [mail] = await mailsTo(to);
  assert.deepEqual([mail!.subject, mail!.to, mail!.text.trim()], [
    "Your receipt for $10.00",
    [to],
    "Thank you, Zoë.",
  ]);
  assert.match(mail!.html, /Zoë/);
});

Deno.test("the page lists the mail and shows it, with nothing in it that could run", async () => {
  const to = uniqueAddress();
  const subject = `<script>alert(1)</script> ${to}`;
  await send({ to, subject, text: "plain <b>text</b>", html: "<script>alert(2)</script><p>shown</p>" });
  const [mail] = await mailsTo(to);
  const list = await (await fetch(env.MAILPIT_URL)).text();
  assert.ok(list.includes(`&lt;script&gt;alert(1)&lt;/script&gt; ${to}`) && !list.includes("<script>"));
  const shown = await (await fetch(`${env.MAILPIT_URL}/messages/${mail!.id}`)).text();
  assert.ok(shown.includes("plain &lt;b&gt;text&lt;/b&gt;") && !shown.includes("<script>"));
  assert.match(shown, /<iframe sandbox="[^"]*" src="\/messages\//);
  assert.ok(!/sandbox="[^"]*allow-scripts/.test(shown));
  const frame = await fetch(`${env.MAILPIT_URL}/messages/${mail!.id}/html`);
  assert.match(frame.headers.get("content-security-policy")!, /^sandbox/);
  assert.match(await frame.text(), /shown/);
});

Deno.test("a mail that is not there is said so", async () => {
  const response = await fetch(`${env.MAILPIT_URL}/messages/${crypto.randomUUID()}`);
  assert.equal(response.status, 404);
  assert.match(await response.text(), /not here/);
});

Deno.test("a password reset arrives and its link signs the person in, with a token that names its key", async () => {
  const { email } = await signUp(env);
  assert.equal((await anonymous(env).auth.resetPasswordForEmail(email)).error, null);
  const [mail] = await mailsTo(email);
  const link = /https?:\/\/\S+\/auth\/v1\/verify\S+/.exec(mail!.text)![0];
  assert.ok(link.startsWith(env.API_URL), link);
  const response = await fetch(link, { redirect: "manual" });
  await response.body?.cancel();
  const fragment = new URLSearchParams(response.headers.get("location")!.split("#")[1]);
  const header = JSON.parse(atob(fragment.get("access_token")!.split(".")[0]!));
  assert.equal(header.kid, JSON.parse(env.JWKS).keys[0].kid);
});
