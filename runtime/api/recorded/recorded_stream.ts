/**
 * Records the calls of a DataStream. One object per transformation; nothing runs here. Names, parallelism and the order
 * of transformations follow docs/graph.md, because operator ids depend on them.
 *
 * @module
 */

import { userFrame } from "../../errors.ts";
import type { Partitioner } from "../../functions/partitioner.ts";
import { CountEvictor } from "../../functions/windowing/evictors.ts";
import { KeyedProcessFunction } from "../../functions/process_function.ts";
import type { Sink } from "../../functions/sink.ts";
import type { MapStateDescriptor } from "../../functions/state_descriptor.ts";
import { CountTrigger, PurgingTrigger } from "../../functions/windowing/triggers.ts";
import { GlobalWindows } from "../../functions/windowing/window_assigners.ts";
import type { Window, WindowAssigner } from "../../functions/windowing/windows.ts";
import type { StreamPartitioner } from "../../graph/stream_partitioner.ts";
import type { PhysicalTransformation, Transformation } from "../../graph/transformation.ts";
import { OneInputTransformation } from "../../graph/transformation.ts";
import {
  PartitionTransformation,
  type SinkUidHashes,
  UnionTransformation,
} from "../../graph/virtual_transformation.ts";
import { filterOperator } from "../../operators/filter.ts";
import { flatMapOperator } from "../../operators/flat_map.ts";
import { mapOperator } from "../../operators/map.ts";
import type { StreamOperatorFactory } from "../../operators/operator.ts";
import { processOperator } from "../../operators/process.ts";
import { timestampsWatermarksOperator } from "../../operators/source/timestamps_watermarks.ts";
import { oneKey } from "../../operators/windowing/window_cursor.ts";
import { AsyncDataStream, type AsyncMapOptions } from "../async_data_stream.ts";
import type { DataStream } from "../data_stream.ts";
import type { CollectResult } from "../execute_and_collect.ts";
import {
  describe,
  notKeyed,
  programError,
  requireFunction,
  requireObject,
  requirePositive,
  requirePresent,
} from "./checks.ts";
import { keySelectorOf, type RecordedKey, recordedKey } from "./keys.ts";
import { refuseRenamed, refuseWithoutKey } from "./refused_calls.ts";
import { collectSink, printSink, sinkOf } from "./sinks.ts";
import type { MethodsOf, OperatorRecord, StreamFactory } from "./stream_factory.ts";
import { strategyOf } from "./watermarks.ts";

/** The key of windowAll and of global partitions: every record has it. */
const ONE_KEY: RecordedKey = { selector: oneKey, rule: "int" };

/** Implements {@link DataStream}. */
export class RecordedStream implements MethodsOf<DataStream<unknown>> {
  constructor(protected readonly factory: StreamFactory, protected readonly transformation: Transformation) {}

  getId(): number {
    return this.transformation.id;
  }
  getParallelism(): number {
    return this.transformation.parallelism;
  }
  // deno-lint-ignore no-explicit-any -- the environment's own type is in the interface
  getExecutionEnvironment(): any {
    return this.factory.recorder.environment;
  }
  getTransformation(): Transformation {
    return this.transformation;
  }

  map(mapper: unknown): object {
    return this.record({ name: "Map", factory: mapOperator(requireFunction(mapper, "map()", "map") as never) });
  }
  flatMap(mapper: unknown): object {
    const fn = requireFunction(mapper, "flatMap()", "flatMap");
    return this.record({ name: "Flat Map", factory: flatMapOperator(fn as never) });
  }
  filter(predicate: unknown): object {
    const fn = requireFunction(predicate, "filter()", "filter");
    return this.record({ name: "Filter", factory: filterOperator(fn as never) });
  }
  process(fn: unknown): object {
    const checked = requireObject(fn, "process()", "processElement");
    if (checked instanceof KeyedProcessFunction) throw notKeyed(checked, "keyBy() on the stream");
    return this.record({ name: "Process", factory: processOperator(checked as never) });
  }
  asyncMap(fn: unknown, options: AsyncMapOptions<unknown> = {}): object {
    return AsyncDataStream.map(this as never, fn as never, options);
  }
  transform(name: string, factory: StreamOperatorFactory<unknown>): object {
    return this.record({ name, factory: requirePresent(factory, "an operator factory") });
  }

  keyBy(...args: readonly unknown[]): object {
    return this.factory.keyed(this.transformation, recordedKey(args, "keyBy()"));
  }
  union(...streams: readonly unknown[]): object {
    const inputs = streams.map((stream) => this.other(stream, "union()").transformation);
    return this.factory.stream(new UnionTransformation([this.transformation, ...inputs]));
  }
  connect(other: unknown): object {
    if (isBroadcastStream(other)) return this.factory.broadcastConnected(this, other as never);
    return this.factory.connected(this, this.other(other, "connect()"));
  }
  join(other: unknown): object {
    return this.factory.joined(this, this.other(other, "join()"), "join");
  }
  coGroup(other: unknown): object {
    return this.factory.joined(this, this.other(other, "coGroup()"), "coGroup");
  }

  rebalance(): object {
    return this.partition({ strategy: "REBALANCE" });
  }
  rescale(): object {
    return this.partition({ strategy: "RESCALE" });
  }
  shuffle(): object {
    return this.partition({ strategy: "SHUFFLE" });
  }
  global(): object {
    return this.partition({ strategy: "GLOBAL" });
  }
  forward(): object {
    return this.partition({ strategy: "FORWARD" });
  }
  broadcast(...descriptors: readonly MapStateDescriptor<unknown, unknown>[]): object {
    const stream = this.partition({ strategy: "BROADCAST" });
    return descriptors.length === 0 ? stream : this.factory.broadcast(stream.transformation, descriptors);
  }
  partitionCustom(partitioner: unknown, key: unknown): object {
    const custom = requireFunction(partitioner, "partitionCustom()", "partition");
    const choose = typeof custom === "function"
      ? custom as Partitioner<unknown>
      : (key: unknown, channels: number) => (custom as { partition: Partitioner<unknown> }).partition(key, channels);
    const keySelector = keySelectorOf(key, "partitionCustom()");
    return this.partition({ strategy: "CUSTOM", keySelector, custom: choose });
  }

  windowAll(assigner: WindowAssigner<unknown, Window>): object {
    return this.factory.windowed({ input: this.factory.keyed(this.transformation, ONE_KEY), assigner, isAll: true });
  }
  countWindowAll(size: number, slide?: number): object {
    return countWindows(this.windowAll(GlobalWindows.create()), size, slide);
  }
  fullWindowPartition(): object {
    return this.factory.partitionWindow(this);
  }

  assignTimestampsAndWatermarks(strategy: unknown): object {
    const operator = timestampsWatermarksOperator(strategyOf(strategy));
    return this.record({ name: "Timestamps/Watermarks", factory: operator }, this.transformation.parallelism);
  }

  print(identifier?: string): object {
    return printSink(this.factory, this.transformation, { identifier, stderr: false });
  }
  printToErr(identifier?: string): object {
    return printSink(this.factory, this.transformation, { identifier, stderr: true });
  }
  sinkTo(sink: Sink<unknown, unknown, unknown>, uidHashes?: SinkUidHashes): object {
    return sinkOf(this.factory, this, { sink, uidHashes });
  }
  // deno-lint-ignore no-explicit-any -- a result to iterate, or a promise of some
  executeAndCollect(nameOrLimit: string | number = "DataStream Collect", limit?: number): any {
    const most = typeof nameOrLimit === "number" ? nameOrLimit : limit;
    if (most !== undefined) requirePositive(most, "The limit of executeAndCollect()");
    const result = this.collectAsync();
    const jobName = typeof nameOrLimit === "string" ? nameOrLimit : "DataStream Collect";
    this.factory.recorder.startCollecting(jobName, result as CollectResult<unknown>);
    return most === undefined ? result : result.toArray({ limit: most });
  }
  collectAsync(): CollectResult<unknown> {
    return collectSink(this.factory, this.transformation);
  }

  /** Records an operator behind this stream. */
  protected record(operator: OperatorRecord, parallelism?: number): object {
    const made = this.factory.oneInput(this.transformation, operator);
    if (parallelism !== undefined) made.getTransformation().inheritParallelism(parallelism);
    return made;
  }
  protected partition(partitioner: StreamPartitioner): RecordedStream {
    return this.factory.stream(new PartitionTransformation(this.transformation, partitioner));
  }
  /** Another stream of the same environment. */
  protected other(stream: unknown, call: string): RecordedStream {
    if (!(stream instanceof RecordedStream)) {
      throw programError("TSF-1201", `${call} needs another stream`, {
        expected: "a DataStream",
        found: describe(stream),
      });
    }
    if (stream.factory.recorder !== this.factory.recorder) {
      throw programError("TSF-1210", `${call} was given a stream of another environment`, {
        expected: "streams of one StreamExecutionEnvironment",
        found: "streams of two",
      });
    }
    return stream;
  }
}

refuseWithoutKey(RecordedStream.prototype);
refuseRenamed(RecordedStream.prototype);

function isBroadcastStream(value: unknown): boolean {
  return typeof value === "object" && value !== null && "getBroadcastStateDescriptors" in value;
}

/** Sets trigger and evictor of a count window on a new windowed stream. */
export function countWindows(windows: object, size: number, slide: number | undefined): object {
  requirePositive(size, "The size of a count window");
  const target = windows as { trigger(trigger: unknown): object; evictor(evictor: unknown): typeof target };
  if (slide === undefined) return target.trigger(PurgingTrigger.of(CountTrigger.of(size)));
  requirePositive(slide, "The slide of a count window");
  return target.evictor(CountEvictor.of(size)).trigger(CountTrigger.of(slide));
}

/** Makes a one-input operator; the environment's parallelism unless a sink is being expanded. */
export function oneInputTransformation(
  factory: StreamFactory,
  input: Transformation,
  record: OperatorRecord,
): PhysicalTransformation {
  const made = new OneInputTransformation(input, {
    name: record.name,
    factory: record.factory,
    parallelism: factory.recorder.parallelism(),
    userLine: userFrame(new Error().stack),
    keySelector: record.key?.selector,
    keyHashRule: record.key?.rule,
  });
  factory.recorder.transformations.push(made);
  return made;
}
