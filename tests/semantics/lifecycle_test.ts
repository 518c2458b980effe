/** Life cycle of function objects: order of calls, one object per subtask, what the RuntimeContext says. */

import assert from "node:assert/strict";
import {
  type AggregateFunction,
  type Collector,
  IntCounter,
  KeyedProcessFunction,
  type Lifecycle,
  perSubtask,
  ProcessFunction,
  RichCoFlatMapFunction,
  RichCoMapFunction,
  RichFilterFunction,
  RichFlatMapFunction,
  RichMapFunction,
  RichReduceFunction,
  type RuntimeContext,
  type SingleOutputStreamOperator,
} from "tsflink";
import { RecordingSink, testEnvironment } from "tsflink/testing";
import type { AnyStream } from "./job_script.ts";
import { cases, harnessOf, type Rec } from "./operator_script.ts";

// deno-lint-ignore no-explicit-any -- functions and contexts of any form
type Any = any;

/** What each object was asked for, in order; shared by all subtasks through a closure. */
function traced(calls: string[], methods: Record<string, (this: Any, ...args: Any[]) => unknown>): Any {
  const object: Any = {};
  for (const name of ["initializeState", "open", "snapshotState", "notifyCheckpointComplete", "close"]) {
    object[name] = (argument: Any) => {
      calls.push(typeof argument === "number" ? `${name}(${argument})` : name);
    };
  }
  for (const [name, run] of Object.entries(methods)) {
    object[name] = function (this: Any, ...args: Any[]) {
      calls.push(name);
      return run.apply(this, args);
    };
  }
  return object;
}

Deno.test("life cycle: order of calls in a harness", async () => {
  const calls: string[] = [];
  const harness = harnessOf(cases.keyed(traced(calls, {
    processElement: (v: Rec, ctx: Any) => ctx.timerService().registerEventTimeTimer(v.v),
    onTimer: () => {},
  }))) as Any;
  harness.initializeState();
  harness.open();
  harness.processElement({ k: "a", v: 5 }, 1);
  harness.processWatermark(5);
  harness.snapshot(7);
  harness.notifyCheckpointComplete(7);
  harness.endInput();
  await harness.close();
  await harness.close();
  assert.deepEqual(calls, [
    "initializeState",
    "open",
    "processElement",
    "onTimer",
    "snapshotState",
    "notifyCheckpointComplete(7)",
    "close",
  ]);
});

const sum: AggregateFunction<number, number, number> = {
  createAccumulator: () => 0,
  add: (a, b) => a + b,
  getResult: (a) => a,
};

/** Every operation that takes a function object with a life cycle. */
const operations: Record<string, [method: string, run: (s: Any, fn: Any) => AnyStream, call: (...args: Any[]) => Any]> =
  {
    map: ["map", (s, fn) => s.map(fn), (v) => v],
    filter: ["filter", (s, fn) => s.filter(fn), () => true],
    flatMap: ["flatMap", (s, fn) => s.flatMap(fn), (v) => [v]],
    process: ["processElement", (s, fn) => s.process(fn), (v, _c, out) => out.collect(v)],
    "keyed process": ["processElement", (s, fn) => s.keyBy((v: Any) => v).process(fn), (v, _c, out) => out.collect(v)],
    reduce: ["reduce", (s, fn) => s.keyBy(() => 1).reduce(fn), (a, b) => a + b],
    "co map": ["map1", (s, fn) => s.connect(s).map(fn), (v) => v],
    "co flatMap": ["flatMap1", (s, fn) => s.connect(s).flatMap(fn), (v) => [v]],
    "co process": ["processElement1", (s, fn) => s.connect(s).process(fn), (v, _c, out) => out.collect(v)],
    "window process": [
      "process",
      (s, fn) => s.keyBy(() => 1).countWindow(1).process(fn),
      (_k, _c, elements, out) => out.collect([...elements][0]),
    ],
    "window apply": [
      "apply",
      (s, fn) => s.keyBy(() => 1).countWindow(1).apply(fn),
      (_k, _w, elements, out) => out.collect([...elements][0]),
    ],
    "windowAll process": [
      "process",
      (s, fn) => s.countWindowAll(1).process(fn),
      (_c, elements, out) => out.collect([...elements][0]),
    ],
    "aggregate + process": [
      "process",
      (s, fn) => s.keyBy(() => 1).countWindow(1).aggregate(sum, fn),
      (_k, _c, elements, out) => out.collect([...elements][0]),
    ],
    mapPartition: [
      "mapPartition",
      (s, fn) => s.fullWindowPartition().mapPartition(fn),
      (values, out) => out.collect([...values].length),
    ],
    "partition reduce": ["reduce", (s, fn) => s.fullWindowPartition().reduce(fn), (a, b) => a + b],
  };

Deno.test("life cycle: open and close once per object, in every operation", async () => {
  for (const [name, [method, build, call]] of Object.entries(operations)) {
    const calls: string[] = [];
    const second = method.replace("1", "2");
    const fn = traced(calls, { [method]: call, ...(second === method ? {} : { [second]: call }) });
    const { env } = testEnvironment();
    (build(env.fromData(1, 2), fn) as SingleOutputStreamOperator<unknown>).sinkTo(new RecordingSink());
    await env.execute();
    const once = calls.filter((c) => c !== method && c !== second);
    assert.equal(once.join(), "initializeState,open,close", name);
    assert.deepEqual([calls.indexOf("open"), calls.at(-1)], [1, "close"], name);
    assert.ok(calls.includes(method), name);
  }
});

Deno.test("life cycle: close runs after every kind of failure", async () => {
  for (const failing of ["initializeState", "open", "processElement", "close"]) {
    const calls: string[] = [];
    const fn = traced(calls, { processElement: () => {} });
    const whole = fn[failing];
    fn[failing] = (...args: Any[]) => {
      whole(...args);
      throw new Error(`in ${failing}`);
    };
    const { env } = testEnvironment();
    env.fromData(1).process(fn).sinkTo(new RecordingSink());
    await assert.rejects(env.execute(), new RegExp(`in ${failing}`));
    assert.equal(calls.filter((c) => c === "close").length, 1, failing);
    assert.equal(calls.at(-1), "close", failing);
  }
});

Deno.test("life cycle: operators of a chain open from the last to the first and close all, as in Flink", async () => {
  const order = async (failing?: string): Promise<string> => {
    const calls: string[] = [];
    const named = (name: string) => ({
      open() {
        calls.push(`open ${name}`);
        if (name === failing) throw new Error("no");
      },
      close: () => void calls.push(`close ${name}`),
      map: (v: number) => v,
    });
    const { env } = testEnvironment();
    env.fromData(1).map(named("a")).map(named("b")).map(named("c")).sinkTo(new RecordingSink());
    await env.execute().catch(() => calls.push("failed"));
    return calls.join(", ");
  };
  assert.match(await order(), /^open c, open b, open a, close \w, close \w, close \w$/);
  const failed = await order("b");
  assert.ok(failed.startsWith("open c, open b, close"), failed);
  for (const name of ["a", "b", "c"]) assert.equal(failed.split(`close ${name}`).length, 2, failed);
});

class RichMap extends RichMapFunction<number, string> {
  where = "";
  override open(context: RuntimeContext) {
    assert.equal(context, this.getRuntimeContext());
    const { indexOfThisSubtask, numberOfParallelSubtasks } = context.getTaskInfo();
    this.where = `${indexOfThisSubtask + 1}/${numberOfParallelSubtasks}`;
  }
  map(value: number) {
    return `${value} ${this.where}`;
  }
  override close() {
    this.getRuntimeContext();
  }
}
class RichFlatMap extends RichFlatMapFunction<number, number> {
  times = 0;
  override open() {
    this.times = 2;
  }
  override flatMap(value: number) {
    return new Array<number>(this.times).fill(value);
  }
}
class RichFilter extends RichFilterFunction<number> {
  limit = 0;
  override open() {
    this.limit = 2;
  }
  filter(value: number) {
    return value < this.limit;
  }
}
class RichReduce extends RichReduceFunction<number> {
  factor = 0;
  override open() {
    this.factor = 10;
  }
  reduce(a: number, b: number) {
    return a * this.factor + b;
  }
}
class RichCoMap extends RichCoMapFunction<number, string, string> {
  mark = "";
  override open() {
    this.mark = "!";
  }
  map1(value: number) {
    return value + this.mark;
  }
  map2(value: string) {
    return value + this.mark;
  }
}
class RichCoFlatMap extends RichCoFlatMapFunction<number, string, string> {
  mark = "";
  override open() {
    this.mark = "?";
  }
  override flatMap1(value: number) {
    return [value + this.mark];
  }
  override flatMap2(value: string, out: Collector<string>) {
    out.collect(value + this.mark);
  }
}

Deno.test("life cycle: rich functions", async () => {
  const { env } = testEnvironment();
  const numbers = env.fromData(1, 2, 3);
  const letters = env.fromData("x");
  const collect = async (stream: AnyStream) => (await stream.executeAndCollect()).map(String).sort();
  for (
    const [stream, expected] of [
      [numbers.map(new RichMap()), ["1 1/1", "2 1/1", "3 1/1"]],
      [numbers.flatMap(new RichFlatMap()), ["1", "1", "2", "2", "3", "3"]],
      [numbers.filter(new RichFilter()), ["1"]],
      [numbers.keyBy(() => 0).reduce(new RichReduce()), ["1", "12", "123"]],
      [numbers.connect(letters).map(new RichCoMap()), ["1!", "2!", "3!", "x!"]],
      [numbers.connect(letters).flatMap(new RichCoFlatMap()), ["1?", "2?", "3?", "x?"]],
    ] as [AnyStream, string[]][]
  ) assert.deepEqual(await collect(stream), expected);
});

// Object literals with a life cycle are inferred like plain functions.
Deno.test("life cycle: object literals with open and close", async () => {
  const { env } = testEnvironment();
  const seen: string[] = [];
  const life: Lifecycle = {
    open(context) {
      seen.push(context.getTaskInfo().taskName === "" ? "" : "open");
    },
    close() {
      seen.push("close");
    },
  };
  const stream = env.fromData(1, 2)
    .flatMap({ ...life, flatMap: (v: number, out: Collector<number>) => out.collect(v * 2) })
    .filter({ ...life, filter: (v: number) => v > 2 })
    .keyBy(() => 1).reduce({ ...life, reduce: (a, b) => a + b });
  const connected = stream.connect(stream)
    .map({ ...life, map1: (v: number) => v, map2: (v: number) => -v });
  const flat = connected.connect(connected)
    .flatMap({ ...life, flatMap1: (v: number) => [v], flatMap2: (v: number) => [v] });
  assert.deepEqual((await flat.executeAndCollect()).sort(), [-4, -4, 4, 4]);
  assert.deepEqual([seen.filter((s) => s === "open").length, seen.filter((s) => s === "close").length], [5, 5]);
});

Deno.test("life cycle: every subtask and every attempt has an object of its own", async () => {
  const counting = {
    n: 0,
    log: [] as number[],
    map(v: number) {
      this.log.push(v);
      return `${++this.n}/${this.log.length}`;
    },
  }; // deno-fmt-ignore
  for (const parallelism of [1, 2, 3]) {
    const { env } = testEnvironment({ parallelism });
    for (let round = 0; round < 2; round++) {
      const found = await env.fromData(1, 2, 3, 4, 5, 6).rebalance().map(counting).executeAndCollect();
      const perSubtask = 6 / parallelism;
      const expected = Array.from({ length: parallelism }, () => Array.from({ length: perSubtask }, (_, i) => `${i + 1}/${i + 1}`));
      assert.deepEqual(found.sort(), expected.flat().sort());
    }
  }
  assert.deepEqual([counting.n, counting.log], [0, []]);
});

Deno.test("life cycle: factories are called once per subtask", async () => {
  let made = 0;
  class Numbered {
    #mine = ++made;
    map(v: number) {
      return this.#mine + v - v;
    }
  }
  const { env } = testEnvironment({ parallelism: 3 });
  const found = await env.fromSequence(1, 30).rebalance().map(perSubtask(() => new Numbered())).executeAndCollect();
  assert.deepEqual([...new Set(found)].sort(), [1, 2, 3]);
  made = 0;
  const made2 = await env.fromSequence(1, 3).keyBy(() => 1).process(() =>
    new (class extends KeyedProcessFunction<number, number, number> {
      #mine = ++made;
      processElement(_v: number, _c: Any, out: Collector<number>) {
        out.collect(this.#mine);
      }
    })()
  ).setParallelism(2).executeAndCollect();
  assert.equal(made, 2);
  assert.equal(new Set(made2).size, 1);
});

Deno.test("life cycle: what the RuntimeContext says", async () => {
  const { env } = testEnvironment({ parallelism: 2, startMs: 5_000 });
  env.getConfig().setGlobalJobParameters({ who: "me" });
  const found = await env.fromData(1, 2).rebalance().process(
    new (class extends ProcessFunction<number, string> {
      processElement(_v: number, _c: Any, out: Collector<string>) {
        const context = this.getRuntimeContext();
        const task = context.getTaskInfo();
        out.collect([
          task.indexOfThisSubtask,
          task.numberOfParallelSubtasks,
          task.maxNumberOfParallelSubtasks,
          task.attemptNumber,
          task.taskNameWithSubtasks === `${task.taskName} (${task.indexOfThisSubtask + 1}/2)#0`,
          context.getJobInfo().jobName,
          /^[0-9a-f]{32}$/.test(context.getJobInfo().jobId),
          context.getGlobalJobParameters().who,
          context.isObjectReuseEnabled(),
          context.currentProcessingTime() >= 5_000,
        ].join());
      }
    })(),
  ).executeAndCollect("named");
  assert.deepEqual(found.sort(), [0, 1].map((i) => `${i},2,128,0,true,named,true,me,false,true`));
});

Deno.test("life cycle: getRuntimeContext() in the constructor fails", () => {
  assert.throws(
    () =>
      new (class extends RichMapFunction<number, number> {
        constructor() {
          super();
          this.getRuntimeContext();
        }
        map = (v: number) => v;
      })(),
    { code: "TSF-2031" },
  );
});

Deno.test("accumulators: added up over subtasks, operators and inputs", async () => {
  for (const parallelism of [1, 3]) {
    const { env } = testEnvironment({ parallelism });
    env.fromSequence(1, 30).rebalance().map({
      open(context: RuntimeContext) {
        (this as Any).counter = context.getIntCounter("seen");
        context.addAccumulator("opened", Object.assign(new IntCounter(), {}) as Any);
        (context.getAccumulator("opened") as Any).add(1);
      },
      map(v: number) {
        (this as Any).counter.add(1);
        return v;
      },
    } as { map(v: number): number }).map({
      open(context: RuntimeContext) {
        (this as Any).histogram = context.getHistogram("mod 3");
        (this as Any).sum = context.getDoubleCounter("halves");
      },
      map(v: number) {
        (this as Any).histogram.add(v % 3);
        (this as Any).sum.add(v / 2);
        return v;
      },
    } as { map(v: number): number }).sinkTo(new RecordingSink());
    const result = await env.execute();
    assert.equal(result.getAccumulatorResult("seen"), 30);
    assert.equal(result.getAccumulatorResult("opened"), parallelism);
    assert.deepEqual(new Map(result.getAccumulatorResult("mod 3") as Any), new Map([[0, 10], [1, 10], [2, 10]]));
    assert.equal(result.getAccumulatorResult("halves"), 232.5);
  }
});

Deno.test("accumulators: a name is taken once per task", async () => {
  const { env } = testEnvironment();
  env.fromData(1).map({
    open(context: RuntimeContext) {
      context.addAccumulator("x", new IntCounter() as Any);
      context.addAccumulator("x", new IntCounter() as Any);
    },
    map: (v: number) => v,
  } as { map(v: number): number }).sinkTo(new RecordingSink());
  await assert.rejects(env.execute(), { code: "TSF-2020" });
});

Deno.test("life cycle: one function object in several operators is several functions", async () => {
  const counting = {
    n: 0,
    map(v: number) {
      return v * 10 + ++this.n;
    },
  }; // deno-fmt-ignore
  const { env } = testEnvironment();
  const first = env.fromData(1, 2).map(counting);
  const found = await first.map(counting).union(first.map(counting)).executeAndCollect();
  assert.deepEqual(found.sort((a, b) => a - b), [111, 111, 222, 222]);
});

Deno.test("distributed cache: in every subtask; an unknown name and a missing file are named", async () => {
  const path = Deno.makeTempFileSync();
  Deno.writeTextFileSync(path, "one two");
  const words = async (name: string, use: (file: Any) => string) => {
    const { env } = testEnvironment({ parallelism: 2 });
    env.registerCachedFile(path, "words");
    if (name === "missing") env.registerCachedFile(path + ".missing", "missing");
    return await env.fromData(1, 2).rebalance().map({
      text: "",
      open(context: RuntimeContext) {
        this.text = use(context.getDistributedCache().getFile(name));
      },
      map(v: number) {
        return `${v} ${this.text}`;
      },
    } as Any).executeAndCollect();
  };
  try {
    // The test environment has files in memory of its own, or those of the system; either way the path is the one given.
    assert.deepEqual((await words("words", (file) => file.path)).sort(), [`1 ${path}`, `2 ${path}`]);
    await assert.rejects(words("nothing", (file) => file.text()), { code: "TSF-2030" });
    await assert.rejects(words("missing", () => assert.fail("not reached")), { code: "TSF-3001" });
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("keys: a selector that gives no key, or another one each time, is named", async () => {
  const run = async (select: (v: number) => unknown, parallelism = 1) => {
    const { env } = testEnvironment({ parallelism });
    return await env.fromData(...Array.from({ length: 50 }, (_, i) => i)).keyBy(select as (v: number) => string)
      .reduce((a) => a).name("counted").executeAndCollect();
  };
  for (const none of [undefined, null, Symbol("s"), new Date(), () => 1]) {
    await assert.rejects(run(() => none), { code: "TSF-2102" }, String(none));
  }
  let n = 0;
  await assert.rejects(run(() => `${n++}`, 4), { code: "TSF-2116", message: /counted/ });
  await assert.rejects(
    run(() => {
      throw new Error("mine");
    }),
    /mine/,
  );
});
