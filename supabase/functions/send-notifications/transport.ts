// How a mail leaves: by SMTP or by an HTTP mail API, behind one interface.
import type { MailEnv } from "../_shared/env.ts";
import { withoutSecrets } from "../_shared/log.ts";
import { createHttpTransport } from "./http_api.ts";
import { createSmtpTransport } from "./smtp.ts";

export interface Mail {
  from: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  headers: Record<string, string>;
  /** The same for each attempt at the same message. */
  key: string;
}

export interface Transport {
  /** Resolves to the server's own id of the mail once it has taken it; throws a MailError. */
  send(mail: Mail): Promise<string | null>;
}

/**
 * Why a mail was not taken: `refused` for good, `later` for this mail alone, `unavailable` whatever the mail, `busy`
 * when the server asks for fewer.
 */
export type Trouble = "refused" | "later" | "unavailable" | "busy";

export class MailError extends Error {
  override name = "MailError";

  constructor(readonly trouble: Trouble, message: string, readonly retryAfterSeconds?: number) {
    super(withoutAddresses(message));
  }
}

/** Servers quote the recipient in their replies; what is logged or kept does not. */
export function withoutAddresses(text: string): string {
  const bare = text.replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, "…");
  return withoutSecrets(bare).replace(/\s+/g, " ").trim().slice(0, 300);
}

/** One address and nothing that a mail program could read as another, a name or a command. */
const ADDRESS = /^[^\s<>()[\],;:"\\@]+@[^\s<>()[\],;:"\\@]+$/;

export function createTransport(env: MailEnv): Transport {
  const transport = env.kind === "smtp"
    ? createSmtpTransport(env.url)
    : createHttpTransport(env.url, env.key);
  return {
    async send(mail) {
      if (!ADDRESS.test(mail.to)) throw new MailError("refused", "Not an address that mail can go to");
      return await transport.send(mail);
    },
  };
}

/** The address in `Name <address>`, or the text itself. */
export function addressOf(sender: string): string {
  return (/<([^<>]+)>\s*$/.exec(sender)?.[1] ?? sender).trim();
}
