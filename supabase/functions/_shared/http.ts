// What every function does around its handler: CORS, method, caller, one envelope for answers and failures.
import type { z } from "zod";
import { authenticateCaller, authenticateServer, authenticateUser, type Credentials } from "./auth.ts";
import { preflight, withCors } from "./cors.ts";
import type { Env } from "./env.ts";
import { ApiError, toApiError } from "./errors.ts";
import { logAnswer } from "./log.ts";
import { REQUEST_ID, requestIdOf, withRequestId } from "./request_id.ts";

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

/** The `fetch` of a function that signed-in people and our own servers call, and that hands on what they proved. */
export function callerEndpoint(
  name: string,
  env: Env,
  handle: (request: Request, credentials: Credentials) => Promise<unknown>,
): Fetch {
  return endpoint(name, async (request) => handle(request, await authenticateCaller(request, env)));
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

/** The `fetch` of a function that answers whoever asks, by the methods and in the form it likes. */
export function openEndpoint(
  name: string,
  handle: (request: Request) => Promise<Response>,
  refuse: (error: ApiError) => Response = (error) => error.toResponse(),
): Fetch {
  return observed(name, handle, refuse);
}

function endpoint(name: string, answer: (request: Request) => Promise<unknown>): Fetch {
  const answered = async (request: Request) => {
    if (request.method === "OPTIONS") return preflight();
    if (request.method !== "POST") throw new ApiError("method_not_allowed");
    const said = await answer(request);
    // What is not JSON, such as a PDF, comes as a response already.
    return withCors(said instanceof Response ? said : Response.json(said));
  };
  return observed(name, answered, (error) => withCors(error.toResponse()));
}

/** Each request gets its id, an answer whatever happens, and a line in the log. */
function observed(
  name: string,
  answer: (request: Request) => Promise<Response>,
  refuse: (error: ApiError) => Response,
): Fetch {
  return (request) => {
    const id = requestIdOf(request);
    return withRequestId(id, async () => {
      const began = performance.now();
      let response: Response;
      let error: ApiError | undefined;
      try {
        response = await answer(request);
      } catch (thrown) {
        error = toApiError(thrown);
        response = refuse(error);
      }
      response.headers.set(REQUEST_ID, id);
      const { method } = request;
      logAnswer(name, { method, status: response.status, durationMs: performance.now() - began, error });
      return response;
    });
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
