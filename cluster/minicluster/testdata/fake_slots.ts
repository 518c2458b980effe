/**
 * Slots that are played by a test: a host whose threads are objects, which get what the JobMaster sends through real
 * rings and say what the test wants them to say.
 *
 * Used by worker_slots_test.ts and slot_races_test.ts.
 *
 * @module
 */

import { testEnvironment, type TestSeams, testSeams } from "tsflink/testing";
import type { StreamExecutionEnvironment } from "tsflink";
import { Configuration } from "../../../runtime/api/configuration.ts";
import { generateJobGraph } from "../../../runtime/graph/job_graph_generator.ts";
import type { JobGraph } from "../../../runtime/graph/job_graph.ts";
import { ControlReader } from "../../../runtime/network/control_ring.ts";
import { toTransferable } from "../../../runtime/seams/error_transfer.ts";
import type { Parker } from "../../../runtime/seams/parker.ts";
import type { SlotEnd, SlotHandle, SlotInit, SlotListener, WorkerHost } from "../../../runtime/seams/worker_host.ts";
import type { SlotStart } from "../../../runtime/tasks/slot/slot_main.ts";
import type { SlotReport, SlotRequest, SubtaskPlacement } from "../../../runtime/tasks/slot/slot_protocol.ts";
import type { ExecutionState } from "../../../runtime/tasks/task_states.ts";
import { LocalJob, type LocalJobOptions } from "../local_job.ts";
import { workerSlots, type WorkerSlotsOptions } from "../worker_slots.ts";

/** How a thread answers to being killed: at once, when the test says so ({@link FakeSlot.end}). */
export type OnKill = "stops" | "lingers";

/** One slot, played by the test. */
export class FakeSlot implements SlotHandle {
  beatCount = 0;
  activity = -1;
  kills = 0;
  ended: SlotEnd | undefined;
  /** All requests that were read. */
  readonly requests: SlotRequest[] = [];
  readonly start: SlotStart;
  readonly #control: ControlReader;

  constructor(readonly init: SlotInit, readonly listener: SlotListener, readonly host: FakeHost) {
    // As it would cross: shared memory stays shared.
    this.start = structuredClone(init.data) as SlotStart;
    this.#control = new ControlReader(this.start.memory.control);
  }

  get isAlive(): boolean {
    return this.ended === undefined && this.kills === 0;
  }
  get own(): readonly SubtaskPlacement[] {
    const { placements, slot } = this.start.deployment;
    return placements.filter((placement) => placement.slot === slot);
  }
  kill(): void {
    if (this.ended !== undefined) return;
    this.kills++;
    if (this.kills === 1 && this.host.onKill === "stops") this.end({ kind: "stopped" });
  }
  end(end: SlotEnd): void {
    if (this.ended !== undefined) return;
    this.ended = end;
    this.listener.onEnd(end);
  }
  /** Says something; a slot that is killed is not heard. */
  post(report: SlotReport): void {
    if (!this.isAlive) return;
    const crossing = "error" in report && report.error !== undefined
      ? { ...report, error: toTransferable(report.error) }
      : report;
    this.listener.onMessage(structuredClone(crossing));
  }
  state(executionId: string, state: ExecutionState, error?: unknown): void {
    this.post({ type: "state", executionId, state, ...(error === undefined ? {} : { error }) });
  }
  /** All its tasks end as they do when they are cancelled. */
  cancelled(): void {
    for (const { executionId } of this.own) {
      this.state(executionId, "CANCELING");
      this.state(executionId, "CANCELED");
    }
  }
  /** Reads what has come; gives the new requests. */
  read(): SlotRequest[] {
    const news: SlotRequest[] = [];
    this.#control.poll((request) => news.push(request as SlotRequest));
    this.requests.push(...news);
    return news;
  }
  types(): string[] {
    return this.requests.map(({ type }) => type);
  }
}

/** Starts {@link FakeSlot}s. */
export class FakeHost implements WorkerHost {
  readonly kind = "worker_threads" as const;
  readonly slots: FakeSlot[] = [];
  readonly prewarmed: number[] = [];
  onKill: OnKill = "stops";

  spawnSlot(init: SlotInit, listener: SlotListener): FakeSlot {
    const slot = new FakeSlot(init, listener, this);
    this.slots.push(slot);
    return slot;
  }
  prewarm(count: number): void {
    this.prewarmed.push(count);
  }
  close(): void {}
}

/** How often each doorbell was rung. */
export function countingDoorbells(): { readonly rung: number[]; readonly doorbells: WorkerSlotsOptions["doorbells"] } {
  const rung: number[] = [];
  return {
    rung,
    doorbells: {
      allocate: (count) => {
        for (let i = 0; i < count; i++) rung[i] = 0;
        return new SharedArrayBuffer(4 * count);
      },
      at: (_memory, slot): Parker => ({ ticket: () => 0, park: () => {}, wake: () => void rung[slot]++ }),
    },
  };
}

/** Builds a plan. */
export function graphOf(build: (env: StreamExecutionEnvironment) => void): JobGraph {
  const { env } = testEnvironment();
  build(env);
  return generateJobGraph(env.getStreamGraph());
}

export const LIMITS = { captureTimeoutMs: 30_000, stuckWarningMs: 10_000, cancellationTimeoutMs: 5000 };

/** A job whose slots are played by the test. */
export interface PlayedJob {
  readonly job: LocalJob;
  readonly host: FakeHost;
  readonly seams: TestSeams;
  readonly rung: readonly number[];
}

/** Makes it; it is not started. */
export function playedJob(jobGraph: JobGraph, options: {
  readonly collect?: LocalJobOptions["execute"]["collect"];
  readonly configuration?: Readonly<Record<string, string>>;
  readonly job?: Partial<LocalJobOptions>;
  readonly onKill?: OnKill;
} = {}): PlayedJob {
  const seams = testSeams();
  const host = new FakeHost();
  host.onKill = options.onKill ?? "stops";
  const { rung, doorbells } = countingDoorbells();
  const slots = workerSlots({
    ...LIMITS,
    host,
    seams,
    program: {
      url: "file:///job.ts",
      executionOrdinal: 0,
      args: [],
      configuration: {},
      recording: { calls: [], results: {}, environment: [], hasWholeEnvironment: false, events: [] },
    },
    heapMb: 64,
    seed: 7,
    progressMs: 200,
    doorbells,
  });
  const job = new LocalJob({
    jobId: "0".repeat(32),
    jobGraph,
    execute: {
      configuration: Configuration.from(options.configuration ?? {}),
      cachedFiles: [],
      executionOrdinal: 0,
      collect: options.collect,
    },
    seams,
    slots,
    ...options.job,
  });
  return { job, host, seams, rung };
}

/** Lets promises settle. */
export async function settled(): Promise<void> {
  for (let n = 0; n < 30; n++) await null;
}

/** Answers questions about accumulators, as a slot that has none. */
export function answer(slot: FakeSlot, request: SlotRequest): void {
  if (request.type === "exportAccumulators") {
    slot.post({ type: "accumulators", requestId: request.requestId, parts: [] });
  } else if (request.type === "mergeAccumulators") {
    slot.post({ type: "merged", requestId: request.requestId, values: {} });
  }
}
