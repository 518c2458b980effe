import assert from "node:assert/strict";
import {
  type Collector,
  defineSource,
  DiscardingSink,
  IntCounter,
  type JobClient,
  RichMapFunction,
  type Sink,
  type SplitEnumerator,
  type StreamExecutionEnvironment,
  TumblingProcessingTimeWindows,
  WatermarkStrategy,
} from "tsflink";
import {
  Gate,
  RecordingSink,
  scriptedSource,
  type TestEnvironment,
  testEnvironment,
  type TestEnvironmentOptions,
} from "tsflink/testing";

const NONE = WatermarkStrategy.noWatermarks<number>();

/** A stream of 1, 2, 3, a wait at the gate, 4, 5. */
function gated(env: StreamExecutionEnvironment, gate: Gate) {
  const script = [1, 2, 3].map((value) => ({ value }));
  return env.fromSource(
    scriptedSource<number>([...script, { until: gate }, { value: 4 }, { value: 5 }]),
    NONE,
    "gated",
  );
}

/** A source without end. */
const endless = (env: StreamExecutionEnvironment) =>
  env.fromSource(scriptedSource<number>({ splits: [[{ value: 1 }]], endless: true }), NONE, "endless");

class Life extends RichMapFunction<number, number> {
  constructor(readonly name: string) {
    super();
  }
  override open(): void {
    life.push(`open ${this.name}`);
  }
  override map(n: number): number {
    return n;
  }
  override close(): void {
    life.push(`close ${this.name}`);
  }
}
let life: string[] = [];

async function running(
  build: (test: TestEnvironment) => void,
  options: TestEnvironmentOptions = {},
): Promise<TestEnvironment & { client: JobClient }> {
  const test = testEnvironment(options);
  build(test);
  const client = await test.env.executeAsync("job");
  return { ...test, client };
}

Deno.test("status and accumulators over time; a result with its run time", async () => {
  const gate = new Gate();
  const { client, idle, clock } = await running(({ env }) => {
    class Counting extends RichMapFunction<number, number> {
      readonly counter = new IntCounter();
      override open(): void {
        this.getRuntimeContext().addAccumulator("seen", this.counter);
      }
      override map(n: number): number {
        this.counter.add(1);
        return n;
      }
    }
    gated(env, gate).rebalance().map(new Counting()).setParallelism(2).sinkTo(new DiscardingSink());
  }, { autoAdvance: false });
  assert.match(client.getJobID(), /^[0-9a-f]{32}$/);
  assert.equal(await client.getJobStatus(), "RUNNING");
  await idle();
  assert.deepEqual(await client.getAccumulators(), { seen: 3 });
  clock.advance(1234);
  gate.open();
  const result = await client.getJobExecutionResult();
  assert.equal(await client.getJobStatus(), "FINISHED");
  assert.deepEqual([result.getAccumulatorResult("seen"), result.getNetRuntime()], [5, 1234]);
  assert.equal(result.getJobID(), client.getJobID());
  assert.deepEqual(await client.getAccumulators(), { seen: 5 });
  await client.cancel();
  assert.equal(await client.getJobStatus(), "FINISHED", "nothing to cancel any more");
});

Deno.test("cancel: closes everything once, also when called twice; the result says so", async () => {
  life = [];
  const { client, idle, clock } = await running(({ env }) => {
    endless(env).map(new Life("a")).rebalance().map(new Life("b")).keyBy((n) => n)
      .window(TumblingProcessingTimeWindows.of("1 h")).reduce((a) => a).sinkTo(new DiscardingSink());
  }, { parallelism: 2 });
  const waiting = assert.rejects(client.getJobExecutionResult(), { code: "TSF-5020" });
  await Promise.all([client.cancel(), client.cancel()]);
  await waiting;
  await client.cancel();
  await idle();
  assert.equal(await client.getJobStatus(), "CANCELED");
  const of = (text: string) => life.filter((line) => line === text).length;
  assert.deepEqual(["open a", "close a", "open b", "close b"].map(of), [2, 2, 2, 2]);
  assert.equal(clock.pending, 0, "no timer is left");
});

Deno.test("cancel in every phase: right after the start, idle, blocked by a sink, while a sink flushes at the end", async () => {
  const stuck = Promise.withResolvers<void>();
  const slow = (where: "write" | "flush"): Sink<number> => ({
    createWriter: () => ({
      write: () => where === "write" ? stuck.promise : undefined,
      flush: () => where === "flush" ? stuck.promise : undefined,
      close: () => void life.push("close sink"),
    }),
  });
  const phases: Record<string, (env: StreamExecutionEnvironment) => void> = {
    "an idle source": (env) => endless(env).sinkTo(slow("flush")),
    "a blocked sink in the chain": (env) => env.fromSequence(1, 1e6).sinkTo(slow("write")),
    "a blocked sink over an exchange": (env) =>
      env.fromSequence(1, 1e6).rebalance().map((n) => n).sinkTo(slow("write")),
    "a flush at the end": (env) => env.fromData(1).sinkTo(slow("flush")),
    "an iterable without end": (env) =>
      env.fromData(1).flatMap(function* () {
        for (;;) yield 1;
      }).rebalance().map((n) => n).sinkTo(slow("flush")),
    "a function without end over exchanges": (env) =>
      env.fromSequence(1, 1e15).rebalance().map((n) => n).keyBy((n) => n % 3).reduce((a, b) => a + b).sinkTo(
        slow("flush"),
      ),
  };
  for (const [name, build] of Object.entries(phases)) {
    for (const turns of [0, 1, 5]) {
      life = [];
      const { client } = await running(({ env }) => build(env));
      for (let n = 0; n < turns; n++) await new Promise((resolve) => setTimeout(resolve));
      await client.cancel();
      assert.equal(await client.getJobStatus(), "CANCELED", `${name} after ${turns}`);
      assert.deepEqual(life, ["close sink"], name);
    }
  }
  stuck.resolve();
});

Deno.test("a failure in open: nothing runs, everything is closed, the error names the operator", async () => {
  life = [];
  const test = testEnvironment();
  class Broken extends Life {
    override open(): void {
      super.open();
      throw new Error("not today");
    }
  }
  const stream = test.env.fromData(1).map(new Life("a"));
  stream.rebalance().map(new Broken("b")).name("broken").sinkTo(new DiscardingSink());
  await assert.rejects(test.env.execute(), (error: { operator?: { name: string }; message: string }) => {
    assert.deepEqual([error.operator?.name, /not today/.test(error.message)], ["broken", true]);
    return true;
  });
  const closed = life.filter((line) => line.startsWith("close")).toSorted();
  assert.deepEqual(closed, ["close a", "close b"]);
});

Deno.test("a failure in close fails the job, sync or not; in a sink, a source, a function", async () => {
  const later = async () => {
    await Promise.resolve();
    throw new Error("closing");
  };
  const now = () => {
    throw new Error("closing");
  };
  const cases: [string, (env: StreamExecutionEnvironment) => void][] = [
    ["Map", (env) => void env.fromData(1).map({ map: (n: number) => n, close: now }).sinkTo(new DiscardingSink())],
    ...[now, later].map((close): [string, (env: StreamExecutionEnvironment) => void] => [
      "Sink: Writer",
      (env) => void env.fromData(1).sinkTo({ createWriter: () => ({ write: () => {}, flush: () => {}, close }) }),
    ]),
  ];
  for (const [operator, build] of cases) {
    const { env } = testEnvironment();
    build(env);
    const error = await env.execute().catch((thrown) => thrown);
    assert.equal(error.code, "TSF-2001");
    assert.match(error.message, /close\(\) failed: Error: closing/);
    assert.equal(error.operator.name, operator);
  }
});

Deno.test("a failure in the enumerator: start, split request, close", async () => {
  const broken = (where: string) => ({
    getBoundedness: () => "bounded" as const,
    createEnumerator: (): SplitEnumerator<never, null> => {
      const fail = (here: string) => {
        if (here === where) throw new Error(`enumerator ${here}`);
      };
      fail("create");
      return {
        start: () => fail("start"),
        handleSplitRequest: () => fail("request"),
        addSplitsBack: () => {},
        addReader: () => fail("reader"),
        snapshotState: () => null,
        close: () => fail("close"),
      };
    },
    restoreEnumerator: () => assert.fail(),
    createReader: (context: { sendSplitRequest(): void }) => ({
      start: () => context.sendSplitRequest(),
      pollNext: () => where === "close" ? "END_OF_INPUT" as const : "NOTHING_AVAILABLE" as const,
      isAvailable: () => new Promise<void>(() => {}),
      snapshotState: () => [],
      addSplits: () => {},
      notifyNoMoreSplits: () => {},
      close: () => {},
    }),
    serializeSplit: (split: never) => split,
    deserializeSplit: (split: unknown) => split as never,
  });
  for (const where of ["create", "start", "request", "reader"]) {
    const { env } = testEnvironment();
    env.fromSource(broken(where) as never, WatermarkStrategy.noWatermarks(), "broken").sinkTo(new DiscardingSink());
    const error = await env.execute().catch((thrown) => thrown);
    assert.match(error.message, new RegExp(`enumerator ${where}`));
    assert.equal(error.operator?.name, "Source: broken", where);
  }
  const closing = testEnvironment();
  closing.env.fromSource(broken("close") as never, WatermarkStrategy.noWatermarks(), "broken").sinkTo(
    new DiscardingSink(),
  );
  await closing.env.execute();
  assert.match(closing.log.messages("warn").join(), /Closing a split enumerator failed: .*enumerator close/);
});

Deno.test("a sink that hangs does not keep a failing job alive, and the first failure is the reason", async () => {
  const { env } = testEnvironment();
  const stream = env.fromData(1, 2, 3);
  let closed = 0;
  stream.sinkTo({
    createWriter: () => ({ write: () => new Promise<void>(() => {}), flush: () => {}, close: () => void closed++ }),
  });
  stream.rebalance().map((n): number => {
    throw new Error(`first ${n}`);
  }).sinkTo(new DiscardingSink());
  await assert.rejects(env.execute(), /first 1/);
  assert.equal(closed, 1);
});

Deno.test("listeners hear of submissions and of ends", async () => {
  const { env } = testEnvironment();
  const heard: string[] = [];
  env.registerJobListener({
    onJobSubmitted: (client, error) => heard.push(`submitted ${client !== undefined} ${error !== undefined}`),
    onJobExecuted: (result, error) => heard.push(`executed ${result !== undefined} ${error !== undefined}`),
  });
  env.fromData(1).sinkTo(new DiscardingSink());
  await env.execute();
  env.fromData(1).map((): number => {
    throw new Error("x");
  }).sinkTo(new DiscardingSink());
  await assert.rejects(env.execute());
  env.fromData(1).sinkTo(new DiscardingSink());
  await (await env.executeAsync()).getJobExecutionResult();
  assert.deepEqual(heard, [
    "submitted true false",
    "executed true false",
    "submitted true false",
    "executed false true",
    "submitted true false",
  ]);
});

Deno.test("two jobs at once share a clock and nothing else", async () => {
  const test = testEnvironment({ autoAdvance: false });
  const sinks = [1, 2].map(() => new RecordingSink<string>());
  const gate = new Gate();
  const clients: JobClient[] = [];
  for (const [i, sink] of sinks.entries()) {
    const script = [{ value: 1 }, { untilProcessingTime: 100 * (i + 1) }, { until: gate }, { value: 2 }];
    test.env.fromSource(scriptedSource<number>(script), NONE, "s").process({
      processElement: (n, ctx, out: Collector<string>) =>
        out.collect(`${n}@${ctx.timerService().currentProcessingTime()}`),
    }).sinkTo(sink);
    clients.push(await test.env.executeAsync(`job ${i}`));
  }
  for (const now of [100, 200]) {
    await test.idle();
    test.clock.advanceTo(now);
  }
  await test.idle();
  await clients[0].cancel();
  gate.open();
  await clients[1].getJobExecutionResult();
  assert.deepEqual(sinks.map((sink) => sink.values), [["1@0"], ["1@0", "2@200"]]);
  assert.notEqual(clients[0].getJobID(), clients[1].getJobID());
});

Deno.test("stop: with drain as if the input had ended, without drain at once", async () => {
  for (const drain of [true, false]) {
    const sink = new RecordingSink<number>();
    const test = await running(({ env }) => {
      endless(env).rebalance().process({
        processElement(n, _ctx, out: Collector<number>) {
          out.collect(n);
        },
      }).sinkTo(sink);
    }, { parallelism: 2 });
    await sink.waitFor(1);
    await test.stop(test.client, { drain });
    assert.equal(await test.client.getJobStatus(), "FINISHED");
    await test.client.getJobExecutionResult();
    const max = sink.watermarks.filter(({ watermark }) => watermark === Number.MAX_SAFE_INTEGER).length;
    assert.equal(max, drain ? 2 : 0);
  }
});

Deno.test("a snapshot does not wait for tasks that end without having seen its barrier", async () => {
  const stuck = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const test = await running(({ env }) => {
    env.fromData(1).rebalance().map((n) => n).sinkTo({
      createWriter: () => ({ write: () => (written.resolve(), stuck.promise), flush: () => {}, close: () => {} }),
    });
    endless(env).sinkTo(new DiscardingSink());
  });
  await written.promise;
  await test.idle();
  let taken = false;
  const snapshot = test.takeSnapshot(test.client).then(() => taken = true);
  await test.idle();
  assert.equal(taken, false);
  stuck.resolve();
  await snapshot;
  await test.client.cancel();
});

Deno.test("pending processing-time timers are dropped at the end, with a warning that counts them", async () => {
  const { env, log } = testEnvironment();
  env.fromData(1, 2, 3).keyBy((n) => n).process({
    processElement(_n, ctx, _out: Collector<number>) {
      ctx.timerService().registerProcessingTimeTimer(1e9);
    },
    onTimer: () => assert.fail("it never fires"),
  }).name("alarms").sinkTo(new DiscardingSink());
  await env.execute();
  assert.deepEqual(log.messages("warn"), ["alarms: the input has ended, 3 pending processing-time timers are dropped"]);
});

Deno.test("building that fails runs nothing and leaves the environment usable", async () => {
  const { env } = testEnvironment();
  env.fromData(1).sinkTo({
    createWriter: () => {
      throw new Error("no writer");
    },
  });
  await assert.rejects(env.execute(), /no writer/);
  const sink = new RecordingSink<number>();
  env.fromData(7).sinkTo(sink);
  await env.execute();
  assert.deepEqual(sink.values, [7]);
});

Deno.test("a source whose splits are fewer than its subtasks ends on the others at once", async () => {
  const { env } = testEnvironment({ parallelism: 4 });
  const sink = new RecordingSink<number>();
  const source = defineSource<number, string, number>({
    boundedness: "bounded",
    splits: () => ["only"],
    open: async function* () {
      for (let i = 0; i < 5; i++) yield { records: [i], position: i, timestamps: [i] };
      await Promise.resolve();
    },
  });
  env.fromSource(source, WatermarkStrategy.forMonotonousTimestamps(), "few").keyBy((n) => n % 2)
    .process({
      processElement(n, ctx, _out: Collector<number>) {
        ctx.timerService().registerEventTimeTimer(n);
      },
      onTimer: (timestamp, _ctx, out) => out.collect(timestamp),
    }).sinkTo(sink);
  await env.execute();
  assert.deepEqual(sink.values.toSorted(), [0, 1, 2, 3, 4]);
});
