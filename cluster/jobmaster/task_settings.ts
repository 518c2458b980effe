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
import { Configuration } from "../../runtime/api/configuration.ts";
import { type RestartSettings, restartSettings } from "../../runtime/api/options/restart_options.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { TaskSettings } from "../../runtime/tasks/task_builder.ts";
import { exponentialDelay, failureRate, fixedDelay, NO_RESTART, type RestartStrategy } from "./restart_strategy.ts";

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

/** What decides about restarts beside the configuration. */
export interface RestartContext {
  readonly runtimeMode: "STREAMING" | "BATCH";
  /** A job in the process of its program: it is not tried again unless that is asked for. */
  readonly isLocal: boolean;
  readonly seams: Pick<Seams, "clock" | "random">;
}

/**
 * How failures of a job are answered. As in Flink: none where nothing is configured, but exponential-delay for a streaming
 * job of a cluster that takes checkpoints.
 *
 * @throws InvalidProgramError TSF-4002 for a strategy that makes no sense.
 */
export function restartStrategy(configuration: Configuration, context: RestartContext): RestartStrategy {
  const { runtimeMode, isLocal, seams: { clock, random } } = context;
  const settings = settingsOf(configuration, { runtimeMode, isLocal });
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

function settingsOf(
  configuration: Configuration,
  { runtimeMode, isLocal }: Pick<RestartContext, "runtimeMode" | "isLocal">,
): RestartSettings {
  const isImplied = configuration.get(JobOptions.RESTART_STRATEGY) === undefined && !isLocal &&
    runtimeMode === "STREAMING" && wantsCheckpoints(configuration);
  if (!isImplied) return restartSettings(configuration);
  const implied = { ...configuration.toObject(), [JobOptions.RESTART_STRATEGY.key]: "exponential-delay" };
  return restartSettings(Configuration.from(implied));
}

/** The strategy of a job of a cluster, for people. */
export function restartStrategyText(configuration: Configuration, runtimeMode: "STREAMING" | "BATCH"): string {
  const settings = settingsOf(configuration, { runtimeMode, isLocal: false });
  switch (settings.type) {
    case "none":
      return "Restart deactivated.";
    case "fixed-delay":
      return `Restart with fixed delay (${settings.delayMs} ms). #${settings.attempts} restart attempts.`;
    case "failure-rate":
      return `Restart after ${settings.delayMs} ms, at most ${settings.maxFailures} failures in ${settings.intervalMs} ms.`;
    case "exponential-delay":
      return `Restart with exponential delay, from ${settings.initialMs} ms to ${settings.maxMs} ms, ` +
        `times ${settings.multiplier}.`;
  }
}

/** Options of later parts: known, so that a configuration written for Flink is accepted, but not acted on yet. */
const WITHOUT_EFFECT: readonly ConfigOption<unknown>[] = [
  ...Object.values(CheckpointingOptions).filter((option) => option !== CheckpointingOptions.INTERVAL),
  ExecutionOptions.TARGET,
  ExecutionOptions.ATTACHED,
  JobOptions.STATE_BACKEND,
  JobOptions.LATENCY_INTERVAL,
  JobOptions.TASK_SLOTS,
  JobOptions.MIN_SEGMENT_SIZE,
  JobOptions.STARTING_SEGMENT_SIZE,
  JobOptions.BUFFER_DEBLOAT,
  JobOptions.BUFFER_DEBLOAT_TARGET,
  JobOptions.PARTITION_REQUEST_TIMEOUT,
] as ConfigOption<unknown>[];

/** What has an effect in a cluster. */
const OF_CLUSTERS: readonly unknown[] = [ExecutionOptions.TARGET, ExecutionOptions.ATTACHED, JobOptions.TASK_SLOTS];

/** Keys that were set and that this version does not act on. */
export function keysWithoutEffect(configuration: Configuration, isLocal = true): string[] {
  const isIdle = (option: ConfigOption<unknown>): boolean => isLocal || !OF_CLUSTERS.includes(option);
  return WITHOUT_EFFECT.filter((option) => configuration.contains(option) && isIdle(option)).map(({ key }) => key);
}

/** Whether the program asked for checkpoints. */
export function wantsCheckpoints(configuration: Configuration): boolean {
  return configuration.getOptional(CheckpointingOptions.INTERVAL) !== undefined;
}
