/**
 * Element types are inferred through the chain: map, flatMap, filter, process, union, side outputs, sources.
 *
 * @module
 */

import {
  AsyncDataStream,
  type AsyncRetryOptions,
  type Collector,
  type CollectResult,
  type DataStream,
  type DataStreamSink,
  type DataStreamSource,
  DiscardingSink,
  type ElementOf,
  NumberSequenceSource,
  OutputTag,
  perSubtask,
  RichFlatMapFunction,
  RichMapFunction,
  type SingleOutputStreamOperator,
  type StreamExecutionEnvironment,
  WatermarkStrategy,
} from "tsflink";
import type { Equal, Expect } from "./equal.ts";

declare const env: StreamExecutionEnvironment;
interface Trade {
  readonly symbol: string;
  readonly price: number;
  readonly at: number;
}
declare const trades: DataStream<Trade>;
declare const numbers: DataStream<number>;
declare const maybe: DataStream<string | null>;

// Sources.
const words = env.fromData("a", "b");
const listed = env.fromData([1, 2, 3]);
const lists = env.fromData([1, 2], [3]);
const objects = env.fromData({ id: 1, name: "x" }, { id: 2, name: "y" });
const mixed = env.fromData(1, "a");
const sequence = env.fromSequence(1, 3);
const lines = env.readTextFile("book.txt");
const socket = env.socketTextStream("localhost", 9999);
const sourced = env.fromSource(new NumberSequenceSource(1, 2), WatermarkStrategy.noWatermarks(), "numbers");
const timed = env.fromSource(new NumberSequenceSource(1, 2), { timestamp: (n) => n }, "numbers");
export type Sources = [
  Expect<Equal<ElementOf<typeof words>, string>>,
  Expect<Equal<ElementOf<typeof listed>, number>>,
  Expect<Equal<ElementOf<typeof lists>, number[]>>,
  Expect<Equal<ElementOf<typeof objects>, { id: number; name: string }>>,
  Expect<Equal<ElementOf<typeof mixed>, string | number>>,
  Expect<Equal<typeof sequence, DataStreamSource<number>>>,
  Expect<Equal<ElementOf<typeof lines>, string>>,
  Expect<Equal<ElementOf<typeof socket>, string>>,
  Expect<Equal<ElementOf<typeof sourced>, number>>,
  Expect<Equal<ElementOf<typeof timed>, number>>,
];

// map.
class Price extends RichMapFunction<Trade, number> {
  map(trade: Trade): number {
    return trade.price;
  }
}
const lengths = words.map((word) => word.length);
const pairs = trades.map((trade): [string, number] => [trade.symbol, trade.price]);
const constants = trades.map((trade) => ({ kind: "trade" as const, price: trade.price }));
const byObject = trades.map({ map: (trade) => trade.symbol });
const opened = trades.map({
  open: (context) => void context.getTaskInfo(),
  map: (trade) => trade.at,
});
const byClass = trades.map(new Price());
const byFactory = trades.map(perSubtask(() => new Price()));
// deno-lint-ignore no-explicit-any -- the point of this test
const untyped = words.map((word): any => JSON.parse(word));
const identity = <V>(value: V): V => value;
const byGeneric = trades.map(identity);
const ofUnknown = env.fromData(1).map((n): unknown => n).union(numbers);
const asynchronous = trades.asyncMap((trade) => Promise.resolve(trade.price));
export type Maps = [
  Expect<Equal<typeof lengths, SingleOutputStreamOperator<number>>>,
  Expect<Equal<ElementOf<typeof pairs>, [string, number]>>,
  Expect<Equal<ElementOf<typeof constants>, { kind: "trade"; price: number }>>,
  Expect<Equal<ElementOf<typeof byObject>, string>>,
  Expect<Equal<ElementOf<typeof opened>, number>>,
  Expect<Equal<ElementOf<typeof byClass>, number>>,
  Expect<Equal<ElementOf<typeof byFactory>, number>>,
  // deno-lint-ignore no-explicit-any -- the point of this test
  Expect<Equal<ElementOf<typeof untyped>, any>>,
  Expect<Equal<ElementOf<typeof byGeneric>, Trade>>,
  Expect<Equal<ElementOf<typeof ofUnknown>, unknown>>,
  Expect<Equal<ElementOf<typeof asynchronous>, number>>,
];

// flatMap: arrays, generators, sets, the collector, a class.
class Letters extends RichFlatMapFunction<string, string> {
  flatMap(word: string, out: Collector<string>): void {
    for (const letter of word) out.collect(letter);
  }
}
const split = words.flatMap((line) => line.split(" "));
const generated = numbers.flatMap(function* (n) {
  yield n;
  yield String(n);
});
const asSet = numbers.flatMap((n) => new Set([n > 0]));
const sometimes = numbers.flatMap((n) => {
  if (n < 0) return [];
  return [n];
});
const collected = numbers.flatMap((n, out: Collector<bigint>) => out.collect(BigInt(n)));
const letters = words.flatMap(new Letters());
const tuples = words.flatMap((word) => [[word, 1] as [string, number]]);
export type FlatMaps = [
  Expect<Equal<ElementOf<typeof split>, string>>,
  Expect<Equal<ElementOf<typeof generated>, string | number>>,
  Expect<Equal<ElementOf<typeof asSet>, boolean>>,
  Expect<Equal<ElementOf<typeof sometimes>, number>>,
  Expect<Equal<ElementOf<typeof collected>, bigint>>,
  Expect<Equal<ElementOf<typeof letters>, string>>,
  Expect<Equal<ElementOf<typeof tuples>, [string, number]>>,
];

// filter narrows by type guards, its own and inferred ones.
type Shape = { readonly kind: "circle"; readonly r: number } | { readonly kind: "square"; readonly a: number };
declare const shapes: DataStream<Shape>;
const positive = numbers.filter((n) => n > 0);
const present = maybe.filter((text) => text !== null);
const circles = shapes.filter((shape): shape is Extract<Shape, { kind: "circle" }> => shape.kind === "circle");
export type Filters = [
  Expect<Equal<ElementOf<typeof positive>, number>>,
  Expect<Equal<ElementOf<typeof present>, string>>,
  Expect<Equal<ElementOf<typeof circles>, { readonly kind: "circle"; readonly r: number }>>,
];

// Side outputs, union, partitioning, timestamps, sinks.
const late = new OutputTag<{ readonly late: Trade }>("late");
const processed = trades.process({
  processElement(trade, ctx, out: Collector<string>) {
    ctx.output(late, { late: trade });
    out.collect(trade.symbol);
  },
});
const united = numbers.union(words, maybe);
const same = numbers.union(sequence);
const spread = trades.rebalance().rescale().shuffle().global().forward().broadcast();
const custom = trades.partitionCustom((symbol, parts) => symbol.length % parts, "symbol");
const customBySelector = trades.partitionCustom((price: number, parts) => price % parts, (trade) => trade.price);
const stamped = trades.assignTimestampsAndWatermarks({ timestamp: (trade) => trade.at, outOfOrderness: "5 s" });
const strategic = trades.assignTimestampsAndWatermarks(
  WatermarkStrategy.forBoundedOutOfOrderness("5 s").withTimestampAssigner((trade: Trade) => trade.at),
);
const printed = trades.print("trades");
const discarded = trades.sinkTo(new DiscardingSink()).name("nothing").uid("nothing").setParallelism(2);
const named = lengths.name("lengths").uid("lengths").setParallelism(2).disableChaining().slotSharingGroup("a");
export type Rest = [
  Expect<Equal<ElementOf<typeof processed>, string>>,
  Expect<Equal<ReturnType<typeof sideOutput>, DataStream<{ readonly late: Trade }>>>,
  Expect<Equal<ElementOf<typeof united>, string | number | null>>,
  Expect<Equal<ElementOf<typeof same>, number>>,
  Expect<Equal<typeof spread, DataStream<Trade>>>,
  Expect<Equal<ElementOf<typeof custom>, Trade>>,
  Expect<Equal<ElementOf<typeof customBySelector>, Trade>>,
  Expect<Equal<ElementOf<typeof stamped>, Trade>>,
  Expect<Equal<ElementOf<typeof strategic>, Trade>>,
  Expect<Equal<typeof printed, DataStreamSink<Trade>>>,
  Expect<Equal<typeof discarded, DataStreamSink<Trade>>>,
  Expect<Equal<typeof named, SingleOutputStreamOperator<number>>>,
];
function sideOutput() {
  return processed.getSideOutput(late);
}

// Results.
const all = trades.executeAndCollect();
const some = trades.executeAndCollect(3);
const waited = AsyncDataStream.unorderedWait(trades, (trade) => Promise.resolve([trade.symbol]), "1 s");
declare const options: AsyncRetryOptions<boolean>;
const retried = AsyncDataStream.orderedWaitWithRetry(trades, (trade) => Promise.resolve([trade.at > 0]), options);
const future = AsyncDataStream.orderedWait(
  trades,
  {
    asyncInvoke(trade, result: { complete(values: Iterable<number>): void; completeExceptionally(e: unknown): void }) {
      result.complete([trade.price]);
    },
  },
  "1 s",
  10,
);
export type Results = [
  Expect<Equal<typeof all, CollectResult<Trade>>>,
  Expect<Equal<Awaited<typeof all>, Trade[]>>,
  Expect<Equal<typeof some, Promise<Trade[]>>>,
  Expect<Equal<ElementOf<typeof waited>, string>>,
  Expect<Equal<ElementOf<typeof retried>, boolean>>,
  Expect<Equal<ElementOf<typeof future>, number>>,
];
