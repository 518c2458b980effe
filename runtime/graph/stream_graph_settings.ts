/**
 * The settings of a job that shape its graph.
 *
 * @module
 */

/** Settings that shape the graph; what is left out takes Flink's default. */
export interface StreamGraphSettings {
  /** Default "Flink Streaming Job", in batch mode "Flink Batch Job". */
  readonly jobName?: string;
  /** Parallelism of operators without their own. Default 1. */
  readonly parallelism?: number;
  /** -1 (default) = derived from the parallelism of each operator. */
  readonly maxParallelism?: number;
  /** Default true. */
  readonly chainingEnabled?: boolean;
  /** Default true. */
  readonly chainOperatorsWithDifferentMaxParallelism?: boolean;
  /** False refuses operators without uid. Default true. */
  readonly autoGenerateUids?: boolean;
  /** 0 = after each record, -1 = full buffers only. Default 100. */
  readonly bufferTimeoutMs?: number;
  /** AUTOMATIC is BATCH when all sources are bounded. Default STREAMING. */
  readonly runtimeMode?: "STREAMING" | "BATCH" | "AUTOMATIC";
  /** Whether batch exchanges wait for their producers. Default ALL_EXCHANGES_BLOCKING. */
  readonly batchShuffleMode?: "ALL_EXCHANGES_BLOCKING" | "ALL_EXCHANGES_PIPELINED";
  /** How the operators of a vertex are described. Default TREE. */
  readonly vertexDescriptionMode?: "TREE" | "CASCADING";
  /** Puts "[vertex-n]" before the names of vertices. Default false. */
  readonly vertexNameIncludeIndexPrefix?: boolean;
}

/** All settings, with the runtime mode decided. */
export type ResolvedSettings =
  & Required<Omit<StreamGraphSettings, "runtimeMode">>
  & { readonly runtimeMode: "STREAMING" | "BATCH" };

/** Fills in the defaults. */
export function resolveSettings(settings: StreamGraphSettings, runtimeMode: "STREAMING" | "BATCH"): ResolvedSettings {
  const batch = runtimeMode === "BATCH";
  return {
    jobName: settings.jobName ?? (batch ? "Flink Batch Job" : "Flink Streaming Job"),
    parallelism: settings.parallelism ?? 1,
    maxParallelism: settings.maxParallelism ?? -1,
    chainingEnabled: settings.chainingEnabled ?? true,
    chainOperatorsWithDifferentMaxParallelism: settings.chainOperatorsWithDifferentMaxParallelism ?? true,
    autoGenerateUids: settings.autoGenerateUids ?? true,
    // Nobody waits for a half-full buffer of an exchange that is read after its producer has finished.
    bufferTimeoutMs: batch ? -1 : settings.bufferTimeoutMs ?? 100,
    runtimeMode,
    batchShuffleMode: settings.batchShuffleMode ?? "ALL_EXCHANGES_BLOCKING",
    vertexDescriptionMode: settings.vertexDescriptionMode ?? "TREE",
    vertexNameIncludeIndexPrefix: settings.vertexNameIncludeIndexPrefix ?? false,
  };
}
