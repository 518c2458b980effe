/**
 * One attempt of one subtask: builds its chain, then works in steps. Each step does the mail first, goes on with what
 * the chain has left, takes a due checkpoint, and then input (or the source) as long as the step allows.
 *
 * Who calls: tasks/task_loop.ts, on one thread. Invariant: a step never waits; it says what it could do.
 *
 * @module
 */

import type { OperatorReference } from "../errors.ts";
import type { InputGate } from "../network/input_gate.ts";
import type { RecordWriter } from "../network/record_writer.ts";
import type { OperatorRuntime } from "../operators/operator_runtime.ts";
import type { BatchOutput, SourceSplit } from "../functions/source.ts";
import type { SourceOperator } from "../operators/source/source_operator.ts";
import type { Clock } from "../seams/clock.ts";
import type { Log } from "../seams/log.ts";
import type { OperatorSubtaskState } from "../state/rescale.ts";
import type { CheckpointBarrier } from "../types/stream_element.ts";
import { closeOperators, warnAboutTimers } from "./chain_closing.ts";
import { ChainEnding } from "./chain_ending.ts";
import { type InputEvents, InputProcessor } from "./input_processor.ts";
import { fuseChain } from "./codegen/fused_chain.ts";
import type { Mailbox } from "./mailbox.ts";
import type { OperatorChain } from "./operator_chain.ts";
import { TaskFlush } from "./task_flush.ts";
import type { StepBudget } from "./step_budget.ts";
import type { TaskProcessingTime } from "./task_time.ts";
import { checkTransition, type ExecutionState, isTerminal } from "./task_states.ts";

/** The head of a task that reads a source. */
export type AnySourceOperator = SourceOperator<unknown, SourceSplit>;

/** What a step could do. */
export type StepResult =
  /** Something was done; there may be more. */
  | "progress"
  /** Nothing to do until something arrives. */
  | "idle"
  /** There is work, but an output is full or asynchronous work is not done. */
  | "blocked"
  /** The task has ended. */
  | "finished";

/** Who hears of what happens to a task. */
export interface TaskListener {
  onState(state: ExecutionState, error?: unknown): void;
  onCheckpoint(checkpointId: number, states: ReadonlyMap<string, OperatorSubtaskState>): void;
  onCheckpointDeclined(checkpointId: number, reason: string): void;
  /** All input is processed and emitted; what is missing is a checkpoint that covers it. */
  onDataProcessed(): void;
}

/** Gives a task what arrives at its gates. */
export interface TaskInputs {
  readonly hasInput: boolean;
  readonly isClosed: boolean;
  readonly isAligning: boolean;
  /** Does one thing; false when there is nothing. */
  step(proceed: () => boolean): boolean;
  /** The task has ended, however it did. */
  close?(): void;
}

/** The parts of a task, wired by task_builder.ts. */
export interface StreamTaskParts {
  readonly name: string;
  readonly chain: OperatorChain;
  /** Runtimes by position in the chain. */
  readonly runtimes: readonly OperatorRuntime[];
  readonly references: readonly OperatorReference[];
  readonly source: AnySourceOperator | undefined;
  readonly gates: readonly InputGate[];
  readonly writers: readonly RecordWriter[];
  readonly mailbox: Mailbox;
  readonly time: TaskProcessingTime;
  readonly clock: Clock;
  readonly log: Log;
  readonly stepBudget: StepBudget;
  readonly listener: TaskListener;
  readonly abort: AbortController;
  /** With checkpoints on, a task whose input has ended stays until one that covers its last output is complete. */
  readonly awaitsFinalCheckpoint: boolean;
  /** Names the functions the chain is compiled to; undefined = it is interpreted. */
  readonly fusedId: string | undefined;
  /** Makes inputs that are not taken in the order of arrival. */
  readonly orderedInputs?: (chain: OperatorChain, events: InputEvents) => TaskInputs;
}

/** The first checkpoint that a task takes after it has processed everything. */
class FinalCheckpoint {
  #id: number | undefined;
  isCompleted = false;
  taken(checkpointId: number): void {
    this.#id ??= checkpointId;
  }
  completed(checkpointId: number): void {
    if (this.#id !== undefined && checkpointId >= this.#id) this.isCompleted = true;
  }
}

/** One attempt of one subtask. */
export class StreamTask {
  #state: ExecutionState = "DEPLOYING";
  readonly #inputs: TaskInputs | undefined;
  readonly #flush: TaskFlush;
  readonly #ending: ChainEnding;
  #checkpoint: { readonly barrier: CheckpointBarrier; prepared: number } | undefined;
  #sourceWaiting = false;
  #wasBlocked = false;
  #stopping: { readonly drain: boolean } | undefined;
  /** Set once everything is processed and only the final checkpoint is missing. */
  #final: FinalCheckpoint | undefined;
  /** Set from the moment on at which the task ends; operators may still be closing. */
  #hasEnded = false;
  /** Milliseconds spent working; for metrics. */
  busyTimeMs = 0;

  constructor(readonly parts: StreamTaskParts) {
    const { gates, chain } = parts;
    this.#flush = new TaskFlush(parts.writers, parts.clock);
    this.#ending = new ChainEnding(chain, parts.writers);
    const events: InputEvents = {
      onCheckpoint: (barrier) => this.#startCheckpoint(barrier),
      onCheckpointAborted: (id) => parts.listener.onCheckpointDeclined(id, "a newer checkpoint began"),
      onInputEnd: (input, drain) => this.#ending.endInput(input, drain),
    };
    this.#inputs = gates.length === 0 ? undefined : parts.orderedInputs?.(chain, events) ??
      new InputProcessor(gates, chain, events, parts.awaitsFinalCheckpoint);
  }

  get state(): ExecutionState {
    return this.#state;
  }
  get inputs(): TaskInputs | undefined {
    return this.#inputs;
  }
  /** Why a task that has work does not go on; for metrics and the live view. */
  get isBackPressured(): boolean {
    return !this.parts.stepBudget.hasRoom;
  }

  /** Whether the task depends on promises of the outside: its slot must not block its thread while it sleeps. */
  get hasAsyncWork(): boolean {
    if (isTerminal(this.#state)) return false;
    // What ended but has not entered its final state is closing.
    return this.#hasEnded || this.parts.chain.nodes.some(({ operator }) => operator.hasAsyncWork);
  }

  /** Restores and opens the operators one by one, from the tail to the head; false when that failed. */
  start(): boolean {
    this.#transition("INITIALIZING");
    try {
      const { runtimes, references, chain, stepBudget: budget, fusedId: id } = this.parts;
      for (let i = runtimes.length - 1; i >= 0; i--) {
        runtimes[i].initialize();
        chain.nodes[i].call("open", () => runtimes[i].open());
      }
      if (id !== undefined) chain.fused = fuseChain({ chain, runtimes, references, budget, id });
      this.#transition("RUNNING");
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  step(): StepResult {
    if (this.#hasEnded) return "finished";
    const { mailbox, stepBudget, chain } = this.parts;
    try {
      const hadMail = mailbox.hasMail;
      mailbox.drain();
      if (this.#hasEnded) return "finished";
      stepBudget.refill();
      // What preparing it has left to do may be possible right now: nobody would wake the task for that.
      if (this.#checkpoint !== undefined && chain.canSnapshot) this.#runCheckpoint();
      const result = this.#work(hadMail);
      this.#flush.afterStep(result !== "progress");
      this.#tellBackPressure();
      return result;
    } catch (error) {
      this.fail(error);
      return "finished";
    }
  }

  /** Ends the task with an error. */
  fail(error: unknown): void {
    if (this.#hasEnded) return;
    this.#end("FAILED", error);
  }

  /** Ends the task as soon as possible; nothing is emitted any more. */
  cancel(): void {
    if (this.#hasEnded) return;
    this.#transition("CANCELING");
    this.#end("CANCELED");
  }

  /** Takes a checkpoint as soon as the chain is between two elements. Only for tasks without inputs. */
  triggerCheckpoint(barrier: CheckpointBarrier): void {
    if (this.#hasEnded) return;
    this.parts.mailbox.post(() => this.#startCheckpoint(barrier));
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.#notify("notifyCheckpointComplete", checkpointId, () => this.#final?.completed(checkpointId));
  }

  notifyCheckpointAborted(checkpointId: number): void {
    this.#notify("notifyCheckpointAborted", checkpointId);
  }

  #notify(what: "notifyCheckpointComplete" | "notifyCheckpointAborted", checkpointId: number, then?: () => void): void {
    // Nobody reads its mail any more.
    if (this.#hasEnded) return;
    this.parts.mailbox.post(() => {
      for (const node of this.parts.chain.nodes.toReversed()) {
        node.call(what, () => node.operator[what](checkpointId));
      }
      then?.();
    });
  }

  /** Hands an event of the coordinator to an operator. */
  operatorEvent(operatorId: string, event: unknown): void {
    this.parts.mailbox.post(() => {
      const index = this.parts.runtimes.findIndex((runtime) => runtime.context.operatorId === operatorId);
      const node = this.parts.chain.nodes[index];
      node?.call("an operator event", () => node.operator.handleOperatorEvent(event));
      this.#sourceWaiting = false;
    });
  }

  /** Ends a source: with drain it emits MAX and fires its timers, without it just ends. */
  stop(drain: boolean): void {
    this.parts.mailbox.post(() => {
      this.#stopping = { drain };
    });
  }

  #work(hadMail: boolean): StepResult {
    const { chain } = this.parts;
    if (chain.isHeld) {
      if (!chain.resume()) return this.#held();
      return "progress";
    }
    // Mail may have asked for a checkpoint while the chain was held.
    if (this.#checkpoint !== undefined) return "progress";
    if (this.#final !== undefined) return this.#awaitFinalCheckpoint(this.#final);
    if (this.#ending.isEnding) return this.#goOnEnding();
    if (this.parts.source !== undefined) return this.#runSource(this.parts.source, hadMail);
    return this.#runInputs(this.#inputs!, hadMail);
  }

  /** Operators that measure idleness must not count the time in which no record can reach them or be emitted. */
  #tellBackPressure(): void {
    const isBlocked = this.isBackPressured || this.parts.chain.isHeld || this.#inputs?.isAligning === true;
    if (isBlocked === this.#wasBlocked) return;
    this.#wasBlocked = isBlocked;
    for (const node of this.parts.chain.nodes) {
      node.call("onBackPressure", () => node.operator.onBackPressure(isBlocked));
    }
  }

  #held(): StepResult {
    return this.parts.stepBudget.isUsedUp || this.parts.mailbox.hasMail ? "progress" : "blocked";
  }

  #runInputs(inputs: TaskInputs, hadMail: boolean): StepResult {
    const { stepBudget, chain } = this.parts;
    let worked = hadMail;
    while (!chain.isHeld && this.#checkpoint === undefined && !this.#ending.isEnding) {
      if (!stepBudget.isOpen) return stepBudget.hasRoom ? "progress" : inputs.hasInput ? "blocked" : "idle";
      if (!inputs.step(stepBudget.proceed)) return worked ? "progress" : "idle";
      worked = true;
    }
    return "progress";
  }

  #runSource(source: AnySourceOperator, hadMail: boolean): StepResult {
    const { stepBudget, chain } = this.parts;
    if (this.#stopping !== undefined) {
      const { drain } = this.#stopping;
      chain.head.call("stop", () => source.stop({ drain }));
      // With drain it emits MAX here.
      this.#emitNext(source);
      this.#ending.endSource(drain);
      return "progress";
    }
    if (this.#sourceWaiting) return hadMail ? "progress" : "idle";
    const read = chain.fused?.source !== undefined && source.emitsBatches ? this.#emitBatch : this.#emitNext;
    while (!chain.isHeld) {
      if (!stepBudget.mayGoOn()) return stepBudget.hasRoom ? "progress" : "blocked";
      const status = read(source);
      if (status === "END_OF_INPUT") {
        this.#ending.endSource(true);
        return "progress";
      }
      if (status === "NOTHING_AVAILABLE") {
        this.#awaitSource(source);
        return "progress";
      }
    }
    return "progress";
  }

  /** One element, counted. */
  readonly #emitNext = (source: AnySourceOperator): string => {
    let status = "MORE_AVAILABLE";
    this.parts.stepBudget.left--;
    this.parts.chain.head.call("reading", () => {
      status = source.emitNext();
    });
    return status;
  };

  /** As many elements as the step allows; the loop counts them. A call without any counts as one. */
  readonly #emitBatch = (source: AnySourceOperator): string => {
    const { chain, stepBudget } = this.parts;
    const { left } = stepBudget;
    let status = "MORE_AVAILABLE";
    chain.head.call("reading", () => {
      status = source.emitBatch(this.#sourceBatch);
    });
    if (stepBudget.left === left) stepBudget.left--;
    return status;
  };
  readonly #sourceBatch: BatchOutput<unknown> = {
    emitRange: (from, to, make, stamp) => this.parts.chain.fused!.source!(from, to, make, stamp),
  };

  #awaitSource(source: AnySourceOperator): void {
    this.#sourceWaiting = true;
    const { mailbox } = this.parts;
    source.isAvailable().then(
      () => mailbox.post(() => void (this.#sourceWaiting = false)),
      (error) =>
        mailbox.post(() =>
          this.parts.chain.head.call("waiting for input", () => {
            throw error;
          })
        ),
    );
  }

  #goOnEnding(): StepResult {
    while (!this.parts.chain.isHeld) {
      const what = this.#ending.next();
      if (what === "input-ended") return "progress";
      if (what !== "done") continue;
      if (this.parts.awaitsFinalCheckpoint && this.#ending.isDrained) {
        this.#final = new FinalCheckpoint();
        this.parts.listener.onDataProcessed();
        return "progress";
      }
      this.#end("FINISHED");
      return "finished";
    }
    return "progress";
  }

  /** Takes barriers, which come behind the end of data, until the checkpoint that covers everything is complete. */
  #awaitFinalCheckpoint(final: FinalCheckpoint): StepResult {
    // Those before it may have something to say on completion: what a committer hands on, or that they are done.
    if (final.isCompleted && this.#inputs?.isClosed !== false) {
      for (const writer of this.parts.writers) writer.broadcast({ kind: "end", drain: true });
      this.#end("FINISHED");
      return "finished";
    }
    return this.#inputs?.step(this.parts.stepBudget.proceed) === true ? "progress" : "idle";
  }

  #startCheckpoint(barrier: CheckpointBarrier): void {
    if (this.#state !== "RUNNING") {
      this.parts.listener.onCheckpointDeclined(barrier.checkpointId, `the task is ${this.#state}`);
      return;
    }
    if (this.#checkpoint !== undefined) {
      const { checkpointId } = this.#checkpoint.barrier;
      this.parts.listener.onCheckpointDeclined(checkpointId, "a newer checkpoint began");
    }
    this.#checkpoint = { barrier, prepared: 0 };
  }

  /** Prepares operator by operator, then takes the snapshot; goes on later while some operator is not done preparing. */
  #runCheckpoint(): void {
    const checkpoint = this.#checkpoint!;
    const { chain, runtimes, writers, listener } = this.parts;
    const { checkpointId } = checkpoint.barrier;
    while (checkpoint.prepared < chain.nodes.length) {
      const node = chain.nodes[checkpoint.prepared++];
      node.call("prepareSnapshotPreBarrier", () => node.operator.prepareSnapshotPreBarrier(checkpointId));
      if (!chain.canSnapshot) return;
    }
    this.#checkpoint = undefined;
    for (const writer of writers) writer.broadcast(checkpoint.barrier);
    const states = new Map<string, OperatorSubtaskState>();
    chain.nodes.forEach((node, i) =>
      node.call("snapshotState", () => {
        states.set(runtimes[i].context.operatorId, runtimes[i].snapshot(checkpointId));
      })
    );
    this.#final?.taken(checkpointId);
    listener.onCheckpoint(checkpointId, states);
  }

  /** Closes everything, then enters the final state: at once, unless some operator takes time to close. */
  #end(state: "FINISHED" | "FAILED" | "CANCELED", error?: unknown): void {
    const { parts } = this;
    this.#hasEnded = true;
    if (this.#checkpoint !== undefined) {
      parts.listener.onCheckpointDeclined(this.#checkpoint.barrier.checkpointId, `the task is ${state}`);
      this.#checkpoint = undefined;
    }
    if (state === "FINISHED" && this.#ending.isDrained) warnAboutTimers(parts);
    parts.abort.abort();
    parts.time.close();
    closeOperators(parts.chain, parts.runtimes, (closing) => {
      parts.chain.close();
      this.#inputs?.close?.();
      // The first error is the reason; a failing close after it is not news.
      const reason = error ?? closing;
      const final = closing !== undefined && state === "FINISHED" ? "FAILED" : state;
      if (final !== "FINISHED") { for (const writer of parts.writers) writer.options.partition.close(); }
      this.#transition(final, reason);
    });
  }

  #transition(to: ExecutionState, error?: unknown): void {
    checkTransition(this.#state, to, `Task ${this.parts.name}`);
    this.#state = to;
    this.parts.listener.onState(to, error);
  }
}
