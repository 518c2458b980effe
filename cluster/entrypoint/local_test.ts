/**
 * Where a job runs, over isolation, whether its program can be run again, and who is bound; and what it says about it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DiscardingSink, type StreamExecutionEnvironment } from "tsflink";
import { testEnvironment, testSeams } from "tsflink/testing";
import { Configuration } from "../../runtime/api/configuration.ts";
import type { StreamGraph } from "../../runtime/graph/stream_graph.ts";
import { ProgramRecorder } from "../../runtime/program/recorder.ts";
import { systemSeams } from "../../runtime/seams/system/system_seams.ts";
import { CapturedLog } from "../../runtime/testing/test_seams.ts";
import type { LocalJob } from "../minicluster/local_job.ts";
import { localExecutor } from "./local.ts";
import { describe } from "./local_command.ts";
import { type FlinkError, InvalidProgramError } from "../../runtime/errors.ts";

function streamGraph(build?: (env: StreamExecutionEnvironment) => void): StreamGraph {
  const { env } = testEnvironment();
  (build ?? ((env) => void env.fromData(1).sinkTo(new DiscardingSink())))(env);
  return env.getStreamGraph();
}

/** Thrown when a job is about to start: where it would run is known then. */
const ENOUGH = new Error("enough");

type Program = "none" | "recording" | "begun in time" | "begun too late";

/** A recorder in some state, none of which touches the globals. */
function program(kind: Program): ProgramRecorder | undefined {
  if (kind === "none") return undefined;
  const recorder = new ProgramRecorder({
    url: "file:///job.ts",
    args: ["x"],
    configuration: {},
    log: new CapturedLog(),
  });
  if (kind === "begun too late") recorder.stop("main() has ended");
  recorder.beginExecution();
  if (kind === "begun in time") recorder.stop("main() has ended");
  return recorder;
}

async function choice(isolation: string | undefined, kind: Program) {
  const log = new CapturedLog();
  const recorder = program(kind);
  const jobs: LocalJob[] = [];
  const executor = localExecutor({
    seams: { ...systemSeams({ seed: 1 }), log },
    program: recorder,
    onJob: (job) => {
      jobs.push(job);
      throw ENOUGH;
    },
  });
  const values = isolation === undefined ? {} : { "execution.local.isolation": isolation };
  const error = await executor.execute(streamGraph(), {
    configuration: Configuration.from(values),
    cachedFiles: [],
    executionOrdinal: 0,
  }).then(() => assert.fail("it was to stop"), (thrown) => thrown);
  const [, where, why] = /^job "[^"]+" runs (.*?), parallelism 1(?: \((.*)\))?$/.exec(log.messages("info")[0] ?? "") ??
    [];
  return { error, where, why, recorder, jobs };
}

const SLOTS = "in slots of this process";
const HERE = "in this isolate";

/** Isolation, program, where it runs or the code of why not, what is said about it, whether recording goes on. */
const TABLE: readonly [string | undefined, Program, string, string | undefined, "recording" | "ended" | undefined][] = [
  [undefined, "none", HERE, undefined, undefined],
  ["auto", "none", HERE, undefined, undefined],
  ["inline", "none", HERE, undefined, undefined],
  ["worker", "none", "TSF-1236", undefined, undefined],
  [undefined, "recording", SLOTS, undefined, "recording"],
  ["auto", "recording", SLOTS, undefined, "recording"],
  ["inline", "recording", HERE, undefined, "ended"],
  ["worker", "recording", SLOTS, undefined, "recording"],
  ["auto", "begun in time", SLOTS, undefined, "ended"],
  ["inline", "begun in time", HERE, undefined, "ended"],
  ["worker", "begun in time", SLOTS, undefined, "ended"],
  ["auto", "begun too late", HERE, "main() has ended", "ended"],
  [undefined, "begun too late", HERE, "main() has ended", "ended"],
  ["inline", "begun too late", HERE, "main() has ended", "ended"],
  ["worker", "begun too late", "TSF-1236", undefined, "ended"],
];

for (const [isolation, kind, expected, because, recording] of TABLE) {
  Deno.test(`isolation ${isolation ?? "unset"}, program ${kind}: ${expected}`, async () => {
    const { error, where, why, recorder, jobs } = await choice(isolation, kind);
    if (expected.startsWith("TSF")) {
      assert.equal(error.code, expected);
      assert.deepEqual([where, jobs.length], [undefined, 0]);
    } else {
      assert.equal(error, ENOUGH);
      assert.equal(where, expected);
      // Why it is not in slots is told where somebody could wonder.
      assert.equal(why, because);
      assert.match(jobs[0].getJobID(), /^[0-9a-f]{32}$/);
      assert.equal(jobs[0].graph.state, "INITIALIZING");
    }
    assert.equal(recorder?.state, recording);
  });
}

Deno.test("ids of jobs differ, also over executors, and come from the seed", async () => {
  const ids = async (seed: number) => {
    const found: string[] = [];
    const executor = localExecutor({
      seams: { ...systemSeams({ seed }), log: testSeams().log },
      onJob: (job) => found.push(job.getJobID()),
    });
    for (let n = 0; n < 3; n++) {
      const client = await executor.execute(streamGraph(), {
        configuration: Configuration.from({}),
        cachedFiles: [],
        executionOrdinal: n,
      });
      assert.equal(client.getJobID(), found[n]);
      await client.getJobExecutionResult();
      assert.equal(await client.getJobStatus(), "FINISHED");
    }
    return found;
  };
  const first = await ids(5);
  assert.equal(new Set(first).size, 3);
  assert.deepEqual(await ids(5), first);
  assert.equal(new Set([...first, ...await ids(6)]).size, 6);
});

Deno.test("a graph of another copy of tsflink is refused before anything is made of it", async () => {
  const jobs: LocalJob[] = [];
  const executor = localExecutor({ seams: testSeams(), onJob: (job) => jobs.push(job) });
  const foreign = { ...streamGraph() } as StreamGraph;
  const options = { configuration: Configuration.from({}), cachedFiles: [], executionOrdinal: 0 };
  await assert.rejects(executor.execute(foreign, options), (error: FlinkError) => {
    assert.deepEqual([error.code, error.found], ["TSF-1238", "a copy elsewhere"]);
    assert.match(error.expected!, /^tsflink from file:\/\/.*\/, which runs it$/);
    return true;
  });
  assert.equal(jobs.length, 0);
});

Deno.test("what is said of a job names its widest vertex", async () => {
  const log = new CapturedLog();
  const executor = localExecutor({ seams: { ...systemSeams({ seed: 1 }), log } });
  const client = await executor.execute(
    streamGraph((env) =>
      void env.fromSequence(1, 9).setParallelism(2).rebalance().map((n) => n).setParallelism(5)
        .sinkTo(new DiscardingSink()).setParallelism(1)
    ),
    { configuration: Configuration.from({}), cachedFiles: [], executionOrdinal: 0 },
  );
  await client.getJobExecutionResult();
  assert.match(log.messages("info")[0], /runs in this isolate, parallelism 5$/);
});

Deno.test("an error as a person reads it", () => {
  const own = new InvalidProgramError("TSF-1236", "no", { expected: "a", found: "b" });
  assert.equal(describe(own), own.message);
  const other = new TypeError("x");
  assert.equal(describe(other), other.stack);
  delete other.stack;
  assert.equal(describe(Object.defineProperty(new Error("bare"), "stack", { value: undefined })), "bare");
  const values: [unknown, string][] = [["text", "text"], [undefined, "undefined"], [null, "null"], [7, "7"]];
  for (const [value, text] of values) assert.equal(describe(value), text);
});
