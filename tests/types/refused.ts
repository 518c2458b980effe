/**
 * Programs that must not compile. Each expected error is one the API promises; a directive without an error fails the
 * type check.
 *
 * @module
 */

import {
  AsyncDataStream,
  type Collector,
  Configuration,
  CoreOptions,
  type DataStream,
  DeltaTrigger,
  GlobalWindows,
  KeyedProcessFunction,
  OutputTag,
  PipelineOptions,
  type Sink,
  type StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  Types,
  valueState,
} from "tsflink";

declare const env: StreamExecutionEnvironment;
interface Trade {
  readonly symbol: string;
  readonly price: number;
  readonly at: Date;
  readonly legs: readonly Date[];
  readonly note?: string;
}
declare const trades: DataStream<Trade>;
declare const names: DataStream<string>;
const bySymbol = trades.keyBy("symbol");
const windows = bySymbol.window(TumblingEventTimeWindows.of("1 s"));

// Asynchronous functions where synchronous ones belong.
// @ts-expect-error -- map is synchronous
trades.map(async (trade) => await Promise.resolve(trade.price));
// @ts-expect-error -- a promise is not a value, async or not
trades.map((trade) => Promise.resolve(trade.price));
// @ts-expect-error -- sometimes a promise
trades.map((trade) => trade.price > 1 ? trade.price : Promise.resolve(1));
// @ts-expect-error -- flatMap is synchronous
trades.flatMap(async (trade) => await Promise.resolve([trade.price]));
// @ts-expect-error -- filter is synchronous
trades.filter(async (trade) => await Promise.resolve(trade.price > 1));
// @ts-expect-error -- reduce is synchronous
bySymbol.reduce(async (left, _right) => await Promise.resolve(left));
trades.process({
  // @ts-expect-error -- processElement is synchronous
  async processElement(_trade, _ctx, _out: Collector<number>) {
    await Promise.resolve();
  },
});
windows.process({
  // @ts-expect-error -- window functions are synchronous
  async process(_key, _ctx, _trades, _out: Collector<number>) {
    await Promise.resolve();
  },
});
const asyncResult = {
  createAccumulator: () => 0,
  add: (trade: Trade, sum: number) => sum + trade.price,
  getResult: async (sum: number) => await Promise.resolve(sum),
};
// @ts-expect-error -- getResult is synchronous
windows.aggregate(asyncResult);
const meeting = trades.join(names).where("symbol").equalTo((name) => name).window(GlobalWindows.create());
// @ts-expect-error -- a join is synchronous
meeting.apply(async (trade, name) => await Promise.resolve(trade.symbol + name));

// Results of the wrong shape.
// @ts-expect-error -- a string is not a list of results
names.flatMap((name) => name);
// @ts-expect-error -- one object is not a list of results
names.flatMap((name) => ({ name }));
// @ts-expect-error -- a number is no verdict
names.filter((name) => name.length);
// @ts-expect-error -- reduce keeps the type
bySymbol.reduce((left, right) => left.price + right.price);

// Keys.
// @ts-expect-error -- a Date is not a key
trades.keyBy((trade) => trade.at);
// @ts-expect-error -- neither is a list of them
trades.keyBy((trade) => trade.legs);
// @ts-expect-error -- nor a function
trades.keyBy((trade) => () => trade.symbol);
// @ts-expect-error -- nor what may be missing
trades.keyBy((trade) => trade.note);
// @ts-expect-error -- nor an object that holds one
trades.keyBy((trade) => ({ symbol: trade.symbol, at: trade.at }));
// @ts-expect-error -- an unknown field
trades.keyBy("ticker");
// @ts-expect-error -- a field that cannot be a key
trades.keyBy("at");
// @ts-expect-error -- one of several fields that cannot
trades.keyBy("symbol", "legs");
// @ts-expect-error -- the declared type is not that of the key
trades.keyBy((trade) => trade.symbol, Types.LONG);
// @ts-expect-error -- the keys of a join must be of one type
trades.join(names).where((trade) => trade.symbol).equalTo((name) => name.length);
// @ts-expect-error -- so must those of an interval join
bySymbol.intervalJoin(names.keyBy((name) => name.length));

// Fields of aggregations.
// @ts-expect-error -- only numbers can be summed
bySymbol.sum("symbol");
// @ts-expect-error -- an unknown field
bySymbol.max("size");
// @ts-expect-error -- dates are not compared
bySymbol.minBy("at");
// @ts-expect-error -- only numbers can be summed in windows too
windows.sum("symbol");

// Things that a stream does not have.
// @ts-expect-error -- windows need keyBy, or windowAll
trades.window(TumblingEventTimeWindows.of("1 s"));
// @ts-expect-error -- reduce needs keyBy
trades.reduce((left: Trade) => left);
// @ts-expect-error -- a repartitioned stream has no operator to name
trades.rebalance().name("spread");
// @ts-expect-error -- only what an operator makes has side outputs
trades.rebalance().getSideOutput(new OutputTag<string>("x"));

// Tags, state, contexts.
trades.process({
  processElement(_trade, ctx, _out: Collector<number>) {
    // @ts-expect-error -- the tag says string
    ctx.output(new OutputTag<string>("late"), 1);
    // @ts-expect-error -- a stream that is not keyed has no key
    ctx.getCurrentKey();
  },
});
bySymbol.process({
  state: { count: valueState({ defaultValue: 0 }) },
  processElement(_trade, ctx, _out: Collector<number>) {
    // @ts-expect-error -- the state holds numbers
    ctx.state.count.update("one");
    // @ts-expect-error -- no state of that name
    ctx.state.total.value();
  },
});
class ByNumber extends KeyedProcessFunction<number, Trade, string> {
  processElement(): void {}
}
// @ts-expect-error -- the key is a string
bySymbol.process(new ByNumber());
// @ts-expect-error -- late records are trades
windows.sideOutputLateData(new OutputTag<string>("late"));
// @ts-expect-error -- a trigger for other records
bySymbol.window(GlobalWindows.create()).trigger(DeltaTrigger.of(1, (a: string, b: string) => a.length - b.length));

// Durations, options, sinks, sources.
// @ts-expect-error -- "sec" is for configuration files; here it is "s"
trades.assignTimestampsAndWatermarks({ timestamp: (trade) => trade.price, outOfOrderness: "10 sec" });
// @ts-expect-error -- no such unit
windows.allowedLateness("3 weeks");
// @ts-expect-error -- a timestamp is a number
trades.assignTimestampsAndWatermarks({ timestamp: (trade) => trade.at });
// @ts-expect-error -- async functions of AsyncDataStream return lists
AsyncDataStream.orderedWait(trades, (trade) => Promise.resolve(trade.price), "1 s");
// @ts-expect-error -- asyncMap is asynchronous
trades.asyncMap((trade) => trade.price);
// @ts-expect-error -- an int option takes no text
new Configuration().set(CoreOptions.DEFAULT_PARALLELISM, "2");
// @ts-expect-error -- one of the modes
new Configuration().set(PipelineOptions.VERTEX_DESCRIPTION_MODE, "FLAT");
// @ts-expect-error -- one of the modes
env.setRuntimeMode("FAST");
declare const numberSink: Sink<number>;
// @ts-expect-error -- a sink for other records
trades.sinkTo(numberSink);
