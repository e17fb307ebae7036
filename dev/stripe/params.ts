import { invalid, notSimulated, unknownParameter } from "./errors.ts";
import type { Form, FormValue } from "./form.ts";

/**
 * Readers turn decoded text into typed parameters, or refuse it in Stripe's words. A `shape` refuses what it
 * does not name, as Stripe does: a misspelled or withdrawn parameter must not pass silently.
 */
export type Reader<T> = (value: FormValue | undefined, path: string) => T;
export type Read<R> = R extends Reader<infer T> ? T : never;

export function text(limits: { max?: number } = {}): Reader<string | undefined> {
  return (value, path) => {
    if (value === undefined) return undefined;
    if (typeof value !== "string") throw invalid("Invalid string: must be a string", path);
    if (value === "") throw emptyValue(path);
    if (limits.max !== undefined && value.length > limits.max) {
      throw invalid(
        `Invalid string: ${value.slice(0, 16)}…; must be at most ${limits.max} characters`,
        path,
        "parameter_invalid_string",
      );
    }
    return value;
  };
}

export function integer(limits: { min?: number; max?: number } = {}): Reader<number | undefined> {
  return (value, path) => {
    if (value === undefined) return undefined;
    if (value === "") throw emptyValue(path);
    if (typeof value !== "string" || !/^-?\d{1,16}$/.test(value)) {
      throw invalid(`Invalid integer: ${show(value)}`, path, "parameter_invalid_integer");
    }
    const number = Number(value);
    if (limits.min !== undefined && number < limits.min) {
      throw invalid(
        `This value must be greater than or equal to ${limits.min}.`,
        path,
        "parameter_invalid_integer",
      );
    }
    if (limits.max !== undefined && number > limits.max) {
      throw invalid(
        `This value must be less than or equal to ${limits.max}.`,
        path,
        "parameter_invalid_integer",
      );
    }
    return number;
  };
}

export function decimal(): Reader<number | undefined> {
  return (value, path) => {
    if (value === undefined) return undefined;
    if (typeof value !== "string" || !/^\d{1,9}(\.\d{1,4})?$/.test(value)) {
      throw invalid(`Invalid decimal: ${show(value)}; must be a number`, path);
    }
    return Number(value);
  };
}

export function flag(): Reader<boolean | undefined> {
  return (value, path) => {
    if (value === undefined) return undefined;
    if (value === "true") return true;
    if (value === "false") return false;
    throw invalid(`Invalid boolean: ${show(value)}`, path);
  };
}

export function oneOf<const T extends string>(choices: readonly T[]): Reader<T | undefined> {
  return (value, path) => {
    if (value === undefined) return undefined;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    if (value === "") throw emptyValue(path);
    const last = choices.length > 1 ? `${choices.slice(0, -1).join(", ")}, or ${choices.at(-1)}` : choices[0];
    throw invalid(`Invalid ${path}: must be one of ${last}`, path);
  };
}

export function list<T>(
  item: Reader<T>,
  limits: { max?: number } = {},
): Reader<NonNullable<T>[] | undefined> {
  return (value, path) => {
    if (value === undefined) return undefined;
    if (value === "") return [];
    if (!Array.isArray(value)) throw invalid("Invalid array", path);
    if (limits.max !== undefined && value.length > limits.max) {
      throw invalid(`Array too long: at most ${limits.max} items are allowed.`, path);
    }
    return value.map((each, index) => item(each, `${path}[${index}]`) as NonNullable<T>);
  };
}

export type Metadata = Record<string, string>;

/** An empty value unsets a key, and an empty map unsets all: `mergeMetadata` applies that. */
export function metadata(): Reader<Metadata | undefined> {
  return (value, path) => {
    if (value === undefined) return undefined;
    if (value === "") return {};
    if (typeof value === "string") throw invalid("Invalid object", path);
    const entries = Object.entries(value);
    if (entries.length > 50) throw invalid("Metadata can have at most 50 keys.", path);
    for (const [key, each] of entries) {
      if (typeof each !== "string") throw invalid("Metadata values must be strings.", `${path}[${key}]`);
      if (key.length > 40) throw invalid(`Metadata keys can be at most 40 characters long.`, path);
      if (each.length > 500) {
        throw invalid("Metadata values can be at most 500 characters long.", `${path}[${key}]`);
      }
    }
    return { ...value } as Metadata;
  };
}

export function mergeMetadata(present: Metadata | null, change: Metadata | undefined): Metadata {
  if (change === undefined) return { ...present };
  const merged = Object.keys(change).length === 0 ? {} : { ...present, ...change };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ""));
}

export function shape<F extends Record<string, Reader<unknown>>>(
  fields: F,
): Reader<{ [K in keyof F]: Read<F[K]> } | undefined> {
  return (value, path) => {
    if (value === undefined) return undefined;
    if (value === "") throw emptyValue(path);
    if (typeof value === "string" || Array.isArray(value)) throw invalid("Invalid object", path);
    return readFields(fields, value, path);
  };
}

/** The parameters of one endpoint; `expand` belongs to all of them. */
export function parameters<F extends Record<string, Reader<unknown>>>(
  fields: F,
): (form: Form) => { [K in keyof F]: Read<F[K]> } & { expand: string[] | undefined } {
  const all = { ...fields, expand: list(text()) };
  return (form) =>
    readFields(all, form, "") as { [K in keyof F]: Read<F[K]> } & { expand: string[] | undefined };
}

function readFields<F extends Record<string, Reader<unknown>>>(
  fields: F,
  form: Form,
  path: string,
): { [K in keyof F]: Read<F[K]> } {
  const pathOf = (key: string) => path === "" ? key : `${path}[${key}]`;
  for (const key of Object.keys(form)) {
    if (!Object.hasOwn(fields, key)) throw unknownParameter(pathOf(key));
  }
  const result: Record<string, unknown> = {};
  for (const [key, reader] of Object.entries(fields)) result[key] = reader(form[key], pathOf(key));
  return result as { [K in keyof F]: Read<F[K]> };
}

export function required<T>(reader: Reader<T>): Reader<NonNullable<T>> {
  return (value, path) => {
    const result = reader(value, path);
    if (result === undefined || result === null) {
      throw invalid(`Missing required param: ${path}.`, path, "parameter_missing");
    }
    return result as NonNullable<T>;
  };
}

/** Accepts an empty value, which Stripe reads as "unset": the result is then null. */
export function clearable<T>(reader: Reader<T>): Reader<T | null> {
  return (value, path) => value === "" ? null : reader(value, path);
}

/** A real parameter of Stripe's that this simulator would have to ignore: refused, so that nobody relies on it. */
export function unsupported(what: string): Reader<undefined> {
  return (value, path) => {
    if (value !== undefined) throw notSimulated(what, path);
    return undefined;
  };
}

/** A part of the request that the simulator accepts and echoes without giving it meaning. */
export function echoed(): Reader<Record<string, unknown> | undefined> {
  return (value, path) => {
    if (value === undefined || value === "") return undefined;
    if (typeof value === "string" || Array.isArray(value)) throw invalid("Invalid object", path);
    return plain(value) as Record<string, unknown>;
  };
}

function plain(value: FormValue): unknown {
  if (value === "true") return true;
  if (value === "false") return false;
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

function emptyValue(path: string) {
  return invalid(
    `You passed an empty string for '${path}'. We assume empty values are an attempt to unset a parameter; ` +
      `however '${path}' cannot be unset. You should remove '${path}' from your request or supply a ` +
      `non-empty value.`,
    path,
    "parameter_invalid_empty",
  );
}

function show(value: FormValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
