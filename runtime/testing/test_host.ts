/**
 * How the test kit reaches the mini cluster, which lies in cluster/ and may not be imported here: mod.ts binds it, as it
 * binds local execution.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { PipelineExecutor } from "../api/executor.ts";
import type { JobClient } from "../api/job_client.ts";
import type { Clock } from "../seams/clock.ts";
import type { Log } from "../seams/log.ts";

/** A clock that the mini cluster may move. */
export interface VirtualClock extends Clock {
  /** Time of the next planned call; undefined when there is none. */
  readonly nextAt: number | undefined;
  advanceTo(timestamp: number): void;
}

/** A consistent snapshot of a whole job, to restore from. */
export interface TestSnapshot {
  /** Ids of a job rise. */
  readonly checkpointId: number;
}

/** What a test cluster is made from. */
export interface TestClusterOptions {
  readonly clock: VirtualClock;
  /** Move the clock to the next timer whenever all tasks wait. */
  readonly autoAdvance: boolean;
  readonly seed: number;
  readonly log: Log;
  /** Start the next jobs from this. */
  readonly restoreFrom?: TestSnapshot;
  /** Sinks commit when a snapshot is completed instead of at the end. */
  readonly checkpointing: boolean;
}

/** Runs jobs in this isolate under a clock of the test. */
export interface TestCluster extends PipelineExecutor {
  /** Resolves when all tasks of all jobs wait, or have ended. */
  idle(): Promise<void>;
  /**
   * Takes a consistent snapshot of a running job through barriers; the id must be above all earlier ones.
   *
   * @throws JobExecutionError TSF-5030 when a task declines.
   */
  takeSnapshot(client: JobClient, checkpointId: number | undefined): Promise<TestSnapshot>;
  /** Tells a job that a snapshot is complete: two-phase sinks commit. */
  completeSnapshot(client: JobClient, checkpointId: number): void;
  /** Ends the sources of a job; with `drain` as if their input had ended. */
  stop(client: JobClient, drain: boolean): Promise<void>;
}

/** Loads the mini cluster on first use. */
export type TestHost = (options: TestClusterOptions) => Promise<TestCluster>;

const TEST_HOST = Symbol.for("tsflink.testHost.v1");
type Global = { [TEST_HOST]?: TestHost };

/** Binds the mini cluster; the first binding stays. */
export function bindTestHost(host: TestHost): void {
  (globalThis as Global)[TEST_HOST] ??= host;
}

/** The bound mini cluster. @throws InvalidProgramError TSF-1250 when tsflink itself was not imported. */
export function testHost(): TestHost {
  const host = (globalThis as Global)[TEST_HOST];
  if (host !== undefined) return host;
  throw new InvalidProgramError("TSF-1250", "The test kit has no cluster to run jobs on", {
    expected: 'an import of "tsflink" beside "tsflink/testing"',
    found: "only parts of the test kit",
  });
}
