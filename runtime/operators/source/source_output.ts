/**
 * Where a source reader puts its records: gives them their timestamps and makes watermarks, for the reader as a whole
 * (main output) and for each split apart. The watermark of the subtask is the minimum over its active splits.
 *
 * Invariants: a record goes out before the generator sees it; watermarks made on an event are combined at once, periodic
 * ones after all splits had their turn; the subtask is idle only when both its splits and its main output are.
 * Who calls: source_operator.ts makes it, readers use it.
 *
 * @module
 */

import type { ReaderOutput, SourceOutput } from "../../functions/source.ts";
import { WatermarkOutputMultiplexer } from "../../functions/watermarks/watermark_output_multiplexer.ts";
import {
  AscendingTimestampsWatermarks,
  BoundedOutOfOrdernessWatermarks,
  NoWatermarksGenerator,
  PausableRelativeClock,
} from "../../functions/watermarks/watermark_generators.ts";
import type { WatermarkStrategy } from "../../functions/watermarks/watermark_strategies.ts";
import type {
  TimestampAssigner,
  WatermarkGenerator,
  WatermarkOutput,
} from "../../functions/watermarks/watermark_strategy.ts";
import { NO_TIMESTAMP, type Output } from "../../types/stream_element.ts";
import type { WatermarkParts } from "../codegen/fusion.ts";
import { checkedTimestamp, WatermarkEmitter, type WatermarkEmitterListener } from "./watermark_emitter.ts";

/** What the source operator hears, for watermark alignment. */
export interface SourceWatermarkListener extends WatermarkEmitterListener {
  updateCurrentSplitWatermark(splitId: string, timestamp: number): void;
  updateCurrentSplitIdle(splitId: string, idle: boolean): void;
  splitFinished(splitId: string): void;
}

/** The output of a source operator: what a reader sees, and what the operator needs around it. */
export interface SourceMainOutput<T> extends ReaderOutput<T> {
  emitPeriodicWatermark(): void;
  /** MAX, at the end of the input. */
  emitMaxWatermark(timestamp: number): void;
  pauseOrResumeSplits(toPause: readonly string[], toResume: readonly string[]): void;
  onBackPressure(blocked: boolean): void;
  /** What is done with each record, for generated code. */
  readonly parts: WatermarkParts;
  /** The clock of the main output stands still while the reader waits for alignment. */
  readonly activityClock: PausableRelativeClock;
}

interface OutputParts<T> {
  readonly output: Output<T>;
  readonly assigner: TimestampAssigner<T>;
  readonly generator: WatermarkGenerator<T>;
  /** Takes what comes with a record or straight from the reader. */
  readonly onEvent: WatermarkOutput;
  readonly periodic: WatermarkOutput;
}

/** How records get their timestamps and the generator hears of them. */
export function watermarkParts<T>(
  assigner: TimestampAssigner<T>,
  generator: WatermarkGenerator<T>,
  onEvent: WatermarkOutput,
): WatermarkParts {
  const { constructor } = generator;
  return {
    assign: assigner as TimestampAssigner<unknown>,
    generator: constructor === NoWatermarksGenerator ? undefined : generator as WatermarkGenerator<unknown>,
    keepsMaximum: constructor === BoundedOutOfOrdernessWatermarks || constructor === AscendingTimestampsWatermarks,
    onEvent,
  };
}

class OutputWithWatermarks<T> implements SourceOutput<T> {
  readonly #output: Output<T>;
  readonly #assigner: TimestampAssigner<T>;
  readonly #generator: WatermarkGenerator<T>;
  readonly #onEvent: WatermarkOutput;
  readonly #periodic: WatermarkOutput;

  constructor(parts: OutputParts<T>) {
    this.#output = parts.output;
    this.#assigner = parts.assigner;
    this.#generator = parts.generator;
    this.#onEvent = parts.onEvent;
    this.#periodic = parts.periodic;
  }

  get parts(): WatermarkParts {
    return watermarkParts(this.#assigner, this.#generator, this.#onEvent);
  }
  collect(value: T, timestamp: number = NO_TIMESTAMP): void {
    const assigned = checkedTimestamp(this.#assigner(value, timestamp));
    this.#output.emit(value, assigned);
    this.tell(value, assigned);
  }
  /** Lets the generator hear of a record that went out. */
  tell(value: T, timestamp: number): void {
    this.#generator.onEvent(value, timestamp, this.#onEvent);
  }
  emitWatermark(timestamp: number): void {
    this.#onEvent.emitWatermark(timestamp);
  }
  markIdle(): void {
    this.#onEvent.markIdle();
  }
  markActive(): void {
    this.#onEvent.markActive();
  }
  emitPeriodic(): void {
    this.#generator.onPeriodicEmit(this.#periodic);
  }
}

/** Stands for the generator of the output that the reader has chosen for its batches. */
class ChosenGenerator<T> implements WatermarkGenerator<T> {
  constructor(public output: OutputWithWatermarks<T>) {}

  onEvent(value: T, timestamp: number): void {
    this.output.tell(value, timestamp);
  }
  onPeriodicEmit(): void {}
}

/** Splits and main output are idle apart; only together they make the subtask idle. Both begin idle. */
class IdlenessPart implements WatermarkOutput {
  idle = true;
  other!: IdlenessPart;
  constructor(readonly underlying: WatermarkOutput) {}

  emitWatermark(timestamp: number): void {
    this.underlying.emitWatermark(timestamp);
    this.idle = false;
  }
  markIdle(): void {
    this.idle = true;
    if (this.other.idle) this.underlying.markIdle();
  }
  markActive(): void {
    this.idle = false;
    this.underlying.markActive();
  }
}

interface Split<T> {
  readonly output: OutputWithWatermarks<T>;
  readonly clock: PausableRelativeClock;
}

/** What {@link ProgressiveSourceOutput} is made of. */
export interface SourceOutputOptions<T> {
  readonly output: Output<T>;
  readonly strategy: WatermarkStrategy<T>;
  readonly listener: SourceWatermarkListener;
  /** Milliseconds since some fixed moment; never goes back. */
  readonly monotonicMs: () => number;
}

/** The output in STREAMING mode. */
export class ProgressiveSourceOutput<T> implements SourceMainOutput<T> {
  readonly activityClock: PausableRelativeClock;
  readonly #options: SourceOutputOptions<T>;
  readonly #assigner: TimestampAssigner<T>;
  readonly #main: OutputWithWatermarks<T>;
  readonly #chosen: ChosenGenerator<T>;
  readonly #emitter: WatermarkEmitter;
  readonly #multiplexer: WatermarkOutputMultiplexer;
  readonly #splitIdleness: IdlenessPart;
  readonly #splits: Map<string, Split<T>> = new Map();
  /** When the last split was released, on the activity clock; undefined while there is one. */
  #lostAllSplitsMs: number | undefined;
  #blocked = false;

  constructor(options: SourceOutputOptions<T>) {
    this.#options = options;
    this.activityClock = new PausableRelativeClock(options.monotonicMs);
    this.#assigner = options.strategy.createTimestampAssigner();
    this.#emitter = new WatermarkEmitter(options.output, options.listener);
    this.#splitIdleness = new IdlenessPart(this.#emitter);
    const mainIdleness = new IdlenessPart(this.#emitter);
    mainIdleness.other = this.#splitIdleness;
    this.#splitIdleness.other = mainIdleness;
    this.#multiplexer = new WatermarkOutputMultiplexer(this.#splitIdleness);
    this.#main = new OutputWithWatermarks<T>({
      output: options.output,
      assigner: this.#assigner,
      generator: options.strategy.createWatermarkGenerator(this.activityClock),
      onEvent: mainIdleness,
      periodic: mainIdleness,
    });
    this.#chosen = new ChosenGenerator(this.#main);
  }

  get parts(): WatermarkParts {
    const { parts } = this.#main;
    return parts.generator === undefined ? parts : { ...parts, generator: this.#chosen as WatermarkGenerator<unknown> };
  }
  chooseForBatch(output: SourceOutput<T> | undefined): void {
    this.#chosen.output = output instanceof OutputWithWatermarks ? output : this.#main;
  }
  collect(value: T, timestamp?: number): void {
    this.#main.collect(value, timestamp);
  }
  emitSide(tagId: string, value: unknown, timestamp: number = NO_TIMESTAMP): void {
    this.#options.output.emitSide(tagId, value, timestamp);
  }
  emitWatermark(timestamp: number): void {
    this.#main.emitWatermark(timestamp);
  }
  markIdle(): void {
    this.#main.markIdle();
  }
  markActive(): void {
    this.#main.markActive();
  }

  createOutputForSplit(splitId: string): SourceOutput<T> {
    const existing = this.#splits.get(splitId);
    if (existing !== undefined) return existing.output;
    const { listener, output, strategy, monotonicMs } = this.#options;
    const clock = new PausableRelativeClock(monotonicMs);
    if (this.#blocked) clock.pause();
    this.#multiplexer.registerNewOutput(splitId, {
      onWatermarkUpdate: (timestamp) => listener.updateCurrentSplitWatermark(splitId, timestamp),
      onIdleUpdate: (idle) => listener.updateCurrentSplitIdle(splitId, idle),
    });
    const split = {
      clock,
      output: new OutputWithWatermarks<T>({
        output,
        assigner: this.#assigner,
        generator: strategy.createWatermarkGenerator(clock),
        onEvent: this.#multiplexer.getImmediateOutput(splitId),
        periodic: this.#multiplexer.getDeferredOutput(splitId),
      }),
    };
    this.#splits.set(splitId, split);
    this.#lostAllSplitsMs = undefined;
    return split.output;
  }

  releaseOutputForSplit(splitId: string): void {
    if (!this.#splits.delete(splitId)) return;
    this.#options.listener.splitFinished(splitId);
    this.#multiplexer.unregisterOutput(splitId);
    if (this.#splits.size === 0) this.#lostAllSplitsMs = this.activityClock.relativeTimeMs();
  }

  emitPeriodicWatermark(): void {
    for (const split of this.#splits.values()) split.output.emitPeriodic();
    this.#multiplexer.onPeriodicEmit();
    this.#main.emitPeriodic();
    // Splits that are gone hold nothing back: from here the main output alone says whether the subtask is idle.
    // But not at once, and only where idleness was asked for: the next split, or the end of the input with its timers,
    // may be on its way, and what they emit would come late behind an idle subtask.
    const { idlenessMs } = this.#options.strategy;
    if (this.#lostAllSplitsMs === undefined || idlenessMs === undefined) return;
    if (this.activityClock.relativeTimeMs() - this.#lostAllSplitsMs > idlenessMs) this.#splitIdleness.markIdle();
  }

  emitMaxWatermark(timestamp: number): void {
    this.#emitter.emitWatermark(timestamp);
  }

  pauseOrResumeSplits(toPause: readonly string[], toResume: readonly string[]): void {
    for (const id of toPause) this.#splits.get(id)?.clock.pause();
    for (const id of toResume) this.#splits.get(id)?.clock.unPause();
  }

  onBackPressure(blocked: boolean): void {
    if (blocked === this.#blocked) return;
    this.#blocked = blocked;
    for (const clock of [this.activityClock, ...[...this.#splits.values()].map((split) => split.clock)]) {
      if (blocked) clock.pause();
      else clock.unPause();
    }
  }
}

const NO_WATERMARKS: WatermarkOutput = { emitWatermark() {}, markIdle() {}, markActive() {} };

/** The output in BATCH mode: timestamps, no watermark but MAX. */
export class TimestampsOnlySourceOutput<T> implements SourceMainOutput<T> {
  readonly activityClock: PausableRelativeClock;
  readonly #output: Output<T>;
  readonly #assigner: TimestampAssigner<T>;

  constructor(options: SourceOutputOptions<T>) {
    this.activityClock = new PausableRelativeClock(options.monotonicMs);
    this.#output = options.output;
    this.#assigner = options.strategy.createTimestampAssigner();
  }

  get parts(): WatermarkParts {
    return watermarkParts(this.#assigner, new NoWatermarksGenerator<T>(), NO_WATERMARKS);
  }
  collect(value: T, timestamp: number = NO_TIMESTAMP): void {
    this.#output.emit(value, checkedTimestamp(this.#assigner(value, timestamp)));
  }
  emitSide(tagId: string, value: unknown, timestamp: number = NO_TIMESTAMP): void {
    this.#output.emitSide(tagId, value, timestamp);
  }
  emitWatermark(_timestamp: number): void {}
  markIdle(): void {}
  markActive(): void {}
  createOutputForSplit(_splitId: string): SourceOutput<T> {
    return this;
  }
  releaseOutputForSplit(_splitId: string): void {}
  chooseForBatch(_output: SourceOutput<T> | undefined): void {}
  emitPeriodicWatermark(): void {}
  emitMaxWatermark(timestamp: number): void {
    this.#output.emitWatermark(timestamp);
  }
  pauseOrResumeSplits(_toPause: readonly string[], _toResume: readonly string[]): void {}
  onBackPressure(_blocked: boolean): void {}
}
