import type { Task } from "./types.ts";
import type { Table } from "./table.ts";

interface Entry {
  id: string;
  due_at: number;
  order: number;
}

const before = (a: Entry, b: Entry) => a.due_at < b.due_at || (a.due_at === b.due_at && a.order < b.order);

/**
 * The tasks by when they are due, as a heap: a task may schedule another that is due before the next one, and a year
 * of renewals must not look through every open session each time. A task that was removed or moved stays in the
 * heap until it comes up, and is passed over then.
 */
export class TaskQueue {
  #heap: Entry[] | null = null;
  #order = 0;

  constructor(private readonly tasks: Table<Task>) {}

  add(task: Task): void {
    if (this.#heap) this.#push(task);
  }

  /** The first task that is due at `now`; whoever takes it removes it from the table. */
  due(now: number): Task | undefined {
    if (!this.#heap) this.#fill();
    const heap = this.#heap!;
    for (let first = heap[0]; first && first.due_at <= now; first = heap[0]) {
      const task = this.tasks.get(first.id);
      if (task?.due_at === first.due_at) return task;
      this.#pop();
    }
    return undefined;
  }

  forget(): void {
    this.#heap = null;
  }

  #fill(): void {
    this.#heap = [];
    for (const task of this.tasks.values()) this.#push(task);
  }

  #push({ id, due_at }: Task): void {
    const heap = this.#heap!;
    const entry = { id, due_at, order: ++this.#order };
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap!;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}
