/**
 * filter: passes the records on for which the function is true.
 *
 * @module
 */

import type { FilterFunction } from "../functions/functions.ts";
import type { FunctionFactory } from "../functions/rich_function.ts";
import type { CallScope } from "./call_scope.ts";
import { callable, refusePromise } from "./function_binding.ts";
import { FunctionOperator, functionOperatorFactory } from "./function_operator.ts";
import type { MapOrFilterFusion } from "./codegen/fusion.ts";
import type { StreamOperatorFactory } from "./operator.ts";
import { callScopeOf } from "./runtime_context.ts";

/** Runs a {@link FilterFunction}. */
export class FilterOperator<T> extends FunctionOperator<FilterFunction<T>, T> {
  readonly #filter: (value: T) => boolean;
  #scope!: CallScope;

  constructor(fn: FilterFunction<T>) {
    super(fn);
    this.#filter = callable(fn, "filter");
  }
  override open(): void {
    this.#scope = callScopeOf(this.ctx);
    super.open();
  }
  fusion(): MapOrFilterFusion {
    return { kind: "filter", call: this.#filter as (value: unknown) => unknown, scope: this.handlesScope(this.#scope) };
  }
  override processElement(value: unknown, timestamp: number): void {
    if (this.#keeps(value as T)) this.output.emit(value as T, timestamp);
  }
  #keeps(value: T): boolean {
    this.#scope.enter();
    try {
      const result = this.#filter(value);
      // A promise is truthy: without this check an async filter would keep everything.
      refusePromise(result, "filter()");
      return result;
    } finally {
      this.#scope.exit();
    }
  }
}

/** Makes {@link FilterOperator}s. */
export function filterOperator<T>(
  fn: FilterFunction<T> | FunctionFactory<FilterFunction<T>>,
): StreamOperatorFactory<T> {
  return functionOperatorFactory(fn, 1, (own) => new FilterOperator(own));
}
