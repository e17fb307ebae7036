// Auth's answers carry tokens without a key id, and verifiers that know several keys need one: they are signed again,
// over the same secret, with `kid` in the header.
import { Buffer } from "node:buffer";
import { signJwt, verifyJwt } from "./jwt.ts";
import type { Keys } from "./keys.ts";

type SigningKeys = Pick<Keys, "jwtSecret" | "keyId">;

function resign(token: string, keys: SigningKeys): string {
  const claims = verifyJwt(token, keys.jwtSecret);
  return claims ? signJwt(claims, keys.jwtSecret, keys.keyId) : token;
}

/** The link in a mail answers with a redirect that has the token in its fragment. */
function resignLocation(headers: Headers, keys: SigningKeys): void {
  const location = headers.get("location");
  const fragment = location?.split("#")[1];
  if (!location || !fragment?.includes("access_token=")) return;
  const values = new URLSearchParams(fragment);
  values.set("access_token", resign(values.get("access_token")!, keys));
  headers.set("location", `${location.split("#")[0]}#${values}`);
}

export async function withKeyId(response: Response, keys: SigningKeys): Promise<Response> {
  const headers = new Headers(response.headers);
  resignLocation(headers, keys);
  if (!response.ok || !headers.get("content-type")?.includes("json")) {
    return new Response(response.body, { status: response.status, headers });
  }
  const text = await response.text();
  const body = JSON.parse(text || "null") as
    | { access_token?: string; session?: { access_token?: string } }
    | null;
  if (body?.access_token) body.access_token = resign(body.access_token, keys);
  if (body?.session?.access_token) body.session.access_token = resign(body.session.access_token, keys);
  headers.delete("content-length");
  return new Response(Buffer.from(JSON.stringify(body)), { status: response.status, headers });
}
