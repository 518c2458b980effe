import assert from "node:assert/strict";
import { NO_TIMESTAMP } from "../../types/stream_element.ts";
import { CountEvictor, DeltaEvictor, TimeEvictor } from "./evictors.ts";
import { TimeWindow } from "./window_assigners.ts";
import type { Evictor, EvictorContext, Window } from "./windows.ts";

const window = new TimeWindow(0, 100);
const context: EvictorContext = { getCurrentProcessingTime: () => 0, getCurrentWatermark: () => 0 };
const spread = (a: number, b: number) => Math.abs(a - b);
type NumberEvictor = Evictor<number, Window>;

/** Timestamps are the values unless given. */
const cases: [
  name: string,
  make: (after: boolean) => NumberEvictor,
  given: number[],
  kept: number[],
  times?: number[],
][] = [
  ["count keeps the last", (after) => CountEvictor.of(3, after), [1, 2, 3, 4, 5], [3, 4, 5]],
  ["count with fewer", (after) => CountEvictor.of(3, after), [1, 2], [1, 2]],
  ["count with as many", (after) => CountEvictor.of(2, after), [1, 2], [1, 2]],
  ["count of an empty window", (after) => CountEvictor.of(2, after), [], []],
  ["count 0 keeps nothing", (after) => CountEvictor.of(0, after), [1, 2], []],
  ["time keeps what is younger than latest - size", (after) => TimeEvictor.of(5, after), [1, 5, 6, 10], [6, 10]],
  ["time by timestamps, not order", (after) => TimeEvictor.of(5, after), [1, 2, 3], [1, 3], [10, 5, 6]],
  ["time of equal timestamps", (after) => TimeEvictor.of("1 ms", after), [1, 2], [1, 2], [7, 7]],
  ["time before the epoch", (after) => TimeEvictor.of(5, after), [-10, -6, -5, -1], [-5, -1]],
  ["time 0 drops everything", (after) => TimeEvictor.of(0, after), [1, 2], []],
  ["time without timestamps", (after) => TimeEvictor.of(1, after), [1, 2], [1, 2], [NO_TIMESTAMP, NO_TIMESTAMP]],
  ["time of an empty window", (after) => TimeEvictor.of(1, after), [], []],
  ["delta drops at the threshold", (after) => DeltaEvictor.of(5, spread, after), [1, 5, 6, 12, 10], [6, 12, 10]],
  ["delta as object", (after) => DeltaEvictor.of(2, { getDelta: spread }, after), [1, 8, 9], [8, 9]],
  ["delta 0 drops the last too", (after) => DeltaEvictor.of(0, spread, after), [1, 2], []],
  ["delta of an empty window", (after) => DeltaEvictor.of(1, spread, after), [], []],
];

for (const [name, make, given, kept, times = given] of cases) {
  Deno.test(`evictor: ${name}, on its side only`, () => {
    for (const doEvictAfter of [false, true]) {
      const evictor = make(doEvictAfter);
      const elements = given.map((value, i) => ({ value, timestamp: times[i] }));
      const before = evictor.evictBefore(elements, elements.length, window, context).map((e) => e.value);
      const after = evictor.evictAfter(elements, elements.length, window, context).map((e) => e.value);
      assert.deepEqual(
        { before, after },
        doEvictAfter ? { before: given, after: kept } : { before: kept, after: given },
      );
      assert.deepEqual(elements.map((e) => e.value), given, "what was given is not changed");
    }
  });
}

Deno.test("evictor parameters and texts", () => {
  for (const count of [-1, 0.5, NaN]) assert.throws(() => CountEvictor.of(count), { code: "TSF-1705" });
  assert.equal(String(CountEvictor.of(3)), "CountEvictor(3)");
  assert.equal(String(TimeEvictor.of("2 s")), "TimeEvictor(2000)");
  assert.equal(TimeEvictor.of("2 s").getWindowSize(), 2000);
  assert.equal(String(DeltaEvictor.of(1.5, spread)), "DeltaEvictor(1.5)");
});
