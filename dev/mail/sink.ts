// Takes every mail the stack sends and shows it; nothing leaves this machine.
import { type AddressObject, type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { listPage, messagePage, notFoundPage } from "./page.ts";

export interface Message {
  id: string;
  receivedAt: string;
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
  headers: Array<{ name: string; value: string }>;
}

export interface MailSink {
  url: string;
  stop(): Promise<void>;
}

/** More than a person scrolls through, and little enough to keep in memory. */
const KEPT = 500;

export async function startMailSink(options: { httpPort: number; smtpPort: number }): Promise<MailSink> {
  const messages: Message[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onAuth: (_auth, _session, done) => done(null, { user: "anyone" }),
    onData: (stream, session, done) => {
      const recipients = session.envelope.rcptTo.map((recipient) => recipient.address);
      simpleParser(stream).then((mail) => {
        messages.unshift(toMessage(mail, recipients));
        messages.length = Math.min(messages.length, KEPT);
        done();
      }, done);
    },
  });
  smtp.on("error", () => {}); // one broken connection is the sender's matter
  await new Promise<void>((resolve, reject) => {
    smtp.server.once("error", reject);
    smtp.listen(options.smtpPort, "127.0.0.1", () => resolve());
  });
  const http = Deno.serve(
    { hostname: "127.0.0.1", port: options.httpPort, onListen: () => {} },
    (request) => answer(request, messages),
  );
  return {
    url: `http://127.0.0.1:${options.httpPort}`,
    stop: async () => {
      await http.shutdown();
      await new Promise<void>((resolve) => smtp.close(() => resolve()));
    },
  };
}

function toMessage(mail: ParsedMail, recipients: string[]): Message {
  return {
    id: crypto.randomUUID(),
    receivedAt: new Date().toISOString(),
    from: addresses(mail.from),
    to: recipients,
    subject: mail.subject ?? "",
    text: mail.text ?? "",
    html: typeof mail.html === "string" ? mail.html : "",
    headers: mail.headerLines.map(({ line }) => {
      const colon = line.indexOf(":");
      return { name: line.slice(0, colon), value: line.slice(colon + 1).trim() };
    }),
  };
}

const addresses = (value: AddressObject | undefined): string => value?.text ?? "";

function answer(request: Request, messages: Message[]): Response {
  const url = new URL(request.url);
  const api = /^\/api\/messages(?:\/([\w-]+))?$/.exec(url.pathname);
  if (api) return answerApi(request, url, messages, api[1]);
  const [, id, html] = /^\/messages\/([\w-]+)(\/html)?$/.exec(url.pathname) ?? [];
  const message = messages.find((candidate) => candidate.id === id);
  if (id && message) return html ? mailHtml(message) : page(messagePage(message));
  if (url.pathname === "/") return page(listPage(messages));
  return page(notFoundPage(), 404);
}

/** `?to=` and `?subject=` narrow the list, for tests. */
function answerApi(request: Request, url: URL, messages: Message[], id: string | undefined): Response {
  if (request.method === "DELETE") {
    messages.length = 0;
    return new Response(null, { status: 204 });
  }
  if (id) {
    const message = messages.find((candidate) => candidate.id === id);
    return message ? Response.json(message) : Response.json({ message: "No such mail" }, { status: 404 });
  }
  const to = url.searchParams.get("to");
  const subject = url.searchParams.get("subject");
  const found = messages.filter((message) =>
    (!to || message.to.includes(to)) && (!subject || message.subject.includes(subject))
  );
  return Response.json({ total: found.length, messages: found });
}

const page = (html: string, status = 200) =>
  new Response(html, { status, headers: { "content-type": "text/html; charset=utf-8" } });

/** Shown in a frame; a mail's own scripts and forms stay dead. */
const mailHtml = (message: Message) =>
  new Response(message.html, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "sandbox allow-popups",
    },
  });
