/** Restores between ways that do not fit, and what a snapshot of each way holds. */

import assert from "node:assert/strict";
import type { AggregateFunction } from "../../functions/functions.ts";
import {
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
} from "../../functions/windowing/window_assigners.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import type { WindowOperatorOptions } from "./window_operator.ts";
import { GENERAL_WAY, list, type Rec, show, sum, WindowHarness } from "./window_script_test.ts";

const total: AggregateFunction<Rec, number, { v: number }> = {
  createAccumulator: () => 0,
  add: ({ v }, n) => n + v,
  getResult: (v) => ({ v }),
  merge: (a, b) => a + b,
  mergeable: true,
};
const totals = { kind: "aggregate", fn: total } as const;
const sliding = (size: number, slide: number): WindowOperatorOptions => ({
  assigner: SlidingEventTimeWindows.of(size, slide),
  content: totals,
  fn: show,
});

/** A snapshot with a1@5 and b2@6 in it. */
function snapshotOf(options: WindowOperatorOptions, config = {}) {
  const harness = new WindowHarness(options, { config });
  harness.processElement({ k: "a", v: 1 }, 5);
  harness.processElement({ k: "b", v: 2 }, 6);
  return harness.snapshot();
}
function restored(options: WindowOperatorOptions, snapshot: ReturnType<typeof snapshotOf>, config = {}): string {
  const harness = new WindowHarness(options, { config, snapshot });
  harness.processElement({ k: "a", v: 3 }, 5);
  harness.processWatermark(MAX_WATERMARK);
  return harness.takeOutput(MAX_WATERMARK);
}
const namesOf = (snapshot: ReturnType<typeof snapshotOf>): string[] =>
  snapshot.keyed!.flatMap(({ states }) => states.map(({ name }) => name)).filter((name) => !name.startsWith("_timer"));

Deno.test("window restores: the name of a state says who wrote it", () => {
  assert.deepEqual(namesOf(snapshotOf(sliding(10, 5))), ["_window-rows.v1.aggregating", "_window-slices.v1"]);
  assert.deepEqual(namesOf(snapshotOf(sliding(5, 5))), ["_window-rows.v1.aggregating"]);
  assert.deepEqual(namesOf(snapshotOf({ ...sliding(10, 5), content: list })), ["_window-rows.v1.list"]);
  assert.deepEqual(namesOf(snapshotOf(sliding(10, 5), GENERAL_WAY)), ["window-contents"]);
  const sessions = { ...sliding(1, 1), assigner: EventTimeSessionWindows.withGap(3) };
  assert.deepEqual(namesOf(snapshotOf(sessions)), ["_window-rows.v1.aggregating"]);
  assert.deepEqual(namesOf(snapshotOf(sessions, GENERAL_WAY)), ["merging-window-set", "window-contents"]);
});

Deno.test("window restores: slices fit the windows they were cut for, and are refused by others", () => {
  const snapshot = snapshotOf(sliding(10, 5));
  const expected = "a=4[0..10)@9 b=2[0..10)@9 a=4[5..15)@14 b=2[5..15)@14";
  for (const config of [{}, GENERAL_WAY]) {
    assert.equal(restored(sliding(10, 5), snapshot, config), expected);
    for (
      const other of [sliding(12, 4), sliding(20, 5), sliding(15, 5), {
        ...sliding(1, 1),
        assigner: EventTimeSessionWindows.withGap(3),
      }]
    ) {
      assert.throws(() => restored(other, snapshot, config), { code: "TSF-2110" }, String(other.assigner));
    }
  }
  // Whole windows go on as what they were, whatever the windows of new records are.
  const windows = snapshotOf(sliding(10, 5), GENERAL_WAY);
  assert.equal(
    restored({ ...sliding(1, 1), assigner: TumblingEventTimeWindows.of(6) }, windows),
    restored({ ...sliding(1, 1), assigner: TumblingEventTimeWindows.of(6) }, windows, GENERAL_WAY),
  );
});

Deno.test("window restores: another kind of content is refused", () => {
  const tumbling = { assigner: TumblingEventTimeWindows.of(10), fn: show };
  const contents = [list, sum, totals];
  for (const before of contents) {
    for (const after of contents) {
      for (const [first, second] of [[{}, {}], [{}, GENERAL_WAY], [GENERAL_WAY, {}]]) {
        const run = () =>
          restored({ ...tumbling, content: after }, snapshotOf({ ...tumbling, content: before }, first), second);
        if (before === after) assert.match(run(), /^a=.*b=/);
        else assert.throws(run, { code: "TSF-2110" }, `${before.kind} to ${after.kind}`);
      }
    }
  }
});
