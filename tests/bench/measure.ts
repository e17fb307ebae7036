// Measures how often and how fast something is done by a number of workers at once, and prints it as a table.

export interface Measured {
  what: string;
  via: string;
  workers: number;
  perSecond: number;
  /** Milliseconds, in order. */
  times: Float64Array;
}

export type Work = () => Promise<unknown>;

/** Each worker does its work over and over until the time is up. A tenth of the time before is not counted. */
export async function measure(
  what: string,
  via: string,
  workers: Work[],
  seconds: number,
): Promise<Measured> {
  const times: number[] = [];
  const counting = performance.now() + seconds * 100;
  const end = counting + seconds * 1000;
  await Promise.all(workers.map(async (work) => {
    for (let before = performance.now(); before < end;) {
      await work();
      const after = performance.now();
      if (before >= counting && after <= end) times.push(after - before);
      before = after;
    }
  }));
  return {
    what,
    via,
    workers: workers.length,
    perSecond: times.length / seconds,
    times: Float64Array.from(times).sort(),
  };
}

export function percentile({ times }: Measured, percent: number): number {
  return times[Math.min(times.length - 1, Math.floor(times.length * percent / 100))] ?? NaN;
}

/** Over the same way with as many workers: what the least possible is, to compare with. */
export interface Comparison {
  measured: Measured;
  baseline?: Measured | undefined;
}

const HEADINGS = ["what", "via", "at once", "a second", "median", "p95", "p99", "× baseline"];

export function formatTable(comparisons: Comparison[]): string {
  const rows = comparisons.map(({ measured, baseline }) => [
    measured.what,
    measured.via,
    String(measured.workers),
    measured.perSecond.toFixed(0),
    ...[50, 95, 99].map((percent) => `${percentile(measured, percent).toFixed(2)} ms`),
    baseline ? (percentile(measured, 50) / percentile(baseline, 50)).toFixed(1) : "",
  ]);
  const table = [HEADINGS, ...rows];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const line = (row: string[]) =>
    row.map((cell, column) => column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))
      .join("  ")
      .trimEnd();
  return table.map(line).join("\n");
}
