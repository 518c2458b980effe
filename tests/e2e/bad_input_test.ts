/**
 * What bad input gets: a code, what was expected and found, the operator, and the user's own line. Where a line is
 * promised, the case carries a marker `// @name` on it.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Collector,
  defineSource,
  DiscardingSink,
  EventTimeSessionWindows,
  type FlinkError,
  type StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  ValueStateDescriptor,
  WatermarkStrategy,
} from "tsflink";
import { testEnvironment } from "tsflink/testing";

interface Case {
  readonly code: string;
  /** Texts the message holds. */
  readonly says?: readonly string[];
  /** Name and uid of the operator. */
  readonly operator?: string;
  readonly uid?: string;
  /** The error names the line with the marker `// @<this>`. */
  readonly line?: string;
  readonly run: (env: StreamExecutionEnvironment) => unknown;
}

/** Types that the compiler would refuse; here they must be refused at run time. */
// deno-lint-ignore no-explicit-any -- see above
const wrong = (value: unknown): any => value;

class Unclonable {
  readonly id = 1;
}

const CASES: Readonly<Record<string, Case>> = {
  "no sink": {
    code: "TSF-1207",
    says: ["sinkTo"],
    line: "no-sink",
    run: (env) => {
      env.fromData(1, 2).map((n) => n); // @no-sink
      return env.execute();
    },
  },
  "no operators at all": { code: "TSF-1101", run: (env) => env.execute() },
  "duplicate uid": {
    code: "TSF-1102",
    operator: "Filter",
    uid: "same",
    line: "duplicate",
    run: (env) => {
      const first = env.fromData(1).map((n) => n).uid("same");
      const second = first.filter(() => true); // @duplicate
      second.uid("same").print();
      return env.execute();
    },
  },
  "forward with unequal parallelism": {
    code: "TSF-1103",
    says: ["rebalance"],
    operator: "Map",
    run: (env) => {
      env.fromData(1).map((n) => n).setParallelism(2).forward().map((n) => n).setParallelism(3).print();
      return env.execute();
    },
  },
  "window on a stream that is not keyed": {
    code: "TSF-1204",
    says: ["keyBy", "windowAll"],
    run: (env) => wrong(env.fromData(1)).window(TumblingEventTimeWindows.of("1 s")),
  },
  "event-time window without timestamps": {
    code: "TSF-2201",
    says: ["assignTimestampsAndWatermarks"],
    operator: "TumblingEventTimeWindows",
    line: "no-timestamps",
    run: (env) => {
      const keyed = env.fromData(1).keyBy((n) => n);
      keyed.window(TumblingEventTimeWindows.of("1 s")).reduce((a) => a).print(); // @no-timestamps
      return env.execute();
    },
  },
  "throw in map": {
    code: "TSF-2001",
    says: ["TypeError", "reading 'x'"],
    operator: "Map",
    uid: "mapper",
    line: "map",
    run: (env) => {
      env.fromData(1).map((n) => {
        return wrong(undefined).x + n; // @map
      }).uid("mapper").print();
      return env.execute();
    },
  },
  "throw in aggregate": {
    code: "TSF-2001",
    says: ["no more"],
    line: "aggregate",
    run: (env) => {
      env.fromData(1).keyBy((n) => n).countWindow(1).aggregate({
        createAccumulator: () => 0,
        add: (): number => {
          throw new RangeError("no more"); // @aggregate
        },
        getResult: (n) => n,
      }).print();
      return env.execute();
    },
  },
  "throw in a timer": {
    code: "TSF-2001",
    operator: "KeyedProcess",
    line: "timer",
    run: (env) => {
      env.fromData(1).keyBy((n) => n).process({
        processElement(_n, ctx, _out: Collector<number>) {
          ctx.timerService().registerEventTimeTimer(5);
        },
        onTimer() {
          throw new Error("late"); // @timer
        },
      }).print();
      return env.execute();
    },
  },
  "throw in a window function": {
    code: "TSF-2001",
    line: "window",
    run: (env) => {
      env.fromData(1).keyBy((n) => n).countWindow(1).process({
        process(_key, _ctx, _elements, _out: Collector<number>) {
          throw new Error("window"); // @window
        },
      }).print();
      return env.execute();
    },
  },
  "throw in a source": {
    code: "TSF-3031",
    operator: "Source: broken",
    line: "source",
    run: (env) => {
      const source = defineSource<number, number, number>({
        boundedness: "bounded",
        splits: () => [1],
        // deno-lint-ignore require-yield -- it throws first
        open: async function* () {
          await Promise.resolve();
          throw new Error("cannot read"); // @source
        },
      });
      env.fromSource(source, WatermarkStrategy.noWatermarks(), "broken").print();
      return env.execute();
    },
  },
  "throw in a sink": {
    code: "TSF-2001",
    operator: "broken: Writer",
    line: "sink",
    run: (env) => {
      env.fromData(1).sinkTo({
        createWriter: () => ({
          write: () => {
            throw new Error("cannot write"); // @sink
          },
          flush: () => {},
          close: () => {},
        }),
      }).name("broken");
      return env.execute();
    },
  },
  "rejection in a sink": {
    code: "TSF-2001",
    says: ["cannot write"],
    line: "rejection",
    run: (env) => {
      env.fromData(1).sinkTo({
        createWriter: () => ({
          write: async () => {
            await Promise.resolve();
            throw new Error("cannot write"); // @rejection
          },
          flush: () => {},
          close: () => {},
        }),
      });
      return env.execute();
    },
  },
  "throw in open": {
    code: "TSF-2001",
    operator: "Map",
    line: "open",
    run: (env) => {
      env.fromData(1).map({
        open() {
          throw new Error("not today"); // @open
        },
        map: (n: number) => n,
      } as { map(n: number): number }).print();
      return env.execute();
    },
  },
  "a record with a function": {
    code: "TSF-2101",
    says: ["value.inner.f", "function"],
    operator: "Map",
    run: (env) => {
      env.fromData(1).map((n) => ({ n, inner: { f: () => n } })).rebalance().map((record) => record.n).print();
      return env.execute();
    },
  },
  "a record with a class instance": {
    code: "TSF-2101",
    says: ["value.list[1]", "Unclonable"],
    operator: "Map",
    run: (env) => {
      env.fromData(1).map(() => ({ list: [null, new Unclonable()] })).rebalance().map((record) => record.list.length)
        .print();
      return env.execute();
    },
  },
  "a record above taskmanager.network.max-record-size": {
    code: "TSF-2103",
    says: ["max-record-size"],
    operator: "Map",
    run: (env) => {
      env.configure({ "taskmanager.network.max-record-size": "1 kb", "pipeline.exchange.force-codec": true });
      env.fromData(2000).map((n) => "x".repeat(n)).rebalance().map((text) => text.length).print();
      return env.execute();
    },
  },
  "a missing file": {
    code: "TSF-3001",
    says: ["/no/such/file.txt"],
    run: (env) => {
      env.readTextFile("/no/such/file.txt").print();
      return env.execute();
    },
  },
  "a registered file that is not there": {
    code: "TSF-3001",
    says: ['"cities"', "/no/such/cities.csv"],
    run: (env) => {
      env.registerCachedFile("/no/such/cities.csv", "cities");
      env.fromData(1).print();
      return env.execute();
    },
  },
  "parallelism 0": {
    code: "TSF-1104",
    says: ["found: 0"],
    run: (env) => env.fromData(1).map((n) => n).setParallelism(0),
  },
  "negative parallelism": { code: "TSF-1104", says: ["-2"], run: (env) => env.setParallelism(-2) },
  "parallelism above maxParallelism": {
    code: "TSF-1106",
    says: ["at most 2"],
    run: (env) => {
      env.fromData(1).map((n) => n).setMaxParallelism(2).setParallelism(4).print();
      return env.execute();
    },
  },
  "unknown option": {
    code: "TSF-4001",
    says: ["Did you mean pipeline.object-reuse?"],
    run: (env) => env.configure({ "pipeline.objectreuse": true }),
  },
  "malformed value of an option": {
    code: "TSF-4002",
    says: ["true or false", '"maybe"'],
    run: (env) => env.configure({ "pipeline.object-reuse": "maybe" }),
  },
  "an async function where a value is expected": {
    code: "TSF-1202",
    says: ["asyncMap"],
    run: (env) => env.fromData(1).map(wrong(async (n: number) => await Promise.resolve(n))),
  },
  "a promise where a value is expected": {
    code: "TSF-2002",
    says: ["asyncMap"],
    operator: "Map",
    run: (env) => {
      env.fromData(1).map(wrong((n: number) => Promise.resolve(n))).print();
      return env.execute();
    },
  },
  "a key that is none": {
    code: "TSF-2102",
    says: ["key.when", "Date"],
    run: (env) => {
      env.fromData(1).keyBy(wrong(() => ({ when: new Date(0) }))).sum(wrong(0) as never).print();
      return env.execute();
    },
  },
  "a key selector that throws": {
    code: "TSF-2001",
    says: ["key selector"],
    line: "selector",
    run: (env) => {
      const stream = env.fromData({ a: 1 });
      stream.keyBy((record) => wrong(record).b.c).sum("a").print(); // @selector
      return env.execute();
    },
  },
  "a returned string from flatMap": {
    code: "TSF-2010",
    says: ["[value]"],
    run: (env) => {
      env.fromData("text").flatMap(wrong((text: string) => text)).print();
      return env.execute();
    },
  },
  "a collector kept for later": {
    code: "TSF-2003",
    line: "collector",
    run: (env) => {
      let kept: Collector<number> | undefined;
      env.fromData(1, 2).flatMap((n, out: Collector<number>) => {
        if (kept === undefined) kept = out;
        else kept.collect(n); // @collector
      }).print();
      return env.execute();
    },
  },
  "timers on a stream without key": {
    code: "TSF-2005",
    says: ["keyBy"],
    run: (env) => {
      env.fromData(1).process({
        processElement: (_n, ctx, _out: Collector<number>) => ctx.timerService().registerEventTimeTimer(1),
      }).print();
      return env.execute();
    },
  },
  "state before open": {
    code: "TSF-2004",
    run: (env) => {
      env.fromData(1).process({
        open: (context) => void context.getState(new ValueStateDescriptor("x")).value(),
        processElement: (_n, _ctx, _out: Collector<number>) => {},
      }).print();
      return env.execute();
    },
  },
  "sessions with an aggregate that cannot merge": {
    code: "TSF-1704",
    says: ["merge"],
    run: (env) =>
      env.fromData(1).keyBy((n) => n).window(EventTimeSessionWindows.withGap("1 s")).aggregate({
        createAccumulator: () => 0,
        add: (n: number, sum: number) => n + sum,
        getResult: (sum: number) => sum,
      }),
  },
  "a partitioner out of range": {
    code: "TSF-2121",
    says: ["from 0 to 1", "found: 7"],
    run: (env) => {
      env.fromData(1).partitionCustom(() => 7, (n) => n).map((n) => n).setParallelism(2).print();
      return env.execute();
    },
  },
};

/** Line of a marker in this file, from 1. */
const LINES = Deno.readTextFileSync(new URL(import.meta.url)).split("\n");
function lineOf(marker: string): number {
  return LINES.findIndex((line) => line.endsWith(`// @${marker}`)) + 1;
}

for (const [name, expected] of Object.entries(CASES)) {
  Deno.test(`bad input: ${name}`, async () => {
    const { env } = testEnvironment();
    const error = await Promise.resolve().then(() => expected.run(env)).then(
      () => assert.fail("nothing was refused"),
      (thrown: FlinkError) => thrown,
    );
    assert.equal(error.code, expected.code, error.stack);
    for (const text of expected.says ?? []) assert.ok(error.message.includes(text), `"${text}" in\n${error.message}`);
    assert.ok(error.message.includes("expected:") || error.cause !== undefined, error.message);
    if (expected.operator !== undefined) assert.equal(error.operator?.name, expected.operator, error.message);
    if (expected.uid !== undefined) assert.equal(error.operator?.uid, expected.uid);
    if (expected.line !== undefined) {
      assert.match(
        error.userLine ?? "",
        new RegExp(`bad_input_test\\.ts:${lineOf(expected.line)}:\\d+$`),
        error.message,
      );
    }
  });
}

Deno.test("after a refusal nothing is half done: the environment goes on", async () => {
  const { env } = testEnvironment();
  env.fromData(1).map((n) => n);
  await assert.rejects(env.execute(), { code: "TSF-1207" });
  env.fromData(1).sinkTo(new DiscardingSink());
  await env.execute();
});

Deno.test("a failing task ends the others, closes every function once and leaves no timer", async () => {
  const { env, clock } = testEnvironment({ parallelism: 3 });
  const closed: string[] = [];
  env.fromSequence(1, 100_000).map({
    map: (n: number) => {
      if (n === 40_000) throw new Error("stop");
      return n;
    },
    close: () => void closed.push("map"),
  } as { map(n: number): number }).rebalance().map({
    map: (n: number) => n,
    close: () => void closed.push("after"),
  } as { map(n: number): number }).assignTimestampsAndWatermarks({ timestamp: (n) => n }).sinkTo(new DiscardingSink());
  await assert.rejects(env.execute(), { code: "TSF-2001" });
  assert.deepEqual(closed.sort(), ["after", "after", "after", "map", "map", "map"]);
  assert.equal(clock.pending, 0);
});
