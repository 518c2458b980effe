/**
 * Records the calls of a KeyedStream: every operator behind it gets the key selector and its hash rule.
 *
 * @module
 */

import { KeyedProcessFunction, ProcessFunction } from "../../functions/process_function.ts";
import { GlobalWindows } from "../../functions/windowing/window_assigners.ts";
import type { Window, WindowAssigner } from "../../functions/windowing/windows.ts";
import type { StreamPartitioner } from "../../graph/stream_partitioner.ts";
import type { Transformation } from "../../graph/transformation.ts";
import { maxByOf, maxOf, minByOf, minOf, sumOf } from "../../operators/field_aggregation.ts";
import { keyedProcessOperator } from "../../operators/keyed_process.ts";
import { processOperator } from "../../operators/process.ts";
import { reduceOperator } from "../../operators/reduce.ts";
import type { Key } from "../../types/key.ts";
import type { KeyedStream } from "../keyed_stream.ts";
import { programError, requireFunction, requireObject } from "./checks.ts";
import type { RecordedKey } from "./keys.ts";
import type { RecordedOperator } from "./recorded_operator.ts";
import { countWindows, RecordedStream } from "./recorded_stream.ts";
import type { MethodsOf, OperatorRecord, StreamFactory } from "./stream_factory.ts";

/** Implements {@link KeyedStream}. */
export class RecordedKeyedStream extends RecordedStream implements MethodsOf<KeyedStream<unknown, Key>> {
  constructor(factory: StreamFactory, transformation: Transformation, readonly key: RecordedKey) {
    super(factory, transformation);
  }

  override process(fn: unknown): object {
    const checked = requireObject(fn, "process()", "processElement");
    // Flink lets a ProcessFunction stand here too; it has no timers and no key.
    if (checked instanceof ProcessFunction && !((checked as unknown) instanceof KeyedProcessFunction)) {
      return this.record({ name: "Process", factory: processOperator(checked as never) });
    }
    return this.record({ name: "KeyedProcess", factory: keyedProcessOperator(checked as never) });
  }
  reduce(reducer: unknown): RecordedOperator {
    return this.#reduce("Keyed Reduce", requireFunction(reducer, "reduce()", "reduce"));
  }
  sum(field: string): object {
    return this.#aggregate(sumOf(field));
  }
  min(field: string): object {
    return this.#aggregate(minOf(field));
  }
  max(field: string): object {
    return this.#aggregate(maxOf(field));
  }
  minBy(field: string, first = true): object {
    return this.#aggregate(minByOf(field, first));
  }
  maxBy(field: string, first = true): object {
    return this.#aggregate(maxByOf(field, first));
  }
  window(assigner: WindowAssigner<unknown, Window>): object {
    return this.factory.windowed({ input: this, assigner, isAll: false });
  }
  countWindow(size: number, slide?: number): object {
    return countWindows(this.window(GlobalWindows.create()), size, slide);
  }
  intervalJoin(other: unknown): object {
    const right = this.other(other, "intervalJoin()");
    if (right instanceof RecordedKeyedStream) return this.factory.intervalJoin(this, right);
    throw programError("TSF-1204", "intervalJoin() needs two keyed streams", {
      expected: "a KeyedStream",
      found: "a stream that is not keyed",
      hint: "Call keyBy() on the other stream first.",
    });
  }

  /** Records an operator with the key of this stream. */
  protected override record(operator: OperatorRecord, parallelism?: number): RecordedOperator {
    return super.record({ ...operator, key: this.key }, parallelism) as RecordedOperator;
  }
  /** Partitioning would part records from the state of their key. */
  protected override partition(partitioner: StreamPartitioner): RecordedStream {
    throw programError("TSF-1205", "The partitioning of a keyed stream cannot be changed", {
      expected: "an operator behind keyBy(), or another keyBy()",
      found: partitioner.strategy.toLowerCase(),
      hint: "Repartition before keyBy() or behind the next operator.",
    });
  }

  #reduce(name: string, reducer: unknown): RecordedOperator {
    return this.record({ name, factory: reduceOperator(reducer as never) });
  }
  #aggregate(reducer: unknown): object {
    return this.#reduce("Keyed Aggregation", reducer);
  }
}
