/** Window stagger: each subtask has a grid of its own, fixed by its first record. */

import assert from "node:assert/strict";
import {
  type TimeWindow,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  WatermarkStrategy,
  type WindowAssigner,
  WindowStagger,
} from "tsflink";
import { RecordingSink, scriptedSource, testEnvironment } from "tsflink/testing";
import { cases, type Rec, runJob, steps, windowJob } from "./job_script.ts";

type Assigner = WindowAssigner<unknown, TimeWindow>;
const run = (assigner: Assigner, startMs: number) => (script: string) =>
  runJob(script, { build: windowJob({ assigner }), startMs, quiet: true });

cases("natural stagger, event time: the grid starts where the clock stood in its window", [
  // Clock 3: windows at 3, 13, ... whatever the timestamp of the first record.
  ["a1@0 a2@2 a3@3 a4@12 a5@13", "a=1+2[-7..3)@2 a=3+4[3..13)@12 a=5[13..23)@22"],
  ["a1@25", "a=1[23..33)@32"],
  // All keys of a subtask share it, and later records do not move it.
  ["a1@0 t8 b1@0 a2@4 b2@8", "a=1[-7..3)@2 b=1[-7..3)@2 a=2[3..13)@12 b=2[3..13)@12"],
], run(TumblingEventTimeWindows.of(10, 0, WindowStagger.NATURAL), 3));

cases("natural stagger adds to the offset", [
  ["a1@0 a2@4 a3@5 a4@14", "a=1+2[-5..5)@4 a=3+4[5..15)@14"],
], run(TumblingEventTimeWindows.of(10, 2, WindowStagger.NATURAL), 3));
cases("natural stagger and offset go round", [
  // 9 + 8 = 17, that is 7.
  ["a1@6 a2@7 a3@16 a4@17", "a=1[-3..7)@6 a=2+3[7..17)@16 a=4[17..27)@26"],
], run(TumblingEventTimeWindows.of(10, 8, WindowStagger.NATURAL), 19));
cases("natural stagger with a negative offset", [
  ["a1@0 a2@-1 a3@-2 a4@9", "a=3[-11..-1)@-2 a=1+2[-1..9)@8 a=4[9..19)@18"],
], run(TumblingEventTimeWindows.of(10, -4, WindowStagger.NATURAL), 3));

cases("natural stagger, processing time: the first window starts at the first record", [
  ["a1 t12 a2 t13 a3 t40", "a=1+2[3..13)@12 a=3[13..23)@22"],
  ["t7 a1 t8 a2 t17 a3 t40", "a=1+2[7..17)@16 a=3[17..27)@26"],
], run(TumblingProcessingTimeWindows.of(10, 0, WindowStagger.NATURAL), 3));

cases("aligned is the default", [
  ["a1@0 a2@9 a3@10", "a=1+2[0..10)@9 a=3[10..20)@19"],
], run(TumblingEventTimeWindows.of(10, 0, WindowStagger.ALIGNED), 3));

Deno.test("random stagger: every subtask a shift of its own, the same for all its records", async () => {
  const shiftsOf = async (seed: number): Promise<string[]> => {
    const { env } = testEnvironment({ parallelism: 4, seed });
    const records = Array.from({ length: 40 }, (_, i) => `${String.fromCharCode(97 + i % 26)}${i}@${i * 250}`);
    const sink = new RecordingSink<{ subtask: number; start: number }>();
    env.fromSource(scriptedSource<Rec>(steps(records.join(" "))), WatermarkStrategy.noWatermarks<Rec>(), "script")
      .keyBy((rec) => rec.k)
      .window(TumblingEventTimeWindows.of(1000, 0, WindowStagger.RANDOM))
      .process({
        process(_key, ctx, _elements, out) {
          out.collect({ subtask: 0, start: ctx.window().start });
        },
      })
      .sinkTo(sink);
    await env.execute();
    const shifts = new Map<number, Set<number>>();
    for (const { value, subtask } of sink.records) {
      const mine = shifts.get(subtask) ?? new Set<number>();
      shifts.set(subtask, mine.add((value.start % 1000 + 1000) % 1000));
    }
    assert.equal(shifts.size, 4);
    assert.deepEqual([...shifts.values()].map((mine) => mine.size), [1, 1, 1, 1]);
    return [...shifts].sort(([a], [b]) => a - b).map(([subtask, [shift]]) => `${subtask}:${shift}`);
  };
  const first = await shiftsOf(1);
  assert.equal(new Set(first.map((text) => text.split(":")[1])).size, 4);
  assert.deepEqual(await shiftsOf(1), first);
  assert.notDeepEqual(await shiftsOf(2), first);
});
