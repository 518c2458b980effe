/**
 * Records full-window partitions: operators of their own on a stream that is not keyed, global windows with the
 * end-of-stream trigger on a keyed one.
 *
 * @module
 */

import type { Collector, KeySelector } from "../../functions/functions.ts";
import type { Window } from "../../functions/windowing/windows.ts";
import { perSubtask } from "../../functions/rich_function.ts";
import { GlobalWindows } from "../../functions/windowing/window_assigners.ts";
import {
  aggregatePartitionOperator,
  mapPartitionOperator,
  reducePartitionOperator,
  sortPartitionOperator,
} from "../../operators/full_window_partition.ts";
import { callable, instantiate, refusePromise } from "../../operators/function_binding.ts";
import { keyedSortPartitionOperator } from "../../operators/keyed_full_window_partition.ts";
import type { StreamOperatorFactory } from "../../operators/operator.ts";
import type { Order, PartitionWindowedStream } from "../partition_window.ts";
import { programError, requireFunction, requireObject } from "./checks.ts";
import { ForwardedFunction } from "./forwarded_function.ts";
import { RecordedKeyedStream } from "./recorded_keyed_stream.ts";
import type { RecordedOperator } from "./recorded_operator.ts";
import type { RecordedStream } from "./recorded_stream.ts";
import type { RecordedWindowedStream } from "./recorded_windowed_stream.ts";
import type { MethodsOf, StreamFactory } from "./stream_factory.ts";

/** Implements {@link PartitionWindowedStream}. */
export class RecordedPartitionWindow implements MethodsOf<PartitionWindowedStream<unknown>> {
  constructor(private readonly factory: StreamFactory, private readonly input: RecordedStream) {}

  mapPartition(fn: unknown): object {
    const checked = requireFunction(fn, "mapPartition()", "mapPartition");
    if (this.#isKeyed()) return this.#windows().apply(mapPartitionOfWindow(checked));
    return this.#record("MapPartition", mapPartitionOperator(checked as never)).disableChaining();
  }
  reduce(reducer: unknown): object {
    const checked = requireFunction(reducer, "reduce()", "reduce");
    if (this.#isKeyed()) return this.#windows().reduce(checked);
    return this.#record("PartitionReduce", reducePartitionOperator(checked as never));
  }
  aggregate(aggregator: unknown): object {
    const checked = requireObject(aggregator, "aggregate()", "createAccumulator", "add", "getResult");
    if (this.#isKeyed()) return this.#windows().aggregate(checked);
    return this.#record("PartitionAggregate", aggregatePartitionOperator(checked as never));
  }
  sortPartition(field: string | KeySelector<unknown, unknown>, order: Order): object {
    if (order !== "ASCENDING" && order !== "DESCENDING") {
      throw programError("TSF-1218", "The order of sortPartition() is missing", {
        expected: `"ASCENDING" or "DESCENDING"`,
        found: String(order),
      });
    }
    const options = { selector: field as never, order };
    return this.#isKeyed()
      ? this.#record("KeyedSortPartition", keyedSortPartitionOperator(options))
      : this.#record("SortPartition", sortPartitionOperator(options));
  }

  #isKeyed(): boolean {
    return this.input instanceof RecordedKeyedStream;
  }
  #windows(): RecordedWindowedStream {
    const keyed = this.input as RecordedKeyedStream;
    return keyed.window(GlobalWindows.createWithEndOfStreamTrigger()) as RecordedWindowedStream;
  }
  #record(name: string, factory: StreamOperatorFactory<unknown>): RecordedOperator {
    const key = this.input instanceof RecordedKeyedStream ? this.input.key : undefined;
    const made = this.factory.oneInput(this.input.getTransformation(), { name, factory, key });
    return made.setParallelism(this.input.getParallelism());
  }
}

/** A window function that hands all records of a key to a mapPartition function. */
class PartitionOfWindow extends ForwardedFunction {
  readonly #mapPartition: (values: Iterable<unknown>, out: Collector<unknown>) => unknown;

  constructor(fn: unknown) {
    super(fn);
    this.#mapPartition = callable(fn, "mapPartition");
  }
  apply(_key: unknown, _window: Window, values: Iterable<unknown>, out: Collector<unknown>): void {
    refusePromise(this.#mapPartition(values, out), "mapPartition()");
  }
}

function mapPartitionOfWindow(fn: unknown): unknown {
  // The factory's name stands in the description of the window, as in Flink.
  const KeyedMapPartitionWindowFunction = () => new PartitionOfWindow(instantiate(fn));
  return perSubtask(KeyedMapPartitionWindowFunction);
}
