// The few marks the terminal output is made of; plain where nobody looks or NO_COLOR is set.

export const isTerminal = (): boolean => Deno.stdout.isTerminal();

const colored = (code: string) => (text: string): string =>
  isTerminal() && !Deno.noColor ? `\x1b[${code}m${text}\x1b[0m` : text;

export const accent = colored("32");
export const quiet = colored("2");
export const strong = colored("1");
export const danger = colored("31");

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** One line that says what is being done, gone when it is done; a single plain line where output is no terminal. */
export class Progress {
  #text: string;
  #frame = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(title: string) {
    this.#text = title;
    if (!isTerminal()) {
      console.log(`${title} …`);
      return;
    }
    this.#timer = setInterval(() => this.#draw(), 80);
  }

  #draw(): void {
    const mark = spinner[this.#frame++ % spinner.length]!;
    Deno.stdout.writeSync(new TextEncoder().encode(`\r\x1b[2K${accent(mark)} ${this.#text}`));
  }

  say(text: string): void {
    this.#text = text;
  }

  end(): void {
    if (!isTerminal()) return;
    clearInterval(this.#timer);
    Deno.stdout.writeSync(new TextEncoder().encode("\r\x1b[2K"));
  }
}

/** Two aligned columns. */
export function columns(rows: ReadonlyArray<readonly [label: string, value: string]>, indent = "  "): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${indent}${quiet(label.padEnd(width))}   ${value}`).join("\n");
}
