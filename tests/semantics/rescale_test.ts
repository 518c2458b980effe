/** Partitioners, and keyed state at another parallelism: every key's state and timers come where its records go. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Collector,
  type DataStream,
  type Key,
  RichMapFunction,
  Types,
  valueState,
  WatermarkStrategy,
} from "tsflink";
import {
  Gate,
  type HarnessSnapshot,
  KeyedOneInputStreamOperatorTestHarness,
  RecordingSink,
  repartitionOperatorState,
  scriptedSource,
  type ScriptStep,
  testEnvironment,
  type TestSnapshot,
} from "tsflink/testing";
import { keyedProcessOperator } from "../../runtime/operators/keyed_process.ts";
import { keyGroupRange, subtaskForKey } from "../../runtime/types/key_group.ts";

// deno-lint-ignore no-explicit-any -- contexts and keys of any form
type Any = any;

/** Says which subtask got a value. */
class Where extends RichMapFunction<number, string> {
  map(value: number): string {
    return `${value}:${this.getRuntimeContext().getTaskInfo().indexOfThisSubtask}`;
  }
}
async function whereFrom(
  build: (s: DataStream<number>) => DataStream<number>,
  options: { readonly from?: number; readonly to: number; readonly count?: number },
): Promise<string[][]> {
  const { env } = testEnvironment();
  const count = options.count ?? 12;
  const found = await build(
    env.fromSequence(0, count - 1).setParallelism(1).rebalance().map((v) => v).setParallelism(options.from ?? 1),
  ).map(new Where()).setParallelism(options.to).executeAndCollect();
  const perSubtask: string[][] = Array.from({ length: options.to }, () => []);
  for (const text of found) perSubtask[+text.split(":")[1]].push(text.split(":")[0]);
  return perSubtask;
}
const sizes = (found: string[][]) => found.map((own) => own.length).join();

Deno.test("partitioners: who gets how much", async () => {
  assert.equal(sizes(await whereFrom((s) => s.rebalance(), { to: 4 })), "3,3,3,3");
  assert.equal(sizes(await whereFrom((s) => s.rebalance(), { to: 1 })), "12");
  assert.equal(sizes(await whereFrom((s) => s.rebalance(), { from: 3, to: 4, count: 48 })), "12,12,12,12");
  assert.equal(sizes(await whereFrom((s) => s.rescale(), { to: 4 })), "3,3,3,3");
  assert.equal(sizes(await whereFrom((s) => s.broadcast(), { to: 3 })), "12,12,12");
  assert.equal(sizes(await whereFrom((s) => s.broadcast(), { from: 2, to: 3 })), "12,12,12");
  assert.equal(sizes(await whereFrom((s) => s.global(), { from: 2, to: 3 })), "12,0,0");
  assert.equal(sizes(await whereFrom((s) => s.shuffle(), { to: 1 })), "12");
  const shuffled = (await whereFrom((s) => s.shuffle(), { to: 3, count: 300 })).map((own) => own.length);
  assert.ok(shuffled.every((n) => n > 60 && n < 140), String(shuffled));
  // forward keeps its subtask; so does a chain of operators of equal parallelism without any partitioner.
  for (const build of [(s: DataStream<number>) => s.forward(), (s: DataStream<number>) => s]) {
    assert.equal(sizes(await whereFrom(build, { from: 3, to: 3 })), "4,4,4");
  }
  // rescale connects a part of the subtasks: 2 to 4 gives each sender two receivers, 4 to 2 each receiver two senders.
  const up = await whereFrom((s) => s.rescale(), { from: 2, to: 4 });
  const parity = up.map((own) => [...new Set(own.map((v) => +v % 2))]);
  assert.deepEqual([parity[0], parity[2]].map((p) => p.length), [1, 1]);
  assert.deepEqual([parity[0], parity[2]], [parity[1], parity[3]]);
  assert.equal(sizes(await whereFrom((s) => s.rescale(), { from: 4, to: 2 })), "6,6");
});

Deno.test("partitioners: rescale starts with the first of its receivers, in turns", async () => {
  const found = await whereFrom((s) => s.rescale(), { to: 3, count: 7 });
  assert.deepEqual(found, [["0", "3", "6"], ["1", "4"], ["2", "5"]]);
});

Deno.test("partitioners: of the user", async () => {
  const custom = await whereFrom((s) => s.partitionCustom((key: number, n) => key % n, (v) => v * 2), {
    to: 4,
    count: 8,
  });
  assert.deepEqual(custom, [["0", "2", "4", "6"], [], ["1", "3", "5", "7"], []]);
  for (const wrong of [-1, 3, 0.5, NaN, "0", undefined]) {
    await assert.rejects(whereFrom((s) => s.partitionCustom(() => wrong as number, (v) => v), { to: 3 }), {
      code: "TSF-2121",
    });
  }
  await assert.rejects(
    whereFrom((s) =>
      s.partitionCustom(() => {
        throw new Error("mine");
      }, (v) => v), { to: 3 }),
    /mine/,
  );
});

Deno.test("partitioners: keyBy sends a key to the subtask of its key group", async () => {
  for (const parallelism of [1, 2, 3, 7]) {
    for (const maxParallelism of [undefined, 16]) {
      const { env } = testEnvironment({ parallelism });
      if (maxParallelism !== undefined) env.setMaxParallelism(maxParallelism);
      const keys = Array.from({ length: 40 }, (_, i) => `key ${i}`);
      const found = await env.fromData(keys).keyBy((k) => k).process({
        processElement: (value: string, _ctx: Any, out: Collector<string>) => out.collect(value),
      }).map({
        where: 0,
        open(context: Any) {
          this.where = context.getTaskInfo().indexOfThisSubtask;
        },
        map(value: string) {
          return [value, this.where] as const;
        },
      } as Any).executeAndCollect() as [string, number][];
      assert.equal(found.length, 40);
      for (const [key, subtask] of found) {
        assert.equal(subtask, subtaskForKey(key, maxParallelism ?? 128, parallelism), `${key} at ${parallelism}`);
      }
    }
  }
});

// Counts per key and rings at 100; restored at every other parallelism nothing is lost or doubled.
const counting = {
  state: { count: valueState({ defaultValue: 0 }) },
  processElement(key: Key, ctx: Any, out: Collector<string>) {
    ctx.state.count.update(ctx.state.count.value() + 1);
    ctx.timerService().registerEventTimeTimer(100);
    ctx.timerService().registerProcessingTimeTimer(50);
    out.collect(`${JSON.stringify(key)}${ctx.state.count.value()}`);
  },
  onTimer(timestamp: number, ctx: Any, out: Collector<string>) {
    out.collect(`${timestamp}:${JSON.stringify(ctx.getCurrentKey())}${ctx.state.count.value()}`);
  },
};
function subtasks(parallelism: number, maxParallelism: number, from?: readonly HarnessSnapshot[]) {
  return Array.from({ length: parallelism }, (_, subtaskIndex) => {
    const harness = new KeyedOneInputStreamOperatorTestHarness<Key, Key, string>(
      keyedProcessOperator(counting as Any),
      (key) => key,
      { parallelism, maxParallelism, subtaskIndex },
    );
    harness.initializeState(from && repartitionOperatorState(from, { maxParallelism, parallelism, subtaskIndex }));
    harness.open();
    return harness;
  });
}
const anyKey: fc.Arbitrary<Key> = fc.oneof(
  fc.string({ maxLength: 5 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => v === 0 ? 0 : v),
  fc.boolean(),
  fc.tuple(fc.string({ maxLength: 3 }), fc.nat(5)),
  fc.record({ a: fc.nat(3), b: fc.string({ maxLength: 2 }) }, { noNullPrototype: true }),
);

Deno.test("rescaling: state and timers of any keys, from any parallelism to any other", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyKey, { maxLength: 12, selector: (key) => JSON.stringify(key) }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(8, 128),
      (keys, before, after, maxParallelism) => {
        const owner = (key: Key, parallelism: number) => subtaskForKey(key, maxParallelism, parallelism);
        const old = subtasks(before, maxParallelism);
        for (const key of keys) for (let i = 0; i < 2; i++) old[owner(key, before)].processElement(key);
        const restored = subtasks(after, maxParallelism, old.map((h) => h.snapshot()));
        for (const key of keys) restored[owner(key, after)].processElement(key);
        assert.deepEqual(
          restored.flatMap((h) => h.extractOutputValues()).sort(),
          keys.map((key) => `${JSON.stringify(key)}3`).sort(),
        );
        for (const harness of restored) {
          harness.clearOutput();
          harness.setProcessingTime(50);
          harness.processWatermark(100);
        }
        assert.deepEqual(
          restored.flatMap((h) => h.extractOutputValues()).sort(),
          keys.flatMap((key) => [`50:${JSON.stringify(key)}3`, `100:${JSON.stringify(key)}3`]).sort(),
        );
      },
    ),
    { numRuns: 60, seed: 11 },
  );
});

Deno.test("rescaling: key groups cover everything once", () => {
  for (const maxParallelism of [1, 2, 7, 128, 32768]) {
    for (const parallelism of [1, 2, 3, 7, 100, 128].filter((p) => p <= maxParallelism)) {
      let next = 0;
      for (let i = 0; i < parallelism; i++) {
        const { start, end } = keyGroupRange(maxParallelism, parallelism, i);
        assert.equal(start, next);
        assert.ok(end >= start);
        next = end + 1;
      }
      assert.equal(next, maxParallelism);
    }
  }
  assert.throws(() => keyGroupRange(4, 5, 0), { code: "TSF-2108" });
});

Deno.test("rescaling: another maxParallelism or another key type is refused", () => {
  const [harness] = subtasks(1, 8);
  harness.processElement("a");
  const snapshot = harness.snapshot();
  const restore = (options: object) => {
    const next = new KeyedOneInputStreamOperatorTestHarness<Key, Key, string>(
      keyedProcessOperator(counting as Any),
      (key) => key,
      options,
    );
    next.initializeState(snapshot);
  };
  assert.throws(() => restore({ maxParallelism: 16 }), { code: "TSF-2111" });
  assert.throws(() => restore({ maxParallelism: 8, keyHashRule: "long" }), { code: "TSF-2111" });
  restore({ maxParallelism: 8 });
});

// Whole jobs: the sum of each key goes on, at any parallelism, with a declared key type too.
Deno.test("rescaling: whole jobs", async () => {
  type Rec = { k: number; n: number };
  for (const [before, after] of [[1, 3], [3, 1], [2, 5], [4, 4]]) {
    for (const keyType of [undefined, Types.LONG]) {
      const gate = new Gate();
      const attempt = async (parallelism: number, restoreFrom?: TestSnapshot) => {
        const test = testEnvironment({ parallelism, restoreFrom });
        const sink = new RecordingSink<string>();
        const half = (from: number): ScriptStep<Rec>[] =>
          Array.from({ length: 20 }, (_, i) => ({ value: { k: i % 6, n: from + i }, timestamp: 1 }));
        test.env.fromSource(
          scriptedSource<Rec>([...half(0), { until: gate }, ...half(100)]),
          WatermarkStrategy.noWatermarks<Rec>(),
          "in",
        ).uid("in").keyBy((r) => r.k, keyType as Any).process({
          state: { sum: valueState({ defaultValue: 0 }) },
          processElement(value: Rec, ctx) {
            ctx.state.sum.update(ctx.state.sum.value() + value.n);
            ctx.timerService().registerEventTimeTimer(1_000);
          },
          onTimer: (_t, ctx, out: Collector<string>) => out.collect(`${ctx.getCurrentKey()}=${ctx.state.sum.value()}`),
        }).uid("sum").sinkTo(sink);
        const client = await test.env.executeAsync();
        if (restoreFrom === undefined) {
          await test.idle();
          const snapshot = await test.takeSnapshot(client);
          await client.cancel();
          return snapshot;
        }
        gate.open();
        await client.getJobExecutionResult();
        return sink.values.sort().join(" ");
      };
      const expected = Array.from({ length: 6 }, (_, k) => {
        let sum = 0;
        for (let i = k; i < 20; i += 6) sum += 2 * i + 100;
        return `${k}=${sum}`;
      }).join(" ");
      assert.equal(await attempt(after, await attempt(before) as TestSnapshot), expected, `${before} to ${after}`);
    }
  }
});
