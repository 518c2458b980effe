/**
 * The requests in flight of an async operator, with the watermarks and statuses between them. Capacity counts records
 * and watermarks, as in Flink; a status always fits.
 *
 * Ordered: elements leave as they came. Unordered: records leave as they complete, but never past a watermark or status.
 * Both list the inputs whose output has not left in order of arrival, for snapshots.
 * Who calls: async_wait.ts.
 *
 * @module
 */

import type { WatermarkStatus } from "../../types/stream_element.ts";

/** One request. */
export class RecordEntry<IN, OUT> {
  readonly kind = "record";
  results: Iterable<OUT> | undefined;
  /** Unordered only: where to note the completion. */
  segment: Segment<IN, OUT> | undefined;

  constructor(readonly value: IN, readonly timestamp: number) {}

  get isDone(): boolean {
    return this.results !== undefined;
  }
  /** The first completion counts. */
  complete(results: Iterable<OUT>): void {
    if (this.results !== undefined) return;
    this.results = results;
    this.segment?.completed.push(this);
  }
}
/** Complete from the start. */
export interface MarkEntry {
  readonly kind: "mark";
  readonly isDone: true;
  /** A watermark, or a status. */
  readonly mark: number | WatermarkStatus;
}
type Entry<IN, OUT> = RecordEntry<IN, OUT> | MarkEntry;

/** Entries between two marks. */
interface Segment<IN, OUT> {
  /** Not yet emitted, in order of arrival. */
  readonly entries: Set<Entry<IN, OUT>>;
  /** Completed and not yet emitted, in order of completion. */
  readonly completed: Entry<IN, OUT>[];
}

/** See the module. */
export abstract class StreamElementQueue<IN, OUT> {
  #size = 0;
  constructor(readonly capacity: number) {}

  /** Puts a record in, or gives undefined when there is no room. */
  tryPutRecord(value: IN, timestamp: number): RecordEntry<IN, OUT> | undefined {
    if (this.#size >= this.capacity) return undefined;
    this.#size++;
    const entry = new RecordEntry<IN, OUT>(value, timestamp);
    this.put(entry);
    return entry;
  }
  /** Puts a watermark in; false when there is no room. */
  tryPutWatermark(timestamp: number): boolean {
    if (this.#size >= this.capacity) return false;
    this.#size++;
    this.put({ kind: "mark", isDone: true, mark: timestamp });
    return true;
  }
  putStatus(status: WatermarkStatus): void {
    this.put({ kind: "mark", isDone: true, mark: status });
  }
  /** Takes the next element that may leave; undefined when there is none. */
  poll(): Entry<IN, OUT> | undefined {
    const entry = this.take();
    if (entry !== undefined && !(entry.kind === "mark" && typeof entry.mark === "string")) this.#size--;
    return entry;
  }
  /** Number of records and watermarks. */
  get size(): number {
    return this.#size;
  }
  abstract get hasCompleted(): boolean;
  abstract get isEmpty(): boolean;
  /** Records whose output has not left, in order of arrival. */
  abstract records(): RecordEntry<IN, OUT>[];
  protected abstract put(entry: Entry<IN, OUT>): void;
  protected abstract take(): Entry<IN, OUT> | undefined;
}

/** First in, first out. */
export class OrderedStreamElementQueue<IN, OUT> extends StreamElementQueue<IN, OUT> {
  readonly #entries: Entry<IN, OUT>[] = [];

  get hasCompleted(): boolean {
    return this.#entries.length > 0 && this.#entries[0].isDone;
  }
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }
  records(): RecordEntry<IN, OUT>[] {
    return this.#entries.filter((entry) => entry.kind === "record");
  }
  protected put(entry: Entry<IN, OUT>): void {
    this.#entries.push(entry);
  }
  protected take(): Entry<IN, OUT> | undefined {
    return this.hasCompleted ? this.#entries.shift() : undefined;
  }
}

/**
 * First done, first out, in segments: records, mark, records, mark, ... Only the first segment may be empty, and only
 * when it is the last one too.
 */
export class UnorderedStreamElementQueue<IN, OUT> extends StreamElementQueue<IN, OUT> {
  readonly #segments: Segment<IN, OUT>[] = [];

  get hasCompleted(): boolean {
    return this.#segments.length > 0 && this.#segments[0].completed.length > 0;
  }
  get isEmpty(): boolean {
    return this.#segments.every((segment) => segment.entries.size === 0);
  }
  records(): RecordEntry<IN, OUT>[] {
    return this.#segments.flatMap((segment) => [...segment.entries]).filter((entry) => entry.kind === "record");
  }
  protected put(entry: Entry<IN, OUT>): void {
    const last = this.#segments.at(-1);
    if (entry.kind === "record") {
      const segment = last ?? this.#addSegment();
      segment.entries.add(entry);
      entry.segment = segment;
      return;
    }
    const segment = last !== undefined && last.entries.size === 0 ? last : this.#addSegment();
    segment.entries.add(entry);
    segment.completed.push(entry);
    this.#addSegment();
  }
  protected take(): Entry<IN, OUT> | undefined {
    const first = this.#segments[0];
    const entry = first?.completed.shift();
    if (entry === undefined) return undefined;
    first.entries.delete(entry);
    if (first.entries.size === 0 && this.#segments.length > 1) this.#segments.shift();
    return entry;
  }
  #addSegment(): Segment<IN, OUT> {
    const segment: Segment<IN, OUT> = { entries: new Set(), completed: [] };
    this.#segments.push(segment);
    return segment;
  }
}
