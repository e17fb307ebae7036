// Stands between a function and what it calls. At one step it holds everybody who comes there, and when all have come, what was waiting
// for goes wrong: before the request is carried out, or after, with its answer still unheard.
export interface Trap {
  /** Of method and path, such as `POST /rest/v1/rpc/create_purchase`. */
  request: RegExp;
  when: "before" | "after";
  /** How many have to be there. */
  people: number;
  spring(): Promise<void>;
}

export class Gate {
  readonly url: string;
  #trap: Trap | null = null;
  #waiting = 0;
  #sprung = Promise.withResolvers<void>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(private readonly target: string) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#pass(request),
    );
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Arms it; settles when it has gone off. */
  set(trap: Trap): Promise<void> {
    this.#trap = trap;
    this.#waiting = 0;
    this.#sprung = Promise.withResolvers();
    return this.#sprung.promise;
  }

  close(): Promise<void> {
    return this.#server.shutdown();
  }

  async #pass(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const trap = this.#trap?.request.test(`${request.method} ${pathname}`) ? this.#trap : null;
    const body = request.body === null ? null : await request.arrayBuffer();
    if (trap?.when === "before") return await this.#caught(trap);
    let answer: Response;
    try {
      answer = await fetch(`${this.target}${pathname}${search}`, {
        method: request.method,
        headers: request.headers,
        body,
      });
    } catch {
      return new Response(null, { status: 503 });
    }
    const bytes = await answer.arrayBuffer();
    if (trap?.when === "after") return await this.#caught(trap);
    const headers = new Headers(answer.headers);
    for (const name of ["content-encoding", "content-length", "transfer-encoding"]) headers.delete(name);
    return new Response(bytes.byteLength > 0 ? bytes : null, { status: answer.status, headers });
  }

  async #caught(trap: Trap): Promise<Response> {
    this.#waiting += 1;
    if (this.#waiting === trap.people) {
      this.#trap = null;
      await trap.spring();
      this.#sprung.resolve();
    }
    await this.#sprung.promise;
    return new Response(null, { status: 502 });
  }
}
