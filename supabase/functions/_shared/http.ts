// What every function does around its handler: CORS, method, caller, one envelope for answers and failures.
import type { z } from "zod";
import { authenticateServer, authenticateUser } from "./auth.ts";
import { preflight, withCors } from "./cors.ts";
import type { Env } from "./env.ts";
import { ApiError, toApiError } from "./errors.ts";
import { logFailure } from "./log.ts";

/** No request of ours comes near this; a larger body is refused before it is read to the end. */
export const MAX_BODY_BYTES = 16 * 1024;

type Fetch = (request: Request) => Promise<Response>;

/** The `fetch` of a function that signed-in people call. */
export function userEndpoint(
  name: string,
  env: Env,
  handle: (request: Request, userId: string) => Promise<unknown>,
): Fetch {
  return endpoint(name, async (request) => handle(request, await authenticateUser(request, env)));
}

/** The `fetch` of a function that only our own servers and schedules call. */
export function serverEndpoint(
  name: string,
  env: Env,
  handle: (request: Request) => Promise<unknown>,
): Fetch {
  return endpoint(name, async (request) => {
    await authenticateServer(request, env);
    return await handle(request);
  });
}

function endpoint(name: string, answer: (request: Request) => Promise<unknown>): Fetch {
  return async (request) => {
    if (request.method === "OPTIONS") return preflight();
    try {
      if (request.method !== "POST") throw new ApiError("method_not_allowed");
      return withCors(Response.json(await answer(request)));
    } catch (thrown) {
      const error = toApiError(thrown);
      if (error.status >= 500) logFailure(name, error);
      return withCors(error.toResponse());
    }
  };
}

/** The body as the schema describes it, or `invalid_request` with each thing that is wrong. */
export async function parseBody<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(parseJson(await readText(request)));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => ({
    path: issue.path.map(String).join("."),
    message: issue.message,
  }));
  throw new ApiError("invalid_request", {
    details: { issues },
    hint: "Correct the named fields and send it again.",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError("invalid_request", { hint: "Send a JSON object as the body." });
  }
}

async function readText(request: Request): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  // Counted while reading: the announced length may be absent or wrong.
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) {
      throw new ApiError("invalid_request", {
        details: { max_bytes: MAX_BODY_BYTES },
        hint: "Send a smaller body.",
      });
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
