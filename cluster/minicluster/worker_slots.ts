/**
 * The slots of a job as threads of this process: shared memory between them, a control ring to each, and the program that
 * each runs again to get at the functions.
 *
 * @module
 */

import { planFingerprint } from "../../runtime/graph/plan_hash.ts";
import { createRing } from "../../runtime/network/ring.ts";
import type { ProgramDescriptor } from "../../runtime/program/capture.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { Parker } from "../../runtime/seams/parker.ts";
import type { WorkerHost } from "../../runtime/seams/worker_host.ts";
import type { SlotMemory, SlotStart } from "../../runtime/tasks/slot/slot_main.ts";
import { fromTransferable, type TransferredError } from "../../runtime/seams/error_transfer.ts";
import { linkedPairs } from "../jobmaster/linked_pairs.ts";
import { placeBySharing, type SlotJob, type SlotProvider } from "../jobmaster/slots.ts";
import { CONTROL_RING, linkRing, SlotThread } from "../taskmanager/slot_thread.ts";
import { ownGraph } from "./own_graph.ts";

/** A job that has run for that long gets a thread started ahead, for a slot of its next attempt or the next job, in ms. */
const SPARE_AFTER_MS = 1000;

/** What slots in threads need. */
export interface WorkerSlotsOptions {
  readonly host: WorkerHost;
  readonly seams: Seams;
  readonly program: ProgramDescriptor;
  readonly heapMb: number;
  readonly captureTimeoutMs: number;
  /** A slot that has not moved for that long is named in a warning. */
  readonly stuckWarningMs: number;
  /** How long cancelled tasks may take to end before their slot is given up. */
  readonly cancellationTimeoutMs: number;
  readonly seed: number;
  /** How often slots tell how their subtasks do, in ms. */
  readonly progressMs: number;
  /** Makes doorbells: shared memory for a number of them, and one by index. */
  readonly doorbells: {
    allocate(count: number): SharedArrayBuffer;
    at(memory: SharedArrayBuffer, slot: number): Parker;
  };
}

/** See the module. */
export function workerSlots(options: WorkerSlotsOptions): SlotProvider {
  return {
    isInline: false,
    place: placeBySharing,
    allocate: (job) => new WorkerSlots(options, job).gateways,
    prepare: (slots) => options.host.prewarm(slots),
  };
}

class WorkerSlots {
  readonly gateways: readonly SlotThread[];

  constructor(readonly options: WorkerSlotsOptions, readonly job: SlotJob) {
    const { deployment, jobGraph } = job;
    const fingerprint = planFingerprint(ownGraph(jobGraph));
    const slots = Math.max(...deployment.placements.map(({ slot }) => slot)) + 1;
    const doorbells = options.doorbells.allocate(slots);
    const rings = linkedPairs(jobGraph, deployment.placements).map(({ a, b, channels }) => {
      const ring = linkRing(channels, deployment.settings);
      return { a, b, forward: createRing(ring), backward: createRing(ring) };
    });
    const links = (slot: number): SlotMemory["links"] =>
      rings.flatMap(({ a, b, forward, backward }) => {
        if (a === slot) return [{ peer: b, outbound: forward, inbound: backward }];
        return b === slot ? [{ peer: a, outbound: backward, inbound: forward }] : [];
      });
    this.gateways = Array.from({ length: slots }, (_, slot) => {
      const memory: SlotMemory = {
        doorbells,
        control: createRing(CONTROL_RING),
        output: new SharedArrayBuffer(4),
        links: links(slot),
      };
      return workerSlot(options, job, {
        program: options.program,
        planFingerprint: fingerprint,
        captureTimeoutMs: options.captureTimeoutMs,
        deployment: { ...deployment, slot, restored: restoredFor(job, slot) },
        memory,
        seed: options.seed,
        progressMs: options.progressMs,
      });
    });
    const cancelSpare = options.seams.clock.after(SPARE_AFTER_MS, () => options.host.prewarm(1));
    for (const gateway of this.gateways) void gateway.gone.then(cancelSpare);
  }
}

/** State of the subtasks of one slot only: the others have no use for it. */
function restoredFor({ deployment }: SlotJob, slot: number): SlotStart["deployment"]["restored"] {
  if (deployment.restored === undefined) return undefined;
  const own = new Set(deployment.placements.filter((one) => one.slot === slot).map((one) => one.subtaskIndex));
  const states = [...deployment.restored.states].map(([id, all]) =>
    [id, all.map((state, subtask) => own.has(subtask) ? state : {})] as const
  );
  return { checkpointId: deployment.restored.checkpointId, states: new Map(states) };
}

/** One slot, as the job sees it. */
function workerSlot(options: WorkerSlotsOptions, job: SlotJob, start: SlotStart): SlotThread {
  const { slot } = start.deployment;
  const { host, seams, heapMb, stuckWarningMs, cancellationTimeoutMs } = options;
  return new SlotThread({
    host,
    clock: seams.clock,
    log: seams.log,
    doorbell: options.doorbells.at(start.memory.doorbells, slot),
    name: `slot ${slot} of job "${job.jobGraph.name}"`,
    heapMb,
    start,
    stuckWarningMs,
    cancellationTimeoutMs,
    describe: ({ vertexId, subtaskIndex }) => {
      const vertex = job.jobGraph.vertex(vertexId);
      return `task ${vertex.name} (${subtaskIndex + 1}/${vertex.parallelism})`;
    },
    userLine: job.jobGraph.verticesTopologically[0]?.chain[0]?.userLine,
    onReport: (report) => {
      const arrived = "error" in report && report.error !== undefined
        ? { ...report, error: fromTransferable(report.error as TransferredError) }
        : report;
      job.onReport(slot, arrived);
    },
    onEnd: (end) => job.onEnd(slot, end),
  });
}
