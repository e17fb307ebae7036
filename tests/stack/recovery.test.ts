// Kills, leftovers and crowded ports: the stack comes up again, says what is wrong, and leaves nothing behind.
import assert from "node:assert/strict";
import { join } from "node:path";
import { choosePorts, PortTakenError, usualPorts } from "../../dev/stack/ports.ts";
import { Postgres } from "../../dev/stack/postgres.ts";
import { Processes } from "../../dev/stack/processes.ts";
import { type Stack, startStack } from "../../dev/stack/stack.ts";
import { anonymous, signUp, sql as connect } from "../support/stack.ts";

const dataDir = await Deno.makeTempDir({ prefix: "talktime-" });
let stack: Stack = await begin();
Deno.test.afterAll(async () => {
  await stack.stop();
  await Deno.remove(dataDir, { recursive: true });
});

function begin(reset = false): Promise<Stack> {
  return startStack({ dataDir, ports: "free", scheduler: false, reset });
}

Deno.test("killed with every backend, Postgres recovers what was committed and the stack works on", async () => {
  const { client, email } = await signUp(stack.env);
  const busy = connect(stack.env);
  const cutOff = busy`select pg_sleep(30)`.then(() => "finished", () => "cut off");
  await new Promise((resolve) => setTimeout(resolve, 100));
  await stack.killPostgres();
  assert.equal(await cutOff, "cut off");
  const down = await client.rpc("get_balance");
  assert.ok(down.status >= 500, String(down.status));
  await stack.startPostgres();
  assert.equal((await client.rpc("get_balance")).error, null);
  const again = await anonymous(stack.env).auth.signInWithPassword({
    email,
    password: "correct horse battery",
  });
  assert.equal(again.error, null);
  assert.equal((await busy`select 1 as one`)[0]!.one, 1);
  await busy.end();
});

Deno.test("a Postgres that dies by itself is started again", async () => {
  const pidFile = join(dataDir, "postgres", "postmaster.pid");
  const pid = Number((await Deno.readTextFile(pidFile)).split("\n")[0]);
  Deno.kill(pid, "SIGKILL");
  const { client } = await retry(() => signUp(stack.env));
  assert.equal(
    (await retry(async () => {
      const answer = await client.rpc("get_balance");
      if (answer.error) throw answer.error;
      return answer;
    })).error,
    null,
  );
});

Deno.test("a second stack on the same state is refused", async () => {
  await assert.rejects(begin(), { name: "AlreadyRunningError" });
});

Deno.test("a stopped stack starts warm, with its data and its keys, without applying anything again", async () => {
  const { email } = await signUp(stack.env);
  const keys = [stack.env.PUBLISHABLE_KEY, stack.env.JWT_SECRET];
  await stack.stop();
  stack = await begin();
  assert.deepEqual([stack.env.PUBLISHABLE_KEY, stack.env.JWT_SECRET], keys);
  const { error } = await anonymous(stack.env).auth.signInWithPassword({
    email,
    password: "correct horse battery",
  });
  assert.equal(error, null);
  assert.ok(stack.timings.migrations! < 1000, String(stack.timings.migrations));
});

Deno.test("a data folder that was only half made is made anew", async () => {
  const folder = await Deno.makeTempDir({ prefix: "talktime-" });
  await Deno.chmod(folder, 0o755);
  await Deno.mkdir(join(folder, "postgres", "base"), { recursive: true });
  await Deno.mkdir(join(folder, "postgres.half-killed"));
  const processes = new Processes();
  const postgres = new Postgres(processes, folder, (await choosePorts("free")).ports.postgres);
  try {
    assert.equal(await postgres.prepare(), true);
    await postgres.start();
    const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
    assert.deepEqual(names, ["postgres", "postgres.log"]);
    await postgres.stop();
    assert.equal(await postgres.prepare(), false);
  } finally {
    await processes.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a reset begins with an empty database and keeps the keys", async () => {
  const { email } = await signUp(stack.env);
  const key = stack.env.SECRET_KEY;
  await stack.stop();
  stack = await begin(true);
  assert.equal(stack.env.SECRET_KEY, key);
  const { error } = await anonymous(stack.env).auth.signInWithPassword({
    email,
    password: "correct horse battery",
  });
  assert.equal(error?.code, "invalid_credentials");
});

Deno.test("a port that is taken is replaced by a free one, and one that must be had is refused by name", async () => {
  let listener: Deno.Listener | null = null;
  try {
    listener = Deno.listen({ hostname: "127.0.0.1", port: usualPorts.mail });
  } catch {
    // Something else has it already, which is just as good.
  }
  Deno.env.set("TALKTIME_PORT_GATEWAY", String(usualPorts.mail));
  try {
    await assert.rejects(choosePorts("usual"), (error: Error) => {
      assert.ok(error instanceof PortTakenError);
      return error.message.includes(
        `Port ${usualPorts.mail}, asked for with TALKTIME_PORT_GATEWAY, is taken`,
      );
    });
    Deno.env.delete("TALKTIME_PORT_GATEWAY");
    const { ports, moved } = await choosePorts("usual");
    assert.ok(moved.includes("mail"));
    assert.notEqual(ports.mail, usualPorts.mail);
  } finally {
    Deno.env.delete("TALKTIME_PORT_GATEWAY");
    listener?.close();
  }
});

async function retry<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0;; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
