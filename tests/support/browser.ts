// A real browser for tests: the Chromium inside the npm package where it runs (Linux on x64), else the one installed.
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { projectRoot } from "../../dev/stack/paths.ts";

/** Starts Chromium without a window. Close it with `await browser.close()`. */
export async function launchBrowser(): Promise<Browser> {
  if (Deno.build.os === "linux" && Deno.build.arch === "x86_64") {
    return await chromium.launch({
      executablePath: await packagedChromium(),
      args: [...QUIET, "--no-sandbox"],
    });
  }
  const installed = await firstThatExists(INSTALLED);
  return await chromium.launch(
    installed ? { executablePath: installed, args: QUIET } : { channel: "chrome", args: QUIET },
  );
}

const QUIET = [
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const INSTALLED = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Unpacks the browser and the libraries it needs into the project's own folder, once. */
async function packagedChromium(): Promise<string> {
  const folder = join(projectRoot, ".talktime", "browser");
  await Deno.mkdir(folder, { recursive: true });
  // The package unpacks into the temporary folder and looks there again next time.
  Deno.env.set("TMPDIR", folder);
  const { default: packaged, inflate, setupLambdaEnvironment } = await import("@sparticuz/chromium");
  const bin = join(projectRoot, "node_modules", "@sparticuz", "chromium", "bin");
  await inflate(join(bin, "al2023.tar.br"));
  setupLambdaEnvironment(join(folder, "al2023", "lib"));
  return await packaged.executablePath(bin);
}

async function firstThatExists(paths: string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  return undefined;
}
