/**
 * Harnesses for operators with one input.
 *
 * @module
 */

import type { KeySelector } from "../functions/functions.ts";
import type { Key } from "../types/key.ts";
import { NO_TIMESTAMP, type WatermarkStatus } from "../types/stream_element.ts";
import type { StreamRecord, Watermark } from "./harness_elements.ts";
import type { HarnessOptions, OperatorUnderTest } from "./harness_options.ts";
import { StreamOperatorTestHarness } from "./operator_test_harness.ts";

/**
 * Runs an operator with one input that is not keyed.
 *
 * @example
 * ```ts
 * import { ProcessFunctionTestHarnesses } from "tsflink/testing";
 *
 * const harness = ProcessFunctionTestHarnesses.forProcessFunction<number, number>({
 *   processElement(value, _ctx, out) {
 *     out.collect(value * 2);
 *   },
 * });
 * harness.processElement(21, 1000);
 * harness.processWatermark(1000);
 * console.assert(harness.extractOutputValues()[0] === 42);
 * console.assert(harness.getOutput().length === 2);
 * ```
 */
export class OneInputStreamOperatorTestHarness<IN, OUT> extends StreamOperatorTestHarness<OUT> {
  readonly #keyed: boolean;

  /** The operator opens at the first use. @param keySelector For the keyed harness below. */
  constructor(
    operator: OperatorUnderTest<OUT>,
    options: HarnessOptions = {},
    keySelector?: KeySelector<IN, Key>,
  ) {
    super(operator, [keySelector as KeySelector<unknown, Key> | undefined], options);
    this.#keyed = keySelector !== undefined;
  }

  /** Gives a record in; `timestamp` in ms, none when left out. */
  processElement(value: IN, timestamp: number = NO_TIMESTAMP): void {
    this.run("processElement()", (operator) => {
      if (this.#keyed) operator.setKeyContext(0, value);
      operator.processElement(value, timestamp);
    });
  }
  /** Gives several records in. */
  processElements(records: Iterable<StreamRecord<IN>>): void {
    for (const { value, timestamp } of records) this.processElement(value, timestamp);
  }
  /** Gives a watermark in, in ms. */
  processWatermark(mark: number | Watermark): void {
    const timestamp = typeof mark === "number" ? mark : mark.timestamp;
    this.run("processWatermark()", (operator) => operator.processWatermark(timestamp, 0));
  }
  /** Tells that the input is idle, active again or finished. */
  processWatermarkStatus(status: WatermarkStatus): void {
    this.run("processWatermarkStatus()", (operator) => operator.processStatus(status, 0));
  }
  /** Ends the input; what the operator emits then goes to the output. */
  endInput(): void {
    this.run("endInput()", (operator) => operator.endInput(0));
  }
}

/** Runs an operator with one keyed input. */
export class KeyedOneInputStreamOperatorTestHarness<K extends Key, IN, OUT>
  extends OneInputStreamOperatorTestHarness<IN, OUT> {
  /** Records get their key by the selector. */
  constructor(operator: OperatorUnderTest<OUT>, keySelector: KeySelector<IN, K>, options: HarnessOptions = {}) {
    super(operator, options, keySelector);
  }
}
