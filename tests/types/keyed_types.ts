/**
 * Key types, state handles, windows, joins and connected streams are inferred.
 *
 * @module
 */

import {
  type AllWindowedStream,
  type BroadcastProcessFunction,
  type Collector,
  type ConnectedStreams,
  CountEvictor,
  CountTrigger,
  type DataStream,
  DynamicEventTimeSessionWindows,
  type ElementOf,
  EventTimeSessionWindows,
  type GlobalWindow,
  GlobalWindows,
  type KeyedConnectedStreams,
  KeyedProcessFunction,
  type KeyedStream,
  type KeyOf,
  listState,
  type ListState,
  mapState,
  MapStateDescriptor,
  OutputTag,
  perSubtask,
  ProcessWindowFunction,
  PurgingTrigger,
  SlidingProcessingTimeWindows,
  type StateDeclaration,
  type TimeWindow,
  TumblingEventTimeWindows,
  Types,
  type ValueState,
  valueState,
  type WindowedStream,
} from "tsflink";
import type { Equal, Expect } from "./equal.ts";

interface Trade {
  readonly symbol: string;
  readonly price: number;
  readonly volume: bigint;
  readonly side: "buy" | "sell";
  readonly venue: { readonly country: string; readonly id: number };
  readonly note?: string;
}
interface Quote {
  readonly ticker: string;
  readonly bid: number;
}
declare const trades: DataStream<Trade>;
declare const quotes: DataStream<Quote>;
declare const pairs: DataStream<[word: string, count: number]>;
type Eq<A, B> = Expect<Equal<A, B>>;

// Keys: a field, fields, functions, composite keys.
const bySymbol = trades.keyBy("symbol");
const byTwo = trades.keyBy("symbol", "price");
const byThree = trades.keyBy("side", "volume", "symbol");
const byFunction = trades.keyBy((trade) => trade.price);
const byTuple = trades.keyBy((trade) => [trade.symbol, trade.price]);
const byObject = trades.keyBy((trade) => ({ s: trade.symbol, p: trade.price }));
const byRecord = trades.keyBy((trade) => trade.venue);
const byFlag = trades.keyBy((trade) => trade.price > 1);
const byWord = trades.keyBy((trade) => trade.price > 1 ? "high" : "low");
const byLong = trades.keyBy((trade) => trade.price, Types.LONG);
const byPosition = pairs.keyBy(0);
export type Keys = [
  Eq<typeof bySymbol, KeyedStream<Trade, string>>,
  Eq<KeyOf<typeof byTwo>, readonly [string, number]>,
  Eq<KeyOf<typeof byThree>, readonly ["buy" | "sell", bigint, string]>,
  Eq<KeyOf<typeof byFunction>, number>,
  Eq<KeyOf<typeof byTuple>, readonly [string, number]>,
  Eq<KeyOf<typeof byObject>, { readonly s: string; readonly p: number }>,
  Eq<KeyOf<typeof byRecord>, { readonly country: string; readonly id: number }>,
  Eq<KeyOf<typeof byFlag>, boolean>,
  Eq<KeyOf<typeof byWord>, "high" | "low">,
  Eq<KeyOf<typeof byLong>, number>,
  Eq<KeyOf<typeof byPosition>, string>,
  Eq<ElementOf<typeof byTwo>, Trade>,
];

// Rolling aggregations keep the element type.
const reduced = bySymbol.reduce((left, right) => left.price > right.price ? left : right);
const summed = bySymbol.sum("price");
const summedBig = bySymbol.sum("volume");
const summedAt = pairs.keyBy(0).sum(1);
const largest = bySymbol.maxBy("symbol", false);
export type Rolling = [
  Eq<ElementOf<typeof reduced>, Trade>,
  Eq<ElementOf<typeof summed>, Trade>,
  Eq<ElementOf<typeof summedBig>, Trade>,
  Eq<ElementOf<typeof summedAt>, [word: string, count: number]>,
  Eq<ElementOf<typeof largest>, Trade>,
];

// Process functions: object literals with declared state, classes, factories.
const processed = byTwo.process({
  state: {
    count: valueState({ defaultValue: 0 }),
    last: valueState({ type: Types.STRING }),
    all: listState({ type: Types.DOUBLE }),
    seen: mapState({ keyType: Types.STRING, type: Types.BOOLEAN }),
  },
  processElement(trade, ctx, out: Collector<number>) {
    type _In = [
      Eq<typeof trade, Trade>,
      Eq<ReturnType<typeof ctx.getCurrentKey>, readonly [string, number]>,
      Eq<ReturnType<typeof ctx.state.count.value>, number>,
      Eq<ReturnType<typeof ctx.state.last.value>, string | undefined>,
      Eq<typeof ctx.state.all, ListState<number>>,
      Eq<ReturnType<typeof ctx.state.seen.get>, boolean | undefined>,
    ];
    out.collect(ctx.state.count.value());
  },
  onTimer(timestamp, ctx, out) {
    type _In = [Eq<typeof timestamp, number>, Eq<ReturnType<typeof ctx.timeDomain>, "event-time" | "processing-time">];
    out.collect(ctx.state.count.value());
  },
});
class Counting extends KeyedProcessFunction<string, Trade, [string, number], {
  count: StateDeclaration<ValueState<number>>;
}> {
  override readonly state = { count: valueState({ type: Types.LONG }) };
  processElement(trade: Trade): void {
    void trade;
  }
}
const byClass = bySymbol.process(new Counting());
const byMaker = bySymbol.process(() => new Counting());
const bySubtask = bySymbol.process(perSubtask(() => new Counting()));
export type Processes = [
  Eq<ElementOf<typeof processed>, number>,
  Eq<ElementOf<typeof byClass>, [string, number]>,
  Eq<ElementOf<typeof byMaker>, [string, number]>,
  Eq<ElementOf<typeof bySubtask>, [string, number]>,
];

// Windows: window type, aggregate with and without a window function, apply, process, late data.
const tumbling = bySymbol.window(TumblingEventTimeWindows.of("1 min"));
const sliding = bySymbol.window(SlidingProcessingTimeWindows.of("1 min", "10 s"));
const session = bySymbol.window(EventTimeSessionWindows.withGap("30 s"));
const dynamic = bySymbol.window(DynamicEventTimeSessionWindows.withDynamicGap((trade: Trade) => trade.price));
const counted = bySymbol.countWindow(10, 5);
const global = bySymbol.window(GlobalWindows.create()).trigger(PurgingTrigger.of(CountTrigger.of(3)))
  .evictor(CountEvictor.of(2)).allowedLateness("1 s").sideOutputLateData(new OutputTag<Trade>("late"));
const all = trades.windowAll(TumblingEventTimeWindows.of("1 min"));
const mean = {
  createAccumulator: () => ({ sum: 0, count: 0 }),
  add: (trade: Trade, mean: { sum: number; count: number }) => ({ sum: mean.sum + trade.price, count: mean.count + 1 }),
  getResult: (mean: { sum: number; count: number }) => mean.sum / mean.count,
};
const aggregated = tumbling.aggregate(mean);
const inline = tumbling.aggregate({
  createAccumulator: () => [0, ""] as [number, string],
  add: (trade, [sum, name]) => [sum + trade.price, name],
  getResult: ([sum, name]) => `${name}${sum}`,
});
const evaluated = tumbling.aggregate(mean, (key, window, [value], out: Collector<string>) => {
  type _In = [Eq<typeof key, string>, Eq<typeof window, TimeWindow>, Eq<typeof value, number>];
  out.collect(`${key} ${window.start} ${value}`);
});
class Report extends ProcessWindowFunction<number, [string, number], string, TimeWindow> {
  process(): void {}
}
const reported = tumbling.aggregate(mean, new Report());
const applied = byTwo.window(GlobalWindows.create()).apply((key, window, trades, out: Collector<bigint>) => {
  type _In = [Eq<typeof key, readonly [string, number]>, Eq<typeof window, GlobalWindow>, Eq<typeof trades, Iterable<Trade>>];
  for (const trade of trades) out.collect(trade.volume);
});
const windowed = tumbling.process({
  process(key, ctx, trades, out: Collector<number>) {
    type _In = [Eq<typeof key, string>, Eq<ReturnType<typeof ctx.window>, TimeWindow>];
    out.collect([...trades].length);
  },
});
const reducedTo = tumbling.reduce((left, _right) => left, (_key, _window, [first], out: Collector<"buy" | "sell">) => {
  out.collect(first.side);
});
const everything = all.process({
  process(ctx, trades, out: Collector<TimeWindow>) {
    type _In = Eq<typeof trades, Iterable<Trade>>;
    out.collect(ctx.window());
  },
});
export type Windows = [
  Eq<typeof tumbling, WindowedStream<Trade, string, TimeWindow>>,
  Eq<typeof sliding, WindowedStream<Trade, string, TimeWindow>>,
  Eq<typeof session, WindowedStream<Trade, string, TimeWindow>>,
  Eq<typeof dynamic, WindowedStream<Trade, string, TimeWindow>>,
  Eq<typeof counted, WindowedStream<Trade, string, GlobalWindow>>,
  Eq<typeof global, WindowedStream<Trade, string, GlobalWindow>>,
  Eq<typeof all, AllWindowedStream<Trade, TimeWindow>>,
  Eq<ElementOf<typeof aggregated>, number>,
  Eq<ElementOf<typeof inline>, string>,
  Eq<ElementOf<typeof evaluated>, string>,
  Eq<ElementOf<typeof reported>, [string, number]>,
  Eq<ElementOf<typeof applied>, bigint>,
  Eq<ElementOf<typeof windowed>, number>,
  Eq<ElementOf<typeof reducedTo>, "buy" | "sell">,
  Eq<ElementOf<typeof everything>, TimeWindow>,
];

// Two streams.
const connected = trades.connect(quotes);
const keyedPair = connected.keyBy("symbol", "ticker");
const keyedBefore = bySymbol.connect(quotes.keyBy("ticker"));
const mapped = connected.map({ map1: (trade) => trade.price, map2: (quote) => quote.bid });
const flat = connected.flatMap({ flatMap1: (trade) => [trade.symbol], flatMap2: (quote) => [quote.ticker] });
const co = keyedPair.process({
  state: { bid: valueState({ type: Types.DOUBLE }) },
  processElement1(trade, ctx, out: Collector<number>) {
    type _In = [Eq<typeof trade, Trade>, Eq<ReturnType<typeof ctx.state.bid.value>, number | undefined>];
    out.collect(trade.price);
  },
  processElement2(quote, ctx) {
    type _In = [Eq<typeof quote, Quote>, Eq<ReturnType<typeof ctx.getCurrentKey>, string>];
    ctx.state.bid.update(quote.bid);
  },
});
const joined = trades.join(quotes).where("symbol").equalTo("ticker").window(TumblingEventTimeWindows.of("1 s"))
  .apply((trade, quote) => ({ symbol: trade.symbol, spread: trade.price - quote.bid }));
const flatJoined = trades.join(quotes).where((trade) => trade.symbol).equalTo((quote) => quote.ticker)
  .window(TumblingEventTimeWindows.of("1 s")).apply({
    flatJoin(trade, quote, out: Collector<number>) {
      out.collect(trade.price - quote.bid);
    },
  });
const grouped = trades.coGroup(quotes).where((trade) => trade.symbol).equalTo((quote) => quote.ticker)
  .window(EventTimeSessionWindows.withGap("1 s")).apply((trades, quotes, out: Collector<boolean>) => {
    type _In = [Eq<typeof trades, Iterable<Trade>>, Eq<typeof quotes, Iterable<Quote>>];
    out.collect([...trades].length > [...quotes].length);
  });
const near = bySymbol.intervalJoin(quotes.keyBy("ticker")).between("-5 s", "5 s").lowerBoundExclusive().process({
  processElement(trade, quote, ctx, out: Collector<number>) {
    type _In = [Eq<typeof trade, Trade>, Eq<typeof quote, Quote>];
    out.collect(ctx.getTimestamp());
  },
});
const rules = new MapStateDescriptor<string, number>("rules");
const broadcast = quotes.broadcast(rules);
declare const enrich: BroadcastProcessFunction<Trade, Quote, [Trade, number]>;
const enriched = trades.connect(broadcast).process(enrich);
const ruled = bySymbol.connect(broadcast).process({
  state: { n: valueState({ defaultValue: 0 }) },
  processElement(trade, ctx, out: Collector<number>) {
    type _In = [
      Eq<ReturnType<typeof ctx.getCurrentKey>, string>,
      Eq<ReturnType<typeof ctx.state.n.value>, number>,
    ];
    out.collect(ctx.getBroadcastState(rules).get(trade.symbol) ?? 0);
  },
  processBroadcastElement(quote, ctx) {
    ctx.getBroadcastState(rules).put(quote.ticker, quote.bid);
  },
});
const partitioned = trades.fullWindowPartition().mapPartition((trades, out: Collector<string>) => {
  for (const trade of trades) out.collect(trade.symbol);
});
const sorted = trades.fullWindowPartition().sortPartition("price", "DESCENDING");
export type Pairs = [
  Eq<typeof connected, ConnectedStreams<Trade, Quote>>,
  Eq<typeof keyedPair, KeyedConnectedStreams<string, Trade, Quote>>,
  Eq<typeof keyedBefore, KeyedConnectedStreams<string, Trade, Quote>>,
  Eq<ElementOf<typeof mapped>, number>,
  Eq<ElementOf<typeof flat>, string>,
  Eq<ElementOf<typeof co>, number>,
  Eq<ElementOf<typeof joined>, { symbol: string; spread: number }>,
  Eq<ElementOf<typeof flatJoined>, number>,
  Eq<ElementOf<typeof grouped>, boolean>,
  Eq<ElementOf<typeof near>, number>,
  Eq<ElementOf<typeof enriched>, [Trade, number]>,
  Eq<ElementOf<typeof ruled>, number>,
  Eq<ElementOf<typeof partitioned>, string>,
  Eq<ElementOf<typeof sorted>, Trade>,
];
