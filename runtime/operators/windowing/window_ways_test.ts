/**
 * The fast ways of window operators against the general one: the same outputs in the same order, bit for bit, the same
 * counts, through snapshots in the middle and restores at other parallelism, by the same way or the other.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { AggregateFunction } from "../../functions/functions.ts";
import {
  CumulativeEventTimeWindows,
  CumulativeProcessingTimeWindows,
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "../../functions/windowing/window_assigners.ts";
import { redistribute } from "../../state/rescale.ts";
import { KeyedOneInputStreamOperatorTestHarness } from "../../testing/one_input_harness.ts";
import type { HarnessOptions, HarnessSnapshot } from "../../testing/operator_test_harness.ts";
import type { Key } from "../../types/key.ts";
import { subtaskForKey } from "../../types/key_group.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import type { WindowContent } from "./window_contents.ts";
import { windowOperator, type WindowOperatorOptions } from "./window_operator.ts";
import { GENERAL_WAY, list, passthrough, windowText } from "./window_script_test.ts";

interface Rec {
  readonly k: number;
  v: number;
  readonly gap: number;
}

const KEYS: readonly Key[] = [0, 1, -7, "one", "a rather long text as key", ["x", 1], 2 ** 40, true, 5n];
const MAX_PARALLELISM = 8;

const count: AggregateFunction<Rec, number, number> = {
  createAccumulator: () => 0,
  add: (_, n) => n + 1,
  getResult: (n) => n,
  merge: (a, b) => a + b,
  mergeable: true,
};
const largest: AggregateFunction<Rec, { best: number; n: number }, string> = {
  createAccumulator: () => ({ best: -Infinity, n: 0 }),
  add(rec, accumulator) {
    accumulator.best = Math.max(accumulator.best, rec.v);
    accumulator.n++;
    return accumulator;
  },
  getResult: ({ best, n }) => `${best}/${n}`,
  merge: (a, b) => ({ best: Math.max(a.best, b.best), n: a.n + b.n }),
  mergeable: true,
};
/** A set as a mask: a merge that changes what it is given. */
const seen: AggregateFunction<Rec, { mask: number[] }, string> = {
  createAccumulator: () => ({ mask: [0] }),
  add(rec, accumulator) {
    accumulator.mask[0] |= 1 << (Math.abs(Math.trunc(rec.v)) % 30);
    return accumulator;
  },
  getResult(accumulator) {
    return accumulator.mask[0].toString(2);
  },
  merge(a, b) {
    a.mask[0] |= b.mask[0];
    b.mask[0] = -1;
    return a;
  },
  mergeable: true,
};
const path: AggregateFunction<Rec, string, string> = {
  createAccumulator: () => "",
  add: (rec, text) => `${text}.${rec.v}`,
  getResult: (text) => text,
  merge: (a, b) => `(${a}|${b})`,
};
const mean: AggregateFunction<Rec, [sum: number, n: number], number> = {
  createAccumulator: () => [0, 0],
  add: (rec, [sum, n]) => [sum + rec.v, n + 1],
  getResult: ([sum, n]) => sum / n,
  merge: ([a, m], [b, n]) => [a + b, m + n],
};
const keeping: AggregateFunction<Rec, { all: Rec[] }, string> = {
  createAccumulator: () => ({ all: [] }),
  add(rec, accumulator) {
    accumulator.all.push(rec);
    return accumulator;
  },
  getResult: ({ all }) => all.map((rec) => rec.v).join("+"),
  merge: (a, b) => ({ all: [...a.all, ...b.all] }),
};
const CONTENTS: Readonly<Record<string, WindowContent>> = {
  list,
  count: { kind: "aggregate", fn: count },
  largest: { kind: "aggregate", fn: largest },
  seen: { kind: "aggregate", fn: seen },
  path: { kind: "aggregate", fn: path },
  mean: { kind: "aggregate", fn: mean },
  keeping: { kind: "aggregate", fn: keeping },
  "float sum": { kind: "reduce", fn: (a: Rec, b: Rec): Rec => ({ ...a, v: a.v + b.v }) },
  "changes the right one": {
    kind: "reduce",
    fn(a: Rec, b: Rec): Rec {
      b.v -= a.v;
      return b;
    },
  },
  last: { kind: "reduce", fn: (_: Rec, b: Rec): Rec => b },
};
const FUNCTIONS: readonly WindowOperatorOptions["fn"][] = [passthrough, {
  kind: "process",
  fn: {
    process: (key, ctx, elements, out) => out.collect([key, windowText(ctx.window()), [...elements]]),
  },
}];

const length = fc.integer({ min: 1, max: 20 });
const assigners = fc.oneof(
  length.map((size) => () => TumblingEventTimeWindows.of(size)),
  fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 9 })).map(([size, slide]) => () =>
    SlidingEventTimeWindows.of(size, slide)
  ),
  fc.tuple(fc.integer({ min: 2, max: 100 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: -2, max: 2 }))
    .filter(([, slide, offset]) => Math.abs(offset) < slide)
    .map(([ratio, slide, offset]) => () => SlidingEventTimeWindows.of(ratio * slide, slide, offset)),
  fc.tuple(fc.integer({ min: 1, max: 12 }), length).map(([steps, step]) => () =>
    CumulativeEventTimeWindows.of(steps * step, step)
  ),
  length.map((gap) => () => EventTimeSessionWindows.withGap(gap)),
  fc.constant(() => EventTimeSessionWindows.withDynamicGap((rec: Rec) => rec.gap)),
  length.map((size) => () => TumblingProcessingTimeWindows.of(size)),
  fc.tuple(length, length).map(([size, slide]) => () => SlidingProcessingTimeWindows.of(size, slide)),
  fc.tuple(fc.integer({ min: 1, max: 6 }), length).map(([steps, step]) => () =>
    CumulativeProcessingTimeWindows.of(steps * step, step)
  ),
  length.map((gap) => () => ProcessingTimeSessionWindows.withGap(gap)),
);

type Op =
  | { readonly op: "record"; readonly k: number; readonly v: number; readonly behind: number; readonly gap: number }
  | { readonly op: "nothing"; readonly behind: number }
  | { readonly op: "watermark" | "clock"; readonly by: number }
  | { readonly op: "restore"; readonly parallelism: number; readonly inTheMiddle: number };
const ops: fc.Arbitrary<Op[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        op: fc.constant("record" as const),
        k: fc.integer({ min: 0, max: KEYS.length - 1 }),
        v: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(0.1, 1e16, -1e16, 1e-9)),
        behind: fc.integer({ min: -8, max: 40 }),
        gap: length,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ op: fc.constant("nothing" as const), behind: fc.integer({ min: -8, max: 40 }) }),
    },
    { weight: 3, arbitrary: fc.record({ op: fc.constant("watermark" as const), by: fc.integer({ min: 0, max: 12 }) }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant("clock" as const), by: fc.integer({ min: 0, max: 12 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        op: fc.constant("restore" as const),
        parallelism: fc.integer({ min: 1, max: 3 }),
        inTheMiddle: fc.integer({ min: -3, max: 5 }),
      }),
    },
  ),
  { minLength: 5, maxLength: 90 },
);

class Harness extends KeyedOneInputStreamOperatorTestHarness<Key, Rec, unknown> {
  constructor(options: WindowOperatorOptions, harness: HarnessOptions) {
    super(windowOperator(options), (rec) => KEYS[rec?.k ?? 0], harness);
  }
  /** Fires up to `steps` timers of a watermark. */
  advance(watermark: number, steps: number): void {
    this.runNow("watermark", (operator) => operator.processWatermark(watermark));
    for (let i = 1; i < steps && !this.resumeOnce(); i++);
  }
}

/** Runs a script on all subtasks and keeps what came out of each in order. */
class Run {
  readonly log: unknown[] = [];
  #subtasks: Harness[] = [];
  #watermark = -50;
  #clock = 0;
  #made = 0;

  /** @param isSorted The order of outputs does not count. */
  constructor(
    readonly options: () => WindowOperatorOptions,
    readonly way: (made: number) => HarnessOptions["config"],
    readonly isSorted: boolean,
  ) {
    this.#start(1, undefined);
  }

  #start(parallelism: number, snapshots: readonly HarnessSnapshot[] | undefined): void {
    const states = snapshots && redistribute(snapshots, MAX_PARALLELISM, parallelism);
    const config = this.way(this.#made++);
    this.#subtasks = Array.from({ length: parallelism }, (_, subtaskIndex) => {
      const harness = new Harness(this.options(), {
        parallelism,
        subtaskIndex,
        maxParallelism: MAX_PARALLELISM,
        config,
        proceed: () => false,
      });
      harness.seams.clock.jumpTo(this.#clock);
      harness.initializeState(states && { checkpointId: 1, ...states[subtaskIndex] });
      harness.open();
      return harness;
    });
  }

  run(given: readonly Op[]): void {
    for (const op of given) {
      switch (op.op) {
        case "record": {
          const { k, v, gap } = op;
          const subtask = subtaskForKey(KEYS[k], MAX_PARALLELISM, this.#subtasks.length);
          this.#subtasks[subtask].processElement({ k, v, gap }, this.#watermark + 25 - op.behind);
          break;
        }
        case "nothing": {
          // Clears what is in its windows. As element of a list it is refused, and it has no gap.
          const { content, assigner } = this.options();
          if (content.kind === "list" || String(assigner).startsWith("Dynamic")) break;
          const subtask = subtaskForKey(KEYS[0], MAX_PARALLELISM, this.#subtasks.length);
          this.#subtasks[subtask].processElement(null as never, this.#watermark + 25 - op.behind);
          break;
        }
        case "watermark":
          this.#watermark += op.by;
          for (const subtask of this.#subtasks) subtask.processWatermark(this.#watermark);
          break;
        case "clock":
          this.#clock += op.by;
          for (const subtask of this.#subtasks) subtask.setProcessingTime(this.#clock);
          break;
        case "restore":
          this.#restore(op);
      }
      this.#note();
    }
    for (const subtask of this.#subtasks) {
      subtask.processWatermark(MAX_WATERMARK);
      subtask.setProcessingTime(1e6);
    }
    this.#note();
    this.log.push(this.#subtasks.map((subtask) => [subtask.numKeyedStateEntries(), subtask.numEventTimeTimers()]));
  }

  #restore({ parallelism: wanted, inTheMiddle }: { readonly parallelism: number; readonly inTheMiddle: number }): void {
    // With a lateness, timers of several subtasks that were set at the same time in each may come in another order.
    const parallelism = this.options().allowedLatenessMs === 0 ? wanted : 1;
    // Some timers of the next watermark have fired, the rest fires after the restore. Not with a lateness: which windows
    // have been dropped by then may differ, as it does not matter for results.
    if (inTheMiddle > 0 && this.options().allowedLatenessMs === 0 && !this.isSorted) {
      this.#watermark += 15;
      for (const subtask of this.#subtasks) subtask.advance(this.#watermark, inTheMiddle);
    }
    const snapshots = this.#subtasks.map((subtask) => subtask.snapshot());
    this.#note();
    this.#start(parallelism, snapshots);
    if (inTheMiddle !== 0) { for (const subtask of this.#subtasks) subtask.processWatermark(this.#watermark); }
  }

  #note(): void {
    this.#subtasks.forEach((subtask, i) => {
      const out: unknown[] = subtask.getOutput().map((element) =>
        element.kind === "record" ? [i, element.value, element.timestamp] : [i, element]
      );
      if (this.isSorted) out.sort((a, b) => show(a) < show(b) ? -1 : 1);
      this.log.push(...out);
      this.log.push(subtask.metrics.get("numLateRecordsDropped") ?? 0);
      for (const { value } of subtask.getSideOutput({ id: "late" } as never)) this.log.push(["late", value]);
      subtask.clearOutput();
    });
  }
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, part) => typeof part === "bigint" ? `${part}n` : part);
}

const WAYS: Readonly<Record<string, (made: number) => HarnessOptions["config"]>> = {
  "fast": () => ({}),
  "fast, then general": (made) => made % 2 === 0 ? {} : GENERAL_WAY,
  "general, then fast": (made) => made % 2 === 1 ? {} : GENERAL_WAY,
};

Deno.test("property: the fast ways of windows do what the general one does", () => {
  fc.assert(
    fc.property(
      assigners,
      fc.constantFrom(...Object.keys(CONTENTS)),
      fc.constantFrom(...FUNCTIONS),
      fc.constantFrom(0, 0, 1, 9),
      fc.boolean(),
      ops,
      (assigner, content, fn, allowedLatenessMs, sendsLate, given) => {
        const options = (): WindowOperatorOptions => ({
          assigner: assigner() as never,
          content: CONTENTS[content],
          fn,
          allowedLatenessMs,
          ...(sendsLate ? { lateTag: { id: "late" } as never } : {}),
        });
        // Sessions merge what they aggregate.
        if ("mergeWindows" in assigner() && content === "list" && fn === passthrough) return;
        // Slices number rows in another way than timers; where subtasks become one, their keys mix differently.
        const isMergeable = (CONTENTS[content] as { fn?: { mergeable?: boolean } }).fn?.mergeable === true;
        const isSorted = isMergeable && given.some((op) => op.op === "restore" && op.parallelism > 1);
        const general = new Run(options, () => GENERAL_WAY, isSorted);
        general.run(given);
        for (const [name, way] of Object.entries(WAYS)) {
          const run = new Run(options, way, isSorted);
          run.run(given);
          assert.deepEqual(run.log, general.log, `${name}: ${assigner()} ${content}`);
        }
      },
    ),
    { numRuns: Number(Deno.env.get("WINDOW_RUNS") ?? 400) },
  );
});
