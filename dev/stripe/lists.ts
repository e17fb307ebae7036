import { invalid, missingReference } from "./errors.ts";
import type { FormValue } from "./form.ts";
import { integer, type Reader, shape, text } from "./params.ts";

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

/**
 * A page of `rows`, which are sorted newest first. A cursor that is no longer in the filtered rows still has its
 * place, given by `placeOf`: Stripe pages by position, not by membership.
 */
export function page<T extends { id: string }>(
  rows: T[],
  request: PageRequest,
  url: string,
  cursorIndex?: (id: string) => number | undefined,
): ListObject<T> {
  const limit = request.limit ?? 10;
  if (request.starting_after && request.ending_before) {
    throw invalid(
      "You may only specify one of these parameters: starting_after, ending_before.",
      "starting_after",
    );
  }
  const indexOf = (id: string, param: string) => {
    const index = rows.findIndex((row) => row.id === id);
    if (index >= 0) return { before: index, after: index + 1 };
    const place = cursorIndex?.(id);
    if (place === undefined) throw missingReference("object", id, param);
    return { before: place, after: place };
  };
  if (request.ending_before) {
    const end = indexOf(request.ending_before, "ending_before").before;
    const start = Math.max(0, end - limit);
    return { object: "list", data: rows.slice(start, end), has_more: start > 0, url };
  }
  const start = request.starting_after ? indexOf(request.starting_after, "starting_after").after : 0;
  const data = rows.slice(start, start + limit);
  return { object: "list", data, has_more: start + limit < rows.length, url };
}

export function wholeList<T>(data: T[], url: string): ListObject<T> {
  return { object: "list", data, has_more: false, url };
}

/** Newest first, as every Stripe list. */
export function newestFirst<T extends { id: string; created: number }>(
  table: { values(): T[]; rank(id: string): number },
): T[] {
  return table.values().sort((a, b) => b.created - a.created || table.rank(b.id) - table.rank(a.id));
}
