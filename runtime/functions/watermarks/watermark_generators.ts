/**
 * The watermark generators that strategies are made of, and the clock by which idleness is measured.
 *
 * @module
 */

import { MIN_WATERMARK } from "../../types/stream_element.ts";
import { invariant } from "../../errors.ts";
import type { WatermarkGenerator, WatermarkOutput } from "./watermark_strategy.ts";

/** A clock that only measures how long something took, in ms. */
export interface RelativeClock {
  /** Time since some moment, in ms; stands still while the source is held back. */
  relativeTimeMs(): number;
}

/**
 * A clock that can stand still. The operator that owns it pauses it while no record could arrive (back pressure,
 * watermark alignment, a paused split), so that such time never counts as idleness.
 */
export class PausableRelativeClock implements RelativeClock {
  readonly #base: () => number;
  #pausedMs = 0;
  #pausedSinceMs = 0;
  #pauses = 0;

  /** @param base Milliseconds since some fixed moment; never goes back. */
  constructor(base: () => number) {
    this.#base = base;
  }

  /** Milliseconds that passed while the clock was running. */
  relativeTimeMs(): number {
    const now = this.#base();
    return now - this.#pausedMs - (this.#pauses > 0 ? now - this.#pausedSinceMs : 0);
  }
  /** Stands still until {@link unPause} was called as often. */
  pause(): void {
    if (this.#pauses === 0) this.#pausedSinceMs = this.#base();
    this.#pauses++;
  }
  /** Takes one {@link pause} back. */
  unPause(): void {
    invariant(this.#pauses > 0, "a clock was unpaused more often than paused");
    this.#pauses--;
    if (this.#pauses === 0) this.#pausedMs += this.#base() - this.#pausedSinceMs;
  }
}

/** Trails the largest timestamp by a bound: watermark = largest timestamp - bound - 1 ms, emitted periodically. */
export class BoundedOutOfOrdernessWatermarks<T> implements WatermarkGenerator<T> {
  readonly #boundMs: number;
  #maxTimestamp: number;

  /** @param boundMs How much a record may come late, in ms; not negative. */
  constructor(boundMs: number) {
    this.#boundMs = boundMs;
    // Before the first record the watermark is the lowest one.
    this.#maxTimestamp = MIN_WATERMARK + boundMs + 1;
  }
  onEvent(_event: T, eventTimestamp: number, _output: WatermarkOutput): void {
    if (eventTimestamp > this.#maxTimestamp) this.#maxTimestamp = eventTimestamp;
  }
  onPeriodicEmit(output: WatermarkOutput): void {
    output.emitWatermark(this.#maxTimestamp - this.#boundMs - 1);
  }
}

/** For timestamps that never fall: watermark = largest timestamp - 1 ms, since equal timestamps may follow. */
export class AscendingTimestampsWatermarks<T> extends BoundedOutOfOrdernessWatermarks<T> {
  constructor() {
    super(0);
  }
}

/** Never emits. */
export class NoWatermarksGenerator<T> implements WatermarkGenerator<T> {
  onEvent(_event: T, _eventTimestamp: number, _output: WatermarkOutput): void {}
  onPeriodicEmit(_output: WatermarkOutput): void {}
}

/**
 * Marks the output idle when no record came for longer than the timeout. Looked at only when watermarks are due
 * (`pipeline.auto-watermark-interval`); the time starts with the first such look that saw no new record.
 */
export class WatermarksWithIdleness<T> implements WatermarkGenerator<T> {
  readonly #watermarks: WatermarkGenerator<T>;
  readonly #idleTimeoutMs: number;
  readonly #clock: RelativeClock;
  #active = false;
  #inactiveSinceMs: number | undefined;
  #isIdle = false;

  /** @param idleTimeoutMs Greater than zero. */
  constructor(watermarks: WatermarkGenerator<T>, idleTimeoutMs: number, clock: RelativeClock) {
    this.#watermarks = watermarks;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#clock = clock;
  }
  onEvent(event: T, eventTimestamp: number, output: WatermarkOutput): void {
    this.#watermarks.onEvent(event, eventTimestamp, output);
    this.#active = true;
    this.#isIdle = false;
  }
  onPeriodicEmit(output: WatermarkOutput): void {
    if (!this.#idleNow()) {
      this.#watermarks.onPeriodicEmit(output);
    } else if (!this.#isIdle) {
      output.markIdle();
      this.#isIdle = true;
    }
  }

  #idleNow(): boolean {
    if (this.#active) {
      this.#active = false;
      this.#inactiveSinceMs = undefined;
      return false;
    }
    const now = this.#clock.relativeTimeMs();
    if (this.#inactiveSinceMs === undefined) {
      this.#inactiveSinceMs = now;
      return false;
    }
    return now - this.#inactiveSinceMs > this.#idleTimeoutMs;
  }
}
