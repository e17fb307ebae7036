// Runs the Supabase CLI against a database, away from the project's folder and the person's home.
import { join } from "node:path";
import { cliEnvironment } from "../stack/migrations.ts";
import { supabaseCli } from "../stack/paths.ts";

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

export async function supabase(args: string[], databaseUrl: string): Promise<CliResult> {
  const workdir = await Deno.makeTempDir({ prefix: "talktime-cli-" });
  // The local server speaks no TLS; said here, the CLI neither tries nor mentions it.
  const remote = new URL(databaseUrl);
  remote.searchParams.set("sslmode", "disable");
  try {
    await Deno.mkdir(join(workdir, "cli-home"));
    const output = await new Deno.Command(supabaseCli, {
      args: [...args, "--remote", remote.href, "--workdir", workdir, "--agent", "no"],
      cwd: workdir,
      env: cliEnvironment(workdir),
      clearEnv: true,
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code: output.code, stdout: decode(output.stdout), stderr: decode(output.stderr) };
  } finally {
    await Deno.remove(workdir, { recursive: true });
  }
}
