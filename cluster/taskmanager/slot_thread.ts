/**
 * One slot in a thread of its own, as its owner sees it: what it is started with, how requests reach it and reports come
 * back, and every limit on how long it may stay silent.
 *
 * Invariants: after {@link SlotThread.close} nothing of it is heard any more; exactly one end is reported, last. Errors in
 * reports are as they crossed ({@link TransferredError}).
 *
 * Callers: deployed_slots.ts (TaskManager) and minicluster/worker_slots.ts (local mode).
 *
 * @module
 */

import { InvalidProgramError } from "../../runtime/errors.ts";
import { ControlWriter } from "../../runtime/network/control_ring.ts";
import type { RingOptions } from "../../runtime/network/ring.ts";
import type { Clock } from "../../runtime/seams/clock.ts";
import { toTransferable } from "../../runtime/seams/error_transfer.ts";
import type { Log } from "../../runtime/seams/log.ts";
import type { Parker } from "../../runtime/seams/parker.ts";
import type { SlotEnd, SlotHandle, WorkerHost } from "../../runtime/seams/worker_host.ts";
import { outputWritten } from "../../runtime/tasks/slot/slot_log.ts";
import type { SlotStart } from "../../runtime/tasks/slot/slot_main.ts";
import type {
  SlotReport,
  SlotRequest,
  SubtaskPlacement,
  SubtaskProgress,
} from "../../runtime/tasks/slot/slot_protocol.ts";

/** The control ring of a slot. */
export const CONTROL_RING = { ringSlots: 16, slotBytes: 4096 };
/** Ring slots of a pair of slots beside those that the credit of its channels can fill. */
const EVENT_RESERVE = 4;
/** Ring slots at most; more channels share them, what does not fit waits at the sender. */
const MAX_RING_SLOTS = 64;
/** Room for the headers of a full buffer in a ring slot. */
const HEADER_RESERVE = 256;

/** Size of the rings between two slots that have so many channels between them. */
export function linkRing(channels: number, settings: SlotStart["deployment"]["settings"]): RingOptions {
  const credit = channels * settings.buffersPerChannel + settings.floatingBuffersPerGate;
  return {
    ringSlots: Math.min(MAX_RING_SLOTS, credit + EVENT_RESERVE),
    slotBytes: settings.segmentBytes + HEADER_RESERVE,
  };
}

/** How much later than the slot itself its owner finds that main() takes too long, in ms. */
const CAPTURE_GRACE_MS = 1000;
/** How often the control ring is looked at when it was full, in ms. */
const CONTROL_RETRY_MS = 2;

/** What a thread is started with. */
export interface SlotThreadOptions {
  readonly host: WorkerHost;
  readonly clock: Clock;
  readonly log: Log;
  /** Rings the slot. */
  readonly doorbell: Parker;
  /** As "slot 2 of job "x"". */
  readonly name: string;
  readonly heapMb: number;
  readonly start: SlotStart;
  /** A slot that has not moved for that long is named in a warning. */
  readonly stuckWarningMs: number;
  /** How long cancelled tasks may take to end before their slot is given up. */
  readonly cancellationTimeoutMs: number;
  /** Names a subtask for people, as "task Map (1/2)". */
  readonly describe: (placement: SubtaskPlacement) => string;
  /** Line of the program that made the job's first operator. */
  readonly userLine?: string;
  readonly onReport: (report: SlotReport) => void;
  /** It has come to its end before it was closed. */
  readonly onEnd: (end: SlotEnd) => void;
}

/** See the module. */
export class SlotThread {
  readonly #options: SlotThreadOptions;
  readonly #handle: SlotHandle;
  readonly #control: ControlWriter;
  readonly #output: Int32Array<SharedArrayBuffer>;
  readonly #gone = Promise.withResolvers<SlotEnd>();
  #progress: readonly SubtaskProgress[] = [];
  #isClosing = false;
  /** It was cancelled long ago. */
  #isOverdue = false;
  #isDeployed = false;
  #stopWatching: () => void = () => {};
  #stopWaiting: () => void = () => {};

  /** Starts the thread. @throws BugError TSF-0040 when what it is started with cannot cross. */
  constructor(options: SlotThreadOptions) {
    this.#options = options;
    const { start, doorbell, clock, host, name, heapMb } = options;
    this.#output = new Int32Array(start.memory.output);
    this.#control = new ControlWriter(
      start.memory.control,
      () => doorbell.wake(),
      (retry) => clock.after(CONTROL_RETRY_MS, retry),
    );
    this.#handle = host.spawnSlot(
      { name, heapMb, data: start },
      { onMessage: (message) => this.#onReport(message as SlotReport), onEnd: (end) => this.#onEnd(end) },
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
  /** How its subtasks do, as last known. */
  progress(): readonly SubtaskProgress[] {
    return this.#progress;
  }
  /** Resolves when the slot has ended, with how. */
  get gone(): Promise<SlotEnd> {
    return this.#gone.promise;
  }
  /** Ends the slot; nothing is reported any more. Resolves when it is gone, or known to be stuck. */
  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#handle.kill();
      this.#options.doorbell.wake();
    }
    await this.#gone.promise;
  }

  #onReport(report: SlotReport): void {
    if (report.type === "progress") this.#progress = report.subtasks;
    if (report.type === "deployed") {
      this.#isDeployed = true;
      this.#stopWaiting();
    }
    this.#options.onReport(report);
    if (report.type === "output") outputWritten(this.#output, report.lines);
  }

  #onEnd(end: SlotEnd): void {
    const { log, name, cancellationTimeoutMs } = this.#options;
    this.#stopWatching();
    this.#stopWaiting();
    this.#control.close();
    if (end.kind === "stuck") {
      const limit = this.#isOverdue ? ` within task.cancellation.timeout, ${cancellationTimeoutMs / 1000} s` : "";
      log.log("warn", `${name} does not stop${limit} (${this.activity}); it ends with the process`);
    }
    if (!this.#isClosing) this.#options.onEnd(end);
    this.#gone.resolve(end);
  }

  /** What the slot was last seen at. */
  get activity(): string {
    const { placements, slot } = this.#options.start.deployment;
    const own = placements.filter((placement) => placement.slot === slot);
    const current = own[this.#handle.activity];
    return current === undefined ? "before its first task" : `in ${this.#options.describe(current)}`;
  }

  /** Says once when the slot has not moved for long. */
  #watch(sinceMs: number, lastBeat: number): void {
    const { clock, log, name, stuckWarningMs } = this.#options;
    this.#stopWatching = clock.after(stuckWarningMs, () => {
      const beat = this.#handle.beatCount;
      if (beat !== lastBeat || beat === 0) return this.#watch(0, beat);
      const stuckMs = sinceMs + stuckWarningMs;
      if (sinceMs === 0) {
        log.log("warn", `${name} has not moved for ${Math.round(stuckMs / 1000)} s, ${this.activity}`);
      }
      this.#watch(stuckMs, beat);
    });
  }

  /** The slot itself says when main() takes too long, unless main() never lets it speak. */
  #limitCapture(): () => void {
    const { clock, name, userLine, start: { captureTimeoutMs } } = this.#options;
    return clock.after(captureTimeoutMs + CAPTURE_GRACE_MS, () => {
      const error = new InvalidProgramError(
        "TSF-1234",
        `main() does not come to its job within ${captureTimeoutMs} ms`,
        {
          expected: "a call of execute(), as in the first run",
          found: `a main() that keeps ${name} busy`,
          userLine,
          hint: 'What decides how long it takes belongs into await env.once("name", () => ...).',
        },
      );
      this.#options.onReport({ type: "refused", error: toTransferable(error) });
    });
  }

  /** Tasks that do not end when they are cancelled hold their slot only so long. */
  #limitCancellation(): void {
    const { clock, cancellationTimeoutMs } = this.#options;
    const stop = clock.after(cancellationTimeoutMs, () => {
      this.#isOverdue = true;
      this.#handle.kill();
    });
    void this.#gone.promise.then(stop);
  }
}
