// The only place that reads the environment. It is parsed once, when a function boots, and a function with
// anything missing refuses to start: a half-configured payment function is worse than none.
import { z } from "zod";

/** What sending mails reads besides: one of two ways to send. */
export const MAIL_ENV_NAMES = ["SMTP_URL", "MAIL_API_URL", "MAIL_API_KEY"] as const;

/** The names a function may read; its `--allow-env` is exactly this list. */
export const ENV_NAMES = [
  "SUPABASE_URL",
  "SUPABASE_PUBLISHABLE_KEYS",
  "SUPABASE_SECRET_KEYS",
  "SUPABASE_JWKS",
  "STRIPE_SECRET_KEY",
  "STRIPE_API_URL",
  ...MAIL_ENV_NAMES,
] as const;

export interface Env {
  supabaseUrl: string;
  publishableKeys: Record<string, string>;
  secretKeys: Record<string, string>;
  /** The key that opens the database for the functions themselves. */
  secretKey: string;
  /** Public keys of Supabase Auth: given inline, or the address that serves them. */
  jwks: { keys: JsonWebKey[] } | URL;
  stripeSecretKey: string;
  /** Set only by the local simulator; Stripe itself when absent. */
  stripeApiUrl: URL | null;
}

const required = (meaning: string) =>
  z.string({ error: `is missing: ${meaning}` }).trim().min(1, `is empty: ${meaning}`);

const json = (text: string, context: z.RefinementCtx): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // The value itself may be a secret, so the message does not repeat it.
    context.addIssue({ code: "custom", message: "is not valid JSON" });
    return z.NEVER;
  }
};

const keyMap = (meaning: string) =>
  required(meaning).transform(json).pipe(
    z.record(z.string(), z.string().min(1), "is not a JSON object of name to key")
      .refine((keys) => Object.keys(keys).length > 0, "holds no key"),
  );

const jsonWebKeys = z.array(z.looseObject({ kty: z.string() }), "holds no list of keys");
const keySet = required("the keys of Supabase Auth").transform(json).pipe(
  z.union([z.object({ keys: jsonWebKeys }), jsonWebKeys.transform((keys) => ({ keys }))]),
);

const webAddress = z.url({ protocol: /^https?$/, error: "is not an http(s) address" });

const schema = z.object({
  SUPABASE_URL: required("the address of the Supabase project").pipe(webAddress),
  SUPABASE_PUBLISHABLE_KEYS: keyMap('publishable keys as {"default":"…"}'),
  SUPABASE_SECRET_KEYS: keyMap('secret keys as {"default":"…"}'),
  SUPABASE_JWKS: keySet.optional(),
  STRIPE_SECRET_KEY: required("set it with `supabase secrets set STRIPE_SECRET_KEY=…`")
    .regex(/^(sk|rk)_(test|live)_/, "is not a Stripe secret key (sk_… or rk_…)"),
  STRIPE_API_URL: webAddress.optional(),
}).refine(
  (env) => env.STRIPE_API_URL === undefined || !/^(sk|rk)_live_/.test(env.STRIPE_SECRET_KEY),
  { path: ["STRIPE_API_URL"], message: "must not be set together with a live Stripe key" },
);

export class EnvironmentError extends Error {
  override name = "EnvironmentError";
}

/** Reads and checks the environment, or throws one error that lists everything wrong with it. */
export function readEnv(get: (name: string) => string | undefined = (name) => Deno.env.get(name)): Env {
  // An empty value means "not set", as in an .env file with nothing behind the equals sign.
  const raw = Object.fromEntries(ENV_NAMES.map((name) => [name, get(name) || undefined]));
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${String(issue.path[0])} ${issue.message}`);
    throw new EnvironmentError(
      `This function cannot start; its environment is incomplete:\n${lines.join("\n")}`,
    );
  }
  return toEnv(parsed.data);
}

function toEnv(data: z.infer<typeof schema>): Env {
  const secretKeys = data.SUPABASE_SECRET_KEYS;
  return {
    supabaseUrl: data.SUPABASE_URL.replace(/\/+$/, ""),
    publishableKeys: data.SUPABASE_PUBLISHABLE_KEYS,
    secretKeys,
    secretKey: secretKeys.default ?? Object.values(secretKeys)[0]!,
    jwks: data.SUPABASE_JWKS ??
      new URL("auth/v1/.well-known/jwks.json", `${data.SUPABASE_URL.replace(/\/+$/, "")}/`),
    stripeSecretKey: data.STRIPE_SECRET_KEY,
    stripeApiUrl: data.STRIPE_API_URL === undefined ? null : new URL(data.STRIPE_API_URL),
  };
}

/** The one way mails are sent. */
export type MailEnv = { kind: "smtp"; url: URL } | { kind: "api"; url: URL; key: string };

const ONE_WAY = "Set either SMTP_URL or both MAIL_API_URL and MAIL_API_KEY";

const mailSchema = z.object({
  SMTP_URL: z.string()
    .regex(/^smtps?:\/\/[^/\s]/, "is not an address such as smtps://user:password@host:465")
    .refine((url) => URL.canParse(url), "is no address; encode special characters (%40 for @)")
    .optional(),
  MAIL_API_URL: webAddress.optional(),
  MAIL_API_KEY: z.string().optional(),
});

/** Reads how mails are sent, or throws an error that says what is wrong. Nothing else needs it. */
export function readMailEnv(
  get: (name: string) => string | undefined = (name) => Deno.env.get(name),
): MailEnv {
  const raw = Object.fromEntries(MAIL_ENV_NAMES.map((name) => [name, get(name) || undefined]));
  const parsed = mailSchema.safeParse(raw);
  const problems = parsed.error?.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`) ?? [];
  const { SMTP_URL: smtp, MAIL_API_URL: api, MAIL_API_KEY: key } = parsed.data ?? {};
  if (smtp && !api && !key) return { kind: "smtp", url: new URL(smtp) };
  if (!smtp && api && key) return { kind: "api", url: new URL(api), key };
  if (problems.length === 0) problems.push(smtp ? `${ONE_WAY}, not both.` : `${ONE_WAY}.`);
  throw new EnvironmentError(
    `This function cannot start; it cannot send mails:\n${problems.map((line) => `  ${line}`).join("\n")}`,
  );
}
