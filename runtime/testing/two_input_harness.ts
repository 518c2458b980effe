/**
 * Harnesses for operators with two inputs, and for the broadcast state pattern.
 *
 * @module
 */

import type { KeySelector } from "../functions/functions.ts";
import type { BroadcastState, MapStateDescriptor } from "../functions/state_descriptor.ts";
import type { Key } from "../types/key.ts";
import { NO_TIMESTAMP, type WatermarkStatus } from "../types/stream_element.ts";
import type { Watermark } from "./harness_elements.ts";
import type { HarnessOptions, OperatorUnderTest } from "./harness_options.ts";
import { StreamOperatorTestHarness } from "./operator_test_harness.ts";

type Selector<IN> = KeySelector<IN, Key> | undefined;

/** Runs an operator with two inputs. */
export class TwoInputStreamOperatorTestHarness<IN1, IN2, OUT> extends StreamOperatorTestHarness<OUT> {
  /** The operator opens at the first use. @param keySelectors For the keyed harness below. */
  constructor(
    operator: OperatorUnderTest<OUT>,
    options: HarnessOptions = {},
    keySelectors: readonly [Selector<IN1>, Selector<IN2>] = [undefined, undefined],
  ) {
    super(operator, keySelectors as readonly Selector<unknown>[], options);
  }

  /** Gives a record to the first input; `timestamp` in ms, none when left out. */
  processElement1(value: IN1, timestamp: number = NO_TIMESTAMP): void {
    this.run("processElement1()", (operator) => {
      operator.setKeyContext(0, value);
      operator.processElement1(value, timestamp);
    });
  }
  /** Gives a record to the second input; `timestamp` in ms, none when left out. */
  processElement2(value: IN2, timestamp: number = NO_TIMESTAMP): void {
    this.run("processElement2()", (operator) => {
      operator.setKeyContext(1, value);
      operator.processElement2(value, timestamp);
    });
  }
  /** Gives a watermark to the first input, in ms. */
  processWatermark1(mark: number | Watermark): void {
    this.#watermark(mark, 0);
  }
  /** Gives a watermark to the second input, in ms. */
  processWatermark2(mark: number | Watermark): void {
    this.#watermark(mark, 1);
  }
  /** The same watermark on both inputs. */
  processBothWatermarks(mark: number | Watermark): void {
    this.#watermark(mark, 0);
    this.#watermark(mark, 1);
  }
  /** Tells that the first input is idle, active again or finished. */
  processWatermarkStatus1(status: WatermarkStatus): void {
    this.run("processWatermarkStatus1()", (operator) => operator.processStatus(status, 0));
  }
  /** Tells that the second input is idle, active again or finished. */
  processWatermarkStatus2(status: WatermarkStatus): void {
    this.run("processWatermarkStatus2()", (operator) => operator.processStatus(status, 1));
  }
  /** Ends the first input; what the operator emits then goes to the output. */
  endInput1(): void {
    this.run("endInput1()", (operator) => operator.endInput(0));
  }
  /** Ends the second input; what the operator emits then goes to the output. */
  endInput2(): void {
    this.run("endInput2()", (operator) => operator.endInput(1));
  }

  #watermark(mark: number | Watermark, input: number): void {
    const timestamp = typeof mark === "number" ? mark : mark.timestamp;
    this.run(`processWatermark${input + 1}()`, (operator) => operator.processWatermark(timestamp, input));
  }
}

/** Runs an operator with two keyed inputs. */
export class KeyedTwoInputStreamOperatorTestHarness<K extends Key, IN1, IN2, OUT>
  extends TwoInputStreamOperatorTestHarness<IN1, IN2, OUT> {
  /** Records get their key by the selectors; both give the same kind of key. */
  constructor(
    operator: OperatorUnderTest<OUT>,
    keySelector1: KeySelector<IN1, K> | undefined,
    keySelector2: KeySelector<IN2, K> | undefined,
    options: HarnessOptions = {},
  ) {
    super(operator, options, [keySelector1, keySelector2]);
  }
}

/** Runs an operator of the broadcast state pattern: the first input is the main one, the second is broadcast. */
export class BroadcastOperatorTestHarness<IN1, IN2, OUT> extends TwoInputStreamOperatorTestHarness<IN1, IN2, OUT> {
  /** Gives a record to the main input. */
  processElement(value: IN1, timestamp?: number): void {
    this.processElement1(value, timestamp);
  }
  /** Gives a record to the broadcast input. */
  processBroadcastElement(value: IN2, timestamp?: number): void {
    this.processElement2(value, timestamp);
  }
  /** Gives a watermark to the main input, in ms. */
  processWatermark(mark: number | Watermark): void {
    this.processWatermark1(mark);
  }
  /** Gives a watermark to the broadcast input, in ms. */
  processBroadcastWatermark(mark: number | Watermark): void {
    this.processWatermark2(mark);
  }
  /** The broadcast state as it is now. */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V> {
    this.open();
    return this.runtime.operatorState.getBroadcastState(descriptor);
  }
}

/** {@link BroadcastOperatorTestHarness} with a keyed main input. */
export class KeyedBroadcastOperatorTestHarness<K extends Key, IN1, IN2, OUT>
  extends BroadcastOperatorTestHarness<IN1, IN2, OUT> {
  /** Records of the main input get their key by the selector. */
  constructor(operator: OperatorUnderTest<OUT>, keySelector: KeySelector<IN1, K>, options: HarnessOptions = {}) {
    super(operator, options, [keySelector, undefined]);
  }
}
