/**
 * Base of operators around one user function object: life cycle, and the factory that gives every subtask its own object.
 *
 * @module
 */

import type { FunctionFactory } from "../functions/rich_function.ts";
import { closeFunction, instantiate, openFunction } from "./function_binding.ts";
import { StreamOperator, type StreamOperatorFactory } from "./operator.ts";

/** An operator that runs a user function. */
export abstract class FunctionOperator<F, OUT> extends StreamOperator<OUT> {
  #opened = false;
  constructor(protected readonly fn: F, numInputs = 1) {
    super(numInputs);
  }
  override open(): void {
    super.open();
    this.#opened = true;
    openFunction(this.fn, this.ctx);
  }
  override close(): void {
    if (this.#opened) closeFunction(this.fn);
  }
}

/** The factory of a {@link FunctionOperator}: chains freely and copies the function for every instance. */
export function functionOperatorFactory<F, OUT>(
  fn: F | FunctionFactory<F>,
  numInputs: number,
  create: (fn: F) => StreamOperator<OUT>,
): StreamOperatorFactory<OUT> {
  return { chainingStrategy: "ALWAYS", numInputs, functions: [fn], create: () => create(instantiate(fn)) };
}
