/**
 * Feeds an operator from a script of steps, with control over where it may be interrupted. Used by cruel.ts.
 *
 * @module
 */

import { invariant } from "../errors.ts";
import type { KeySelector } from "../functions/functions.ts";
import type { StreamOperator } from "../operators/operator.ts";
import type { Key } from "../types/key.ts";
import { copyValue } from "../types/copy.ts";
import { NO_TIMESTAMP } from "../types/stream_element.ts";
import type { StatusElement, StreamRecord, Watermark } from "./harness_elements.ts";
import type { HarnessOptions, OperatorUnderTest } from "./harness_options.ts";
import { StreamOperatorTestHarness } from "./operator_test_harness.ts";
import { overwrite } from "./overwrite.ts";

/** Moves processing time. */
export interface ProcessingTimeStep {
  /** Tells it from the other steps. */
  readonly kind: "processing-time";
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}
/** Ends an input; after the last one the operator is finished. */
export interface EndStep {
  /** Tells it from the other steps. */
  readonly kind: "end";
}
/** One step of a script; `input` counts from 0 and is 0 when left out. */
export type CruelStep = (StreamRecord | Watermark | StatusElement | ProcessingTimeStep | EndStep) & {
  readonly input?: number;
};

/** The step for an input other than the first. */
export function onInput<S extends CruelStep>(input: number, step: S): S & { readonly input: number } {
  return { ...step, input };
}
/** A step that moves processing time. */
export function processingTime(timestamp: number): ProcessingTimeStep {
  return { kind: "processing-time", timestamp };
}
/** A step that ends an input. */
export function endOfInput(): EndStep {
  return { kind: "end" };
}

/** Key selector per input. */
export type ScriptKeySelectors = readonly (KeySelector<never, Key> | undefined)[];

/** An operator fed from a script. */
export class ScriptHarness<OUT> extends StreamOperatorTestHarness<OUT> {
  readonly #mutateInput: boolean;
  readonly #ended = new Set<number>();

  constructor(
    operator: OperatorUnderTest<OUT>,
    selectors: ScriptKeySelectors,
    options: HarnessOptions & { readonly mutateInput?: boolean },
  ) {
    super(operator, selectors as readonly KeySelector<unknown, Key>[], options);
    this.#mutateInput = options.mutateInput ?? false;
  }

  /**
   * Takes one step.
   *
   * @param mayStop With true it stops as soon as work is left and a snapshot would be allowed.
   * @returns Whether the step is complete.
   */
  feed(step: CruelStep, mayStop = false): boolean {
    const input = step.input ?? 0;
    const value = step.kind === "record" ? copyValue(step.value) : undefined;
    if (step.kind === "processing-time") this.#setTime(step.timestamp);
    else this.runNow(`step ${step.kind}`, (operator) => this.#give(operator, step, { input, value }));
    if (!this.#drain(mayStop)) return false;
    this.runDue();
    if (this.#mutateInput) overwrite(value);
    return true;
  }

  #setTime(timestamp: number): void {
    this.open();
    this.seams.clock.jumpTo(timestamp);
  }

  #give(
    operator: StreamOperator<OUT>,
    step: CruelStep,
    { input, value }: { readonly input: number; readonly value: unknown },
  ): void {
    switch (step.kind) {
      case "record": {
        const timestamp = step.timestamp ?? NO_TIMESTAMP;
        operator.setKeyContext(input, value);
        if (operator.numInputs < 2) operator.processElement(value, timestamp);
        else if (input === 0) operator.processElement1(value, timestamp);
        else operator.processElement2(value, timestamp);
        break;
      }
      case "watermark":
        operator.processWatermark(step.timestamp, input);
        break;
      case "status":
        operator.processStatus(step.status, input);
        break;
      case "end":
        operator.endInput(input);
        this.#ended.add(input);
        if (this.#ended.size >= operator.numInputs) {
          this.#drain(false);
          operator.finish();
        }
    }
  }

  /** Resumes until nothing is left; false when it stopped early. Every resume must bring the operator forward. */
  #drain(mayStop: boolean): boolean {
    const operator = this.getOperator();
    for (let resumes = 0; operator.busy; resumes++) {
      if (mayStop && operator.canSnapshot) return false;
      invariant(resumes < 1_000_000, `${operator.constructor.name} makes no progress`);
      this.resumeOnce();
    }
    return true;
  }
}
