/** Typed listeners. A listener that throws is reported as uncaught and never disturbs what emits. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    tellAll(this.#listeners.get(name) ?? [], event as never);
  }
}

/** Calls each; one that throws is reported as uncaught and keeps nothing from the others. */
export function tellAll<Event>(listeners: Iterable<(event: Event) => void>, event: Event): void {
  for (const listener of [...listeners]) {
    try {
      listener(event);
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}
