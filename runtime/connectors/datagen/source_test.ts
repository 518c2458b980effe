import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type { Cancel, Clock } from "../../seams/clock.ts";
import { perSubtask } from "../../functions/rich_function.ts";
import { sourceConformance } from "../../testing/conformance.ts";
import { SourceRun } from "../../testing/source_run.ts";
import { RateLimiterStrategy } from "./rate_limiter.ts";
import { DataGeneratorSource } from "./source.ts";

/** Time that moves to the next planned call as soon as somebody waits for it. */
class JumpingClock implements Clock {
  ms = 0;
  #jumping = false;
  #planned: { due: number; fn: () => void }[] = [];
  now(): number {
    return this.ms;
  }
  monotonic(): number {
    return this.ms;
  }
  after(ms: number, fn: () => void): Cancel {
    const call = { due: this.ms + Math.max(ms, 0), fn };
    this.#planned.push(call);
    if (!this.#jumping) setImmediate(() => this.#jump());
    this.#jumping = true;
    return () => this.#planned = this.#planned.filter((other) => other !== call);
  }
  #jump(): void {
    const next = this.#planned.sort((a, b) => a.due - b.due).shift();
    this.#jumping = this.#planned.length > 0;
    if (this.#jumping) setImmediate(() => this.#jump());
    if (next === undefined) return;
    this.ms = Math.max(this.ms, next.due);
    next.fn();
  }
}

const make = (): DataGeneratorSource<string> => new DataGeneratorSource((index) => `#${index}`, 30);
const expected = Array.from({ length: 30 }, (_, i) => `#${i}`);
for (const test of sourceConformance("generator", make, expected, { ordered: true })) Deno.test(test);
const gated = (): DataGeneratorSource<string> =>
  new DataGeneratorSource((index) => `#${index}`, 9, RateLimiterStrategy.perSecond(100_000));
for (const test of sourceConformance("limited generator", gated, expected.slice(0, 9))) Deno.test(test);

Deno.test("records per second are evenly spaced and shared by the subtasks", async () => {
  for (const [parallelism, spacing] of [[1, 100], [2, 200]]) {
    const clock = new JumpingClock();
    const times: number[] = [];
    const source = new DataGeneratorSource(
      (index) => (times.push(clock.ms), index),
      5 * parallelism,
      RateLimiterStrategy.perSecond(10),
    );
    const run = new SourceRun(source, { parallelism, clock, stallLimitMs: 10_000 });
    await run.run();
    const wanted = Array.from({ length: 5 * parallelism }, (_, i) => Math.floor(i / parallelism) * spacing);
    assert.deepEqual(times.map(Math.round), wanted);
    await run.close();
  }
});

Deno.test("at most one second's worth is made up for", () => {
  const clock = new JumpingClock();
  const gate = RateLimiterStrategy.perSecond(10).createGate(1, clock)!;
  const burst = (): number => {
    let count = 0;
    while (gate.tryAcquire()) count++;
    return count;
  };
  assert.equal(burst(), 1);
  clock.ms = 450;
  assert.equal(burst(), 4);
  clock.ms = 60_000;
  assert.equal(burst(), 11);
  clock.ms = 60_099;
  assert.equal(burst(), 0);
  clock.ms = 60_100;
  assert.equal(burst(), 1);
});

Deno.test("records per checkpoint wait for the checkpoint to complete", async () => {
  const source = new DataGeneratorSource((index) => index, 5, RateLimiterStrategy.perCheckpoint(2));
  const run = new SourceRun(source, { stallLimitMs: 20 });
  for (const count of [2, 4]) {
    await assert.rejects(run.run(), { code: "TSF-3060" });
    assert.equal(run.values.length, count);
    run.completeCheckpoint();
  }
  await run.run();
  assert.deepEqual(run.values, [0, 1, 2, 3, 4]);
  await run.close();
});

Deno.test("a function per subtask keeps its own state", async () => {
  const source = new DataGeneratorSource(
    perSubtask(() => {
      let calls = 0;
      return () => calls++;
    }),
    6,
  );
  const run = new SourceRun(source, { parallelism: 2 });
  await run.run();
  assert.deepEqual(run.values.sort(), [0, 0, 1, 1, 2, 2]);
  await run.close();
});

Deno.test("what can go wrong has a code", async () => {
  assert.throws(() => new DataGeneratorSource((i) => i, -1), { code: "TSF-3016" });
  assert.throws(() => new DataGeneratorSource((i) => i, 1.5), { code: "TSF-3016" });
  assert.throws(() => new DataGeneratorSource(3 as never, 1), { code: "TSF-3016" });
  assert.throws(() => RateLimiterStrategy.perSecond(0), { code: "TSF-3016" });
  assert.throws(() => RateLimiterStrategy.perCheckpoint(0.5), { code: "TSF-3016" });
  const few = new DataGeneratorSource((i) => i, 9, RateLimiterStrategy.perCheckpoint(2));
  assert.throws(() => new SourceRun(few, { parallelism: 3 }), { code: "TSF-3016" });
  const failing = new SourceRun(
    new DataGeneratorSource((i) => {
      if (i === 2) throw new Error("three is too many");
      return i;
    }, 5),
  );
  await assert.rejects(failing.run(), (error: Error & { code?: string; userLine?: string }) => {
    assert.equal(error.code, "TSF-3050");
    assert.match(error.message, /index 2[\s\S]*three is too many/);
    assert.match(error.userLine ?? "", /source_test\.ts/);
    return true;
  });
  assert.deepEqual(failing.values, [0, 1]);
  const waiting = new SourceRun(new DataGeneratorSource(() => Promise.resolve(1), 1));
  await assert.rejects(waiting.run(), { code: "TSF-2002" });
});

Deno.test("a count of none ends at once", async () => {
  const run = new SourceRun(new DataGeneratorSource((i) => i, 0), { parallelism: 2 });
  await run.run();
  assert.deepEqual(run.values, []);
  await run.close();
});
