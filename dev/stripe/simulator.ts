import { Clock } from "./clock.ts";
import { EventRecorder } from "./events.ts";
import { Faults } from "./faults.ts";
import { Journal } from "./journal.ts";
import { RequestLog } from "./request_log.ts";
import { Store } from "./store.ts";
import { TaskQueue } from "./task_queue.ts";
import type { Task, TaskKind } from "./types.ts";

export interface SimulatorOptions {
  publicUrl: string;
  stateFile?: string;
  clock?: () => number;
}

/** Everything the simulated Stripe account consists of. Resources are functions over it. */
export class Simulator {
  readonly store = new Store();
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly faults = new Faults();
  readonly log = new RequestLog();
  publicUrl: string;
  readonly #queue = new TaskQueue(this.store.tasks);

  constructor(options: SimulatorOptions) {
    this.publicUrl = options.publicUrl;
    this.clock = new Clock(options.clock);
    this.events = new EventRecorder(this.store, this.clock);
  }

  async open(stateFile: string | undefined): Promise<void> {
    if (!stateFile) return;
    await this.store.open(new Journal(stateFile));
    this.#queue.forget();
    const offset = this.store.settings.get("clock_offset_ms")?.value;
    if (typeof offset === "number") this.clock.restore(offset);
  }

  now(): number {
    return this.clock.now();
  }

  advanceClock(seconds: number): void {
    this.clock.advance(seconds);
    this.store.settings.put({ id: "clock_offset_ms", value: this.clock.offsetMs });
  }

  schedule(kind: TaskKind, target: string, due_at: number, detail: string | null = null): void {
    this.#queue.add(this.store.tasks.put({ id: taskId(kind, target), kind, target, due_at, detail }));
  }

  unschedule(target: string, ...kinds: TaskKind[]): void {
    for (const kind of kinds) this.store.tasks.remove(taskId(kind, target));
  }

  /** What has fallen due first. Nearly always nothing, and then it costs nothing to ask. */
  dueTask(): Task | undefined {
    return this.#queue.due(this.now());
  }

  /** Forgets everything, faults and log included; the clock returns to the real time. */
  async reset(): Promise<void> {
    await this.store.clear();
    this.#queue.forget();
    this.clock.restore(0);
    this.events.configure({});
    this.events.forget();
    this.faults.clear();
    this.faults.limit({});
    this.log.clear();
  }
}

/** One task of a kind for each object. */
function taskId(kind: TaskKind, target: string): string {
  return `${kind}/${target}`;
}
