/**
 * The slots of a job as threads of this process: shared memory between them, a control ring to each, and the program that
 * each runs again to get at the functions.
 *
 * @module
 */

import { InvalidProgramError } from "../../runtime/errors.ts";
import type { JobGraph } from "../../runtime/graph/job_graph.ts";
import { connections } from "../../runtime/graph/edge_connection.ts";
import { planFingerprint } from "../../runtime/graph/plan_hash.ts";
import { ControlWriter } from "../../runtime/network/control_ring.ts";
import { createRing } from "../../runtime/network/ring.ts";
import type { ProgramDescriptor } from "../../runtime/program/capture.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { Parker } from "../../runtime/seams/parker.ts";
import type { SlotEnd, SlotHandle, WorkerHost } from "../../runtime/seams/worker_host.ts";
import { outputWritten } from "../../runtime/tasks/slot/slot_log.ts";
import type { SlotMemory, SlotStart } from "../../runtime/tasks/slot/slot_main.ts";
import type {
  SlotReport,
  SlotRequest,
  SubtaskPlacement,
  SubtaskProgress,
} from "../../runtime/tasks/slot/slot_protocol.ts";
import { fromTransferable, type TransferredError } from "../../runtime/seams/error_transfer.ts";
import type { ExecutionGraph } from "../jobmaster/execution_graph.ts";
import { placements } from "./inline_slots.ts";
import type { SlotGateway, SlotJob, SlotProvider } from "./slots.ts";

/** Ring slots of a pair of slots beside those that the credit of its channels can fill. */
const EVENT_RESERVE = 4;
/** Ring slots at most; more channels share them, what does not fit waits at the sender. */
const MAX_RING_SLOTS = 64;
/** Room for the headers of a full buffer in a ring slot. */
const HEADER_RESERVE = 256;
/** A job that has run for that long gets a thread started ahead, for a slot of its next attempt or the next job, in ms. */
const SPARE_AFTER_MS = 1000;
const CONTROL_RING = { ringSlots: 16, slotBytes: 4096 };
/** How much later than the slot itself the JobMaster finds that main() takes too long, in ms. */
const CAPTURE_GRACE_MS = 1000;
/** How often the control ring is looked at when it was full, in ms. */
const CONTROL_RETRY_MS = 2;

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
    place: (graph) => placeBySharing(graph),
    allocate: (job) => new WorkerSlots(options, job).gateways,
    prepare: (slots) => options.host.prewarm(slots),
  };
}

/** As Flink: a slot holds one subtask of each vertex of a slot sharing group; every group has slots of its own. */
export function placeBySharing(graph: ExecutionGraph): SubtaskPlacement[] {
  const firstSlot = new Map<unknown, number>();
  let slots = 0;
  for (const { vertex } of graph.vertices) {
    const group = vertex.slotSharingGroup;
    if (firstSlot.has(group)) continue;
    firstSlot.set(group, slots);
    const members = graph.vertices.filter((other) => other.vertex.slotSharingGroup === group);
    slots += Math.max(...members.map(({ parallelism }) => parallelism));
  }
  return placements(graph, (vertexId, subtask) => {
    return firstSlot.get(graph.jobVertex(vertexId).vertex.slotSharingGroup)! + subtask;
  });
}

class WorkerSlots {
  readonly gateways: readonly WorkerSlot[];

  constructor(readonly options: WorkerSlotsOptions, readonly job: SlotJob) {
    const { deployment, jobGraph } = job;
    const fingerprint = planFingerprint(jobGraph);
    const slots = Math.max(...deployment.placements.map(({ slot }) => slot)) + 1;
    const doorbells = options.doorbells.allocate(slots);
    const rings = linkedPairs(jobGraph, deployment.placements).map(({ a, b, channels }) => {
      const ring = {
        ringSlots: Math.min(MAX_RING_SLOTS, ringSlotsFor(channels, job)),
        slotBytes: deployment.settings.segmentBytes + HEADER_RESERVE,
      };
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
      return new WorkerSlot(options, job, {
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

function ringSlotsFor(channels: number, { deployment: { settings } }: SlotJob): number {
  return channels * settings.buffersPerChannel + settings.floatingBuffersPerGate + EVENT_RESERVE;
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

/** Pairs of slots that have channels between them, either way, with their number. */
function linkedPairs(
  jobGraph: JobGraph,
  all: readonly SubtaskPlacement[],
): { readonly a: number; readonly b: number; readonly channels: number }[] {
  const slotOf = new Map(all.map((placement) => [`${placement.vertexId} ${placement.subtaskIndex}`, placement.slot]));
  const pairs = new Map<string, { a: number; b: number; channels: number }>();
  for (const vertex of jobGraph.vertices) {
    for (const edge of vertex.inputs) {
      const producers = jobGraph.vertex(edge.sourceVertexId).parallelism;
      for (const { producer, consumer } of connections(edge.distributionPattern, producers, vertex.parallelism)) {
        const from = slotOf.get(`${edge.sourceVertexId} ${producer}`);
        const to = slotOf.get(`${vertex.id} ${consumer}`);
        // Subtasks of other stages have no slot now; their channels are files.
        if (from === to || from === undefined || to === undefined) continue;
        const [a, b] = from < to ? [from, to] : [to, from];
        const pair = pairs.get(`${a} ${b}`) ?? { a, b, channels: 0 };
        pair.channels++;
        pairs.set(`${a} ${b}`, pair);
      }
    }
  }
  return [...pairs.values()];
}

/** One slot, as the job sees it. */
class WorkerSlot implements SlotGateway {
  readonly #options: WorkerSlotsOptions;
  readonly #job: SlotJob;
  readonly #start: SlotStart;
  readonly #handle: SlotHandle;
  readonly #doorbell: Parker;
  readonly #control: ControlWriter;
  readonly #output: Int32Array<SharedArrayBuffer>;
  readonly #gone = Promise.withResolvers<void>();
  #progress: readonly SubtaskProgress[] = [];
  #isClosing = false;
  /** It was cancelled long ago. */
  #isOverdue = false;
  #isDeployed = false;
  #stopWatching: () => void = () => {};
  #stopWaiting: () => void = () => {};

  constructor(options: WorkerSlotsOptions, job: SlotJob, start: SlotStart) {
    this.#options = options;
    this.#job = job;
    this.#start = start;
    const { memory, deployment } = start;
    const doorbell = this.#doorbell = options.doorbells.at(memory.doorbells, deployment.slot);
    this.#output = new Int32Array(memory.output);
    this.#control = new ControlWriter(
      memory.control,
      () => doorbell.wake(),
      (retry) => options.seams.clock.after(CONTROL_RETRY_MS, retry),
    );
    this.#handle = options.host.spawnSlot(
      { name: `slot ${deployment.slot} of job "${job.jobGraph.name}"`, heapMb: options.heapMb, data: start },
      {
        onMessage: (message) => this.#onReport(message as SlotReport),
        onEnd: (end) => this.#onEnd(end),
      },
    );
    this.#watch(0, -1);
    this.#stopWaiting = this.#limitCapture();
  }

  request(request: SlotRequest): void {
    if (request.type === "cancel") {
      // One that has no tasks yet cannot cancel them, and may never come to read this.
      if (!this.#isDeployed) this.#handle.kill();
      this.#limitCancellation();
    }
    this.#control.send(request);
  }
  progress(): readonly SubtaskProgress[] {
    return this.#progress;
  }
  /** Resolves when the slot has ended. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }
  close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#handle.kill();
      this.#doorbell.wake();
    }
    return this.#gone.promise;
  }

  #onReport(report: SlotReport): void {
    if (report.type === "progress") {
      this.#progress = report.subtasks;
      return;
    }
    if (report.type === "deployed") {
      this.#isDeployed = true;
      this.#stopWaiting();
    }
    const arrived = "error" in report && report.error !== undefined
      ? { ...report, error: fromTransferable(report.error as TransferredError) }
      : report;
    this.#job.onReport(this.#start.deployment.slot, arrived);
    if (report.type === "output") outputWritten(this.#output, report.lines);
  }

  #onEnd(end: SlotEnd): void {
    this.#stopWatching();
    this.#stopWaiting();
    this.#control.close();
    if (end.kind === "stuck") {
      const limit = this.#isOverdue
        ? ` within task.cancellation.timeout, ${this.#options.cancellationTimeoutMs / 1000} s`
        : "";
      this.#options.seams.log.log(
        "warn",
        `${this.#name} does not stop${limit} (${this.#activity}); it ends with the process`,
      );
    }
    if (!this.#isClosing) this.#job.onEnd(this.#start.deployment.slot, end);
    this.#gone.resolve();
  }

  get #name(): string {
    return `slot ${this.#start.deployment.slot} of job "${this.#job.jobGraph.name}"`;
  }

  /** What the slot was last seen at. */
  get #activity(): string {
    const { placements, slot } = this.#start.deployment;
    const own = placements.filter((placement) => placement.slot === slot);
    const current = own[this.#handle.activity];
    if (current === undefined) return "before its first task";
    const vertex = this.#job.jobGraph.vertex(current.vertexId);
    return `in task ${vertex.name} (${current.subtaskIndex + 1}/${vertex.parallelism})`;
  }

  /** Says once when the slot has not moved for long. */
  #watch(sinceMs: number, lastBeat: number): void {
    const { seams, stuckWarningMs } = this.#options;
    this.#stopWatching = seams.clock.after(stuckWarningMs, () => {
      const beat = this.#handle.beatCount;
      if (beat !== lastBeat || beat === 0) return this.#watch(0, beat);
      const stuckMs = sinceMs + stuckWarningMs;
      if (sinceMs === 0) {
        seams.log.log("warn", `${this.#name} has not moved for ${Math.round(stuckMs / 1000)} s, ${this.#activity}`);
      }
      this.#watch(stuckMs, beat);
    });
  }

  /** The slot itself says when main() takes too long, unless main() never lets it speak. */
  #limitCapture(): () => void {
    const { seams, captureTimeoutMs } = this.#options;
    return seams.clock.after(captureTimeoutMs + CAPTURE_GRACE_MS, () => {
      const error = new InvalidProgramError(
        "TSF-1234",
        `main() does not come to its job within ${captureTimeoutMs} ms`,
        {
          expected: "a call of execute(), as in the first run",
          found: `a main() that keeps ${this.#name} busy`,
          userLine: this.#job.jobGraph.verticesTopologically[0]?.chain[0]?.userLine,
          hint: 'What decides how long it takes belongs into await env.once("name", () => ...).',
        },
      );
      this.#job.onReport(this.#start.deployment.slot, { type: "refused", error });
    });
  }

  /** Tasks that do not end when they are cancelled hold their slot only so long. */
  #limitCancellation(): void {
    const { seams, cancellationTimeoutMs } = this.#options;
    const stop = seams.clock.after(cancellationTimeoutMs, () => {
      this.#isOverdue = true;
      this.#handle.kill();
    });
    this.#gone.promise.then(stop);
  }
}
