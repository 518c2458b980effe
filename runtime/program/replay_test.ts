/** Recorded calls played back call by call: the same program gets the same, another one is told its first difference. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { CallRecorder } from "./call_recorder.ts";
import { asMain, outside } from "./context.ts";
import {
  CALL_KINDS,
  type CallKind,
  type CallResult,
  errorOutcome,
  type ProgramDescriptor,
  type RecordedEvent,
  type Recording,
  valueOutcome,
} from "./recording.ts";
import { ProgramReplay } from "./replay.ts";

const EMPTY: Recording = { calls: [], results: {}, environment: [], hasWholeEnvironment: false, events: [] };

function descriptor(recording: Partial<Recording>, executionOrdinal = 0): ProgramDescriptor {
  return structuredClone({
    url: "file:///a%20job.ts",
    executionOrdinal,
    args: ["x", "y"],
    configuration: {},
    recording: { ...EMPTY, ...recording },
  });
}
/** A replay whose program has imported tsflink. */
function replayOf(recording: Partial<Recording>, executionOrdinal = 0): ProgramReplay {
  const replay = new ProgramReplay(descriptor(recording, executionOrdinal));
  asMain(() => replay.begin());
  return replay;
}

interface Call {
  readonly kind: CallKind;
  readonly result: CallResult;
}

function recordingOf(calls: readonly Call[]): Recording {
  const recorder = new CallRecorder([], {
    limits: { maxEntries: 1e6, maxBytes: 1e6 },
    onFull: assert.fail,
    isOther: () => false,
  });
  for (const { kind, result } of calls) recorder.take(kind, kind, () => result);
  recorder.mark(0);
  return recorder.recordingOf(0)!;
}

const call: fc.Arbitrary<Call> = fc.record({
  kind: fc.constantFrom(...CALL_KINDS),
  result: fc.oneof<fc.Arbitrary<CallResult>[]>(fc.double(), fc.string(), fc.bigInt(), fc.uint8Array({ maxLength: 4 })),
});
const real = (): never => assert.fail("the real function is not asked");
/** Plays until something throws. */
function play(replay: ProgramReplay, calls: readonly Call[]): { got: CallResult[]; error: Record<string, string> } {
  const got: CallResult[] = [];
  let error: unknown;
  try {
    asMain(() => calls.forEach(({ kind }) => got.push(replay.take(kind, `${kind}()`, real))));
  } catch (thrown) {
    error = thrown;
  }
  return { got, error: error as Record<string, string> };
}

Deno.test("the same calls get the same results, whatever their order", () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 30 }), (calls) => {
      const { got, error } = play(replayOf(recordingOf(calls)), calls);
      assert.equal(error, undefined);
      assert.deepEqual(got, calls.map(({ result }) => result));
    }),
    { numRuns: 200 },
  );
});

Deno.test("one call more, less or another one: everything before is right, the first difference is named", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { minLength: 1, maxLength: 12 }),
      fc.nat(),
      fc.constantFrom("insert", "drop", "swap"),
      fc.constantFrom(...CALL_KINDS),
      async (calls, where, edit, kind) => {
        const at = where % calls.length;
        const changed = [...calls];
        if (edit === "insert") changed.splice(at, 0, { kind, result: 0 });
        else if (edit === "drop") changed.splice(at, 1);
        else changed[at] = { kind, result: 0 };
        const replay = replayOf(recordingOf(calls));
        const { got, error } = play(replay, changed);
        const first = changed.findIndex((each, i) => each.kind !== calls[i]?.kind);
        if (first === -1) {
          assert.equal(error, undefined);
          return;
        }
        assert.deepEqual(got, calls.slice(0, first).map(({ result }) => result));
        const expected = first < calls.length ? `a call of ${calls[first].kind}` : "no further call";
        assert.deepEqual([error.code, error.found, error.expected], [
          "TSF-1230",
          `${changed[first].kind}()`,
          `${expected}, as in the first run`,
        ]);
        assert.match(error.userLine, /replay_test\.ts:\d+:\d+$/);
        await assert.rejects(replay.captured, (rejected) => rejected === (error as unknown));
        // It is over: what the program still does is its own.
        assert.equal(asMain(() => replay.passes()), true);
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("who replays: only the program, only from the import of tsflink on, only until it is over", () => {
  const replay = new ProgramReplay(descriptor({}));
  const states = () => [replay, replay].map((each, i) => i === 0 ? asMain(() => each.passes()) : each.passes());
  assert.deepEqual([states(), asMain(() => replay.isReplaying)], [[false, true], false]);
  replay.begin();
  assert.deepEqual([states(), asMain(() => replay.isReplaying), replay.isReplaying], [[false, true], true, false]);
  assert.equal(asMain(() => outside(() => replay.isReplaying)), false);
  replay.fail(new Error("first"));
  replay.fail(new Error("second"));
  replay.begin();
  assert.deepEqual([states(), asMain(() => replay.isReplaying)], [[true, true], false]);
  return assert.rejects(replay.captured, { message: "first" });
});

Deno.test("before tsflink is imported: the real function, and one warning per line", () => {
  const replay = new ProgramReplay(descriptor(recordingOf([{ kind: "Math.random", result: 0.5 }])));
  const early = () => asMain(() => replay.take("Math.random", "Math.random()", () => 4));
  assert.deepEqual([early(), early(), early()], [4, 4, 4]);
  assert.equal(replay.warnings.length, 1);
  assert.match(replay.warnings[0], /^Math\.random\(\) at file:.*replay_test\.ts:\d+:\d+ runs before tsflink/);
  assert.equal(asMain(() => replay.take("Date", "Date.now()", () => 5)), 5);
  assert.equal(replay.warnings.length, 2);
  assert.equal(asMain(() => replay.variable("X", () => "real")), "real");
  assert.equal(replay.warnings.length, 2, "variables are read by packages everywhere");
  replay.begin();
  assert.equal(asMain(() => replay.take("Math.random", "Math.random()", real)), 0.5, "nothing was used up");
});

Deno.test("environment variables: recorded ones, missing ones, ones the program sets, ones never read", () => {
  const environment = [["SET", "1"], ["EMPTY", ""], ["MISSING", null]] as const;
  const replay = replayOf({ environment });
  const get = (name: string) => asMain(() => replay.variable(name, real));
  assert.deepEqual(["SET", "EMPTY", "MISSING", "SET"].map(get), ["1", "", undefined, "1"]);
  replay.setVariable("SET", "2");
  replay.setVariable("NEW", "3");
  replay.setVariable("EMPTY", null);
  assert.deepEqual(["SET", "NEW", "EMPTY"].map(get), ["2", "3", undefined]);
  assert.throws(() => get("OTHER"), { code: "TSF-1230", found: 'Deno.env.get("OTHER")' });

  const whole = replayOf({ environment, hasWholeEnvironment: true });
  whole.setVariable("NEW", "3");
  assert.deepEqual(asMain(() => whole.variables(real)), { SET: "1", EMPTY: "", NEW: "3" });
  assert.equal(asMain(() => whole.variable("OTHER", real)), undefined, "it was not there in the first run");

  const partly = replayOf({ environment });
  assert.throws(() => asMain(() => partly.variables(real)), { code: "TSF-1230" });
});

Deno.test("behind the wanted execution everything is real, before it nothing is", () => {
  const replay = replayOf(recordingOf([{ kind: "Math.random", result: 0.5 }]));
  asMain(() => {
    assert.equal(replay.take("Math.random", "", real), 0.5);
    assert.equal(replay.beginExecution(), 0);
    assert.equal(replay.take("Math.random", "", () => 9), 9);
    assert.equal(replay.take("Date", "", () => 8), 8);
    assert.equal(replay.variable("ANY", () => "v"), "v");
    assert.deepEqual(replay.variables(() => ({ A: "b" })), { A: "b" });
  });
  assert.equal(replay.executions, 1);
});

Deno.test("calls left over when the execution begins are still checked: the recording says they came first", () => {
  const replay = replayOf(recordingOf([{ kind: "Math.random", result: 0.5 }]));
  asMain(() => replay.beginExecution());
  assert.throws(() => asMain(() => replay.take("Date", "Date.now()", real)), {
    code: "TSF-1230",
    expected: "a call of Math.random, as in the first run",
  });
});

const OPTIONS = { configuration: {}, cachedFiles: [] } as never as Record<string, unknown>;
const execute = (replay: ProgramReplay, executionOrdinal: number, more: object = {}) =>
  asMain(() =>
    replay.executor.execute({ of: executionOrdinal } as never, { ...OPTIONS, executionOrdinal, ...more } as never)
  );

Deno.test("earlier executions give what they gave, each call of the client its own answer; the wanted one is captured", async () => {
  const answer = (method: string, index: number, value: unknown): RecordedEvent => ({
    kind: "call",
    ordinal: 0,
    method,
    index,
    outcome: valueOutcome(value),
  });
  const events: RecordedEvent[] = [
    { kind: "begin", ordinal: 0 },
    { kind: "accepted", ordinal: 0, outcome: valueOutcome("job-a") },
    answer("getJobStatus", 0, "RUNNING"),
    answer("getAccumulators", 0, { n: 3n }),
    answer("getJobStatus", 1, "FINISHED"),
    { kind: "call", ordinal: 0, method: "cancel", index: 0, outcome: errorOutcome(new RangeError("too late")) },
    answer("getJobExecutionResult", 0, ["job-a", 42, { n: 4 }]),
  ];
  const replay = replayOf({ events }, 1);
  asMain(() => replay.beginExecution());
  const client = await execute(replay, 0);
  assert.equal(client.getJobID(), "job-a");
  // Asked for at once, in another order than they came: each still gets its own.
  const cancelled = client.cancel().catch((error) => error);
  const [first, second, accumulators, result] = await Promise.all([
    client.getJobStatus(),
    client.getJobStatus(),
    client.getAccumulators(),
    client.getJobExecutionResult(),
  ]);
  assert.deepEqual([first, second, accumulators], ["RUNNING", "FINISHED", { n: 3n }]);
  assert.deepEqual([result.getJobID(), result.getNetRuntime(), result.getAllAccumulatorResults()], ["job-a", 42, {
    n: 4,
  }]);
  const error = await cancelled as unknown as Error;
  assert.deepEqual([error instanceof RangeError, error.message], [true, "too late"]);
  assert.equal(replay.events.awaited, undefined);
  asMain(() => replay.beginExecution());
  void execute(replay, 1);
  const { graph, options } = await replay.captured;
  assert.deepEqual([graph, options.executionOrdinal], [{ of: 1 }, 1]);
});

Deno.test("rows of an earlier execution come in their batches, and wait for the one who takes them", async () => {
  const rows = (values: unknown[]): RecordedEvent => ({
    kind: "rows",
    ordinal: 0,
    sink: "s",
    rows: (valueOutcome(values) as { value: Uint8Array }).value,
  });
  const events: RecordedEvent[] = [
    { kind: "begin", ordinal: 0 },
    { kind: "accepted", ordinal: 0, outcome: valueOutcome("j") },
    rows([1, 2]),
    rows([]),
    rows([{ at: new Date(3) }]),
  ];
  const replay = replayOf({ events }, 1);
  const seen: unknown[] = [];
  const room = Promise.withResolvers<void>();
  asMain(() => replay.beginExecution());
  await execute(replay, 0, {
    collect: new Map([["s", (batch: unknown[]) => {
      seen.push(batch);
      return seen.length === 1 ? room.promise : undefined;
    }]]),
  });
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen, [[1, 2]]);
  room.resolve();
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen, [[1, 2], [], [{ at: new Date(3) }]]);
});

Deno.test("a refused execution is refused again; one behind the wanted one never answers", async () => {
  const events: RecordedEvent[] = [
    { kind: "begin", ordinal: 0 },
    { kind: "accepted", ordinal: 0, outcome: errorOutcome(new TypeError("no")) },
  ];
  const replay = replayOf({ events }, 1);
  asMain(() => replay.beginExecution());
  await assert.rejects(execute(replay, 0), { name: "TypeError", message: "no" });
  let answered = false;
  void execute(replay, 2).finally(() => answered = true);
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answered, false);
});

Deno.test("once: never read again, by name, in any order; a name twice is refused", async () => {
  const event = (name: string, value: unknown): RecordedEvent => ({ kind: "once", name, outcome: valueOutcome(value) });
  const replay = replayOf({ events: [event("b", 2), event("a", { then: 1 })] });
  const [a, b] = await asMain(() => Promise.all([replay.once("a", real), replay.once("b", real)]));
  assert.deepEqual([a, b], [{ then: 1 }, 2]);
  assert.match(replay.lastLine ?? "", /replay_test\.ts/);
  await assert.rejects(asMain(() => replay.once("a", real)), { code: "TSF-1215" });
});

Deno.test("the arguments of node are the module's path and the job's own", () => {
  const replay = new ProgramReplay(descriptor({}));
  assert.deepEqual([replay.nodeArgs, replay.args], [["/a job.ts", "x", "y"], ["x", "y"]]);
  assert.throws(() => (replay.args as string[]).push("z"), TypeError);
});
