// Who is asking. The gateway lets every request through (verify_jwt = false); the token or key is checked here.
import { verifyAuth, type VerifyAuthOptions } from "@supabase/server/core";
import type { Env } from "./env.ts";
import { ApiError } from "./errors.ts";

/** The id of the signed-in person whose token the request carries. */
export async function authenticateUser(request: Request, env: Env): Promise<string> {
  const { data, error } = await verifyAuth(request, {
    auth: "user",
    audience: "authenticated",
    env: keysOf(env),
  });
  if (error) {
    if (error.status >= 500) throw new ApiError("internal_error", { cause: error });
    throw new ApiError("not_authenticated", {
      hint: "Send `Authorization: Bearer <access token>` of a signed-in user.",
    });
  }
  // A token of another role was signed by us, but not for a person using the app.
  if (data.userClaims?.role !== "authenticated") throw new ApiError("forbidden");
  return data.userClaims.id;
}

/** Lets our own servers through: whoever holds a secret key. */
export async function authenticateServer(request: Request, env: Env): Promise<void> {
  const { error } = await verifyAuth(request, { auth: "secret:*", env: keysOf(env) });
  if (!error) return;
  if (error.status >= 500) throw new ApiError("internal_error", { cause: error });
  const cameWithNothing = error.code === "MISSING_CREDENTIALS";
  throw new ApiError(cameWithNothing ? "not_authenticated" : "forbidden", {
    hint: "Send a secret key in the `apikey` header.",
  });
}

/** What a caller has proved, to ask the database with: a person's token and id, or null for one of our own servers. */
export interface Credentials {
  apikey: string;
  token: string | null;
  userId: string | null;
}

/** Lets signed-in people and our own servers through, for functions that leave it to the database who may do what. */
export async function authenticateCaller(request: Request, env: Env): Promise<Credentials> {
  const { data, error } = await verifyAuth(request, {
    auth: ["user", "secret:*"],
    audience: "authenticated",
    env: keysOf(env),
  });
  if (error) {
    if (error.status >= 500) throw new ApiError("internal_error", { cause: error });
    throw new ApiError("not_authenticated", {
      hint:
        "Send `Authorization: Bearer <access token>` of a signed-in user, or a secret key in the `apikey` header.",
    });
  }
  if (data.authMode !== "user") return { apikey: env.secretKey, token: null, userId: null };
  if (data.userClaims?.role !== "authenticated") throw new ApiError("forbidden");
  const { publishableKeys } = env;
  const apikey = publishableKeys.default ?? Object.values(publishableKeys)[0]!;
  return { apikey, token: data.token, userId: data.userClaims.id };
}

/** Given whole, so that the library reads nothing from the environment by itself. */
function keysOf(env: Env): VerifyAuthOptions["env"] {
  return {
    url: env.supabaseUrl,
    publishableKeys: env.publishableKeys,
    secretKeys: env.secretKeys,
    jwks: env.jwks,
  };
}
