// Switches one kind of mail off for whoever holds the token in its link. Opening the mail's link changes nothing,
// because mail scanners open every link; it says what the link is for and how to go on. POST does it at once: mail
// readers send it for the person (RFC 8058). Hosted functions can only answer in plain text unless they have a domain
// of their own, so this one does.
import type { ApiError } from "../_shared/errors.ts";

export interface UnsubscribeDeps {
  /** Resolves to the kind that is off now; throws an ApiError. */
  unsubscribe(token: string): Promise<{ kind: string }>;
  /** Where the function is reached from outside. */
  url: string;
}

const KINDS = {
  low_balance: "mails that say your credit is low",
  call_cut_off: "mails that say a call ended because your credit ran out",
  credit_expiring: "mails that say credit is about to expire",
  referral_rewarded: "mails that say a friend brought you credit",
};

const TOKEN = new RegExp(`^[0-9a-f]{32}\\.(${Object.keys(KINDS).join("|")})\\.[0-9a-f]{32}$`);

const NOT_OURS = `This link is not complete.

Open it again from the mail, whole. Nothing was changed.
`;

export async function unsubscribe(request: Request, deps: UnsubscribeDeps): Promise<Response> {
  if (!["GET", "HEAD", "POST"].includes(request.method)) {
    return page(405, "This address answers GET and POST.\n", { Allow: "GET, HEAD, POST" });
  }
  await request.body?.cancel();
  const query = new URL(request.url).searchParams;
  const token = query.get("token") ?? "";
  const named = TOKEN.exec(token)?.[1] as keyof typeof KINDS | undefined;
  if (named === undefined) return page(400, NOT_OURS);
  const kind = KINDS[named];
  const isMeant = request.method === "POST" || (request.method === "GET" && query.get("confirm") === "yes");
  if (!isMeant) return page(200, ask(kind, token, deps.url));
  try {
    await deps.unsubscribe(token);
  } catch (error) {
    if ((error as ApiError).code === "invalid_request") {
      return page(400, NOT_OURS);
    }
    throw error;
  }
  return page(200, done(kind));
}

const ask = (kind: string, token: string, url: string) =>
  `Stop ${kind}?

To stop them, open this address:
${url}?token=${token}&confirm=yes

To keep them, close this page. Nothing has changed.
`;

const done = (kind: string) =>
  `You will get no more ${kind}.

Mails about payments still come. You can switch these on again in the app.
`;

export function page(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(text, {
    status,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "no-store",
      // The address holds the token.
      "Referrer-Policy": "no-referrer",
      "X-Robots-Tag": "noindex",
      ...headers,
    },
  });
}
