/**
 * process on a stream without key: side outputs and clocks, no timers, no keyed state.
 *
 * @module
 */

import type { Process } from "../functions/process_function.ts";
import type { FunctionFactory } from "../functions/rich_function.ts";
import type { StateDeclarations } from "../functions/state_descriptor.ts";
import { refusePromise } from "./function_binding.ts";
import { FunctionOperator, functionOperatorFactory } from "./function_operator.ts";
import type { ProcessFusion } from "./codegen/fusion.ts";
import type { StreamOperatorFactory } from "./operator.ts";
import { ProcessBinding } from "./process_context.ts";

/** Runs a {@link Process} function. */
export class ProcessOperator<I, O, S extends StateDeclarations> extends FunctionOperator<Process<I, O, S>, O> {
  #binding!: ProcessBinding<O>;

  override open(): void {
    this.#binding = new ProcessBinding({
      fn: this.fn,
      context: this.ctx,
      currentWatermark: () => this.currentWatermark,
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
      refusePromise(
        this.fn.processElement(value as I, binding.contextAt(timestamp) as never, out),
        "processElement()",
      );
    } finally {
      binding.end();
    }
  }
}

/** Makes {@link ProcessOperator}s. */
export function processOperator<I, O, S extends StateDeclarations>(
  fn: Process<I, O, S> | FunctionFactory<Process<I, O, S>>,
): StreamOperatorFactory<O> {
  return functionOperatorFactory(fn, 1, (own) => new ProcessOperator(own));
}
