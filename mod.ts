/**
 * tsflink: stateful stream processing with Apache Flink's semantics, in TypeScript.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const lengths = await env.fromData("to be", "or not").map((line) => line.length).executeAndCollect();
 * console.assert(lengths.join() === "5,6");
 * ```
 *
 * @module
 */

import { bindHost, hostBinding } from "./runtime/api/host_binding.ts";
import type { StreamExecutionEnvironment } from "./runtime/api/environment.ts";
import { ExecutionWatch } from "./runtime/api/missing_execute.ts";
import { hostConnectors } from "./runtime/connectors/host_connectors.ts";
import { commandLineUrl, recordUntilEnd, startedProgram } from "./runtime/program/started_program.ts";
import { bindTestHost } from "./runtime/testing/test_host.ts";

/** A script that ends without executing its job has an error; tests and consoles may look at graphs only. */
function watchForMissingExecute(): (environment: StreamExecutionEnvironment) => void {
  const watch = new ExecutionWatch();
  // Only under `deno test` and `deno bench` does it take something.
  if (Deno.test.length > 0 || /\$deno\$/.test(Deno.mainModule)) return () => {};
  addEventListener("unload", () => {
    const error = watch.missingExecute();
    if (error === undefined || Deno.exitCode !== 0) return;
    console.error(error.message);
    Deno.exitCode = 1;
  });
  return (environment) => watch.created(environment);
}

// A script uses the machine it runs on; tests and consoles say what they want.
const scriptConfiguration = { "parallelism.default": navigator.hardwareConcurrency };
const program = startedProgram(commandLineUrl(import.meta.url), scriptConfiguration);
const localExecutor = () => import("./cluster/entrypoint/local.ts").then((m) => m.scriptExecutor(program));

// The one line that binds local execution; a host that was bound before (the command line, a slot) stays.
bindHost({
  executor: () => program === undefined ? localExecutor() : program.executor(localExecutor),
  connectors: hostConnectors,
  args: () => Deno.args,
  configuration: program === undefined ? undefined : () => scriptConfiguration,
  environmentCreated: watchForMissingExecute(),
  program,
});
// From here on calls of the program are recorded, or replayed.
hostBinding().program?.begin();
if (program !== undefined && hostBinding().program === program) recordUntilEnd(program);
bindTestHost(
  (options) => import("./cluster/minicluster/test_cluster.ts").then((m) => m.testCluster(options)),
  (options) => import("./cluster/minicluster/program_cluster.ts").then((m) => m.programCluster(options)),
);

// The DataStream API.
export { type RuntimeExecutionMode, StreamExecutionEnvironment } from "./runtime/api/environment.ts";
export type { DataStream } from "./runtime/api/data_stream.ts";
export type {
  DataStreamSource,
  SingleOutputStreamOperator,
  SlotSharingGroup,
} from "./runtime/api/single_output_stream_operator.ts";
export type { KeyedStream } from "./runtime/api/keyed_stream.ts";
export type { WindowedStream } from "./runtime/api/windowed_stream.ts";
export type { AllWindowedStream } from "./runtime/api/all_windowed_stream.ts";
export type { ConnectedInputs, ConnectedStreams, KeyedConnectedStreams } from "./runtime/api/connected_streams.ts";
export type {
  BroadcastConnectedStream,
  BroadcastStream,
  KeyedBroadcastConnectedStream,
} from "./runtime/api/broadcast_connected_stream.ts";
export type {
  CoGroupedEqualTo,
  CoGroupedStreams,
  CoGroupedWhere,
  JoinedEqualTo,
  JoinedStreams,
  JoinedWhere,
  TaggedUnion,
  WindowedCoGroup,
  WindowedJoin,
} from "./runtime/api/joined_streams.ts";
export type { IntervalJoin, IntervalJoined } from "./runtime/api/interval_join.ts";
export type { Order, PartitionWindowedStream } from "./runtime/api/partition_window.ts";
export { AsyncDataStream, type AsyncMapOptions, type AsyncRetryOptions } from "./runtime/api/async_data_stream.ts";
export type { DataStreamSink, SinkUidHashes } from "./runtime/api/stream_sink.ts";
export { type GlobalCommitterContext, StandardSinkTopologies } from "./runtime/api/standard_sink_topologies.ts";
export type {
  AnyStream,
  ComparableField,
  ElementOf,
  FieldOf,
  FieldValue,
  FieldValues,
  FunctionOrFactory,
  KeyField,
  KeyOf,
  KeyProblem,
  NumericField,
  ObjectOrFactory,
  PromiseRefused,
  Synchronous,
  SynchronousResult,
  ValidKey,
} from "./runtime/api/stream_types.ts";
export type { CollectResult, ToArrayOptions } from "./runtime/api/execute_and_collect.ts";
export {
  DetachedJobExecutionResult,
  type JobClient,
  JobExecutionResult,
  type JobListener,
  type JobStatus,
} from "./runtime/api/job_client.ts";
export type { CachedFile, CollectReceiver, ExecuteOptions, PipelineExecutor } from "./runtime/api/executor.ts";
export {
  type ArgDeclaration,
  type ArgDeclarations,
  Args,
  type ArgSpec,
  type ArgValues,
  ProgramArgs,
  type Widened,
} from "./runtime/api/args.ts";
export { CheckpointConfig, type CheckpointingMode, ExecutionConfig } from "./runtime/api/execution_config.ts";
export { Configuration, type ConfigurationValues } from "./runtime/api/configuration.ts";
export type { ConfigKind, ConfigOption, ConfigValueTypes } from "./runtime/api/config_option.ts";
export {
  CheckpointingOptions,
  CoreOptions,
  ExecutionOptions,
  JobOptions,
  PipelineOptions,
  SinkOptions,
} from "./runtime/api/config_options.ts";

// What the API records, for programs that look at it or bring operators of their own; experimental.
export type { Transformation } from "./runtime/graph/transformation.ts";
export type { StreamEdge, StreamGraph, StreamNode, StreamNodeKind } from "./runtime/graph/stream_graph.ts";
export type { ShipStrategy, StreamPartitioner } from "./runtime/graph/stream_partitioner.ts";
export type { StreamExchangeMode } from "./runtime/graph/virtual_transformation.ts";
export type { ChainingStrategy, StreamOperatorFactory } from "./runtime/operators/operator.ts";

// Functions.
export type {
  AggregateFunction,
  CoFlatMapFunction,
  CoGroupFunction,
  Collector,
  CoMapFunction,
  FilterFunction,
  FlatJoinFunction,
  FlatMapFunction,
  JoinFunction,
  KeySelector,
  MapFunction,
  MapPartitionFunction,
  NoResult,
  ReduceFunction,
} from "./runtime/functions/functions.ts";
export {
  type DistributedCache,
  type FunctionFactory,
  type JobInfo,
  type Lifecycle,
  perSubtask,
  RichCoFlatMapFunction,
  RichCoMapFunction,
  RichFilterFunction,
  RichFlatMapFunction,
  RichFunction,
  RichMapFunction,
  RichReduceFunction,
  type RuntimeContext,
  type TaskInfo,
} from "./runtime/functions/rich_function.ts";
export {
  type AllWindowFunction,
  type BroadcastContext,
  type BroadcastProcess,
  BroadcastProcessFunction,
  type CoProcess,
  CoProcessFunction,
  type KeyedBroadcastContext,
  type KeyedBroadcastProcess,
  KeyedBroadcastProcessFunction,
  type KeyedCoProcess,
  KeyedCoProcessFunction,
  type KeyedProcess,
  type KeyedProcessContext,
  KeyedProcessFunction,
  type KeyedReadOnlyBroadcastContext,
  type NoState,
  type OnTimerContext,
  type Process,
  type ProcessAllWindow,
  ProcessAllWindowFunction,
  type ProcessContext,
  ProcessFunction,
  type ProcessJoin,
  type ProcessJoinContext,
  ProcessJoinFunction,
  type ProcessWindow,
  type ProcessWindowContext,
  ProcessWindowFunction,
  type ReadOnlyBroadcastContext,
  type TimeDomain,
  type TimerService,
  type WindowFunction,
  type WindowStateStore,
} from "./runtime/functions/process_function.ts";
export type {
  CheckpointedFunction,
  CheckpointListener,
  FunctionInitializationContext,
  FunctionSnapshotContext,
  KeyedStateStore,
  OperatorStateStore,
} from "./runtime/functions/checkpointed_function.ts";
export type {
  AsyncFunction,
  AsyncRetryStrategy,
  ResultFuture,
  RichAsyncFunction,
} from "./runtime/functions/async_function.ts";
export {
  type AsyncRetryConditions,
  AsyncRetryStrategies,
  type ExponentialBackoffRetryOptions,
  type FixedDelayRetryOptions,
  RetryPredicates,
} from "./runtime/functions/async_retry.ts";
export { OutputTag } from "./runtime/functions/output_tag.ts";
export type { Partitioner } from "./runtime/functions/partitioner.ts";
export {
  type Accumulator,
  type AccumulatorResult,
  AverageAccumulator,
  DoubleCounter,
  DoubleMaximum,
  DoubleMinimum,
  Histogram,
  IntCounter,
  ListAccumulator,
  LongCounter,
} from "./runtime/functions/accumulators.ts";

// State.
export {
  type AggregatingState,
  aggregatingState,
  AggregatingStateDescriptor,
  type BroadcastState,
  type ListState,
  listState,
  ListStateDescriptor,
  type MapState,
  mapState,
  MapStateDescriptor,
  type ReadOnlyBroadcastState,
  type ReducingState,
  reducingState,
  ReducingStateDescriptor,
  type StateDeclaration,
  type StateDeclarations,
  type StateDescriptor,
  type StateHandles,
  type StateOptions,
  type StateTtlConfig,
  type ValueState,
  valueState,
  ValueStateDescriptor,
} from "./runtime/functions/state_descriptor.ts";

// Event time.
export type {
  TimestampAssigner,
  WatermarkAlignment,
  WatermarkGenerator,
  WatermarkOutput,
  WatermarkStrategyOptions,
} from "./runtime/functions/watermarks/watermark_strategy.ts";
export {
  type RelativeClock,
  type WatermarkAlignmentParams,
  type WatermarkGeneratorSupplier,
  WatermarkStrategy,
} from "./runtime/functions/watermarks/watermark_strategies.ts";

// Windows.
export type {
  Evictor,
  EvictorContext,
  MergingWindowAssigner,
  OnMergeContext,
  TimestampedValue,
  Trigger,
  TriggerContext,
  TriggerResult,
  Window,
  WindowAssigner,
  WindowAssignerContext,
  WindowCodec,
} from "./runtime/functions/windowing/windows.ts";
export {
  CumulativeEventTimeWindows,
  CumulativeProcessingTimeWindows,
  DynamicEventTimeSessionWindows,
  DynamicProcessingTimeSessionWindows,
  EventTimeSessionWindows,
  GlobalWindow,
  GlobalWindows,
  ProcessingTimeSessionWindows,
  type SessionWindowTimeGapExtractor,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TimeWindow,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  WindowStagger,
} from "./runtime/functions/windowing/window_assigners.ts";
export {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
  CountTrigger,
  type DeltaFunction,
  DeltaTrigger,
  EndOfStreamTrigger,
  EventTimeTrigger,
  NeverTrigger,
  ProcessingTimeoutTrigger,
  ProcessingTimeTrigger,
  PurgingTrigger,
} from "./runtime/functions/windowing/triggers.ts";
export { CountEvictor, DeltaEvictor, TimeEvictor } from "./runtime/functions/windowing/evictors.ts";

// Types, keys, durations, metrics, errors.
export {
  type RowFields,
  type RowOf,
  type TypeInformation,
  type TypeKind,
  Types,
} from "./runtime/types/type_information.ts";
export type { Key, KeyHashRule } from "./runtime/types/key.ts";
export { Duration, type DurationLike, type DurationText, type DurationUnit } from "./runtime/types/duration.ts";
export { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP } from "./runtime/types/stream_element.ts";
export type {
  Counter,
  Gauge,
  Histogram as HistogramMetric,
  Meter,
  MetricGroup,
} from "./runtime/metrics/metric_group.ts";
export {
  BugError,
  type ErrorDetails,
  FlinkError,
  InvalidProgramError,
  JobExecutionError,
  type OperatorReference,
  RetryableError,
} from "./runtime/errors.ts";

// Connectors: their contracts and the ready-made ones.
export type { Cancel, Clock } from "./runtime/seams/clock.ts";
export type { AppendableFile, CompleteFile, FileInfo, LocalFiles, ReadableFile } from "./runtime/seams/local_files.ts";
export type { SocketConnection, Sockets } from "./runtime/seams/sockets.ts";
export type { EnumeratorCheckpoint, SplitAssignment } from "./runtime/connectors/split_enumerator.ts";
export type { SourceBatch } from "./runtime/connectors/fetching_reader.ts";
export type {
  Boundedness,
  InputStatus,
  ReaderOutput,
  Source,
  SourceEvent,
  SourceOutput,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from "./runtime/functions/source.ts";
export type {
  CommitRequest,
  CommittableMessage,
  Committer,
  Sink,
  SinkWriter,
  SinkWriterContext,
  WriterInitContext,
} from "./runtime/functions/sink.ts";
export {
  type DefinedSinkWriter,
  type DefinedSplit,
  defineSink,
  defineSource,
  type OpenSplitContext,
  type SinkDefinition,
  type SourceDefinition,
  type SplitContext,
} from "./runtime/connectors/define.ts";
export { CollectionSource } from "./runtime/connectors/collection/source.ts";
export { NumberSequenceSource } from "./runtime/connectors/sequence/source.ts";
export { RateLimiterStrategy } from "./runtime/connectors/datagen/rate_limiter.ts";
export { DataGeneratorSource, type GeneratorFunction } from "./runtime/connectors/datagen/source.ts";
export {
  FileSource,
  FileSourceBuilder,
  type FileSourceOptions,
  type FileSourceSplit,
} from "./runtime/connectors/files/source.ts";
export { FileSink, FileSinkBuilder, type FileSinkOptions } from "./runtime/connectors/files/sink.ts";
export { TextLineInputFormat } from "./runtime/connectors/files/text_line_format.ts";
export { csvFormat, type CsvOptions } from "./runtime/connectors/files/csv_format.ts";
export { jsonLinesFormat, type JsonLinesOptions } from "./runtime/connectors/files/json_lines_format.ts";
export type {
  DecodedRecords,
  InvalidLine,
  RecordDecoder,
  RecordFormat,
} from "./runtime/connectors/files/record_format.ts";
export type { RecordBoundaries } from "./runtime/connectors/files/record_chunks.ts";
export type { InvalidLinePolicy } from "./runtime/connectors/files/invalid_lines.ts";
export {
  BasePathBucketAssigner,
  type BucketAssigner,
  type BucketAssignerContext,
  DateTimeBucketAssigner,
} from "./runtime/connectors/files/bucket_assigners.ts";
export { type Encoder, JsonLinesEncoder, SimpleStringEncoder } from "./runtime/connectors/files/encoders.ts";
export {
  DefaultRollingPolicy,
  type DefaultRollingPolicyOptions,
  OnCheckpointRollingPolicy,
  type PartFileInfo,
  type RollingPolicy,
} from "./runtime/connectors/files/rolling_policies.ts";
export { type SocketTextOptions, SocketTextSource } from "./runtime/connectors/socket/source.ts";
export { DiscardingSink } from "./runtime/connectors/discarding/sink.ts";
export { PrintSink } from "./runtime/connectors/print/sink.ts";
export {
  type Auction,
  AUCTION_TYPE,
  type Bid,
  BID_TYPE,
  isAuction,
  isBid,
  isPerson,
  type NexmarkEvent,
  type Person,
  PERSON_TYPE,
} from "./runtime/connectors/nexmark/model.ts";
export { NexmarkGenerator, type NexmarkSettings } from "./runtime/connectors/nexmark/generator.ts";
export { type NexmarkOptions, NexmarkSource, NexmarkSplit } from "./runtime/connectors/nexmark/source.ts";
