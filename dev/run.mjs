// Runs a command of this project. Plain Node without dependencies, because it is what installs them:
// makes sure `npm ci` ran, finds the Deno that npm brought, and hands over to dev/cli.ts.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const modules = path.join(root, "node_modules");
const stamp = path.join(modules, ".talktime-installed");
const lock = path.join(root, ".talktime", "install.lock");

const wanted = () =>
  createHash("sha256").update(fs.readFileSync(path.join(root, "package-lock.json"))).digest("hex");

function installed() {
  try {
    return fs.readFileSync(stamp, "utf8") === wanted();
  } catch {
    return false;
  }
}

/** A tree somebody installed with plain `npm ci` is as good: npm keeps the lockfile it installed from. */
function matchesNpmsOwnRecord() {
  try {
    const packages = (file) => JSON.parse(fs.readFileSync(file, "utf8")).packages;
    const have = packages(path.join(modules, ".package-lock.json"));
    const want = packages(path.join(root, "package-lock.json"));
    return Object.entries(want).every(([name, entry]) =>
      name === "" || entry.link || entry.optional || !name.startsWith("node_modules/") ||
      have[name]?.version === entry.version
    );
  } catch {
    return false;
  }
}

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
};

function lockIsStale() {
  try {
    const owner = Number(fs.readFileSync(lock, "utf8"));
    return owner ? !alive(owner) : Date.now() - fs.statSync(lock).mtimeMs > 5000;
  } catch {
    return false; // just released
  }
}

/** One installer at a time: a second `npm run …` waits for the first instead of tearing its folder away. */
async function withInstallLock(work) {
  fs.mkdirSync(path.dirname(lock), { recursive: true });
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (lockIsStale()) fs.rmSync(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  try {
    await work();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

async function install() {
  if (installed()) return;
  await withInstallLock(() => {
    if (installed()) return;
    if (!matchesNpmsOwnRecord()) {
      process.stderr.write("Installing (first time, about a minute) …\n");
      const npm = process.env.npm_execpath
        ? [process.execPath, [process.env.npm_execpath]]
        : [process.platform === "win32" ? "npm.cmd" : "npm", []];
      const args = ["ci", "--ignore-scripts", "--loglevel=error", "--no-audit", "--no-fund"];
      const { status, error } = spawnSync(npm[0], [...npm[1], ...args], { cwd: root, stdio: "inherit" });
      if (error) throw error;
      if (status !== 0) {
        process.stderr.write("✗ npm could not install the packages. Nothing was started.\n");
        process.stderr.write(
          "→ Read npm's message above; with the network back, run the same command again.\n",
        );
        process.exit(status ?? 1);
      }
    }
    fs.writeFileSync(stamp, wanted());
  });
}

function isMusl() {
  return process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime;
}

function denoBinary() {
  const cpu = os.arch();
  const name = process.platform === "linux" ? `linux-${cpu}-glibc` : `${process.platform}-${cpu}`;
  const file = path.join(modules, "@deno", name, process.platform === "win32" ? "deno.exe" : "deno");
  if (fs.existsSync(file)) return file;
  const why = isMusl()
    ? "this Linux uses musl (Alpine); the parts need glibc (Debian, Ubuntu, Fedora, …)"
    : `npm brought no Deno for ${process.platform} on ${cpu}`;
  process.stderr.write(
    `✗ Cannot start: ${why}.\n→ Delete node_modules and run the command again, or use Linux or macOS on x64 or arm64.\n`,
  );
  process.exit(1);
}

async function main() {
  await install();
  const deno = denoBinary();
  try {
    fs.chmodSync(deno, 0o755);
  } catch {
    // Not the owner: then whoever installed it also made it executable, or the spawn below says so.
  }
  const env = {
    ...process.env,
    DENO_DIR: path.join(root, ".talktime", "deno"),
    DENO_NO_UPDATE_CHECK: "1",
    DENO_NO_PROMPT: "1",
    DO_NOT_TRACK: "1",
    TALKTIME_PARENT: String(process.pid),
  };
  const args = ["run", "-A", "--quiet", path.join(root, "dev", "cli.ts"), ...process.argv.slice(2)];
  const child = spawn(deno, args, { cwd: root, stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  watchParent(child);
  child.on("error", (error) => {
    process.stderr.write(`✗ Cannot run ${path.relative(root, deno)}: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + os.constants.signals[signal]));
}

/** `npm` killed outright cannot pass a signal on; without this the stack would outlive it. */
function watchParent(child) {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 1000).unref();
}

await main();
