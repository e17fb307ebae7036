// The SMTP side by itself: who may see the mail and the password on the way.
import assert from "node:assert/strict";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { createTransport, MailError } from "../../supabase/functions/send-notifications/transport.ts";

const MAIL = {
  from: "Talktime <no-reply@talktime.test>",
  to: "ada@example.com",
  subject: "You were refunded $1.00",
  text: "x",
  html: "<p>x</p>",
  headers: {},
  key: "k",
};

/** A server, and what reached it. */
async function withServer<T>(
  options: SMTPServerOptions,
  use: (port: number, recipients: string[][]) => Promise<T>,
): Promise<T> {
  const recipients: string[][] = [];
  const smtp = new SMTPServer({
    ...options,
    onData(stream, session, done) {
      recipients.push(session.envelope.rcptTo.map(({ address }) => address));
      stream.resume().on("end", () => done());
    },
  });
  smtp.on("error", () => {}); // a client that does not trust us hangs up
  await new Promise<void>((resolve) => smtp.listen(0, "127.0.0.1", resolve));
  try {
    return await use((smtp.server.address() as { port: number }).port, recipients);
  } finally {
    await new Promise<void>((resolve) => smtp.close(() => resolve()));
  }
}

const send = (url: string, mail = MAIL) => createTransport({ kind: "smtp", url: new URL(url) }).send(mail);

async function troubleOf(sending: Promise<unknown>): Promise<MailError> {
  const error = await sending.then(() => null, (error: unknown) => error);
  assert.ok(error instanceof MailError, String(error));
  return error;
}

Deno.test("User and password are taken from the address, with their special characters", async () => {
  const options: SMTPServerOptions = {
    authMethods: ["PLAIN"],
    allowInsecureAuth: true,
    disabledCommands: ["STARTTLS"],
    onAuth: ({ username, password }, _session, done) =>
      username === "us@er" && password === "p@ss:w/rd"
        ? done(null, { user: username })
        : done(new Error(`Invalid login ${username}:${password}`)),
  };
  await withServer(options, async (port, recipients) => {
    assert.match((await send(`smtp://us%40er:p%40ss%3Aw%2Frd@127.0.0.1:${port}`))!, /^250/);
    assert.deepEqual(recipients, [["ada@example.com"]]);
    const { trouble, message } = await troubleOf(send(`smtp://us%40er:hunter2@127.0.0.1:${port}`));
    assert.equal(trouble, "unavailable", "the mail itself may be fine");
    assert.match(message, /EAUTH/);
  });
});

Deno.test("A server that cannot prove who it is gets nothing", async () => {
  await withServer({ secure: true, authOptional: true }, async (port, recipients) => {
    assert.equal((await troubleOf(send(`smtps://127.0.0.1:${port}`))).trouble, "unavailable");
    assert.deepEqual(recipients, []);
  });
});

Deno.test("Beyond this machine nothing goes out unencrypted", async () => {
  await withServer({ authOptional: true, disabledCommands: ["STARTTLS"] }, async (port, recipients) => {
    const { trouble, message } = await troubleOf(send(`smtp://[::ffff:127.0.0.1]:${port}`));
    assert.deepEqual([trouble, recipients], ["unavailable", []]);
    assert.match(message, /ETLS/);
  });
});

Deno.test("What could be read as more than one address is refused", async () => {
  await withServer({ authOptional: true, disabledCommands: ["STARTTLS"] }, async (port, recipients) => {
    const url = `smtp://127.0.0.1:${port}`;
    for (
      const to of [
        "a@example.com, b@example.com",
        "a@example.com>\r\nRCPT TO:<b@example.com",
        "<a@example.com> b@example.com",
        "a@b@example.com",
        "nobody",
      ]
    ) assert.equal((await troubleOf(send(url, { ...MAIL, to }))).trouble, "refused", to);
    assert.deepEqual(recipients, []);
    await send(url, { ...MAIL, to: "o'hara+calls.1@sub.example.co.uk" });
    assert.deepEqual(recipients, [["o'hara+calls.1@sub.example.co.uk"]]);
  });
});
