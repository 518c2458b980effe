/** What the journal writes down of jobs, played back by a replay: the program learns the same, in the same order. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { CollectReceiver } from "../api/executor.ts";
import { type JobClient, JobExecutionResult, type JobStatus } from "../api/job_client.ts";
import { JobExecutionError } from "../errors.ts";
import { asMain, isEngine } from "./context.ts";
import { type EventLog, ExecutionJournal, resultOf } from "./execution_journal.ts";
import { readOutcome, type RecordedEvent } from "./recording.ts";
import { ProgramReplay } from "./replay.ts";

function journal(isOpen = true) {
  const log = { isOpen, events: [] as RecordedEvent[], bytes: [] as number[], gaveUp: [] as string[] };
  const sink: EventLog = {
    get isOpen() {
      return log.isOpen;
    },
    event: (event, bytes) => {
      log.events.push(event);
      log.bytes.push(bytes);
    },
    giveUp: (why) => {
      log.gaveUp.push(why);
      log.isOpen = false;
    },
  };
  return { log, journal: new ExecutionJournal(sink) };
}

/** What a call of the fake client does. */
type Answer = { readonly value: unknown } | { readonly error: Error };
const METHODS = ["getJobStatus", "cancel", "getAccumulators", "getJobExecutionResult"] as const;
type Method = typeof METHODS[number];

function clientOf(answers: Partial<Record<Method, Answer[]>>, seen: string[] = []): JobClient {
  const call = (method: Method) => {
    seen.push(`${method} ${isEngine() ? "engine" : "program"}`);
    const answer = answers[method]?.shift() ?? { value: undefined };
    return "error" in answer ? Promise.reject(answer.error) : Promise.resolve(answer.value);
  };
  return {
    getJobID: () => "the-job",
    getJobStatus: () => call("getJobStatus") as Promise<JobStatus>,
    cancel: () => call("cancel") as Promise<void>,
    getAccumulators: () => call("getAccumulators") as Promise<Record<string, unknown>>,
    getJobExecutionResult: () => call("getJobExecutionResult") as Promise<JobExecutionResult>,
  };
}

/** A result or an error in a form that can be compared. */
async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    const value = await promise;
    if (!(value instanceof JobExecutionResult)) return { value };
    return { result: [value.getJobID(), value.getNetRuntime(), value.getAllAccumulatorResults()] };
  } catch (error) {
    const { name, message, code } = error as Error & { code?: string };
    return { name, message, code };
  }
}

const error = fc.constantFrom(
  () => new TypeError("wrong"),
  () => new RangeError("far"),
  () => new JobExecutionError("TSF-2001", "The job has failed", { found: "x" }),
);
const value = fc.oneof(fc.integer(), fc.string(), fc.constant(undefined), fc.constant({ deep: [1n, new Date(3)] }));
const step = fc.record({
  method: fc.constantFrom(...METHODS),
  fails: fc.boolean(),
  value,
  error,
  together: fc.boolean(),
});

Deno.test("any calls of a client, alone or at once: a replay answers as the job did", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const answers: Partial<Record<Method, Answer[]>> = {};
      for (const { method, fails, value, error } of steps) {
        const good = method === "getJobExecutionResult" ? new JobExecutionResult("the-job", 5, { value }) : value;
        (answers[method] ??= []).push(fails ? { error: error() } : { value: good });
      }
      const talk = async (client: JobClient): Promise<unknown[]> => {
        const all: Promise<unknown>[] = [];
        for (const { method, together } of steps) {
          const one = outcomeOf(client[method]());
          all.push(one);
          if (!together) await one;
        }
        return await Promise.all(all);
      };
      const { log, journal: written } = journal();
      const first = await talk(written.client(0, clientOf(answers)));
      assert.equal(log.events.length, steps.length + 1);
      assert.equal(readOutcome((log.events[0] as unknown as { outcome: never }).outcome), "the-job");

      const replay = new ProgramReplay({
        url: "file:///job.ts",
        executionOrdinal: 1,
        args: [],
        configuration: {},
        recording: structuredClone({
          calls: [],
          results: {},
          environment: [],
          hasWholeEnvironment: false,
          events: log.events,
        }),
      });
      const again = await asMain(async () => {
        replay.begin();
        return await talk(await replay.executor.execute({} as never, { executionOrdinal: 0 } as never));
      });
      assert.deepEqual(again, first);
    }),
    { numRuns: 60 },
  );
});

Deno.test("calls of the engine run as the engine's, and are written before the program learns of them", async () => {
  const seen: string[] = [];
  const { log, journal: written } = journal();
  const client = written.client(3, clientOf({ getJobStatus: [{ value: "RUNNING" }] }, seen));
  let known = -1;
  await client.getJobStatus().then(() => known = log.events.length);
  assert.deepEqual([seen, known], [["getJobStatus engine"], 2]);
  assert.deepEqual(log.events.map(({ kind }) => kind), ["accepted", "call"]);
  assert.equal(readOutcome((log.events[1] as unknown as { outcome: never }).outcome), "RUNNING");
  assert.ok(log.bytes.every((bytes) => bytes > 0));
});

Deno.test("wrapping twice writes once, and one execution is accepted once", async () => {
  const { log, journal: written } = journal();
  const client = written.client(0, clientOf({}));
  assert.equal(written.client(0, client), client);
  const other = written.client(0, clientOf({}));
  assert.notEqual(other, client);
  await client.cancel();
  assert.deepEqual(log.events.map(({ kind }) => kind), ["accepted", "call"]);
  const receive: CollectReceiver = () => {};
  const once = written.collect(0, new Map([["s", receive]]));
  const twice = written.collect(0, once);
  assert.equal(twice.get("s"), once.get("s"));
  once.get("s")!([1]);
  assert.equal(log.events.filter(({ kind }) => kind === "rows").length, 1);
});

Deno.test("an executor that refuses: the error is written, the program gets the very same", async () => {
  const refused = new TypeError("no slots");
  const { log, journal: written } = journal();
  const executor = written.executor({ execute: () => Promise.reject(refused) });
  await assert.rejects(executor.execute({} as never, { executionOrdinal: 4 } as never), (e) => e === refused);
  assert.equal(log.events.length, 1);
  const [event] = log.events as { kind: string; ordinal: number; outcome: never }[];
  assert.deepEqual([event.kind, event.ordinal], ["accepted", 4]);
  assert.throws(() => readOutcome(event.outcome), { name: "TypeError", message: "no slots" });
});

Deno.test("options go through to the executor, its rows through the journal, back pressure too", async () => {
  const { log, journal: written } = journal();
  const room = Promise.withResolvers<void>();
  const got: unknown[] = [];
  let given: Record<string, unknown> = {};
  const executor = written.executor({
    execute: async (_graph, options) => {
      given = options as never;
      const receive = options.collect!.get("sink")!;
      const batch = [{ n: 1 }];
      const answer = receive(batch);
      assert.equal(answer, room.promise, "the engine waits for the program");
      batch[0].n = 2;
      await receive([]);
      return clientOf({});
    },
  });
  const collect = new Map<string, CollectReceiver>([["sink", (batch) => {
    got.push(batch);
    return got.length === 1 ? room.promise : undefined;
  }]]);
  await executor.execute({} as never, { executionOrdinal: 0, cachedFiles: ["f"], collect } as never);
  assert.deepEqual([given.cachedFiles, got], [["f"], [[{ n: 2 }], []]]);
  const rows = log.events.filter((event) => event.kind === "rows");
  assert.deepEqual(rows.map(({ rows }) => readOutcome({ value: rows })), [[{ n: 1 }], []], "bytes of that moment");
  assert.deepEqual(log.events.map(({ kind }) => kind), ["rows", "rows", "accepted"]);
});

Deno.test("what cannot be written down ends the recording, and the program goes on", async () => {
  const cases: [string, (written: ExecutionJournal) => unknown, RegExp][] = [
    [
      "rows",
      (written) => written.collect(0, new Map([["s", () => {}]])).get("s")!([() => 1]),
      /^a row of executeAndCollect\(\) cannot be copied: /,
    ],
    [
      "an accumulator",
      async (written) => {
        const { f } = await written.client(0, clientOf({ getAccumulators: [{ value: { f: () => 1 } }] }))
          .getAccumulators() as { f: () => number };
        assert.equal(f(), 1, "the program has it all the same");
      },
      /^a result of a job cannot be copied: /,
    ],
  ];
  for (const [what, act, why] of cases) {
    const { log, journal: written } = journal();
    await act(written);
    assert.equal(log.gaveUp.length, 1, what);
    assert.match(log.gaveUp[0], why);
    assert.ok(!log.gaveUp[0].includes("\n"), "one line");
  }
});

Deno.test("after the end nothing is written; answers come all the same", async () => {
  const { log, journal: written } = journal(false);
  const client = written.client(0, clientOf({ getJobStatus: [{ value: "FINISHED" }] }));
  const got: unknown[] = [];
  written.collect(0, new Map([["s", (batch: unknown[]) => void got.push(...batch)]])).get("s")!([() => 1, 2]);
  assert.equal(await client.getJobStatus(), "FINISHED");
  assert.deepEqual([log.events, log.gaveUp, got.length], [[], [], 2]);
});

Deno.test("a result is made again from what was written", () => {
  const result = resultOf(["id", 12, { n: 5 }]);
  assert.ok(result instanceof JobExecutionResult);
  assert.deepEqual([result.getJobID(), result.getNetRuntime(), result.getAccumulatorResult("n")], ["id", 12, 5]);
});
