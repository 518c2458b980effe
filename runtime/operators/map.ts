/**
 * map: one value in, one value out, with the timestamp of the input.
 *
 * @module
 */

import type { MapFunction } from "../functions/functions.ts";
import type { FunctionFactory } from "../functions/rich_function.ts";
import type { CallScope } from "./call_scope.ts";
import { callable, refusePromise } from "./function_binding.ts";
import { FunctionOperator, functionOperatorFactory } from "./function_operator.ts";
import type { MapOrFilterFusion } from "./codegen/fusion.ts";
import { MutationCheck } from "./mutation_check.ts";
import type { StreamOperatorFactory } from "./operator.ts";
import { callScopeOf } from "./runtime_context.ts";

/** On functions of the engine's own that do no more than put the record into an object. */
export const WRAPS_RECORD: unique symbol = Symbol("wraps the record");

/** Runs a {@link MapFunction}. */
export class MapOperator<T, R> extends FunctionOperator<MapFunction<T, R>, R> {
  readonly #map: (value: T) => R;
  #scope!: CallScope;
  #check: MutationCheck | undefined;

  constructor(fn: MapFunction<T, R>) {
    super(fn);
    this.#map = callable(fn, "map");
  }
  override open(): void {
    this.#scope = callScopeOf(this.ctx);
    this.#check = MutationCheck.for(this.ctx);
    super.open();
  }
  /** Values to be compared later go the long way. */
  fusion(): MapOrFilterFusion | undefined {
    if (this.#check !== undefined) return undefined;
    const call = this.#map as (value: unknown) => unknown;
    const keepsTravelling = typeof this.fn === "function" && WRAPS_RECORD in this.fn;
    return { kind: "map", call, scope: this.handlesScope(this.#scope), keepsTravelling };
  }
  override processElement(value: unknown, timestamp: number): void {
    this.output.emit(this.#call(value as T), timestamp);
  }
  #call(value: T): R {
    this.#scope.enter();
    try {
      const result = this.#map(value);
      refusePromise(result, "map()");
      if (this.#check === undefined) return result;
      this.#check.verify("map()");
      return this.#check.returned(result);
    } finally {
      this.#scope.exit();
    }
  }
}

/** Makes {@link MapOperator}s. */
export function mapOperator<T, R>(
  fn: MapFunction<T, R> | FunctionFactory<MapFunction<T, R>>,
): StreamOperatorFactory<R> {
  return functionOperatorFactory(fn, 1, (own) => new MapOperator(own));
}
