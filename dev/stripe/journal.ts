/** One changed row; without `row` it was removed. */
export interface JournalLine {
  table: string;
  id: string;
  row?: unknown;
}

/**
 * The state file: one line of JSON for each changed row, the last line of a row wins. A request that changed
 * something is answered only after its lines are written, and many at once share one write. A line cut short by
 * a kill is ignored: its request was never answered.
 */
export class Journal {
  #queue: Promise<void> = Promise.resolve();
  #pending: string[] = [];

  constructor(readonly file: string) {}

  async read(): Promise<JournalLine[]> {
    let text: string;
    try {
      text = await Deno.readTextFile(this.file);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
    const lines: JournalLine[] = [];
    for (const line of text.split("\n")) {
      if (line === "") continue;
      try {
        lines.push(JSON.parse(line) as JournalLine);
      } catch {
        break;
      }
    }
    return lines;
  }

  append(lines: JournalLine[]): Promise<void> {
    if (lines.length === 0) return this.#queue;
    this.#pending.push(...lines.map((line) => JSON.stringify(line)));
    return this.#enqueue(() => this.#flush());
  }

  /** Replaces the whole file at once: a reader sees the old one or the new one, nothing between. */
  rewrite(lines: JournalLine[]): Promise<void> {
    this.#pending = [];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    return this.#enqueue(async () => {
      const next = `${this.file}.next`;
      await Deno.writeTextFile(next, text, { mode: 0o600 });
      await Deno.rename(next, this.file);
    });
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    const text = this.#pending.map((line) => `${line}\n`).join("");
    this.#pending = [];
    await Deno.writeTextFile(this.file, text, { append: true, create: true, mode: 0o600 });
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }
}
