// Runs a property with a seed that can be given again, and prints what broke it, shrunk.
//
//   TALKTIME_SEED=<name>/<seed>/<path>   runs exactly the failing case of one property again; the failure prints it
//   TALKTIME_SEED=<seed>                 seeds every property
//   TALKTIME_RUNS=<factor>               that many times the usual runs and time, for a long soak
import fc from "fast-check";

export interface Limits {
  runs: number;
  seconds: number;
  /** Fewer than this within the time and the check proves too little. */
  atLeast: number;
}

export interface Property<T> {
  name: string;
  arbitrary: fc.Arbitrary<T>;
  holds(value: T): Promise<void>;
  /** The parts a value can do without, and the value with only some of them: how a counterexample is made small. */
  parts(value: T): unknown[];
  withParts(value: T, parts: unknown[]): T;
  tell?(value: T): string;
}

export async function check<T>(property: Property<T>, limits: Limits): Promise<void> {
  const { name, arbitrary, holds } = property;
  const factor = Number(Deno.env.get("TALKTIME_RUNS") ?? 1);
  const replay = replayOf(name);
  const details = await fc.check(fc.asyncProperty(arbitrary, holds), {
    numRuns: limits.runs * factor,
    interruptAfterTimeLimit: limits.seconds * factor * 1000,
    endOnFailure: true, // made small below, in fewer runs
    ...replay,
  });
  if (details.failed && details.counterexample) {
    const again = `${name}/${details.seed}/${details.counterexamplePath}`;
    throw new Error(await describe(property, details.counterexample[0], details.numRuns, again));
  }
  if (!replay.path && details.numRuns < limits.atLeast) {
    throw new Error(
      `Only ${details.numRuns} runs of ${name} within ${limits.seconds} s, fewer than ${limits.atLeast}.`,
    );
  }
}

async function describe<T>(property: Property<T>, found: T, runs: number, again: string): Promise<string> {
  const { value, failure, tried } = await shrink(property, found);
  return [
    `Broken in run ${runs}; made small in ${tried} tries:`,
    property.tell?.(value) ?? fc.stringify(value),
    failure,
    `Run it again: TALKTIME_SEED='${again}' npm run test:property`,
  ].join("\n");
}

/** Leaves out halves, quarters and at last single parts as long as what remains still fails. */
async function shrink<T>(
  property: Property<T>,
  found: T,
): Promise<{ value: T; failure: string; tried: number }> {
  let value = found;
  let failure = await failureOf(property, value) ??
    "It fails only now and then: the same case held when it was tried again.";
  let tried = 1;
  for (
    let size = Math.ceil(property.parts(value).length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let start = 0; start < property.parts(value).length && tried < 500;) {
      const smaller = property.withParts(value, property.parts(value).toSpliced(start, size));
      const still = await failureOf(property, smaller);
      tried++;
      if (still === null) start += size;
      else [value, failure] = [smaller, still];
    }
  }
  return { value, failure, tried };
}

async function failureOf<T>(property: Property<T>, value: T): Promise<string | null> {
  try {
    await property.holds(value);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function replayOf(name: string): { seed?: number; path?: string } {
  const [first = "", seed, path] = (Deno.env.get("TALKTIME_SEED") ?? "").split("/");
  if (/^-?\d+$/.test(first)) return { seed: Number(first) };
  if (first !== name || seed === undefined) return {};
  return { seed: Number(seed), ...(path ? { path } : {}) };
}
