import assert from "node:assert/strict";
import { MIN_WATERMARK, NO_TIMESTAMP } from "../../types/stream_element.ts";
import {
  AscendingTimestampsWatermarks,
  BoundedOutOfOrdernessWatermarks,
  NoWatermarksGenerator,
  PausableRelativeClock,
  WatermarkStrategy,
  WatermarksWithIdleness,
} from "./watermark_strategies.ts";
import type { WatermarkGenerator, WatermarkOutput } from "./watermark_strategy.ts";

class Recorder implements WatermarkOutput {
  out: (number | string)[] = [];
  emitWatermark(timestamp: number): void {
    this.out.push(timestamp);
  }
  markIdle(): void {
    this.out.push("idle");
  }
  markActive(): void {
    this.out.push("active");
  }
  take(): (number | string)[] {
    return this.out.splice(0);
  }
}

/** Events are numbers, "emit" is the periodic emission; gives what each emission made. */
function emissions(generator: WatermarkGenerator<unknown>, steps: readonly (number | "emit")[]): unknown[] {
  const output = new Recorder();
  for (const step of steps) {
    if (step === "emit") generator.onPeriodicEmit(output);
    else generator.onEvent({}, step, output);
  }
  return output.out;
}

const GENERATORS: readonly [string, () => WatermarkGenerator<unknown>, (number | "emit")[], unknown[]][] = [
  ["bounded: nothing seen", () => new BoundedOutOfOrdernessWatermarks(10), ["emit"], [MIN_WATERMARK]],
  ["bounded: max - bound - 1", () => new BoundedOutOfOrdernessWatermarks(10), [100, "emit"], [89]],
  ["bounded: repeats", () => new BoundedOutOfOrdernessWatermarks(10), [100, "emit", "emit"], [89, 89]],
  ["bounded: late ones change nothing", () => new BoundedOutOfOrdernessWatermarks(10), [12345, 12300, "emit"], [12334]],
  ["bounded: negative", () => new BoundedOutOfOrdernessWatermarks(10), [-5, "emit"], [-16]],
  ["bounded: no bound", () => new BoundedOutOfOrdernessWatermarks(0), [1337, "emit"], [1336]],
  ["bounded: no timestamp", () => new BoundedOutOfOrdernessWatermarks(10), [NO_TIMESTAMP, "emit"], [MIN_WATERMARK]],
  ["ascending", () => new AscendingTimestampsWatermarks(), [17, "emit", 17, "emit", 18, "emit"], [16, 16, 17]],
  ["none", () => new NoWatermarksGenerator(), [1, "emit"], []],
];
for (const [name, make, steps, expected] of GENERATORS) {
  Deno.test(`generator ${name}`, () => assert.deepEqual(emissions(make(), steps), expected));
}

Deno.test("a bounded generator never emits on an event", () => {
  assert.deepEqual(emissions(new BoundedOutOfOrdernessWatermarks(1), [5, 6, 7]), []);
});

Deno.test("idleness: strictly more than the timeout, counted from the first look without a record, told once", () => {
  let now = 0;
  const output = new Recorder();
  const generator = new WatermarksWithIdleness(new AscendingTimestampsWatermarks(), 10, { relativeTimeMs: () => now });
  const emit = () => (generator.onPeriodicEmit(output), output.take());
  assert.deepEqual(emit(), [MIN_WATERMARK], "the time starts at the first look");
  now = 10;
  assert.deepEqual(emit(), [MIN_WATERMARK], "exactly the timeout is not idle");
  now = 11;
  assert.deepEqual(emit(), ["idle"]);
  now = 50;
  assert.deepEqual(emit(), [], "told once");
  generator.onEvent({}, 100, output);
  assert.deepEqual(output.take(), []);
  assert.deepEqual(emit(), [99], "active again");
  now = 60;
  assert.deepEqual(emit(), [99], "the first look without a record");
  now = 70;
  assert.deepEqual(emit(), [99]);
  now = 71;
  assert.deepEqual(emit(), ["idle"]);
});

Deno.test("idleness: records between looks keep it active, though no time is seen to pass", () => {
  const output = new Recorder();
  let now = 0;
  const generator = new WatermarksWithIdleness(new NoWatermarksGenerator(), 5, { relativeTimeMs: () => now });
  for (; now < 100; now += 4) {
    generator.onEvent({}, now, output);
    generator.onPeriodicEmit(output);
  }
  assert.deepEqual(output.out, []);
});

Deno.test("a pausable clock stands still while paused, also nested", () => {
  let base = 1000;
  const clock = new PausableRelativeClock(() => base);
  const at = () => clock.relativeTimeMs();
  base += 5;
  assert.equal(at(), 1005);
  clock.pause();
  base += 10;
  assert.equal(at(), 1005);
  clock.pause();
  base += 10;
  clock.unPause();
  base += 10;
  assert.equal(at(), 1005, "still paused once");
  clock.unPause();
  base += 3;
  assert.equal(at(), 1008);
  assert.throws(() => clock.unPause(), { code: "TSF-0001" });
});

Deno.test("time under back pressure is no idleness", () => {
  let base = 0;
  const clock = new PausableRelativeClock(() => base);
  const output = new Recorder();
  const generator = new WatermarksWithIdleness(new NoWatermarksGenerator(), 10, clock);
  generator.onPeriodicEmit(output);
  clock.pause();
  base += 1000;
  generator.onPeriodicEmit(output);
  clock.unPause();
  base += 10;
  generator.onPeriodicEmit(output);
  assert.deepEqual(output.take(), []);
  base += 1;
  generator.onPeriodicEmit(output);
  assert.deepEqual(output.take(), ["idle"]);
});

const STILL = { relativeTimeMs: () => 0 };

Deno.test("strategies keep what earlier steps said and do not change each other", () => {
  const base = WatermarkStrategy.forBoundedOutOfOrderness<{ at: number }>("1 s");
  const full = base.withTimestampAssigner((event) => event.at).withIdleness(5).withWatermarkAlignment("g", "2 s");
  assert.deepEqual(full.alignment, { group: "g", maxDriftMs: 2000, updateIntervalMs: 1000 });
  assert.equal(base.alignment, undefined);
  assert.equal(full.createTimestampAssigner()({ at: 7 }, 3), 7);
  assert.equal(base.createTimestampAssigner()({ at: 7 }, 3), 3, "the record's own timestamp");
  assert.ok(full.createWatermarkGenerator(STILL) instanceof WatermarksWithIdleness);
  assert.ok(base.createWatermarkGenerator(STILL) instanceof BoundedOutOfOrdernessWatermarks);
  assert.notEqual(full.createWatermarkGenerator(STILL), full.createWatermarkGenerator(STILL));
  assert.deepEqual(emissions(full.createWatermarkGenerator(STILL), [5000, "emit"]), [3999]);
});

Deno.test("each way to make a strategy", () => {
  const made = {
    monotonous: WatermarkStrategy.forMonotonousTimestamps(),
    none: WatermarkStrategy.noWatermarks(),
    own: WatermarkStrategy.forGenerator(() => ({
      onEvent: (_event, timestamp, output) => output.emitWatermark(timestamp * 2),
      onPeriodicEmit: () => {},
    })),
  };
  const run = (strategy: WatermarkStrategy<unknown>) =>
    emissions(strategy.createWatermarkGenerator(STILL), [5, "emit"]);
  assert.deepEqual(Object.values(made).map(run), [[4], [], [10]]);
});

Deno.test("the plain-object form", () => {
  const strategy = WatermarkStrategy.from<{ at: number }>({
    timestamp: (event) => event.at,
    outOfOrderness: "2 ms",
    idleness: 10,
    alignment: { group: "g", maxDrift: 3, updateInterval: 4 },
  });
  assert.equal(strategy.createTimestampAssigner()({ at: 9 }, 0), 9);
  assert.deepEqual(strategy.alignment, { group: "g", maxDriftMs: 3, updateIntervalMs: 4 });
  assert.deepEqual(emissions(strategy.createWatermarkGenerator(STILL), [9, "emit"]), [6]);
  assert.equal(WatermarkStrategy.from(strategy), strategy);
  const empty = WatermarkStrategy.from({});
  assert.equal(empty.createTimestampAssigner()({}, 4), 4);
  assert.deepEqual(emissions(empty.createWatermarkGenerator(STILL), [9, "emit"]), [8]);
  assert.equal(empty.alignment, undefined);
});

const REFUSED: readonly [string, () => unknown][] = [
  ["negative bound", () => WatermarkStrategy.forBoundedOutOfOrderness(-1)],
  ["no idle time", () => WatermarkStrategy.noWatermarks().withIdleness(0)],
  ["negative idle time", () => WatermarkStrategy.noWatermarks().withIdleness(-5)],
  ["negative drift", () => WatermarkStrategy.noWatermarks().withWatermarkAlignment("g", -1)],
  ["no update interval", () => WatermarkStrategy.noWatermarks().withWatermarkAlignment("g", 0, 0)],
  ["in the plain form", () => WatermarkStrategy.from({ idleness: 0 })],
];
for (const [name, make] of REFUSED) {
  Deno.test(`a strategy refuses: ${name}`, () => {
    assert.throws(make, (error: { code: string }) => error.code === "TSF-1350" || /negative/.test(String(error)));
  });
}
