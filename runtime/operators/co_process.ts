/**
 * process over two connected streams, without key and keyed.
 *
 * @module
 */

import type { CoProcess, KeyedCoProcess } from "../functions/process_function.ts";
import type { FunctionFactory } from "../functions/rich_function.ts";
import type { StateDeclarations } from "../functions/state_descriptor.ts";
import { refusePromise } from "./function_binding.ts";
import { FunctionOperator, functionOperatorFactory } from "./function_operator.ts";
import type { ProcessFusion } from "./codegen/fusion.ts";
import type { StreamOperatorFactory } from "./operator.ts";
import { ProcessBinding } from "./process_context.ts";
import type { Triggerable } from "./timers/timer_service.ts";
import { onTimer } from "./timers/user_timers.ts";

/** Runs a {@link CoProcess} function. */
export class CoProcessOperator<A, B, O, S extends StateDeclarations>
  extends FunctionOperator<CoProcess<A, B, O, S>, O> {
  #binding!: ProcessBinding<O>;

  constructor(fn: CoProcess<A, B, O, S>) {
    super(fn, 2);
  }
  override open(): void {
    this.#binding = new ProcessBinding({
      fn: this.fn,
      context: this.ctx,
      currentWatermark: () => this.currentWatermark,
    });
    super.open();
  }
  fusion(): ProcessFusion {
    return this.#binding.fusion(this.fn, "processElement1", "processElement2");
  }
  override processElement1(value: unknown, timestamp: number): void {
    const binding = this.#binding;
    const out = binding.begin(timestamp);
    try {
      const ctx = binding.contextAt(timestamp) as never;
      refusePromise(this.fn.processElement1(value as A, ctx, out), "processElement1()");
    } finally {
      binding.end();
    }
  }
  override processElement2(value: unknown, timestamp: number): void {
    const binding = this.#binding;
    const out = binding.begin(timestamp);
    try {
      const ctx = binding.contextAt(timestamp) as never;
      refusePromise(this.fn.processElement2(value as B, ctx, out), "processElement2()");
    } finally {
      binding.end();
    }
  }
}

/** Runs a {@link KeyedCoProcess} function. */
export class KeyedCoProcessOperator<K, A, B, O, S extends StateDeclarations>
  extends FunctionOperator<KeyedCoProcess<K, A, B, O, S>, O>
  implements Triggerable {
  #binding!: ProcessBinding<O>;

  constructor(fn: KeyedCoProcess<K, A, B, O, S>) {
    super(fn, 2);
  }
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
    return this.#binding.fusion(this.fn, "processElement1", "processElement2");
  }
  override processElement1(value: unknown, timestamp: number): void {
    const binding = this.#binding;
    const out = binding.begin(timestamp);
    try {
      const ctx = binding.contextAt(timestamp) as never;
      refusePromise(this.fn.processElement1(value as A, ctx, out), "processElement1()");
    } finally {
      binding.end();
    }
  }
  override processElement2(value: unknown, timestamp: number): void {
    const binding = this.#binding;
    const out = binding.begin(timestamp);
    try {
      const ctx = binding.contextAt(timestamp) as never;
      refusePromise(this.fn.processElement2(value as B, ctx, out), "processElement2()");
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

/** Makes {@link CoProcessOperator}s. */
export function coProcessOperator<A, B, O, S extends StateDeclarations>(
  fn: CoProcess<A, B, O, S> | FunctionFactory<CoProcess<A, B, O, S>>,
): StreamOperatorFactory<O> {
  return functionOperatorFactory(fn, 2, (own) => new CoProcessOperator(own));
}

/** Makes {@link KeyedCoProcessOperator}s. */
export function keyedCoProcessOperator<K, A, B, O, S extends StateDeclarations>(
  fn: KeyedCoProcess<K, A, B, O, S> | FunctionFactory<KeyedCoProcess<K, A, B, O, S>>,
): StreamOperatorFactory<O> {
  return functionOperatorFactory(fn, 2, (own) => new KeyedCoProcessOperator(own));
}
