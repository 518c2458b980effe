/**
 * A source that does what a script says: records, watermarks, idleness, and waits for a processing time or for the
 * test. Positions are steps, so it can be snapshotted and restored anywhere.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type {
  Boundedness,
  InputStatus,
  ReaderOutput,
  Source,
  SourceOutput,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from "../functions/source.ts";
import type { Cancel } from "../seams/clock.ts";

/** A point where a script waits until the test opens it. */
export class Gate {
  #open = false;
  readonly #opened = Promise.withResolvers<void>();

  /** Whether scripts go on here. */
  get isOpen(): boolean {
    return this.#open;
  }
  /** Resolves when the gate is open. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }
  /** Lets every script that waits here go on. */
  open(): void {
    this.#open = true;
    this.#opened.resolve();
  }
}

/** One step of a script. */
export type ScriptStep<T> =
  /** Emits a record. */
  | { readonly value: T; readonly timestamp?: number }
  /** Emits a watermark. */
  | { readonly watermark: number }
  | { readonly idle: true }
  | { readonly active: true }
  /** Waits until the clock of the task shows at least this. */
  | { readonly untilProcessingTime: number }
  /** Waits until the test opens the gate. */
  | { readonly until: Gate };

/** A script, or several, one per split. */
export interface ScriptedSourceOptions<T> {
  /** One script per split; split `i` goes to subtask `i` modulo the parallelism. */
  readonly splits: readonly (readonly ScriptStep<T>[])[];
  /** Default "bounded". */
  readonly boundedness?: Boundedness;
  /** Stay silent after the last step instead of ending. Default false. */
  readonly endless?: boolean;
}

/** Where one script stands. */
export class ScriptSplit implements SourceSplit {
  constructor(readonly index: number, readonly next: number) {}
  splitId(): string {
    return `script-${this.index}`;
  }
}

interface ScriptCheckpoint {
  readonly waiting: readonly { index: number; next: number }[];
}

/**
 * Makes a scripted source.
 *
 * @throws InvalidProgramError TSF-3061 for a step of no known kind.
 *
 * @example
 * ```ts
 * import { scriptedSource } from "tsflink/testing";
 *
 * const source = scriptedSource([{ value: "a", timestamp: 5 }, { watermark: 5 }, { value: "late", timestamp: 1 }]);
 * console.assert(source.getBoundedness() === "bounded");
 * ```
 */
export function scriptedSource<T>(
  script: readonly ScriptStep<T>[] | ScriptedSourceOptions<T>,
): Source<T, ScriptSplit, ScriptCheckpoint> {
  const options = "splits" in script ? script : { splits: [script] };
  for (const [split, steps] of options.splits.entries()) {
    for (const [index, step] of steps.entries()) checkStep(step, `split ${split}, step ${index}`);
  }
  return new ScriptedSource(options);
}

class ScriptedSource<T> implements Source<T, ScriptSplit, ScriptCheckpoint> {
  readonly #options: ScriptedSourceOptions<T>;
  constructor(options: ScriptedSourceOptions<T>) {
    this.#options = options;
  }
  getBoundedness(): Boundedness {
    return this.#options.boundedness ?? "bounded";
  }
  createEnumerator(context: SplitEnumeratorContext<ScriptSplit>): SplitEnumerator<ScriptSplit, ScriptCheckpoint> {
    return new ScriptEnumerator(context, this.#options.splits.map((_, index) => new ScriptSplit(index, 0)));
  }
  restoreEnumerator(
    context: SplitEnumeratorContext<ScriptSplit>,
    checkpoint: ScriptCheckpoint,
  ): SplitEnumerator<ScriptSplit, ScriptCheckpoint> {
    return new ScriptEnumerator(context, checkpoint.waiting.map(({ index, next }) => new ScriptSplit(index, next)));
  }
  createReader(context: SourceReaderContext): SourceReader<T, ScriptSplit> {
    return new ScriptReader(context, this.#options);
  }
  serializeSplit(split: ScriptSplit): unknown {
    return { index: split.index, next: split.next };
  }
  deserializeSplit(data: unknown): ScriptSplit {
    const { index, next } = data as { index: number; next: number };
    return new ScriptSplit(index, next);
  }
}

/** Gives every split to its subtask as soon as that is there. */
class ScriptEnumerator implements SplitEnumerator<ScriptSplit, ScriptCheckpoint> {
  #waiting: ScriptSplit[];
  constructor(readonly context: SplitEnumeratorContext<ScriptSplit>, splits: ScriptSplit[]) {
    this.#waiting = splits;
  }
  start(): void {}
  handleSplitRequest(subtaskId: number): void {
    this.addReader(subtaskId);
  }
  addSplitsBack(splits: ScriptSplit[], _subtaskId: number): void {
    this.#waiting.push(...splits);
  }
  addReader(subtaskId: number): void {
    const parallelism = this.context.currentParallelism();
    const mine = this.#waiting.filter((split) => split.index % parallelism === subtaskId);
    this.#waiting = this.#waiting.filter((split) => split.index % parallelism !== subtaskId);
    for (const split of mine) this.context.assignSplit(split, subtaskId);
    this.context.signalNoMoreSplits(subtaskId);
  }
  snapshotState(_checkpointId: number): ScriptCheckpoint {
    return { waiting: this.#waiting.map(({ index, next }) => ({ index, next })) };
  }
  close(): void {}
}

interface RunningScript<T> {
  readonly index: number;
  readonly steps: readonly ScriptStep<T>[];
  next: number;
  output: SourceOutput<T> | undefined;
  released: boolean;
}

class ScriptReader<T> implements SourceReader<T, ScriptSplit> {
  /** A gate may be opened from anywhere. */
  readonly isSynchronous: boolean;
  readonly #context: SourceReaderContext;
  readonly #options: ScriptedSourceOptions<T>;
  readonly #scripts: RunningScript<T>[] = [];
  readonly #timers = new Set<Cancel>();
  readonly #paused = new Set<string>();
  #turn = 0;
  #noMoreSplits = false;
  #wakeUp = Promise.withResolvers<void>();

  constructor(context: SourceReaderContext, options: ScriptedSourceOptions<T>) {
    this.#context = context;
    this.#options = options;
    this.isSynchronous = !options.splits.some((steps) => steps.some((step) => "until" in step));
  }

  start(): void {}

  pollNext(main: ReaderOutput<T>): InputStatus {
    for (let tried = 0; tried < this.#scripts.length; tried++) {
      // One step of each script in turn, so that splits advance side by side.
      const script = this.#scripts[this.#turn++ % this.#scripts.length];
      const state = this.#state(script);
      if (state === "finished") this.#release(script, main);
      if (state !== "ready") continue;
      this.#perform(script, main);
      return "MORE_AVAILABLE";
    }
    const finished = this.#scripts.every((script) => this.#state(script) === "finished");
    return finished && this.#noMoreSplits && !this.#options.endless ? "END_OF_INPUT" : "NOTHING_AVAILABLE";
  }

  isAvailable(): Promise<void> {
    const states = this.#scripts.map((script) => this.#state(script));
    const ended = states.every((state) => state === "finished") && this.#noMoreSplits && !this.#options.endless;
    if (ended || states.includes("ready")) return Promise.resolve();
    for (const timer of this.#timers) timer();
    this.#timers.clear();
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const script of this.#scripts) {
      const step = script.steps[script.next];
      // A paused one waits for its resumption, whatever its step is.
      if (step === undefined || this.#paused.has(`script-${script.index}`)) continue;
      if ("until" in step) step.until.opened.then(resolve);
      else if ("untilProcessingTime" in step) {
        this.#timers.add(this.#context.clock.after(step.untilProcessingTime - this.#context.clock.now(), resolve));
      }
    }
    return Promise.race([promise, this.#wakeUp.promise]);
  }

  snapshotState(_checkpointId: number): ScriptSplit[] {
    return this.#scripts.map(({ index, next }) => new ScriptSplit(index, next));
  }

  addSplits(splits: ScriptSplit[]): void {
    for (const { index, next } of splits) {
      this.#scripts.push({ index, steps: this.#options.splits[index], next, output: undefined, released: false });
    }
    this.#wake();
  }

  notifyNoMoreSplits(): void {
    this.#noMoreSplits = true;
    this.#wake();
  }

  pauseOrResumeSplits(toPause: readonly string[], toResume: readonly string[]): void {
    for (const id of toPause) this.#paused.add(id);
    for (const id of toResume) this.#paused.delete(id);
    this.#wake();
  }

  close(): void {
    for (const timer of this.#timers) timer();
    this.#timers.clear();
  }

  #state(script: RunningScript<T>): "ready" | "waiting" | "finished" {
    const step = script.steps[script.next];
    if (step === undefined) return "finished";
    if (this.#paused.has(`script-${script.index}`)) return "waiting";
    if ("until" in step) return step.until.isOpen ? "ready" : "waiting";
    if ("untilProcessingTime" in step) {
      return this.#context.clock.now() >= step.untilProcessingTime ? "ready" : "waiting";
    }
    return "ready";
  }

  #perform(script: RunningScript<T>, main: ReaderOutput<T>): void {
    const id = `script-${script.index}`;
    // A single script speaks for the whole reader; several have a watermark each.
    const output = script.output ??= this.#options.splits.length === 1 ? main : main.createOutputForSplit(id);
    const step = script.steps[script.next++];
    if ("value" in step) output.collect(step.value, step.timestamp);
    else if ("watermark" in step) output.emitWatermark(step.watermark);
    else if ("idle" in step) output.markIdle();
    else if ("active" in step) output.markActive();
    if (script.next === script.steps.length) this.#release(script, main);
  }

  /** A script at its end holds back the others no longer; also one without steps. */
  #release(script: RunningScript<T>, main: ReaderOutput<T>): void {
    if (script.released || this.#options.splits.length === 1 || this.#options.endless) return;
    script.released = true;
    main.releaseOutputForSplit(`script-${script.index}`);
  }

  #wake(): void {
    this.#wakeUp.resolve();
    this.#wakeUp = Promise.withResolvers<void>();
  }
}

const STEP_KINDS: readonly string[] = ["value", "watermark", "idle", "active", "untilProcessingTime", "until"];

function checkStep(step: object, where: string): void {
  if (typeof step === "object" && step !== null && STEP_KINDS.some((kind) => kind in step)) return;
  throw new InvalidProgramError("TSF-3061", `A scripted source cannot do this (${where})`, {
    expected: `an object with one of: ${STEP_KINDS.join(", ")}`,
    found: JSON.stringify(step),
  });
}
