// Claims mails that are due, sends them and records what became of each. Runs may overlap: the database hands a mail to
// one of them. What a run claimed and did not try goes back at once; what a run that died had claimed comes round again.
import { describe } from "../_shared/log.ts";
import { render } from "./layout.ts";
import type { Message, Sender } from "./letter.ts";
import type { Outbox, Outcome } from "./outbox.ts";
import { write } from "./templates/index.ts";
import { type Mail, MailError, type Transport } from "./transport.ts";

export interface SendLimits {
  /** Mails between two records: as many may be sent twice when a run dies. */
  batchSize: number;
  maxMails: number;
  maxMilliseconds: number;
  /** Mails on their way at the same time. */
  concurrency: number;
}

export interface SendDeps {
  outbox: Outbox;
  transport: Transport;
  unsubscribeUrl: (token: string) => string;
  /** Milliseconds on any steady clock. */
  now: () => number;
  limits: SendLimits;
}

export interface SendCounts {
  sent: number;
  /** Not taken this time; each has its error recorded and is tried again. */
  retried: number;
  /** Given up: refused for good, or tried too often. */
  dead: number;
  /** Set aside by the database: switched off, no address, too old. */
  skipped: number;
  /** Why the run stopped early. */
  problem?: string;
}

interface Run extends SendDeps {
  deadline: number;
  /** Failures of the mail server itself in a row. */
  failures: number;
  problem: string | undefined;
}

/** After so many in a row, the mail server is taken to be down and the rest waits for the next run. */
const PATIENCE = 3;

export async function sendNotifications(deps: SendDeps): Promise<SendCounts> {
  const counts: SendCounts = { sent: 0, retried: 0, dead: 0, skipped: 0 };
  const run: Run = {
    ...deps,
    deadline: deps.now() + deps.limits.maxMilliseconds,
    failures: 0,
    problem: undefined,
  };
  for (let left = deps.limits.maxMails; left > 0 && mayGoOn(run);) {
    const size = Math.min(deps.limits.batchSize, left);
    const { sender, claimed, mails } = await deps.outbox.claim(size);
    if (sender === null) {
      run.problem = "The setting mail_from is not set, so no mail can be sent.";
      break;
    }
    counts.skipped += claimed - mails.length;
    left -= claimed;
    if (mails.length > 0) {
      await settle(await sendAll(mails, sender, run), run, counts);
    }
    if (claimed < size) break;
  }
  return run.problem === undefined ? counts : { ...counts, problem: run.problem };
}

function mayGoOn({ problem, now, deadline }: Run): boolean {
  return problem === undefined && now() < deadline;
}

async function settle(outcomes: Outcome[], { outbox }: Run, counts: SendCounts): Promise<void> {
  // A mail that went out and is not recorded goes out again, so this is worth a second try.
  const recorded = await outbox.record(outcomes).catch(() => outbox.record(outcomes));
  counts.sent += recorded.sent;
  counts.retried += recorded.retried;
  counts.dead += recorded.dead;
}

async function sendAll(mails: Message[], sender: Sender, run: Run): Promise<Outcome[]> {
  const waiting = [...mails];
  const outcomes: Outcome[] = [];
  async function work(): Promise<void> {
    for (
      let mail = waiting.shift();
      mail !== undefined;
      mail = waiting.shift()
    ) {
      const { user_id, notification_id, attempt } = mail;
      const what = mayGoOn(run) ? await sendOne(mail, sender, run) : { outcome: "released" as const };
      outcomes.push({ user_id, notification_id, attempt, ...what });
    }
  }
  await Promise.all(Array.from({ length: run.limits.concurrency }, work));
  return outcomes;
}

type Result = Pick<
  Outcome,
  "outcome" | "message_id" | "error" | "retry_after_seconds"
>;

async function sendOne(message: Message, sender: Sender, run: Run): Promise<Result> {
  try {
    const messageId = await run.transport.send(compose(message, sender, run));
    run.failures = 0;
    return { outcome: "sent", message_id: messageId };
  } catch (error) {
    if (!(error instanceof MailError)) {
      return { outcome: "retry", error: `Not written: ${describe(error)}` };
    }
    noteTrouble(error, run);
    return {
      outcome: error.trouble === "refused" ? "dead" : "retry",
      error: error.message,
      retry_after_seconds: error.retryAfterSeconds,
    };
  }
}

function noteTrouble({ trouble, message }: MailError, run: Run): void {
  if (trouble === "unavailable") run.failures += 1;
  if (trouble === "busy" || run.failures >= PATIENCE) run.problem ??= message;
}

function compose(message: Message, sender: Sender, { unsubscribeUrl }: Run): Mail {
  const token = message.unsubscribe_token;
  const url = token === null ? null : unsubscribeUrl(token);
  const headers: Record<string, string> = { "Auto-Submitted": "auto-generated" };
  if (url !== null) {
    headers["List-Unsubscribe"] = `<${url}>`;
    // RFC 8058: the mail reader's own button posts once, and that is all.
    headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click";
  }
  const letter = render(write(message, sender), sender, url);
  return { from: sender.from, to: message.to, ...letter, headers, key: message.key };
}
