/**
 * The connectors without files in whole jobs: sources made of data and numbers, sockets, printing, collecting, and what
 * users define.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Collector,
  DataGeneratorSource,
  defineSink,
  defineSource,
  DiscardingSink,
  perSubtask,
  type ProcessContext,
  ProcessFunction,
  RateLimiterStrategy,
  type SourceDefinition,
  WatermarkStrategy,
} from "tsflink";
import { Gate, RecordingSink, testEnvironment, type TestSnapshot } from "tsflink/testing";

const numbers = WatermarkStrategy.noWatermarks<number>();
const strings = WatermarkStrategy.noWatermarks<string>();
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

Deno.test("fromData emits its elements in order, one subtask at any parallelism, values of every kind", async () => {
  const values: unknown[] = [0, -0, NaN, null, undefined, 10n, "é", new Date(5), [1, [2]], {
    a: new Map([[1, new Set([2])]]),
  }];
  values.push(new Uint8Array([1, 2]), { nested: { deep: [undefined] } });
  for (const parallelism of [1, 3]) {
    const { env } = testEnvironment({ parallelism });
    const sink = new RecordingSink<unknown>();
    env.fromData(values).sinkTo(sink).setParallelism(1);
    await env.execute();
    assert.deepEqual(sink.values, values);
    assert.ok(sink.records.every(({ timestamp }) => timestamp === undefined));
  }
  assert.deepEqual(await testEnvironment().env.fromData([] as number[]).executeAndCollect(), []);
});

Deno.test("what a function does to an element changes neither the program's data nor another job's", async () => {
  const data = [{ n: 1 }, { n: 2 }];
  for (let round = 0; round < 2; round++) {
    const { env } = testEnvironment({ configuration: { "pipeline.object-reuse": true } });
    const stream = env.fromData(data);
    data[0].n = 1;
    const found = await stream.map((value) => {
      value.n *= 10;
      return value.n;
    }).executeAndCollect();
    assert.deepEqual(found, [10, 20]);
    assert.deepEqual(data, [{ n: 1 }, { n: 2 }]);
  }
});

Deno.test("fromSequence gives every subtask one contiguous part in order", async () => {
  for (const parallelism of [1, 2, 3, 4]) {
    const { env, log } = testEnvironment({ parallelism });
    env.fromSequence(-3, 6).print();
    await env.execute();
    const parts = new Map<string, number[]>();
    for (const { line } of log.printed) {
      const [subtask, value] = parallelism === 1 ? ["", line] : line.split("> ");
      parts.set(subtask, [...parts.get(subtask) ?? [], Number(value)]);
    }
    assert.equal(parts.size, parallelism);
    for (const part of parts.values()) assert.deepEqual(part, range(part[0], part.at(-1)!));
    assert.deepEqual(ascending([...parts.values()].flat()), range(-3, 6));
  }
});

/** Emits when each record came, in processing time. */
class Arrival extends ProcessFunction<number, [number, number]> {
  override processElement(value: number, ctx: ProcessContext, out: Collector<[number, number]>): void {
    out.collect([value, ctx.timerService().currentProcessingTime()]);
  }
}

Deno.test("a rate limit spaces the records of every subtask evenly in virtual time", async () => {
  for (const [parallelism, rate] of [[1, 10], [2, 10], [4, 2], [1, 1000]]) {
    const { env } = testEnvironment({ parallelism });
    const source = new DataGeneratorSource((index) => index, 40, RateLimiterStrategy.perSecond(rate));
    const arrivals = await env.fromSource(source, numbers, "generator").process(new Arrival()).executeAndCollect();
    const each = 40 / parallelism;
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const part = arrivals.filter(([value]) => Math.floor(value / each) === subtask);
      const times = part.map(([, time]) => time);
      assert.deepEqual(
        times,
        range(0, each - 1).map((i) => Math.ceil((i * 1000 * parallelism) / rate)),
        `${parallelism}`,
      );
    }
  }
});

Deno.test("a limit per checkpoint lets as many records out as were allowed since the last one", async () => {
  const { env, log, idle, takeSnapshot, completeSnapshot } = testEnvironment({ parallelism: 2, checkpointing: true });
  const source = new DataGeneratorSource((index) => index, 10, RateLimiterStrategy.perCheckpoint(4));
  env.fromSource(source, numbers, "generator").print();
  const client = await env.executeAsync();
  const counts: number[] = [];
  for (let checkpointId = 1; checkpointId < 3; checkpointId++) {
    await idle();
    counts.push(log.printed.length);
    await takeSnapshot(client, checkpointId);
    await completeSnapshot(client, checkpointId);
  }
  await client.getJobExecutionResult();
  assert.deepEqual([...counts, log.printed.length], [4, 8, 10]);
});

Deno.test("a generator goes on exactly after a snapshot, at another parallelism; its state is its subtask's", async () => {
  const gate = new Gate();
  const run = async (parallelism: number, restoreFrom?: TestSnapshot) => {
    const test = testEnvironment({ parallelism, restoreFrom, autoAdvance: gate.isOpen });
    const sink = new RecordingSink<number>();
    const generator = perSubtask(() => {
      let calls = 0;
      return (index: number) => index + (calls++ >= 0 ? 0 : 1);
    });
    const source = new DataGeneratorSource(generator, 30, RateLimiterStrategy.perSecond(10));
    test.env.fromSource(source, numbers, "generator").uid("generator").sinkTo(sink);
    return { ...test, sink, client: await test.env.executeAsync() };
  };
  const first = await run(3);
  for (let i = 0; i < 4; i++) {
    await first.idle();
    first.clock.advance(300);
  }
  await first.idle();
  const snapshot = await first.takeSnapshot(first.client);
  await first.client.cancel();
  assert.ok(first.sink.values.length > 3 && first.sink.values.length < 30);
  gate.open();
  const second = await run(2, snapshot);
  await second.client.getJobExecutionResult();
  assert.deepEqual(ascending([...first.sink.values, ...second.sink.values]), range(0, 29));
});

Deno.test("a throwing generator and one that gives promises fail the job, naming index and line", async () => {
  const table: [string, RegExp, (index: number) => number][] = [
    ["TSF-3050", /index 5[\s\S]*found: five[\s\S]*jobs_test\.ts:\d+/, (index) => {
      if (index === 5) throw new Error("five");
      return index;
    }],
    ["TSF-2002", /promise/, (() => Promise.resolve(1)) as never],
  ];
  for (const [code, message, generator] of table) {
    const { env } = testEnvironment({ parallelism: 2 });
    env.fromSource(new DataGeneratorSource(generator, 10), numbers, "generator").sinkTo(new DiscardingSink());
    await assert.rejects(async () => await env.execute(), { code, message });
  }
});

Deno.test("printed lines carry identifier and subtask only where there are several", async () => {
  const { env, log } = testEnvironment();
  const three = (): ReturnType<typeof env.fromSequence> => env.fromSequence(1, 3).setParallelism(3);
  env.fromData("text", { a: [1, "q", null, undefined], b: 5n, c: new Date(0), d: -0 }).print();
  env.fromData(1).print("one");
  env.fromData("e").printToErr();
  env.fromData("e").printToErr("err");
  three().print().setParallelism(3);
  three().print("seq").setParallelism(3);
  await env.execute();
  assert.deepEqual(log.printed.map(({ line, stream }) => (stream === "stderr" ? "!" : "") + line).sort(), [
    "!e",
    "!err> e",
    "1> 1",
    "2> 2",
    "3> 3",
    "one> 1",
    "seq:1> 1",
    "seq:2> 2",
    "seq:3> 3",
    "text",
    '{"a":[1,"q",null,undefined],"b":5n,"c":1970-01-01T00:00:00.000Z,"d":-0}',
  ]);
});

Deno.test("collecting holds the job back, and leaving early cancels it", async () => {
  let made = 0;
  const source = new DataGeneratorSource((index) => (made++, index), 1e9);
  const { env, idle } = testEnvironment({ parallelism: 2 });
  const result = env.fromSource(source, numbers, "generator").executeAndCollect();
  const client = await result.getJobClient();
  await idle();
  const ahead = made;
  assert.ok(ahead > 0 && ahead < 200_000, `${ahead} records were made before anyone read`);
  await idle();
  assert.equal(made, ahead, "a full queue holds the job back");
  let read = 0;
  for await (const value of result) {
    assert.ok(value >= 0);
    if (++read === 5 * ahead) break;
  }
  assert.ok(made >= 5 * ahead && made < 8 * ahead, `${made} made for ${read} read`);
  assert.equal(await client.getJobStatus(), "CANCELED");
  const after = made;
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(made, after);
});

/** A server on this machine: sends each script to one connection and closes it. */
async function withServer(scripts: string[][], run: (port: number, listener: Deno.Listener) => Promise<void>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for (const pieces of scripts) {
      const connection = await listener.accept();
      for (const piece of pieces) await connection.write(new TextEncoder().encode(piece));
      connection.close();
    }
  })();
  try {
    await run((listener.addr as Deno.NetAddr).port, listener);
    await serving;
  } finally {
    listener.close();
  }
}

Deno.test("socketTextStream reads lines until the server closes, and connects again when it may", async () => {
  const table: [string[][], [string?, number?], string[]][] = [
    [[["to be\r\nor ", "not\n", "last"]], [], ["TO BE", "OR NOT", "LAST"]],
    [[["a;b\n;", ";c"]], [";"], ["A", "B\n", "", "C"]],
    [[["one\nha"], ["lf\ntwo\n"], ["three"]], ["\n", 3], ["ONE", "HALF", "TWO", "THREE"]],
    [[[]], [], []],
  ];
  for (const [scripts, [delimiter, maxRetries], expected] of table) {
    await withServer(scripts, async (port) => {
      const { env } = testEnvironment();
      const stream = env.socketTextStream("127.0.0.1", port, delimiter, maxRetries).map((line) => line.toUpperCase());
      assert.deepEqual(await stream.executeAndCollect(), expected);
    });
  }
});

Deno.test("a job over a silent socket is cancelled at once, and without a server it fails, naming the address", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const silent = testEnvironment({ parallelism: 2, autoAdvance: false });
  silent.env.socketTextStream("127.0.0.1", port).print();
  const client = await silent.env.executeAsync();
  const connection = await listener.accept();
  await client.cancel();
  assert.equal(await client.getJobStatus(), "CANCELED");
  assert.equal(await connection.read(new Uint8Array(1)), null, "the job has closed its end");
  connection.close();
  listener.close();
  const { env } = testEnvironment();
  env.socketTextStream("127.0.0.1", port).print();
  const message = new RegExp(`127\\.0\\.0\\.1:${port}[\\s\\S]*operator: Source: Socket Stream`);
  await assert.rejects(async () => await env.execute(), { code: "TSF-3020", message });
});

/** Counts down from each split. */
const countdown = (more: Partial<SourceDefinition<number, number, number>> = {}) =>
  defineSource<number, number, number>({
    name: "countdown",
    boundedness: "bounded",
    splits: [3, 5],
    async *open(from, position) {
      for (let n = position ?? from; n > 0; n--) yield { records: [n], position: n - 1 };
    },
    ...more,
  });

Deno.test("a defined source feeds a job, with timestamps and watermarks of its own splits", async () => {
  const source = countdown({
    async *open(from) {
      yield { records: [from, from + 1], position: 0, timestamps: [from * 10, from * 10 + 5] };
    },
  });
  for (const parallelism of [1, 2, 3]) {
    const { env } = testEnvironment({ parallelism });
    const sink = new RecordingSink<number>();
    env.fromSource(source, WatermarkStrategy.forMonotonousTimestamps<number>(), "own").sinkTo(sink);
    await env.execute();
    assert.deepEqual(ascending(sink.values), [3, 4, 5, 6]);
    for (const { value, timestamp } of sink.records) {
      assert.equal(timestamp, value <= 4 ? 30 + 5 * (value - 3) : 50 + 5 * (value - 5));
    }
  }
});

Deno.test("what is wrong with a defined source fails the job with code, operator and what was found", async () => {
  const opened = (open: unknown) => countdown({ open: open as never });
  const batch = (value: unknown) =>
    opened(async function* () {
      yield value;
    });
  const table: [string, RegExp, ReturnType<typeof countdown>][] = [
    [
      "TSF-3031",
      /split 3 of source countdown[\s\S]*no disk[\s\S]*jobs_test\.ts/,
      opened(() => {
        throw new Error("no disk");
      }),
    ],
    ["TSF-3031", /5 instead of an async iterable/, opened(() => 5)],
    ["TSF-3031", /undefined instead of an async iterable/, opened(() => undefined)],
    ["TSF-3031", /an array instead of an async iterable/, opened(() => [])],
    [
      "TSF-3031",
      /a promise instead of an async iterable[\s\S]*async \*open/,
      opened(async () => await Promise.reject(1)),
    ],
    ["TSF-3031", /records are undefined/, batch([1])],
    ["TSF-3031", /records are undefined/, batch(undefined)],
    ["TSF-3031", /records are a promise/, batch({ records: Promise.resolve([1]), position: 1 })],
    ["TSF-3031", /without position/, batch({ records: [1] })],
    ["TSF-3031", /2 records and 1 timestamps/, batch({ records: [1, 2], position: 1, timestamps: [1] })],
    [
      "TSF-3032",
      /splits of countdown[\s\S]*no list/,
      countdown({
        splits: () => {
          throw new Error("no list");
        },
      }),
    ],
    ["TSF-3032", /no list/, countdown({ splits: () => Promise.reject(new Error("no list")) })],
    ["TSF-3032", /splits\(\) gave undefined/, countdown({ splits: () => undefined as never })],
    ["TSF-3032", /splits\(\) gave undefined/, countdown({ splits: () => Promise.resolve(undefined as never) })],
    ["TSF-3030", /same id/, countdown({ splits: () => [1, 1] })],
  ];
  for (const [code, message, source] of table) {
    const { env } = testEnvironment({ parallelism: 2 });
    env.fromSource(source, numbers, "mine").uid("m-1").sinkTo(new DiscardingSink());
    await assert.rejects(async () => await env.execute(), (error: Error & { code?: string }) => {
      assert.equal(error.code, code, `${message}: ${error.message}`);
      assert.match(error.message, message);
      assert.match(error.message, /operator: Source: mine \(uid "m-1"\)/);
      return true;
    });
  }
});

Deno.test("what is wrong with a defined sink fails the job with code and operator", async () => {
  const fail = (): never => {
    throw new Error("disk full");
  };
  const later = (): Promise<never> => Promise.reject(new Error("disk full"));
  // deno-lint-ignore no-explicit-any -- of anything that is wrong
  const sinks: [string, RegExp, any, any?][] = [
    ["TSF-2001", /disk full/, fail],
    ["TSF-2001", /disk full/, later],
    ["TSF-2001", /disk full/, () => ({ write: fail })],
    ["TSF-2001", /disk full/, () => ({ write: later })],
    ["TSF-2001", /disk full/, () => ({ write: () => {}, flush: fail })],
    ["TSF-2001", /disk full/, () => ({ write: () => {}, prepareCommit: later }), () => {}],
    ["TSF-2001", /disk full/, () => ({ write: () => {}, prepareCommit: () => [1] }), later],
    ["TSF-3033", /found: undefined/, () => undefined],
    ["TSF-3033", /found: \{ flush \}/, () => Promise.resolve({ flush: () => {} })],
  ];
  for (const [code, message, open, commit] of sinks) {
    const { env } = testEnvironment();
    env.fromData(1, 2).sinkTo(defineSink<number>({ open, commit })).name("mine").uid("m-1");
    await assert.rejects(async () => await env.execute(), (error: Error & { code?: string }) => {
      assert.equal(error.code, code, `${open}: ${error.message}`);
      assert.match(error.message, message);
      assert.match(error.message, /operator: mine: (Writer \(uid "m-1"\)|Committer \(uid "Sink Committer: m-1"\))/);
      return true;
    });
  }
});

Deno.test("a defined sink that waits holds back its job; all is written and flushed in order", async () => {
  const { env } = testEnvironment({ parallelism: 1 });
  const calls: string[] = [];
  env.fromSequence(1, 5).sinkTo(defineSink<number>({
    open: async () => {
      await Promise.resolve();
      return {
        write: async (value, context) => {
          assert.equal(context.timestamp(), undefined);
          await new Promise((resolve) => setTimeout(resolve, 0));
          calls.push(String(value));
        },
        flush: (end) => void calls.push(end ? "end" : "flush"),
        close: () => void calls.push("close"),
      };
    },
  }));
  await env.execute();
  assert.deepEqual(calls, ["1", "2", "3", "4", "5", "end", "close"]);
});

Deno.test("the discarding sink takes everything", async () => {
  const { env } = testEnvironment({ parallelism: 3 });
  let seen = 0;
  env.fromData("a", "b").map((value) => (seen++, value)).sinkTo(new DiscardingSink<string>());
  env.fromSource(new DataGeneratorSource(String, 10), strings, "g").map((value) => (seen++, value))
    .sinkTo(new DiscardingSink<string>());
  await env.execute();
  assert.equal(seen, 12);
});
