// Builds the package and measures what it adds to a page. `deno run -A client-sdk/build.ts` prints both.
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, stop } from "esbuild";

/** What the whole package may add to a page, minified and gzipped, without supabase-js. */
export const budgetBytes = 8 * 1024;

/** What each part of it that is loaded later may add. */
export const lazyBudgetBytes = 2 * 1024;

const packageDir = fileURLToPath(new URL(".", import.meta.url));
const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));

/** Compiles `src/` to `dist/` (ESM and declarations), from scratch. Throws with the compiler's own words. */
export async function buildSdk(): Promise<void> {
  const outDir = join(packageDir, "dist");
  // Built aside and swapped in whole, so that whoever reads `dist/` meanwhile never sees half of it.
  const fresh = await Deno.makeTempDir({ dir: packageDir, prefix: "dist-" });
  try {
    await compile(fresh);
    await removeFolder(outDir);
    await Deno.rename(fresh, outDir);
  } catch (error) {
    await removeFolder(fresh);
    throw error;
  }
}

async function removeFolder(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

async function compile(outDir: string): Promise<void> {
  const args = ["run", "-A", compiler, "-p", join(packageDir, "tsconfig.json"), "--outDir", outDir];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (success) return;
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  throw new Error(`The SDK does not compile:\n${said}`);
}

export interface SdkSize {
  minifiedBytes: number;
  gzippedBytes: number;
  /** The largest part that is loaded later: when a call is first made, a balance first watched. */
  lazyGzippedBytes: number;
}

/** Bundles everything the package exports, as an app that uses all of it would. */
export async function measureSdk(): Promise<SdkSize> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(packageDir, "src", "index.ts")],
    external: ["@supabase/supabase-js"],
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    outdir: "bundle",
    format: "esm",
    target: "es2022",
    tsconfigRaw: "{}",
  });
  // Without this, esbuild's service keeps the process alive.
  await stop();
  const outputs = Object.entries(metafile.outputs);
  const [entry] = outputs.find(([, { entryPoint }]) => entryPoint?.endsWith("index.ts"))!;
  // What the entry imports statically, directly or not, is loaded with it.
  const first = new Set([entry]);
  for (const path of first) {
    for (const { kind, path: imported } of metafile.outputs[path]!.imports) {
      if (kind === "import-statement" && imported in metafile.outputs) first.add(imported);
    }
  }
  const sizes = outputFiles.map(({ path, contents }) => ({
    isFirst: [...first].some((output) => path.endsWith(output)),
    minified: contents.byteLength,
    gzipped: gzipSync(contents, { level: 9 }).byteLength,
  }));
  const [loaded, later] = [sizes.filter(({ isFirst }) => isFirst), sizes.filter(({ isFirst }) => !isFirst)];
  return {
    minifiedBytes: loaded.reduce((sum, { minified }) => sum + minified, 0),
    gzippedBytes: loaded.reduce((sum, { gzipped }) => sum + gzipped, 0),
    lazyGzippedBytes: Math.max(...later.map(({ gzipped }) => gzipped)),
  };
}

if (import.meta.main) {
  await buildSdk();
  const { minifiedBytes, gzippedBytes, lazyGzippedBytes } = await measureSdk();
  console.log(
    `dist/ built. ${minifiedBytes} bytes minified, ${gzippedBytes} of ${budgetBytes} gzipped, at most ${lazyGzippedBytes} more of ${lazyBudgetBytes} in a part loaded later.`,
  );
}
