/**
 * Assigns timestamps and makes watermarks in the middle of a pipeline. Watermarks from upstream end here, except MAX,
 * which is the end of the input; statuses from upstream end here too.
 *
 * Periodic emission is a processing-time timer every `autoWatermarkIntervalMs` (0 = none); what a generator emits on an
 * event goes out right after that record and before the next one. In BATCH mode only MAX passes.
 *
 * @module
 */

import { PausableRelativeClock } from "../../functions/watermarks/watermark_generators.ts";
import { NoWatermarksGenerator, type WatermarkStrategy } from "../../functions/watermarks/watermark_strategies.ts";
import type { TimestampAssigner, WatermarkGenerator } from "../../functions/watermarks/watermark_strategy.ts";
import type { Cancel } from "../../seams/clock.ts";
import { MAX_WATERMARK, type WatermarkStatus } from "../../types/stream_element.ts";
import { type ChainingStrategy, StreamOperator, type StreamOperatorFactory } from "../operator.ts";
import type { TimestampsFusion } from "../codegen/fusion.ts";
import { watermarkParts } from "./source_output.ts";
import { checkedTimestamp, WatermarkEmitter } from "./watermark_emitter.ts";

/** See the module. */
export class TimestampsAndWatermarksOperator<T> extends StreamOperator<T> {
  readonly #strategy: WatermarkStrategy<T>;
  #assigner!: TimestampAssigner<T>;
  #generator!: WatermarkGenerator<T>;
  #emitter!: WatermarkEmitter;
  #activityClock!: PausableRelativeClock;
  #blocked = false;
  #cancelTimer: Cancel | undefined;

  constructor(strategy: WatermarkStrategy<T>) {
    super(1);
    this.#strategy = strategy;
  }

  override open(): void {
    const isStreaming = this.ctx.config.runtimeMode === "STREAMING";
    this.#activityClock = new PausableRelativeClock(() => this.ctx.seams.clock.monotonic());
    this.#assigner = this.#strategy.createTimestampAssigner();
    this.#generator = isStreaming
      ? this.#strategy.createWatermarkGenerator(this.#activityClock)
      : new NoWatermarksGenerator<T>();
    this.#emitter = new WatermarkEmitter(this.output);
    if (isStreaming && this.ctx.config.autoWatermarkIntervalMs > 0) this.#scheduleEmit();
  }

  fusion(): TimestampsFusion {
    return { kind: "timestamps", ...watermarkParts(this.#assigner, this.#generator, this.#emitter) };
  }

  override processElement(value: unknown, timestamp: number): void {
    const assigned = checkedTimestamp(this.#assigner(value as T, timestamp));
    this.output.emit(value as T, assigned);
    this.#generator.onEvent(value as T, assigned, this.#emitter);
  }

  override processWatermark(timestamp: number): void {
    if (timestamp >= MAX_WATERMARK) this.#emitter.emitWatermark(MAX_WATERMARK);
  }

  override processStatus(_status: WatermarkStatus): void {}

  override finish(): void {
    this.#cancelTimer?.();
    this.#generator.onPeriodicEmit(this.#emitter);
  }

  override onBackPressure(blocked: boolean): void {
    if (blocked === this.#blocked) return;
    this.#blocked = blocked;
    if (blocked) this.#activityClock.pause();
    else this.#activityClock.unPause();
  }

  override close(): void {
    this.#cancelTimer?.();
  }

  #scheduleEmit(): void {
    const at = this.ctx.processingTime.now() + this.ctx.config.autoWatermarkIntervalMs;
    this.#cancelTimer = this.ctx.processingTime.registerTimer(at, () => {
      this.#generator.onPeriodicEmit(this.#emitter);
      this.#scheduleEmit();
    });
  }
}

/** Makes {@link TimestampsAndWatermarksOperator}s. */
export function timestampsWatermarksOperator<T>(strategy: WatermarkStrategy<T>): StreamOperatorFactory<T> {
  return {
    chainingStrategy: "ALWAYS" satisfies ChainingStrategy,
    numInputs: 1,
    functions: strategy.functions,
    create: () => new TimestampsAndWatermarksOperator<T>(strategy),
  };
}
