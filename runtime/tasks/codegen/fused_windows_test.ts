/**
 * Windows behind generated loops against the interpreter, with the fast ways of windows and with the general one: records
 * are moved and added in place, and nothing may tell. Functions keep and change what they are given; keys are of all
 * kinds; batches are small and large; jobs are restored in the middle, now with generated code, now without.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { AggregateFunction } from "../../functions/functions.ts";
import {
  CumulativeEventTimeWindows,
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "../../functions/windowing/window_assigners.ts";
import { OutputTag } from "../../functions/output_tag.ts";
import { ContinuousEventTimeTrigger } from "../../functions/windowing/triggers.ts";
import { ALL_OPTIMIZATIONS, type OptimizationSwitches } from "../../operators/operator.ts";
import { windowOperator, type WindowOperatorOptions } from "../../operators/windowing/window_operator.ts";
import type { WindowContent } from "../../operators/windowing/window_contents.ts";
import { oneKey } from "../../operators/windowing/window_cursor.ts";
import type { OperatorSubtaskState } from "../../state/rescale.ts";
import { canonicalKey } from "../../types/canonical_key.ts";
import type { Key } from "../../types/key.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import { Probe, TaskHarness } from "../../../tests/harness/task_harness.ts";

interface Rec {
  readonly k: number;
  v: number;
  text: string;
}
const FAILING = 13;
const LATE = new OutputTag<Rec>("late");
const LONG = "a text that is long enough to be cut out of another one ".repeat(3);
/** One of the others at most with every record of a case, so that there are enough of the first ones. */
const KEYS: readonly Key[] = [0, 1, 2, "one", 1, 2, "one", -7, -0, 2 ** 31 - 1, "", 33];
/** The text is what stands for the array: they are two keys. */
const OTHER_KEYS: readonly Key[] = [["x", 1], canonicalKey(["x", 1]), 2 ** 31, NaN, 1.5, true, 5n];
const selectKey = (rec: Rec | null): Key => {
  if (rec?.k === FAILING) throw new Error("no key");
  const k = rec?.k ?? 0;
  return k === 12 ? OTHER_KEYS[rec!.v % OTHER_KEYS.length] : KEYS[k];
};
const refuse = (rec: Rec): void => {
  if (rec.v === FAILING) throw new RangeError("not this one");
};

const count: AggregateFunction<Rec, number, number> = {
  createAccumulator: () => 0,
  add: (rec, n) => (refuse(rec), n + rec.v),
  getResult: (n) => n,
  merge: (a, b) => a + b,
  mergeable: true,
};
const shared = { total: 0, texts: [] as string[] };
/** Returns new objects, parts of which are old, what it was given, and now and then the same one again. */
const fresh: AggregateFunction<Rec, { total: number; texts: string[] }, string> = {
  createAccumulator: () => shared,
  add(rec, accumulator) {
    const { total, texts } = accumulator;
    if (rec.v === 3) return shared;
    if (rec.v !== 5) return { total: total + rec.v, texts: [...texts, rec.text] };
    texts.push(rec.text);
    return accumulator;
  },
  getResult: ({ total, texts }) => `${total}: ${texts.join()}`,
  merge: (a, b) => ({ total: a.total + b.total, texts: [...a.texts, ...b.texts] }),
};
/** Keeps records, changes them, and what it was given first. */
const keeping: AggregateFunction<Rec, { all: Rec[] }, string> = {
  createAccumulator: () => ({ all: [] }),
  add(rec, accumulator) {
    refuse(rec);
    rec.v += 0.5;
    accumulator.all.push(rec);
    accumulator.all[0].v++;
    return accumulator;
  },
  getResult: ({ all }) => all.map((rec) => `${rec.v}${rec.text}`).join("+"),
  merge: (a, b) => ({ all: [...a.all, ...b.all] }),
};
/** Empties windows. */
const forgetting: AggregateFunction<Rec, number, number> = {
  createAccumulator: () => 1,
  add: (rec, n) => rec.v === 2 ? undefined as never : n * 2 + rec.v,
  getResult: (n) => n,
  merge: (a, b) => a + b,
};
const CONTENTS: Readonly<Record<string, WindowContent>> = {
  list: { kind: "list" },
  count: { kind: "aggregate", fn: count },
  fresh: { kind: "aggregate", fn: fresh },
  keeping: { kind: "aggregate", fn: keeping },
  forgetting: { kind: "aggregate", fn: forgetting },
  sum: { kind: "reduce", fn: (a: Rec, b: Rec): Rec => (refuse(b), { ...a, v: a.v + b.v }) },
  "last of both": {
    kind: "reduce",
    fn(a: Rec, b: Rec): Rec {
      b.v -= a.v;
      return b.v > 0 ? b : a;
    },
  },
};

type Way = "generated" | "fast" | "general";
const OPTIMIZATIONS: Readonly<Record<Way, OptimizationSwitches>> = {
  generated: ALL_OPTIMIZATIONS,
  fast: { ...ALL_OPTIMIZATIONS, codegen: false },
  general: { ...ALL_OPTIMIZATIONS, codegen: false, windowSlices: false },
};

const size = fc.integer({ min: 1, max: 12 });
const assigners: fc.Arbitrary<() => WindowOperatorOptions["assigner"]> = fc.oneof(
  size.map((ms) => () => TumblingEventTimeWindows.of(ms)),
  size.map((ms) => () => TumblingProcessingTimeWindows.of(ms)),
  fc.tuple(size, size).map(([ms, slide]) => () => SlidingEventTimeWindows.of(ms, slide)),
  size.map((slide) => () => SlidingEventTimeWindows.of(9 * slide, slide)),
  fc.tuple(size, size).map(([step, steps]) => () => CumulativeEventTimeWindows.of(step * steps, step)),
  size.map((ms) => () => EventTimeSessionWindows.withGap(ms)),
  size.map((ms) => () => EventTimeSessionWindows.withDynamicGap((rec: Rec | null) => ms + (rec?.v ?? 0 & 1))),
);
const FUNCTIONS: readonly WindowOperatorOptions["fn"][] = [{ kind: "passthrough" }, {
  kind: "process",
  fn: {
    process: (key, ctx, elements, out) => {
      for (const element of elements) {
        out.collect([String(key), ctx.window().maxTimestamp(), element]);
        // It is the function's own.
        if (typeof element === "object" && element !== null) (element as Rec).v = -1;
      }
    },
  },
}];

type Step =
  | { readonly op: "records"; readonly rows: readonly { k: number; v: number; behind: number }[] }
  | { readonly op: "watermark" | "clock"; readonly by: number }
  | { readonly op: "restore" };
interface Case {
  readonly assigner: () => WindowOperatorOptions["assigner"];
  readonly content: string;
  readonly fn: WindowOperatorOptions["fn"];
  readonly allowedLatenessMs: number;
  readonly hasTrigger: boolean;
  readonly hasKeys: boolean;
  readonly rowsPerStep: number;
  readonly steps: readonly Step[];
}

/** What comes out, and what the operator says of it, by steps; `ways` take turns at restores. */
function run(given: Case, ways: readonly Way[]): unknown[] {
  const outcome: unknown[] = [];
  let restored: { checkpointId: number; states: ReadonlyMap<string, OperatorSubtaskState> } | undefined;
  let turn = 0;
  const open = (): TaskHarness => {
    const optimizations = OPTIMIZATIONS[ways[turn++ % ways.length]];
    const assigner = given.assigner();
    const factory = windowOperator({
      assigner,
      content: CONTENTS[given.content],
      fn: given.fn,
      allowedLatenessMs: given.allowedLatenessMs,
      lateTag: LATE,
      trigger: given.hasTrigger && assigner.isEventTime() ? ContinuousEventTimeTrigger.of(3) : undefined,
    });
    const harness = new TaskHarness({
      operators: [factory.create(), new Probe("late")],
      edges: [[{ target: 1, targetInput: 0, sideOutputTag: LATE.id }], []],
      key: given.hasKeys ? selectKey : oneKey,
      writers: [0],
      restored,
      settings: {
        rowsPerStep: given.rowsPerStep,
        operatorConfig: {
          objectReuse: false,
          autoWatermarkIntervalMs: 0,
          checkpointingEnabled: true,
          runtimeMode: "STREAMING",
          checkMutation: false,
          globalJobParameters: {},
          optimizations,
        },
      },
    });
    harness.seams.clock.jumpTo(now);
    harness.credit(100_000);
    harness.task.start();
    harness.run();
    return harness;
  };
  let now = 1000;
  let watermark = 0;
  let checkpointId = 0;
  let harness = open();
  for (const step of given.steps) {
    if (step.op === "records") {
      const values = step.rows.map(({ k, v }) =>
        v === 12 ? null : { k, v, text: v % 2 === 0 ? LONG.slice(v) : `${v}` }
      );
      harness.recordsAt(values, step.rows.map(({ behind }) => watermark + 10 - behind));
    } else if (step.op === "watermark") harness.watermark(watermark += step.by);
    else if (step.op === "clock") harness.seams.clock.jumpTo(now += step.by);
    else {
      harness.barrier(++checkpointId);
      harness.run();
      if (harness.error !== undefined) break;
      outcome.push(...harness.out[0].splice(0));
      restored = { checkpointId, states: harness.states[0] };
      harness = open();
      // What is late and what is not is for the watermark to say, which does not lie in state.
      harness.watermark(watermark);
    }
    harness.run();
    outcome.push(...harness.out[0].splice(0), ...harness.news());
  }
  harness.watermark(MAX_WATERMARK);
  harness.run();
  const { error, task: { parts: { chain } } } = harness;
  if (ways.length === 1) assert.equal(chain.fused !== undefined, ways[0] === "generated");
  const cause = error?.cause instanceof Error ? error.cause.message : error?.cause;
  return [...outcome, ...harness.out[0], error?.code, error?.summary, cause, chain.nodes[0].numRecordsIn];
}

/** Many of the same time. */
const behind = fc.oneof(fc.nat(18), fc.constantFrom(0, 4, 8));
const row = fc.record({ k: fc.nat(12), v: fc.nat(11), behind });
const anyRow = fc.record({ k: fc.nat(13), v: fc.nat(13), behind });
const step = (rows: typeof row): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constant("records" as const),
        rows: fc.oneof(
          fc.array(rows, { minLength: 1, maxLength: 6 }),
          fc.array(rows, { minLength: 14, maxLength: 40 }),
        ),
      }),
    },
    { weight: 3, arbitrary: fc.record({ op: fc.constant("watermark" as const), by: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant("clock" as const), by: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant("restore" as const) }) },
  );
const cases = (rows: typeof row): fc.Arbitrary<Case> =>
  fc.record({
    assigner: assigners,
    content: fc.constantFrom("count", "count", ...Object.keys(CONTENTS)),
    fn: fc.constantFrom(...FUNCTIONS),
    allowedLatenessMs: fc.constantFrom(0, 0, 0, 4),
    hasTrigger: fc.integer({ max: 7 }).map((n) => n === 0),
    hasKeys: fc.boolean(),
    rowsPerStep: fc.constantFrom(1, 3, 1000),
    steps: fc.array(step(rows), { maxLength: 14 }),
  });

Deno.test("windows give the same in generated loops, in the interpreter and the general way", () => {
  fc.assert(
    fc.property(cases(row), (given) => {
      const expected = run(given, ["general"]);
      assert.deepEqual(run(given, ["fast"]), expected, "the fast ways");
      assert.deepEqual(run(given, ["generated"]), expected, "generated");
      assert.deepEqual(run(given, ["generated", "general", "fast"]), expected, "in turn");
    }),
    { numRuns: 400 },
  );
});

Deno.test("records that are null, keys and functions that fail: the same results up to there, and the same error", () => {
  let failed = 0;
  fc.assert(
    fc.property(cases(anyRow), (given) => {
      const expected = run(given, ["fast"]);
      assert.deepEqual(run(given, ["generated"]), expected);
      if (expected.at(-4) !== undefined) failed++;
    }),
    { numRuns: 400 },
  );
  assert.ok(failed > 50, `only ${failed} of the runs have failed`);
});
