/**
 * map and flatMap over two connected streams.
 *
 * @module
 */

import type { CoFlatMapFunction, CoMapFunction } from "../functions/functions.ts";
import type { FunctionFactory } from "../functions/rich_function.ts";
import type { CallScope } from "./call_scope.ts";
import { IterableDrain } from "./flat_map.ts";
import { refusePromise } from "./function_binding.ts";
import { FunctionOperator, functionOperatorFactory } from "./function_operator.ts";
import { MutationCheck } from "./mutation_check.ts";
import type { CoMapFusion, FlatMapFusion } from "./codegen/fusion.ts";
import type { StreamOperatorFactory } from "./operator.ts";
import { callScopeOf } from "./runtime_context.ts";

/** Runs a {@link CoMapFunction}. */
export class CoMapOperator<A, B, R> extends FunctionOperator<CoMapFunction<A, B, R>, R> {
  #scope!: CallScope;
  #check: MutationCheck | undefined;

  constructor(fn: CoMapFunction<A, B, R>) {
    super(fn, 2);
  }
  override open(): void {
    this.#scope = callScopeOf(this.ctx);
    this.#check = MutationCheck.for(this.ctx);
    super.open();
  }
  fusion(): CoMapFusion | undefined {
    if (this.#check !== undefined) return undefined;
    return { kind: "coMap", fn: this.fn, methods: ["map1", "map2"], scope: this.#scope };
  }
  override processElement1(value: unknown, timestamp: number): void {
    this.#call("map1()", timestamp, () => this.fn.map1(value as A));
  }
  override processElement2(value: unknown, timestamp: number): void {
    this.#call("map2()", timestamp, () => this.fn.map2(value as B));
  }
  #call(what: string, timestamp: number, run: () => R): void {
    let result: R;
    this.#scope.enter();
    try {
      result = run();
      refusePromise(result, what);
    } finally {
      this.#scope.exit();
    }
    this.#check?.verify(what);
    this.output.emit(this.#check === undefined ? result : this.#check.returned(result), timestamp);
  }
}

/** Runs a {@link CoFlatMapFunction}. */
export class CoFlatMapOperator<A, B, R> extends FunctionOperator<CoFlatMapFunction<A, B, R>, R> {
  #drain!: IterableDrain<R>;

  constructor(fn: CoFlatMapFunction<A, B, R>) {
    super(fn, 2);
  }
  override open(): void {
    this.#drain = new IterableDrain(this.ctx);
    super.open();
  }
  fusion(): FlatMapFusion {
    const { fn } = this;
    const calls = [{ fn, method: "flatMap1" }, { fn, method: "flatMap2" }];
    return this.#drain.fusion(calls, ["flatMap1()", "flatMap2()"], (work) => this.begin(work));
  }
  override processElement1(value: unknown, timestamp: number): void {
    const work = this.#drain.call("flatMap1()", timestamp, (out) => this.fn.flatMap1(value as A, out));
    if (work !== undefined) this.begin(work);
  }
  override processElement2(value: unknown, timestamp: number): void {
    const work = this.#drain.call("flatMap2()", timestamp, (out) => this.fn.flatMap2(value as B, out));
    if (work !== undefined) this.begin(work);
  }
  override close(): void {
    this.#drain?.close();
    super.close();
  }
}

/** Makes {@link CoMapOperator}s. */
export function coMapOperator<A, B, R>(
  fn: CoMapFunction<A, B, R> | FunctionFactory<CoMapFunction<A, B, R>>,
): StreamOperatorFactory<R> {
  return functionOperatorFactory(fn, 2, (own) => new CoMapOperator(own));
}

/** Makes {@link CoFlatMapOperator}s. */
export function coFlatMapOperator<A, B, R>(
  fn: CoFlatMapFunction<A, B, R> | FunctionFactory<CoFlatMapFunction<A, B, R>>,
): StreamOperatorFactory<R> {
  return functionOperatorFactory(fn, 2, (own) => new CoFlatMapOperator(own));
}
