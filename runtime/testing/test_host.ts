/**
 * How the test kit reaches the mini cluster, which lies in cluster/ and may not be imported here: mod.ts binds it, as it
 * binds local execution.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { ConfigurationValues } from "../api/configuration.ts";
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

/** Progress of one vertex of a running job, over all its subtasks; slots in threads tell it now and then. */
export interface JobVertexProgress {
  /** Id of the vertex in the plan. */
  readonly id: string;
  /** Name of the task: those of its operators, in order of the chain. */
  readonly name: string;
  /** Number of its subtasks. */
  readonly parallelism: number;
  /** Records that came to its first operator. */
  readonly numRecordsIn: number;
  /** Records that its last operator has sent. */
  readonly numRecordsOut: number;
  /** Lowest watermark of its subtasks, ms since the epoch; undefined before the first. */
  readonly watermark: number | undefined;
  /** What the operators of its chain have got and sent, in order. */
  readonly operators: readonly {
    readonly name: string;
    readonly numRecordsIn: number;
    readonly numRecordsOut: number;
  }[];
  /** How many subtasks are in which state. */
  readonly states: Readonly<Record<string, number | undefined>>;
}

/** Where the programs of a mini cluster run. */
export interface ProgramClusterOptions {
  /** By key; parallelism, isolation and kind of thread included. */
  readonly configuration: ConfigurationValues;
  /** Number of threads to start ahead. */
  readonly spareSlots: number;
  /** Seed of the engine's random choices; undefined = another one each time. */
  readonly seed?: number;
}

/** One run of a program. */
export interface ProgramStart {
  /** URL of the main module, or a path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Over that of the cluster. */
  readonly configuration: ConfigurationValues;
  readonly restoreFrom?: TestSnapshot;
  readonly checkpointing: boolean;
  /** Gets what is logged and printed. */
  readonly log: Log;
  /** A job of the program is about to start. */
  readonly onJob: (ordinal: number, client: JobClient) => void;
}

/** Runs whole programs, their jobs in slots of their own or in this isolate. */
export interface ProgramCluster {
  /**
   * Runs a program; resolves with what its main() gives, when that has ended.
   *
   * @throws InvalidProgramError TSF-1251 while the main program of another run has not ended.
   */
  run(start: ProgramStart): Promise<unknown>;
  /** See {@link TestCluster.takeSnapshot}. */
  takeSnapshot(client: JobClient, checkpointId: number | undefined): Promise<TestSnapshot>;
  /** See {@link TestCluster.completeSnapshot}. */
  completeSnapshot(client: JobClient, checkpointId: number): void;
  /** See {@link TestCluster.stop}. */
  stop(client: JobClient, drain: boolean): Promise<void>;
  /** Per vertex, producers first. */
  progress(client: JobClient): readonly JobVertexProgress[];
  /** Cancels what still runs, ends threads that were started ahead. */
  close(): Promise<void>;
}

/** Loads the cluster that runs programs on first use. */
export type ProgramTestHost = (options: ProgramClusterOptions) => Promise<ProgramCluster>;

const TEST_HOST = Symbol.for("tsflink.testHost.v1");
const PROGRAM_TEST_HOST = Symbol.for("tsflink.programTestHost.v1");
type Global = { [TEST_HOST]?: TestHost; [PROGRAM_TEST_HOST]?: ProgramTestHost };

/** Binds the mini cluster and the one that runs programs; the first binding stays. */
export function bindTestHost(host: TestHost, programs?: ProgramTestHost): void {
  const holder = globalThis as Global;
  holder[TEST_HOST] ??= host;
  if (programs !== undefined) holder[PROGRAM_TEST_HOST] ??= programs;
}

/** The bound mini cluster. @throws InvalidProgramError TSF-1250 when tsflink itself was not imported. */
export function testHost(): TestHost {
  return bound((globalThis as Global)[TEST_HOST]);
}

/** The bound cluster for programs. @throws InvalidProgramError TSF-1250 when tsflink itself was not imported. */
export function programTestHost(): ProgramTestHost {
  return bound((globalThis as Global)[PROGRAM_TEST_HOST]);
}

function bound<Host>(host: Host | undefined): Host {
  if (host !== undefined) return host;
  throw new InvalidProgramError("TSF-1250", "The test kit has no cluster to run jobs on", {
    expected: 'an import of "tsflink" beside "tsflink/testing"',
    found: "only parts of the test kit",
  });
}
