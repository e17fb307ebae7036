/** Where an object stands in a list: by the second it was created in and, within that, by its rank. */
export interface Moment {
  id: string;
  created: number;
  rank: number;
}

const before = (a: Omit<Moment, "id">, b: Omit<Moment, "id">) =>
  a.created < b.created || (a.created === b.created && a.rank < b.rank);

/**
 * Objects in the order of a list, oldest first. Nearly every new one goes to the end, so a list of ten thousand
 * costs no sorting; what fell due in a leap of the clock finds its own place.
 */
export class Timeline {
  #moments: Moment[] = [];
  readonly #byId = new Map<string, Moment>();

  get length(): number {
    return this.#moments.length;
  }

  idAt(index: number): string {
    return this.#moments[index]!.id;
  }

  put(moment: Moment): void {
    const known = this.#byId.get(moment.id);
    if (known && known.created === moment.created && known.rank === moment.rank) return;
    if (known) this.remove(moment.id);
    this.#byId.set(moment.id, moment);
    const last = this.#moments.at(-1);
    if (!last || before(last, moment)) this.#moments.push(moment);
    else this.#moments.splice(this.#search((each) => before(each, moment)), 0, moment);
  }

  remove(id: string): void {
    const index = this.indexOf(id);
    if (index === undefined) return;
    this.#moments.splice(index, 1);
    this.#byId.delete(id);
  }

  indexOf(id: string): number | undefined {
    const moment = this.#byId.get(id);
    return moment && this.#search((each) => before(each, moment));
  }

  /** How many were created before the second. */
  countBefore(created: number): number {
    return this.#search((each) => each.created < created);
  }

  clear(): void {
    this.#moments = [];
    this.#byId.clear();
  }

  /** The first index for which `earlier` no longer holds. */
  #search(earlier: (moment: Moment) => boolean): number {
    let low = 0;
    let high = this.#moments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (earlier(this.#moments[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
