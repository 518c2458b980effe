/** Where cursors point: to the window of the last record, and nowhere once that has fired or changed in another way. */

import assert from "node:assert/strict";
import type { AggregateFunction } from "../../functions/functions.ts";
import {
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "../../functions/windowing/window_assigners.ts";
import { PurgingTrigger } from "../../functions/windowing/triggers.ts";
import type { WindowFusion } from "../codegen/fusion.ts";
import { ALL_OPTIMIZATIONS } from "../operator.ts";
import { KeyedOneInputStreamOperatorTestHarness } from "../../testing/one_input_harness.ts";
import type { HarnessOptions, HarnessSnapshot } from "../../testing/operator_test_harness.ts";
import type { WindowCursor } from "./window_cursor.ts";
import { type WindowOperator, windowOperator, type WindowOperatorOptions } from "./window_operator.ts";

const count: AggregateFunction<number, number, number> = {
  createAccumulator: () => 0,
  add: (_, n) => n + 1,
  getResult: (n) => n,
  merge: (a, b) => a + b,
  mergeable: true,
};

function opened(
  options: Partial<WindowOperatorOptions> & Pick<WindowOperatorOptions, "assigner">,
  config: HarnessOptions["config"] = {},
  restored?: HarnessSnapshot,
) {
  const factory = windowOperator({
    content: { kind: "aggregate", fn: count },
    fn: { kind: "passthrough" },
    ...options,
  });
  const harness = new KeyedOneInputStreamOperatorTestHarness<number, number, unknown>(factory, (n) => n % 3, {
    config: { checkMutation: false, ...config },
  });
  if (restored !== undefined) harness.initializeState(restored);
  harness.open();
  const fusion = (): WindowFusion | undefined => (harness.getOperator() as WindowOperator).fusion();
  return { harness, fusion };
}
function cursorOf(fusion: WindowFusion | undefined): WindowCursor {
  const rows = fusion!.path!.rows;
  assert.equal(rows.kind, "cursor");
  return (rows as { cursor: WindowCursor }).cursor;
}
const spanOf = ({ from, to }: WindowCursor): readonly number[] => [from, to];
const NOWHERE = [Infinity, -Infinity];

Deno.test("a cursor of tumbling windows follows the records and points nowhere once its window has fired", () => {
  const { harness, fusion } = opened({ assigner: TumblingEventTimeWindows.of(10) });
  const cursor = cursorOf(fusion());
  assert.deepEqual(spanOf(cursor), NOWHERE);
  harness.processElement(1, 5);
  harness.processElement(1, 6);
  assert.deepEqual([...spanOf(cursor), cursor.values], [0, 10, [2]]);
  harness.processElement(1, 12);
  assert.deepEqual([...spanOf(cursor), cursor.values], [10, 20, [1]]);
  assert.equal(cursor.index.get(1), 0);
  harness.processElement(2, 4);
  assert.deepEqual([...spanOf(cursor), cursor.values], [0, 10, [2, 1]]);
  harness.processWatermark(9);
  assert.deepEqual(spanOf(cursor), NOWHERE);
  // Late for it: there is no such window any more.
  harness.processElement(1, 3);
  assert.deepEqual(spanOf(cursor), NOWHERE);
});

Deno.test("with a lateness there is a cursor until the window has fired", () => {
  const { harness, fusion } = opened({ assigner: TumblingEventTimeWindows.of(10), allowedLatenessMs: 5 });
  const cursor = cursorOf(fusion());
  harness.processElement(1, 5);
  assert.deepEqual([...spanOf(cursor), cursor.values], [0, 10, [1]]);
  harness.processWatermark(9);
  assert.deepEqual(spanOf(cursor), NOWHERE);
  // Every late record fires its window; the first of a key makes a row without a timer.
  for (const [late, key] of [[2, 1], [1, 2], [2, 2]]) {
    harness.processElement(key, 6);
    assert.equal(harness.extractOutputValues().at(-1), late);
    assert.deepEqual(spanOf(cursor), NOWHERE);
  }
  harness.processElement(1, 12);
  assert.deepEqual([...spanOf(cursor), cursor.values], [10, 20, [1]]);
  // So after a restore, when the watermark is yet to come: each of the two needs a timer.
  const snapshot = harness.snapshot(1);
  const again = opened({ assigner: TumblingEventTimeWindows.of(10), allowedLatenessMs: 5 }, {}, snapshot);
  again.harness.processElement(1, 6);
  assert.deepEqual(spanOf(cursorOf(again.fusion())), NOWHERE);
  again.harness.processWatermark(9);
  assert.deepEqual(again.harness.extractOutputValues(), [3]);
});

Deno.test("a cursor of slices points to one slice, and nowhere once it is part of a window that has fired", () => {
  const { harness, fusion } = opened({ assigner: SlidingEventTimeWindows.of(10, 5) });
  const cursor = cursorOf(fusion());
  harness.processElement(1, 7);
  assert.deepEqual([...spanOf(cursor), cursor.values], [5, 10, [1]]);
  harness.processWatermark(9);
  assert.deepEqual(spanOf(cursor), NOWHERE);
  harness.processElement(1, 8);
  assert.deepEqual([...spanOf(cursor), cursor.values], [5, 10, [2]]);
  // As record, nothing clears whole windows: they go to panes.
  harness.processElement(null as never, 8);
  assert.deepEqual(spanOf(cursor), NOWHERE);
  harness.processElement(1, 8);
  assert.deepEqual(spanOf(cursor), NOWHERE);
  // In a slice and, of the window before, in a pane.
  harness.processElement(1, 12);
  assert.deepEqual(spanOf(cursor), NOWHERE);
  harness.processWatermark(40);
  assert.deepEqual(harness.extractOutputValues(), [1, 4, 1]);
  harness.processElement(1, 41);
  assert.deepEqual([...spanOf(cursor), cursor.values], [40, 45, [1]]);
});

Deno.test("which windows have something to offer", () => {
  const kindOf = (options: Parameters<typeof opened>[0], config?: HarnessOptions["config"]): string | undefined => {
    const fusion = opened(options, config).fusion();
    return fusion === undefined ? "nothing" : fusion.path?.rows.kind ?? "calls";
  };
  const tumbling = TumblingEventTimeWindows.of(10);
  assert.equal(kindOf({ assigner: tumbling }), "cursor");
  assert.equal(kindOf({ assigner: TumblingProcessingTimeWindows.of(10) }), "cursor");
  assert.equal(kindOf({ assigner: SlidingEventTimeWindows.of(10, 5) }), "cursor");
  assert.equal(kindOf({ assigner: SlidingProcessingTimeWindows.of(10, 5) }), "calls");
  assert.equal(kindOf({ assigner: EventTimeSessionWindows.withGap(10) }), "sessions");
  assert.equal(kindOf({ assigner: EventTimeSessionWindows.withDynamicGap(() => 10) }), "calls");
  assert.equal(kindOf({ assigner: ProcessingTimeSessionWindows.withGap(10) }), "calls");
  assert.equal(kindOf({ assigner: tumbling, allowedLatenessMs: 1 }), "cursor");
  assert.equal(kindOf({ assigner: EventTimeSessionWindows.withGap(10), allowedLatenessMs: 1 }), "calls");
  const trigger = PurgingTrigger.of(tumbling.getDefaultTrigger());
  assert.equal(kindOf({ assigner: tumbling, trigger }), "calls");
  // Where others may hold the records too.
  assert.equal(kindOf({ assigner: tumbling }, { objectReuse: true }), "nothing");
  assert.equal(kindOf({ assigner: tumbling }, { checkMutation: true }), "nothing");
  assert.equal(
    kindOf({ assigner: tumbling }, { optimizations: { ...ALL_OPTIMIZATIONS, windowSlices: false } }),
    "calls",
  );
});
