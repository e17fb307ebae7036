import { DAY, MINUTE } from "../clock.ts";
import { invalid, missing, notSimulated } from "../errors.ts";
import { newId } from "../ids.ts";
import { listOf, paging } from "../lists.ts";
import { integer, parameters, required, text } from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import type { TestClock } from "../types.ts";
import { needCustomer } from "./customers.ts";

/**
 * Here all test clocks are the simulator's own: to advance one moves the time of everything, and it does not stand
 * still in between.
 */

function getClock(sim: Simulator, id: string): TestClock {
  const clock = sim.store.testClocks.get(id);
  if (!clock) throw missing("test_clock", id, "id");
  return clock;
}

const readCreate = parameters({ customer: text(), frozen_time: required(integer({ min: 0 })), name: text() });

function createClock(sim: Simulator, params: ReturnType<typeof readCreate>): TestClock {
  if (params.frozen_time < sim.now() - MINUTE) {
    throw notSimulated("a test clock in the past: its time is the simulator's", "frozen_time");
  }
  const customer = params.customer ? needCustomer(sim, params.customer) : null;
  moveTo(sim, params.frozen_time);
  const clock = sim.store.testClocks.put({
    id: newId("clock"),
    object: "test_helpers.test_clock",
    created: sim.now(),
    deletes_after: sim.now() + 30 * DAY,
    frozen_time: params.frozen_time,
    livemode: false,
    name: params.name ?? null,
    status: "ready",
    status_details: {},
  });
  if (customer) sim.store.customers.put(Object.assign(customer, { test_clock: clock.id }));
  sim.events.emit("test_helpers.test_clock.created", clock);
  return clock;
}

/** What falls due on the way happens before the request is answered, so there is no `advancing` to wait for. */
function moveTo(sim: Simulator, time: number): void {
  sim.advanceClock(Math.max(0, time - sim.now()));
}

function advance(sim: Simulator, id: string, time: number): TestClock {
  const clock = getClock(sim, id);
  if (time <= clock.frozen_time) {
    throw invalid(
      "You can only advance a test clock to a time later than its current frozen time.",
      "frozen_time",
    );
  }
  moveTo(sim, time);
  sim.store.testClocks.put(Object.assign(clock, { frozen_time: time }));
  sim.events.emit("test_helpers.test_clock.ready", clock);
  return clock;
}

export const testClockRoutes: Route[] = [
  route("POST", "/v1/test_helpers/test_clocks", readCreate, ({ sim, params }) => createClock(sim, params)),
  route(
    "GET",
    "/v1/test_helpers/test_clocks",
    parameters(paging),
    ({ sim, params }) => listOf(sim.store.testClocks, params, "/v1/test_helpers/test_clocks"),
  ),
  route("GET", "/v1/test_helpers/test_clocks/:id", parameters({}), ({ sim, ids }) => getClock(sim, ids[0]!)),
  route(
    "POST",
    "/v1/test_helpers/test_clocks/:id/advance",
    parameters({ frozen_time: required(integer({ min: 0 })) }),
    ({ sim, ids, params }) => advance(sim, ids[0]!, params.frozen_time),
  ),
];
