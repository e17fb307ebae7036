// Mail by SMTP. Each mail has a connection of its own: after any failure it is certain that nothing else was on it.
//
// Hosted Edge Functions cannot reach ports 25 and 587; mail servers offer 465 (smtps://) or 2465 for that.
import MailComposer from "nodemailer/lib/mail-composer/index.js";
import SMTPTransport from "nodemailer/lib/smtp-transport/index.js";
import { addressOf, type Mail, MailError, type Transport, type Trouble } from "./transport.ts";

const TIMEOUT_MILLISECONDS = 15_000;

export function createSmtpTransport(url: URL): Transport {
  const options = connectionOptions(url);
  return {
    send(mail) {
      const { promise, resolve, reject } = Promise.withResolvers<
        string | null
      >();
      const message = compose(mail);
      // The composed message is all the transport reads; its declared type belongs to the whole of nodemailer.
      const envelopeOf = { data: {}, message } as unknown as Parameters<
        SMTPTransport["send"]
      >[0];
      new SMTPTransport(options).send(envelopeOf, (error, info) => {
        if (error) reject(explain(error, options.port));
        else resolve(info.response.slice(0, 200));
      });
      return promise;
    },
  };
}

function connectionOptions(url: URL): SMTPTransport.Options & { port: number } {
  const secure = url.protocol === "smtps:";
  const isLocal = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    // Without smtps the connection is upgraded before anything is said, or given up.
    requireTLS: !secure && !isLocal,
    ...(url.username
      ? { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }
      : {}),
    // Given, so that the machine's name is neither read nor told.
    name: "[127.0.0.1]",
    connectionTimeout: TIMEOUT_MILLISECONDS,
    greetingTimeout: TIMEOUT_MILLISECONDS,
    socketTimeout: TIMEOUT_MILLISECONDS,
    dnsTimeout: TIMEOUT_MILLISECONDS,
  };
}

function compose({ from, to, subject, text, html, headers, key }: Mail): ReturnType<MailComposer["compile"]> {
  const sender = addressOf(from);
  return new MailComposer({
    from,
    to: { name: "", address: to },
    envelope: { from: sender, to: [to] },
    subject,
    text,
    html,
    headers,
    messageId: `<${key}@${sender.split("@").at(-1)}>`,
    // Everything is in the letter already: no file or address is ever fetched into a mail.
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
}

interface SmtpError extends Error {
  code?: string;
  command?: string;
  responseCode?: number;
  response?: string;
}

function explain(error: SmtpError, port: number): MailError {
  const trouble = troubleOf(error);
  const isBlocked = trouble === "unavailable" &&
    (port === 25 || port === 587) && !error.responseCode;
  const hint = isBlocked ? " (hosted Edge Functions cannot reach ports 25 and 587: use smtps:// on 465)" : "";
  const at = error.command ? ` at ${error.command}` : "";
  return new MailError(trouble, `SMTP ${error.code ?? ""}${at}: ${error.response ?? error.message}${hint}`);
}

function troubleOf({ code, command, responseCode = 0, response = "" }: SmtpError): Trouble {
  const isAboutTheMail = (command === "RCPT TO" || command === "DATA") &&
    code !== "EAUTH";
  if (!isAboutTheMail || responseCode === 0 || responseCode === 421) {
    return "unavailable";
  }
  // 5.7.x is about what we may do: somebody can put that right, and the mail itself may be fine.
  if (responseCode >= 500 && !/\b5\.7\.\d/.test(response)) return "refused";
  return "later";
}
