/**
 * Runs a sink writer in one subtask. Before a snapshot the writer is flushed and, for a two-phase sink, its committables
 * go downstream: a summary first, then each. A promise from `write`, `flush` or `prepareCommit` makes the operator busy
 * until it resolves: records are held back, and a barrier waits (the flush runs in `prepareSnapshotPreBarrier`, before
 * the barrier is passed on).
 *
 * Who calls: the chain and the harnesses in testing/.
 *
 * @module
 */

import { invariant } from "../../errors.ts";
import type {
  CommittableMessage,
  Sink,
  SinkWriter,
  SinkWriterContext,
  WriterInitContext,
} from "../../functions/sink.ts";
import { type ListState, ListStateDescriptor } from "../../functions/state_descriptor.ts";
import { MIN_WATERMARK, NO_TIMESTAMP } from "../../types/stream_element.ts";
import { AsyncStepsOperator } from "../async/async_steps.ts";
import type { SinkFusion } from "../codegen/fusion.ts";
import type { StreamOperatorFactory } from "../operator.ts";

/** See the module. */
export class SinkWriterOperator<T, CommT, WriterStateT> extends AsyncStepsOperator<CommittableMessage<CommT>> {
  readonly #sink: Sink<T, CommT, WriterStateT>;
  readonly #emitsCommittables: boolean;
  #writer: SinkWriter<T, CommT, WriterStateT> | undefined;
  #writerState!: ListState<WriterStateT>;
  #watermark = MIN_WATERMARK;
  /** Timestamp of the record that is written. */
  readonly #clock = { timestamp: NO_TIMESTAMP };
  #endOfInput = false;
  #lastCheckpointId = 0;
  readonly #writerContext: SinkWriterContext = {
    currentWatermark: () => this.#watermark,
    timestamp: () => this.#clock.timestamp === NO_TIMESTAMP ? undefined : this.#clock.timestamp,
  };

  constructor(sink: Sink<T, CommT, WriterStateT>) {
    super(1);
    this.#sink = sink;
    this.#emitsCommittables = sink.createCommitter !== undefined;
  }

  override initializeState(): void {
    this.#writerState = this.ctx.operatorState.getListState(new ListStateDescriptor<WriterStateT>("writer_raw_states"));
    const { restoredCheckpointId } = this.ctx;
    this.#lastCheckpointId = restoredCheckpointId ?? 0;
    const restored = restoredCheckpointId === undefined ? undefined : this.#writerState.get();
    this.#writer = this.#sink.createWriter(this.#initContext(), restored);
  }

  override processElement(value: unknown, timestamp: number): void {
    invariant(!this.#endOfInput, "a sink writer got a record after the end of its input");
    this.#clock.timestamp = timestamp;
    const answer = this.#writer!.write(value as T, this.#writerContext);
    if (answer !== undefined) this.whenDone("write()", answer, () => {});
  }

  fusion(): SinkFusion {
    return {
      kind: "sink",
      writer: this.#writer! as SinkFusion["writer"],
      context: this.#writerContext,
      clock: this.#clock,
      wait: (answer) => this.whenDone("write()", answer, () => {}),
    };
  }

  protected override advanceWatermark(timestamp: number): void {
    super.advanceWatermark(timestamp);
    this.begin(() => {
      this.#watermark = timestamp;
      this.#writer!.writeWatermark?.(timestamp);
      return true;
    });
  }

  override prepareSnapshotPreBarrier(checkpointId: number): void {
    if (!this.#endOfInput) this.#flush(false, checkpointId);
  }

  override snapshotState(checkpointId: number): void {
    if (this.#writer!.snapshotState !== undefined) this.#writerState.update(this.#writer!.snapshotState(checkpointId));
  }

  override endInput(_input: number): void {
    if (this.#endOfInput) return;
    this.#endOfInput = true;
    this.#flush(true, this.#lastCheckpointId + 1);
  }

  /** A writer may do I/O of which it says nothing before its flush. */
  override get hasAsyncWork(): boolean {
    return this.#writer !== undefined && this.#writer.isSynchronous !== true;
  }

  override close(): void | Promise<void> {
    return this.#writer?.close();
  }

  #flush(endOfInput: boolean, checkpointId: number): void {
    const writer = this.#writer!;
    this.#lastCheckpointId = checkpointId;
    this.whenDone("flush()", writer.flush(endOfInput), () => {
      const answer: CommT[] | Promise<CommT[]> = writer.prepareCommit?.() ?? [];
      this.whenDone("prepareCommit()", answer, (committables) => this.#emit(checkpointId, committables));
    });
  }

  #emit(checkpointId: number, committables: readonly CommT[]): void {
    if (!this.#emitsCommittables) return;
    const { indexOfThisSubtask: subtaskId, numberOfParallelSubtasks } = this.ctx.runtime.getTaskInfo();
    this.output.emit({
      kind: "summary",
      subtaskId,
      numberOfSubtasks: numberOfParallelSubtasks,
      checkpointId,
      numberOfCommittables: committables.length,
      numberOfFailed: 0,
    }, NO_TIMESTAMP);
    for (const committable of committables) {
      this.output.emit({ kind: "committable", subtaskId, checkpointId, committable }, NO_TIMESTAMP);
    }
  }

  #initContext(): WriterInitContext {
    const { ctx } = this;
    const task = ctx.runtime.getTaskInfo();
    return {
      subtaskIndex: task.indexOfThisSubtask,
      parallelism: task.numberOfParallelSubtasks,
      attemptNumber: task.attemptNumber,
      metricGroup: ctx.metrics,
      files: ctx.seams.files,
      clock: ctx.seams.clock,
      signal: ctx.signal,
      restoredCheckpointId: ctx.restoredCheckpointId,
      print: (line, stream) => ctx.seams.log.print(line, stream),
      registerTimer: (ms, fn) => void ctx.processingTime.registerTimer(ctx.processingTime.now() + ms, fn),
      collect: ctx.collect,
    };
  }
}

/** Makes {@link SinkWriterOperator}s. */
export function sinkWriterOperator<T, CommT = never, WriterStateT = never>(
  sink: Sink<T, CommT, WriterStateT>,
): StreamOperatorFactory<CommittableMessage<CommT>> {
  return {
    chainingStrategy: "ALWAYS",
    numInputs: 1,
    isSink: true,
    functions: [sink],
    create: () => new SinkWriterOperator<T, CommT, WriterStateT>(sink),
  };
}
