/**
 * Random graphs built with the public API over numbers, and what arrays say comes out of each of their streams.
 *
 * @module
 */

import fc from "fast-check";
import {
  type Collector,
  type DataStream,
  OutputTag,
  type SingleOutputStreamOperator,
  type StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  valueState,
} from "tsflink";

/** A stream and what arrays say is in it. */
export interface Modelled {
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

/** One operation of a graph on streams made before it. */
export interface Step {
  readonly operation: string;
  readonly input: number;
  readonly other: number;
  readonly parallelism: number;
}

/** What a graph does. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    operation: fc.constantFrom(...Object.keys(OPERATIONS)),
    input: fc.nat(20),
    other: fc.nat(20),
    parallelism: fc.constantFrom(1, 2, 3),
  }),
  { minLength: 1, maxLength: 7 },
);

/** What its sources give. */
export const sources: fc.Arbitrary<number[][]> = fc.array(fc.array(fc.nat(60), { maxLength: 25 }), {
  minLength: 1,
  maxLength: 2,
});

/** Builds the graph; every stream that nobody reads gets a sink, and the first source one of its own. */
export function build(env: StreamExecutionEnvironment, inputs: readonly number[][], plan: readonly Step[]): Modelled[] {
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

/** For comparison: what comes first is a matter of chance. */
export const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
