/**
 * The coordinators of a job in a thread of their own, as the JobMaster sees them. The thread runs the program once more,
 * so the first thing that comes back is its plan. One that throws, spins or dies fails the stages whose sources it
 * coordinates; the next stage that starts gets a new thread.
 *
 * Invariants: what a thread says of a vertex before it is started or after it is stopped is dropped; of a thread that has
 * ended nothing is heard.
 *
 * @module
 */

import { FlinkError, InvalidProgramError, JobExecutionError } from "../../errors.ts";
import { ControlWriter } from "../../network/control_ring.ts";
import { createRing } from "../../network/ring.ts";
import type { ProgramDescriptor } from "../../program/recording.ts";
import type { Cancel, Clock } from "../../seams/clock.ts";
import { fromTransferable, type TransferredError } from "../../seams/error_transfer.ts";
import type { Log } from "../../seams/log.ts";
import type { Parker } from "../../seams/parker.ts";
import type { SlotEnd, SlotHandle, WorkerHost } from "../../seams/worker_host.ts";
import type { CoordinatorGateway, CoordinatorListener, EnumeratorStates } from "./coordinator_gateway.ts";
import type { CapturedPlan, CoordinatorReport, CoordinatorRequest, CoordinatorStart } from "./coordinator_protocol.ts";

const CONTROL_RING = { ringSlots: 16, slotBytes: 4096 };
/** How often the control ring is looked at when it was full, in ms. */
const CONTROL_RETRY_MS = 2;
/** How much later than the thread itself we find that main() takes too long, in ms. */
const CAPTURE_GRACE_MS = 1000;

/** What the isolate of a job is made from. */
export interface CoordinatorIsolateOptions {
  readonly host: WorkerHost;
  readonly clock: Clock;
  readonly log: Log;
  readonly jobName: string;
  readonly program: ProgramDescriptor;
  readonly planFingerprint: readonly string[];
  readonly captureTimeoutMs: number;
  /** A thread that has not moved for that long is given up, in ms; it moves at least once a second. */
  readonly stuckTimeoutMs: number;
  readonly heapMb: number;
  readonly seed: number;
  readonly doorbells: {
    allocate(count: number): SharedArrayBuffer;
    at(memory: SharedArrayBuffer, index: number): Parker;
  };
}

/** See the module. */
export class CoordinatorIsolate implements CoordinatorGateway {
  /** Set before anything is started. */
  listener: CoordinatorListener = { send: () => {}, fail: () => {} };
  readonly #options: CoordinatorIsolateOptions;
  /** Vertices whose coordinators run. */
  readonly #started = new Set<string>();
  #thread: Thread | undefined;
  #isClosed = false;
  #url: string;

  constructor(options: CoordinatorIsolateOptions) {
    this.#options = options;
    this.#url = options.program.url;
  }

  /**
   * Starts the thread.
   *
   * @param url Where the program's module lies here.
   * @throws FlinkError why the program cannot be run again, or is another one.
   */
  capture(url: string = this.#url): Promise<CapturedPlan> {
    this.#url = url;
    if (this.#isClosed) return Promise.reject(ended(`coordinators of job "${this.#options.jobName}"`, "closed"));
    return this.#begin().captured;
  }

  start(vertexIds: readonly string[], restored: EnumeratorStates | undefined): void {
    if (this.#isClosed) return;
    for (const id of vertexIds) this.#started.add(id);
    this.#begin().request({ type: "start", vertexIds, restored });
  }

  handleEvent(operatorId: string, subtaskIndex: number, attemptNumber: number, event: unknown): void {
    this.#thread?.request({ type: "event", operatorId, subtaskIndex, attemptNumber, event });
  }

  snapshot(checkpointId: number, done: (answer: EnumeratorStates | { readonly error: unknown }) => void): void {
    if (this.#thread === undefined) return done(new Map());
    this.#thread.ask((requestId) => ({ type: "snapshot", requestId, checkpointId }), (answer) => {
      if (answer instanceof FlinkError) return done({ error: answer });
      const { states, error } = answer as Extract<CoordinatorReport, { type: "snapshot" }>;
      done(states ?? { error });
    });
  }

  complete(checkpointId: number): void {
    this.#thread?.request({ type: "complete", checkpointId });
  }

  async stop(vertexIds: readonly string[]): Promise<void> {
    for (const id of vertexIds) this.#started.delete(id);
    const thread = this.#thread;
    if (thread === undefined) return;
    await new Promise<void>((resolve) =>
      thread.ask((requestId) => ({ type: "stop", requestId, vertexIds }), () => resolve())
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#started.clear();
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.close();
  }

  #begin(): Thread {
    const program = { ...this.#options.program, url: this.#url };
    return this.#thread ??= new Thread({ ...this.#options, program }, {
      onReport: (thread, report) => this.#onReport(thread, report),
      onEnd: (thread, error) => {
        if (this.#thread !== thread) return;
        this.#thread = undefined;
        this.#failAll(error);
      },
    });
  }

  #onReport(thread: Thread, report: CoordinatorReport): void {
    if (this.#thread !== thread) return;
    const { log } = this.#options;
    switch (report.type) {
      case "send":
        if (!this.#started.has(report.vertexId)) return;
        return this.listener.send(report.vertexId, report.subtaskIndex, report.operatorId, report.event);
      case "failed":
        if (report.vertexId === undefined) return this.#failAll(report.error);
        if (this.#started.delete(report.vertexId)) this.listener.fail(report.vertexId, report.error);
        return;
      case "output":
        return log.print(report.line, report.stream);
      case "log":
        return log.log(report.level, report.message);
    }
  }

  #failAll(error: unknown): void {
    const failed = [...this.#started];
    this.#started.clear();
    for (const vertexId of failed) this.listener.fail(vertexId, error);
  }
}

interface ThreadListener {
  onReport(thread: Thread, report: CoordinatorReport): void;
  /** It has ended by itself, or was given up. */
  onEnd(thread: Thread, error: FlinkError): void;
}

type Answer = (answer: CoordinatorReport | FlinkError) => void;

/** One thread: from its start to its end. */
class Thread {
  readonly #options: CoordinatorIsolateOptions;
  readonly #listener: ThreadListener;
  readonly #handle: SlotHandle;
  readonly #doorbell: Parker;
  readonly #control: ControlWriter;
  readonly #captured = Promise.withResolvers<CapturedPlan>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #asked = new Map<number, Answer>();
  #lastRequestId = 0;
  #isOver = false;
  #stopWatching: Cancel;

  constructor(options: CoordinatorIsolateOptions, listener: ThreadListener) {
    this.#options = options;
    this.#listener = listener;
    const { host, clock, doorbells, jobName, program, planFingerprint, captureTimeoutMs, heapMb, seed } = options;
    // Not everybody waits for it.
    this.#captured.promise.catch(() => {});
    const memory = { doorbell: doorbells.allocate(1), control: createRing(CONTROL_RING) };
    this.#doorbell = doorbells.at(memory.doorbell, 0);
    this.#control = new ControlWriter(
      memory.control,
      () => this.#doorbell.wake(),
      (retry) => clock.after(CONTROL_RETRY_MS, retry),
    );
    const start: CoordinatorStart = {
      role: "coordinator",
      jobName,
      program,
      planFingerprint,
      captureTimeoutMs,
      memory,
      seed,
    };
    this.#handle = host.spawnSlot({ name: this.#name, heapMb, data: start }, {
      onMessage: (message) => this.#onReport(message as CoordinatorReport),
      onEnd: (end) => this.#onEnd(end),
    });
    this.#stopWatching = clock.after(
      captureTimeoutMs + CAPTURE_GRACE_MS,
      () => this.#giveUp(tooLong(captureTimeoutMs)),
    );
  }

  get captured(): Promise<CapturedPlan> {
    return this.#captured.promise;
  }
  request(request: CoordinatorRequest): void {
    this.#control.send(request);
  }
  /** The answer comes once, in the order of what the thread says; or why it never comes. */
  ask(request: (requestId: number) => CoordinatorRequest, answer: Answer): void {
    if (this.#isOver) return answer(ended(this.#name, "it has ended"));
    const requestId = ++this.#lastRequestId;
    this.#asked.set(requestId, answer);
    this.#control.send(request(requestId));
  }
  close(): Promise<void> {
    this.#end(ended(this.#name, "the job is over"));
    return this.#gone.promise;
  }

  get #name(): string {
    return `coordinators of job "${this.#options.jobName}"`;
  }

  #onReport(message: CoordinatorReport): void {
    if (this.#isOver) return;
    const report = "error" in message && message.error !== undefined
      ? { ...message, error: fromTransferable(message.error as TransferredError) }
      : message;
    switch (report.type) {
      case "captured":
        this.#stopWatching();
        this.#watch(-1);
        return this.#captured.resolve(report.captured);
      case "refused":
        return this.#giveUp(report.error as FlinkError);
      case "snapshot":
      case "stopped": {
        const answer = this.#asked.get(report.requestId);
        this.#asked.delete(report.requestId);
        return answer?.(report);
      }
      default:
        this.#listener.onReport(this, report);
    }
  }

  #onEnd(end: SlotEnd): void {
    if (end.kind === "stuck") {
      this.#options.log.log("warn", `The ${this.#name} do not stop; their thread ends with the process`);
    }
    this.#giveUp(end.kind === "failed" ? end.error : ended(this.#name, end.kind));
    this.#gone.resolve();
  }

  #watch(lastBeat: number): void {
    const { clock, stuckTimeoutMs } = this.#options;
    this.#stopWatching = clock.after(stuckTimeoutMs, () => {
      const { beatCount } = this.#handle;
      if (beatCount !== lastBeat) return this.#watch(beatCount);
      this.#giveUp(ended(this.#name, `nothing has moved there for ${stuckTimeoutMs} ms`));
    });
  }

  #giveUp(error: FlinkError): void {
    if (this.#isOver) return;
    this.#end(error);
    this.#listener.onEnd(this, error);
  }

  #end(error: FlinkError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWatching();
    this.#control.close();
    this.#handle.kill();
    this.#doorbell.wake();
    this.#captured.reject(error);
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const answer of asked) answer(error);
  }
}

function ended(name: string, found: string): JobExecutionError {
  return new JobExecutionError("TSF-5221", `The ${name} have ended`, {
    expected: "split enumerators that run until the job ends",
    found,
    hint: "A split enumerator must not spin, end the process or fill the heap.",
  });
}

function tooLong(captureTimeoutMs: number): InvalidProgramError {
  return new InvalidProgramError("TSF-5222", "main() does not come to its job within the limit beside the JobMaster", {
    expected: `a call of execute() within ${captureTimeoutMs} ms, as in the first run`,
    found: "a main() that keeps its thread busy",
    hint: 'What decides how long it takes belongs into await env.once("name", () => ...).',
  });
}
