import assert from "node:assert/strict";
import { type FlinkError, IntCounter, RichMapFunction } from "tsflink";
import { RecordingSink, testEnvironment } from "tsflink/testing";

const FIXED = (attempts: number) => ({
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": attempts,
  "restart-strategy.fixed-delay.delay": "3 s",
});

/** Fails at given calls, over all attempts. */
class Tripwire {
  calls = 0;
  constructor(readonly failAt: readonly number[]) {}
  readonly pass = <T>(value: T): T => {
    if (this.failAt.includes(++this.calls)) throw new Error(`call ${this.calls}`);
    return value;
  };
}
class Counting extends RichMapFunction<number, number> {
  readonly counter = new IntCounter();
  override open(): void {
    this.getRuntimeContext().addAccumulator("seen", this.counter);
  }
  override map(n: number): number {
    this.counter.add(1);
    return n;
  }
}

Deno.test("in this isolate, too, only the region that fails runs again; nothing counts twice", async () => {
  for (const failAt of [[], [1], [3], [5], [3, 7], [5, 6, 7]]) {
    const { env, clock } = testEnvironment({ configuration: FIXED(3) });
    const wire = new Tripwire(failAt);
    const steady = new Tripwire([]);
    const sink = new RecordingSink<number>();
    env.fromData(1, 2, 3).map((n) => steady.pass(n)).map(new Counting()).sinkTo(sink);
    env.fromData(1, 2, 3, 4, 5).keyBy((n) => n % 2).map((n) => wire.pass(n)).map(new Counting()).sinkTo(sink);
    const result = await env.execute();
    assert.equal(steady.calls, 3, `${failAt}: the other region ran once`);
    assert.equal(result.getAccumulatorResult("seen"), 8, `${failAt}`);
    assert.ok(clock.now() >= 3000 * failAt.length, `${failAt}: it waited before each attempt`);
    assert.deepEqual(
      sink.values.slice(-5).toSorted(),
      failAt.length === 0 ? sink.values.slice(-5).toSorted() : [1, 2, 3, 4, 5],
    );
  }
});

Deno.test("in this isolate: rows of a bounded job come once, whatever attempts it took", async () => {
  const { env } = testEnvironment({ configuration: FIXED(2) });
  const wire = new Tripwire([2, 4]);
  const rows = await env.fromData(1, 2, 3).map((n) => wire.pass(n)).executeAndCollect();
  assert.deepEqual([rows, wire.calls], [[1, 2, 3], 7]);
});

Deno.test("in this isolate: no attempt is left, the last reason counts; without a strategy the first one does", async () => {
  for (const [configuration, expected] of [[FIXED(1), "call 2"], [{}, "call 1"]] as const) {
    const { env } = testEnvironment({ configuration });
    const wire = new Tripwire([1, 2]);
    env.fromData(1).map((n) => wire.pass(n)).sinkTo(new RecordingSink<number>());
    const error = await env.execute().then(() => undefined, (error: FlinkError) => error);
    assert.match(String(error?.message), new RegExp(expected));
  }
});
