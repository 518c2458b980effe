/**
 * Conditions under which the tests of whole jobs run them: tiny steps and buffers, tasks passed over at random.
 *
 * @module
 */

import fc from "fast-check";
import { StreamExecutionEnvironment } from "tsflink";
import { ManualClock, type MemoryFiles, testSeams } from "tsflink/testing";
import { hostBinding } from "../../../runtime/api/host_binding.ts";
import { systemSeams } from "../../../runtime/seams/system/system_seams.ts";
import { StreamTask } from "../../../runtime/tasks/stream_task.ts";
import type { TaskSettings } from "../../../runtime/tasks/task_builder.ts";
import { localExecutor } from "../../entrypoint/local.ts";
import type { LocalJob, LocalJobOptions } from "../local_job.ts";

/** How a job is run. */
export interface Conditions {
  readonly settings: Partial<TaskSettings>;
  readonly chaining: boolean;
  /** Of 100 turns of a task, how many are skipped. */
  readonly passedOver: number;
  readonly seed: number;
  /** Default: exactly once. */
  readonly mode?: "EXACTLY_ONCE" | "AT_LEAST_ONCE";
  /** More of the job's configuration. */
  readonly configuration?: Readonly<Record<string, unknown>>;
}

/** Conditions of every degree of cruelty. */
export const conditions: fc.Arbitrary<Conditions> = fc.record({
  settings: fc.record({
    rowsPerStep: fc.constantFrom(1, 2, 3, 50),
    maxBuffersPerSubpartition: fc.constantFrom(1, 2),
    buffersPerChannel: fc.constantFrom(1, 2),
    floatingBuffersPerGate: fc.constantFrom(0, 1),
    maxOverflowBuffers: fc.constantFrom(0, 1, 64),
    maxRowsPerBatch: fc.constantFrom(1, 2, 256),
    forceCodec: fc.boolean(),
  }),
  chaining: fc.boolean(),
  passedOver: fc.constantFrom(0, 30, 80),
  seed: fc.integer(),
});

/** Nothing out of the ordinary. */
export const MILD: Conditions = { settings: {}, chaining: true, passedOver: 0, seed: 1 };

/** An environment whose jobs run under these conditions. */
export function environment(
  { settings, chaining, seed, mode = "EXACTLY_ONCE", configuration }: Conditions,
  job: Partial<LocalJobOptions> = {},
  onJob?: (job: LocalJob) => void,
  clock: ManualClock = new ManualClock(),
  files?: MemoryFiles,
): StreamExecutionEnvironment {
  const seams = { ...systemSeams({ seed }), clock, log: testSeams().log, files: files ?? systemSeams().files };
  const executor = localExecutor({ seams, job: { ...job, settings }, onJob });
  return StreamExecutionEnvironment.ofHost({
    executor: () => Promise.resolve(executor),
    connectors: hostBinding().connectors,
    args: () => [],
    configuration: () => ({
      "pipeline.check-mutation": true,
      "pipeline.operator-chaining.enabled": chaining,
      "execution.checkpointing.mode": mode,
      ...configuration,
    }),
  });
}

/** Sees every step of a task. */
export interface Steps {
  onStep?: () => void;
}

/** Runs with tasks that lose their turn now and then: the loop takes them in every order. */
export async function passingOver<R>(percent: number, seed: number, run: (steps: Steps) => Promise<R>): Promise<R> {
  const { step } = StreamTask.prototype;
  const steps: Steps = {};
  let state = seed | 1;
  StreamTask.prototype.step = function () {
    steps.onStep?.();
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % 100 < percent ? "progress" : step.call(this);
  };
  try {
    return await run(steps);
  } finally {
    StreamTask.prototype.step = step;
  }
}
