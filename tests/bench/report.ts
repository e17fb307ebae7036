// What a part of the benchmark says in the end, and how it is printed.

export interface Row {
  label: string;
  value: string;
  /** The bound that was set, and whether the value keeps it. */
  target?: string;
  met?: boolean;
}

export interface Report {
  title: string;
  rows: Row[];
  /** How it was measured, in a sentence or two. */
  note: string;
}

/** An aligned table under its title. */
export function formatReport({ title, rows, note }: Report): string {
  const labels = Math.max(...rows.map(({ label }) => label.length));
  const values = Math.max(...rows.map(({ value }) => value.length));
  const targets = Math.max(...rows.map(({ target }) => target?.length ?? 0));
  const lines = rows.map(({ label, value, target, met }) => {
    const verdict = met === undefined ? "" : met ? "met" : "missed";
    return `  ${label.padEnd(labels)}   ${value.padStart(values)}   ${
      (target ?? "").padEnd(targets)
    }   ${verdict}`
      .trimEnd();
  });
  return [title, ...lines, `  ${note}`].join("\n");
}

export const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** The median, and from the least to the most in brackets. */
export function spread(values: number[], show: (value: number) => string): string {
  return `${show(median(values))} (${show(Math.min(...values))} to ${show(Math.max(...values))})`;
}

export const perSecond = (value: number): string => `${value.toFixed(0)}/s`;
export const milliseconds = (value: number): string => `${value.toFixed(2)} ms`;
export const ratio = (value: number): string => value.toFixed(2);
export const bytes = (value: number): string => `${value.toFixed(0)} B`;
