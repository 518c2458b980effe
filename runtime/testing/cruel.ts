/**
 * Runs an operator through one script in every way a task might, and asserts that the output is the same each time: with
 * room and without, restored between any two steps and in the middle of a watermark, at another parallelism, with every
 * value overwritten once it was handed over. The engine's own operators are tested with it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { invariant } from "../errors.ts";
import { redistribute } from "../state/rescale.ts";
import { serializeValue } from "../types/generic_serializer.ts";
import type { Key, KeyHashRule } from "../types/key.ts";
import { defaultMaxParallelism, subtaskForKey } from "../types/key_group.ts";
import type { HarnessElement, StreamRecord } from "./harness_elements.ts";
import type { HarnessOptions, HarnessSnapshot, OperatorUnderTest } from "./harness_options.ts";
import { type CruelStep, ScriptHarness, type ScriptKeySelectors } from "./script_harness.ts";
import { testSeams } from "./test_seams.ts";

/** One way to run a script. */
export type CruelMode =
  /** No room for more output at every other question. */
  | "full every other call"
  /** Never room for more than one element. */
  | "always full"
  /**
   * Snapshot and restore after every step. The restored operator first sees the watermarks of before again, so timers that
   * were set below the watermark fire at once instead of with the next one: leave the mode out where a script does that.
   */
  | "restored after every step"
  /** Snapshot and restore once, after step 1, 2, ... in turn. */
  | "restored once"
  /** Snapshot and restore wherever work is left and may be snapshotted, after each timer. */
  | "restored in the middle"
  /** Inputs are overwritten after they were processed, outputs after they were emitted. */
  | "mutated"
  /** Scaled out after each step in turn, and in again later; only with `rescaleTo`. */
  | "rescaled";

/** How to run a script. */
export interface CruelOptions {
  /** Key selector per input; undefined entries are not keyed. Default: not keyed. */
  readonly keySelectors?: ScriptKeySelectors;
  /** How keys are hashed; default: as where no key type is declared. */
  readonly keyHashRule?: KeyHashRule;
  /** Default 128. */
  readonly maxParallelism?: number;
  /** Also run at this parallelism from some step on. Records of an input without key selector go to every subtask. */
  readonly rescaleTo?: number;
  /** Modes to leave out, where the operator rightly gives something else. */
  readonly without?: readonly CruelMode[];
  /** The wanted output of the plain run. */
  readonly expected?: readonly HarnessElement[];
  /** The wanted side outputs of the plain run, by tag id. */
  readonly expectedSide?: Readonly<Record<string, readonly StreamRecord[]>>;
  /** Settings of the job. */
  readonly config?: HarnessOptions["config"];
}

/** What a run gave. */
export interface CruelResult {
  /** Of the plain run, in order. */
  readonly output: HarnessElement[];
  /** Side outputs of the plain run, by tag id. */
  readonly side: Record<string, StreamRecord[]>;
}

/** Makes a new operator for every run. */
export type MakeOperator = () => OperatorUnderTest<unknown>;

/** Longer scripts are not restored after each step in turn, which takes quadratic time. */
const SHORT_SCRIPT = 40;
/** Restarts within one step; every one should bring the step forward by a timer. */
const RESTART_LIMIT = 2000;

/**
 * Runs the script in every mode and compares.
 *
 * @returns The output of the plain run.
 * @throws AssertionError when the plain run is not as expected; an Error naming the mode when another run differs from it.
 *
 * @example
 * ```ts
 * import { runCruelly, streamRecord, watermark } from "tsflink/testing";
 * import { StreamOperator } from "tsflink/testing";
 *
 * class Double extends StreamOperator<number> {
 *   override processElement(value: unknown, timestamp: number): void {
 *     this.output.emit(2 * (value as number), timestamp);
 *   }
 * }
 * const { output } = runCruelly(() => new Double(), [streamRecord(4, 1), watermark(1)]);
 * console.assert(output.length === 2);
 * ```
 */
export function runCruelly(
  makeOperator: MakeOperator,
  script: readonly CruelStep[],
  options: CruelOptions = {},
): CruelResult {
  const run = new CruelRun(makeOperator, script, options);
  const plain = run.straight({});
  if (options.expected !== undefined) assert.deepEqual(plain.output, options.expected, "the plain run");
  if (options.expectedSide !== undefined) assert.deepEqual(plain.side, options.expectedSide, "the plain run");
  const without = new Set(options.without);
  const check = (mode: CruelMode, runMode: () => CruelResult, equal = sameInOrder): void => {
    if (without.has(mode)) return;
    try {
      equal(runMode(), plain);
    } catch (error) {
      throw new Error(`The run "${mode}" does not give what the plain run gives: ${(error as Error).message}`, {
        cause: error,
      });
    }
  };
  let asked = 0;
  check("full every other call", () => run.straight({ proceed: () => asked++ % 2 === 0 }));
  check("always full", () => run.straight({ proceed: () => false }));
  const cuts = run.cuts();
  check("restored after every step", () => run.restored(cuts));
  if (cuts.length <= SHORT_SCRIPT) cuts.forEach((cut) => check("restored once", () => run.restored([cut])));
  check("restored in the middle", () => run.restored([], true));
  check("mutated", () => run.straight({ mutateInput: true, mutateOutput: true, checkMutation: false }));
  const { rescaleTo } = options;
  if (rescaleTo !== undefined) {
    cuts.forEach((cut) => check("rescaled", () => run.rescaled(cut, rescaleTo), sameInAnyOrder));
  }
  return plain;
}

interface RunOptions {
  readonly proceed?: () => boolean;
  readonly mutateInput?: boolean;
  readonly mutateOutput?: boolean;
  readonly checkMutation?: boolean;
}

/** One script, run in different ways. */
class CruelRun {
  readonly #make: MakeOperator;
  readonly #script: readonly CruelStep[];
  readonly #options: CruelOptions;

  constructor(make: MakeOperator, script: readonly CruelStep[], options: CruelOptions) {
    this.#make = make;
    this.#script = script;
    this.#options = options;
  }

  /** Where a snapshot may be taken: before step 1, 2, ... up to the first end of an input. */
  cuts(): number[] {
    const end = this.#script.findIndex((step) => step.kind === "end");
    const last = end < 0 ? this.#script.length : end;
    return Array.from({ length: Math.max(last - 1, 0) }, (_, i) => i + 1);
  }

  /** Without interruption. */
  straight(options: RunOptions): CruelResult {
    const result = newResult();
    const harness = this.#harness(options);
    for (const step of this.#script) harness.feed(step);
    take(harness, result);
    return result;
  }

  /** Restored before the steps of `cuts`; with `inTheMiddle` also wherever work is left. */
  restored(cuts: readonly number[], inTheMiddle = false): CruelResult {
    const result = newResult();
    const options: RunOptions = inTheMiddle ? { proceed: () => false } : {};
    let harness = this.#harness(options);
    this.#script.forEach((step, index) => {
      if (cuts.includes(index)) harness = this.#restart(harness, options, result, index);
      const mayStop = inTheMiddle && step.kind !== "record" && step.kind !== "end";
      for (let restarts = 0; !harness.feed(step, mayStop); restarts++) {
        invariant(restarts < RESTART_LIMIT, "the operator starts again from the beginning after every restore");
        // What is left of a watermark comes back with the watermark itself, what is left of a time with the clock.
        harness = this.#restart(harness, options, result, index);
      }
    });
    take(harness, result);
    return result;
  }

  /** One subtask up to `cut`, then `parallelism`, then one again for the last third. */
  rescaled(cut: number, parallelism: number): CruelResult {
    const result = newResult();
    const maxParallelism = this.#options.maxParallelism ?? defaultMaxParallelism(parallelism);
    let subtasks = [this.#harness({})];
    const back = cut + Math.ceil((this.#script.length - cut) * 2 / 3);
    const end = this.#script.findIndex((step) => step.kind === "end");
    this.#script.forEach((step, index) => {
      const isBack = index === back && (end < 0 || back <= end);
      if (index === cut || isBack) {
        const count = index === cut ? parallelism : 1;
        const snapshots = subtasks.map((subtask) => subtask.snapshot(index));
        subtasks.forEach((subtask) => take(subtask, result));
        subtasks = redistribute(snapshots, maxParallelism, count).map((state, subtaskIndex) => {
          const at = { parallelism: count, subtaskIndex, snapshot: { checkpointId: index, ...state } };
          return this.#restoredHarness({}, index, at);
        });
      }
      for (const subtask of this.#targets(step, subtasks, maxParallelism)) subtask.feed(step);
    });
    subtasks.forEach((subtask) => take(subtask, result));
    return result;
  }

  #targets<H>(step: CruelStep, subtasks: readonly H[], maxParallelism: number): readonly H[] {
    const selector = this.#options.keySelectors?.[step.input ?? 0];
    if (step.kind !== "record" || selector === undefined) return subtasks;
    const key: Key = selector(step.value as never);
    return [subtasks[subtaskForKey(key, maxParallelism, subtasks.length, this.#options.keyHashRule)]];
  }

  #restart(
    harness: ScriptHarness<unknown>,
    options: RunOptions,
    result: CruelResult,
    index: number,
  ): ScriptHarness<unknown> {
    const snapshot = harness.snapshot(index);
    take(harness, result);
    return this.#restoredHarness(options, index, { parallelism: 1, subtaskIndex: 0, snapshot });
  }

  /** A restored job starts with no watermark; it gets the watermarks and statuses of before again, as from its sources. */
  #restoredHarness(
    options: RunOptions,
    index: number,
    at: { readonly parallelism: number; readonly subtaskIndex: number; readonly snapshot: HarnessSnapshot },
  ): ScriptHarness<unknown> {
    const before = this.#script.slice(0, index);
    // The clock of before the step: a time step in progress sets it again.
    const startMs = before.findLast((step) => step.kind === "processing-time")?.timestamp ?? 0;
    const harness = this.#harness(options, { ...at, startMs });
    for (const step of before) if (step.kind === "watermark" || step.kind === "status") harness.feed(step);
    const output = harness.getOutput();
    const records = output.filter((element) => element.kind === "record");
    output.splice(0, output.length, ...records);
    return harness;
  }

  #harness(
    options: RunOptions,
    at?: {
      readonly parallelism: number;
      readonly subtaskIndex: number;
      readonly snapshot: HarnessSnapshot;
      readonly startMs: number;
    },
  ): ScriptHarness<unknown> {
    const { keySelectors = [], keyHashRule, config } = this.#options;
    const harness = new ScriptHarness(this.#make(), keySelectors, {
      parallelism: at?.parallelism,
      subtaskIndex: at?.subtaskIndex,
      maxParallelism: this.#options.maxParallelism ?? 128,
      keyHashRule,
      config: { ...config, checkMutation: options.checkMutation ?? config?.checkMutation ?? true },
      proceed: options.proceed,
      mutateInput: options.mutateInput,
      mutateOutput: options.mutateOutput,
      seams: testSeams({ startMs: at?.startMs }),
    });
    if (at !== undefined) harness.initializeState(at.snapshot);
    harness.open();
    return harness;
  }
}

function newResult(): CruelResult {
  return { output: [], side: {} };
}

/** Adds what a harness gave, and closes it. */
function take(harness: ScriptHarness<unknown>, result: CruelResult): void {
  result.output.push(...harness.getOutput());
  for (const id of harness.sideOutputIds()) {
    (result.side[id] ??= []).push(...harness.getSideOutput({ id }));
  }
  harness.close();
}

function sameInOrder(result: CruelResult, plain: CruelResult): void {
  assert.deepEqual(result.output, plain.output);
  assert.deepEqual(result.side, plain.side);
}

/** Subtasks run side by side: only the records count, in any order. */
function sameInAnyOrder(result: CruelResult, plain: CruelResult): void {
  assert.deepEqual(sortedRecords(result), sortedRecords(plain));
}

function sortedRecords(result: CruelResult): unknown[] {
  const records: { tag: string; element: HarnessElement; order: string }[] = [];
  const add = (tag: string, element: HarnessElement): void => {
    if (element.kind !== "record") return;
    records.push({ tag, element, order: tag + String.fromCharCode(...serializeValue(element)) });
  };
  result.output.forEach((element) => add("", element));
  for (const [tag, side] of Object.entries(result.side)) side.forEach((element) => add(tag, element));
  records.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
  return records.map(({ tag, element }) => ({ tag, element }));
}
