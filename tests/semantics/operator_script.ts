/**
 * A small script language for single operators in the harnesses of tsflink/testing: what goes in, and everything that
 * comes out, as one line. Registers no test.
 *
 * In: `a1@5` record of key a, value 1, timestamp 5 (`a1` without one); `w5` watermark; `t10` processing time; `s1` idle
 * (`s0` active); `end`; `|` snapshot, restore in a new operator. With two inputs each goes to the first unless it starts
 * with `2:`. Out: `text@timestamp` (no `@` without timestamp), `w5`, `idle`, `active`; then ` / tag text@ts` per side output.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type FunctionFactory, MAX_WATERMARK, NO_TIMESTAMP } from "tsflink";
import {
  type HarnessElement,
  type HarnessOptions,
  type HarnessSnapshot,
  KeyedOneInputStreamOperatorTestHarness,
  KeyedTwoInputStreamOperatorTestHarness,
  OneInputStreamOperatorTestHarness,
  type OperatorUnderTest,
  type StreamOperatorFactory,
  TwoInputStreamOperatorTestHarness,
} from "tsflink/testing";
import { broadcastProcessOperator, keyedBroadcastProcessOperator } from "../../runtime/operators/broadcast_process.ts";
import { coProcessOperator, keyedCoProcessOperator } from "../../runtime/operators/co_process.ts";
import { keyedProcessOperator } from "../../runtime/operators/keyed_process.ts";
import { processOperator } from "../../runtime/operators/process.ts";

/** A record of a script. */
export interface Rec {
  k: string;
  v: number;
}

type Harness = OneInputStreamOperatorTestHarness<Rec, unknown> | TwoInputStreamOperatorTestHarness<Rec, Rec, unknown>;

/** How the operator of a script is made and fed. */
export interface OperatorCase {
  readonly make: () => OperatorUnderTest<unknown>;
  /** Inputs; default 1. */
  readonly inputs?: 1 | 2;
  /** Which inputs are keyed by `k`; default all of them. */
  readonly keyed?: readonly boolean[];
  readonly options?: HarnessOptions;
}

const key = (rec: Rec) => rec.k;

/** A harness for the case, not open yet. */
export function harnessOf(given: OperatorCase): Harness {
  const keyed = given.keyed ?? [true, true];
  if (given.inputs === 2) {
    return keyed.some((is) => is)
      ? new KeyedTwoInputStreamOperatorTestHarness<string, Rec, Rec, unknown>(
        given.make(),
        keyed[0] ? key : undefined,
        keyed[1] ? key : undefined,
        given.options,
      )
      : new TwoInputStreamOperatorTestHarness<Rec, Rec, unknown>(given.make(), given.options);
  }
  return keyed[0]
    ? new KeyedOneInputStreamOperatorTestHarness<string, Rec, unknown>(given.make(), key, given.options)
    : new OneInputStreamOperatorTestHarness<Rec, unknown>(given.make(), given.options);
}

/** Gives one token to a harness. */
export function give(harness: Harness, token: string): void {
  const two = harness instanceof TwoInputStreamOperatorTestHarness ? harness : undefined;
  const one = harness as OneInputStreamOperatorTestHarness<Rec, unknown>;
  const second = token.startsWith("2:");
  const what = second ? token.slice(2) : token;
  const number = /^([wts])(-?\d+|max)$/.exec(what);
  if (number !== null) {
    const value = number[2] === "max" ? MAX_WATERMARK : +number[2];
    if (number[1] === "t") return harness.setProcessingTime(value);
    if (number[1] === "w") {
      if (two === undefined) one.processWatermark(value);
      else second ? two.processWatermark2(value) : two.processWatermark1(value);
    } else if (two === undefined) one.processWatermarkStatus(value === 1 ? "idle" : "active");
    else {
      const status = value === 1 ? "idle" : "active";
      second ? two.processWatermarkStatus2(status) : two.processWatermarkStatus1(status);
    }
    return;
  }
  if (what === "end") {
    if (two === undefined) one.endInput();
    else second ? two.endInput2() : two.endInput1();
    return;
  }
  const record = /^([a-z]+)(-?[\d.]+)(?:@(-?\d+))?$/.exec(what);
  assert.ok(record !== null, `no token: ${token}`);
  const value = { k: record[1], v: +record[2] };
  const timestamp = record[3] === undefined ? undefined : +record[3];
  if (two === undefined) one.processElement(value, timestamp);
  else second ? two.processElement2(value, timestamp) : two.processElement1(value, timestamp);
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "k" in value) return `${(value as Rec).k}${(value as Rec).v}`;
  return JSON.stringify(value);
}
function timed(value: unknown, timestamp: number): string {
  return text(value) + (timestamp === NO_TIMESTAMP ? "" : timestamp === MAX_WATERMARK ? "@max" : `@${timestamp}`);
}
function element(at: HarnessElement<unknown>): string {
  if (at.kind === "record") return timed(at.value, at.timestamp ?? NO_TIMESTAMP);
  if (at.kind === "watermark") return at.timestamp === MAX_WATERMARK ? "W" : `w${at.timestamp}`;
  return at.kind === "status" ? at.status : at.kind;
}

/** Runs a script; gives the transcript. */
export function runScript(given: OperatorCase, script: string): string {
  const out: string[] = [];
  const side = new Map<string, string[]>();
  const collect = (harness: Harness) => {
    out.push(...harness.getOutput().map(element));
    for (const id of harness.sideOutputIds()) {
      const records = harness.getSideOutput<unknown>({ id } as never);
      side.set(id, [
        ...side.get(id) ?? [],
        ...records.map((r) => timed(r.value, r.timestamp ?? NO_TIMESTAMP)),
      ]);
    }
  };
  let harness = harnessOf(given);
  harness.open();
  for (const token of script.split(/\s+/).filter((t) => t !== "")) {
    if (token !== "|") {
      give(harness, token);
      continue;
    }
    const snapshot: HarnessSnapshot = harness.snapshot();
    const now = harness.getProcessingTime();
    collect(harness);
    harness = harnessOf(given);
    harness.seams.clock.jumpTo(now);
    harness.initializeState(snapshot);
    harness.open();
  }
  collect(harness);
  return [out.join(" "), ...[...side].map(([id, records]) => `${id} ${records.join(" ")}`)].join(" / ").trim();
}

/** Registers one test over a table of `[script, expected]`. */
export function operatorCases(
  name: string,
  given: OperatorCase,
  table: readonly (readonly [string, string])[],
): void {
  Deno.test(name, () => {
    for (const [script, expected] of table) {
      assert.equal(runScript(given, script), expected.trim().replaceAll(/\s+/g, " "), `${name}: ${script}`);
    }
  });
}

// deno-lint-ignore no-explicit-any -- functions of any types; the scripts say what is meant
type Any = any;
type Made = StreamOperatorFactory<unknown>;

/** Cases of process functions, by the operator they run in. */
export const cases = {
  process: (fn: Any | FunctionFactory<Any>, options?: HarnessOptions): OperatorCase => ({
    make: () => processOperator(fn) as Made,
    keyed: [false],
    options,
  }),
  keyed: (fn: Any, options?: HarnessOptions): OperatorCase => ({
    make: () => keyedProcessOperator(fn) as Made,
    options,
  }),
  co: (fn: Any): OperatorCase => ({ make: () => coProcessOperator(fn) as Made, inputs: 2, keyed: [false, false] }),
  keyedCo: (fn: Any): OperatorCase => ({ make: () => keyedCoProcessOperator(fn) as Made, inputs: 2 }),
  broadcast: (fn: Any, descriptors: Any[]): OperatorCase => ({
    make: () => broadcastProcessOperator(fn, descriptors) as Made,
    inputs: 2,
    keyed: [false, false],
  }),
  keyedBroadcast: (fn: Any, descriptors: Any[]): OperatorCase => ({
    make: () => keyedBroadcastProcessOperator(fn, descriptors) as Made,
    inputs: 2,
    keyed: [true, false],
  }),
};

/** Asserts that a script fails with this code, and gives the error. */
export function fails(given: OperatorCase, script: string, code: string): Error & { code: string } {
  try {
    runScript(given, script);
  } catch (error) {
    assert.equal((error as { code?: string }).code, code, String(error));
    return error as Error & { code: string };
  }
  throw new assert.AssertionError({ message: `${script} does not fail` });
}
