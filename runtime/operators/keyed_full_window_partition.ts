/**
 * The keyed forms of the operators over a whole partition: the partition is all records of one key.
 *
 * mapPartition, reduce and aggregate give their results at the end as a global window would: by a timer per key, with the
 * largest timestamp. sortPartition gives the records key by key (in the order of the keys' bytes), without timestamp.
 *
 * @module
 */

import type { AggregateFunction, MapPartitionFunction, ReduceFunction } from "../functions/functions.ts";
import type { FunctionFactory } from "../functions/rich_function.ts";
import {
  type AggregatingState,
  AggregatingStateDescriptor,
  type ListState,
  ListStateDescriptor,
  type ReducingState,
  ReducingStateDescriptor,
} from "../functions/state_descriptor.ts";
import { VOID_NAMESPACE } from "../state/keyed_state_backend.ts";
import { ByteWriter } from "../types/byte_buffer.ts";
import { compareBytes, writeKey } from "../types/canonical_key.ts";
import type { Key } from "../types/key.ts";
import { MAX_WATERMARK, NO_TIMESTAMP } from "../types/stream_element.ts";
import { CallCollector } from "./collector.ts";
import { comparatorOf, type SortOptions } from "./full_window_partition.ts";
import { callable, refusePromise } from "./function_binding.ts";
import { FunctionOperator, functionOperatorFactory } from "./function_operator.ts";
import type { StreamOperatorFactory } from "./operator.ts";
import { callScopeOf, requireKeyedState } from "./runtime_context.ts";
import type { InternalTimerService, Triggerable } from "./timer_service.ts";

const STATE = "partition";

/** Keeps records per key and asks for the result of each key at the end. */
abstract class KeyedPartitionOperator<F, OUT> extends FunctionOperator<F, OUT> implements Triggerable {
  #atEnd!: InternalTimerService;

  override open(): void {
    this.openState();
    this.#atEnd = this.ctx.timers.getInternalTimerService("end-key-timers", this);
    super.open();
  }
  override processElement(value: unknown): void {
    this.call(() => this.keep(value));
    this.#atEnd.registerEventTimeTimer(VOID_NAMESPACE, MAX_WATERMARK);
  }
  onEventTime(): void {
    this.finishKey();
  }
  onProcessingTime(): void {}

  protected abstract openState(): void;
  protected abstract keep(value: unknown): void;
  /** Emits the result of the current key. */
  protected abstract finishKey(): void;

  protected call<R>(run: () => R): R {
    const scope = callScopeOf(this.ctx);
    scope.enter();
    try {
      return run();
    } finally {
      scope.exit();
    }
  }
}

class KeyedMapPartitionOperator<T, R> extends KeyedPartitionOperator<MapPartitionFunction<T, R>, R> {
  #records!: ListState<T>;
  protected override openState(): void {
    const backend = requireKeyedState(this.ctx.keyedState, STATE, this.ctx.operator);
    this.#records = backend.state<ListState<T>>(new ListStateDescriptor<T>(STATE));
  }
  protected override keep(value: unknown): void {
    this.#records.add(value as T);
  }
  protected override finishKey(): void {
    const records = this.#records.get();
    this.#records.clear();
    const collector = new CallCollector(this.ctx);
    const out = collector.begin(MAX_WATERMARK);
    try {
      refusePromise(callable(this.fn, "mapPartition")(records, out), "mapPartition()");
    } finally {
      collector.end();
    }
  }
}

class KeyedReducePartitionOperator<T> extends KeyedPartitionOperator<ReduceFunction<T>, T> {
  #result!: ReducingState<T>;
  protected override openState(): void {
    const backend = requireKeyedState(this.ctx.keyedState, STATE, this.ctx.operator);
    const reduce = callable(this.fn, "reduce");
    const checked = (left: T, right: T): T => {
      const result = reduce(left, right);
      refusePromise(result, "reduce()");
      return result;
    };
    this.#result = backend.state<ReducingState<T>>(new ReducingStateDescriptor<T>(STATE, checked));
  }
  protected override keep(value: unknown): void {
    this.#result.add(value as T);
  }
  protected override finishKey(): void {
    const result = this.#result.get();
    this.#result.clear();
    if (result !== undefined) this.output.emit(result, MAX_WATERMARK);
  }
}

class KeyedAggregatePartitionOperator<T, A, R> extends KeyedPartitionOperator<AggregateFunction<T, A, R>, R> {
  #result!: AggregatingState<T, R>;
  protected override openState(): void {
    const backend = requireKeyedState(this.ctx.keyedState, STATE, this.ctx.operator);
    const fn = this.fn;
    this.#result = backend.state<AggregatingState<T, R>>(
      new AggregatingStateDescriptor<T, A, R>(STATE, {
        createAccumulator: () => fn.createAccumulator(),
        add: (value, accumulator) => {
          const next = fn.add(value, accumulator);
          refusePromise(next, "add()");
          return next;
        },
        getResult: (accumulator) => fn.getResult(accumulator),
        merge: fn.merge === undefined ? undefined : (left, right) => fn.merge!(left, right),
      }),
    );
  }
  protected override keep(value: unknown): void {
    this.#result.add(value as T);
  }
  protected override finishKey(): void {
    const result = this.call(() => this.#result.get());
    refusePromise(result, "getResult()");
    this.#result.clear();
    this.output.emit(result as R, MAX_WATERMARK);
  }
}

class KeyedSortPartitionOperator<T> extends FunctionOperator<undefined, T> {
  readonly #compare: (left: T, right: T) => number;
  #records!: ListState<T>;
  readonly #descriptor = new ListStateDescriptor<T>(STATE);

  constructor(options: SortOptions<T>) {
    super(undefined);
    this.#compare = comparatorOf(options);
  }
  override open(): void {
    const backend = requireKeyedState(this.ctx.keyedState, STATE, this.ctx.operator);
    this.#records = backend.state<ListState<T>>(this.#descriptor);
    super.open();
  }
  override processElement(value: unknown): void {
    this.#records.add(value as T);
  }
  override endInput(): void {
    const backend = this.ctx.keyedState!;
    const keys = [...backend.keys(STATE, VOID_NAMESPACE)].map((key) => ({ key, bytes: keyBytes(key) }));
    keys.sort((a, b) => compareBytes(a.bytes, b.bytes));
    let nextKey = 0;
    let nextRecord = 0;
    let records: T[] = [];
    this.begin(() => {
      while (true) {
        while (nextRecord === records.length) {
          if (nextKey === keys.length) return true;
          backend.setCurrentKey(keys[nextKey++].key);
          records = this.#records.get().sort(this.#compare);
          this.#records.clear();
          nextRecord = 0;
        }
        this.output.emit(records[nextRecord++], NO_TIMESTAMP);
        if (!this.ctx.proceed()) return false;
      }
    });
  }
}

function keyBytes(key: Key): Uint8Array {
  const out = new ByteWriter();
  writeKey(out, key);
  return out.toBytes();
}

/** The function sees all records of a key at once. */
export function keyedMapPartitionOperator<T, R>(
  fn: MapPartitionFunction<T, R> | FunctionFactory<MapPartitionFunction<T, R>>,
): StreamOperatorFactory<R> {
  return functionOperatorFactory(fn, 1, (own) => new KeyedMapPartitionOperator(own));
}

/** Emits the records key by key, in order within each. */
export function keyedSortPartitionOperator<T>(options: SortOptions<T>): StreamOperatorFactory<T> {
  return {
    chainingStrategy: "ALWAYS",
    numInputs: 1,
    functions: [options.selector],
    create: () => new KeyedSortPartitionOperator(options),
  };
}

/** One result per key. */
export function keyedReducePartitionOperator<T>(
  fn: ReduceFunction<T> | FunctionFactory<ReduceFunction<T>>,
): StreamOperatorFactory<T> {
  return functionOperatorFactory(fn, 1, (own) => new KeyedReducePartitionOperator(own));
}

/** One result per key. */
export function keyedAggregatePartitionOperator<T, A, R>(
  fn: AggregateFunction<T, A, R> | FunctionFactory<AggregateFunction<T, A, R>>,
): StreamOperatorFactory<R> {
  return functionOperatorFactory(fn, 1, (own) => new KeyedAggregatePartitionOperator(own));
}
