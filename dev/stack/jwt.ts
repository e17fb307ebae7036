// HS256 tokens: those the gateway mints for a key's role, and those Auth issues, signed again with the key's id.
import { createHmac, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";

export type Claims = Record<string, unknown>;

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const mac = (text: string, secret: string) => createHmac("sha256", secret).update(text).digest();

export function signJwt(claims: Claims, secret: string, keyId: string): string {
  const text = `${encode({ alg: "HS256", typ: "JWT", kid: keyId })}.${encode(claims)}`;
  return `${text}.${mac(text, secret).toString("base64url")}`;
}

/** The claims of a token this secret signed and that has not expired; otherwise null. */
export function verifyJwt(token: string, secret: string): Claims | null {
  const [header, payload, signature, ...rest] = token.split(".");
  if (!header || !payload || !signature || rest.length > 0) return null;
  try {
    if (JSON.parse(Buffer.from(header, "base64url").toString()).alg !== "HS256") return null;
    const given = Buffer.from(signature, "base64url");
    const expected = mac(`${header}.${payload}`, secret);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Claims;
    return typeof claims.exp === "number" && claims.exp <= Date.now() / 1000 ? null : claims;
  } catch {
    return null;
  }
}

export const looksLikeJwt = (text: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
