/**
 * The output behind an operator under test: keeps everything in order; can overwrite what it was given, as a consumer may.
 *
 * Who calls: operator_test_harness.ts.
 *
 * @module
 */

import { FlinkError } from "../errors.ts";
import { copyValue } from "../types/copy.ts";
import type { LatencyMarker, Output, WatermarkStatus } from "../types/stream_element.ts";
import {
  type HarnessElement,
  type StreamRecord,
  streamRecord,
  watermark,
  watermarkStatus,
} from "./harness_elements.ts";
import { overwrite } from "./overwrite.ts";

/** Keeps what an operator emits. */
export class HarnessOutput<OUT> implements Output<OUT> {
  readonly elements: HarnessElement<OUT>[] = [];
  readonly side = new Map<string, StreamRecord[]>();
  readonly #mutate: boolean;

  /** @param mutate Overwrite every value after it was kept. */
  constructor(mutate: boolean) {
    this.#mutate = mutate;
  }

  emit(value: OUT, timestamp: number): void {
    this.elements.push(streamRecord(this.#keep(value), timestamp));
  }
  emitSide(tagId: string, value: unknown, timestamp: number): void {
    const records = this.side.get(tagId) ?? [];
    this.side.set(tagId, records);
    records.push(streamRecord(this.#keep(value), timestamp));
  }
  emitWatermark(timestamp: number): void {
    this.elements.push(watermark(timestamp));
  }
  emitStatus(status: WatermarkStatus): void {
    this.elements.push(watermarkStatus(status));
  }
  emitLatencyMarker(marker: LatencyMarker): void {
    this.elements.push(marker);
  }

  #keep<T>(value: T): T {
    const kept = copied(value);
    if (this.#mutate) overwrite(value);
    return kept;
  }
}

/** A copy, or the value itself when it cannot travel (a class instance that never leaves its chain). */
function copied<T>(value: T): T {
  try {
    return copyValue(value);
  } catch (error) {
    if (error instanceof FlinkError) return value;
    throw error;
  }
}
