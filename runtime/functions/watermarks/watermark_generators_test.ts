/** Generators and the pausable clock against slow oracles that keep the whole history. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { MIN_WATERMARK } from "../../types/stream_element.ts";
import {
  AscendingTimestampsWatermarks,
  BoundedOutOfOrdernessWatermarks,
  PausableRelativeClock,
  WatermarksWithIdleness,
} from "./watermark_generators.ts";
import type { WatermarkOutput } from "./watermark_strategy.ts";

class Recorder implements WatermarkOutput {
  readonly out: (number | string)[] = [];
  emitWatermark(timestamp: number): void {
    this.out.push(timestamp);
  }
  markIdle(): void {
    this.out.push("idle");
  }
  markActive(): void {
    this.out.push("active");
  }
}

/** An event with its timestamp, a periodic look, or time that passes. */
type Step = { event: number } | { look: true } | { pass: number };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ event: fc.integer({ min: -1000, max: 1000 }) }),
    fc.constant<Step>({ look: true }),
    fc.record({ pass: fc.nat(30) }),
  ),
  { maxLength: 60 },
);

Deno.test("a bounded generator says, at each look, the largest timestamp so far less the bound and one", () => {
  fc.assert(fc.property(steps, fc.oneof(fc.constant(0), fc.nat(500)), (script, bound) => {
    const generators = [
      new BoundedOutOfOrdernessWatermarks(bound),
      ...(bound === 0 ? [new AscendingTimestampsWatermarks()] : []),
    ];
    for (const generator of generators) {
      const output = new Recorder();
      const seen: number[] = [];
      const expected: number[] = [];
      for (const step of script) {
        if ("event" in step) {
          seen.push(step.event);
          generator.onEvent({}, step.event, output);
        } else if ("look" in step) {
          generator.onPeriodicEmit(output);
          expected.push(seen.length === 0 ? MIN_WATERMARK : Math.max(...seen) - bound - 1);
        }
      }
      assert.deepEqual(output.out, expected);
      assert.deepEqual(output.out, output.out.toSorted((a, b) => Number(a) - Number(b)), "never goes back");
    }
  }));
});

Deno.test("bounds and timestamps at the edges do not overflow", () => {
  const cases: readonly (readonly [bound: number, timestamps: number[], expected: number])[] = [
    [0, [Number.MAX_SAFE_INTEGER], Number.MAX_SAFE_INTEGER - 1],
    [2 ** 40, [], MIN_WATERMARK],
    [2 ** 40, [0], -(2 ** 40) - 1],
    [1, [MIN_WATERMARK], MIN_WATERMARK],
    [1, [MIN_WATERMARK + 2], MIN_WATERMARK],
    [1, [MIN_WATERMARK + 3], MIN_WATERMARK + 1],
  ];
  for (const [bound, timestamps, expected] of cases) {
    const generator = new BoundedOutOfOrdernessWatermarks(bound);
    const output = new Recorder();
    for (const timestamp of timestamps) generator.onEvent({}, timestamp, output);
    generator.onPeriodicEmit(output);
    assert.deepEqual(output.out, [expected], `${bound}: ${timestamps}`);
  }
});

/** What idleness says at each look, from the whole history. */
function idleness(script: readonly Step[], timeoutMs: number): string[] {
  const said: string[] = [];
  let now = 0;
  let eventsSinceLook = 0;
  /** When the first of the looks without an event between them was. */
  let quietSince: number | undefined;
  let isIdle = false;
  for (const step of script) {
    if ("pass" in step) now += step.pass;
    else if ("event" in step) {
      eventsSinceLook++;
      isIdle = false;
    } else if (eventsSinceLook > 0) {
      eventsSinceLook = 0;
      quietSince = undefined;
      said.push("watermark");
    } else {
      quietSince ??= now;
      if (now - quietSince <= timeoutMs) said.push("watermark");
      else if (!isIdle) {
        isIdle = true;
        said.push("idle");
      }
    }
  }
  return said;
}

Deno.test("idleness equals its slow description, over any history", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 60 }), (script, timeoutMs) => {
      let now = 0;
      const output = new Recorder();
      const inner = { onEvent: () => {}, onPeriodicEmit: (out: WatermarkOutput) => out.emitWatermark(1) };
      const generator = new WatermarksWithIdleness(inner, timeoutMs, { relativeTimeMs: () => now });
      for (const step of script) {
        if ("pass" in step) now += step.pass;
        else if ("event" in step) generator.onEvent({}, step.event, output);
        else generator.onPeriodicEmit(output);
      }
      assert.deepEqual(output.out.map((each) => each === 1 ? "watermark" : each), idleness(script, timeoutMs));
    }),
    { numRuns: 500 },
  );
});

Deno.test("what the inner generator emits on an event passes through idleness at once", () => {
  const output = new Recorder();
  const generator = new WatermarksWithIdleness<number>(
    { onEvent: (event, timestamp, out) => out.emitWatermark(event + timestamp), onPeriodicEmit: () => {} },
    1,
    { relativeTimeMs: () => 0 },
  );
  generator.onEvent(40, 2, output);
  assert.deepEqual(output.out, [42]);
});

Deno.test("a pausable clock shows the sum of the time in which nobody held it", () => {
  const step = fc.oneof(
    fc.record({ pass: fc.nat(100) }),
    fc.constant({ pause: true } as const),
    fc.constant({ unPause: true } as const),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 50 }), fc.nat(10_000), (script, start) => {
    let base = start;
    const clock = new PausableRelativeClock(() => base);
    let running = start;
    let holders = 0;
    for (const each of script) {
      if ("pass" in each) {
        base += each.pass;
        if (holders === 0) running += each.pass;
      } else if ("pause" in each) {
        holders++;
        clock.pause();
      } else if (holders === 0) {
        assert.throws(() => clock.unPause(), { code: "TSF-0001" });
      } else {
        holders--;
        clock.unPause();
      }
      assert.equal(clock.relativeTimeMs(), running);
    }
  }));
});
