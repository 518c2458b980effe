/**
 * reduce on a keyed stream: the running result per key, one output per input; in batch mode one output per key at the end.
 *
 * @module
 */

import type { ReduceFunction } from "../functions/functions.ts";
import type { FunctionFactory } from "../functions/rich_function.ts";
import { type ValueState, ValueStateDescriptor } from "../functions/state_descriptor.ts";
import { VOID_NAMESPACE } from "../state/keyed_state_backend.ts";
import { TypedValueState } from "../state/typed_states.ts";
import { MAX_WATERMARK } from "../types/stream_element.ts";
import type { TypeInformation } from "../types/type_information.ts";
import type { CallScope } from "./call_scope.ts";
import { callable, refusePromise } from "./function_binding.ts";
import { type InPlaceReducer, isRecordReducer } from "./field_aggregation.ts";
import { FunctionOperator, functionOperatorFactory } from "./function_operator.ts";
import { MutationCheck } from "./mutation_check.ts";
import type { ReduceFusion } from "./codegen/fusion.ts";
import type { StreamOperatorFactory } from "./operator.ts";
import { callScopeOf, requireKeyedState } from "./runtime_context.ts";
import type { InternalTimerService, Triggerable } from "./timers/timer_service.ts";

const STATE_NAME = "_op_state";

/** Runs a {@link ReduceFunction} per key. */
export class ReduceOperator<T> extends FunctionOperator<ReduceFunction<T>, T> implements Triggerable {
  readonly #reduce: (left: T, right: T) => T;
  readonly #type: TypeInformation<T> | undefined;
  #scope!: CallScope;
  #values!: ValueState<T>;
  #check: MutationCheck | undefined;
  /** Set when the function is one of the engine's own, which may see what is stored: state without copies. */
  #stored: TypedValueState | undefined;
  #inPlace: InPlaceReducer | undefined;
  /** Set in batch mode: its timers give out the results at the end. */
  #atEnd: InternalTimerService | undefined;

  constructor(fn: ReduceFunction<T>, type?: TypeInformation<T>) {
    super(fn);
    this.#reduce = callable(fn, "reduce");
    this.#type = type;
  }
  override open(): void {
    this.#scope = callScopeOf(this.ctx);
    this.#check = MutationCheck.for(this.ctx);
    const backend = requireKeyedState(this.ctx.keyedState, STATE_NAME, this.ctx.operator);
    this.#values = backend.state<ValueState<T>>(new ValueStateDescriptor<T>(STATE_NAME, { type: this.#type }));
    if (isRecordReducer(this.fn) && this.#values instanceof TypedValueState && this.#check === undefined) {
      this.#stored = this.#values;
      this.#inPlace = this.fn.inPlace?.(this.#values.codegenId);
    }
    if (this.ctx.config.runtimeMode === "BATCH") {
      this.#atEnd = this.ctx.timers.getInternalTimerService("end-key-timers", this);
    }
    super.open();
  }
  override processElement(value: unknown, timestamp: number): void {
    if (this.#stored !== undefined && this.#atEnd === undefined) {
      this.output.emit(this.#reduceStored(this.#stored, value) as T, timestamp);
      return;
    }
    const current = this.#values.value();
    // As in Flink, null in state is the same as nothing.
    const isFirst = current === undefined || current === null;
    const result = isFirst ? value as T : this.#call(current, value as T);
    // The backend keeps a copy of its own, so the result can move on.
    this.#values.update(result);
    if (this.#atEnd === undefined) this.output.emit(result, timestamp);
    else if (isFirst) this.#atEnd.registerEventTimeTimer(VOID_NAMESPACE, MAX_WATERMARK);
  }

  fusion(): ReduceFusion | undefined {
    if (this.#atEnd !== undefined || this.#check !== undefined) return undefined;
    const stored = this.#stored;
    return {
      kind: "reduce",
      values: this.#values,
      call: this.#reduce as ReduceFusion["call"],
      scope: this.#scope,
      reduceStored: stored && ((value) => this.#reduceStored(stored, value)),
    };
  }

  /** The same with a function that neither keeps nor changes what it is given. */
  #reduceStored(values: TypedValueState, value: unknown): unknown {
    const current = values.storedValue();
    let result = value;
    if (current !== undefined) {
      if (typeof current === "object" && typeof value === "object" && value !== null && this.#inPlace !== undefined) {
        if (this.#inPlace(current as object, value)) return values.value();
      }
      result = this.#reduce(current as T, value as T);
      if (result === current && typeof current === "object") return values.value();
    }
    values.update(result);
    return result;
  }

  onEventTime(): void {
    const result = this.#values.value();
    if (result !== undefined && result !== null) this.output.emit(result, MAX_WATERMARK);
  }
  onProcessingTime(): void {}

  #call(current: T, value: T): T {
    this.#scope.enter();
    try {
      const result = this.#reduce(current, value);
      refusePromise(result, "reduce()");
      if (this.#check === undefined) return result;
      this.#check.verify("reduce()");
      return this.#check.returned(result);
    } finally {
      this.#scope.exit();
    }
  }
}

/** Makes {@link ReduceOperator}s. `type` describes the value, for the schema of the state. */
export function reduceOperator<T>(
  fn: ReduceFunction<T> | FunctionFactory<ReduceFunction<T>>,
  options: { readonly type?: TypeInformation<T> } = {},
): StreamOperatorFactory<T> {
  return functionOperatorFactory(fn, 1, (own) => new ReduceOperator(own, options.type));
}
