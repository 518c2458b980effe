/**
 * Random out-of-order records, watermarks and restores against brute force: a list of open windows, searched from end to
 * end, without timers, triggers, namespaces or state windows.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { EventTimeTrigger, PurgingTrigger } from "../../functions/windowing/triggers.ts";
import {
  CumulativeEventTimeWindows,
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
} from "../../functions/windowing/window_assigners.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../../types/stream_element.ts";
import type { WindowOperatorOptions } from "./window_operator.ts";
import { list, type Rec, show, sum, WindowHarness } from "./window_script_test.ts";

interface Span {
  readonly start: number;
  readonly end: number;
}
interface OpenWindow extends Span {
  readonly k: string;
  values: number[];
}

/** What the window is, said another way. */
interface Model {
  readonly name: string;
  readonly assigner: WindowOperatorOptions["assigner"];
  readonly spans: (t: number) => Span[];
  readonly merges: boolean;
}

/** All spans of a grid that contain t, by trying every start nearby. */
function gridSpans(t: number, size: number, isStart: (start: number) => boolean): Span[] {
  const spans: Span[] = [];
  for (let start = t - size + 1; start <= t; start++) if (isStart(start)) spans.push({ start, end: start + size });
  return spans;
}
const mod = (n: number, m: number) => ((n % m) + m) % m;

const models: fc.Arbitrary<Model> = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: -8, max: 8 })).filter(([s, o]) => Math.abs(o) < s).map((
    [size, offset],
  ) => ({
    name: `tumbling ${size} ${offset}`,
    assigner: TumblingEventTimeWindows.of(size, offset),
    spans: (t: number) => gridSpans(t, size, (start) => mod(start - offset, size) === 0),
    merges: false,
  })),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 6 })).map(([size, slide]) => ({
    name: `sliding ${size} ${slide}`,
    assigner: SlidingEventTimeWindows.of(size, slide),
    spans: (t: number) => gridSpans(t, size, (start) => mod(start, slide) === 0),
    merges: false,
  })),
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })).map(([steps, step]) => ({
    name: `cumulative ${steps * step} ${step}`,
    assigner: CumulativeEventTimeWindows.of(steps * step, step),
    spans: (t: number) =>
      gridSpans(t, steps * step, (start) => mod(start, steps * step) === 0).flatMap(({ start }) =>
        Array.from({ length: steps }, (_, i) => ({ start, end: start + (i + 1) * step })).filter(({ end }) => end > t)
      ),
    merges: false,
  })),
  fc.integer({ min: 1, max: 5 }).map((gap) => ({
    name: `session ${gap}`,
    assigner: EventTimeSessionWindows.withGap(gap),
    spans: (t: number) => [{ start: t, end: t + gap }],
    merges: true,
  })),
);

class Oracle {
  #open: OpenWindow[] = [];
  #watermark = MIN_WATERMARK;
  dropped = 0;
  constructor(readonly model: Model, readonly lateness: number, readonly purges: boolean) {}

  element(k: string, v: number, t: number): string[] {
    const fired: string[] = [];
    let isTaken = false;
    for (const span of this.model.spans(t)) {
      let at: OpenWindow = { k, ...span, values: [] };
      let rest = this.#open;
      for (let grown = true; grown;) {
        const same = (o: OpenWindow) =>
          o.k === k &&
          (this.model.merges ? o.start <= at.end && at.start <= o.end : o.start === at.start && o.end === at.end);
        const part = rest.find(same);
        grown = part !== undefined;
        if (part === undefined) break;
        rest = rest.filter((o) => o !== part);
        const [start, end] = [Math.min(at.start, part.start), Math.max(at.end, part.end)];
        at = { k, start, end, values: [...at.values, ...part.values] };
      }
      if (at.end - 1 + this.lateness <= this.#watermark) continue;
      isTaken = true;
      at.values.push(v);
      this.#open = [...rest, at];
      if (at.end - 1 <= this.#watermark) fired.push(...this.#fire(at));
    }
    if (!isTaken && t + this.lateness <= this.#watermark) this.dropped++;
    return fired.sort();
  }

  watermark(next: number): string[] {
    const due = this.#open.filter(({ end }) => this.#watermark < end - 1 && end - 1 <= next);
    this.#watermark = next;
    const fired = due.flatMap((window) => this.#fire(window));
    this.#open = this.#open.filter(({ end }) => end - 1 + this.lateness > next);
    return fired.sort();
  }

  #fire(window: OpenWindow): string[] {
    if (window.values.length === 0) return [];
    const text = fired(window.k, window.values, window);
    if (this.purges) window.values = [];
    return [text];
  }
}

function fired(k: string, values: number[], { start, end }: Span): string {
  return `${k}=${values.toSorted((a, b) => a - b).join("+")}[${start}..${end})@${end - 1}`;
}

type Op = { readonly op: "element"; readonly k: string; readonly t: number } | {
  readonly op: "advance";
  readonly by: number;
} | {
  readonly op: "restore";
};
const ops: fc.Arbitrary<Op[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        op: fc.constant("element" as const),
        k: fc.constantFrom("a", "b"),
        t: fc.integer({ min: -15, max: 15 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ op: fc.constant("advance" as const), by: fc.integer({ min: 0, max: 6 }) }) },
    { weight: 1, arbitrary: fc.constant({ op: "restore" as const }) },
  ),
  { maxLength: 60 },
);

Deno.test("property: windows with lateness equal brute force, through restores, and leave nothing", () => {
  const lateness = fc.constantFrom(0, 0, 1, 3, 7, 100);
  fc.assert(
    fc.property(
      models,
      lateness,
      fc.boolean(),
      fc.boolean(),
      ops,
      (model, allowedLatenessMs, purges, isCruel, given) => {
        const trigger = purges ? PurgingTrigger.of(EventTimeTrigger.create()) : EventTimeTrigger.create();
        const options = { assigner: model.assigner, trigger, allowedLatenessMs, content: list, fn: show };
        let asked = 0;
        const make = () => new WindowHarness(options, isCruel ? { proceed: () => asked++ % 2 === 1 } : {});
        let harness = make();
        let dropped = 0;
        const oracle = new Oracle(model, allowedLatenessMs, purges);
        // Watermarks follow time from behind, so that some records are late and some are not.
        let watermark = -20;
        harness.processWatermark(watermark);
        oracle.watermark(watermark);
        harness.takeOutput(watermark);
        const late = () => Number(harness.metrics.get("numLateRecordsDropped") ?? 0);
        given.forEach((op, i) => {
          let expected: string[] = [];
          if (op.op === "element") {
            const t = op.t + watermark + 12;
            harness.processElement({ k: op.k, v: i } satisfies Rec, t);
            expected = oracle.element(op.k, i, t);
            assert.deepEqual(sorted(harness.takeOutput()), expected, `${model.name}: ${op.k}${i}@${t} at ${watermark}`);
          } else if (op.op === "advance") {
            watermark += op.by;
            harness.processWatermark(watermark);
            expected = oracle.watermark(watermark);
            assert.deepEqual(
              sorted(harness.takeOutput(op.by > 0 ? watermark : undefined)),
              expected,
              `${model.name}: wm ${watermark}`,
            );
          } else {
            dropped += late();
            const snapshot = harness.snapshot();
            harness = make();
            harness.initializeState(snapshot);
            harness.processWatermark(watermark);
            assert.equal(harness.takeOutput(watermark), "");
          }
          assert.equal(dropped + late(), oracle.dropped);
        });
        harness.processWatermark(MAX_WATERMARK);
        assert.deepEqual(sorted(harness.takeOutput(MAX_WATERMARK)), oracle.watermark(MAX_WATERMARK));
        assert.deepEqual([harness.numKeyedStateEntries(), harness.numEventTimeTimers()], [0, 0]);
      },
    ),
    { numRuns: 300 },
  );
});

/** Outputs as a sorted list, values within a window sorted: merging orders them by the age of the parts. */
function sorted(output: string): string[] {
  if (output === "") return [];
  return output.split(" ").map((text) => {
    const match = /^(\w)=([\d+]*)\[(-?\d+)\.\.(-?\d+)\)@(-?\d+)$/.exec(text);
    assert.ok(match !== null, text);
    assert.equal(Number(match[5]), Number(match[4]) - 1);
    return fired(match[1], match[2].split("+").map(Number), { start: +match[3], end: +match[4] });
  }).sort();
}

Deno.test("property: pre-aggregation gives what the list gives", () => {
  fc.assert(
    fc.property(models, fc.constantFrom(0, 2, 50), ops, (model, allowedLatenessMs, given) => {
      const total = (texts: string) =>
        texts.replaceAll(/=([\d+]+)\[/g, (_, values: string) => `=${values.split("+").reduce((a, b) => a + +b, 0)}[`);
      const outputs = [list, sum].map((content) => {
        const harness = new WindowHarness({ assigner: model.assigner, allowedLatenessMs, content, fn: show });
        let watermark = 0;
        given.forEach((op, i) => {
          if (op.op === "element") harness.processElement({ k: op.k, v: i }, op.t + watermark);
          else if (op.op === "advance") harness.processWatermark(watermark += op.by);
        });
        harness.processWatermark(MAX_WATERMARK);
        return harness.extractOutputStreamRecords().map(({ value, timestamp }) => total(`${value}@${timestamp}`));
      });
      assert.deepEqual(outputs[1], outputs[0]);
    }),
    { numRuns: 100 },
  );
});
