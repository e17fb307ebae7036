// When a command should end: Ctrl-C, a polite kill, a closed terminal, or the death of the npm that started it.

export function stopRequested(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let first = 0;
  const ask = () => {
    // A terminal's Ctrl-C comes twice, from the terminal and passed on by npm; later than that, somebody insists.
    if (first && Date.now() - first > 1000) Deno.exit(130);
    first ||= Date.now();
    resolve();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, ask);
  const parent = Number(Deno.env.get("TALKTIME_PARENT"));
  if (parent === Deno.ppid) {
    const timer = setInterval(() => Deno.ppid !== parent && resolve(), 500);
    Deno.unrefTimer(Number(timer));
  }
  return promise;
}
