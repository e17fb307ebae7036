import { Timeline } from "./timeline.ts";

export interface Identified {
  id: string;
}

interface Index {
  ids: Map<string, Set<string>>;
  valueOf: Map<string, string>;
}

/** Rows of one kind, in the order they were made. Whoever changes a row puts it again, so that it is kept. */
export class Table<T extends Identified> {
  readonly #rows = new Map<string, T>();
  readonly #order = new Map<string, number>();
  readonly #indexes = new Map<string, Index>();
  #timeline: Timeline | null = null;
  #last = 0;

  constructor(readonly name: string, private readonly changed: (table: string, id: string) => void) {}

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): T | undefined {
    return this.#rows.get(id);
  }

  /** For ids that the simulator itself wrote; a miss is a defect of the simulator. */
  need(id: string): T {
    const row = this.#rows.get(id);
    if (row === undefined) throw new Error(`The simulator lost ${this.name} ${id}.`);
    return row;
  }

  put(row: T): T {
    if (!this.#rows.has(row.id)) this.#order.set(row.id, ++this.#last);
    this.#rows.set(row.id, row);
    this.#timeline?.put(this.#momentOf(row));
    for (const [field, index] of this.#indexes) refile(index, row, field);
    this.changed(this.name, row.id);
    return row;
  }

  remove(id: string): void {
    if (!this.#rows.delete(id)) return;
    this.#order.delete(id);
    this.#timeline?.remove(id);
    for (const index of this.#indexes.values()) unfile(index, id);
    this.changed(this.name, id);
  }

  values(): T[] {
    return [...this.#rows.values()];
  }

  find(test: (row: T) => boolean): T | undefined {
    for (const row of this.#rows.values()) if (test(row)) return row;
    return undefined;
  }

  /** The rows whose field holds the value, oldest first; the first question about a field makes an index of it. */
  where(field: keyof T & string, value: string): T[] {
    let index = this.#indexes.get(field);
    if (!index) {
      index = { ids: new Map(), valueOf: new Map() };
      this.#indexes.set(field, index);
      for (const row of this.#rows.values()) refile(index, row, field);
    }
    const rows = [...index.ids.get(value) ?? []].map((id) => this.need(id));
    return rows.sort((a, b) => this.rank(a.id) - this.rank(b.id));
  }

  /** The place of a row in the order of creation; `created` alone has only whole seconds. */
  rank(id: string): number {
    return this.#order.get(id) ?? 0;
  }

  /** For tables whose rows say when they were created. */
  get timeline(): Timeline {
    if (!this.#timeline) {
      this.#timeline = new Timeline();
      for (const row of this.#rows.values()) this.#timeline.put(this.#momentOf(row));
    }
    return this.#timeline;
  }

  clear(): void {
    this.#rows.clear();
    this.#order.clear();
    this.#indexes.clear();
    this.#timeline = null;
  }

  #momentOf(row: T) {
    return { id: row.id, created: (row as T & { created: number }).created, rank: this.rank(row.id) };
  }
}

function refile(index: Index, row: Identified, field: string): void {
  const value = (row as unknown as Record<string, unknown>)[field];
  if (index.valueOf.get(row.id) === value) return;
  unfile(index, row.id);
  if (typeof value !== "string") return;
  index.valueOf.set(row.id, value);
  const ids = index.ids.get(value);
  if (ids) ids.add(row.id);
  else index.ids.set(value, new Set([row.id]));
}

function unfile(index: Index, id: string): void {
  const value = index.valueOf.get(id);
  if (value === undefined) return;
  index.valueOf.delete(id);
  const ids = index.ids.get(value);
  ids?.delete(id);
  if (ids?.size === 0) index.ids.delete(value);
}
