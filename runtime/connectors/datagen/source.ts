/**
 * Records made from an index: test data, load, anything that can be computed.
 *
 * @module
 */

import { JobExecutionError, userFrame } from "../../errors.ts";
import { type FunctionFactory, PER_SUBTASK } from "../../functions/rich_function.ts";
import type { SourceReader, SourceReaderContext } from "../../functions/source.ts";
import { checkOption } from "../invalid_option.ts";
import { type NumberSequenceSplit, RangeReader, RangeSource } from "../sequence/range.ts";
import { RateLimiterStrategy } from "./rate_limiter.ts";

/** Makes the record of an index; called again with the same index after a failure. */
export type GeneratorFunction<T> = (index: number) => T;

/**
 * Emits `generator(0)` to `generator(count - 1)`. Every subtask makes one contiguous part of the indexes in order. For
 * a stream without an end take `Number.MAX_SAFE_INTEGER` as the count.
 *
 * @throws InvalidProgramError TSF-3016 for a wrong count.
 *
 * @example
 * ```ts
 * import { DataGeneratorSource, RateLimiterStrategy } from "tsflink";
 *
 * const source = new DataGeneratorSource((index) => `event ${index}`, 1000, RateLimiterStrategy.perSecond(100));
 * console.assert(source.getBoundedness() === "bounded");
 * ```
 */
export class DataGeneratorSource<T> extends RangeSource<T> {
  /**
   * Emits what the generator gives for the indexes 0 to `count` - 1.
   *
   * @param generator A function, or `perSubtask(() => function)` when it keeps something between calls.
   * @param count Records of all subtasks together.
   * @param rateLimiter Default: no limit.
   */
  constructor(
    readonly generator: GeneratorFunction<T> | FunctionFactory<GeneratorFunction<T>>,
    readonly count: number,
    readonly rateLimiter: RateLimiterStrategy = RateLimiterStrategy.noOp(),
  ) {
    super();
    checkOption(Number.isSafeInteger(count) && count >= 0, "count", "a whole number >= 0", count);
    const callable = typeof generator === "function" || typeof generator?.[PER_SUBTASK] === "function";
    checkOption(callable, "generator", "a function of the index", generator);
  }

  /** Calls the generator for the indexes of its splits, at the limited rate. */
  override createReader(context: SourceReaderContext): SourceReader<T, NumberSequenceSplit> {
    const { generator } = this;
    const generate = typeof generator === "function" ? generator : generator[PER_SUBTASK]();
    const gate = this.rateLimiter.createGate(context.currentParallelism, context.clock);
    return new RangeReader<T>(context, { make: (index) => generated(generate, index), gate });
  }

  /** The indexes. */
  protected override range(): readonly [number, number] {
    return [0, this.count - 1];
  }
}

function generated<T>(generate: GeneratorFunction<T>, index: number): T {
  let value: T;
  try {
    value = generate(index);
  } catch (cause) {
    throw new JobExecutionError("TSF-3050", `The generator function failed at index ${index}`, {
      expected: "a value",
      found: cause instanceof Error ? cause.message : String(cause),
      userLine: cause instanceof Error ? userFrame(cause.stack) : undefined,
      cause,
    });
  }
  if (value instanceof Promise) {
    value.catch(() => {});
    throw new JobExecutionError("TSF-2002", "The generator function returned a promise", {
      expected: "a value",
      found: "a promise",
      hint: "Use defineSource for records that have to be waited for, or AsyncDataStream behind the source.",
    });
  }
  return value;
}
