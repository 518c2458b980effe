/**
 * Combines the watermarks of the splits of one source subtask: the minimum over active splits, the maximum when all are
 * idle, MAX-ended splits left out. Splits come and go. Flink's rules for split outputs: a watermark makes a split
 * active, and one that comes back holds the others back at once.
 *
 * Caller: operators/source/source_output.ts; also for generators of your own that combine several inputs.
 *
 * @module
 */

import { invariant } from "../../errors.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../../types/stream_element.ts";
import type { WatermarkOutput } from "./watermark_strategy.ts";

/** Hears about one split. */
export interface WatermarkUpdateListener {
  /** The watermark of the split rose. */
  onWatermarkUpdate(timestamp: number): void;
  /** The split was said to be idle or active, whether it changed or not. */
  onIdleUpdate(idle: boolean): void;
}

const SILENT: WatermarkUpdateListener = { onWatermarkUpdate() {}, onIdleUpdate() {} };

class PartialWatermark {
  timestamp = MIN_WATERMARK;
  idle = false;
  constructor(readonly listener: WatermarkUpdateListener) {}

  /** A watermark also ends idleness; true when it rose. */
  setWatermark(timestamp: number): boolean {
    this.setIdle(false);
    if (timestamp <= this.timestamp) return false;
    this.timestamp = timestamp;
    this.listener.onWatermarkUpdate(timestamp);
    return true;
  }
  setIdle(idle: boolean): void {
    this.idle = idle;
    this.listener.onIdleUpdate(idle);
  }
}

/** One output out of many. Each has an immediate and a deferred face; the deferred one waits for `onPeriodicEmit`. */
export class WatermarkOutputMultiplexer {
  readonly #underlying: WatermarkOutput;
  readonly #partials: Map<string, PartialWatermark> = new Map();
  #combined = MIN_WATERMARK;

  /** @param underlying Gets the combined watermarks; must ignore repeated `markIdle` and watermarks that do not rise. */
  constructor(underlying: WatermarkOutput) {
    this.#underlying = underlying;
  }

  /** Adds an output; it holds the others back until its first watermark. */
  registerNewOutput(id: string, listener: WatermarkUpdateListener = SILENT): void {
    invariant(!this.#partials.has(id), `an output with the id ${id} is registered already`);
    this.#partials.set(id, new PartialWatermark(listener));
  }

  /** Takes an output out; what it held back is seen at the next update. False when it was not there. */
  unregisterOutput(id: string): boolean {
    return this.#partials.delete(id);
  }

  /** Watermarks of this face are combined at once. */
  getImmediateOutput(id: string): WatermarkOutput {
    const partial = this.#partial(id);
    return {
      emitWatermark: (timestamp) => {
        if (partial.setWatermark(timestamp) && timestamp > this.#combined) this.#update();
      },
      markIdle: () => {
        partial.setIdle(true);
        this.#update();
      },
      markActive: () => {
        partial.setIdle(false);
        this.#update();
      },
    };
  }

  /** Watermarks of this face wait for {@link onPeriodicEmit}. */
  getDeferredOutput(id: string): WatermarkOutput {
    const partial = this.#partial(id);
    return {
      emitWatermark: (timestamp) => void partial.setWatermark(timestamp),
      markIdle: () => partial.setIdle(true),
      markActive: () => partial.setIdle(false),
    };
  }

  /** Combines what the deferred faces have collected. */
  onPeriodicEmit(): void {
    this.#update();
  }

  #update(): void {
    if (this.#partials.size === 0) return;
    let minActive = Infinity;
    let maxIdle = -Infinity;
    for (const { timestamp, idle } of this.#partials.values()) {
      if (timestamp === MAX_WATERMARK) continue;
      if (idle) maxIdle = Math.max(maxIdle, timestamp);
      else minActive = Math.min(minActive, timestamp);
    }
    const combined = minActive !== Infinity ? minActive : maxIdle !== -Infinity ? maxIdle : MAX_WATERMARK;
    if (combined > this.#combined) {
      this.#combined = combined;
      this.#underlying.emitWatermark(combined);
    }
    if (minActive === Infinity && maxIdle !== -Infinity) this.#underlying.markIdle();
  }

  #partial(id: string): PartialWatermark {
    const partial = this.#partials.get(id);
    invariant(partial !== undefined, `no output is registered with the id ${id}`);
    return partial;
  }
}
