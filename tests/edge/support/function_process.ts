// One function in a process of its own, on the runtime and with the permissions it has when deployed.
import { TextLineStream } from "deno-std/streams/text_line_stream.js";
import { edgeRuntimeBinary, functionsDir } from "../../../dev/stack/paths.ts";
import { ENV_NAMES } from "../../../supabase/functions/_shared/env.ts";
import { env } from "./world.ts";

export type FunctionEnv = Partial<Record<typeof ENV_NAMES[number], string>>;

export const completeEnv: FunctionEnv = {
  SUPABASE_URL: env.API_URL,
  SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: env.PUBLISHABLE_KEY }),
  SUPABASE_SECRET_KEYS: JSON.stringify({ default: env.SECRET_KEY }),
  SUPABASE_JWKS: env.JWKS,
  STRIPE_SECRET_KEY: env.STRIPE_SECRET_KEY,
  STRIPE_API_URL: env.STRIPE_API_URL!,
};

export interface FunctionProcess {
  /** Where it listens; null when it ended instead. */
  url: string | null;
  /** All it printed, once it has ended. */
  output: Promise<string>;
  /** Ends it as the platform would: at once, whatever it is doing. */
  kill(): Promise<void>;
}

export async function startFunction(name: string, functionEnv: FunctionEnv): Promise<FunctionProcess> {
  const child = new Deno.Command(edgeRuntimeBinary(), {
    args: permissions(name, functionEnv),
    env: { ...functionEnv, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    clearEnv: true,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const listening = Promise.withResolvers<string | null>();
  const follow = async (stream: ReadableStream<Uint8Array>) => {
    const lines: string[] = [];
    for await (const line of stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
      lines.push(line);
      const address = /Listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address) listening.resolve(address);
    }
    return lines.join("\n");
  };
  const output = Promise.all([follow(child.stdout), follow(child.stderr)]).then((texts) => texts.join("\n"));
  output.then(() => listening.resolve(null));
  const url = await listening.promise;
  return { url, output, kill: () => end(child, output) };
}

async function end(child: Deno.ChildProcess, output: Promise<string>): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
  await child.status;
  await output;
}

function permissions(name: string, { SMTP_URL, MAIL_API_URL }: FunctionEnv): string[] {
  const hosts = [env.API_URL, env.STRIPE_API_URL!, SMTP_URL, MAIL_API_URL]
    .flatMap((url) => url === undefined ? [] : [new URL(url).host]);
  return [
    "serve",
    ...["--no-prompt", "--no-lock", "--no-remote", "--node-modules-dir=manual"],
    `--config=${functionsDir}/${name}/deno.json`,
    `--allow-net=${hosts.join(",")}`,
    `--allow-env=${ENV_NAMES.join(",")}`,
    ...["--host=127.0.0.1", "--port=0"],
    `${functionsDir}/${name}/index.ts`,
  ];
}
