// The usual ports, or free ones where they are taken.

export interface Ports {
  gateway: number;
  postgres: number;
  mail: number;
  smtp: number;
  stripe: number;
  /** Internal parts: nobody needs to know these. */
  postgrest: number;
  auth: number;
}

export const usualPorts: Readonly<Ports> = {
  gateway: 54321,
  postgres: 54322,
  mail: 54324,
  smtp: 54325,
  stripe: 54330,
  postgrest: 54331,
  auth: 54332,
};

/** Tells a person which of the ports they named themselves is taken. */
export class PortTakenError extends Error {
  override name = "PortTakenError";
}

/** Free means that nobody answers and that it can be had: on macOS a listener on all addresses prevents neither alone. */
async function isFree(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return false;
  } catch {
    // Nobody answers.
  }
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}

/** Below the range from which systems take ports for outgoing connections: nobody takes it before it is used. */
async function freePort(taken: Set<number>): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (!taken.has(port) && await isFree(port)) return port;
  }
}

/** `TALKTIME_PORT_GATEWAY=8000` and so on name a port that must be had. */
async function demanded(part: keyof Ports): Promise<number | null> {
  const name = `TALKTIME_PORT_${part.toUpperCase()}`;
  const value = Deno.env.get(name);
  if (!value) return null;
  const port = Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new PortTakenError(`${name} is "${value}", which is no port number (1 to 65535).`);
  }
  if (!await isFree(port)) {
    throw new PortTakenError(
      `Port ${port}, asked for with ${name}, is taken by another program. Stop that program, or unset ${name}.`,
    );
  }
  return port;
}

export interface Choice {
  ports: Ports;
  /** Those whose usual port was taken. */
  moved: Array<keyof Ports>;
}

export async function choosePorts(mode: "usual" | "free"): Promise<Choice> {
  const taken = new Set<number>();
  const moved: Array<keyof Ports> = [];
  const ports = { ...usualPorts };
  for (const part of Object.keys(ports) as Array<keyof Ports>) {
    const asked = mode === "usual" ? await demanded(part) : null;
    const keep = asked ?? (mode === "usual" && await isFree(usualPorts[part]) ? usualPorts[part] : null);
    ports[part] = keep ?? await freePort(taken);
    if (mode === "usual" && keep === null) moved.push(part);
    taken.add(ports[part]);
  }
  return { ports, moved };
}
