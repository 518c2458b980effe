import assert from "node:assert/strict";
import type { FlinkError } from "../../errors.ts";
import type { Source, SourceSplit, SplitEnumerator, SplitEnumeratorContext } from "../../functions/source.ts";
import type { WatermarkAlignmentParams } from "../../functions/watermarks/watermark_strategies.ts";
import { TestMetrics, type TestSeams, testSeams } from "../../testing/test_seams.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../../types/stream_element.ts";
import { SourceCoordinator } from "./source_coordinator.ts";
import type { SourceOperatorEvent } from "./source_events.ts";
import { SplitAssignmentTracker } from "./split_assignment_tracker.ts";
import { WatermarkAggregator, WatermarkAlignmentGroups } from "./watermark_alignment_groups.ts";

interface TestSplit extends SourceSplit {
  readonly id: string;
  readonly position: { at: number };
}
const split = (id: string): TestSplit => ({ id, position: { at: 0 }, splitId: () => id });

/** Hands out its splits one per request; everything else is written down or scripted. */
class TestEnumerator implements SplitEnumerator<TestSplit, { open: string[] }> {
  readonly calls: string[] = [];
  onRequest: ((subtaskId: number) => void) | undefined;
  onAddReader: ((subtaskId: number) => void) | undefined;
  onStart: (() => void) | undefined;
  constructor(readonly context: SplitEnumeratorContext<TestSplit>, readonly open: TestSplit[]) {}
  start(): void {
    this.calls.push("start");
    this.onStart?.();
  }
  handleSplitRequest(subtaskId: number): void {
    this.calls.push(`request ${subtaskId}`);
    if (this.onRequest !== undefined) return this.onRequest(subtaskId);
    const next = this.open.shift();
    if (next === undefined) this.context.signalNoMoreSplits(subtaskId);
    else this.context.assignSplit(next, subtaskId);
  }
  addSplitsBack(splits: TestSplit[], subtaskId: number): void {
    this.calls.push(`back ${subtaskId}: ${splits.map((one) => one.id).join(",")}`);
    this.open.push(...splits);
  }
  addReader(subtaskId: number): void {
    this.calls.push(`reader ${subtaskId}`);
    this.onAddReader?.(subtaskId);
  }
  handleSourceEvent(subtaskId: number, event: unknown): void {
    this.calls.push(`event ${subtaskId}: ${event}`);
  }
  snapshotState(checkpointId: number): { open: string[] } {
    this.calls.push(`snapshot ${checkpointId}`);
    return { open: this.open.map((one) => one.id) };
  }
  notifyCheckpointComplete(checkpointId: number): void {
    this.calls.push(`complete ${checkpointId}`);
  }
  close(): void {
    this.calls.push("close");
  }
}

class Fixture {
  readonly seams: TestSeams;
  readonly sent: [number, SourceOperatorEvent][] = [];
  readonly failures: FlinkError[] = [];
  readonly coordinator: SourceCoordinator<TestSplit, { open: string[] }>;
  enumerator!: TestEnumerator;
  constructor(
    splits: readonly string[] = ["a", "b", "c"],
    options: {
      create?: () => never;
      alignment?: WatermarkAlignmentParams;
      groups?: WatermarkAlignmentGroups;
      id?: string;
      seams?: TestSeams;
    } = {},
  ) {
    this.seams = options.seams ?? testSeams();
    const make = (context: SplitEnumeratorContext<TestSplit>, ids: readonly string[]) => {
      options.create?.();
      return this.enumerator = new TestEnumerator(context, ids.map(split));
    };
    const source: Source<unknown, TestSplit, { open: string[] }> = {
      getBoundedness: () => "bounded",
      createEnumerator: (context) => make(context, splits),
      restoreEnumerator: (context, checkpoint) => make(context, checkpoint.open),
      createReader: () => assert.fail(),
      serializeSplit: ({ id, position }) => ({ id, position }),
      deserializeSplit: (data) => ({ ...split((data as TestSplit).id), ...(data as TestSplit) }),
    };
    this.coordinator = new SourceCoordinator({
      source,
      operator: { name: "numbers", uid: "n" },
      operatorId: options.id ?? "0".repeat(32),
      parallelism: 2,
      seams: this.seams,
      metrics: new TestMetrics(),
      send: (subtaskId, event) => this.sent.push([subtaskId, event]),
      fail: (error) => this.failures.push(error),
      alignment: options.alignment,
      alignmentGroups: options.groups,
    });
  }
  started(): this {
    this.coordinator.start();
    return this;
  }
  register(...subtasks: number[]): this {
    for (const subtask of subtasks) this.coordinator.handleEvent(subtask, 0, { type: "ReaderRegistration" });
    return this;
  }
  request(...subtasks: number[]): this {
    for (const subtask of subtasks) this.coordinator.handleEvent(subtask, 0, { type: "RequestSplit" });
    return this;
  }
  /** "0:a" a split, "0:none" no more splits, "0<=5" an alignment limit; cleared by reading. */
  out(): string {
    return this.sent.splice(0).map(([subtask, event]) => {
      if (event.type === "AddSplits") {
        return `${subtask}:${event.splits.map((data) => (data as TestSplit).id).join("+")}`;
      }
      if (event.type === "WatermarkAlignment") {
        return `${subtask}<=${event.maxWatermark === MAX_WATERMARK ? "max" : event.maxWatermark}`;
      }
      return event.type === "NoMoreSplits" ? `${subtask}:none` : `${subtask}!${event.event}`;
    }).join(" ");
  }
}

Deno.test("splits go to those who ask; when there are no more, nobody is asked again", () => {
  const one = new Fixture().started().register(0, 1).request(0, 1, 0, 1, 0, 0);
  assert.equal(one.out(), "0:a 1:b 0:c 1:none 0:none");
  assert.deepEqual(one.enumerator.calls.slice(0, 3), ["start", "reader 0", "reader 1"]);
  assert.equal(one.enumerator.calls.filter((call) => call === "request 0").length, 3);
  one.coordinator.handleEvent(1, 0, { type: "SourceEvent", event: "hi" });
  assert.equal(one.enumerator.calls.at(-1), "event 1: hi");
  assert.deepEqual(one.enumerator.context.registeredReaders(), [0, 1]);
  assert.equal(one.enumerator.context.currentParallelism(), 2);
  one.enumerator.context.sendEventToSourceReader(1, "hey");
  assert.equal(one.out(), "1!hey");
  assert.deepEqual(one.failures, []);
});

Deno.test("what a reader gets is a copy: the enumerator's split stays as it was", () => {
  const one = new Fixture().started().register(0);
  const mine = split("x");
  one.enumerator.context.assignSplit(mine, 0);
  const [, event] = one.sent[0];
  assert.equal(event.type, "AddSplits");
  (event as unknown as { splits: TestSplit[] }).splits[0].position.at = 99;
  assert.equal(mine.position.at, 0);
});

Deno.test("a failed subtask gives back what it got after the checkpoint it is restored to, in order", () => {
  const one = new Fixture(["a", "b", "c", "d", "e"]).started().register(0, 1);
  const checkpoint = (id: number) => one.coordinator.snapshot(id);
  one.request(0);
  checkpoint(1);
  one.request(0, 1);
  checkpoint(2);
  one.request(0);
  one.coordinator.notifyCheckpointComplete(1);
  one.coordinator.subtaskFailed(0, 0);
  assert.deepEqual(one.enumerator.context.registeredReaders(), [1]);
  one.coordinator.subtaskReset(0, 1);
  assert.equal(one.enumerator.calls.at(-1), "back 0: b,d");
  one.out();
  one.coordinator.handleEvent(0, 1, { type: "ReaderRegistration" });
  one.coordinator.handleEvent(0, 0, { type: "RequestSplit" });
  assert.equal(one.out(), "", "the old attempt is not heard");
  one.coordinator.handleEvent(0, 1, { type: "RequestSplit" });
  assert.equal(one.out(), "0:e");
  one.coordinator.subtaskReset(1, 2);
  assert.equal(one.enumerator.calls.at(-1), "back 1: ", "its split c is in checkpoint 2");
});

Deno.test("a subtask restored to nothing gives everything back, and may ask again", () => {
  const one = new Fixture(["a"]).started().register(0).request(0, 0);
  assert.equal(one.out(), "0:a 0:none");
  one.coordinator.subtaskReset(0, -1);
  assert.equal(one.enumerator.calls.at(-1), "back 0: a");
  one.register(0).request(0);
  assert.equal(one.out(), "0:a");
});

Deno.test("a restored coordinator goes on with what was not assigned at the checkpoint", () => {
  const one = new Fixture().started().register(0).request(0);
  const bytes = one.coordinator.snapshot(1);
  one.request(0, 0);
  const two = new Fixture([]);
  two.coordinator.restore(bytes);
  two.started().register(0).request(0, 0, 0);
  assert.equal(two.out(), "0:b 0:c 0:none");
});

Deno.test("a reader that registers after it was told of no more splits hears it then", () => {
  const one = new Fixture().started();
  one.enumerator.context.signalNoMoreSplits(1);
  assert.equal(one.out(), "");
  one.register(1);
  assert.equal(one.out(), "1:none");
});

Deno.test("calls of the enumerator never run inside each other", () => {
  const one = new Fixture().started();
  one.enumerator.onAddReader = (subtaskId) => {
    one.request(subtaskId);
    one.enumerator.calls.push("end of addReader");
  };
  one.register(0);
  assert.deepEqual(one.enumerator.calls, ["start", "reader 0", "end of addReader", "request 0"]);
});

const FAILURES: readonly [name: string, code: string, run: (one: Fixture) => void][] = [
  ["a throw in handleSplitRequest", "TSF-2001", (one) => {
    one.enumerator.onRequest = () => {
      throw new Error("no splits today");
    };
    one.register(0).request(0);
  }],
  ["a split for a subtask that is not there", "TSF-2240", (one) => {
    one.enumerator.onRequest = () => one.enumerator.context.assignSplit(split("x"), 2);
    one.register(0).request(0);
  }],
  ["a split for a reader that has not registered", "TSF-2241", (one) => {
    one.enumerator.onRequest = () => one.enumerator.context.assignSplit(split("x"), 1);
    one.register(0).request(0);
  }],
  ["an unknown event", "TSF-0004", (one) => {
    one.register(0);
    one.coordinator.handleEvent(0, 0, { type: "Nonsense" });
  }],
];
for (const [name, code, run] of FAILURES) {
  Deno.test(`the job fails with the source named: ${name}`, () => {
    const one = new Fixture().started();
    run(one);
    assert.deepEqual(one.failures.map((error) => error.code), [code]);
    assert.deepEqual(one.failures[0].operator, { name: "numbers", uid: "n" });
  });
}

Deno.test("an enumerator that cannot be made fails the job once; everything after is ignored", async () => {
  const one = new Fixture([], {
    create: () => {
      throw new Error("no such topic");
    },
  });
  one.started().register(0).request(0);
  assert.equal(one.failures.length, 1);
  assert.match(one.failures[0].message, /createEnumerator\(\) failed: Error: no such topic/);
  await one.coordinator.close();
});

async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

Deno.test("callAsync hands result or error to the handler as a call of its own; with a period again and again", async () => {
  const one = new Fixture();
  const seen: unknown[] = [];
  one.coordinator.start();
  const { context } = one.enumerator;
  context.callAsync(() => Promise.resolve(1), (result, error) => seen.push(result, error));
  context.callAsync<number>(() => {
    throw "at once";
  }, (result, error) => seen.push(result, error));
  await turns();
  assert.equal(seen.length, 0);
  one.seams.mainThread.runAll();
  assert.deepEqual(new Set(seen.splice(0)), new Set([1, undefined, "at once"]));
  let calls = 0;
  context.callAsync(() => Promise.resolve(++calls), (result) => seen.push(result), 100);
  for (const time of [0, 99, 100, 199, 200, 300]) {
    one.seams.clock.advanceTo(time);
    await turns();
    one.seams.mainThread.runAll();
    seen.push(`@${time}`);
  }
  assert.deepEqual(seen, [1, "@0", "@99", 2, "@100", "@199", 3, "@200", 4, "@300"]);
  await one.coordinator.close();
  one.seams.clock.advanceTo(1000);
  await turns();
  one.seams.mainThread.runAll();
  assert.equal(calls, 4, "nothing after close");
  assert.equal(one.enumerator.calls.at(-1), "close");
  const two = new Fixture().started();
  two.enumerator.context.callAsync(() => Promise.resolve(1), () => {
    throw new Error("bad handler");
  });
  await turns();
  two.seams.mainThread.runAll();
  assert.equal(two.failures[0].code, "TSF-2001");
});

Deno.test("alignment: the limit is the minimum over all sources of the group plus the drift of each", () => {
  const seams = testSeams();
  const groups = new WatermarkAlignmentGroups();
  const make = (id: string, maxDriftMs: number) =>
    new Fixture([], { seams, groups, id, alignment: { group: "g", maxDriftMs, updateIntervalMs: 100 } })
      .started().register(0, 1);
  const [fast, slow] = [make("1", 5), make("2", 20)];
  const report = (one: Fixture, subtask: number, watermark: number) =>
    one.coordinator.handleEvent(subtask, 0, { type: "ReportedWatermark", watermark });
  seams.clock.advance(100);
  assert.equal(fast.out() + slow.out(), "", "nobody has reported");
  report(fast, 0, 50);
  report(slow, 0, 30);
  seams.clock.advance(100);
  assert.deepEqual([fast.out(), slow.out()], ["0<=35", "0<=50"]);
  report(slow, 1, 10);
  seams.clock.advance(100);
  assert.deepEqual([fast.out(), slow.out()], ["0<=15", "0<=30 1<=30"]);
  report(slow, 0, MAX_WATERMARK);
  report(slow, 1, MAX_WATERMARK);
  seams.clock.advance(100);
  assert.deepEqual([fast.out(), slow.out()], ["0<=55", "0<=70 1<=70"], "idle or ended ones hold nobody back");
  report(fast, 0, MAX_WATERMARK);
  fast.coordinator.subtaskFailed(0, 0);
  seams.clock.advance(100);
  assert.deepEqual([fast.out(), slow.out()], ["", "0<=max 1<=max"], "no overflow; failed subtasks are not told");
});

Deno.test("an aggregator says when the minimum changes, and forgets older reports of a key", () => {
  const aggregator = new WatermarkAggregator<string>();
  assert.equal(aggregator.minimum, MIN_WATERMARK);
  assert.deepEqual(
    [["a", 5], ["b", 7], ["a", 6], ["a", 9], ["b", 3]].map(([key, wm]) =>
      aggregator.aggregate(key as string, wm as number)
    ),
    [5, undefined, 6, 7, 3],
  );
  assert.deepEqual([...aggregator.keys()], ["a", "b"]);
});

Deno.test("an assignment tracker takes from all later checkpoints and what came after them", () => {
  const tracker = new SplitAssignmentTracker<string>();
  tracker.recordAssignment(0, "a");
  tracker.onCheckpoint(10);
  tracker.recordAssignment(0, "b");
  tracker.recordAssignment(1, "x");
  tracker.onCheckpoint(11);
  tracker.recordAssignment(0, "c");
  tracker.onCheckpointComplete(10);
  assert.deepEqual(tracker.takeAssignedAfter(0, 10), ["b", "c"]);
  assert.deepEqual(tracker.takeAssignedAfter(0, 10), [], "taken once");
  assert.deepEqual(tracker.takeAssignedAfter(1, 11), []);
  assert.deepEqual(tracker.takeAssignedAfter(1, -1), ["x"]);
});
