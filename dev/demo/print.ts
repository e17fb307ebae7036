// How the demo speaks: aligned columns, one accent, symbols only where they mean something. Plain without a terminal.

const terminal = Deno.stdout.isTerminal();
const colors = terminal && !Deno.noColor;
const encoder = new TextEncoder();

const paint = (code: string) => (text: string) => colors ? `\x1b[${code}m${text}\x1b[0m` : text;
export const accent = paint("32");
export const strong = paint("1");
export const dim = paint("2");
export const danger = paint("31");

const LABEL_WIDTH = 22;

export function line(text = ""): void {
  clearStatus();
  console.log(text);
}

let chapters = 0;

/** Opens a chapter of the story. */
export function chapter(title: string): void {
  chapters += 1;
  line();
  line(strong(`${chapters}. ${title}`));
}

/** One fact: a label and what it is. */
export function fact(label: string, value: string): void {
  line(`   ${dim(label.padEnd(LABEL_WIDTH))} ${value}`);
}

/** Something that was done or refused as it should be. */
export function done(text: string): void {
  line(`   ${accent("✓")} ${text}`);
}

export function warning(text: string): void {
  line(`   → ${text}`);
}

let shown = "";

/** A line that replaces itself on a terminal, and is left out elsewhere. */
export function status(text: string): void {
  if (!terminal) return;
  shown = text;
  Deno.stdout.writeSync(encoder.encode(`\r\x1b[2K   ${dim(text)}`));
}

export function clearStatus(): void {
  if (!shown) return;
  shown = "";
  Deno.stdout.writeSync(encoder.encode("\r\x1b[2K"));
}

export const isTerminal = terminal;

/** Rows in columns; `right` names the columns whose values are numbers. */
export function table(head: string[], rows: string[][], right: number[] = []): void {
  const width = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? "")].map(textWidth))
  );
  const write = (row: string[]) =>
    row.map((cell, column) => {
      const gap = " ".repeat(width[column]! - textWidth(cell));
      return right.includes(column) ? gap + cell : cell + gap;
    }).join("  ").trimEnd();
  line(`   ${dim(write(head))}`);
  for (const row of rows) line(`   ${write(row)}`);
}

const textWidth = (text: string) => [...text].length;
