/**
 * The configuration of a job as the settings its tasks read.
 *
 * @module
 */

import {
  CheckpointingOptions,
  ExecutionOptions,
  JobOptions,
  OptimizationOptions,
  PipelineOptions,
  SinkOptions,
} from "../../runtime/api/config_options.ts";
import type { ConfigOption } from "../../runtime/api/config_option.ts";
import type { Configuration } from "../../runtime/api/configuration.ts";
import { restartSettings, RestartStrategyOptions } from "../../runtime/api/options/restart_options.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { TaskSettings } from "../../runtime/tasks/task_builder.ts";
import {
  exponentialDelay,
  failureRate,
  fixedDelay,
  NO_RESTART,
  type RestartStrategy,
} from "../jobmaster/restart_strategy.ts";

/** Exclusive buffers of a channel, fixed in Flink 2. */
const EXCLUSIVE_BUFFERS = 2;
/** Floating buffers of a gate, fixed in Flink 2. */
const FLOATING_BUFFERS = 8;
/** Buffers a subpartition may hold before its task stops, on top of the credit. */
const BUFFERS_PER_SUBPARTITION = 10;
/** Buffers beyond that which stay in memory when one call emits more than fits. */
const OVERFLOW_BUFFERS = 64;
/** Elements a task handles before its mail and the other tasks get their turn. */
const ROWS_PER_STEP = 4096;

/** Settings of all tasks of a job. `checkpointing` says that somebody takes checkpoints. */
export function taskSettings(
  configuration: Configuration,
  runtimeMode: "STREAMING" | "BATCH",
  checkpointing: boolean,
): TaskSettings {
  const isBatch = runtimeMode === "BATCH";
  const sortsInputs = isBatch && configuration.get(ExecutionOptions.SORT_INPUTS);
  return {
    operatorConfig: {
      objectReuse: configuration.get(PipelineOptions.OBJECT_REUSE),
      autoWatermarkIntervalMs: configuration.get(PipelineOptions.AUTO_WATERMARK_INTERVAL),
      checkpointingEnabled: checkpointing && !isBatch,
      runtimeMode,
      checkMutation: configuration.get(PipelineOptions.CHECK_MUTATION),
      alignmentBufferSize: configuration.get(PipelineOptions.WATERMARK_ALIGNMENT_BUFFER_SIZE),
      allowUnalignedSourceSplits: configuration.get(PipelineOptions.ALLOW_UNALIGNED_SOURCE_SPLITS),
      committerRetries: configuration.get(SinkOptions.COMMITTER_RETRIES),
      optimizations: {
        codegen: configuration.get(OptimizationOptions.CODEGEN),
        typedState: configuration.get(OptimizationOptions.TYPED_STATE),
        // They share work between keys, of which there is one at a time.
        windowSlices: !sortsInputs && configuration.get(OptimizationOptions.WINDOW_SLICES),
        timerBuckets: !sortsInputs && configuration.get(OptimizationOptions.TIMER_BUCKETS),
        columns: configuration.get(OptimizationOptions.COLUMNS),
      },
      globalJobParameters: (configuration.getOptional(PipelineOptions.GLOBAL_JOB_PARAMETERS) ?? {}) as Record<
        string,
        string
      >,
    },
    forceCodec: configuration.get(PipelineOptions.FORCE_CODEC),
    maxRowsPerBatch: configuration.get(ExecutionOptions.BATCH_ROWS),
    segmentBytes: configuration.get(JobOptions.SEGMENT_SIZE),
    maxRecordBytes: configuration.get(JobOptions.MAX_RECORD_SIZE),
    buffersPerChannel: EXCLUSIVE_BUFFERS,
    floatingBuffersPerGate: FLOATING_BUFFERS,
    maxBuffersPerSubpartition: BUFFERS_PER_SUBPARTITION,
    maxOverflowBuffers: OVERFLOW_BUFFERS,
    rowsPerStep: ROWS_PER_STEP,
    sortMemoryBytes: sortsInputs ? configuration.get(ExecutionOptions.SORTED_INPUTS_MEMORY) : undefined,
  };
}

/**
 * How failures of a job are answered: BATCH jobs try stages again, streaming ones need durable checkpoints for that.
 *
 * @throws InvalidProgramError TSF-4002 for a strategy that makes no sense.
 */
export function restartStrategy(
  configuration: Configuration,
  runtimeMode: "STREAMING" | "BATCH",
  { clock, random }: Pick<Seams, "clock" | "random">,
): RestartStrategy {
  const settings = restartSettings(configuration);
  if (runtimeMode !== "BATCH") return NO_RESTART;
  switch (settings.type) {
    case "none":
      return NO_RESTART;
    case "fixed-delay":
      return fixedDelay(settings.attempts, settings.delayMs);
    case "failure-rate":
      return failureRate(settings, clock);
    case "exponential-delay":
      return exponentialDelay(settings, clock, random.fork("restarts"));
  }
}

/** Options of later parts: known, so that a configuration written for Flink is accepted, but not acted on yet. */
const WITHOUT_EFFECT: readonly ConfigOption<unknown>[] = [
  ...Object.values(CheckpointingOptions).filter((option) => option !== CheckpointingOptions.INTERVAL),
  ExecutionOptions.TARGET,
  ExecutionOptions.ATTACHED,
  JobOptions.STATE_BACKEND,
  JobOptions.RESTART_STRATEGY,
  JobOptions.FIXED_DELAY_ATTEMPTS,
  JobOptions.FIXED_DELAY,
  ...Object.values(RestartStrategyOptions),
  JobOptions.LATENCY_INTERVAL,
  JobOptions.TASK_SLOTS,
  JobOptions.MIN_SEGMENT_SIZE,
  JobOptions.STARTING_SEGMENT_SIZE,
  JobOptions.BUFFER_DEBLOAT,
  JobOptions.BUFFER_DEBLOAT_TARGET,
  JobOptions.PARTITION_REQUEST_TIMEOUT,
] as ConfigOption<unknown>[];

/** What a BATCH job does act on. */
const RESTARTS: readonly unknown[] = [
  JobOptions.RESTART_STRATEGY,
  JobOptions.FIXED_DELAY_ATTEMPTS,
  JobOptions.FIXED_DELAY,
  ...Object.values(RestartStrategyOptions),
];

/** Keys that were set and that this version does not act on. */
export function keysWithoutEffect(configuration: Configuration, runtimeMode: "STREAMING" | "BATCH"): string[] {
  const restarts = runtimeMode === "BATCH";
  return WITHOUT_EFFECT.filter((option) => configuration.contains(option) && !(restarts && RESTARTS.includes(option)))
    .map((option) => option.key);
}

/** Whether the program asked for checkpoints. */
export function wantsCheckpoints(configuration: Configuration): boolean {
  return configuration.getOptional(CheckpointingOptions.INTERVAL) !== undefined;
}
