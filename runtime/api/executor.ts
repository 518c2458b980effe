/**
 * What runs a job. The API hands over the logical graph; cluster/ implements this for local and remote execution.
 *
 * @module
 */

import type { StreamGraph } from "../graph/stream_graph.ts";
import type { Configuration } from "./configuration.ts";
import type { JobClient } from "./job_client.ts";

/** Takes a batch of results on the client's side; while the promise is open no further batch of that id comes. */
export type CollectReceiver = (batch: unknown[]) => Promise<void> | void;

/** A file that every subtask can read by name. */
export interface CachedFile {
  /** Under which functions ask for it. */
  readonly name: string;
  /** Where it lies. */
  readonly path: string;
  /** Whether it may be run. */
  readonly executable: boolean;
}

/** Everything beside the graph. */
export interface ExecuteOptions {
  /** Of this job alone. */
  readonly configuration: Configuration;
  /** Receivers of collect sinks, by the uid of the sink's node (`dataStreamCollect_<id>`). */
  readonly collect?: ReadonlyMap<string, CollectReceiver>;
  /** Files for every subtask. */
  readonly cachedFiles: readonly CachedFile[];
  /** Counts the execute() calls of the program from 0. */
  readonly executionOrdinal: number;
}

/** Runs jobs. */
export interface PipelineExecutor {
  /**
   * Submits a job; resolves when it is accepted.
   *
   * @throws FlinkError when it is refused; nothing is running then.
   */
  execute(graph: StreamGraph, options: ExecuteOptions): Promise<JobClient>;
}
