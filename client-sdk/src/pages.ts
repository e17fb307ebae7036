import { failure, type Result, success } from "./result.ts";

/**
 * One page of a list.
 *
 * @example
 * ```ts
 * import type { Page, Transaction } from '@talktime/client';
 *
 * const lines = (page: Page<Transaction>) => page.items.map((item) => item.line);
 * const { data: page } = await talktime.history.transactions({ limit: 5 });
 * if (page) console.log(lines(page)[0]); // → 1
 * ```
 */
export interface Page<T> {
  items: T[];
  /** The `cursor` of the page after this one; `null` at the end. */
  next: string | null;
}

/**
 * Which page of a list to get.
 *
 * @example
 * ```ts
 * import type { PageOptions } from '@talktime/client';
 *
 * const small: PageOptions = { limit: 1 };
 * const { data: first } = await talktime.history.statement(small);
 * console.log(first?.items.length, first?.next); // → 1 null
 * ```
 */
export interface PageOptions {
  /** Items on a page, 1 to 500. Default 50. */
  limit?: number;
  /** {@link Page.next} of the page before; the newest page without it. */
  cursor?: string | null;
  /** Stops the request. */
  signal?: AbortSignal;
}

type Fetch<T> = (
  limit: number,
  cursor: string | null,
  signal: AbortSignal | undefined,
) => Promise<Result<Page<T>>>;

/**
 * A list that is asked for when awaited: `await` it for one page, or walk `all()` of it. Pages are keyed by their
 * last item, so they stay put while new items arrive.
 *
 * @example
 * ```ts
 * import type { PageRequest, Purchase } from '@talktime/client';
 *
 * const request: PageRequest<Purchase> = talktime.purchases.list();
 * const { data: page } = await request;
 * console.log(page?.items[0]?.status); // → paid
 * ```
 */
export class PageRequest<T> implements PromiseLike<Result<Page<T>>> {
  readonly #options: PageOptions;
  readonly #fetch: Fetch<T>;

  /** @internal */
  constructor(options: PageOptions, fetch: Fetch<T>) {
    this.#options = options;
    this.#fetch = fetch;
  }

  /**
   * Gets the page; `await` calls this.
   *
   * @example
   * ```ts
   * await talktime.purchases.list().then(({ data }) => console.log(data?.items.length)); // → 1
   * ```
   */
  then<A = Result<Page<T>>, B = never>(
    onFulfilled?: ((result: Result<Page<T>>) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#page(this.#options.cursor ?? null).then(onFulfilled, onRejected);
  }

  /**
   * Every item from this page on, getting further pages on the way. Ends after the first error, which comes as the
   * last result.
   *
   * @example
   * ```ts
   * for await (const { data: item, error } of talktime.history.transactions().all()) {
   *   if (error) throw error;
   *   console.log(item.description); // → Credit purchase, $10.00
   * }
   * ```
   */
  async *all(): AsyncGenerator<Result<T>, void, void> {
    let cursor = this.#options.cursor ?? null;
    do {
      const result = await this.#page(cursor);
      if (result.error) return void (yield result);
      for (const item of result.data.items) yield success(item);
      cursor = result.data.next;
    } while (cursor !== null);
  }

  #page(cursor: string | null): Promise<Result<Page<T>>> {
    const { limit = 50, signal } = this.#options;
    if (!(limit >= 1 && limit <= 500) || limit % 1) {
      return Promise.resolve(failure("invalid_request", { hint: "limit is 1 to 500." }));
    }
    return this.#fetch(limit, cursor, signal);
  }
}

/** A page out of `limit + 1` items: the extra one only says whether there are more. */
export function pageOf<T>(items: T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, next: items.length > limit && last ? cursorOf(last) : null };
}

interface Query {
  order(column: string, options?: { ascending: boolean }): this;
  limit(count: number): this;
  or(filter: string): this;
}

/** The rows of a page and one more, newest first, from what follows `cursor` ("instant~id"). */
export function newestFirst<Rows extends Query>(
  rows: Rows,
  column: string,
  limit: number,
  cursor: string | null,
): Rows {
  const newest = rows.order(column, { ascending: false }).order("id").limit(limit + 1);
  if (cursor === null) return newest;
  const [instant, id] = cursor.split("~");
  return newest.or(`${column}.lt."${instant}",and(${column}.eq."${instant}",id.gt."${id}")`);
}
