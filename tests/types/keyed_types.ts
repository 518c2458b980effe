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
  type ListState,
  listState,
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
  Expect<Equal<typeof bySymbol, KeyedStream<Trade, string>>>,
  Expect<Equal<KeyOf<typeof byTwo>, readonly [string, number]>>,
  Expect<Equal<KeyOf<typeof byThree>, readonly ["buy" | "sell", bigint, string]>>,
  Expect<Equal<KeyOf<typeof byFunction>, number>>,
  Expect<Equal<KeyOf<typeof byTuple>, readonly [string, number]>>,
  Expect<Equal<KeyOf<typeof byObject>, { readonly s: string; readonly p: number }>>,
  Expect<Equal<KeyOf<typeof byRecord>, { readonly country: string; readonly id: number }>>,
  Expect<Equal<KeyOf<typeof byFlag>, boolean>>,
  Expect<Equal<KeyOf<typeof byWord>, "high" | "low">>,
  Expect<Equal<KeyOf<typeof byLong>, number>>,
  Expect<Equal<KeyOf<typeof byPosition>, string>>,
  Expect<Equal<ElementOf<typeof byTwo>, Trade>>,
];

// Rolling aggregations keep the element type.
const reduced = bySymbol.reduce((left, right) => left.price > right.price ? left : right);
const summed = bySymbol.sum("price");
const summedBig = bySymbol.sum("volume");
const summedAt = pairs.keyBy(0).sum(1);
const largest = bySymbol.maxBy("symbol", false);
export type Rolling = [
  Expect<Equal<ElementOf<typeof reduced>, Trade>>,
  Expect<Equal<ElementOf<typeof summed>, Trade>>,
  Expect<Equal<ElementOf<typeof summedBig>, Trade>>,
  Expect<Equal<ElementOf<typeof summedAt>, [word: string, count: number]>>,
  Expect<Equal<ElementOf<typeof largest>, Trade>>,
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
      Expect<Equal<typeof trade, Trade>>,
      Expect<Equal<ReturnType<typeof ctx.getCurrentKey>, readonly [string, number]>>,
      Expect<Equal<ReturnType<typeof ctx.state.count.value>, number>>,
      Expect<Equal<ReturnType<typeof ctx.state.last.value>, string | undefined>>,
      Expect<Equal<typeof ctx.state.all, ListState<number>>>,
      Expect<Equal<ReturnType<typeof ctx.state.seen.get>, boolean | undefined>>,
    ];
    out.collect(ctx.state.count.value());
  },
  onTimer(timestamp, ctx, out) {
    type _In = [
      Expect<Equal<typeof timestamp, number>>,
      Expect<Equal<ReturnType<typeof ctx.timeDomain>, "event-time" | "processing-time">>,
    ];
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
  Expect<Equal<ElementOf<typeof processed>, number>>,
  Expect<Equal<ElementOf<typeof byClass>, [string, number]>>,
  Expect<Equal<ElementOf<typeof byMaker>, [string, number]>>,
  Expect<Equal<ElementOf<typeof bySubtask>, [string, number]>>,
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
  type _In = [
    Expect<Equal<typeof key, string>>,
    Expect<Equal<typeof window, TimeWindow>>,
    Expect<Equal<typeof value, number>>,
  ];
  out.collect(`${key} ${window.start} ${value}`);
});
class Report extends ProcessWindowFunction<number, [string, number], string, TimeWindow> {
  process(key: string, _ctx: unknown, [mean]: Iterable<number>, out: Collector<[string, number]>): void {
    out.collect([key, mean]);
  }
}
const reported = tumbling.aggregate(mean, new Report());
const applied = byTwo.window(GlobalWindows.create()).apply((key, window, trades, out: Collector<bigint>) => {
  type _In = [
    Expect<Equal<typeof key, readonly [string, number]>>,
    Expect<Equal<typeof window, GlobalWindow>>,
    Expect<Equal<typeof trades, Iterable<Trade>>>,
  ];
  for (const trade of trades) out.collect(trade.volume);
});
const windowed = tumbling.process({
  process(key, ctx, trades, out: Collector<number>) {
    type _In = [Expect<Equal<typeof key, string>>, Expect<Equal<ReturnType<typeof ctx.window>, TimeWindow>>];
    out.collect([...trades].length);
  },
});
const reducedTo = tumbling.reduce((left, _right) => left, (_key, _window, [first], out: Collector<"buy" | "sell">) => {
  out.collect(first.side);
});
const everything = all.process({
  process(ctx, trades, out: Collector<TimeWindow>) {
    type _In = Expect<Equal<typeof trades, Iterable<Trade>>>;
    out.collect(ctx.window());
  },
});
export type Windows = [
  Expect<Equal<typeof tumbling, WindowedStream<Trade, string, TimeWindow>>>,
  Expect<Equal<typeof sliding, WindowedStream<Trade, string, TimeWindow>>>,
  Expect<Equal<typeof session, WindowedStream<Trade, string, TimeWindow>>>,
  Expect<Equal<typeof dynamic, WindowedStream<Trade, string, TimeWindow>>>,
  Expect<Equal<typeof counted, WindowedStream<Trade, string, GlobalWindow>>>,
  Expect<Equal<typeof global, WindowedStream<Trade, string, GlobalWindow>>>,
  Expect<Equal<typeof all, AllWindowedStream<Trade, TimeWindow>>>,
  Expect<Equal<ElementOf<typeof aggregated>, number>>,
  Expect<Equal<ElementOf<typeof inline>, string>>,
  Expect<Equal<ElementOf<typeof evaluated>, string>>,
  Expect<Equal<ElementOf<typeof reported>, [string, number]>>,
  Expect<Equal<ElementOf<typeof applied>, bigint>>,
  Expect<Equal<ElementOf<typeof windowed>, number>>,
  Expect<Equal<ElementOf<typeof reducedTo>, "buy" | "sell">>,
  Expect<Equal<ElementOf<typeof everything>, TimeWindow>>,
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
    type _In = [
      Expect<Equal<typeof trade, Trade>>,
      Expect<Equal<ReturnType<typeof ctx.state.bid.value>, number | undefined>>,
    ];
    out.collect(trade.price);
  },
  processElement2(quote, ctx) {
    type _In = [Expect<Equal<typeof quote, Quote>>, Expect<Equal<ReturnType<typeof ctx.getCurrentKey>, string>>];
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
    type _In = [Expect<Equal<typeof trades, Iterable<Trade>>>, Expect<Equal<typeof quotes, Iterable<Quote>>>];
    out.collect([...trades].length > [...quotes].length);
  });
const near = bySymbol.intervalJoin(quotes.keyBy("ticker")).between("-5 s", "5 s").lowerBoundExclusive().process({
  processElement(trade, quote, ctx, out: Collector<number>) {
    type _In = [Expect<Equal<typeof trade, Trade>>, Expect<Equal<typeof quote, Quote>>];
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
      Expect<Equal<ReturnType<typeof ctx.getCurrentKey>, string>>,
      Expect<Equal<ReturnType<typeof ctx.state.n.value>, number>>,
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
  Expect<Equal<typeof connected, ConnectedStreams<Trade, Quote>>>,
  Expect<Equal<typeof keyedPair, KeyedConnectedStreams<string, Trade, Quote>>>,
  Expect<Equal<typeof keyedBefore, KeyedConnectedStreams<string, Trade, Quote>>>,
  Expect<Equal<ElementOf<typeof mapped>, number>>,
  Expect<Equal<ElementOf<typeof flat>, string>>,
  Expect<Equal<ElementOf<typeof co>, number>>,
  Expect<Equal<ElementOf<typeof joined>, { symbol: string; spread: number }>>,
  Expect<Equal<ElementOf<typeof flatJoined>, number>>,
  Expect<Equal<ElementOf<typeof grouped>, boolean>>,
  Expect<Equal<ElementOf<typeof near>, number>>,
  Expect<Equal<ElementOf<typeof enriched>, [Trade, number]>>,
  Expect<Equal<ElementOf<typeof ruled>, number>>,
  Expect<Equal<ElementOf<typeof partitioned>, string>>,
  Expect<Equal<ElementOf<typeof sorted>, Trade>>,
];
