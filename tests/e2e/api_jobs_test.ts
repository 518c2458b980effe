/**
 * Every method of the fluent API once in a small bounded job that runs: what comes out is what Flink gives.
 */

import assert from "node:assert/strict";
import { testEnvironment } from "tsflink/testing";
import {
  AsyncDataStream,
  type Collector,
  type CommittableMessage,
  CoProcessFunction,
  CountEvictor,
  CountTrigger,
  type DataStream,
  EventTimeSessionWindows,
  FlinkError,
  GlobalWindows,
  IntCounter,
  type KeyedProcessContext,
  KeyedProcessFunction,
  MapStateDescriptor,
  OutputTag,
  perSubtask,
  ProcessFunction,
  ProcessWindowFunction,
  PurgingTrigger,
  RichMapFunction,
  type RuntimeContext,
  type Sink,
  SlidingEventTimeWindows,
  StandardSinkTopologies,
  StreamExecutionEnvironment,
  type TimeWindow,
  TumblingEventTimeWindows,
  Types,
  valueState,
  WatermarkStrategy,
} from "tsflink";

type Env = StreamExecutionEnvironment;
interface Event {
  readonly key: string;
  readonly at: number;
  readonly n: number;
}
const event = (key: string, at: number, n = 1): Event => ({ key, at, n });
const timed = (env: Env, ...events: Event[]) =>
  env.fromData(events).assignTimestampsAndWatermarks({ timestamp: (e) => e.at });
// deno-lint-ignore no-explicit-any -- streams of any type
type AnyJob = DataStream<any>;
const newEnv = (parallelism = 1): Env => StreamExecutionEnvironment.createLocalEnvironment(parallelism);
const seconds = TumblingEventTimeWindows.of("1 s");
const sorted = (values: readonly unknown[]): unknown[] => [...values].sort();

class Prefixed extends RichMapFunction<number, string> {
  #prefix = "";
  constructor(readonly separator: string) {
    super();
  }
  override open(context: RuntimeContext): void {
    this.#prefix = `${context.getTaskInfo().indexOfThisSubtask}${this.separator}`;
  }
  map(n: number): string {
    return this.#prefix + n;
  }
}
class Doubled extends ProcessFunction<number, number> {
  processElement(n: number, _ctx: unknown, out: Collector<number>): void {
    out.collect(n * 2);
  }
}
class LastOfKey extends KeyedProcessFunction<string, Event, string> {
  override readonly state = { last: valueState({ type: Types.DOUBLE }) };
  processElement(e: Event, ctx: KeyedProcessContext<string, LastOfKey["state"]>): void {
    ctx.state.last.update(e.n);
    ctx.timerService().registerEventTimeTimer(5_000);
  }
  override onTimer(time: number, ctx: never, out: Collector<string>): void {
    const { state, getCurrentKey } = ctx as KeyedProcessContext<string, LastOfKey["state"]>;
    void getCurrentKey;
    out.collect(`${time} ${state.last.value()}`);
  }
}
class Both extends CoProcessFunction<number, string, string> {
  processElement1(n: number, _ctx: unknown, out: Collector<string>): void {
    out.collect(`n${n}`);
  }
  processElement2(text: string, _ctx: unknown, out: Collector<string>): void {
    out.collect(`t${text}`);
  }
}
class Spans extends ProcessWindowFunction<Event, string, string, TimeWindow> {
  process(
    key: string,
    ctx: Parameters<ProcessWindowFunction<Event, string, string, TimeWindow>["process"]>[1],
    events: Iterable<Event>,
    out: Collector<string>,
  ): void {
    const { start, end } = ctx.window();
    out.collect(`${key} ${start}-${end} ${[...events].length}`);
  }
}

/** A stream whose records are compared in order, at parallelism 1. */
const JOBS: Record<string, readonly [build: (env: Env) => AnyJob, expected: unknown[]]> = {
  "map by function": [(env) => env.fromData(1, 2).map((n) => n + 1), [2, 3]],
  "map by object": [(env) => env.fromData(1).map({ map: (n) => [n] }), [[1]]],
  "map by rich function from a factory": [
    (env) => env.fromData(1, 2).map(perSubtask(() => new Prefixed("/"))),
    ["0/1", "0/2"],
  ],
  "flatMap by array": [(env) => env.fromData("a b", "c").flatMap((line) => line.split(" ")), ["a", "b", "c"]],
  "flatMap by generator": [
    (env) =>
      env.fromData(2, 0, 1).flatMap(function* (n) {
        while (n-- > 0) yield n;
      }),
    [1, 0, 0],
  ],
  "flatMap by collector": [
    (env) =>
      env.fromData(1, 2).flatMap((n, out: Collector<number>) => {
        if (n > 1) out.collect(n);
      }),
    [2],
  ],
  "filter": [(env) => env.fromData(1, null, 2).filter((n) => n !== null).map((n) => n * 2), [2, 4]],
  "process by class": [(env) => env.fromData(1, 2).process(new Doubled()), [2, 4]],
  "process by maker": [(env) => env.fromData(1, 2).process(() => new Doubled()), [2, 4]],
  "asyncMap keeps the order": [
    (env) => env.fromData(3, 1, 2).asyncMap((n) => Promise.resolve(n * 10), { capacity: 2 }),
    [30, 10, 20],
  ],
  "orderedWait with many results": [
    (env) => AsyncDataStream.orderedWait(env.fromData(0, 2), (n) => Promise.resolve(new Array(n).fill(n)), "5 s"),
    [2, 2],
  ],
  "side output": [
    (env) => {
      const odd = new OutputTag<number>("odd");
      return env.fromData(1, 2, 3).process({
        processElement(n, ctx, _out: Collector<number>) {
          if (n % 2 === 1) ctx.output(odd, n);
        },
      }).getSideOutput(odd);
    },
    [1, 3],
  ],
  "partitionings": [
    (env) =>
      env.fromData(1, 2, 3).rebalance().map((n) => n).rescale().map((n) => n).shuffle().map((n) => n).global()
        .map((n) => n).broadcast().map((n) => n).partitionCustom(() => 0, (n) => n).map((n) => n).forward()
        .map((n) => n),
    [1, 2, 3],
  ],

  "keyBy field, sum": [
    (env) => env.fromData(event("a", 0, 1), event("b", 0, 5), event("a", 0, 2)).keyBy("key").sum("n").map((e) => e.n),
    [1, 5, 3],
  ],
  "keyBy fields": [
    (env) => env.fromData(event("a", 1), event("a", 2), event("a", 1)).keyBy("key", "at").sum("n").map((e) => e.n),
    [1, 1, 2],
  ],
  "keyBy tuple position": [
    (env) => env.fromData([["a", 1], ["a", 2]] as [string, number][]).keyBy(0).sum(1).map(([, n]) => n),
    [1, 3],
  ],
  "keyBy composite": [
    (env) => env.fromData(1, 2, 3, 4).keyBy((n) => ({ odd: n % 2 === 1 })).reduce((l, r) => l + r),
    [1, 2, 4, 6],
  ],
  "min keeps the first record": [
    (env) => env.fromData(event("a", 1, 5), event("a", 2, 3)).keyBy("key").min("n").map((e) => [e.at, e.n]),
    [[1, 5], [1, 3]],
  ],
  "maxBy takes the whole one": [
    (env) => env.fromData(event("a", 1, 5), event("a", 3, 3)).keyBy("key").maxBy("at").map((e) => [e.at, e.n]),
    [[1, 5], [3, 3]],
  ],
  "minBy: the first of equal records": [
    (env) => env.fromData(event("a", 1, 3), event("a", 2, 3)).keyBy("key").minBy("n").map((e) => e.at),
    [1, 1],
  ],
  "minBy: the last of equal records": [
    (env) => env.fromData(event("a", 1, 3), event("a", 2, 3)).keyBy("key").minBy("n", false).map((e) => e.at),
    [1, 2],
  ],
  "keyed process with state and timers": [
    (env) => timed(env, event("a", 1, 7), event("b", 2, 8), event("a", 3, 9)).keyBy("key").process(new LastOfKey()),
    ["5000 9", "5000 8"],
  ],

  "tumbling windows": [
    (env) =>
      timed(env, event("a", 100), event("a", 900), event("a", 1_000)).keyBy("key").window(seconds).sum("n")
        .map((e) => e.n),
    [2, 1],
  ],
  "sliding windows": [
    (env) =>
      timed(env, event("a", 1_200)).keyBy("key").window(SlidingEventTimeWindows.of("1 s", "500 ms")).process(
        new Spans(),
      ),
    ["a 500-1500 1", "a 1000-2000 1"],
  ],
  "session windows": [
    (env) =>
      timed(env, event("a", 0), event("a", 80), event("a", 300)).keyBy("key")
        .window(EventTimeSessionWindows.withGap(100)).process(new Spans()),
    ["a 0-180 2", "a 300-400 1"],
  ],
  "aggregate with a window function": [
    (env) =>
      timed(env, event("a", 1, 2), event("a", 2, 4)).keyBy("key").window(seconds).aggregate({
        createAccumulator: () => 0,
        add: (e, sum) => sum + e.n,
        getResult: (sum) => sum / 2,
      }, (key, window, [mean], out: Collector<string>) => out.collect(`${key} ${window.end} ${mean}`)),
    ["a 1000 3"],
  ],
  "reduce with a process function": [
    (env) =>
      timed(env, event("a", 1, 2), event("a", 2, 4)).keyBy("key").window(seconds).reduce(
        (left, right) => left.n > right.n ? left : right,
        perSubtask(() => new Spans()),
      ),
    ["a 0-1000 1"],
  ],
  "apply": [
    (env) =>
      timed(env, event("a", 1), event("b", 2)).keyBy("key").window(seconds)
        .apply((key, _window, events, out: Collector<string>) => out.collect(key + [...events].length)),
    ["a1", "b1"],
  ],
  "late records": [
    (env) => {
      const late = new OutputTag<Event>("late");
      return env.fromData(event("a", 5_000), event("a", 100))
        .assignTimestampsAndWatermarks(
          WatermarkStrategy.forGenerator<Event>(() => ({
            onEvent: (e, _at, output) => output.emitWatermark(e.at),
            onPeriodicEmit() {},
          })).withTimestampAssigner((e: Event) => e.at),
        ).keyBy("key").window(seconds).sideOutputLateData(late).sum("n").getSideOutput(late).map((e) => e.at);
    },
    [100],
  ],
  "count windows": [
    (env) => env.fromData(1, 2, 3, 4, 5).keyBy(() => "all").countWindow(2).reduce((l, r) => l + r),
    [3, 7],
  ],
  "sliding count windows": [
    (env) => env.fromData(1, 2, 3, 4, 5).keyBy(() => "all").countWindow(3, 2).reduce((l, r) => l + r),
    [3, 9],
  ],
  "trigger and evictor": [
    (env) =>
      env.fromData(1, 2, 3, 4).keyBy(() => 0).window(GlobalWindows.create()).trigger(
        PurgingTrigger.of(CountTrigger.of(4)),
      )
        .evictor(CountEvictor.of(2)).reduce((l, r) => l + r),
    [7],
  ],
  "windowAll and countWindowAll": [
    (env) => {
      const all = timed(env, event("a", 1, 2), event("b", 2, 3)).windowAll(seconds).sum("n").map((e) => e.n);
      return all.union(env.fromData(1, 2, 3).countWindowAll(3).reduce((l, r) => l * 10 + r)).countWindowAll(2)
        .process({ process: (_ctx, ns, out: Collector<string>) => out.collect([...ns].sort().join()) });
    },
    ["123,5"],
  ],
  "keyed full window partition": [
    (env) => env.fromData(1, 2, 3).keyBy((n) => n % 2).fullWindowPartition().reduce((l, r) => l + r),
    [4, 2],
  ],
  "keyed map partition": [
    (env) =>
      env.fromData(1, 2, 3).keyBy((n) => n % 2).fullWindowPartition()
        .mapPartition((ns, out: Collector<string>) => out.collect([...ns].join("+"))),
    ["1+3", "2"],
  ],
  "full window partition": [
    (env) => {
      const whole = env.fromData(3, 1, 2).fullWindowPartition();
      return whole.sortPartition((n) => n, "DESCENDING").fullWindowPartition()
        .mapPartition((ns, out: Collector<string>) => out.collect([...ns].join()));
    },
    ["3,2,1"],
  ],
  "full window aggregate": [
    (env) =>
      env.fromData(3, 1, 2).fullWindowPartition().aggregate({
        createAccumulator: () => 0,
        add: (n, sum) => n + sum,
        getResult: (sum) => sum,
      }),
    [6],
  ],

  "join": [
    (env) =>
      timed(env, event("a", 1, 1), event("a", 2, 2)).join(timed(env, event("a", 3, 10), event("b", 3, 9)))
        .where("key").equalTo("key").window(seconds).apply((l, r) => l.n + r.n),
    [11, 12],
  ],
  "coGroup": [
    (env) =>
      timed(env, event("a", 1), event("b", 1)).coGroup(timed(env, event("b", 3), event("c", 3)))
        .where((e) => e.key).equalTo((e) => e.key).window(seconds)
        .apply((l, r, out: Collector<string>) => out.collect(`${[...l].length}${[...r].length}`))
        .fullWindowPartition().sortPartition((pair) => pair, "ASCENDING"),
    ["01", "10", "11"],
  ],
};
for (const [name, [build, expected]] of Object.entries(JOBS)) {
  Deno.test(`job: ${name}`, async () => {
    assert.deepEqual(await build(newEnv()).executeAndCollect(), expected);
  });
}

/** The same where the order between inputs or subtasks is open. */
const UNORDERED: Record<string, readonly [build: (env: Env) => AnyJob, expected: unknown[]]> = {
  "sequence at parallelism 3": [(env) => env.fromSequence(1, 7).map((n) => n), [1, 2, 3, 4, 5, 6, 7]],
  "union": [(env) => env.fromData(1, 2).union(env.fromData(3), env.fromData(4)), [1, 2, 3, 4]],
  "broadcast reaches every subtask": [(env) => env.fromData(1, 2).broadcast().map((n) => n), [1, 1, 1, 2, 2, 2]],
  "co-map": [
    (env) => env.fromData(1).connect(env.fromData("a")).map({ map1: (n) => `n${n}`, map2: (t) => `t${t}` }),
    ["n1", "ta"],
  ],
  "co-flatMap": [
    (env) => env.fromData(1).connect(env.fromData("a")).flatMap({ flatMap1: (n) => [n, n], flatMap2: () => [] }),
    [1, 1],
  ],
  "co-process": [(env) => env.fromData(1).connect(env.fromData("a")).process(new Both()), ["n1", "ta"]],
  "keyed co-process shares state": [
    (env) =>
      env.fromData(event("a", 0, 5), event("b", 0, 6)).connect(env.fromData("a", "b")).keyBy((e) => e.key, (t) => t)
        .process({
          state: { sum: valueState({ defaultValue: 0 }), seen: valueState({ defaultValue: 0 }) },
          processElement1(e, ctx, out: Collector<string>) {
            ctx.state.sum.update(e.n);
            if (ctx.state.seen.value() === 1) out.collect(`${ctx.getCurrentKey()}${e.n}`);
          },
          processElement2(_key, ctx, out: Collector<string>) {
            ctx.state.seen.update(1);
            if (ctx.state.sum.value() > 0) out.collect(`${ctx.getCurrentKey()}${ctx.state.sum.value()}`);
          },
        }),
    ["a5", "b6"],
  ],
  "interval join": [
    (env) => {
      const left = timed(env, event("a", 1_000, 1), event("b", 1_000, 2)).keyBy("key");
      const right = timed(env, event("a", 1_500, 10), event("a", 2_000, 20), event("b", 900, 30)).keyBy("key");
      return left.intervalJoin(right).between(0, "1 s").upperBoundExclusive()
        .process({ processElement: (l, r, _ctx, out: Collector<number>) => out.collect(l.n + r.n) });
    },
    [11],
  ],
  "broadcast state": [
    (env) => {
      const rules = new MapStateDescriptor<string, number>("rules");
      return env.fromData("a", "b").keyBy((k) => k).connect(env.fromData(["a", 1], ["b", 2]).broadcast(rules)).process({
        processElement() {},
        processBroadcastElement([key, n], ctx, out: Collector<string>) {
          ctx.getBroadcastState(rules).put(key as string, n as number);
          out.collect(`${key}=${ctx.getBroadcastState(rules).get(key as string)}`);
        },
      });
    },
    ["a=1", "a=1", "a=1", "b=2", "b=2", "b=2"],
  ],
  "word count": [
    (env) =>
      env.fromData("to be or", "not to be").flatMap((line) => line.split(" ")).map((word) => ({ word, n: 1 }))
        .keyBy("word").sum("n").map(({ word, n }) => word + n),
    ["be1", "be2", "not1", "or1", "to1", "to2"],
  ],
};
for (const [name, [build, expected]] of Object.entries(UNORDERED)) {
  Deno.test(`job at parallelism 3: ${name}`, async () => {
    assert.deepEqual(sorted(await build(newEnv(3)).executeAndCollect()), expected);
  });
}

Deno.test("sinks: writer, committer, topologies and global committer see every record", async () => {
  const seen: Record<string, unknown[]> = { written: [], committed: [], global: [] };
  const sink: Sink<string, string> = {
    createWriter: () => {
      const pending: string[] = [];
      return {
        write: (value) => void pending.push(value),
        flush() {},
        prepareCommit: () => pending.splice(0),
        close() {},
      };
    },
    createCommitter: () => ({
      commit: (requests) => void seen.committed.push(...requests.map((request) => request.getCommittable())),
    }),
    addPreWriteTopology: (input: DataStream<number>) => input.map((n) => `v${n}`),
    addPreCommitTopology: (committables: DataStream<CommittableMessage<string>>) =>
      committables.map((message) => {
        if (message.kind === "committable") seen.written.push(message.committable);
        return message;
      }),
    addPostCommitTopology: (committables: DataStream<CommittableMessage<string>>) => {
      StandardSinkTopologies.addGlobalCommitter(committables, () => ({
        commit: (requests) => void seen.global.push(...requests.map((request) => request.getCommittable())),
      }));
    },
  };
  const env = newEnv();
  env.fromData(1, 2, 3).sinkTo(sink as unknown as Sink<number, string>).uid("sink");
  await env.execute();
  for (const values of Object.values(seen)) assert.deepEqual(values, ["v1", "v2", "v3"]);
});

Deno.test("accumulators of all subtasks are merged into the result", async () => {
  class Counted extends RichMapFunction<number, number> {
    readonly lines: IntCounter = new IntCounter();
    override open(context: RuntimeContext): void {
      context.addAccumulator("lines", this.lines);
    }
    map(n: number): number {
      this.lines.add(1);
      return n;
    }
  }
  const env = newEnv(3);
  env.fromSequence(1, 10).map(new Counted()).print();
  const result = await env.execute();
  assert.equal(result.getAccumulatorResult("lines"), 10);
});

Deno.test("a function that throws fails the job with operator and user's line", async () => {
  const env = newEnv();
  const failing = env.fromData(1).map((n): number => {
    if (n === 1) throw new RangeError("too small");
    return n;
  }).name("checks").uid("checks-uid");
  await assert.rejects(async () => await failing.executeAndCollect(), (error) => {
    assert.ok(error instanceof FlinkError);
    assert.equal(error.code, "TSF-2001");
    assert.equal(error.operator?.name, "checks");
    assert.equal(error.operator?.uid, "checks-uid");
    assert.match(error.userLine ?? "", /api_jobs_test\.ts:\d+/);
    return true;
  });
});

Deno.test("an unbounded read ends when enough was taken", async () => {
  assert.deepEqual(await newEnv().fromSequence(1, 1e12).executeAndCollect().take(3), [1, 2, 3]);
  assert.deepEqual(await newEnv().fromSequence(1, 1e12).executeAndCollect(2), [1, 2]);
});

Deno.test("the result of executeAndCollect is caught and finished like a promise", async () => {
  const failing = () => {
    const { env } = testEnvironment();
    return env.fromData(1).map((n): number => {
      throw new Error(`no ${n}`);
    }).executeAndCollect();
  };
  assert.equal(await failing().catch((error) => (error as { code: string }).code), "TSF-2001");
  assert.equal(await failing().take(5).catch(() => "caught"), "caught");
  await assert.rejects(failing(), { code: "TSF-2001" });
  const calls: string[] = [];
  const { env } = testEnvironment();
  assert.deepEqual(await env.fromData(1, 2).executeAndCollect().finally(() => calls.push("settled")), [1, 2]);
  await assert.rejects(failing().finally(() => calls.push("failed")), { code: "TSF-2001" });
  assert.deepEqual(calls, ["settled", "failed"]);
});
