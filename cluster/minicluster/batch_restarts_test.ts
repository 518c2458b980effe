/**
 * Stages of BATCH jobs that fail and are tried again, over files in memory: what runs again, what counts, what is left.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Accumulator,
  type AppendableFile,
  type Collector,
  type DataStream,
  defineSource,
  type FlinkError,
  IntCounter,
  InvalidProgramError,
  type JobClient,
  perSubtask,
  RichMapFunction,
  StreamExecutionEnvironment,
  WatermarkStrategy,
} from "tsflink";
import { ManualClock, MemoryFiles, RecordingSink, testEnvironment, testSeams } from "tsflink/testing";
import { hostBinding } from "../../runtime/api/host_binding.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import { systemSeams } from "../../runtime/seams/system/system_seams.ts";
import { localExecutor } from "../entrypoint/local.ts";
import type { LocalJob } from "./local_job.ts";

const ATTEMPTS = (attempts: number) => ({
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": attempts,
  "restart-strategy.fixed-delay.delay": "3 s",
});

/** A BATCH job with files in memory and its time in the test's hand. */
class Batch {
  readonly clock = new ManualClock();
  readonly seams: Seams;
  readonly env: StreamExecutionEnvironment;
  readonly states: string[] = [];
  job!: LocalJob;

  constructor(configuration: Readonly<Record<string, unknown>> = {}, readonly files: MemoryFiles = new MemoryFiles()) {
    const { mainThread } = systemSeams();
    this.seams = { ...systemSeams({ seed: 1 }), ...testSeams(), mainThread, clock: this.clock, files };
    files.makeDirectory("/tmp");
    const executor = localExecutor({
      seams: this.seams,
      onJob: (job) => this.job = job,
      job: {
        onState: (state) => this.states.push(state),
        // The clock goes on only when nothing else can.
        onIdle: (isStillIdle) => this.#advanceWhenIdle(isStillIdle),
      },
    });
    this.env = StreamExecutionEnvironment.ofHost({
      executor: () => Promise.resolve(executor),
      connectors: hostBinding().connectors,
      args: () => [],
      configuration: () => ({
        "execution.runtime-mode": "BATCH",
        "execution.sorted-inputs.memory": "200 b",
        "execution.local.isolation": "inline",
        ...configuration,
      }),
    });
  }

  #advanceWhenIdle(isStillIdle: () => boolean): void {
    const wait = (turns: number): void => {
      this.seams.mainThread.post(() => {
        if (turns > 0) return wait(turns - 1);
        if (isStillIdle() && this.clock.nextAt !== undefined) this.clock.advanceTo(this.clock.nextAt);
      });
    };
    wait(5);
  }

  get warnings(): string[] {
    return (this.seams.log as ReturnType<typeof testSeams>["log"]).lines.filter(({ level }) => level === "warn")
      .map(({ message }) => message);
  }
  /** Files between stages that are there now. */
  get results(): string[] {
    return this.files.paths().filter((path) => path.includes("tsflink-stages-"));
  }
  assertTidy(): void {
    assert.deepEqual(this.files.listSync("/tmp").map(({ path }) => path), []);
    assert.equal(this.clock.pending, 0, "no timer is left");
  }
}

/** Counts what goes through it and fails at given counts, over all attempts. */
class Tripwire {
  calls = 0;
  constructor(readonly failAt: readonly number[] = [], readonly error: () => Error = () => new Error("tripped")) {}
  readonly pass = <T>(value: T): T => {
    this.calls++;
    if (this.failAt.includes(this.calls)) throw this.error();
    return value;
  };
}

interface Shape {
  readonly first: Tripwire;
  readonly second: Tripwire;
  readonly third: Tripwire;
}

const TEN = Array.from({ length: 10 }, (_, n) => n);

/** Three stages: two maps, a keyed sum with one result per key, a sink of its own. */
function build(env: StreamExecutionEnvironment, { first, second, third }: Shape, p = 1): DataStream<number> {
  return env.fromData(...TEN).map((n) => first.pass(n)).name("first")
    .keyBy((n) => n % 3).reduce((a, b) => a + b).setParallelism(p).map((n) => second.pass(n)).name("second")
    .setParallelism(p).rebalance().map((n) => third.pass(n)).name("third").setParallelism(1);
}
const SUMS = [12, 15, 18];

async function run(
  failAt: { readonly [K in keyof Shape]?: readonly number[] },
  configuration: Readonly<Record<string, unknown>>,
  p = 1,
) {
  const batch = new Batch(configuration);
  const shape = {
    first: new Tripwire(failAt.first),
    second: new Tripwire(failAt.second),
    third: new Tripwire(failAt.third),
  };
  const sink = new RecordingSink<number>();
  build(batch.env, shape, p).sinkTo(sink);
  const error = await batch.env.execute().then(() => undefined, (error) => error as FlinkError);
  batch.assertTidy();
  const calls = [shape.first, shape.second, shape.third].map(({ calls }) => calls);
  return { batch, error, calls, values: [...sink.values].sort((a, b) => a - b) };
}

Deno.test("stages run one after the other, and leave nothing behind", async () => {
  for (const p of [1, 2, 3]) {
    const { batch, calls, values, error } = await run({}, {}, p);
    assert.deepEqual([calls, values, error], [[10, 3, 3], SUMS, undefined]);
    assert.deepEqual(batch.states, ["CREATED", "RUNNING", "FINISHED"]);
    const states = batch.job.progress().map((
      { states, numRecordsIn, numRecordsOut },
    ) => [states, numRecordsIn, numRecordsOut]);
    assert.deepEqual(
      states,
      [[{ FINISHED: 1 }, 10, 10], [{ FINISHED: p }, 10, 3], [{ FINISHED: 1 }, 3, 0]].map(
        ([state, , out], i) => [state, states[i][1], out],
      ),
    );
  }
});

Deno.test("a stage that fails is tried again from the results of those before it", async () => {
  for (const p of [1, 2]) {
    const { batch, calls, values, error } = await run({ second: [2], third: [2] }, ATTEMPTS(2), p);
    assert.equal(error, undefined);
    assert.deepEqual(batch.states, [
      "CREATED",
      "RUNNING",
      "RESTARTING",
      "RUNNING",
      "RESTARTING",
      "RUNNING",
      "FINISHED",
    ]);
    assert.equal(calls[0], 10, "the first stage ran once");
    if (p === 1) assert.deepEqual(calls, [10, 5, 5]);
    // A sink that writes at once has what the failed attempt wrote, too.
    assert.deepEqual([...new Set(values)], SUMS);
    assert.equal(batch.clock.now(), 6000, "each restart waits");
    assert.match(batch.warnings.join("\n"), /has failed and is tried again: .*tripped/);
  }
});

Deno.test("a source stage that fails is read again from its beginning", async () => {
  const { calls, values, error } = await run({ first: [7] }, ATTEMPTS(1));
  assert.deepEqual([calls, values, error], [[17, 3, 3], SUMS, undefined]);
});

Deno.test("the job fails when no attempts are left, without a strategy, and for what cannot get better", async () => {
  const table: [Readonly<Record<string, unknown>>, number][] = [
    [ATTEMPTS(1), 2],
    [ATTEMPTS(0), 1],
    [{}, 1],
    [{ "restart-strategy.type": "none" }, 1],
  ];
  for (const [configuration, attempts] of table) {
    const { batch, error, calls, values } = await run({ second: [1, 2, 3, 4] }, configuration);
    assert.deepEqual([error?.code, error?.operator?.name], ["TSF-2001", "second"]);
    assert.deepEqual([batch.states.at(-1), calls, values], ["FAILED", [10, attempts, 0], []]);
  }
  const batch = new Batch(ATTEMPTS(5));
  const tripwire = new Tripwire([1], () => new InvalidProgramError("TSF-1000", "wrong"));
  batch.env.fromData(1, 2).rebalance().map((n) => tripwire.pass(n)).sinkTo(new RecordingSink<number>());
  await assert.rejects(batch.env.execute(), { code: "TSF-1000" });
  assert.equal(tripwire.calls, 1);
  batch.assertTidy();
});

Deno.test("results that are lost are made again, those of stages before that, too", async () => {
  const batch = new Batch(ATTEMPTS(1));
  const shape = { first: new Tripwire(), second: new Tripwire(), third: new Tripwire() };
  const sink = new RecordingSink<number>();
  build(batch.env, shape).map((n) => {
    if (shape.third.calls > 1) return n;
    for (const path of batch.results) batch.files.remove(path);
    throw new Error("and the disk is gone");
  }).sinkTo(sink);
  await batch.env.execute();
  assert.deepEqual([shape.first.calls, shape.second.calls, sink.values.length], [20, 6, 3]);
  assert.match(batch.warnings.join("\n"), /Results of .*second.* are lost: it runs again/);
  assert.match(batch.warnings.join("\n"), /Results of .*first.* are lost: it runs again/);
  batch.assertTidy();
});

Deno.test("without restarts a result that is lost fails the job that reads it", async () => {
  const batch = new Batch();
  const shape = { first: new Tripwire(), second: new Tripwire(), third: new Tripwire() };
  batch.env.fromData(...TEN).map((n) => {
    if (n === 9) batch.seams.mainThread.post(() => batch.results.forEach((path) => batch.files.remove(path)));
    return shape.first.pass(n);
  }).rebalance().map((n) => n).name("reader").sinkTo(new RecordingSink<number>());
  const error: FlinkError = await batch.env.execute().then(() => assert.fail("it fails"), (error) => error);
  assert.equal(error.code, "TSF-3043");
  batch.assertTidy();
});

Deno.test("a full disk fails the stage that writes; there is more room at the next attempt", async () => {
  let isFull = true;
  class FullDisk extends MemoryFiles {
    override appendTo(path: string): AppendableFile {
      const file = super.appendTo(path);
      const append = (bytes: Uint8Array) => {
        if (!isFull) return file.append(bytes);
        isFull = false;
        throw new Error("no space left on device");
      };
      return { ...file, append };
    }
  }
  const batch = new Batch(ATTEMPTS(1), new FullDisk());
  const sink = new RecordingSink<number>();
  batch.env.fromData(1, 2, 3).rebalance().map((n) => n).sinkTo(sink);
  await batch.env.execute();
  assert.deepEqual(sink.values, [1, 2, 3]);
  assert.match(batch.warnings.join("\n"), /TSF-3042.*no space left on device/s);
  batch.assertTidy();
});

Deno.test("rows for the client come once, also from a stage that is tried again", async () => {
  for (const attempts of [0, 2]) {
    const batch = new Batch(ATTEMPTS(attempts));
    const shape = { first: new Tripwire(), second: new Tripwire(), third: new Tripwire(attempts > 0 ? [3, 5] : []) };
    const rows = await build(batch.env, shape).executeAndCollect();
    assert.deepEqual([...rows].sort((a, b) => a - b), SUMS);
    batch.assertTidy();
  }
});

Deno.test("accumulators count what finished attempts have counted, over all stages", async () => {
  class Counting extends RichMapFunction<number, number> {
    readonly counter = new IntCounter();
    constructor(readonly name: string, readonly tripwire: Tripwire) {
      super();
    }
    override open(): void {
      this.getRuntimeContext().addAccumulator(this.name, this.counter);
    }
    override map(n: number): number {
      this.counter.add(1);
      return this.tripwire.pass(n);
    }
  }
  const batch = new Batch(ATTEMPTS(3));
  const wires = [[4], [15], [2]].map((failAt) => new Tripwire(failAt));
  batch.env.fromData(...TEN).map(perSubtask(() => new Counting("all", wires[0]))).rebalance()
    .map(perSubtask(() => new Counting("all", wires[1]))).setParallelism(3).rebalance().map(
      perSubtask(() => new Counting("last", wires[2])),
    )
    .setParallelism(1).sinkTo(new RecordingSink<number>());
  const result = await batch.env.execute();
  assert.deepEqual(result.getAllAccumulatorResults(), { all: 20, last: 10 });
  assert.deepEqual(await batch.job.getAccumulators(), { all: 20, last: 10 });
});

/** Cannot travel: what it knows is in no field that others see. */
class Secret implements Accumulator<number, number> {
  #sum = 0;
  add(n: number): void {
    this.#sum += n;
  }
  getLocalValue(): number {
    return this.#sum;
  }
  resetLocal(): void {
    this.#sum = 0;
  }
  merge(other: Accumulator<number, number>): void {
    this.#sum += other.getLocalValue();
  }
}

Deno.test("an accumulator that cannot travel serves one stage, not two", async () => {
  class Summing extends RichMapFunction<number, number> {
    readonly sum = new Secret();
    constructor(readonly name: string) {
      super();
    }
    override open(): void {
      this.getRuntimeContext().addAccumulator(this.name, this.sum);
    }
    override map(n: number): number {
      this.sum.add(n);
      return n;
    }
  }
  for (const names of [["one", "other"], ["same", "same"]]) {
    const batch = new Batch();
    batch.env.fromData(...TEN).map(perSubtask(() => new Summing(names[0]))).rebalance()
      .map(perSubtask(() => new Summing(names[1]))).setParallelism(2).sinkTo(new RecordingSink<number>());
    const result = batch.env.execute().then((result) => result.getAllAccumulatorResults());
    if (names[0] === "one") assert.deepEqual(await result, { one: 45, other: 45 });
    else await assert.rejects(result, { code: "TSF-2033" });
    batch.assertTidy();
  }
});

Deno.test("a split enumerator that fails restarts the stage of its source", async () => {
  let enumerators = 0;
  const batch = new Batch(ATTEMPTS(1));
  const source = defineSource({
    boundedness: "bounded",
    splits: () => {
      if (++enumerators === 1) throw new Error("no splits yet");
      return [1, 2];
    },
    async *open(split: number, position: number | undefined) {
      if (position === undefined) yield { records: [split], position: 1 };
    },
  });
  const sink = new RecordingSink<number>();
  batch.env.fromSource(source, WatermarkStrategy.noWatermarks<number>(), "unsteady").sinkTo(sink);
  await batch.env.execute();
  assert.deepEqual([sink.values, enumerators], [[1, 2], 2]);
  batch.assertTidy();
});

Deno.test("a job can be cancelled in any of its stages, and while it waits for an attempt", async () => {
  const moments: Record<string, (batch: Batch, cancel: () => void) => Shape> = {
    "in the first stage": (_batch, cancel) => ({
      first: new Tripwire([5], () => (cancel(), new Error("after cancel"))),
      second: new Tripwire(),
      third: new Tripwire(),
    }),
    "in the last stage": (_batch, cancel) => {
      const third = new Tripwire();
      return {
        first: new Tripwire(),
        second: new Tripwire(),
        third: Object.assign(third, { pass: <T>(value: T): T => (cancel(), value) }),
      };
    },
    "while it waits": (batch, cancel) => {
      batch.clock.after(1000, cancel);
      return { first: new Tripwire(), second: new Tripwire([1]), third: new Tripwire() };
    },
  };
  for (const [when, shapeOf] of Object.entries(moments)) {
    const batch = new Batch(ATTEMPTS(3));
    const started: { client?: JobClient } = {};
    const shape = shapeOf(batch, () => void started.client!.cancel());
    const sink = new RecordingSink<number>();
    build(batch.env, shape).sinkTo(sink);
    const client = started.client = await batch.env.executeAsync();
    await assert.rejects(client.getJobExecutionResult(), { code: "TSF-5020" }, when);
    assert.equal(await client.getJobStatus(), "CANCELED", when);
    batch.assertTidy();
  }
});

Deno.test("flatMap of nothing and sources without records leave complete, empty results", async () => {
  const batch = new Batch();
  const sink = new RecordingSink<number>();
  batch.env.fromData(1, 2).flatMap((_n, _out: Collector<number>) => {}).keyBy((n) => n).reduce((a) => a).setParallelism(
    3,
  )
    .rebalance().map((n) => n).sinkTo(sink);
  await batch.env.execute();
  assert.deepEqual(sink.values, []);
  batch.assertTidy();
});

Deno.test("failure-rate and exponential-delay answer failures of stages; names are Flink's, others are refused", async () => {
  const rate = {
    "restart-strategy.type": "failure-rate",
    "restart-strategy.failure-rate.max-failures-per-interval": 2,
    "restart-strategy.failure-rate.failure-rate-interval": "10 s",
    "restart-strategy.failure-rate.delay": "4 s",
  };
  const exponential = {
    "restart-strategy.type": "exponential-delay",
    "restart-strategy.exponential-delay.jitter-factor": 0,
    "restart-strategy.exponential-delay.attempts-before-reset-backoff": 3,
  };
  const table: [Readonly<Record<string, unknown>>, readonly number[], boolean, number][] = [
    [rate, [1, 2], true, 8000],
    [rate, [1, 2, 3], false, 8000],
    [{ ...rate, "restart-strategy.failure-rate.delay": "6 s" }, [1, 2, 3, 4], true, 24_000],
    [exponential, [1, 2, 3], true, 1000 + 1500 + 2250],
    [{ ...exponential, "restart-strategy.type": "ExponentialDelay" }, [1, 2, 3, 4], false, 1000 + 1500 + 2250],
    [{ "restart-strategy.type": "FixedDelay" }, [1], true, 1000],
    [{ "restart-strategy.type": "off" }, [1], false, 0],
  ];
  for (const [configuration, second, ends, clockMs] of table) {
    const { batch, error, calls } = await run({ second }, configuration);
    assert.deepEqual(
      [error?.code, batch.clock.now()],
      [ends ? undefined : "TSF-2001", clockMs],
      JSON.stringify(second),
    );
    assert.equal(calls[0], 10, "the first stage ran once");
    assert.doesNotMatch(batch.warnings.join("\n"), /not acted on/);
  }
  const wrong: [Readonly<Record<string, unknown>>, RegExp][] = [
    [{ "restart-strategy.type": "sometimes" }, /restart-strategy\.type.*\n.*fixed-delay.*failure-rate.*\n.*sometimes/],
    [{ ...exponential, "restart-strategy.exponential-delay.backoff-multiplier": 1 }, /above 1/],
    [{ ...exponential, "restart-strategy.exponential-delay.jitter-factor": 1.5 }, /from 0 to 1/],
    [{ ...exponential, "restart-strategy.exponential-delay.initial-backoff": "2 min" }, /at most .*max-backoff/],
  ];
  for (const [configuration, message] of wrong) {
    const batch = new Batch(configuration);
    build(batch.env, { first: new Tripwire(), second: new Tripwire(), third: new Tripwire() })
      .sinkTo(new RecordingSink());
    await assert.rejects(batch.env.execute(), (error: FlinkError) => {
      assert.equal(error.code, "TSF-4002");
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("a BATCH job refuses a snapshot to start from; a streaming one of the same program takes it", async () => {
  const first = testEnvironment({ autoAdvance: false });
  const program = (env: StreamExecutionEnvironment, sink: RecordingSink<number>) =>
    env.fromSequence(1, 3).keyBy((n) => n % 2).reduce((a, b) => a + b).sinkTo(sink);
  program(first.env, new RecordingSink());
  const client = await first.env.executeAsync();
  const restoreFrom = await first.takeSnapshot(client);
  await client.cancel();
  for (const mode of ["STREAMING", "BATCH"] as const) {
    const second = testEnvironment({ restoreFrom });
    second.env.setRuntimeMode(mode);
    const sink = new RecordingSink<number>();
    program(second.env, sink);
    if (mode === "STREAMING") await second.env.execute();
    else await assert.rejects(second.env.execute(), { code: "TSF-5031" });
    assert.equal(sink.values.length > 0, mode === "STREAMING");
  }
});
