import { failure } from "./result.ts";

/** A part of the package that is loaded when one of its methods is first called; each of them resolves to a result. */
export function lazy<T extends object>(load: () => Promise<T>): T {
  const call = async (name: string, args: unknown[]) => {
    const part = await load().catch(() => null);
    return part === null
      ? failure("network_error")
      : (part as Record<string, (...args: unknown[]) => unknown>)[name]!(...args);
  };
  return new Proxy({} as T, {
    // Awaiting the part itself must not wait for a method that is not there.
    get: (_, name) =>
      typeof name === "symbol" || name === "then" ? undefined : (...args: unknown[]) => call(name, args),
  });
}
