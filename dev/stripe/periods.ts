import { DAY } from "./clock.ts";
import type { Price } from "./types.ts";

export type Interval = NonNullable<Price["recurring"]>["interval"];

export interface Rhythm {
  interval: Interval;
  interval_count: number;
}

/**
 * The moment so many intervals after `anchor`, both in Unix seconds. Counted from the anchor each time, so that a
 * subscription of the 31st is billed at the end of February and again on the 31st of March.
 */
export function after(anchor: number, { interval, interval_count }: Rhythm, times: number): number {
  const count = interval_count * times;
  if (interval === "day") return anchor + count * DAY;
  if (interval === "week") return anchor + count * 7 * DAY;
  const start = new Date(anchor * 1000);
  const months = start.getUTCMonth() + (interval === "year" ? 12 * count : count);
  const year = start.getUTCFullYear();
  const lastDay = new Date(Date.UTC(year, months + 1, 0)).getUTCDate();
  const moved = new Date(start);
  moved.setUTCFullYear(year, months, Math.min(start.getUTCDate(), lastDay));
  return moved.getTime() / 1000;
}
