/**
 * The last step of watermark generation in an operator: lets only rising watermarks out, and statuses only when they
 * change. A watermark that rises makes the stream active first.
 *
 * Who calls: timestamps_watermarks.ts and source_output.ts.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import type { WatermarkOutput } from "../../functions/watermarks/watermark_strategy.ts";
import { MIN_WATERMARK, type Output } from "../../types/stream_element.ts";

/** Hears what goes out; the source operator samples it for watermark alignment. */
export interface WatermarkEmitterListener {
  /** A risen watermark is about to be emitted. */
  updateCurrentEffectiveWatermark(timestamp: number): void;
  /** The stream has become idle or active. */
  updateIdle(idle: boolean): void;
}

/** See the module. */
export class WatermarkEmitter implements WatermarkOutput {
  readonly #output: Output;
  readonly #listener: WatermarkEmitterListener | undefined;
  #current = MIN_WATERMARK;
  #idle = false;

  constructor(output: Output, listener?: WatermarkEmitterListener) {
    this.#output = output;
    this.#listener = listener;
  }

  emitWatermark(timestamp: number): void {
    if (timestamp <= this.#current) return;
    this.#current = timestamp;
    this.#listener?.updateCurrentEffectiveWatermark(timestamp);
    this.markActive();
    this.#output.emitWatermark(timestamp);
  }
  markIdle(): void {
    if (this.#idle) return;
    this.#idle = true;
    this.#output.emitStatus("idle");
    this.#listener?.updateIdle(true);
  }
  markActive(): void {
    if (!this.#idle) return;
    this.#idle = false;
    this.#output.emitStatus("active");
    this.#listener?.updateIdle(false);
  }
}

/**
 * The timestamp a timestamp assigner gave, checked.
 *
 * @throws JobExecutionError TSF-2202 when it is no finite number; the caller names the operator.
 */
export function checkedTimestamp(timestamp: unknown): number {
  if (Number.isFinite(timestamp)) return timestamp as number;
  throw new JobExecutionError("TSF-2202", "The timestamp assigner gave no timestamp", {
    expected: "a finite number: milliseconds since the epoch",
    found: describe(timestamp),
    hint: timestamp instanceof Date
      ? "Use date.getTime()."
      : "Check the field the timestamp is taken from; return the record's own timestamp (second argument) to keep it.",
  });
}

function describe(timestamp: unknown): string {
  if (timestamp instanceof Date) return "a Date";
  return typeof timestamp === "object" && timestamp !== null
    ? "an object"
    : `${String(timestamp)} (${typeof timestamp})`;
}
