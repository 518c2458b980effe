/**
 * Operators over a whole partition without key (what one subtask gets): the result comes when the input has ended, without
 * timestamp.
 *
 * Invariants: what was kept is written to operator state at a barrier; results leave one at a time, as there is room.
 * The keyed form of the sort is in keyed_full_window_partition.ts.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { AggregateFunction, KeySelector, MapPartitionFunction, ReduceFunction } from "../functions/functions.ts";
import type { FunctionFactory } from "../functions/rich_function.ts";
import { type ListState, ListStateDescriptor } from "../functions/state_descriptor.ts";
import { copyValue } from "../types/copy.ts";
import { NO_TIMESTAMP } from "../types/stream_element.ts";
import { CallCollector } from "./collector.ts";
import { compareValues, type Field, fieldGetter } from "./field_aggregation.ts";
import { callable, refusePromise } from "./function_binding.ts";
import { FunctionOperator, functionOperatorFactory } from "./function_operator.ts";
import type { StreamOperatorFactory } from "./operator.ts";
import { callScopeOf } from "./runtime_context.ts";

/** Direction of a sort. */
export type SortOrder = "ASCENDING" | "DESCENDING";

/** What to sort by. */
export interface SortOptions<T> {
  /** A function, or a field name or tuple index. */
  readonly selector: KeySelector<T, unknown> | Field;
  readonly order: SortOrder;
}

/** Keeps things in a list that survives a restore. */
abstract class KeepingOperator<F, OUT> extends FunctionOperator<F, OUT> {
  #state!: ListState<unknown>;
  protected kept: unknown[] = [];

  override initializeState(): void {
    super.initializeState();
    this.#state = this.ctx.operatorState.getListState(new ListStateDescriptor<unknown>("partition"));
    this.kept = this.#state.get();
  }
  override snapshotState(checkpointId: number): void {
    super.snapshotState(checkpointId);
    this.#state.update(this.kept);
  }
  /** Keeps a copy: whoever made the record may still hold it. */
  protected keep(value: unknown): void {
    this.kept.push(this.ctx.config.objectReuse ? value : copyValue(value));
  }
  /** Runs user code as one call. */
  protected call<R>(what: string, run: () => R): R {
    const scope = callScopeOf(this.ctx);
    scope.enter();
    try {
      const result = run();
      refusePromise(result, what);
      return result;
    } finally {
      scope.exit();
    }
  }
}

class MapPartitionOperator<T, R> extends KeepingOperator<MapPartitionFunction<T, R>, R> {
  override processElement(value: unknown): void {
    this.keep(value);
  }
  override endInput(): void {
    const records = this.kept as T[];
    this.kept = [];
    const collector = new CallCollector(this.ctx);
    const out = collector.begin(NO_TIMESTAMP);
    try {
      refusePromise(callable(this.fn, "mapPartition")(records, out), "mapPartition()");
    } finally {
      collector.end();
    }
  }
}

class SortPartitionOperator<T> extends KeepingOperator<undefined, T> {
  readonly #compare: (left: T, right: T) => number;
  constructor(options: SortOptions<T>) {
    super(undefined);
    this.#compare = comparatorOf(options);
  }
  override processElement(value: unknown): void {
    this.keep(value);
  }
  override endInput(): void {
    const records = this.call("sortPartition()", () => (this.kept as T[]).sort(this.#compare));
    this.kept = [];
    let next = 0;
    this.begin(() => {
      while (next < records.length) {
        this.output.emit(records[next++], NO_TIMESTAMP);
        if (!this.ctx.proceed()) return false;
      }
      return true;
    });
  }
}

class ReducePartitionOperator<T> extends KeepingOperator<ReduceFunction<T>, T> {
  readonly #reduce: (left: T, right: T) => T;
  constructor(fn: ReduceFunction<T>) {
    super(fn);
    this.#reduce = callable(fn, "reduce");
  }
  override initializeState(): void {
    super.initializeState();
    // Parts of several old subtasks may come together on rescaling.
    this.kept.splice(0).forEach((value) => this.processElement(value));
  }
  override processElement(value: unknown): void {
    if (this.kept.length === 0) this.keep(value);
    else this.kept[0] = this.call("reduce()", () => this.#reduce(this.kept[0] as T, value as T));
  }
  override endInput(): void {
    if (this.kept.length > 0) this.output.emit(this.kept[0] as T, NO_TIMESTAMP);
    this.kept = [];
  }
}

class AggregatePartitionOperator<T, A, R> extends KeepingOperator<AggregateFunction<T, A, R>, R> {
  override open(): void {
    super.open();
    const fn = this.fn;
    if (this.kept.length > 1) {
      const merge = requireMerge(fn);
      this.kept = [this.call("merge()", () => (this.kept as A[]).reduce((a, b) => merge(a, b)))];
    }
    if (this.kept.length === 0) this.kept[0] = this.call("createAccumulator()", () => fn.createAccumulator());
  }
  override processElement(value: unknown): void {
    this.kept[0] = this.call("add()", () => this.fn.add(value as T, this.kept[0] as A));
  }
  override endInput(): void {
    const result = this.call("getResult()", () => this.fn.getResult(this.kept[0] as A));
    this.kept = [];
    this.output.emit(result, NO_TIMESTAMP);
  }
}

function requireMerge<T, A, R>(fn: AggregateFunction<T, A, R>): (left: A, right: A) => A {
  if (fn.merge !== undefined) return fn.merge.bind(fn);
  throw new InvalidProgramError("TSF-2015", "A partition was restored at a smaller parallelism", {
    expected: "an aggregate function with merge()",
    found: "no merge()",
    hint: "Add merge(left, right) to the aggregate function, or restore with the old parallelism.",
  });
}

/** Compares records by a field or function, in the order asked for. */
export function comparatorOf<T>(options: SortOptions<T>): (left: T, right: T) => number {
  const { selector, order } = options;
  const get = typeof selector === "function" ? selector : fieldGetter(selector);
  const name = typeof selector === "function" ? "of the sort key" : selector;
  const sign = order === "DESCENDING" ? -1 : 1;
  return (left, right) => sign * compareValues(get(left), get(right), name);
}

/** The function sees all records of the partition at once. */
export function mapPartitionOperator<T, R>(
  fn: MapPartitionFunction<T, R> | FunctionFactory<MapPartitionFunction<T, R>>,
): StreamOperatorFactory<R> {
  return functionOperatorFactory(fn, 1, (own) => new MapPartitionOperator(own));
}

/** Emits the records of the partition in order; equal ones keep the order they came in. */
export function sortPartitionOperator<T>(options: SortOptions<T>): StreamOperatorFactory<T> {
  return {
    chainingStrategy: "ALWAYS",
    numInputs: 1,
    functions: [options.selector],
    create: () => new SortPartitionOperator(options),
  };
}

/** One result per partition, none for an empty one. */
export function reducePartitionOperator<T>(
  fn: ReduceFunction<T> | FunctionFactory<ReduceFunction<T>>,
): StreamOperatorFactory<T> {
  return functionOperatorFactory(fn, 1, (own) => new ReducePartitionOperator(own));
}

/** One result per partition, for an empty one that of a new accumulator. */
export function aggregatePartitionOperator<T, A, R>(
  fn: AggregateFunction<T, A, R> | FunctionFactory<AggregateFunction<T, A, R>>,
): StreamOperatorFactory<R> {
  return functionOperatorFactory(fn, 1, (own) => new AggregatePartitionOperator(own));
}
