// Who may pass the gateway, and as which role: what a key opens, and when a user's token takes its place.
import { looksLikeJwt, signJwt, verifyJwt } from "./jwt.ts";
import type { Keys } from "./keys.ts";

export type ApiRole = "anon" | "service_role";

export interface Passed {
  role: ApiRole;
  /** What the upstream gets as Authorization. */
  authorization: string;
}

const refuse = (message: string, hint: string): Response => Response.json({ message, hint }, { status: 401 });

export class ApiKeys {
  #minted = new Map<ApiRole, { token: string; until: number }>();

  constructor(private keys: Keys) {}

  /** The role a key stands for: publishable and secret keys, and the legacy tokens. */
  roleOf(key: string): ApiRole | null {
    if (key === this.keys.publishable) return "anon";
    if (key === this.keys.secret) return "service_role";
    if (!looksLikeJwt(key)) return null;
    const role = verifyJwt(key, this.keys.jwtSecret)?.role;
    return role === "anon" || role === "service_role" ? role : null;
  }

  /** A short-lived token for a role; minted again before it runs out. */
  tokenFor(role: ApiRole): string {
    const now = Math.floor(Date.now() / 1000);
    const known = this.#minted.get(role);
    if (known && known.until > now + 60) return known.token;
    const until = now + 600;
    const claims = { iss: "supabase", role, iat: now - 5, exp: until };
    const token = signJwt(claims, this.keys.jwtSecret, this.keys.keyId);
    this.#minted.set(role, { token, until });
    return token;
  }

  /** Either what to send on, or the refusal. */
  check(request: Request, url: URL): Passed | Response {
    const key = request.headers.get("apikey") ?? url.searchParams.get("apikey");
    if (!key) {
      return refuse("No API key found in request", "No `apikey` request header or url param was found.");
    }
    const role = this.roleOf(key);
    if (!role) return refuse("Invalid API key", "Double check your API key: is it this project's?");
    if (key.startsWith("sb_secret_") && /^Mozilla\//.test(request.headers.get("user-agent") ?? "")) {
      return refuse(
        "Forbidden use of secret API key in browser",
        "Secret API keys can only be used on a server.",
      );
    }
    return { role, authorization: this.#authorization(request, key, role) };
  }

  #authorization(request: Request, key: string, role: ApiRole): string {
    const given = request.headers.get("authorization");
    const token = given?.replace(/^Bearer\s+/i, "");
    const isKey = token === undefined || token === key || this.roleOf(token) !== null;
    return isKey ? `Bearer ${this.tokenFor(isKey && token ? this.roleOf(token) ?? role : role)}` : given!;
  }
}
