// Whatever the network does, a call keeps its promises.
import assert from "node:assert/strict";
import fc from "fast-check";
import { createTalktime } from "../../client-sdk/src/index.ts";
import { listen } from "./support/listening.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { SimulatedCall, type Trip } from "./support/simulated_call.ts";

const trip: fc.Arbitrary<Trip> = fc.record({
  there: fc.integer({ min: 0, max: 4_000 }),
  back: fc.integer({ min: 0, max: 4_000 }),
  lost: fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom<("request" | "answer")[]>("request", "answer") },
  ),
});

Deno.test("Under any delays and losses a call is over by its deadline, and says so exactly once", async () => {
  const scenario = fc.record({
    affordable: fc.integer({ min: 20, max: 700 }),
    trips: fc.array(trip, { maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ affordable, trips }) => {
      const clock = new ManualClock();
      const server = new SimulatedCall(clock, affordable);
      const { data: call } = await createTalktime(server.client, { clock }).calls.start("+14155552671");
      const heard = listen(call!);
      await call!.answer();
      let hungUpAt = Infinity;
      call!.on("depleted", () => hungUpAt = Math.min(hungUpAt, clock.now()));
      call!.on("ended", () => hungUpAt = Math.min(hungUpAt, clock.now()));
      const travel = [...trips];
      server.trip = () => travel.shift() ?? { there: 0, back: 0 };
      await clock.advance(900_000);

      assert.ok(hungUpAt <= server.localTime(server.deadline), "hung up by the deadline");
      const ends = heard.events.filter((line) => line.startsWith("ended"));
      assert.equal(ends.length, 1, "ended once");
      assert.equal(heard.lines.at(-1), ends[0], "ended last");
      assert.ok(
        heard.lines.filter((line) => line.startsWith("depleted")).length <= 1,
        "depleted at most once",
      );
      assert.ok(
        heard.ticks.every((left, index) => index === 0 || left < heard.ticks[index - 1]!),
        "counts down",
      );
      assert.equal(clock.waiting, 0, "leaves no timer");
    }),
    { numRuns: 60 },
  );
});
