import { invalid, missingReference } from "./errors.ts";
import type { FormValue } from "./form.ts";
import { integer, type Reader, shape, text } from "./params.ts";
import type { Table } from "./table.ts";
import type { Timeline } from "./timeline.ts";

/** The parameters every list has. */
export const paging = {
  limit: integer({ min: 1, max: 100 }),
  starting_after: text(),
  ending_before: text(),
};

export interface Range {
  gt?: number;
  gte?: number;
  lt?: number;
  lte?: number;
}

/** `created=1700000000`, or `created[gte]=…` with any of gt, gte, lt, lte. */
export function range(): Reader<Range | undefined> {
  const bounds = shape({ gt: integer(), gte: integer(), lt: integer(), lte: integer() });
  const exactly = integer();
  return (value: FormValue | undefined, path: string) => {
    if (typeof value === "string") {
      const at = exactly(value, path)!;
      return { gte: at, lte: at };
    }
    return bounds(value, path) as Range | undefined;
  };
}

export function within(value: number, range: Range | undefined): boolean {
  if (!range) return true;
  if (range.gt !== undefined && value <= range.gt) return false;
  if (range.gte !== undefined && value < range.gte) return false;
  if (range.lt !== undefined && value >= range.lt) return false;
  return range.lte === undefined || value <= range.lte;
}

export interface ListObject<T> {
  object: "list";
  data: T[];
  has_more: boolean;
  url: string;
}

export interface PageRequest {
  limit?: number;
  starting_after?: string;
  ending_before?: string;
}

/** A page of `rows`, which are sorted newest first. */
export function page<T extends { id: string }>(
  rows: T[],
  request: PageRequest,
  url: string,
): ListObject<T> {
  const limit = request.limit ?? 10;
  const indexOf = (id: string, param: string) => {
    const index = rows.findIndex((row) => row.id === id);
    if (index < 0) throw missingReference("object", id, param);
    return index;
  };
  refuseTwoCursors(request);
  if (request.ending_before) {
    const end = indexOf(request.ending_before, "ending_before");
    const start = Math.max(0, end - limit);
    return { object: "list", data: rows.slice(start, end), has_more: start > 0, url };
  }
  const start = request.starting_after ? indexOf(request.starting_after, "starting_after") + 1 : 0;
  const data = rows.slice(start, start + limit);
  return { object: "list", data, has_more: start + limit < rows.length, url };
}

function refuseTwoCursors(request: PageRequest): void {
  if (!request.starting_after || !request.ending_before) return;
  throw invalid(
    "You may only specify one of these parameters: starting_after, ending_before.",
    "starting_after",
  );
}

export interface Walk<T> {
  timeline: Timeline;
  get(id: string): T | undefined;
  passes(row: T): boolean;
  /** True where a cursor keeps its place although it does not pass the filter, as with events. */
  lenient?: boolean;
}

/** A page read off a timeline: it looks only at the rows it needs, however many there are. */
export function walkPage<T extends { id: string; created: number }>(
  walk: Walk<T>,
  request: PageRequest & { created?: Range },
  url: string,
): ListObject<T> {
  refuseTwoCursors(request);
  const limit = request.limit ?? 10;
  const { timeline } = walk;
  const cursor = (id: string, param: string): number => {
    const index = timeline.indexOf(id);
    const row = walk.get(id);
    const stands = row && (walk.lenient || (walk.passes(row) && within(row.created, request.created)));
    if (index === undefined || !stands) throw missingReference("object", id, param);
    return index;
  };
  const [first, end] = boundsOf(timeline, request.created);
  const found: T[] = [];
  const take = (index: number) => {
    const row = walk.get(timeline.idAt(index));
    if (row && walk.passes(row)) found.push(row);
  };
  if (request.ending_before) {
    const from = Math.max(first, cursor(request.ending_before, "ending_before") + 1);
    for (let index = from; index < end && found.length <= limit; index++) take(index);
    return { object: "list", data: found.slice(0, limit).reverse(), has_more: found.length > limit, url };
  }
  const from = request.starting_after ? Math.min(end, cursor(request.starting_after, "starting_after")) : end;
  for (let index = from - 1; index >= first && found.length <= limit; index--) take(index);
  return { object: "list", data: found.slice(0, limit), has_more: found.length > limit, url };
}

/** The part of the timeline that a range of `created` allows: from the first index up to before the second. */
function boundsOf(timeline: Timeline, range: Range | undefined): [number, number] {
  const first = Math.max(range?.gte ?? -Infinity, (range?.gt ?? -Infinity) + 1);
  const last = Math.min(range?.lte ?? Infinity, (range?.lt ?? Infinity) - 1);
  return [
    first === -Infinity ? 0 : timeline.countBefore(first),
    last === Infinity ? timeline.length : timeline.countBefore(last + 1),
  ];
}

type Listed = { id: string; created: number };

/**
 * The list of a table. `by` names fields that must hold a value exactly, and the first of them that is given is
 * looked up instead of searched for; `passes` is what else the request asks for.
 */
export function listOf<T extends Listed>(
  table: Table<T>,
  request: PageRequest & { created?: Range },
  url: string,
  filter: { by?: { [K in keyof T & string]?: string }; passes?: (row: T) => boolean } = {},
): ListObject<T> {
  const exact = Object.entries(filter.by ?? {}).filter(([, value]) => value !== undefined) as [
    keyof T & string,
    string,
  ][];
  const passes = (row: T) =>
    exact.every(([field, value]) => row[field] === value) && (filter.passes?.(row) ?? true);
  const [indexed] = exact;
  if (!indexed) {
    return walkPage({ timeline: table.timeline, get: (id) => table.get(id), passes }, request, url);
  }
  const rows = table.where(...indexed).filter((row) => passes(row) && within(row.created, request.created));
  return page(newestFirst(rows, table), request, url);
}

export function wholeList<T>(data: T[], url: string): ListObject<T> {
  return { object: "list", data, has_more: false, url };
}

/** Newest first, as every Stripe list. */
export function newestFirst<T extends Listed>(rows: T[], table: { rank(id: string): number }): T[] {
  return rows.sort((a, b) => b.created - a.created || table.rank(b.id) - table.rank(a.id));
}

/** The newest rows that pass, at most so many. */
export function latest<T extends Listed>(
  table: Table<T>,
  limit: number,
  passes: (row: T) => boolean = () => true,
): T[] {
  const walk = { timeline: table.timeline, get: (id: string) => table.get(id), passes };
  return walkPage(walk, { limit }, "").data;
}
