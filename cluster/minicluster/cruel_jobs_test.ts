/**
 * Whole jobs under cruel conditions: steps of one to three elements, one buffer per channel, no floating buffers, spilling
 * at once, tasks passed over at random. Random graphs built with the public API give what arrays give.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Collector,
  type DataStream,
  OutputTag,
  type SingleOutputStreamOperator,
  type Sink,
  type StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  valueState,
} from "tsflink";
import { ManualClock, RecordingSink } from "tsflink/testing";
import type { JobSnapshot } from "./job_snapshot.ts";
import type { LocalJob } from "./local_job.ts";
import { type Conditions, conditions, environment, MILD, passingOver } from "./testdata/cruel_conditions.ts";

/** A stream and what arrays say is in it. */
interface Modelled {
  readonly stream: DataStream<number>;
  readonly values: readonly number[];
}

const ODD = new OutputTag<number>("odd");
const UNREAD = new OutputTag<number>("unread");
/** Graphs whose streams grow beyond this are not made larger. */
const MOST = 400;

type Build = (input: Modelled, other: Modelled, p: number) => Modelled[];

const copied = (stream: DataStream<number>, p: number): SingleOutputStreamOperator<number> =>
  stream.map((n) => n).setParallelism(p);

const OPERATIONS: Readonly<Record<string, Build>> = {
  map: ({ stream, values }, _, p) => [{
    stream: stream.map((n) => n + 1).setParallelism(p),
    values: values.map((n) => n + 1),
  }],
  chain: ({ stream, values }) => [{
    stream: stream.map((n) => n + 1).filter((n) => n % 3 !== 0).map((n) => n - 1),
    values: values.filter((n) => (n + 1) % 3 !== 0),
  }],
  iterable: ({ stream, values }, _, p) => [{
    stream: stream.flatMap(function* (n) {
      for (let i = 0; i < n % 4; i++) yield n + i;
    }).setParallelism(p),
    values: values.flatMap((n) => Array.from({ length: n % 4 }, (_, i) => n + i)),
  }],
  collector: ({ stream, values }, _, p) => [{
    stream: stream.flatMap((n, out: Collector<number>) => {
      for (let i = 0; i < n % 5; i++) out.collect(n * 2);
    }).setParallelism(p),
    values: values.flatMap((n) => Array.from({ length: n % 5 }, () => n * 2)),
  }],
  "side output": ({ stream, values }, _, p) => {
    const split = stream.process({
      processElement(n, ctx, out: Collector<number>) {
        if (n % 2 === 0) out.collect(n);
        else ctx.output(ODD, n);
        ctx.output(UNREAD, n);
      },
    }).setParallelism(p);
    return [
      { stream: split, values: values.filter((n) => n % 2 === 0) },
      { stream: split.getSideOutput(ODD), values: values.filter((n) => n % 2 !== 0) },
    ];
  },
  union: (a, b) => [{ stream: a.stream.union(b.stream), values: [...a.values, ...b.values] }],
  "self-union": (
    { stream, values },
  ) => [{ stream: stream.union(stream, stream), values: [values, values, values].flat() }],
  connect: (a, b, p) => [{
    stream: a.stream.connect(b.stream).map({ map1: (n) => n * 2, map2: (n) => n * 2 + 1 }).setParallelism(p),
    values: [...a.values.map((n) => n * 2), ...b.values.map((n) => n * 2 + 1)],
  }],
  rebalance: ({ stream, values }, _, p) => [{ stream: copied(stream.rebalance(), p), values }],
  rescale: ({ stream, values }, _, p) => [{ stream: copied(stream.rescale(), p), values }],
  shuffle: ({ stream, values }, _, p) => [{ stream: copied(stream.shuffle(), p), values }],
  global: ({ stream, values }, _, p) => [{ stream: copied(stream.global(), p), values }],
  custom: ({ stream, values }, _, p) => [{
    stream: copied(stream.partitionCustom((key: number, n) => key % n, (n) => n + 7), p),
    values,
  }],
  broadcast: ({ stream, values }, _, p) => [{
    stream: copied(stream.broadcast(), p),
    values: values.flatMap((n) => Array.from({ length: p }, () => n)),
  }],
  "keyed sum at the end": ({ stream, values }, _, p) => [{
    stream: stream.keyBy((n) => n % 5).process({
      state: { sum: valueState<number>() },
      processElement(n, ctx) {
        ctx.state.sum.update((ctx.state.sum.value() ?? 0) + n);
        ctx.timerService().registerEventTimeTimer(1e12);
      },
      onTimer(_timestamp, ctx, out: Collector<number>) {
        out.collect(ctx.state.sum.value()!);
      },
    }).setParallelism(p),
    values: sums(values, (n) => n % 5),
  }],
  window: ({ stream, values }, _, p) => [{
    stream: stream.assignTimestampsAndWatermarks({ timestamp: (n) => n, outOfOrderness: 1e9 })
      .keyBy((n) => n % 2).window(TumblingEventTimeWindows.of(10)).reduce((a, b) => a + b).setParallelism(p),
    values: sums(values, (n) => `${n % 2}/${Math.floor(n / 10)}`),
  }],
};

function sums(values: readonly number[], key: (n: number) => unknown): number[] {
  const byKey = new Map<unknown, number>();
  for (const n of values) byKey.set(key(n), (byKey.get(key(n)) ?? 0) + n);
  return [...byKey.values()];
}

interface Step {
  readonly operation: string;
  readonly input: number;
  readonly other: number;
  readonly parallelism: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    operation: fc.constantFrom(...Object.keys(OPERATIONS)),
    input: fc.nat(20),
    other: fc.nat(20),
    parallelism: fc.constantFrom(1, 2, 3),
  }),
  { minLength: 1, maxLength: 7 },
);

const sources = fc.array(fc.array(fc.nat(60), { maxLength: 25 }), { minLength: 1, maxLength: 2 });

/** Builds the graph; every stream that nobody reads gets a sink, and the first source one of its own. */
function build(env: StreamExecutionEnvironment, inputs: readonly number[][], plan: readonly Step[]): Modelled[] {
  const streams: Modelled[] = inputs.map((values) => ({ stream: env.fromData(values as readonly number[]), values }));
  const read = new Set<Modelled>();
  for (const { operation, input, other, parallelism } of plan) {
    const a = streams[input % streams.length];
    const b = streams[other % streams.length];
    if (a.values.length + b.values.length > MOST) continue;
    if (operation === "union" && a === b) continue;
    streams.push(...OPERATIONS[operation](a, b, parallelism));
    read.add(a).add(b);
  }
  return streams.filter((modelled, i) => i === 0 || !read.has(modelled));
}

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);

async function runGraph(inputs: readonly number[][], plan: readonly Step[], how: Conditions): Promise<void> {
  const env = environment(how);
  const sinks = build(env, inputs, plan).map(({ stream, values }) => {
    const sink = new RecordingSink<number>();
    stream.sinkTo(sink);
    return { sink, values };
  });
  await passingOver(how.passedOver, how.seed, () => env.execute());
  for (const { sink, values } of sinks) assert.deepEqual(sorted(sink.values), sorted(values));
}

Deno.test("random graphs give what arrays give, however they are run", async () => {
  await fc.assert(
    fc.asyncProperty(sources, steps, conditions, async (inputs, plan, how) => {
      await runGraph(inputs, plan, MILD);
      await runGraph(inputs, plan, how);
    }),
    { numRuns: 150, seed: 20261120 },
  );
});

/** Keeps what it got in its state, and gives it away at the end of the input: each record once, whatever was restored. */
function statefulSink({ result, ended }: { result: number[]; ended: () => void }): Sink<number, never, number[]> {
  return {
    createWriter: (_context, restored = []) => {
      const kept: number[] = restored.flat();
      return {
        write: (n) => void kept.push(n),
        flush: (endOfInput) => {
          if (!endOfInput) return;
          result.push(...kept);
          ended();
        },
        snapshotState: () => [[...kept]],
        close: () => {},
      };
    },
  };
}

/** Runs to a snapshot asked for after so many steps, throws the job away, goes on from the snapshot; and so on. */
async function runWithRestarts(
  inputs: readonly number[][],
  plan: readonly Step[],
  how: Conditions,
  interruptions: readonly number[],
): Promise<number> {
  return await passingOver(how.passedOver, how.seed, async (steps) => {
    let restored: JobSnapshot | undefined;
    for (const [attempt, afterSteps] of [...interruptions, Infinity].entries()) {
      let job: LocalJob | undefined;
      let someEnded = false;
      const clock = new ManualClock();
      const env = environment(how, { restored, checkpointing: true }, (started) => job = started, clock);
      const sinks = build(env, inputs, plan).map(({ stream, values }) => {
        const result: number[] = [];
        stream.sinkTo(statefulSink({ result, ended: () => someEnded = true }));
        return { result, values };
      });
      const asked = Promise.withResolvers<JobSnapshot | undefined>();
      let left = afterSteps;
      steps.onStep = () => {
        // The slice of the loop is over with every round: the test comes in between.
        clock.advance(10);
        if (left-- === 0) job!.takeSnapshot(attempt + 1).then(asked.resolve, () => asked.resolve(undefined));
      };
      const client = await env.executeAsync();
      const ended = client.getJobExecutionResult().then(() => undefined, (error) => assert.fail(error));
      const snapshot = await Promise.race([asked.promise, ended]);
      // What a sink gave away at its end is not in the snapshot any more: such a run just goes on.
      if (snapshot === undefined || someEnded) {
        await ended;
        for (const { result, values } of sinks) assert.deepEqual(sorted(result), sorted(values));
        return attempt;
      }
      ended.catch(() => {});
      restored = snapshot;
      await client.cancel();
    }
    return assert.fail("the last attempt runs to its end");
  });
}

Deno.test("random graphs stopped and restored from snapshots in the middle of their work lose and double nothing", async () => {
  let restarts = 0;
  const interruptions = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 3 });
  const longer = fc.array(fc.array(fc.nat(60), { minLength: 50, maxLength: 90 }), { minLength: 1, maxLength: 2 });
  await fc.assert(
    fc.asyncProperty(longer, steps, conditions, interruptions, async (inputs, plan, how, after) => {
      restarts += await runWithRestarts(inputs, plan, how, after);
    }),
    { numRuns: 100, seed: 20261120 },
  );
  assert.ok(restarts > 50, `${restarts} restarts`);
});
