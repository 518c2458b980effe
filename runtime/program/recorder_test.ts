import assert from "node:assert/strict";
import process from "node:process";
import type { LogLevel } from "../seams/log.ts";
import { JobExecutionResult } from "../api/job_client.ts";
import { ProgramRecorder, type ProgramRecorderOptions } from "./recorder.ts";
import { readOutcome, recordingHash } from "./recording.ts";
import { captured, firstRun, program } from "./testdata/two_runs.ts";

function recorder(options: Partial<ProgramRecorderOptions> = {}): { recorder: ProgramRecorder; log: string[] } {
  const log: string[] = [];
  const made = new ProgramRecorder({
    url: "file:///job.ts",
    args: ["x"],
    configuration: { "parallelism.default": "3" },
    log: { log: (level: LogLevel, message: string) => log.push(`${level} ${message}`), print: () => {} },
    ...options,
  });
  return { recorder: made, log };
}
/** Records while `fn` runs. */
async function recorded(fn: (recorder: ProgramRecorder) => unknown, options: Partial<ProgramRecorderOptions> = {}) {
  const made = recorder(options);
  made.recorder.begin();
  try {
    await fn(made.recorder);
  } finally {
    made.recorder.uninstall();
  }
  return made;
}

Deno.test("an execution gets what was recorded before it began, the same each time, also after the end", async () => {
  let early: string | undefined;
  const { recorder } = await recorded(async (program) => {
    const numbers = [Math.random(), Math.random()];
    assert.equal(await program.once("a", () => 7), 7);
    assert.equal(program.beginExecution(), 0);
    const { url, executionOrdinal, args, configuration, recording } = program.descriptor(0);
    assert.deepEqual([url, executionOrdinal, args], ["file:///job.ts", 0, ["x"]]);
    assert.deepEqual(configuration, { "parallelism.default": "3" });
    assert.deepEqual(recording.results, { "Math.random": numbers });
    early = recordingHash(recording);
    Date.now();
    Deno.env.get("H4_LATER");
    await program.once("b", () => 8);
    assert.equal(program.beginExecution(), 1);
    Math.random();
    assert.deepEqual([program.state, program.whyNotRebuildable], ["recording", undefined]);
  });
  const [first, second] = [0, 1].map((ordinal) => recorder.descriptor(ordinal).recording);
  assert.equal(recordingHash(first), early);
  assert.notEqual(recordingHash(second), early);
  assert.deepEqual([first.calls.length, first.environment, first.events.map(({ kind }) => kind)], [2, [], ["once"]]);
  assert.deepEqual([second.calls.length, second.environment], [3, [["H4_LATER", null]]]);
  assert.deepEqual(second.events.map(({ kind }) => kind), ["once", "begin", "once"]);
  assert.deepEqual(structuredClone(recorder.descriptor(1)), recorder.descriptor(1));
});

Deno.test("after the end: jobs still count, but cannot be built again, and the reason is told", async () => {
  const { recorder } = await recorded((program) => {
    program.beginExecution();
    program.stop("a handler has called");
    program.stop("too late to matter");
    assert.equal(program.beginExecution(), 1);
    program.begin();
    assert.equal(Date.now.name, "now");
  });
  assert.deepEqual([recorder.state, recorder.whyNotRebuildable], ["ended", "a handler has called"]);
  assert.deepEqual([0, 1].map((ordinal) => recorder.isRebuildable(ordinal)), [true, false]);
  assert.deepEqual([0, 1, 5].map((ordinal) => recorder.whyNotRebuildableAt(ordinal)), [
    undefined,
    "a handler has called",
    "a handler has called",
  ]);
  assert.throws(() => recorder.descriptor(1), { code: "TSF-1236", found: "a handler has called" });
  assert.equal(await recorder.once("still", () => 5), 5);
});

Deno.test("limits: the reason names them, what was begun before stays, and the real functions are back", async () => {
  const { random } = Math;
  const limited: [Partial<ProgramRecorderOptions["limits"]>, (program: ProgramRecorder) => unknown, RegExp][] = [
    [{ maxEntries: 10 }, () => {
      for (let i = 0; i < 20; i++) Math.random();
    }, /more than 10 calls/],
    [{ maxEntries: 10 }, async (p) => {
      for (let i = 0; i < 20; i++) await p.once(`${i}`, () => 1);
    }, /more than 10 calls/],
    [{ maxBytes: 1000 }, (p) => p.once("big", () => "x".repeat(2000)), /more than 1000 bytes/],
    [{ maxBytes: 1000 }, () => crypto.getRandomValues(new Uint8Array(1001)), /more than 1000 bytes/],
    [{ maxBytes: 1000 }, () => Deno.env.toObject() && Deno.env.get("x".repeat(600)), /more than 1000 bytes/],
    [
      { maxBytes: 1000 },
      (p) => p.recordedCollect(0, new Map([["s", () => {}]])).get("s")!(["x".repeat(2000)]),
      /more than 1000 bytes/,
    ],
    [{}, (p) => p.recordedCollect(0, new Map([["s", () => {}]])).get("s")!([() => 1]), /row of executeAndCollect/],
  ];
  for (const [limits, fn, why] of limited) {
    const { recorder } = await recorded(async (program) => {
      Math.random();
      program.beginExecution();
      await fn(program);
      assert.equal(program.state, "ended", String(why));
      assert.equal(Math.random, random);
      program.beginExecution();
    }, { limits });
    assert.match(recorder.whyNotRebuildable!, why);
    assert.equal(recorder.descriptor(0).recording.calls.length, 1);
    assert.equal(recorder.isRebuildable(1), false);
  }
});

Deno.test("the receivers get their rows, the recording a copy of its own", async () => {
  const received: unknown[] = [];
  const { recorder } = await recorded(async (program) => {
    program.beginExecution();
    const given = new Map([["sink", (batch: unknown[]) => {
      received.push(...batch);
      return Promise.resolve();
    }]]);
    const wrapped = program.recordedCollect(0, given);
    const row = { n: 1 };
    await wrapped.get("sink")!([row]);
    assert.equal(received[0], row);
    row.n = 2;
    assert.equal(program.recordedCollect(0, wrapped).get("sink"), wrapped.get("sink"), "wrapped once");
    program.beginExecution();
  });
  const rows = recorder.descriptor(1).recording.events.find((event) => event.kind === "rows");
  assert.deepEqual(readOutcome({ value: rows!.rows }), [{ n: 1 }]);
});

Deno.test("a client answers as the real one does; wrapping twice writes once", async () => {
  const failure = new RangeError("no");
  const client = {
    getJobID: () => "id",
    getJobStatus: () => Promise.resolve("RUNNING" as const),
    cancel: () => Promise.reject(failure),
    getJobExecutionResult: () => Promise.resolve(new JobExecutionResult("id", 5, { a: 1 })),
    getAccumulators: () => Promise.resolve({ a: 2 }),
  };
  const { recorder } = await recorded(async (program) => {
    program.beginExecution();
    const wrapped = program.recordedClient(0, program.recordedClient(0, client));
    assert.equal(wrapped.getJobID(), "id");
    assert.equal(await wrapped.getJobStatus(), "RUNNING");
    assert.equal((await wrapped.getJobExecutionResult()).getAccumulatorResult("a"), 1);
    assert.deepEqual(await wrapped.getAccumulators(), { a: 2 });
    await assert.rejects(wrapped.cancel(), failure);
    program.beginExecution();
  });
  assert.deepEqual(
    recorder.descriptor(1).recording.events.map((event) =>
      "method" in event ? `${event.method} ${event.index}` : event.kind
    ),
    ["begin", "accepted", "getJobStatus 0", "getJobExecutionResult 0", "getAccumulators 0", "cancel 0"],
  );
});

Deno.test("files and network past once(): a warning per line, when a job is executed behind it", async () => {
  const file = new URL(import.meta.url);
  const { log, recorder } = await recorded(async (program) => {
    for (let i = 0; i < 3; i++) Deno.readTextFileSync(file);
    await Deno.stat(file);
    await program.once("file", () => Deno.readTextFile(file));
    program.outside(() => Deno.statSync(file));
    await fetch("data:,x").then((answer) => answer.text());
    new Deno.Command("true");
    await assert.rejects(Deno.remove("/nowhere/x"));
    program.beginExecution();
    program.beginExecution();
    Deno.lstatSync(file);
  });
  assert.deepEqual(log.map((line) => line.replace(/ at file:.*recorder_test\.ts:\d+:\d+: .*$/, "")), [
    "warn Deno.readTextFileSync() in main()",
    "warn Deno.stat() in main()",
    "warn fetch() in main()",
    "warn new Deno.Command() in main()",
    "warn Deno.remove() in main()",
  ]);
  assert.match(log[0], /it runs again in every slot; put it into await env\.once\("name"/);
  assert.equal(recorder.isRebuildable(1), true);
});

Deno.test("a server that was started before a job: it cannot be built again", async () => {
  const { recorder } = await recorded((program) => {
    assert.equal(program.beginExecution(), 0);
    Deno.listen({ port: 0, hostname: "127.0.0.1" }).close();
    assert.equal(program.state, "recording");
    assert.equal(program.beginExecution(), 1);
  });
  assert.match(
    recorder.whyNotRebuildable!,
    /^Deno\.listen\(\) is called in main\(\), at file:.*recorder_test\.ts:\d+:\d+$/,
  );
  assert.deepEqual([0, 1].map((ordinal) => recorder.isRebuildable(ordinal)), [true, false]);
});

Deno.test("a name of once() is used once in the whole program", async () => {
  const first = await firstRun(program(`
    const other = StreamExecutionEnvironment.getExecutionEnvironment();
    tell(env, [await env.once("a", () => 1), await other.once("a", () => 2).catch((e) => e.code), await other.once("b", () => 3)]);
    await env.execute();`));
  assert.equal(first.error, undefined);
  assert.match(first.graphs[0].nodes.map((node) => node.name).join(), /\[1,"TSF-1215",3\]/);
  await captured(first.recorder.descriptor(0));
});

Deno.test("arguments of the job are those of Deno and of node, for the program only", async () => {
  const { argv } = process;
  await recorded((program) => {
    assert.deepEqual(Deno.args, ["x"]);
    assert.deepEqual(process.argv, [argv[0], "/a job.ts", "x"]);
    assert.equal(process.argv, process.argv);
    process.argv.push("y");
    assert.deepEqual(process.argv.slice(2), ["x", "y"]);
    program.outside(() => assert.deepEqual([Deno.args, process.argv], [[...Deno.args], argv]));
  }, { url: "file:///a%20job.ts" });
  assert.equal(process.argv, argv);
  await recorded(() => process.argv = ["own"]);
  assert.deepEqual(process.argv, ["own"]);
  process.argv = argv;
});
