/**
 * What functions see in BATCH mode: the order of their input, one key at a time, time that stands still until a key ends.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Collector,
  type DataStream,
  FlinkError,
  type KeyedProcess,
  MapStateDescriptor,
  MAX_WATERMARK,
  MIN_WATERMARK,
  type SingleOutputStreamOperator,
  type StreamExecutionEnvironment,
  valueState,
  ValueStateDescriptor,
  WatermarkStrategy,
} from "tsflink";
import { RecordingSink, scriptedSource, testEnvironment } from "tsflink/testing";
import { type Rec, steps } from "./job_script.ts";

type Out = Collector<string>;
type Build = (
  streams: readonly SingleOutputStreamOperator<Rec>[],
  env: StreamExecutionEnvironment,
) => DataStream<string>;

const SHUFFLES = ["ALL_EXCHANGES_BLOCKING", "ALL_EXCHANGES_PIPELINED"];

interface Ways {
  readonly parallelism?: number;
  readonly configuration?: Readonly<Record<string, unknown>>;
}

/** Runs the job over scripts, one source each, in every way; gives what came out in order, the same for all ways. */
async function run(scripts: readonly string[], build: Build, ways: Ways = {}): Promise<string> {
  const found = new Set<string>();
  for (const shuffle of SHUFFLES) {
    for (const memory of ["1 b", "10 mb"]) {
      for (const codegen of [true, false]) {
        const { env } = testEnvironment({
          parallelism: ways.parallelism ?? 1,
          configuration: {
            "execution.runtime-mode": "BATCH",
            "execution.batch-shuffle-mode": shuffle,
            "execution.sorted-inputs.memory": memory,
            "pipeline.optimize.codegen": codegen,
            ...ways.configuration,
          },
        });
        const sink = new RecordingSink<string>();
        const streams = scripts.map((script) =>
          env.fromSource(scriptedSource<Rec>(steps(script)), WatermarkStrategy.noWatermarks<Rec>(), "script")
        );
        build(streams, env).sinkTo(sink);
        await env.execute();
        found.add(sink.values.join(" "));
      }
    }
  }
  assert.equal(found.size, 1, [...found].join("\n"));
  return [...found][0];
}

const time = (ms: number) => ms === MAX_WATERMARK ? "max" : ms === MIN_WATERMARK ? "min" : String(ms);

const COUNT = { n: valueState<number>({ defaultValue: 0 }) };

/** Tells everything it sees. */
const telling: KeyedProcess<string, Rec, string, typeof COUNT> = {
  state: COUNT,
  processElement(rec, ctx, out): void {
    const n = ctx.state.n.value() + 1;
    ctx.state.n.update(n);
    const timers = ctx.timerService();
    timers.registerEventTimeTimer(100 - rec.v);
    timers.registerProcessingTimeTimer(rec.v);
    out.collect(`${rec.k}${rec.v}#${n}/${time(timers.currentWatermark())}`);
  },
  onTimer(timestamp, ctx, out): void {
    const timers = ctx.timerService();
    timers.registerEventTimeTimer(timestamp + 1);
    timers.registerProcessingTimeTimer(timestamp + 1);
    const domain = ctx.timeDomain() === "event-time" ? "e" : "p";
    out.collect(
      `${ctx.getCurrentKey()}:${domain}${timestamp}#${ctx.state.n.value()}/${time(timers.currentWatermark())}`,
    );
  },
};

Deno.test("BATCH: key by key, by timestamp, then all timers of the key; the next key begins anew", async () => {
  assert.equal(
    await run(["b1@7 w50 a2@3 b3@2 a4@1 b5@2"], ([s]) => s.keyBy((rec) => rec.k).process(telling)),
    "a4#1/min a2#2/min a:e96#2/max a:e98#2/max a:p2#2/max a:p4#2/max " +
      "b3#1/min b5#2/min b1#3/min b:e95#3/max b:e97#3/max b:e99#3/max b:p1#3/max b:p3#3/max b:p5#3/max",
  );
});

Deno.test("BATCH: records without timestamp keep their order; keys of every type are told apart and in order", async () => {
  const keys: unknown[] = [10, 9, -1, NaN, 2n, "10", "9", "a", true, [1, "x"], -0, 0];
  assert.equal(
    await run(
      ["a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a0 a8 a11"],
      ([s]) =>
        s.keyBy((rec) => keys[rec.v] as string).process({
          processElement: (rec, _ctx, out: Out) => out.collect(String(rec.v)),
        }),
    ),
    "8 8 2 10 11 11 1 0 0 3 4 6 7 5 9",
  );
});

Deno.test("BATCH: two keyed inputs come together, key by key and by timestamp; the first one first", async () => {
  assert.equal(
    await run(
      ["b1@1 a1@5 a2@2 d9@1", "a7@2 c7@1 a8@9 b8@1"],
      ([one, two]) =>
        one.keyBy((rec) => rec.k).connect(two.keyBy((rec) => rec.k)).process({
          state: { seen: valueState<string>({ defaultValue: "" }) },
          processElement1: (rec, ctx, out: Out) => {
            ctx.timerService().registerEventTimeTimer(1);
            ctx.state.seen.update(ctx.state.seen.value() + rec.v);
            out.collect(`1${rec.k}${ctx.state.seen.value()}`);
          },
          processElement2: (rec, ctx, out: Out) => {
            ctx.timerService().registerEventTimeTimer(1);
            ctx.state.seen.update(ctx.state.seen.value() + rec.v);
            out.collect(`2${rec.k}${ctx.state.seen.value()}`);
          },
          onTimer: (_timestamp, ctx, out) => out.collect(`!${ctx.getCurrentKey()}`),
        }),
    ),
    "1a2 2a27 1a271 2a2718 !a 1b1 2b18 !b 2c7 !c 1d9 !d",
  );
});

Deno.test("BATCH: an input without key comes before a keyed one, which does not wait for more", async () => {
  assert.equal(
    await run(
      ["b1@1 a1@5", "x7 x8 w9 x9"],
      ([one, two]) =>
        one.keyBy((rec) => rec.k).connect(two).map({
          map1: (rec) => `${rec.k}${rec.v}`,
          map2: (rec) => `${rec.k}${rec.v}`,
        }),
    ),
    "x7 x8 x9 a1 b1",
  );
});

const RULES = new MapStateDescriptor<string, number>("rules");

Deno.test("BATCH: the broadcast side comes first, also when both sides come from one stream", async () => {
  const many = Array.from({ length: 600 }, (_, i) => `a${i}@${i}`).join(" ");
  for (const parallelism of [1, 2]) {
    // More than the buffers between two tasks hold: whoever reads only one side would wait for ever.
    const ways = { parallelism, configuration: { "execution.batch.max-rows": 4 } };
    const plain = await run([many], ([s]) => {
      const rules = s.map((rec) => rec).setParallelism(1).broadcast(RULES);
      return s.map((rec) => rec).setParallelism(1).rebalance().connect(rules).process({
        processElement: (_rec, ctx, out: Out) => out.collect(String(ctx.getBroadcastState(RULES).get("sum"))),
        processBroadcastElement: (rec, ctx) => {
          const state = ctx.getBroadcastState(RULES);
          state.put("sum", (state.get("sum") ?? 0) + rec.v);
        },
      });
    }, ways);
    assert.deepEqual([...new Set(plain.split(" "))], [String(600 * 599 / 2)]);
    const keyed = await run([many], ([s]) => {
      const rules = s.broadcast(RULES);
      return s.keyBy((rec) => rec.v % 3).connect(rules).process({
        state: { n: valueState<number>({ defaultValue: 0 }) },
        processElement: (rec, ctx, out: Out) => {
          ctx.state.n.update(ctx.state.n.value() + 1);
          if (rec.v >= 597) out.collect(`${ctx.state.n.value()}/${ctx.getBroadcastState(RULES).get("n")}`);
        },
        processBroadcastElement: (_rec, ctx) => {
          const state = ctx.getBroadcastState(RULES);
          state.put("n", (state.get("n") ?? 0) + 1);
          ctx.applyToKeyedState(new ValueStateDescriptor<number>("n"), () => assert.fail("no key is there yet"));
        },
      });
    }, ways);
    assert.equal(keyed, "200/600 200/600 200/600");
  }
});

Deno.test("BATCH: a keyed partition is sorted as its key ends", async () => {
  assert.equal(
    await run(
      ["b3@1 a2@2 b1@3 a9@4 c0@5 a5@6"],
      ([s]) =>
        s.keyBy((rec) => rec.k).fullWindowPartition().sortPartition((rec) => rec.v, "DESCENDING")
          .map((rec) => `${rec.k}${rec.v}`),
    ),
    "a9 a5 a2 b3 b1 c0",
  );
});

async function failure(build: Build, configuration: Readonly<Record<string, unknown>> = {}): Promise<FlinkError> {
  const error = await run(["a1@1 a2@2 b3@3"], build, { configuration }).then(() => undefined, (error) => error);
  assert.ok(error instanceof FlinkError, String(error));
  return error;
}

Deno.test("BATCH: errors name the operator and the line, wherever in the work of a key they happen", async () => {
  const inTimer = await failure(([s]) =>
    s.keyBy((rec) => rec.k).process({
      processElement: (_rec, ctx) => ctx.timerService().registerEventTimeTimer(5),
      onTimer: (): void => {
        throw new Error("no");
      },
    }).name("timing").map(String)
  );
  assert.deepEqual([inTimer.code, inTimer.operator?.name], ["TSF-2001", "timing"]);
  assert.match(inTimer.userLine!, /batch_mode_test/);

  const inSelector = await failure(([s]) =>
    s.keyBy((rec) => {
      if (rec.v === 2) throw new Error("no key");
      return rec.k;
    }).reduce((a) => a).name("reducing").map(String)
  );
  assert.equal(inSelector.code, "TSF-2001");
  assert.match(inSelector.message, /key selector/);

  const noKey = await failure(([s]) => s.keyBy(() => null as never).reduce((a) => a).name("reducing").map(String));
  assert.equal(noKey.code, "TSF-2102");

  let calls = 0;
  const changing = await failure(([s]) => s.keyBy(() => calls++ >> 2).reduce((a) => a).name("reducing").map(String));
  assert.deepEqual([changing.code, changing.operator?.name], ["TSF-2122", "reducing"]);
});

Deno.test("BATCH: the input of keyed operators stays as it is when sorting is switched off", async () => {
  const script = "b1@7 a2@3 b3@2 a4@1";
  const build: Build = ([s]) => s.keyBy((rec) => rec.k).process(telling);
  const configuration = { "execution.sorted-inputs.enabled": false };
  assert.equal(
    await run([script], build, { configuration }),
    "b1#1/min a2#1/min b3#2/min a4#2/min a:e96#2/max b:e97#2/max a:e98#2/max b:e99#2/max " +
      "b:p1#2/max a:p2#2/max b:p3#2/max a:p4#2/max",
  );
});

Deno.test("BATCH: no snapshot is taken and none is started from", async () => {
  const { env, idle, takeSnapshot, log } = testEnvironment({ configuration: { "execution.runtime-mode": "BATCH" } });
  const script = scriptedSource<Rec>([...steps("a1"), { untilProcessingTime: 1e9 }, ...steps("a2")]);
  env.fromSource(script, WatermarkStrategy.noWatermarks<Rec>(), "script").keyBy((rec) => rec.k).reduce((a) => a)
    .sinkTo(new RecordingSink<Rec>());
  const client = await env.executeAsync();
  await assert.rejects(takeSnapshot(client), { code: "TSF-5030" });
  await client.getJobExecutionResult();
  await idle();
  assert.deepEqual(log.messages("error"), []);
});
