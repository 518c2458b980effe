/**
 * What travels between operators. Records move in batches with their timestamps beside them; watermarks, statuses
 * and barriers lie between batches, never inside, so that inner loops need no type test.
 *
 * @module
 */

/** Timestamp of a record that has none; also the lowest watermark. Milliseconds since the epoch otherwise. */
export const NO_TIMESTAMP: number = Number.MIN_SAFE_INTEGER;
/** The watermark before any was seen. */
export const MIN_WATERMARK: number = Number.MIN_SAFE_INTEGER;
/** The watermark at the end of a bounded input: no record comes after it. */
export const MAX_WATERMARK: number = Number.MAX_SAFE_INTEGER;

/** A run of records of one channel, in order. `timestamps[i]` belongs to `values[i]`. */
export interface RecordBatch<T = unknown> {
  readonly kind: "batch";
  readonly values: T[];
  /** At least `values.length` long; {@link NO_TIMESTAMP} where a record has none. */
  readonly timestamps: Float64Array;
}

/** No record with a timestamp at or below `timestamp` follows. */
export interface WatermarkElement {
  readonly kind: "watermark";
  readonly timestamp: number;
}

/** Whether the sender takes part in the receiver's watermark (ACTIVE), for now does not (IDLE), or never again (FINISHED). */
export type WatermarkStatus = "active" | "idle" | "finished";

/** See {@link WatermarkStatus}. */
export interface WatermarkStatusElement {
  readonly kind: "status";
  readonly status: WatermarkStatus;
}

/** How a checkpoint is taken. */
export interface CheckpointOptions {
  /** A savepoint is always aligned and never incremental. */
  readonly type: "checkpoint" | "savepoint";
  readonly alignment: "aligned" | "unaligned" | "at-least-once";
}

/** Separates the records of one checkpoint from those of the next. */
export interface CheckpointBarrier {
  readonly kind: "barrier";
  readonly checkpointId: number;
  /** When the checkpoint was triggered, in ms since the epoch. */
  readonly timestamp: number;
  readonly options: CheckpointOptions;
}

/** Emitted by a source and passed on unchanged; measures the way, not the work. */
export interface LatencyMarker {
  /** Tells it from the other elements. */
  readonly kind: "latency";
  /** When the source made it, in ms since the epoch. */
  readonly markedTimeMs: number;
  /** Id of the source: 32 hex digits. */
  readonly operatorId: string;
  /** Subtask of the source, from 0. */
  readonly subtaskIndex: number;
}

/** No element follows on this channel. With `drain` the input ended by itself; without, the job was stopped. */
export interface EndOfData {
  readonly kind: "end";
  readonly drain: boolean;
}

/** Everything a channel carries beside batches. */
export type ChannelEvent = WatermarkElement | WatermarkStatusElement | CheckpointBarrier | LatencyMarker | EndOfData;

/** Everything a channel carries. */
export type StreamElement<T = unknown> = RecordBatch<T> | ChannelEvent;

/** Makes a batch; timestamps default to {@link NO_TIMESTAMP}. */
export function recordBatch<T>(values: T[], timestamps?: ArrayLike<number>): RecordBatch<T> {
  const column = timestamps === undefined
    ? new Float64Array(values.length).fill(NO_TIMESTAMP)
    : timestamps instanceof Float64Array
    ? timestamps
    : Float64Array.from(timestamps);
  return { kind: "batch", values, timestamps: column };
}

/**
 * Where an operator sends what it makes. Depth first: a call returns after everything chained behind has seen the
 * element. The callee never refuses; a caller that can stop asks `proceed()` of its context between two elements.
 */
export interface Output<T = unknown> {
  /** Emits one record; the value belongs to the engine from here on (rule 11). */
  emit(value: T, timestamp: number): void;
  /** Emits one record to the side output of that id. */
  emitSide(tagId: string, value: unknown, timestamp: number): void;
  emitWatermark(timestamp: number): void;
  emitStatus(status: WatermarkStatus): void;
  emitLatencyMarker(marker: LatencyMarker): void;
}
