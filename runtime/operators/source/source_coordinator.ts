/**
 * Runs the split enumerator of one source beside the JobMaster: gives splits to readers, takes those back that a failed
 * subtask lost, and aligns watermarks.
 *
 * Invariants: the enumerator is called by one call at a time, never from inside another of its calls; what it throws
 * fails the job with the source named; messages of attempts that are not current are dropped. Splits travel as copies of
 * what `serializeSplit` makes, so that the enumerator's own objects stay its own.
 * Who calls: the JobMaster's coordinator isolate, or the local runtime inline. `send` must deliver as mail.
 *
 * @module
 */

import { type FlinkError, invariant, JobExecutionError, type OperatorReference } from "../../errors.ts";
import type {
  Source,
  SourceEvent,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from "../../functions/source.ts";
import type { WatermarkAlignmentParams } from "../../functions/watermarks/watermark_strategies.ts";
import type { MetricGroup } from "../../metrics/metric_group.ts";
import type { Cancel } from "../../seams/clock.ts";
import type { Seams } from "../../seams/seams.ts";
import { copyValue } from "../../types/copy.ts";
import { deserializeValue, serializeValue } from "../../types/generic_serializer.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import { type SourceCoordinatorEvent, type SourceOperatorEvent, unknownEvent } from "./source_events.ts";
import { SplitAssignmentTracker } from "./split_assignment_tracker.ts";
import { wrapUserError } from "../user_error.ts";
import { WatermarkAggregator, WatermarkAlignmentGroups } from "./watermark_alignment_groups.ts";

/** What a coordinator needs. */
export interface SourceCoordinatorOptions<SplitT extends SourceSplit, EnumChkT> {
  readonly source: Source<unknown, SplitT, EnumChkT>;
  readonly operator: OperatorReference;
  /** 32 hex digits; tells sources of one alignment group apart. */
  readonly operatorId: string;
  readonly parallelism: number;
  readonly seams: Seams;
  readonly metrics: MetricGroup;
  /** Delivers an event to the current attempt of a subtask, later, as mail of its task. */
  readonly send: (subtaskId: number, event: SourceOperatorEvent) => void;
  /** Fails the job. */
  readonly fail: (error: FlinkError) => void;
  readonly alignment?: WatermarkAlignmentParams;
  /** Shared by all coordinators of the job; needed with `alignment` when several sources form a group. */
  readonly alignmentGroups?: WatermarkAlignmentGroups;
}

/** See the module. */
export class SourceCoordinator<SplitT extends SourceSplit = SourceSplit, EnumChkT = unknown> {
  readonly #options: SourceCoordinatorOptions<SplitT, EnumChkT>;
  readonly #tracker: SplitAssignmentTracker<SplitT> = new SplitAssignmentTracker();
  /** Attempt number of the registered reader of each subtask. */
  readonly #readers: Map<number, number> = new Map();
  readonly #noMoreSplits: Set<number> = new Set();
  readonly #watermarks: WatermarkAggregator<number> = new WatermarkAggregator();
  readonly #groups: WatermarkAlignmentGroups;
  readonly #timers: Set<Cancel> = new Set();
  readonly #queue: (() => void)[] = [];
  #running = false;
  #failedToMake = false;
  #enumerator: SplitEnumerator<SplitT, EnumChkT> | undefined;
  #phase: "created" | "started" | "closed" = "created";

  constructor(options: SourceCoordinatorOptions<SplitT, EnumChkT>) {
    this.#options = options;
    this.#groups = options.alignmentGroups ?? new WatermarkAlignmentGroups();
  }

  /** Restores the enumerator from what {@link snapshot} gave; before {@link start}. */
  restore(snapshot: Uint8Array): void {
    invariant(this.#phase === "created", "a source coordinator is restored only before it starts");
    this.#make("restoreEnumerator()", () => {
      const checkpoint = deserializeValue(snapshot) as EnumChkT;
      return this.#options.source.restoreEnumerator(this.#enumeratorContext(), checkpoint);
    });
  }

  /** Makes the enumerator, unless it was restored, and starts it. */
  start(): void {
    invariant(this.#phase === "created", "a source coordinator is started once");
    this.#phase = "started";
    if (this.#enumerator === undefined && !this.#failedToMake) {
      this.#make("createEnumerator()", () => this.#options.source.createEnumerator(this.#enumeratorContext()));
    }
    this.#call("start()", () => this.#enumerator!.start());
    if (this.#options.alignment !== undefined) {
      this.#every(this.#options.alignment.updateIntervalMs, () => this.#announceMaxWatermark());
    }
  }

  /** An event that a source operator sent. */
  handleEvent(subtaskId: number, attemptNumber: number, event: unknown): void {
    const coordinatorEvent = event as SourceCoordinatorEvent;
    this.#call(`handling ${coordinatorEvent.type}`, () => {
      const isRegistration = coordinatorEvent.type === "ReaderRegistration";
      if (isRegistration) return this.#registerReader(subtaskId, attemptNumber);
      if (this.#readers.get(subtaskId) !== attemptNumber) return;
      this.#handle(subtaskId, coordinatorEvent);
    });
  }

  /** The attempt has failed; nothing of it counts any more. */
  subtaskFailed(subtaskId: number, attemptNumber: number): void {
    this.#call("subtaskFailed()", () => {
      if (this.#readers.get(subtaskId) === attemptNumber) this.#readers.delete(subtaskId);
    });
  }

  /**
   * The subtask is restored to that checkpoint (-1: to none): splits it was given later return to the enumerator. For a
   * restart of all subtasks make a new coordinator and {@link restore} it instead.
   */
  subtaskReset(subtaskId: number, restoredCheckpointId: number): void {
    this.#call("addSplitsBack()", () => {
      this.#readers.delete(subtaskId);
      this.#noMoreSplits.delete(subtaskId);
      this.#enumerator!.addSplitsBack(this.#tracker.takeAssignedAfter(subtaskId, restoredCheckpointId), subtaskId);
    });
  }

  /**
   * State of the enumerator as of now; taken before the readers are triggered.
   *
   * @throws FlinkError when the enumerator throws or its state cannot be stored; the checkpoint is then declined.
   */
  snapshot(checkpointId: number): Uint8Array {
    try {
      invariant(!this.#running, "a source coordinator is snapshotted between calls of its enumerator");
      this.#tracker.onCheckpoint(checkpointId);
      return serializeValue(this.#enumerator!.snapshotState(checkpointId));
    } catch (error) {
      throw wrapUserError(error, this.#options.operator, "the split enumerator's snapshotState()");
    }
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.#call("notifyCheckpointComplete()", () => {
      this.#tracker.onCheckpointComplete(checkpointId);
      this.#enumerator!.notifyCheckpointComplete?.(checkpointId);
    });
  }

  /** Ends the enumerator; what comes later is ignored. */
  async close(): Promise<void> {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#queue.length = 0;
    await this.#enumerator?.close();
  }

  #handle(subtaskId: number, event: Exclude<SourceCoordinatorEvent, { type: "ReaderRegistration" }>): void {
    switch (event.type) {
      case "RequestSplit":
        if (!this.#noMoreSplits.has(subtaskId)) this.#enumerator!.handleSplitRequest(subtaskId);
        return;
      case "SourceEvent":
        return this.#enumerator!.handleSourceEvent?.(subtaskId, event.event);
      case "ReportedWatermark": {
        const minimum = this.#watermarks.aggregate(subtaskId, event.watermark);
        const { alignment, operatorId } = this.#options;
        if (minimum !== undefined && alignment !== undefined) {
          this.#groups.group(alignment.group).aggregate(operatorId, minimum);
        }
        return;
      }
      default:
        throw unknownEvent(event);
    }
  }

  #registerReader(subtaskId: number, attemptNumber: number): void {
    const isNew = !this.#readers.has(subtaskId);
    this.#readers.set(subtaskId, attemptNumber);
    // It was told before it was there.
    if (isNew && this.#noMoreSplits.has(subtaskId)) this.#options.send(subtaskId, { type: "NoMoreSplits" });
    if (isNew) this.#enumerator!.addReader(subtaskId);
  }

  #announceMaxWatermark(): void {
    const { alignment, send } = this.#options;
    const maxWatermark = Math.min(this.#groups.group(alignment!.group).minimum + alignment!.maxDriftMs, MAX_WATERMARK);
    for (const subtaskId of this.#watermarks.keys()) {
      if (this.#readers.has(subtaskId)) send(subtaskId, { type: "WatermarkAlignment", maxWatermark });
    }
  }

  #enumeratorContext(): SplitEnumeratorContext<SplitT> {
    const { source, parallelism, metrics, seams, send } = this.#options;
    return {
      metricGroup: metrics,
      files: seams.files,
      clock: seams.clock,
      currentParallelism: () => parallelism,
      registeredReaders: () => [...this.#readers.keys()].sort((a, b) => a - b),
      assignSplit: (split, subtaskId) => {
        this.#checkSubtask(subtaskId, `assign split ${split.splitId()} to`);
        if (!this.#readers.has(subtaskId)) throw this.#notRegistered(subtaskId, split.splitId());
        this.#tracker.recordAssignment(subtaskId, split);
        send(subtaskId, { type: "AddSplits", splits: [copyValue(source.serializeSplit(split))] });
      },
      signalNoMoreSplits: (subtaskId) => {
        this.#checkSubtask(subtaskId, "signal no more splits to");
        this.#noMoreSplits.add(subtaskId);
        if (this.#readers.has(subtaskId)) send(subtaskId, { type: "NoMoreSplits" });
      },
      sendEventToSourceReader: (subtaskId, event: SourceEvent) => {
        this.#checkSubtask(subtaskId, "send an event to");
        send(subtaskId, { type: "SourceEvent", event: copyValue(event) });
      },
      callAsync: (work, handler, periodMs) => this.#callAsync(work, handler, periodMs),
    };
  }

  #callAsync<R>(
    work: () => Promise<R>,
    handler: (result: R | undefined, error: unknown) => void,
    periodMs: number | undefined,
  ): void {
    const done = (result: R | undefined, error: unknown) =>
      this.#options.seams.mainThread.post(() => {
        this.#call("a callAsync handler", () => handler(result, error));
        if (periodMs !== undefined) this.#after(periodMs, () => this.#callAsync(work, handler, periodMs));
      });
    // `work` is user code: what it throws before its first await is its result too.
    new Promise<R>((resolve) => resolve(work())).then((result) => done(result, undefined), (e) => done(undefined, e));
  }

  #make(what: string, make: () => SplitEnumerator<SplitT, EnumChkT>): void {
    try {
      this.#enumerator = make();
    } catch (error) {
      this.#failedToMake = true;
      this.#options.fail(wrapUserError(error, this.#options.operator, `the source's ${what}`));
    }
  }

  /** Runs a call of the enumerator, or queues it behind the one that is running. */
  #call(what: string, run: () => void): void {
    // Without an enumerator the job is failing already.
    if (this.#phase === "closed" || this.#failedToMake) return;
    this.#queue.push(() => {
      try {
        run();
      } catch (error) {
        this.#options.fail(wrapUserError(error, this.#options.operator, `the split enumerator's ${what}`));
      }
    });
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
    this.#running = false;
  }

  #after(ms: number, fn: () => void): void {
    if (this.#phase === "closed") return;
    const cancel = this.#options.seams.clock.after(ms, () => {
      this.#timers.delete(cancel);
      fn();
    });
    this.#timers.add(cancel);
  }
  #every(ms: number, fn: () => void): void {
    this.#after(ms, () => {
      fn();
      this.#every(ms, fn);
    });
  }

  #checkSubtask(subtaskId: number, action: string): void {
    const { parallelism } = this.#options;
    if (Number.isInteger(subtaskId) && subtaskId >= 0 && subtaskId < parallelism) return;
    throw new JobExecutionError("TSF-2240", `Cannot ${action} subtask ${subtaskId}: there is no such subtask`, {
      expected: `a subtask from 0 to ${parallelism - 1}`,
      found: String(subtaskId),
    });
  }
  #notRegistered(subtaskId: number, splitId: string): JobExecutionError {
    return new JobExecutionError("TSF-2241", `Cannot assign split ${splitId} to subtask ${subtaskId}`, {
      expected: "a subtask whose reader has registered (see addReader and registeredReaders)",
      found: `registered: ${[...this.#readers.keys()].join(", ") || "none"}`,
    });
  }
}
