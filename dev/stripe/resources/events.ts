import { invalid, missing } from "../errors.ts";
import { paging, range, walkPage } from "../lists.ts";
import { flag, list, parameters, text } from "../params.ts";
import { type Route, route } from "../router.ts";
import { RETENTION_SECONDS } from "../events.ts";
import type { Simulator } from "../simulator.ts";

const readList = parameters({
  ...paging,
  created: range(),
  delivery_success: flag(),
  type: text(),
  types: list(text(), { max: 20 }),
});

/** `charge.*` stands for every event of that family. */
function matches(type: string, wanted: string): boolean {
  return wanted.endsWith("*") ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}

function listEvents(sim: Simulator, params: ReturnType<typeof readList>) {
  if (params.type && params.types) {
    throw invalid("You may only specify one of these parameters: type, types.", "types");
  }
  const wanted = params.types ?? (params.type ? [params.type] : null);
  const { timeline } = sim.events;
  return walkPage(
    {
      timeline,
      get: (id) => sim.events.visible(id),
      passes: (event) => !wanted || wanted.some((each) => matches(event.type, each)),
      lenient: true,
    },
    params,
    "/v1/events",
  );
}

export const eventRoutes: Route[] = [
  route("GET", "/v1/events", readList, ({ sim, params }) => listEvents(sim, params)),
  route("GET", "/v1/events/:id", parameters({}), ({ sim, ids }) => {
    const event = sim.store.events.get(ids[0]!);
    if (!event || event.created < sim.now() - RETENTION_SECONDS) throw missing("event", ids[0]!, "id");
    return event;
  }),
];
