/**
 * process on a keyed stream: timers in both time domains and state by key.
 *
 * @module
 */

import type { KeyedProcess } from "../functions/process_function.ts";
import type { FunctionFactory } from "../functions/rich_function.ts";
import type { StateDeclarations } from "../functions/state_descriptor.ts";
import { refusePromise } from "./function_binding.ts";
import { FunctionOperator, functionOperatorFactory } from "./function_operator.ts";
import type { ProcessFusion } from "./codegen/fusion.ts";
import type { StreamOperatorFactory } from "./operator.ts";
import { ProcessBinding } from "./process_context.ts";
import type { Triggerable } from "./timers/timer_service.ts";
import { onTimer } from "./timers/user_timers.ts";

/** Runs a {@link KeyedProcess} function. */
export class KeyedProcessOperator<K, I, O, S extends StateDeclarations>
  extends FunctionOperator<KeyedProcess<K, I, O, S>, O>
  implements Triggerable {
  #binding!: ProcessBinding<O>;

  override open(): void {
    this.#binding = new ProcessBinding({
      fn: this.fn,
      context: this.ctx,
      currentWatermark: () => this.currentWatermark,
      triggerable: this,
    });
    super.open();
  }
  fusion(): ProcessFusion {
    return this.#binding.fusion(this.fn, "processElement");
  }
  override processElement(value: unknown, timestamp: number): void {
    const binding = this.#binding;
    const out = binding.begin(timestamp);
    try {
      const ctx = binding.contextAt(timestamp) as never;
      refusePromise(this.fn.processElement(value as I, ctx, out), "processElement()");
    } finally {
      binding.end();
    }
  }
  onEventTime(timestamp: number): void {
    onTimer(this.#binding, this.fn, timestamp, "event-time");
  }
  onProcessingTime(timestamp: number): void {
    onTimer(this.#binding, this.fn, timestamp, "processing-time");
  }
}

/** Makes {@link KeyedProcessOperator}s. */
export function keyedProcessOperator<K, I, O, S extends StateDeclarations>(
  fn: KeyedProcess<K, I, O, S> | FunctionFactory<KeyedProcess<K, I, O, S>>,
): StreamOperatorFactory<O> {
  return functionOperatorFactory(fn, 1, (own) => new KeyedProcessOperator(own));
}
