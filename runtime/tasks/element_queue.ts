/**
 * Elements that wait for an operator of a chain that is busy. Filled only by what one user call pushes through a
 * collector, so usually empty; beyond a limit the middle goes to disk.
 *
 * @module
 */

import type { Spill, SpillFile } from "../seams/spill.ts";
import { deserializeValue, serializeValue } from "../types/generic_serializer.ts";
import type { LatencyMarker, WatermarkStatus } from "../types/stream_element.ts";

/** What lies between records. */
export type QueuedEvent =
  | { readonly kind: "watermark"; readonly timestamp: number }
  | { readonly kind: "status"; readonly status: WatermarkStatus }
  | LatencyMarker;

/** Receives the elements of a queue in order. */
export interface QueueTarget {
  record(value: unknown, timestamp: number): void;
  event(event: QueuedEvent): void;
}

interface Chunk {
  values: unknown[];
  timestamps: number[];
  /** Events, each before the record at position `at`. */
  events: { at: number; event: QueuedEvent }[];
  spilled?: { position: number; sizeBytes: number };
  rows: number;
}

/** Rows of a chunk. */
const CHUNK_ROWS = 4096;
/** Chunks kept in memory before the next full one goes to disk. */
const MEMORY_CHUNKS = 4;

/** A queue of records and events in order, bounded in memory. */
export class ElementQueue {
  #chunks: Chunk[] = [];
  #file: SpillFile | undefined;
  /** Position in the first chunk. */
  #row = 0;
  #event = 0;

  constructor(readonly spill: Spill) {}

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  record(value: unknown, timestamp: number): void {
    const chunk = this.#writable();
    chunk.values.push(value);
    chunk.timestamps.push(timestamp);
    chunk.rows++;
  }

  event(event: QueuedEvent): void {
    const chunk = this.#writable();
    chunk.events.push({ at: chunk.rows, event });
  }

  /** Gives the first element to the target; false when there was none. */
  deliver(target: QueueTarget): boolean {
    const chunk = this.#chunks[0];
    if (chunk === undefined) return false;
    this.#load(chunk);
    if (this.#event < chunk.events.length && chunk.events[this.#event].at <= this.#row) {
      const { event } = chunk.events[this.#event++];
      this.#dropIfRead(chunk);
      target.event(event);
    } else {
      const value = chunk.values[this.#row];
      const timestamp = chunk.timestamps[this.#row];
      chunk.values[this.#row++] = undefined;
      this.#dropIfRead(chunk);
      target.record(value, timestamp);
    }
    return true;
  }

  close(): void {
    this.#chunks = [];
    this.#file?.close();
    this.#file = undefined;
  }

  #writable(): Chunk {
    let last = this.#chunks.at(-1);
    if (last === undefined || last.rows >= CHUNK_ROWS) {
      if (last !== undefined && this.#chunks.length > MEMORY_CHUNKS) this.#spillChunk(last);
      last = { values: [], timestamps: [], events: [], rows: 0 };
      this.#chunks.push(last);
    }
    return last;
  }

  #spillChunk(chunk: Chunk): void {
    this.#file ??= this.spill.open("chain");
    const bytes = serializeValue([chunk.values, chunk.timestamps]);
    chunk.spilled = { position: this.#file.append(bytes), sizeBytes: bytes.length };
    chunk.values = [];
    chunk.timestamps = [];
  }

  #load(chunk: Chunk): void {
    if (chunk.spilled === undefined) return;
    const bytes = this.#file!.readAt(chunk.spilled.position, chunk.spilled.sizeBytes);
    [chunk.values, chunk.timestamps] = deserializeValue(bytes) as [unknown[], number[]];
    chunk.spilled = undefined;
  }

  #dropIfRead(chunk: Chunk): void {
    if (this.#row < chunk.rows || this.#event < chunk.events.length) return;
    this.#chunks.shift();
    this.#row = this.#event = 0;
    if (this.#chunks.length === 0) {
      this.#file?.close();
      this.#file = undefined;
    }
  }
}
