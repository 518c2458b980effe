/** The recorder of calls against a model that keeps the whole history and cuts it when it is asked. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { CallRecorder } from "./call_recorder.ts";
import { CALL_KINDS, type CallKind, type CallResult, type RecordedEvent, recordingHash } from "./recording.ts";

type Op =
  | { readonly op: "take"; readonly kind: CallKind; readonly result: CallResult }
  | { readonly op: "variable"; readonly name: string; readonly value: string | undefined }
  | { readonly op: "variables"; readonly all: Record<string, string> }
  | { readonly op: "event"; readonly event: RecordedEvent; readonly bytes: number }
  | { readonly op: "mark" }
  | { readonly op: "close" };

const UNLIMITED = { maxEntries: 1e9, maxBytes: 1e9 };

/** A recorder that closes when it is full, as the recorder of a program does. */
function recorderOf(limits: { maxEntries: number; maxBytes: number } = UNLIMITED, isOther = () => false) {
  const full: string[] = [];
  const recorder: CallRecorder = new CallRecorder(["a", "b"], {
    limits,
    onFull: (why) => {
      full.push(why);
      recorder.close();
    },
    isOther,
    nodeArgs: undefined,
  });
  return { recorder, full };
}

/** Does what the stand-ins of a program do: nothing reaches the recorder while calls pass. */
function apply(recorder: CallRecorder, op: Op, ordinal: number): void {
  if (op.op === "mark") return recorder.mark(ordinal);
  if (op.op === "close") return recorder.close();
  if (op.op === "event") return recorder.event(op.event, op.bytes);
  if (recorder.passes()) return;
  if (op.op === "take") assert.equal(recorder.take(op.kind, op.kind, () => op.result), op.result);
  else if (op.op === "variable") assert.equal(recorder.variable(op.name, () => op.value), op.value);
  else assert.equal(recorder.variables(() => op.all), op.all);
}

interface ModelState {
  calls: number[];
  results: Partial<Record<CallKind, CallResult[]>>;
  environment: [string, string | null][];
  hasWholeEnvironment: boolean;
  events: RecordedEvent[];
}

/** What the recordings of all marks have to be: the whole history before each mark, made anew each time. */
function model(ops: readonly Op[]): Map<number, ModelState> {
  const found = new Map<number, ModelState>();
  let ordinal = 0;
  for (const [end, { op }] of ops.entries()) {
    if (op === "close") break;
    if (op === "mark") found.set(ordinal++, historyOf(ops.slice(0, end)));
  }
  return found;
}
function historyOf(ops: readonly Op[]): ModelState {
  const state: ModelState = { calls: [], results: {}, environment: [], hasWholeEnvironment: false, events: [] };
  const names = new Set<string>();
  const note = (name: string, value: string | null) => {
    if (!names.has(name)) state.environment.push([name, value]);
    names.add(name);
  };
  let ordinal = 0;
  for (const op of ops) {
    if (op.op === "take") {
      state.calls.push((CALL_KINDS as readonly string[]).indexOf(op.kind));
      state.results[op.kind] = [...state.results[op.kind] ?? [], op.result];
    } else if (op.op === "variable") note(op.name, op.value ?? null);
    else if (op.op === "variables") {
      for (const name of Object.keys(op.all)) note(name, op.all[name]);
      state.hasWholeEnvironment = true;
    } else if (op.op === "event") state.events.push(op.event);
    else if (op.op === "mark") state.events.push({ kind: "begin", ordinal: ordinal++ });
  }
  return state;
}

const names = fc.constantFrom("A", "B", "C", "PATH");
const results: fc.Arbitrary<CallResult> = fc.oneof(
  fc.double({ noNaN: true }),
  fc.string({ maxLength: 4 }),
  fc.bigInt(),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 5 }),
);
const ops: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constant("take" as const), kind: fc.constantFrom(...CALL_KINDS), result: results }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("variable" as const),
      name: names,
      value: fc.option(fc.string({ maxLength: 3 }), { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("variables" as const),
      all: fc.dictionary(names, fc.string({ maxLength: 3 }), { noNullPrototype: true }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("event" as const),
      event: fc.record({ kind: fc.constant("timer" as const), index: fc.nat(5) }),
      bytes: fc.nat(20),
    }),
  },
  { weight: 2, arbitrary: fc.constant<Op>({ op: "mark" }) },
  { weight: 1, arbitrary: fc.constant<Op>({ op: "close" }) },
);

function play(recorder: CallRecorder, given: readonly Op[]): number {
  let ordinal = 0;
  for (const op of given) {
    apply(recorder, op, ordinal);
    if (op.op === "mark") ordinal++;
  }
  return ordinal;
}

Deno.test("any history: each execution gets what came before it, during the recording and after its end", () => {
  fc.assert(
    fc.property(fc.array(ops, { maxLength: 40 }), (given) => {
      const { recorder, full } = recorderOf();
      const expected = model(given);
      const marks = play(recorder, given);
      const check = () => {
        for (let ordinal = 0; ordinal <= marks; ordinal++) {
          const recording = recorder.recordingOf(ordinal);
          assert.deepEqual(recording, expected.get(ordinal));
          assert.equal(recorder.hasMark(ordinal), expected.has(ordinal));
          assert.equal(recording && recordingHash(recording), recording && recordingHash(structuredClone(recording)));
        }
      };
      check();
      recorder.close();
      check();
      assert.deepEqual([full, recorder.isOpen, recorder.passes()], [[], false, true]);
    }),
    { numRuns: 300 },
  );
});

/** Entries and bytes by the documented rules. */
function sizes(given: readonly Op[]): { entries: number; bytes: number }[] {
  const size = (value: CallResult) =>
    typeof value === "string" ? 2 * value.length : value instanceof Uint8Array ? value.byteLength : 8;
  let [entries, bytes] = [0, 0];
  const seen = new Set<string>();
  const all: { entries: number; bytes: number }[] = [];
  const spend = (entry: number, more: number) => {
    entries += entry;
    bytes += more;
    all.push({ entries, bytes });
  };
  const note = (name: string, value: string | null) => {
    if (seen.has(name)) return;
    seen.add(name);
    spend(1, size(name) + size(value));
  };
  for (const op of given) {
    if (op.op === "take") spend(1, size(op.result));
    else if (op.op === "variable") note(op.name, op.value ?? null);
    else if (op.op === "variables") { for (const [name, value] of Object.entries(op.all)) note(name, value); }
    else if (op.op === "event") spend(1, op.bytes);
    else if (op.op === "mark") spend(1, 0);
    else if (op.op === "close") break;
  }
  return all;
}

Deno.test("limits are reached exactly where the sizes say so; what was begun before stays the same", () => {
  fc.assert(
    fc.property(
      fc.array(ops, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 25 }),
      fc.integer({ min: 1, max: 200 }),
      (given, maxEntries, maxBytes) => {
        const { recorder, full } = recorderOf({ maxEntries, maxBytes });
        play(recorder, given);
        const over = sizes(given).find(({ entries, bytes }) => entries > maxEntries || bytes > maxBytes);
        if (over === undefined) assert.deepEqual(full, []);
        else {
          assert.ok(full.length >= 1);
          assert.match(full[0], over.entries > maxEntries ? new RegExp(`more than ${maxEntries} calls`) : /bytes$/);
          assert.equal(recorder.isOpen, false);
        }
        const expected = model(given);
        for (let ordinal = 0; recorder.hasMark(ordinal); ordinal++) {
          assert.deepEqual(recorder.recordingOf(ordinal), expected.get(ordinal));
        }
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("an execution whose own mark fills the recording can still be built again", () => {
  const { recorder, full } = recorderOf({ maxEntries: 2, maxBytes: 100 });
  recorder.take("Math.random", "", () => 0.5);
  recorder.take("Date", "", () => 7);
  recorder.mark(0);
  recorder.mark(1);
  assert.deepEqual([full.length, recorder.hasMark(0), recorder.hasMark(1)], [1, true, false]);
  assert.deepEqual(recorder.recordingOf(0)?.results, { "Math.random": [0.5], Date: [7] });
});

Deno.test("the caller decides: what others call passes, and arguments cannot be changed", () => {
  let other = true;
  const { recorder } = recorderOf(UNLIMITED, () => other);
  assert.equal(recorder.passes(), true);
  other = false;
  assert.equal(recorder.passes(), false);
  assert.deepEqual(recorder.args, ["a", "b"]);
  assert.throws(() => (recorder.args as string[]).push("c"), TypeError);
});

Deno.test("a call that throws is not recorded: it throws again by itself", () => {
  const { recorder } = recorderOf();
  const boom = new RangeError("boom");
  assert.throws(() =>
    recorder.take("prompt", "", () => {
      throw boom;
    }), boom);
  assert.throws(() =>
    recorder.variable("X", () => {
      throw boom;
    }), boom);
  recorder.mark(0);
  assert.deepEqual(recorder.recordingOf(0), {
    calls: [],
    results: {},
    environment: [],
    hasWholeEnvironment: false,
    events: [],
  });
});

Deno.test("a recording handed out does not change with what is recorded later", () => {
  const { recorder } = recorderOf();
  recorder.take("Math.random", "", () => 1);
  recorder.mark(0);
  const early = recorder.recordingOf(0)!;
  const text = JSON.stringify(early);
  for (let n = 0; n < 10; n++) {
    recorder.take("Math.random", "", () => n);
    recorder.variable(`V${n}`, () => "x");
    recorder.event({ kind: "timer", index: n }, 0);
  }
  assert.equal(JSON.stringify(early), text);
  assert.equal(JSON.stringify(recorder.recordingOf(0)), text);
});
