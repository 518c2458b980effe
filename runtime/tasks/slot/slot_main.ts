/**
 * What runs first in a slot's thread: rebuilds the job from its program, compares the plan with the JobMaster's, builds
 * the subtasks placed here and runs their loop until the job is over.
 *
 * Who calls: cluster/entrypoint/slot.ts, which puts the real surroundings together.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import { generateJobGraph } from "../../graph/job_graph_generator.ts";
import { ControlReader } from "../../network/control_ring.ts";
import { SlotExchange } from "../../network/slot_exchange.ts";
import { type CaptureOptions, captureProgram, checkPlan, type ProgramDescriptor } from "../../program/capture.ts";
import type { Clock } from "../../seams/clock.ts";
import type { Log } from "../../seams/log.ts";
import type { MainThread } from "../../seams/main_thread.ts";
import type { Parker } from "../../seams/parker.ts";
import type { Seams } from "../../seams/seams.ts";
import type { SlotPort } from "../../seams/worker_host.ts";
import { toTransferable } from "../../seams/error_transfer.ts";
import { isTerminal } from "../task_states.ts";
import { Slot } from "./slot.ts";
import { SlotClock } from "./slot_clock.ts";
import { SlotLog } from "./slot_log.ts";
import { SlotLoop } from "./slot_loop.ts";
import type { SlotDeployment, SlotReport, SlotRequest } from "./slot_protocol.ts";
import { SlotQueue } from "./slot_queue.ts";

/** How long the tasks work before the loop looks at its mail, in ms; peers wait for credit no longer than that. */
const SLICE_MS = 1;
/** Rows of executeAndCollect go to the client in batches; a turn of the loop sends what there is. */
const COLLECT_BATCHES = { maxRows: 256, maxUnderWay: 2 };

/** Shared memory between a slot, its peers and the JobMaster. */
export interface SlotMemory {
  /** Doorbells, by index. */
  readonly doorbells: SharedArrayBuffer;
  /** Which of them is this slot's. Default: that of its own number. */
  readonly doorbell?: number;
  /** Requests of the JobMaster. */
  readonly control: SharedArrayBuffer;
  /** One word: characters of output on their way to the JobMaster. */
  readonly output: SharedArrayBuffer;
  /** Rings from and to other slots. */
  readonly links: readonly {
    readonly peer: number;
    readonly inbound: SharedArrayBuffer;
    readonly outbound: SharedArrayBuffer;
    /** What wakes whoever is at the other end: the first doorbell there. Default: that of the peer's number above. */
    readonly doorbell?: SharedArrayBuffer;
  }[];
}

/** What a slot in a thread of its own is started with. */
export interface SlotStart {
  readonly program: ProgramDescriptor;
  /** The JobMaster's plan, to compare with. */
  readonly planFingerprint: readonly string[];
  /** How long the program may take until it executes the job, in ms. */
  readonly captureTimeoutMs: number;
  /** How long cancelled tasks may take to end, where the job says so; whoever runs the thread sees to it. */
  readonly cancellationTimeoutMs?: number;
  readonly deployment: SlotDeployment;
  readonly memory: SlotMemory;
  /** Of the engine's random choices. */
  readonly seed: number;
  /** How often the JobMaster is told how the subtasks do, in ms. */
  readonly progressMs: number;
  /** Names of vertices, by id: for the warnings of a TaskManager, which has no plan. */
  readonly taskNames?: ReadonlyMap<string, string>;
}

/** The real world of a slot, put together by the entry point. */
export interface SlotSurroundings {
  readonly port: SlotPort;
  readonly connectors: CaptureOptions["connectors"];
  /** Timers of the runtime, while the loop does not run yet. */
  readonly runtimeClock: Clock;
  /** All seams, with the slot's own clock, log and queue. */
  seams(
    own: { readonly clock: Clock; readonly mainThread: MainThread; readonly log: Log; readonly seed: number },
  ): Seams;
  /** Doorbell of a slot. */
  doorbell(memory: SharedArrayBuffer, slot: number): Parker;
  /** See SlotLoopOptions. */
  letEventLoopRun(pollsSockets: boolean): Promise<void>;
  /** What the program writes to the console goes there. */
  redirectConsole(write: (line: string, stream: "stdout" | "stderr") => void): void;
}

/** Runs a slot to its end. */
export async function slotMain(start: SlotStart, surroundings: SlotSurroundings): Promise<void> {
  const { port } = surroundings;
  const report = (message: SlotReport) => port.post(transferable(message));
  try {
    await new SlotThread(start, surroundings, report).run();
  } catch (error) {
    report({ type: "refused", error });
  }
  port.close();
}

/** Errors do not cross threads as they are. */
function transferable(report: SlotReport): SlotReport {
  if (!("error" in report) || report.error === undefined) return report;
  return { ...report, error: toTransferable(report.error) };
}

class SlotThread {
  readonly #start: SlotStart;
  readonly #surroundings: SlotSurroundings;
  readonly #report: (report: SlotReport) => void;
  /** Ends of tasks that are told once the promises and callbacks that the tasks have left behind had their chance to fail. */
  #ends: Extract<SlotReport, { type: "state" }>[] = [];

  constructor(start: SlotStart, surroundings: SlotSurroundings, report: (report: SlotReport) => void) {
    this.#start = start;
    this.#surroundings = surroundings;
    this.#report = report;
  }

  async run(): Promise<void> {
    const { program, planFingerprint, captureTimeoutMs, deployment, memory, seed } = this.#start;
    const { port, connectors, runtimeClock, letEventLoopRun } = this.#surroundings;
    const log = new SlotLog(this.#report, new Int32Array(memory.output));
    // Before main() runs, so that what is left of it stays silent also when its functions write.
    this.#surroundings.redirectConsole((line, stream) => log.print(line, stream));
    const captured = await captureProgram(program, { connectors, timeoutMs: captureTimeoutMs, clock: runtimeClock });
    const jobGraph = generateJobGraph(captured.graph);
    checkPlan(planFingerprint, jobGraph);
    // They are the same in every slot.
    if (deployment.slot === 0 && !deployment.isRepeated) {
      for (const warning of captured.warnings) log.log("warn", warning);
    }

    const parker = this.#surroundings.doorbell(memory.doorbells, memory.doorbell ?? deployment.slot);
    const clock = new SlotClock(runtimeClock, () => parker.wake());
    const queue = new SlotQueue(() => parker.wake());
    const exchange = new SlotExchange({
      links: memory.links,
      wakePeer: this.#wakePeer(),
    });
    const slot: Slot = new Slot({
      deployment,
      jobGraph,
      seams: this.#surroundings.seams({ clock, mainThread: queue, log, seed }),
      report: (report) => this.#tell(slot, log, report),
      remote: exchange,
      sliceMs: SLICE_MS,
      collect: COLLECT_BATCHES,
      betweenRounds: () => {
        exchange.poll();
        exchange.flush();
      },
    });
    const control = new ControlReader(memory.control);
    const loop = new SlotLoop({
      clock,
      queue,
      parker,
      poll: () => {
        const requests = control.poll((request) => this.#handle(slot, loop, request as SlotRequest));
        return exchange.poll() || requests > 0;
      },
      flush: () => {
        slot.flush();
        log.flush();
        return exchange.flush();
      },
      isAsync: () => slot.hasAsyncWork,
      onTurn: () => {
        port.beat(slot.currentTask);
        if (port.isKilled) loop.stop();
      },
      letEventLoopRun,
    });
    port.onUncaught((error) => {
      if (slot.fail(error)) return;
      // Left behind by a task that has ended, as far as anybody can tell.
      this.#ends = this.#ends.map((end) => ({ ...end, state: "FAILED", error }));
    });
    this.#tellProgress(slot, log, clock);
    this.#report({ type: "deployed" });
    await loop.run();
    log.flush();
  }

  #handle(slot: Slot, loop: SlotLoop, request: SlotRequest): void {
    slot.handle(request);
    if (request.type === "close") loop.stop();
  }

  /** What people are shown of a subtask that has ended is its last word. */
  #tell(slot: Slot, log: SlotLog, report: SlotReport): void {
    if (report.type === "state" && isTerminal(report.state)) {
      log.flush();
      this.#report({ type: "progress", subtasks: slot.progress() });
    }
    if (report.type === "state" && report.state === "FINISHED") return this.#tellEnd(report);
    try {
      this.#report(report);
    } catch (cause) {
      if (report.type !== "collect") throw cause;
      throw new JobExecutionError("TSF-2034", "A result cannot be handed to the program", {
        expected: "a value that can be cloned into another thread",
        found: String(cause),
        hint: "Map it to plain data before executeAndCollect().",
        cause,
      });
    }
  }

  #tellEnd(end: Extract<SlotReport, { type: "state" }>): void {
    if (this.#ends.push(end) > 1) return;
    void this.#surroundings.letEventLoopRun(false).then(() => {
      for (const each of this.#ends.splice(0)) this.#report(each);
    });
  }

  #tellProgress(slot: Slot, log: SlotLog, clock: Clock): void {
    clock.after(this.#start.progressMs, () => {
      this.#report({ type: "progress", subtasks: slot.progress() });
      log.allowHaste();
      this.#tellProgress(slot, log, clock);
    });
  }

  #wakePeer(): (peer: number) => void {
    const { doorbells, links } = this.#start.memory;
    const { doorbell: make } = this.#surroundings;
    const peers = new Map(links.map(({ peer, doorbell }) => [
      peer,
      doorbell === undefined ? make(doorbells, peer) : make(doorbell, 0),
    ]));
    return (peer) => peers.get(peer)!.wake();
  }
}
