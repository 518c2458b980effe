/**
 * One slot: the subtasks placed in it, on one task loop, driven by the JobMaster's requests and telling it what happens.
 * The same class runs inline and in a thread of its own; what differs is how messages travel and who runs the loop.
 *
 * Invariants: requests are handled on the slot's thread between steps; after "close" nothing is reported any more.
 *
 * @module
 */

import type { JobGraph } from "../../graph/job_graph.ts";
import type { TaskAccumulators } from "../../operators/runtime_context.ts";
import { wrapUserError } from "../../operators/user_error.ts";
import type { Seams } from "../../seams/seams.ts";
import { isTerminal } from "../task_states.ts";
import { TaskLoop, type TaskLoopOptions } from "../task_loop.ts";
import type { TaskListener } from "../stream_task.ts";
import { exportAccumulators, mergeAccumulators } from "./accumulator_parts.ts";
import type { BlockingChannels } from "./blocking_results.ts";
import { CollectedRows } from "./collected_rows.ts";
import { deploy, type DeployedTask, type RemoteChannels } from "./slot_deployment.ts";
import type { SlotDeployment, SlotReport, SlotRequest, SubtaskPlacement, SubtaskProgress } from "./slot_protocol.ts";

/** What a slot is made from. */
export interface SlotOptions {
  readonly deployment: SlotDeployment;
  readonly jobGraph: JobGraph;
  readonly seams: Seams;
  readonly report: (report: SlotReport) => void;
  /** Channels to other slots; a slot that runs the whole job needs none. */
  readonly remote?: RemoteChannels;
  /** How long the loop works before it gives way, in ms. */
  readonly sliceMs: number;
  /** How rows for the client are batched; who batches them calls {@link Slot.flush}. Default: each goes at once. */
  readonly collect?: { readonly maxRows: number; readonly maxUnderWay: number };
  readonly onIdle?: TaskLoopOptions["onIdle"];
  /** Called between the rounds of a slice: what other slots have sent comes in, what waits goes out. */
  readonly betweenRounds?: () => void;
}

/** See the module. */
export class Slot {
  readonly #report: (report: SlotReport) => void;
  readonly #loop: TaskLoop;
  readonly #tasks: readonly DeployedTask[];
  readonly #blocking: BlockingChannels | undefined;
  readonly #byExecution: ReadonlyMap<string, DeployedTask>;
  readonly #collected: CollectedRows;
  /** Why a row could not go to the client. */
  #rowFailure: unknown;
  #isStarted = false;
  #isClosed = false;

  /** @throws FlinkError what building the tasks refuses. */
  constructor(options: SlotOptions) {
    const { deployment, jobGraph, seams } = options;
    this.#report = (report) => {
      if (!this.#isClosed) options.report(report);
    };
    this.#loop = new TaskLoop({
      ...seams,
      sliceMs: options.sliceMs,
      onIdle: options.onIdle,
      betweenRounds: options.betweenRounds,
    });
    this.#collected = new CollectedRows({
      ...options.collect ?? { maxRows: 1, maxUnderWay: 1 },
      send: (uid, batchId, batch) => this.#report({ type: "collect", uid, batchId, batch }),
      fail: (uid, error) => this.#failCollect(uid, error),
    });
    const deployed = deploy({
      jobGraph,
      deployment,
      seams,
      remote: options.remote,
      collect: (uid) => deployment.collect.includes(uid) ? (rows) => this.#collected.add(uid, rows) : undefined,
      listener: (placement) => this.#listener(placement),
      sendToCoordinator: ({ executionId }, operatorId, event) =>
        this.#report({ type: "coordinatorEvent", executionId, operatorId, event }),
      wake: ({ task }) => this.#loop.wake(task),
    });
    this.#tasks = deployed.tasks;
    this.#blocking = deployed.blocking;
    this.#byExecution = new Map(this.#tasks.map((deployed) => [deployed.placement.executionId, deployed]));
  }

  get tasks(): readonly DeployedTask[] {
    return this.#tasks;
  }
  /** Whether some task now depends on promises of the outside: the slot must not block its thread. */
  get hasAsyncWork(): boolean {
    return this.#tasks.some(({ task }) => task.hasAsyncWork);
  }

  /** Index of the subtask that runs now or ran last; -1 before the first. */
  get currentTask(): number {
    return this.#tasks.findIndex(({ task }) => task === this.#loop.current);
  }

  handle(request: SlotRequest): void {
    switch (request.type) {
      case "start":
        return this.#start();
      case "triggerCheckpoint":
        for (const { task } of this.#running()) {
          if (task.parts.gates.length === 0) task.triggerCheckpoint(request.barrier);
        }
        return;
      case "checkpointComplete":
        for (const { task } of this.#tasks) task.notifyCheckpointComplete(request.checkpointId);
        return;
      case "checkpointAborted":
        for (const { task } of this.#tasks) task.notifyCheckpointAborted(request.checkpointId);
        return;
      case "operatorEvent":
        return this.#byExecution.get(request.executionId)?.task.operatorEvent(request.operatorId, request.event);
      case "cancel":
        // What was never started is of no concern to the JobMaster any more.
        for (const { task } of this.#tasks) if (this.#isStarted) task.cancel();
        return;
      case "stop":
        for (const { task } of this.#tasks) if (task.parts.source !== undefined) task.stop(request.drain);
        return;
      case "collected":
        return this.#collected.taken(request.batchId);
      case "exportAccumulators":
        return this.#answer(request.requestId, () => ({
          type: "accumulators",
          requestId: request.requestId,
          parts: exportAccumulators(this.#accumulators()),
        }));
      case "mergeAccumulators":
        return this.#answer(request.requestId, () => ({
          type: "merged",
          requestId: request.requestId,
          values: mergeAccumulators(this.#accumulators(), request.names, request.parts),
        }));
      case "close":
        return this.#close();
    }
  }

  /** How the subtasks of this slot do. */
  progress(): SubtaskProgress[] {
    return this.#tasks.map(({ placement, task }) => ({
      executionId: placement.executionId,
      state: task.state,
      watermark: task.parts.chain.nodes.at(-1)!.output.currentWatermark,
      isBackPressured: task.isBackPressured,
      busyTimeMs: task.busyTimeMs,
      operators: task.parts.chain.nodes.map((node) => ({
        name: node.reference.name,
        numRecordsIn: node.numRecordsIn,
        numRecordsOut: node.output.numRecordsOut,
      })),
    }));
  }

  /** Sends the rows that wait for more of them. */
  flush(): void {
    this.#collected.flush();
  }

  /**
   * Something nobody caught: the subtask that ran last answers for it, or the first that has not ended; false when all
   * have.
   */
  fail(error: unknown): boolean {
    const running = this.#running();
    const last = running.find(({ task }) => task === this.#loop.current) ?? running.at(0);
    last?.task.fail(error);
    return last !== undefined;
  }

  #running(): DeployedTask[] {
    return this.#tasks.filter(({ task }) => !isTerminal(task.state));
  }

  #start(): void {
    this.#isStarted = true;
    for (const { task } of this.#tasks) {
      // One that fails to open may have cancelled the others already.
      if (task.state !== "DEPLOYING") continue;
      if (task.start()) this.#loop.add(task);
    }
  }

  #listener({ executionId }: SubtaskPlacement): TaskListener {
    return {
      onState: (state, error) => {
        // Nothing of a task comes after its end.
        if (isTerminal(state)) this.#collected.flush();
        if (state === "FINISHED" && this.#rowFailure !== undefined) {
          this.#report({ type: "state", executionId, state: "FAILED", error: this.#rowFailure });
        } else {
          this.#report({ type: "state", executionId, state, error });
        }
      },
      onCheckpoint: (checkpointId, states) => this.#report({ type: "checkpoint", executionId, checkpointId, states }),
      onCheckpointDeclined: (checkpointId, reason) =>
        this.#report({ type: "checkpointDeclined", executionId, checkpointId, reason }),
      onDataProcessed: () => this.#report({ type: "dataProcessed", executionId }),
    };
  }

  /** The task whose sink has a row that cannot go to the client fails, also when it was about to end. */
  #failCollect(uid: string, error: unknown): void {
    this.#rowFailure ??= error;
    for (const { task } of this.#tasks) {
      const sink = task.parts.chain.nodes.find(({ reference }) => reference.uid === uid);
      if (sink === undefined) continue;
      this.#rowFailure = wrapUserError(error, sink.reference, "collecting");
      if (!isTerminal(task.state)) task.fail(this.#rowFailure);
    }
  }

  #accumulators(): TaskAccumulators[] {
    return this.#tasks.map(({ accumulators }) => accumulators);
  }

  #answer(requestId: number, answer: () => SlotReport): void {
    let report: SlotReport;
    try {
      report = answer();
    } catch (error) {
      report = { type: "requestFailed", requestId, error };
    }
    this.#report(report);
  }

  #close(): void {
    for (const { partitions } of this.#tasks) for (const partition of partitions) partition.close();
    this.#blocking?.close();
    this.#isClosed = true;
  }
}
