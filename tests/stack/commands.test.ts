// `npm run dev`, `status` and `stop` as a person meets them, and what is left when somebody kills them.
import assert from "node:assert/strict";
import { join } from "node:path";
import { projectRoot, stateDir } from "../../dev/stack/paths.ts";
import { childrenOf, isAlive } from "../../dev/stack/processes.ts";

const name = `trial-${crypto.randomUUID().slice(0, 8)}`;
const run = join(projectRoot, "dev", "run.mjs");
Deno.test.afterAll(() => Deno.remove(stateDir(name), { recursive: true }));

interface Ended {
  code: number;
  out: string;
  errors: string;
}

async function command(...args: string[]): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command("node", { args: [run, ...args], cwd: "/" })
    .output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), errors: text.decode(stderr) };
}

interface Started {
  process: Deno.ChildProcess;
  /** The Deno that node started. */
  stack: number;
  /** Everything below it. */
  parts: number[];
  output: () => string;
}

/** Starts `npm run dev` and waits for its banner. */
async function dev(): Promise<Started> {
  const process = new Deno.Command("node", {
    args: [run, "dev", "--name", name],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let output = "";
  const ready = Promise.withResolvers<void>();
  (async () => {
    for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
      output += chunk;
      if (output.includes("Ctrl-C stops it")) ready.resolve();
    }
    ready.reject(new Error(`It ended before it was ready:\n${output}`));
  })();
  await ready.promise;
  const [stack] = await childrenOf(process.pid);
  return { process, stack: stack!, parts: await descendants(stack!), output: () => output };
}

async function descendants(pid: number): Promise<number[]> {
  const below = await childrenOf(pid);
  return [...below, ...(await Promise.all(below.map(descendants))).flat()];
}

async function allEnd(pids: number[]): Promise<void> {
  for (let i = 0; i < 150 && pids.some(isAlive); i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.deepEqual(pids.filter(isAlive), []);
}

Deno.test("the stack starts with a banner, tells its settings, stops, and outlives no kill", async (test) => {
  let running = await dev();

  await test.step("the banner has what is needed next, and no colors where nobody looks", () => {
    const text = running.output();
    for (
      const word of ["API", "Mail", "Stripe", "postgresql://postgres:", "sb_publishable_", "npm run demo"]
    ) {
      assert.ok(text.includes(word), word);
    }
    assert.ok(!text.includes("\x1b"), text);
  });

  await test.step("status prints the settings as JSON and as a shell reads them, under Supabase's names", async () => {
    const json = JSON.parse((await command("status", "--name", name, "-o", "json")).out);
    for (
      const key of ["API_URL", "DB_URL", "PUBLISHABLE_KEY", "SECRET_KEY", "ANON_KEY", "SERVICE_ROLE_KEY"]
    ) {
      assert.equal(typeof json[key], "string", key);
    }
    const { out } = await command("status", "--name", name, "-o", "env");
    const shell = await new Deno.Command("/bin/sh", { args: ["-c", `${out}\nprintf %s "$JWKS"`] }).output();
    assert.equal(new TextDecoder().decode(shell.stdout), json.JWKS);
    assert.match((await command("status", "--name", name)).out, /running since/);
    const wrong = await command("status", "-o", "xml");
    assert.equal(wrong.code, 2);
    assert.match(wrong.errors, /no output "xml"/);
  });

  await test.step("a second start says that it is running, and where", async () => {
    const { code, out } = await command("dev", "--name", name);
    assert.equal(code, 0);
    assert.match(out, /already running[\s\S]*sb_publishable_/);
  });

  await test.step("killed with SIGKILL, the stack leaves no process behind, and status knows", async () => {
    Deno.kill(running.stack, "SIGKILL");
    await running.process.status;
    await allEnd([running.stack, ...running.parts]);
    const { code, errors } = await command("status", "--name", name);
    assert.equal(code, 1);
    assert.match(errors, /not running/);
  });

  await test.step("it starts again on what the killed one left, and ends when the npm above it is killed", async () => {
    running = await dev();
    running.process.kill("SIGKILL");
    await running.process.status;
    await allEnd([running.stack, ...running.parts]);
  });

  await test.step("stop ends it, in order, with exit code 0", async () => {
    running = await dev();
    const { code, out } = await command("stop", "--name", name);
    assert.equal(code, 0, out);
    assert.match(out, /Stopped/);
    assert.equal((await running.process.status).code, 0);
    assert.match(running.output(), /Stopping …\nStopped\. Your data stay for the next start\.\n$/);
    await allEnd([running.stack, ...running.parts]);
    assert.match((await command("stop", "--name", name)).out, /not running/);
  });
});

Deno.test("an unknown command is answered with those there are", async () => {
  const { code, errors } = await command("nonsense");
  assert.equal(code, 2);
  assert.match(errors, /no command "nonsense"[\s\S]*dev, .*status, stop/);
});

Deno.test("help is there for each of the three, and a wrong option is named", async () => {
  assert.match((await command("dev", "--help")).out, /--reset/);
  assert.match((await command("status", "--help")).out, /-o env/);
  const wrong = await command("dev", "--rest", "postgrset");
  assert.equal(wrong.code, 1);
  assert.match(wrong.errors, /"postgrset"; it can be lite or postgrest/);
});
