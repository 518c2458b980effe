/**
 * A whole job in a unit test: runs in this isolate under virtual time, so that windows, timers, rate limits and time-outs
 * pass without waiting, and the same seed gives the same run.
 *
 * @module
 */

import type { Configuration } from "../api/configuration.ts";
import type { ConfigurationValues } from "../api/configuration.ts";
import { StreamExecutionEnvironment } from "../api/environment.ts";
import { hostBinding } from "../api/host_binding.ts";
import type { JobClient } from "../api/job_client.ts";
import { ManualClock } from "./manual_clock.ts";
import { type TestCluster, testHost, type TestSnapshot } from "./test_host.ts";
import { CapturedLog } from "./test_seams.ts";

/** What may be chosen about a {@link testEnvironment}. */
export interface TestEnvironmentOptions {
  /** Parallelism of operators that do not set their own. Default 1. */
  readonly parallelism?: number;
  /** Options by key; `pipeline.check-mutation` is on unless set here. */
  readonly configuration?: ConfigurationValues | Configuration;
  /** First time of the clock, ms since the epoch. Default 0. */
  readonly startMs?: number;
  /** Move the clock to the next timer whenever all tasks wait. Default true. */
  readonly autoAdvance?: boolean;
  /** Seed of everything random. Default 1. */
  readonly seed?: number;
  /** What `env.args` reads. Default none. */
  readonly args?: readonly string[];
  /** Start the next jobs from this snapshot; the parallelism may be another. */
  readonly restoreFrom?: TestSnapshot;
  /**
   * Two-phase sinks commit when a snapshot is completed, and bounded jobs stay until one covers their last output: the
   * environment takes that one by itself. Default false: sinks commit at the end.
   */
  readonly checkpointing?: boolean;
}

/** An environment and what a test controls and sees of it. */
export interface TestEnvironment {
  /** Build and execute jobs with it. */
  readonly env: StreamExecutionEnvironment;
  /** The time of all tasks. */
  readonly clock: ManualClock;
  /** What was logged and, in `log.printed`, what print sinks wrote. */
  readonly log: CapturedLog;
  /** Resolves when all tasks wait, or have ended. */
  idle(): Promise<void>;
  /** Takes a consistent snapshot of a running job; ids rise, by default from 1. */
  takeSnapshot(client: JobClient, checkpointId?: number): Promise<TestSnapshot>;
  /** Tells a job that a snapshot is complete: two-phase sinks commit. */
  completeSnapshot(client: JobClient, checkpointId: number): Promise<void>;
  /** Ends the sources of a job; with drain (default) as if their input had ended. */
  stop(client: JobClient, options?: { readonly drain?: boolean }): Promise<void>;
}

/**
 * Makes an environment for a test.
 *
 * @example
 * ```ts
 * import { TumblingProcessingTimeWindows, WatermarkStrategy } from "tsflink";
 * import { scriptedSource, testEnvironment } from "tsflink/testing";
 *
 * const { env, clock } = testEnvironment();
 * const sums = await env
 *   .fromSource(
 *     scriptedSource<number>([{ value: 1 }, { value: 2 }, { untilProcessingTime: 90_000 }, { value: 3 }]),
 *     WatermarkStrategy.noWatermarks(),
 *     "clicks",
 *   )
 *   .keyBy(() => "all")
 *   .window(TumblingProcessingTimeWindows.of("1 min"))
 *   .reduce((a, b) => a + b)
 *   .executeAndCollect();
 * console.assert(sums[0] === 3 && clock.now() >= 60_000);
 * ```
 */
export function testEnvironment(options: TestEnvironmentOptions = {}): TestEnvironment {
  const clock = new ManualClock(options.startMs);
  const log = new CapturedLog();
  let cluster: Promise<TestCluster> | undefined;
  const loaded = () =>
    cluster ??= testHost()({
      clock,
      log,
      autoAdvance: options.autoAdvance ?? true,
      seed: options.seed ?? 1,
      restoreFrom: options.restoreFrom,
      checkpointing: options.checkpointing ?? false,
    });
  const host = {
    executor: loaded,
    connectors: hostBinding().connectors,
    args: () => options.args ?? [],
    configuration: () => ({ "pipeline.check-mutation": true, "parallelism.default": options.parallelism ?? 1 }),
  };
  return {
    env: StreamExecutionEnvironment.ofHost(host, options.configuration),
    clock,
    log,
    idle: async () => await (await loaded()).idle(),
    takeSnapshot: async (client, checkpointId) => await (await loaded()).takeSnapshot(client, checkpointId),
    completeSnapshot: async (client, checkpointId) => (await loaded()).completeSnapshot(client, checkpointId),
    stop: async (client, { drain = true } = {}) => await (await loaded()).stop(client, drain),
  };
}
