/**
 * Source operators and their coordinator together, with checkpoints and failures in between: every record exactly once.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Source, SourceReader, SourceSplit, SplitEnumeratorContext } from "../../functions/source.ts";
import { WatermarkStrategy } from "../../functions/watermarks/watermark_strategies.ts";
import { type HarnessSnapshot, StreamOperatorTestHarness } from "../../testing/operator_test_harness.ts";
import { TestMetrics, testSeams } from "../../testing/test_seams.ts";
import { SourceCoordinator } from "./source_coordinator.ts";
import { type SourceOperator, sourceOperator } from "./source_operator.ts";

interface Range extends SourceSplit {
  readonly id: number;
  next: number;
  readonly end: number;
}
const range = (id: number, next: number, end: number): Range => ({ id, next, end, splitId: () => String(id) });
type Stored = [id: number, next: number, end: number];

/** Splits of `size` records each, one per request. Split i counts from i * 100. */
function source(splits: number, size: number): Source<number, Range, Stored[]> {
  const enumerator = (context: SplitEnumeratorContext<Range>, open: Range[]) => ({
    start() {},
    close() {},
    addReader() {},
    handleSplitRequest(subtaskId: number) {
      const next = open.shift();
      if (next === undefined) context.signalNoMoreSplits(subtaskId);
      else context.assignSplit(next, subtaskId);
    },
    addSplitsBack: (back: Range[]) => void open.push(...back),
    snapshotState: () => open.map((one): Stored => [one.id, one.next, one.end]),
  });
  return {
    getBoundedness: () => "bounded",
    createEnumerator: (context) =>
      enumerator(context, Array.from({ length: splits }, (_, i) => range(i, i * 100, i * 100 + size))),
    restoreEnumerator: (context, stored) => enumerator(context, stored.map((one) => range(...one))),
    createReader: (context): SourceReader<number, Range> => {
      const mine: Range[] = [];
      let noMore = false;
      return {
        start: () => void (mine.length === 0 && context.sendSplitRequest()),
        pollNext(output) {
          const split = mine[0];
          if (split === undefined) return noMore ? "END_OF_INPUT" : "NOTHING_AVAILABLE";
          if (split.next < split.end) output.createOutputForSplit(split.splitId()).collect(split.next++);
          if (split.next >= split.end) {
            output.releaseOutputForSplit(split.splitId());
            mine.shift();
            context.sendSplitRequest();
          }
          return "MORE_AVAILABLE";
        },
        isAvailable: () => Promise.resolve(),
        snapshotState: () => mine,
        addSplits: (splits) => void mine.push(...splits),
        notifyNoMoreSplits: () => void (noMore = true),
        close() {},
      };
    },
    serializeSplit: ({ id, next, end }): Stored => [id, next, end],
    deserializeSplit: (data) => range(...data as Stored),
  };
}

class Subtask extends StreamOperatorTestHarness<number> {
  constructor(of: Source<number, Range>, send: (event: unknown) => void) {
    super(sourceOperator<number, Range>(of, WatermarkStrategy.noWatermarks()), [], { coordinator: { send } });
  }
  get source(): SourceOperator<number, Range> {
    return this.getOperator() as SourceOperator<number, Range>;
  }
}

/** One job: a coordinator, two subtasks, mail between them, the last completed checkpoint of everything. */
class Job {
  readonly #source: Source<number, Range, Stored[]>;
  readonly #mail: (() => void)[] = [];
  #coordinator!: SourceCoordinator<Range, Stored[]>;
  readonly #subtasks: Subtask[] = [];
  readonly #attempts: number[] = [0, 0];
  readonly #snapshots: (HarnessSnapshot | undefined)[] = [undefined, undefined];
  /** Records that each subtask had emitted at the completed checkpoint. */
  readonly #covered: number[][] = [[], []];
  #checkpointId = 0;
  #completed = -1;
  #enumerator: Uint8Array | undefined;

  constructor(splits: number, size: number) {
    this.#source = source(splits, size);
    this.failAll();
  }
  /** Both subtasks and the coordinator start again from the completed checkpoint. */
  failAll(): void {
    this.#mail.length = 0;
    this.#coordinator = new SourceCoordinator({
      source: this.#source,
      operator: { name: "ranges" },
      operatorId: "0".repeat(32),
      parallelism: 2,
      seams: testSeams(),
      metrics: new TestMetrics(),
      send: (subtask, event) => {
        const attempt = this.#attempts[subtask];
        this.#mail.push(() => {
          if (attempt === this.#attempts[subtask]) this.#subtasks[subtask].source.handleOperatorEvent(event);
        });
      },
      fail: (error) => assert.fail(error),
    });
    if (this.#enumerator !== undefined) this.#coordinator.restore(this.#enumerator);
    this.#coordinator.start();
    for (const subtask of [0, 1]) this.#restart(subtask);
  }
  failOne(subtask: number): void {
    this.#coordinator.subtaskFailed(subtask, this.#attempts[subtask]);
    this.#coordinator.subtaskReset(subtask, this.#completed);
    this.#restart(subtask);
  }
  #restart(subtask: number): void {
    const attempt = ++this.#attempts[subtask];
    const coordinator = this.#coordinator;
    const one = new Subtask(
      this.#source,
      (event) => this.#mail.push(() => coordinator.handleEvent(subtask, attempt, event)),
    );
    this.#subtasks[subtask] = one;
    const snapshot = this.#snapshots[subtask];
    one.initializeState(snapshot);
    one.open();
  }
  /** The coordinator first, then the readers; `complete` says whether it becomes the one to restore. */
  checkpoint(complete: boolean): void {
    const id = ++this.#checkpointId;
    // What is under way to a reader belongs to the checkpoint: it is delivered before the barrier.
    this.deliver();
    const enumerator = this.#coordinator.snapshot(id);
    const snapshots = this.#subtasks.map((one) => one.snapshot(id));
    if (!complete) return;
    this.#completed = id;
    this.#enumerator = enumerator;
    for (const subtask of [0, 1]) {
      this.#snapshots[subtask] = snapshots[subtask];
      this.#covered[subtask].push(...this.#subtasks[subtask].extractOutputValues());
      this.#subtasks[subtask].clearOutput();
    }
    this.#coordinator.notifyCheckpointComplete(id);
  }
  deliver(): void {
    for (let next = this.#mail.shift(); next !== undefined; next = this.#mail.shift()) next();
  }
  poll(subtask: number): void {
    this.#subtasks[subtask].source.emitNext();
  }
  /** Runs to the end and gives every record that counts, sorted. */
  finish(): number[] {
    for (let i = 0; this.#subtasks.some((one) => one.source.ended === undefined); i++) {
      assert.ok(i < 1000, "the job does not end");
      this.deliver();
      for (const one of this.#subtasks) one.source.emitNext();
    }
    return [...this.#covered.flat(), ...this.#subtasks.flatMap((one) => one.extractOutputValues())].sort((a, b) =>
      a - b
    );
  }
}

Deno.test("every record exactly once, whatever fails between checkpoints", () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("poll 0", "poll 1") },
    { weight: 3, arbitrary: fc.constant("deliver") },
    { weight: 2, arbitrary: fc.constantFrom("checkpoint", "lost checkpoint") },
    { weight: 1, arbitrary: fc.constantFrom("fail 0", "fail 1", "fail all") },
  );
  const shape = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 4 }));
  fc.assert(
    fc.property(shape, fc.array(step, { maxLength: 60, size: "max" }), ([splits, size], steps) => {
      const job = new Job(splits, size);
      for (const one of steps) {
        if (one.startsWith("poll")) job.poll(Number(one.slice(5)));
        else if (one === "deliver") job.deliver();
        else if (one === "checkpoint") job.checkpoint(true);
        else if (one === "lost checkpoint") job.checkpoint(false);
        else if (one === "fail all") job.failAll();
        else job.failOne(Number(one.slice(5)));
      }
      const expected = Array.from({ length: splits }, (_, i) => Array.from({ length: size }, (_, n) => i * 100 + n));
      assert.deepEqual(job.finish(), expected.flat());
    }),
    { numRuns: 150, seed: 5 },
  );
});
