/**
 * The mini cluster of the test kit: jobs in this isolate under a clock that the test, or the cluster itself, moves.
 *
 * @module
 */

import { invariant } from "../../runtime/errors.ts";
import type { JobClient } from "../../runtime/api/job_client.ts";
import { generateJobGraph } from "../../runtime/graph/job_graph_generator.ts";
import { systemSeams } from "../../runtime/seams/system/system_seams.ts";
import type { TestCluster, TestClusterOptions, TestSnapshot } from "../../runtime/testing/test_host.ts";
import { JobSnapshot } from "../jobmaster/job_snapshot.ts";
import { LocalJob } from "./local_job.ts";

/** Turns of the event loop after which tasks that wait are taken to wait for the clock: promises get theirs first. */
const SETTLE_TURNS = 3;

/** Makes a mini cluster; see testing/test_environment.ts. */
export function testCluster(options: TestClusterOptions): TestCluster {
  const { clock, log, autoAdvance, seed, restoreFrom, checkpointing } = options;
  const seams = { ...systemSeams({ seed }), clock, log };
  let jobs: { readonly job: LocalJob; isIdle: () => boolean }[] = [];
  let waiters: (() => void)[] = [];
  let ordinal = 0;

  const afterTurns = (turns: number, fn: () => void): void => {
    if (turns === 0) fn();
    else seams.mainThread.post(() => afterTurns(turns - 1, fn));
  };
  const allIdle = () => jobs.every(({ job, isIdle }) => job.graph.isTerminal || isIdle());
  const settle = () => {
    if (!allIdle()) return;
    const resolve = waiters;
    waiters = [];
    for (const waiter of resolve) waiter();
    const running = jobs.some(({ job }) => !job.graph.isTerminal);
    if (running && autoAdvance && clock.nextAt !== undefined) {
      clock.advanceTo(clock.nextAt);
      // A timer may have woken nobody (an idleness check): go on until something moves.
      if (allIdle()) requestSettle();
    }
  };

  // Only the last request counts: an older one would move the clock before what the last move woke has begun.
  let lastRequest = 0;
  const requestSettle = () => {
    const request = ++lastRequest;
    afterTurns(SETTLE_TURNS, () => request === lastRequest && settle());
  };
  const jobOf = (client: JobClient): LocalJob => {
    invariant(client instanceof LocalJob, "The job runs on this cluster");
    return client;
  };

  return {
    execute(graph, execute) {
      const entry = { job: undefined as unknown as LocalJob, isIdle: () => false };
      invariant(restoreFrom === undefined || restoreFrom instanceof JobSnapshot, "A snapshot of this cluster");
      entry.job = new LocalJob({
        jobId: (++ordinal).toString(16).padStart(32, "0"),
        jobGraph: generateJobGraph(graph),
        execute,
        seams,
        restored: restoreFrom,
        checkpointing,
        onIdle: (isStillIdle) => {
          entry.isIdle = isStillIdle;
          requestSettle();
        },
        onState: () => {
          if (entry.job?.graph.isTerminal) requestSettle();
        },
      });
      entry.job.start();
      // A test may run thousands of jobs one after the other: those that have ended are not kept.
      jobs = [...jobs.filter(({ job }) => !job.graph.isTerminal), entry];
      return Promise.resolve(entry.job);
    },
    idle: () =>
      new Promise((resolve) => {
        waiters.push(resolve);
        requestSettle();
      }),
    takeSnapshot: (client, checkpointId): Promise<TestSnapshot> => jobOf(client).takeSnapshot(checkpointId),
    completeSnapshot: (client, checkpointId) => jobOf(client).completeSnapshot(checkpointId),
    stop: (client, drain) => jobOf(client).stop(drain),
  };
}
