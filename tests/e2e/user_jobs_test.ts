/**
 * Jobs as a user writes them, without a type annotation that an editor would infer: windows with every assigner, trigger
 * and evictor, functions in every form, state of every kind. What they give was worked out by hand from Flink's rules.
 */

import assert from "node:assert/strict";
import {
  aggregatingState,
  AsyncDataStream,
  AverageAccumulator,
  type Collector,
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
  CountEvictor,
  CountTrigger,
  CumulativeEventTimeWindows,
  CumulativeProcessingTimeWindows,
  type DataStream,
  DeltaEvictor,
  DeltaTrigger,
  Duration,
  DynamicEventTimeSessionWindows,
  EndOfStreamTrigger,
  EventTimeSessionWindows,
  GlobalWindows,
  Histogram,
  type KeyedStream,
  ListAccumulator,
  listState,
  ListStateDescriptor,
  mapState,
  MapStateDescriptor,
  NeverTrigger,
  perSubtask,
  ProcessingTimeoutTrigger,
  ProcessingTimeSessionWindows,
  ProcessingTimeTrigger,
  type ProcessWindowContext,
  ProcessWindowFunction,
  PurgingTrigger,
  reducingState,
  RichMapFunction,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  StreamExecutionEnvironment,
  TimeEvictor,
  type TimeWindow,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  valueState,
  ValueStateDescriptor,
  WatermarkStrategy,
} from "tsflink";
import { scriptedSource, testEnvironment } from "tsflink/testing";

type Env = StreamExecutionEnvironment;
const newEnv = (): Env => StreamExecutionEnvironment.createLocalEnvironment(1);
type Reading = { k: string; t: number; n: number };
const READINGS: Reading[] = [
  { k: "a", t: 1, n: 1 },
  { k: "a", t: 500, n: 2 },
  { k: "b", t: 900, n: 3 },
  { k: "a", t: 1200, n: 4 },
  { k: "a", t: 2600, n: 5 },
];
const readings = () => newEnv().fromData(READINGS).assignTimestampsAndWatermarks({ timestamp: (e) => e.t });
const keyed = () => readings().keyBy("k");
const numbers = (stream: DataStream<Reading>) => stream.map((e) => e.n);
const words = (stream: DataStream<Reading>) => stream.map((e) => e.k + e.n);
const sum = {
  createAccumulator: () => 0,
  add: (e: Reading, total: number) => total + e.n,
  getResult: (total: number) => total,
  merge: (a: number, b: number) => a + b,
};

/** Counts how often its window, and its key, were evaluated. */
class Evaluations extends ProcessWindowFunction<Reading, string, string, TimeWindow> {
  readonly #count = new ValueStateDescriptor<number>("count");
  process(k: string, ctx: ProcessWindowContext<TimeWindow>, elements: Iterable<Reading>, out: Collector<string>): void {
    const found = [ctx.windowState(), ctx.globalState()].map((store) => {
      const state = store.getState(this.#count);
      state.update((state.value() ?? 0) + 1);
      return state.value();
    });
    out.collect(`${k}${ctx.window().start} ${[...elements].length} ${found}`);
  }
  override clear(ctx: ProcessWindowContext<TimeWindow>): void {
    ctx.windowState().getState(this.#count).clear();
  }
}
const seconds = TumblingEventTimeWindows.of("1 s");
const threeSeconds = TumblingEventTimeWindows.of("3 s");
const everything = GlobalWindows.create();

const EVENT_TIME: Record<string, readonly [() => DataStream<unknown>, readonly unknown[]]> = {
  "tumbling": [() => numbers(keyed().window(seconds).sum("n")), [3, 3, 4, 5]],
  "tumbling with an offset": [
    () => numbers(keyed().window(TumblingEventTimeWindows.of(Duration.ofSeconds(1), "500 ms")).max("n")),
    [1, 4, 3, 5],
  ],
  "sliding": [
    () => words(keyed().window(SlidingEventTimeWindows.of("2 s", "1 s")).reduce((a, b) => ({ ...a, n: a.n + b.n }))),
    ["a3", "b3", "a7", "b3", "a9", "a5"],
  ],
  "sessions": [
    () => words(keyed().window(EventTimeSessionWindows.withGap("1 s")).reduce((a, b) => ({ ...b, n: a.n + b.n }))),
    ["b3", "a7", "a5"],
  ],
  "sessions with a gap of each record": [
    () =>
      keyed().window(EventTimeSessionWindows.withDynamicGap((e: Reading) => e.n * 300)).process({
        process: (k, ctx, [...all], out: Collector<string>) =>
          out.collect(`${k}${all.length} ${ctx.window().start}-${ctx.window().end}`),
      }),
    ["a1 1-301", "a1 500-1100", "b1 900-1800", "a1 1200-2400", "a1 2600-4100"],
  ],
  "sessions with an extractor object": [
    () =>
      keyed().window(DynamicEventTimeSessionWindows.withDynamicGap({ extract: (e: Reading) => e.n * 1_000 }))
        .aggregate(sum),
    [3, 12],
  ],
  "sessions with a factory of the aggregate": [
    () => keyed().window(EventTimeSessionWindows.withGap("1 s")).aggregate(perSubtask(() => sum)),
    [3, 7, 5],
  ],
  "cumulative": [
    () => numbers(keyed().window(CumulativeEventTimeWindows.of("2 s", "1 s")).minBy("n")),
    [1, 3, 1, 3, 5, 5],
  ],
  "global, counted and purged": [
    () => keyed().window(everything).trigger(PurgingTrigger.of(CountTrigger.of(2))).aggregate(sum),
    [3, 9],
  ],
  "global to the end of the stream": [
    () => keyed().window(GlobalWindows.createWithEndOfStreamTrigger()).aggregate(sum),
    [12, 3],
  ],
  "end-of-stream trigger": [() => numbers(keyed().window(everything).trigger(EndOfStreamTrigger.create()).maxBy("n")), [
    5,
    3,
  ]],
  "never": [() => keyed().window(everything).trigger(NeverTrigger.create()).sum("n"), []],
  "delta trigger": [
    () => keyed().window(everything).trigger(DeltaTrigger.of(2, (a, b) => b.n - a.n)).aggregate(sum),
    [7],
  ],
  "continuous trigger": [
    () => keyed().window(threeSeconds).trigger(ContinuousEventTimeTrigger.of("1 s")).aggregate(sum),
    [12, 3, 12, 3, 12, 3],
  ],
  "count evictor": [() => numbers(keyed().window(threeSeconds).evictor(CountEvictor.of(2)).sum("n")), [9, 3]],
  "time evictor": [() => numbers(keyed().window(threeSeconds).evictor(TimeEvictor.of("1500 ms")).sum("n")), [9, 3]],
  "delta evictor": [
    () => numbers(keyed().window(threeSeconds).evictor(DeltaEvictor.of(2, (a, b) => b.n - a.n)).sum("n")),
    [9, 3],
  ],
  "count windows that slide": [
    () =>
      keyed().countWindow(2, 1).apply((k, _window, [...all], out: Collector<string>) =>
        out.collect(k + all.map((e) => e.n))
      ),
    ["a1", "a1,2", "b3", "a2,4", "a4,5"],
  ],
  "state per window and per key": [
    () => keyed().window(seconds).process(perSubtask(() => new Evaluations())),
    ["a0 2 1,1", "b0 1 1,1", "a1000 1 1,2", "a2000 1 1,3"],
  ],
  "aggregate, then a window function with a context": [
    () =>
      keyed().window(seconds).aggregate(sum, {
        process: (k, ctx, [total], out: Collector<[string, number, number]>) =>
          out.collect([k, ctx.window().end, total]),
      }),
    [["a", 1000, 3], ["b", 1000, 3], ["a", 2000, 4], ["a", 3000, 5]],
  ],
  "windows over all": [() => numbers(readings().windowAll(seconds).sum("n")), [6, 4, 5]],
  "windows over all, a process function": [
    () =>
      readings().countWindowAll(2).process({
        process: (_ctx, elements, out: Collector<string>) => out.collect([...elements].map((e) => e.n).join("+")),
      }),
    ["1+2", "3+4"],
  ],
};
for (const [name, [job, expected]] of Object.entries(EVENT_TIME)) {
  Deno.test(`windows: ${name}`, async () => {
    assert.deepEqual(await job().executeAndCollect(), expected);
  });
}

type PerKey = KeyedStream<number, string>;
const PROCESSING_TIME: Record<string, readonly [(stream: PerKey) => DataStream<unknown>, readonly unknown[]]> = {
  "tumbling": [(s) => s.window(TumblingProcessingTimeWindows.of("1 s")).reduce((a, b) => a + b), [3, 3]],
  "sliding": [(s) => s.window(SlidingProcessingTimeWindows.of("2 s", "1 s")).reduce((a, b) => a + b), [3, 6, 3]],
  "sessions": [(s) => s.window(ProcessingTimeSessionWindows.withGap("1 s")).reduce((a, b) => a + b), [3, 3]],
  "sessions with a gap of each record": [
    (s) => s.window(ProcessingTimeSessionWindows.withDynamicGap((n: number) => n * 1_000)).reduce((a, b) => a + b),
    [6],
  ],
  "cumulative": [
    (s) => s.window(CumulativeProcessingTimeWindows.of("2 s", "1 s")).reduce((a, b) => a + b),
    [3, 6],
  ],
  "continuous trigger": [
    (s) =>
      s.window(TumblingProcessingTimeWindows.of("3 s")).trigger(ContinuousProcessingTimeTrigger.of("1 s"))
        .reduce((a, b) => a + b),
    [3, 6, 6],
  ],
  "timeout trigger": [
    (s) => s.window(everything).trigger(ProcessingTimeoutTrigger.of(CountTrigger.of(3), "1 s")).reduce((a, b) => a + b),
    [3, 6],
  ],
  "processing-time trigger over event-time windows": [
    (s) =>
      s.window(TumblingProcessingTimeWindows.of("1 s")).trigger(ProcessingTimeTrigger.create())
        .reduce((a, b) => a * b),
    [2, 3],
  ],
  "timers": [
    (s) =>
      s.process({
        state: { total: valueState({ defaultValue: 0 }) },
        processElement(n, ctx) {
          ctx.state.total.update(ctx.state.total.value() + n);
          ctx.timerService().registerProcessingTimeTimer(ctx.timerService().currentProcessingTime() + 100);
          ctx.timerService().registerProcessingTimeTimer(5_000 + n);
          ctx.timerService().deleteProcessingTimeTimer(5_000 + n);
        },
        onTimer(time, ctx, out: Collector<string>) {
          out.collect(`${ctx.getCurrentKey()} ${time} ${ctx.timeDomain()} ${ctx.state.total.value()}`);
        },
      }),
    ["all 100 processing-time 3", "all 1600 processing-time 6"],
  ],
};
for (const [name, [job, expected]] of Object.entries(PROCESSING_TIME)) {
  Deno.test(`windows by the clock: ${name}`, async () => {
    const { env } = testEnvironment();
    const script = scriptedSource([
      { value: 1 },
      { value: 2 },
      { untilProcessingTime: 1_500 },
      { value: 3 },
      { untilProcessingTime: 10_000 },
    ]);
    const stream = env.fromSource(script, WatermarkStrategy.noWatermarks(), "numbers").keyBy(() => "all");
    assert.deepEqual(await job(stream).executeAndCollect(), expected);
  });
}

Deno.test("declared state of every kind, with and without a time to live", async () => {
  const ttl = { ttl: Temporal.Duration.from({ minutes: 5 }) };
  const found = await keyed().process({
    state: {
      last: valueState<number>({ ttl }),
      count: valueState({ defaultValue: 0 }),
      all: listState<number>({ ttl: { ttl: 60_000, updateType: "on-read-and-write" } }),
      square: mapState<number, number>(),
      total: reducingState((a: number, b: number) => a + b, { ttl: { ttl: "1 d" } }),
      mean: aggregatingState({
        createAccumulator: () => [0, 0],
        add: (n: number, [total, count]) => [total + n, count + 1],
        getResult: ([total, count]) => total / count,
      }),
    },
    processElement({ n }, ctx, out: Collector<string>) {
      const { state } = ctx;
      const before = state.last.value();
      state.last.update(n);
      state.count.update(state.count.value() + 1);
      state.all.add(n);
      state.square.put(n, n * n);
      state.total.add(n);
      state.mean.add(n);
      const parts = [before, state.count.value(), state.all.get().join("+"), [...state.square.values()].join("+")];
      out.collect([ctx.getCurrentKey(), ...parts, state.total.get(), state.mean.get()].join(" "));
    },
  }).executeAndCollect();
  assert.deepEqual(found, [
    "a  1 1 1 1 1",
    "a 1 2 1+2 1+4 3 1.5",
    "b  1 3 9 3 3",
    "a 2 3 1+2+4 1+4+16 7 2.3333333333333335",
    "a 4 4 1+2+4+5 1+4+16+25 12 3",
  ]);
});

Deno.test("accumulators in the fields of a function object are copied with it", async () => {
  class Measured extends RichMapFunction<string, number> {
    private readonly mean = new AverageAccumulator();
    private readonly lengths = new Histogram();
    private readonly seen = new ListAccumulator<string>();
    override open(): void {
      const context = this.getRuntimeContext();
      context.addAccumulator("mean", this.mean);
      context.addAccumulator("lengths", this.lengths);
      context.addAccumulator("seen", this.seen);
    }
    map(word: string): number {
      this.mean.add(word.length);
      this.lengths.add(word.length);
      this.seen.add(word);
      return word.length;
    }
  }
  const env = newEnv();
  const lengths = env.fromData("to", "be", "or", "not").rebalance().map(new Measured()).setParallelism(2)
    .collectAsync().toArray();
  const result = await env.execute();
  assert.deepEqual((await lengths).sort(), [2, 2, 2, 3]);
  assert.equal(result.getAccumulatorResult("mean"), 2.25);
  assert.deepEqual(result.getAccumulatorResult("lengths"), new Map([[2, 3], [3, 1]]));
  assert.deepEqual(result.getAccumulatorResult<string[]>("seen")?.sort(), ["be", "not", "or", "to"]);
});

Deno.test("asynchronous requests: promises, futures, an async method, a timeout handler", async () => {
  const ids = () => newEnv().fromData(1, 2);
  const one = AsyncDataStream.orderedWait(ids(), {
    async asyncInvoke(id) {
      return await Promise.resolve([-id, id]);
    },
  }, 0);
  assert.deepEqual(await one.executeAndCollect(), [-1, 1, -2, 2]);
  const two = AsyncDataStream.unorderedWait(ids(), {
    asyncInvoke: (id, future) => queueMicrotask(() => future.complete([`${id}`])),
  }, "1 s");
  assert.deepEqual((await two.executeAndCollect()).sort(), ["1", "2"]);
  const { env } = testEnvironment();
  const never = AsyncDataStream.orderedWait(env.fromData(7), {
    asyncInvoke: () => {},
    timeout: (id, future) => future.complete([`no answer for ${id}`]),
  }, "1 h");
  assert.deepEqual(await never.executeAndCollect(), ["no answer for 7"]);
});

Deno.test("operator state of a map, as an object literal", async () => {
  const stream = newEnv().fromData(1, 2).map({
    initializeState(context) {
      const store = context.getOperatorStateStore();
      assert.equal(context.isRestored(), false);
      assert.deepEqual(store.getListState(new ListStateDescriptor<number>("list")).get(), []);
      assert.deepEqual(store.getUnionListState(new ListStateDescriptor<string>("union")).get(), []);
      assert.equal(store.getBroadcastState(new MapStateDescriptor<string, number>("broadcast")).contains("a"), false);
    },
    snapshotState: (context) => void context.getCheckpointId(),
    map: (n) => n + 1,
  });
  assert.deepEqual(await stream.executeAndCollect(), [2, 3]);
});

Deno.test("helpers for streams of less take streams of more", async () => {
  const latest = (stream: KeyedStream<{ readonly t: number }, string>) => stream.maxBy("t");
  const texts = (stream: DataStream<unknown>) => stream.map((value) => JSON.stringify(value).length);
  assert.deepEqual((await latest(keyed()).executeAndCollect()).map((e) => e.t), [1, 500, 900, 1200, 2600]);
  assert.deepEqual(await texts(keyed()).executeAndCollect(), [21, 23, 23, 24, 24]);
});

Deno.test("connected streams may become one stream of two types", async () => {
  const env = newEnv();
  const both = env.fromData(1).connect(env.fromData("x")).map({ map1: (n) => ({ n }), map2: (text) => ({ text }) });
  const found = await both.map((value) => "n" in value ? value.n.toFixed(1) : value.text).executeAndCollect();
  assert.deepEqual(found.sort(), ["1.0", "x"]);
});
