// Runs the pgTAP files without Docker: each in its own transaction, rolled back. `supabase test db` runs the same files.
import { dirname, join, relative, resolve } from "node:path";
import postgres, { type Sql } from "postgres";
import { parseTap, type TapResult } from "./tap.ts";

export interface PgtapFile extends TapResult {
  /** Below the folder. */
  file: string;
}

export interface PgtapOptions {
  /** As `postgres`, who owns what the migrations made. */
  databaseUrl: string;
  /** As a superuser, who may install the extension. */
  adminUrl: string;
  folder: string;
  /** Only files whose path contains one of these. */
  only?: string[];
  onFile?: (result: PgtapFile) => void;
}

export async function runPgtap(options: PgtapOptions): Promise<PgtapFile[]> {
  const files = (await testFiles(options.folder))
    .filter((file) => !options.only?.length || options.only.some((part) => file.includes(part)));
  return await withPgtap(options.adminUrl, async () => {
    // One connection: the clock is one row, so files that set it would only wait for each other.
    const sql = postgres(options.databaseUrl, { max: 1, onnotice: () => {} });
    try {
      const results: PgtapFile[] = [];
      for (const file of files) {
        const result = { file, ...await runFile(sql, join(options.folder, file)) };
        options.onFile?.(result);
        results.push(result);
      }
      return results;
    } finally {
      await sql.end();
    }
  });
}

/** The extension is there only while the tests run, so that the catalog stays as the migrations left it. */
async function withPgtap<T>(adminUrl: string, work: () => Promise<T>): Promise<T> {
  const admin = postgres(adminUrl, { max: 1, onnotice: () => {} });
  const there = (await admin`select from pg_extension where extname = 'pgtap'`).length > 0;
  try {
    if (!there) await admin`create extension pgtap with schema extensions`;
    return await work();
  } finally {
    if (!there) await admin`drop extension if exists pgtap`;
    await admin.end();
  }
}

async function testFiles(folder: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(join(folder, below))) {
    const path = join(below, entry.name);
    if (entry.isDirectory) found.push(...await testFiles(folder, path));
    else if (entry.name.endsWith(".test.sql")) found.push(path);
  }
  return found.sort();
}

async function runFile(sql: Sql, path: string): Promise<TapResult> {
  const { text, lineOf } = await withIncludes(path);
  if (!/^begin;\n/.test(text) || !/\nrollback;\n$/.test(text)) {
    return failure("a test begins with `begin;` and ends with `rollback;`");
  }
  try {
    const results = await sql.unsafe(text).simple() as unknown as Array<Array<Record<string, unknown>>>;
    return parseTap(results.flatMap(tapLines));
  } catch (error) {
    await sql.unsafe("rollback").simple();
    return failure(describeError(error, text, lineOf));
  }
}

function failure(problem: string): TapResult {
  return { passed: 0, failed: 1, problems: [problem] };
}

/** pgTAP answers one column of text, whose values may hold several lines. */
function tapLines(rows: Array<Record<string, unknown>>): string[] {
  return rows.flatMap((row) => {
    const values = Object.values(row);
    return values.length === 1 && typeof values[0] === "string" ? values[0].split("\n") : [];
  });
}

interface Source {
  text: string;
  /** Where a character of the text came from, as `file:line`. */
  lineOf: (position: number) => string;
}

/** psql's `\ir file` is the one meta-command tests may use. */
async function withIncludes(path: string): Promise<Source> {
  const lines: Array<{ text: string; from: string }> = [];
  const read = async (file: string) => {
    const content = await Deno.readTextFile(file);
    for (const [index, text] of content.replace(/\n$/, "").split("\n").entries()) {
      const include = /^\\ir (\S+)$/.exec(text);
      if (include) await read(resolve(dirname(file), include[1]!));
      else lines.push({ text, from: `${relative(dirname(path), file)}:${index + 1}` });
    }
  };
  await read(path);
  const lineOf = (position: number) => {
    let end = 0;
    return lines.find((line) => (end += line.text.length + 1) >= position)?.from ?? "end";
  };
  return { text: lines.map((line) => line.text).join("\n") + "\n", lineOf };
}

function describeError(error: unknown, text: string, lineOf: (position: number) => string): string {
  if (!(error instanceof postgres.PostgresError)) return String(error);
  const parts = [`${error.code}: ${error.message}`];
  if (error.detail) parts.push(`detail: ${error.detail}`);
  if (error.where) parts.push(`where: ${error.where.split("\n").slice(0, 3).join(" / ")}`);
  const position = Number(error.position);
  if (position && position <= text.length) parts.push(`at: ${lineOf(position)}`);
  return parts.join("\n");
}
