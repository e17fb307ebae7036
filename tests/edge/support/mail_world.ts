// Mail as the tests see it: messages put into the outbox, servers that take mails or do not, and what became of each.
import assert from "node:assert/strict";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerSession } from "smtp-server";
import { signUp } from "../../support/stack.ts";
import { completeEnv, type FunctionProcess, startFunction } from "./function_process.ts";
import { env, sql } from "./world.ts";

export interface Person {
  userId: string;
  email: string;
}

export const newPerson = (email?: string): Promise<Person> => signUp(env, email);

// What other files left in the outbox stays there.
await sql`update private.deliveries set next_attempt_at = 'infinity' where status = 'pending'`;

/** Puts a message into the outbox, as whatever happened would have. */
export async function notify(
  { userId }: Person,
  kind: string,
  payload: Record<string, unknown>,
): Promise<void> {
  await sql`select private.notify_user(${userId}, ${kind}, ${crypto.randomUUID()}, ${
    sql.json(payload as never)
  })`;
}

export const refundOf = (cents: number) => ({ amount_cents: cents, currency: "usd", status: "succeeded" });

export interface Delivery {
  status: string;
  attempts: number;
  reason: string | null;
  error: string | null;
  messageId: string | null;
  /** Seconds until the next attempt. */
  wait: number;
}

export async function deliveriesOf({ userId }: Person): Promise<Delivery[]> {
  const rows = await sql`select status, attempts, skip_reason, last_error, provider_message_id,
      extract(epoch from next_attempt_at - private.clock())::float8 as wait
    from private.deliveries where user_id = ${userId} order by notification_id`;
  return rows.map((row) => ({
    status: row.status,
    attempts: row.attempts,
    reason: row.skip_reason,
    error: row.last_error,
    messageId: row.provider_message_id,
    wait: row.wait,
  }));
}

/** What became of a person's only message. */
export async function deliveryOf(person: Person): Promise<Delivery> {
  const [delivery, ...more] = await deliveriesOf(person);
  assert.equal(more.length, 0);
  return delivery!;
}

/** Lets the pause or the lease of a person's mails end now. */
export async function makeMailsDue({ userId }: Person): Promise<void> {
  await sql`update private.deliveries set next_attempt_at = private.clock() where user_id = ${userId} and status = 'pending'`;
}

/** What a mail server does with one mail: takes it, answers otherwise, or drops the line once it has all of it. */
export type Behaviour = "take" | "cut" | { at: "RCPT" | "DATA"; reply: number; text: string };

export interface Received {
  to: string;
  mail: ParsedMail;
  messageId: string;
}

export interface MailServer {
  url: string;
  received: Received[];
  to(person: Person): Received[];
  stop(): Promise<void>;
}

const refusal = (reply: number, text: string) => Object.assign(new Error(text), { responseCode: reply });

/** A real SMTP server on a port of its own. */
export async function startMailServer(behave: (to: string) => Behaviour = () => "take"): Promise<MailServer> {
  const received: Received[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onRcptTo({ address }, _session, done) {
      const what = behave(address);
      if (typeof what === "object" && what.at === "RCPT") done(refusal(what.reply, what.text));
      else done();
    },
    onData(stream, session, done) {
      const to = session.envelope.rcptTo[0]!.address;
      simpleParser(stream).then((mail) => {
        const what = behave(to);
        if (typeof what === "object" && what.at === "DATA") return done(refusal(what.reply, what.text));
        received.push({ to, mail, messageId: mail.messageId! });
        if (what === "cut") hangUp(smtp, session);
        else done();
      }, done);
    },
  });
  smtp.on("error", () => {}); // a line that is cut is what some tests are about
  await new Promise<void>((resolve) => smtp.listen(0, "127.0.0.1", resolve));
  const { port } = smtp.server.address() as { port: number };
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    to: ({ email }) => received.filter(({ to }) => to === email),
    stop: () => new Promise((resolve) => smtp.close(() => resolve())),
  };
}

function hangUp(smtp: SMTPServer, { id }: SMTPServerSession): void {
  const lines = [...smtp.connections as unknown as Set<{ id: string; _socket: { destroy(): void } }>];
  lines.find((line) => line.id === id)!._socket.destroy();
}

export interface Sender extends FunctionProcess {
  run(): Promise<{ status: number; body: Record<string, unknown> }>;
}

/** The function as deployed, in a process of its own, sending to this server. */
export async function startSender(
  mailEnv: { SMTP_URL: string } | { MAIL_API_URL: string; MAIL_API_KEY: string },
): Promise<Sender> {
  const running = await startFunction("send-notifications", { ...completeEnv, ...mailEnv });
  assert.notEqual(running.url, null, "the function did not start");
  const run = async () => {
    const headers = { apikey: env.SECRET_KEY };
    const response = await fetch(running.url!, { method: "POST", headers, body: "{}" });
    return { status: response.status, body: await response.json() };
  };
  return { ...running, run };
}
