/**
 * Runs one operator without a job: feeds it, moves its clocks, keeps its output, takes snapshots of it. The one- and
 * two-input harnesses add the inputs.
 *
 * Invariants: everything runs in the caller's turn, no real time; an input given while the operator still works waits for
 * its turn; processing-time timers and mail that became due run at the end of every call.
 *
 * @module
 */

import { BugError, InvalidProgramError, type OperatorReference } from "../errors.ts";
import type { Accumulator } from "../functions/accumulators.ts";
import type { KeySelector } from "../functions/functions.ts";
import type { OutputTag } from "../functions/output_tag.ts";
import type { ProcessingTimeService, StreamOperator } from "../operators/operator.ts";
import { OperatorRuntime } from "../operators/operator_runtime.ts";
import { wrapUserError } from "../operators/user_error.ts";
import type { Key } from "../types/key.ts";
import { defaultMaxParallelism, keyGroupRange } from "../types/key_group.ts";
import type { HarnessElement, StreamRecord } from "./harness_elements.ts";
import {
  HARNESS_CONFIG,
  type HarnessOptions,
  type HarnessSnapshot,
  type OperatorUnderTest,
} from "./harness_options.ts";
import { HarnessOutput } from "./harness_output.ts";
import { TestMetrics, type TestSeams, testSeams } from "./test_seams.ts";

export type { HarnessOptions, HarnessSnapshot, OperatorUnderTest } from "./harness_options.ts";

/** Resumes in a row without an end; more is a defect of the operator. */
const RESUME_LIMIT = 50_000_000;

/** Common part of all harnesses. */
export abstract class StreamOperatorTestHarness<OUT> {
  /** The controls of the outside world: clock, files, log, mail. */
  readonly seams: TestSeams;
  /** Metrics of the operator. */
  readonly metrics: TestMetrics = new TestMetrics();
  /** Accumulators of the operator's functions, by name. */
  readonly accumulators: Map<string, Accumulator<unknown, unknown>> = new Map();
  readonly #underTest: OperatorUnderTest<OUT>;
  readonly #options: HarnessOptions;
  readonly #selectors: readonly (KeySelector<unknown, Key> | undefined)[];
  readonly #output: HarnessOutput<OUT>;
  readonly #reference: OperatorReference;
  readonly #abort = new AbortController();
  #runtime: OperatorRuntime<OUT> | undefined;
  #isOpen = false;
  #waiting: (() => void)[] = [];
  #pumping = false;
  #refused = false;
  #failure: unknown;
  #hasFailed = false;

  /** The operator is made and opened at the first use. */
  protected constructor(
    underTest: OperatorUnderTest<OUT>,
    selectors: readonly (KeySelector<unknown, Key> | undefined)[],
    options: HarnessOptions,
  ) {
    this.#underTest = underTest;
    this.#options = options;
    this.#selectors = selectors;
    this.#output = new HarnessOutput(options.mutateOutput ?? false);
    this.#reference = { name: options.name ?? "operator under test", uid: options.uid };
    this.seams = options.seams ?? testSeams();
    for (const [name, content] of Object.entries(options.cachedFiles ?? {})) {
      this.seams.files.write(`/cached/${name}`, content);
    }
  }

  /** The operator instance. */
  getOperator(): StreamOperator<OUT> {
    return this.#made().operator;
  }
  /** The operator with its backends and timers, for tests of the engine itself. */
  get runtime(): OperatorRuntime<OUT> {
    return this.#made();
  }

  /**
   * Makes the operator and gives it the state of a snapshot (none: empty state). Called by `open` when left out.
   *
   * @throws InvalidProgramError TSF-2041 when the harness is open already.
   */
  initializeState(snapshot: HarnessSnapshot | undefined = this.#options.snapshot): void {
    if (this.#isOpen) {
      throw new InvalidProgramError("TSF-2041", "The harness is open already", {
        expected: "initializeState() before open() and before the first input",
        found: "initializeState() on an open harness",
        hint: "ProcessFunctionTestHarnesses come opened: give them { snapshot } as option.",
      });
    }
    this.#make(snapshot).initialize();
  }
  /** Opens the operator; called by the first input when left out. */
  open(): void {
    if (this.#runtime === undefined) this.initializeState();
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#runtime!.open();
    this.#pump();
  }
  /** Closes the operator; nothing may be given to it afterwards. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#runtime?.close();
  }
  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends the operator after all its inputs have ended. */
  finish(): void {
    this.run("finish()", (operator) => operator.finish());
  }

  /** Moves processing time to `timestamp` (ms) and fires what is due; Flink's harness starts at 0, and so does this. */
  setProcessingTime(timestamp: number): void {
    this.open();
    this.seams.clock.jumpTo(timestamp);
    this.#pump();
  }
  /** Processing time in ms. */
  getProcessingTime(): number {
    return this.seams.clock.now();
  }
  /** Watermark of the operator; MIN_WATERMARK before the first. */
  getCurrentWatermark(): number {
    return this.#made().operator.currentWatermark;
  }

  /** Everything emitted so far, in order; the same array all the time, so that it may be cleared. */
  getOutput(): HarnessElement<OUT>[] {
    return this.#output.elements;
  }
  /** The records emitted so far. */
  extractOutputStreamRecords(): StreamRecord<OUT>[] {
    return this.#output.elements.filter((element) => element.kind === "record");
  }
  /** The values of the records emitted so far. */
  extractOutputValues(): OUT[] {
    return this.extractOutputStreamRecords().map((record) => record.value);
  }
  /** The records of a side output, in order; empty when there was none. */
  getSideOutput<X>(tag: OutputTag<X>): StreamRecord<X>[] {
    return (this.#output.side.get(tag.id) ?? []) as StreamRecord<X>[];
  }
  /** Ids of the side outputs that got a record. */
  sideOutputIds(): string[] {
    return [...this.#output.side.keys()];
  }
  /** Forgets all output. */
  clearOutput(): void {
    this.#output.elements.length = 0;
    this.#output.side.clear();
  }

  /**
   * A snapshot as at a barrier; the operator goes on.
   *
   * @throws BugError while the operator has work left that cannot be put into state.
   */
  snapshot(checkpointId = 1, _timestamp = 0): HarnessSnapshot {
    this.open();
    if (!this.#runtime!.operator.canSnapshot) {
      throw new BugError("TSF-0006", "A snapshot was asked for while the operator has work left that is not in state");
    }
    return { checkpointId, ...this.#runtime!.snapshot(checkpointId) };
  }
  /** Tells the operator that a checkpoint is complete. */
  notifyCheckpointComplete(checkpointId: number): void {
    this.run("notifyCheckpointComplete()", (operator) => operator.notifyCheckpointComplete(checkpointId));
  }
  /** Tells the operator that a checkpoint will not complete. */
  notifyCheckpointAborted(checkpointId: number): void {
    this.run("notifyCheckpointAborted()", (operator) => operator.notifyCheckpointAborted(checkpointId));
  }

  /** Rows of keyed state (key, namespace and state), of one state or of all. */
  numKeyedStateEntries(stateName?: string): number {
    const { keyedState, timers } = this.#made();
    // Windows may keep their rows themselves.
    return (keyedState?.numStateEntries(stateName) ?? 0) + timers.numStateEntries(stateName);
  }
  /** Registered event-time timers, over all keys. */
  numEventTimeTimers(): number {
    return this.#numTimers("event-timers");
  }
  /** Registered processing-time timers, over all keys. */
  numProcessingTimeTimers(): number {
    return this.#numTimers("processing-timers");
  }
  #numTimers(kind: "event-timers" | "processing-timers"): number {
    const { timers } = this.#made();
    const names = new Set(timers.snapshotMetas().filter((meta) => meta.kind === kind).map((meta) => meta.name));
    let count = 0;
    for (const row of timers.snapshotRows()) {
      // Each timer is its timestamp and its order.
      if (names.has(row.state)) count += (row.value as number[]).length / 2;
    }
    return count;
  }

  /** True while the operator still works or waits (asynchronous operators). */
  get isBusy(): boolean {
    return this.#waiting.length > 0 || (this.#runtime?.operator.busy ?? false);
  }
  /** Waits for promises that user code made, and runs what they lead to. For asynchronous operators. */
  async settle(turns = 20): Promise<void> {
    for (let i = 0; i < turns; i++) {
      await Promise.resolve();
      if (this.#pump()) i = 0;
    }
  }
  /** One resume of the operator; true when it has nothing left. For harnesses that look into the middle. */
  protected resumeOnce(): boolean {
    return this.#guarded("resume()", () => this.#runtime!.operator.resume());
  }
  /** Calls the operator now and leaves what it does not finish to {@link resumeOnce}. */
  protected runNow(what: string, call: (operator: StreamOperator<OUT>) => void): void {
    this.open();
    this.#guarded(what, () => call(this.#runtime!.operator));
  }
  /** Runs what is due: mail, timers, work that is left. */
  protected runDue(): void {
    this.#pump();
  }

  /** Gives the operator something to do, as soon as it is free. */
  protected run(what: string, call: (operator: StreamOperator<OUT>) => void): void {
    this.open();
    this.#waiting.push(() => this.#guarded(what, () => call(this.#runtime!.operator)));
    this.#pump();
  }

  /** Runs until nothing more can be done now; true when anything was done. */
  #pump(): boolean {
    if (this.#pumping || this.#runtime === undefined || !this.#isOpen) return false;
    this.#pumping = true;
    let progress = false;
    try {
      while (this.#step()) progress = true;
    } catch (error) {
      this.#waiting = [];
      throw error;
    } finally {
      this.#pumping = false;
    }
    if (this.#hasFailed) {
      this.#hasFailed = false;
      throw this.#failure;
    }
    return progress;
  }

  #step(): boolean {
    const operator = this.#runtime!.operator;
    if (operator.busy) {
      if (this.#resumeAll(operator)) return true;
    } else {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        next();
        return true;
      }
    }
    const ranMail = this.seams.mainThread.runAll();
    return this.seams.clock.runDue() || ranMail;
  }

  /** True when the operator has nothing left; false when it waits for something other than room. */
  #resumeAll(operator: StreamOperator<OUT>): boolean {
    for (let i = 0; i < RESUME_LIMIT; i++) {
      this.#refused = false;
      if (this.#guarded("resume()", () => operator.resume())) return true;
      if (!this.#refused) return false;
    }
    throw new BugError("TSF-0007", `${operator.constructor.name} does not come to an end`);
  }

  #guarded<R>(what: string, call: () => R): R {
    try {
      return call();
    } catch (error) {
      throw wrapUserError(error, this.#reference, what);
    }
  }

  #made(): OperatorRuntime<OUT> {
    if (this.#runtime === undefined) this.initializeState();
    return this.#runtime!;
  }

  #make(restored: HarnessSnapshot | undefined): OperatorRuntime<OUT> {
    const { parallelism = 1, subtaskIndex = 0, keyHashRule, config, proceed } = this.#options;
    const maxParallelism = this.#options.maxParallelism ?? defaultMaxParallelism(parallelism);
    const taskName = this.#reference.name;
    return this.#runtime = new OperatorRuntime<OUT>({
      operator: this.#underTest,
      output: this.#output,
      reference: this.#reference,
      operatorId: "0123456789abcdef0123456789abcdef",
      taskInfo: {
        taskName,
        taskNameWithSubtasks: `${taskName} (${subtaskIndex + 1}/${parallelism})#0`,
        indexOfThisSubtask: subtaskIndex,
        numberOfParallelSubtasks: parallelism,
        maxNumberOfParallelSubtasks: maxParallelism,
        attemptNumber: 0,
        allocationId: "harness",
      },
      jobInfo: { jobId: "00000000000000000000000000000001", jobName: "harness" },
      config: { ...HARNESS_CONFIG, ...config },
      seams: this.seams,
      metrics: this.metrics,
      keySelectors: this.#selectors,
      keyed: this.#selectors.some((selector) => selector !== undefined)
        ? { maxParallelism, keyGroups: keyGroupRange(maxParallelism, parallelism, subtaskIndex), keyHashRule }
        : undefined,
      processingTime: this.#processingTime(),
      proceed: () => {
        const may = proceed === undefined || proceed();
        if (!may) this.#refused = true;
        return may;
      },
      post: (fn) => this.seams.mainThread.post(fn),
      fail: (error) => {
        this.#failure = error;
        this.#hasFailed = true;
      },
      signal: this.#abort.signal,
      coordinator: this.#options.coordinator,
      collect: this.#options.collect,
      accumulators: this.accumulators,
      cachedFiles: new Map(Object.keys(this.#options.cachedFiles ?? {}).map((name) => [name, `/cached/${name}`])),
      restored,
    });
  }

  #processingTime(): ProcessingTimeService {
    const { clock } = this.seams;
    return {
      now: () => clock.now(),
      registerTimer: (timestamp, callback) => clock.at(timestamp, () => callback(timestamp)),
    };
  }
}
