/**
 * Runs a source reader in one subtask: splits come as events from the coordinator, records leave through outputs that
 * make watermarks, positions go into operator state.
 *
 * The task calls `emitNext()` while it may emit, and waits for `isAvailable()` after NOTHING_AVAILABLE. One call emits
 * at most what one `pollNext` does, so the position in a snapshot is that of the last record that left the chain. At the
 * end of a bounded input, and on a stop with drain, the operator emits MAX and then answers END_OF_INPUT; on a stop
 * without drain it answers END_OF_INPUT at once. Events of the coordinator must come as mail, never from inside `send`.
 *
 * Who calls: the source task and the harnesses in testing/.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import type {
  BatchOutput,
  InputStatus,
  Source,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
} from "../../functions/source.ts";
import { type ListState, ListStateDescriptor } from "../../functions/state_descriptor.ts";
import type { WatermarkStrategy } from "../../functions/watermarks/watermark_strategies.ts";
import type { Cancel } from "../../seams/clock.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import type { SourceFusion } from "../codegen/fusion.ts";
import { StreamOperator, type StreamOperatorFactory } from "../operator.ts";
import { SourceAlignment } from "./source_alignment.ts";
import { type SourceCoordinatorEvent, type SourceOperatorEvent, unknownEvent } from "./source_events.ts";
import { ProgressiveSourceOutput, type SourceMainOutput, TimestampsOnlySourceOutput } from "./source_output.ts";

/** Settings of a source operator beside its strategy. */
export interface SourceOperatorOptions {
  /** Instead of the job's `pipeline.watermark-alignment.buffer-size`. */
  readonly alignmentBufferSize?: number;
}

/** How the input of a source ended; undefined while it has not. */
export type SourceEnd = "end-of-data" | "drained" | "stopped";

const DEFAULT_ALIGNMENT_BUFFER_SIZE = 3;

/** See the module. */
export class SourceOperator<T, SplitT extends SourceSplit> extends StreamOperator<T> {
  readonly #source: Source<T, SplitT>;
  readonly #strategy: WatermarkStrategy<T>;
  readonly #options: SourceOperatorOptions;
  #alignment!: SourceAlignment;
  #reader: SourceReader<T, SplitT> | undefined;
  #main!: SourceMainOutput<T>;
  #splitState!: ListState<unknown>;
  #waitingForAlignment = false;
  #stopRequested: "drained" | "stopped" | undefined;
  #ended: SourceEnd | undefined;
  readonly #timers: Set<Cancel> = new Set();
  /** The promise given out last, while it is unresolved, and what resolves it early. */
  #availability: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(source: Source<T, SplitT>, strategy: WatermarkStrategy<T>, options: SourceOperatorOptions = {}) {
    super(0);
    this.#source = source;
    this.#strategy = strategy;
    this.#options = options;
  }

  /** How the input ended; tells the task whether what follows downstream is a drain. */
  get ended(): SourceEnd | undefined {
    return this.#ended;
  }

  override initializeState(): void {
    this.#splitState = this.ctx.operatorState.getListState(new ListStateDescriptor<unknown>("SourceReaderState"));
  }

  override open(): void {
    const { config, seams } = this.ctx;
    this.#alignment = this.#makeAlignment();
    const isStreaming = config.runtimeMode === "STREAMING";
    const options = {
      output: this.output,
      strategy: this.#strategy,
      listener: this.#alignment,
      monotonicMs: () => seams.clock.monotonic(),
    };
    this.#main = isStreaming ? new ProgressiveSourceOutput<T>(options) : new TimestampsOnlySourceOutput<T>(options);
    this.#reader = this.#source.createReader(this.#readerContext());
    const splits = this.#splitState.get().map((data) => this.#source.deserializeSplit(data));
    if (splits.length > 0) this.#addSplits(splits);
    this.#send({ type: "ReaderRegistration" });
    this.#reader.start();
    if (isStreaming) this.#every(config.autoWatermarkIntervalMs, () => this.#main.emitPeriodicWatermark());
    const { alignment } = this.#strategy;
    if (alignment !== undefined) this.#every(alignment.updateIntervalMs, () => this.#alignment.sampleAndReport());
  }

  /** Lets the reader emit what one `pollNext` emits. */
  emitNext(): InputStatus {
    if (this.#ended !== undefined) return "END_OF_INPUT";
    if (this.#stopRequested !== undefined) return this.#end(this.#stopRequested);
    if (this.#waitingForAlignment) return "NOTHING_AVAILABLE";
    const status = this.#reader!.pollNext(this.#main);
    return status === "END_OF_INPUT" ? this.#end("end-of-data") : status;
  }

  /**
   * Whether the reader may give many records in one call. Under alignment it may not: the source could have to wait after
   * each.
   */
  get emitsBatches(): boolean {
    return this.#reader?.pollBatch !== undefined && this.#strategy.alignment === undefined;
  }
  /** As {@link emitNext}, for what one `pollBatch` emits; the generated loop of the chain takes the records. */
  emitBatch(output: BatchOutput<T>): InputStatus {
    if (this.#ended !== undefined || this.#stopRequested !== undefined) return this.emitNext();
    const status = this.#reader!.pollBatch!(output, this.#main);
    return status === "END_OF_INPUT" ? this.#end("end-of-data") : status;
  }
  fusion(): SourceFusion {
    return { kind: "source", travels: this.#reader?.recordsTravel === true, ...this.#main.parts };
  }

  /** Resolves when {@link emitNext} is worth a call; rejects when the reader has failed. */
  isAvailable(): Promise<void> {
    if (this.#ended !== undefined || this.#stopRequested !== undefined) return Promise.resolve();
    return this.#availability ??= this.#nextAvailability();
  }

  /** Ends the input early: with drain MAX is emitted first, without it nothing is. */
  stop(options: { readonly drain: boolean }): void {
    if (this.#ended !== undefined || this.#stopRequested !== undefined) return;
    this.#stopRequested = options.drain ? "drained" : "stopped";
    if (!options.drain) this.#cancelTimers();
    this.#wakeUp();
  }

  override handleOperatorEvent(event: unknown): void {
    const operatorEvent = event as SourceOperatorEvent;
    switch (operatorEvent.type) {
      case "AddSplits":
        return this.#addSplits(operatorEvent.splits.map((data) => this.#source.deserializeSplit(data)));
      case "NoMoreSplits":
        return this.#reader!.notifyNoMoreSplits();
      case "SourceEvent":
        return this.#reader!.handleSourceEvents?.(operatorEvent.event);
      case "WatermarkAlignment":
        return this.#alignment.setMaxDesiredWatermark(operatorEvent.maxWatermark);
      default:
        throw unknownEvent(event);
    }
  }

  override snapshotState(checkpointId: number): void {
    const splits = this.#reader!.snapshotState(checkpointId);
    this.#splitState.update(splits.map((split) => this.#source.serializeSplit(split)));
  }
  override notifyCheckpointComplete(checkpointId: number): void {
    this.#reader?.notifyCheckpointComplete?.(checkpointId);
  }
  override notifyCheckpointAborted(checkpointId: number): void {
    this.#reader?.notifyCheckpointAborted?.(checkpointId);
  }
  override onBackPressure(blocked: boolean): void {
    this.#main.onBackPressure(blocked);
  }
  /** Until it has ended: a reader may fetch ahead at any time. */
  override get hasAsyncWork(): boolean {
    return this.#ended === undefined && this.#reader !== undefined && this.#reader.isSynchronous !== true;
  }
  override finish(): void {
    this.#cancelTimers();
  }
  override close(): void | Promise<void> {
    this.#cancelTimers();
    this.#wakeUp();
    return this.#reader?.close();
  }

  #end(how: SourceEnd): InputStatus {
    this.#ended = how;
    this.#cancelTimers();
    if (how !== "stopped") this.#main.emitMaxWatermark(MAX_WATERMARK);
    if (this.#strategy.alignment !== undefined) this.#alignment.reportEnd();
    return "END_OF_INPUT";
  }

  #makeAlignment(): SourceAlignment {
    const { alignmentBufferSize, allowUnalignedSourceSplits } = this.ctx.config;
    const bufferSize = this.#options.alignmentBufferSize ?? alignmentBufferSize ?? DEFAULT_ALIGNMENT_BUFFER_SIZE;
    return new SourceAlignment(bufferSize, {
      setWaiting: (waiting) => this.#setWaiting(waiting),
      pauseOrResumeSplits: (toPause, toResume) => {
        const reader = this.#reader!;
        if (reader.pauseOrResumeSplits !== undefined) {
          reader.pauseOrResumeSplits(toPause, toResume);
          this.#main.pauseOrResumeSplits(toPause, toResume);
        } else if (allowUnalignedSourceSplits !== true) throw cannotPause(toPause);
      },
      report: (watermark) => this.#send({ type: "ReportedWatermark", watermark }),
    });
  }

  #addSplits(splits: SplitT[]): void {
    for (const split of splits) {
      this.#alignment.addSplit(split.splitId());
      this.#main.createOutputForSplit(split.splitId());
    }
    this.#reader!.addSplits(splits);
  }

  #nextAvailability(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const settle = (then: () => void) => () => {
        this.#availability = undefined;
        this.#wake = undefined;
        then();
      };
      this.#wake = settle(resolve);
      // While waiting for alignment only the coordinator (or a stop) can help.
      if (this.#waitingForAlignment) return;
      const wake = this.#wake;
      // What a late answer of an earlier call settles is settled already; a promise takes no second answer.
      this.#reader!.isAvailable().then(() => wake === this.#wake && wake(), (error) => {
        if (wake === this.#wake) settle(() => reject(error))();
      });
    });
  }

  #setWaiting(waiting: boolean): void {
    this.#waitingForAlignment = waiting;
    if (waiting) {
      this.#main.activityClock.pause();
    } else {
      this.#main.activityClock.unPause();
      this.#wakeUp();
    }
  }
  #wakeUp(): void {
    this.#wake?.();
  }

  #readerContext(): SourceReaderContext {
    const task = this.ctx.runtime.getTaskInfo();
    return {
      indexOfSubtask: task.indexOfThisSubtask,
      currentParallelism: task.numberOfParallelSubtasks,
      metricGroup: this.ctx.metrics,
      files: this.ctx.seams.files,
      sockets: this.ctx.seams.sockets,
      clock: this.ctx.seams.clock,
      signal: this.ctx.signal,
      generatesDecoders: this.ctx.config.optimizations?.columns !== false,
      generatesCopiers: this.ctx.config.optimizations?.codegen !== false,
      sendSplitRequest: () => this.#send({ type: "RequestSplit" }),
      sendSourceEventToCoordinator: (event) => this.#send({ type: "SourceEvent", event }),
    };
  }
  #send(event: SourceCoordinatorEvent): void {
    this.ctx.coordinator?.send(event);
  }

  /** Runs `fn` every `intervalMs` of processing time, counted from the end of the last run; 0 = never. */
  #every(intervalMs: number, fn: () => void): void {
    if (intervalMs <= 0) return;
    const cancel = this.ctx.processingTime.registerTimer(this.ctx.processingTime.now() + intervalMs, () => {
      this.#timers.delete(cancel);
      fn();
      if (this.#ended === undefined) this.#every(intervalMs, fn);
    });
    this.#timers.add(cancel);
  }
  #cancelTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }
}

/** For a reader that lets its splits drift apart though they are to be aligned. */
function cannotPause(splitIds: readonly string[]): JobExecutionError {
  return new JobExecutionError("TSF-2243", `The source cannot pause the splits ${splitIds.join(", ")}`, {
    expected: "a reader with pauseOrResumeSplits(), because its splits are aligned by their watermarks",
    found: "a reader without it",
    hint:
      "Implement it, or set pipeline.watermark-alignment.allow-unaligned-source-splits to let the splits drift apart.",
  });
}

/** Makes {@link SourceOperator}s. */
export function sourceOperator<T, SplitT extends SourceSplit>(
  source: Source<T, SplitT>,
  strategy: WatermarkStrategy<T>,
  options: SourceOperatorOptions = {},
): StreamOperatorFactory<T> {
  return {
    chainingStrategy: "ALWAYS",
    numInputs: 0,
    isSource: true,
    source: source as unknown as Source<unknown>,
    watermarkAlignment: strategy.alignment,
    functions: [source, ...strategy.functions],
    create: () => new SourceOperator<T, SplitT>(source, strategy, options),
  };
}
