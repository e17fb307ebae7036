import type { Micros } from "./money.ts";

type CamelKey<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelKey<Tail>>}`
  : S;
type MoneyOf<T> = T extends number ? Micros : T;

/** A row or JSON answer of the server with camelCase keys and its `_micros` numbers branded as {@link Micros}. */
export type Camelized<T> = T extends readonly (infer Item)[] ? Camelized<Item>[]
  : T extends object ? {
      [K in keyof T as CamelKey<K & string>]: K extends `${string}_micros` ? MoneyOf<T[K]> : Camelized<T[K]>;
    }
  : T;

/** Renames the keys of what the server sent, at every depth. Values stay as they are, but for the form of instants. */
export function camelize<T>(value: T): Camelized<T> {
  if (typeof value === "string") return isoInstant(value) as Camelized<T>;
  if (Array.isArray(value)) return value.map(camelize) as Camelized<T>;
  if (typeof value !== "object" || value === null) return value as Camelized<T>;
  const entries = Object.entries(value).map(([key, item]) => [camelKey(key), camelize(item)]);
  return Object.fromEntries(entries) as Camelized<T>;
}

/** Data APIs other than PostgREST send a table's instants as Postgres writes them, which not every browser can read. */
function isoInstant(text: string): string {
  return text.replace(/^(\d{4}-\d\d-\d\d) ([\d:.]+[+-]\d\d)$/, "$1T$2:00");
}

function camelKey(key: string): string {
  return key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
