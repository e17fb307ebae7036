// Mail by an HTTP API that takes {from, to, subject, html, text, headers} as JSON, as Resend's POST /emails does. The
// Idempotency-Key makes a repetition harmless for as long as the provider remembers it (Resend: 24 hours).
import { type Mail, MailError, type Transport } from "./transport.ts";

const TIMEOUT_MILLISECONDS = 15_000;

export function createHttpTransport(url: URL, key: string): Transport {
  return {
    async send(mail) {
      const { status, headers, body } = await post(url, key, mail);
      if (status >= 200 && status < 300) {
        return typeof body.id === "string" ? body.id : null;
      }
      // The key was used before with other words, as a template changed in between: the mail is out already.
      if (status === 409 && body.name === "invalid_idempotent_request") {
        return null;
      }
      throw explain(status, Number(headers.get("retry-after")) || undefined, body);
    },
  };
}

interface Answer {
  status: number;
  headers: Headers;
  body: { id?: unknown; name?: unknown; message?: unknown };
}

async function post(url: URL, key: string, mail: Mail): Promise<Answer> {
  const { from, to, subject, html, text, headers } = mail;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "Authorization": `Bearer ${key}`,
        "Content-Type": "application/json",
        "Idempotency-Key": `talktime/${mail.key}`,
      },
      body: JSON.stringify({
        from,
        to: [to],
        subject,
        html,
        text,
        headers: { ...headers, "X-Entity-Ref-ID": mail.key },
      }),
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    return { status: response.status, headers: response.headers, body: parse(await response.text()) };
  } catch (error) {
    const reason = error instanceof Error && error.name === "TimeoutError"
      ? "no answer in time"
      : "not reached";
    throw new MailError("unavailable", `Mail API: ${reason}`);
  }
}

function parse(text: string): Answer["body"] {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {};
  }
}

function explain(status: number, retryAfterSeconds: number | undefined, body: Answer["body"]): MailError {
  const text = `Mail API ${[status, body.name, body.message].filter(Boolean).join(": ")}`;
  if (status === 429) return new MailError("busy", text, retryAfterSeconds);
  if (status === 409) return new MailError("later", text, retryAfterSeconds);
  // About our sender, our key or our address of the API: the mail itself may be fine.
  const isAboutUs = /from|domain|api_key/.test(String(body.name ?? ""));
  if (!isAboutUs && (status === 400 || status === 413 || status === 422)) {
    return new MailError("refused", text);
  }
  return new MailError("unavailable", text, retryAfterSeconds);
}
