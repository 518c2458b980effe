import assert from "node:assert/strict";
import type {
  InputStatus,
  ReaderOutput,
  Source,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
} from "../../functions/source.ts";
import { WatermarkStrategy } from "../../functions/watermarks/watermark_strategies.ts";
import type { HarnessElement } from "../../testing/harness_elements.ts";
import { type HarnessOptions, StreamOperatorTestHarness } from "../../testing/operator_test_harness.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import { type SourceOperator, sourceOperator, type SourceOperatorOptions } from "./source_operator.ts";

/** A split counts from `next` to `end`. */
class CountSplit implements SourceSplit {
  constructor(readonly id: string, public next: number, readonly end: number) {}
  splitId(): string {
    return this.id;
  }
}

/** What a test lets the reader do in one `pollNext`. */
type Poll = (output: ReaderOutput<number>, reader: TestReader) => InputStatus | void;

class TestReader implements SourceReader<number, CountSplit> {
  readonly splits: CountSplit[] = [];
  readonly calls: string[] = [];
  noMore = false;
  available: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  constructor(readonly context: SourceReaderContext, readonly polls: Poll[]) {}
  start(): void {
    this.calls.push("start");
    this.context.sendSplitRequest();
  }
  pollNext(output: ReaderOutput<number>): InputStatus {
    const poll = this.polls.shift();
    if (poll !== undefined) return poll(output, this) ?? "MORE_AVAILABLE";
    for (const split of this.splits) {
      if (split.next >= split.end) continue;
      output.createOutputForSplit(split.id).collect(split.next, split.next * 10);
      split.next++;
      return "MORE_AVAILABLE";
    }
    return this.noMore ? "END_OF_INPUT" : "NOTHING_AVAILABLE";
  }
  isAvailable(): Promise<void> {
    return this.available.promise;
  }
  snapshotState(checkpointId: number): CountSplit[] {
    this.calls.push(`snapshot ${checkpointId}`);
    return this.splits.filter((split) => split.next < split.end);
  }
  addSplits(splits: CountSplit[]): void {
    this.calls.push(`add ${splits.map((split) => `${split.id}@${split.next}`).join(",")}`);
    this.splits.push(...splits);
  }
  notifyNoMoreSplits(): void {
    this.noMore = true;
  }
  handleSourceEvents(event: unknown): void {
    this.calls.push(`event ${event}`);
  }
  notifyCheckpointComplete(checkpointId: number): void {
    this.calls.push(`complete ${checkpointId}`);
  }
  notifyCheckpointAborted(checkpointId: number): void {
    this.calls.push(`aborted ${checkpointId}`);
  }
  pauseOrResumeSplits(toPause: readonly string[], toResume: readonly string[]): void {
    this.calls.push(`pause ${toPause.join(",")} resume ${toResume.join(",")}`);
  }
  close(): void {
    this.calls.push("close");
  }
}

class SourceHarness extends StreamOperatorTestHarness<number> {
  readonly events: { type: string }[];
  reader!: TestReader;
  constructor(
    strategy: WatermarkStrategy<number>,
    options: HarnessOptions & SourceOperatorOptions & { readonly polls?: Poll[] } = {},
  ) {
    const events: { type: string }[] = [];
    const source: Source<number, CountSplit> = {
      getBoundedness: () => "bounded",
      createEnumerator: () => assert.fail(),
      restoreEnumerator: () => assert.fail(),
      createReader: (context) => this.reader = new TestReader(context, options.polls ?? []),
      serializeSplit: (split) => ({ ...split }),
      deserializeSplit: (data) => {
        const { id, next, end } = data as CountSplit;
        return new CountSplit(id, next, end);
      },
    };
    super(sourceOperator<number, CountSplit>(source, strategy, options), [], {
      coordinator: { send: (event) => events.push(event as { type: string }) },
      ...options,
      config: { autoWatermarkIntervalMs: 100, ...options.config },
    });
    this.events = events;
  }
  get source(): SourceOperator<number, CountSplit> {
    return this.getOperator() as SourceOperator<number, CountSplit>;
  }
  addSplit(id: string, next: number, end: number): void {
    this.source.handleOperatorEvent({ type: "AddSplits", splits: [{ id, next, end }] });
  }
  /** Polls until nothing is available or the end; gives the last status. */
  drain(limit = 100): InputStatus {
    let status: InputStatus = "MORE_AVAILABLE";
    for (let i = 0; i < limit && status === "MORE_AVAILABLE"; i++) status = this.source.emitNext();
    return status;
  }
  /** "r5" a record with timestamp 5, "w5" a watermark, "idle", ...; cleared by reading. */
  text(): string {
    const text = this.getOutput().map((element: HarnessElement) => {
      if (element.kind === "record") return `r${element.timestamp ?? "-"}`;
      if (element.kind === "watermark") return element.timestamp === MAX_WATERMARK ? "max" : `w${element.timestamp}`;
      return element.kind === "status" ? element.status : element.kind;
    }).join(" ");
    this.clearOutput();
    return text;
  }
  reported(): number[] {
    return this.events.filter((event) => event.type === "ReportedWatermark").map((event) =>
      (event as unknown as { watermark: number }).watermark
    );
  }
}

const ascending = WatermarkStrategy.forMonotonousTimestamps<number>();
const status = (what: InputStatus, emit?: (output: ReaderOutput<number>) => void): Poll => (output) => {
  emit?.(output);
  return what;
};

Deno.test("a source registers, starts its reader, reads its splits and ends with MAX", () => {
  const one = new SourceHarness(ascending);
  one.open();
  assert.deepEqual(one.events.map((event) => event.type), ["ReaderRegistration", "RequestSplit"]);
  assert.equal(one.drain(), "NOTHING_AVAILABLE");
  one.addSplit("a", 1, 4);
  one.source.handleOperatorEvent({ type: "SourceEvent", event: "hello" });
  one.source.handleOperatorEvent({ type: "NoMoreSplits" });
  assert.equal(one.source.emitNext(), "MORE_AVAILABLE");
  assert.equal(one.text(), "r10", "one record per call");
  assert.equal(one.source.ended, undefined);
  assert.equal(one.drain(), "END_OF_INPUT");
  assert.equal(one.text(), "r20 r30 max");
  assert.equal(one.source.ended, "end-of-data");
  assert.equal(one.source.emitNext(), "END_OF_INPUT");
  one.setProcessingTime(1000);
  assert.equal(one.text(), "", "nothing comes after the end");
  assert.deepEqual(one.reader.calls, ["start", "add a@1", "event hello"]);
  assert.throws(() => one.source.handleOperatorEvent({ type: "Nonsense" }), { code: "TSF-0004" });
});

Deno.test("positions are those of the records that have left; a restored source goes on there", () => {
  for (let emitted = 0; emitted <= 3; emitted++) {
    const one = new SourceHarness(ascending);
    one.open();
    one.addSplit("a", 0, 2);
    one.addSplit("b", 7, 8);
    for (let i = 0; i < emitted; i++) one.source.emitNext();
    const before = one.extractOutputValues();
    const snapshot = one.snapshot(5);
    assert.equal(one.reader.calls.at(-1), "snapshot 5");
    one.drain();
    const two = new SourceHarness(ascending);
    two.initializeState(snapshot);
    two.open();
    two.drain();
    assert.deepEqual([...before, ...two.extractOutputValues()], [0, 1, 7]);
    assert.equal(two.events[0].type, "ReaderRegistration");
    assert.equal(two.reader.calls.indexOf("start"), emitted < 3 ? 1 : 0, "splits come before the start");
  }
});

Deno.test("watermarks of splits: the minimum, emitted periodically", () => {
  const one = new SourceHarness(ascending, {
    polls: [
      (output) => output.createOutputForSplit("a").collect(1, 100),
      (output) => output.createOutputForSplit("b").collect(1, 50),
      (output) => output.createOutputForSplit("b").collect(1, 200),
      (output) => output.releaseOutputForSplit("a"),
    ],
  });
  one.open();
  one.addSplit("a", 0, 0);
  one.addSplit("b", 0, 0);
  one.source.emitNext();
  one.setProcessingTime(100);
  assert.equal(one.text(), "r100", "split b has said nothing");
  one.source.emitNext();
  assert.equal(one.text(), "r50");
  one.setProcessingTime(200);
  assert.equal(one.text(), "w49");
  one.source.emitNext();
  one.setProcessingTime(300);
  assert.equal(one.text(), "r200 w99");
  one.source.emitNext();
  assert.equal(one.text(), "");
  one.setProcessingTime(400);
  assert.equal(one.text(), "w199", "a finished split holds nothing back");
});

Deno.test("watermarks on events go out before the next record; those of the main output pass as they are", () => {
  const punctuated = WatermarkStrategy.forGenerator<number>(() => ({
    onEvent: (_event, timestamp, output) => output.emitWatermark(timestamp),
    onPeriodicEmit: () => {},
  }));
  const one = new SourceHarness(punctuated, {
    polls: [
      (output) => output.collect(1, 5),
      (output) => output.collect(1, 3),
      (output) => output.collect(1),
      (output) => output.emitWatermark(8),
      (output) => output.emitWatermark(7),
      (output) => output.markIdle(),
      (output) => output.markIdle(),
      (output) => output.markActive(),
      (output) => output.markIdle(),
      (output) => output.emitWatermark(9),
    ],
  });
  one.open();
  for (let i = 0; i < 10; i++) one.source.emitNext();
  assert.equal(one.text(), "r5 w5 r3 r- w8 idle active idle active w9");
});

Deno.test("timestamps come from the strategy's assigner; a bad one fails with TSF-2202", () => {
  const one = new SourceHarness(ascending.withTimestampAssigner((value, recordTimestamp) => value + recordTimestamp));
  one.open();
  one.addSplit("a", 3, 4);
  one.drain();
  assert.equal(one.text(), "r33");
  const bad = new SourceHarness(ascending.withTimestampAssigner(() => NaN));
  bad.open();
  bad.addSplit("a", 3, 4);
  assert.throws(() => bad.drain(), { code: "TSF-2202" });
});

Deno.test("interval 0: no periodic watermark; BATCH: only MAX, no status", () => {
  const none = new SourceHarness(ascending, { config: { autoWatermarkIntervalMs: 0 } });
  none.open();
  none.addSplit("a", 1, 2);
  none.drain();
  none.setProcessingTime(1000);
  assert.equal(none.text(), "r10");
  const batch = new SourceHarness(ascending.withIdleness(1), {
    config: { runtimeMode: "BATCH" },
    polls: [(output) => output.emitWatermark(4), (output) => output.markIdle()],
  });
  batch.open();
  batch.addSplit("a", 1, 2);
  batch.source.handleOperatorEvent({ type: "NoMoreSplits" });
  batch.setProcessingTime(500);
  assert.equal(batch.drain(), "END_OF_INPUT");
  assert.equal(batch.text(), "r10 max");
});

Deno.test("idleness: the subtask is idle when its splits and its main output are, and wakes with a watermark", () => {
  const one = new SourceHarness(ascending.withIdleness(150));
  one.open();
  one.addSplit("a", 1, 2);
  one.addSplit("b", 1, 1);
  one.drain();
  one.setProcessingTime(100);
  assert.equal(one.text(), "r10");
  one.setProcessingTime(200);
  assert.equal(one.text(), "", "100 ms without a record in split b");
  one.setProcessingTime(300);
  assert.equal(one.text(), "w9", "split b is idle, so split a counts alone");
  one.setProcessingTime(400);
  assert.equal(one.text(), "idle", "split a, 200 ms after the first look without a record");
  one.addSplit("c", 5, 6);
  one.drain();
  assert.equal(one.text(), "r50");
  one.setProcessingTime(500);
  assert.equal(one.text(), "active w49");
});

Deno.test("idleness does not grow during back pressure, also for splits added meanwhile", () => {
  const one = new SourceHarness(ascending.withIdleness(150));
  one.open();
  one.addSplit("a", 1, 1);
  one.setProcessingTime(100);
  one.getOperator().onBackPressure(true);
  one.addSplit("b", 1, 1);
  for (let time = 200; time <= 2000; time += 100) one.setProcessingTime(time);
  assert.equal(one.text(), "");
  one.getOperator().onBackPressure(false);
  for (const time of [2100, 2200]) one.setProcessingTime(time);
  assert.equal(one.text(), "idle");
});

Deno.test("when all splits are gone the main output alone says whether the subtask is idle", () => {
  const one = new SourceHarness(ascending.withIdleness(150), {
    polls: [(output) => output.createOutputForSplit("a").collect(1, 10), (output) => output.releaseOutputForSplit("a")],
  });
  one.open();
  one.addSplit("a", 0, 0);
  one.source.emitNext();
  one.setProcessingTime(100);
  one.source.emitNext();
  assert.equal(one.text(), "r10 w9");
  for (const time of [200, 300, 400]) one.setProcessingTime(time);
  assert.equal(one.text(), "idle");
});

Deno.test("a subtask without splits is idle only after the idleness it was given, and never without one", () => {
  for (const [idlenessMs, idleAt] of [[150, 300], [450, 600], [undefined, undefined]] as const) {
    const strategy = idlenessMs === undefined ? ascending : ascending.withIdleness(idlenessMs);
    const one = new SourceHarness(strategy, {
      polls: [
        (output) => output.createOutputForSplit("a").collect(1, 10),
        (output) => output.releaseOutputForSplit("a"),
      ],
    });
    one.open();
    one.addSplit("a", 0, 0);
    one.source.emitNext();
    one.setProcessingTime(100);
    one.source.emitNext();
    one.text();
    const idle = [200, 300, 400, 500, 600, 700, 800].filter((time) => {
      one.setProcessingTime(time);
      return one.text().includes("idle");
    });
    assert.deepEqual(idle.slice(0, 1), idleAt === undefined ? [] : [idleAt], `idleness ${idlenessMs}`);
  }
});

Deno.test("stop with drain emits MAX, without drain nothing; both once", () => {
  for (const drain of [true, false]) {
    const one = new SourceHarness(ascending);
    one.open();
    one.addSplit("a", 1, 100);
    one.source.emitNext();
    one.source.stop({ drain });
    one.source.stop({ drain: !drain });
    if (!drain) one.setProcessingTime(500);
    assert.equal(one.source.emitNext(), "END_OF_INPUT");
    assert.equal(one.source.emitNext(), "END_OF_INPUT");
    one.finish();
    one.setProcessingTime(1000);
    assert.equal(one.text(), drain ? "r10 max" : "r10");
    assert.equal(one.source.ended, drain ? "drained" : "stopped");
  }
});

async function isResolved(promise: Promise<void>): Promise<boolean> {
  let resolved = false;
  promise.then(() => resolved = true, () => {});
  for (let i = 0; i < 5; i++) await Promise.resolve();
  return resolved;
}

Deno.test("availability follows the reader, a stop and the end; a failing reader rejects", async () => {
  const one = new SourceHarness(ascending);
  one.open();
  const first = one.source.isAvailable();
  assert.equal(one.source.isAvailable(), first, "one promise while nothing happens");
  assert.equal(await isResolved(first), false);
  one.reader.available.resolve();
  assert.equal(await isResolved(first), true);
  one.reader.available = Promise.withResolvers<void>();
  const second = one.source.isAvailable();
  assert.notEqual(second, first);
  one.source.stop({ drain: true });
  assert.equal(await isResolved(second), true);
  assert.equal(await isResolved(one.source.isAvailable()), true);
  const two = new SourceHarness(ascending);
  two.open();
  const failing = two.source.isAvailable();
  two.reader.available.reject(new Error("connection lost"));
  await assert.rejects(failing, /connection lost/);
  await two.close();
  assert.equal(two.reader.calls.at(-1), "close");
});

Deno.test("checkpoint notifications reach the reader", () => {
  const one = new SourceHarness(ascending);
  one.open();
  one.notifyCheckpointComplete(3);
  one.notifyCheckpointAborted(4);
  assert.deepEqual(one.reader.calls, ["start", "complete 3", "aborted 4"]);
});

const eventTime = WatermarkStrategy.forGenerator<number>(() => ({
  onEvent: (_event, timestamp, output) => output.emitWatermark(timestamp),
  onPeriodicEmit: () => {},
}));

Deno.test("alignment: reports its watermark, waits while ahead of the limit, goes on when the limit rises", async () => {
  const one = new SourceHarness(eventTime.withWatermarkAlignment("g", 5, 100), {
    alignmentBufferSize: 0,
    polls: [10, 20, 30].map((timestamp) => status("MORE_AVAILABLE", (output) => output.collect(1, timestamp))),
  });
  one.open();
  one.setProcessingTime(100);
  assert.deepEqual(one.reported(), [], "nothing to report yet");
  one.source.emitNext();
  one.setProcessingTime(200);
  assert.deepEqual(one.reported(), [10]);
  one.source.handleOperatorEvent({ type: "WatermarkAlignment", maxWatermark: 15 });
  assert.equal(one.source.emitNext(), "MORE_AVAILABLE");
  assert.equal(one.source.emitNext(), "NOTHING_AVAILABLE", "20 is ahead of 15");
  assert.equal(one.text(), "r10 w10 r20 w20");
  one.reader.available.resolve();
  const available = one.source.isAvailable();
  assert.equal(await isResolved(available), false, "the reader is ready, but has to wait");
  one.source.handleOperatorEvent({ type: "WatermarkAlignment", maxWatermark: 19 });
  assert.equal(await isResolved(available), false);
  one.source.handleOperatorEvent({ type: "WatermarkAlignment", maxWatermark: 20 });
  assert.equal(await isResolved(available), true);
  assert.equal(one.source.emitNext(), "MORE_AVAILABLE");
  assert.equal(one.text(), "r30 w30");
  const waiting = one.source.isAvailable();
  one.source.stop({ drain: true });
  assert.equal(await isResolved(waiting), true, "a stop ends the wait");
  assert.equal(one.source.emitNext(), "END_OF_INPUT");
  assert.equal(one.reported().at(-1), MAX_WATERMARK, "the others need not wait for it");
});

Deno.test("alignment: with the buffer of 3 samples a reader waits only when it has been ahead that long", () => {
  const one = new SourceHarness(eventTime.withWatermarkAlignment("g", 5, 100), {
    polls: Array.from({ length: 10 }, () => status("MORE_AVAILABLE", (output) => output.collect(1, 20))),
  });
  one.open();
  one.source.handleOperatorEvent({ type: "WatermarkAlignment", maxWatermark: 15 });
  one.source.emitNext();
  const statuses = [100, 200, 300].map((time) => {
    const status = one.source.emitNext();
    one.setProcessingTime(time);
    return status;
  });
  assert.deepEqual(statuses, ["MORE_AVAILABLE", "MORE_AVAILABLE", "MORE_AVAILABLE"]);
  assert.equal(one.source.emitNext(), "NOTHING_AVAILABLE");
});

Deno.test("alignment: an idle subtask reports MAX", () => {
  const one = new SourceHarness(eventTime.withWatermarkAlignment("g", 5, 100), {
    polls: [(output) => output.collect(1, 10), (output) => output.markIdle(), (output) => output.collect(1, 11)],
  });
  one.open();
  for (const time of [100, 200, 300]) {
    one.source.emitNext();
    one.setProcessingTime(time);
  }
  assert.deepEqual(one.reported(), [10, MAX_WATERMARK, 11]);
});

Deno.test("alignment: splits that are ahead are paused and resumed, idle ones are left alone", () => {
  const one = new SourceHarness(eventTime.withWatermarkAlignment("g", 5, 100), {
    alignmentBufferSize: 0,
    polls: [
      (output) => output.createOutputForSplit("a").collect(1, 30),
      (output) => output.createOutputForSplit("b").collect(1, 10),
      (output) => output.createOutputForSplit("b").markIdle(),
    ],
  });
  one.open();
  one.addSplit("a", 0, 0);
  one.addSplit("b", 0, 0);
  one.source.emitNext();
  one.source.emitNext();
  const calls = () => one.reader.calls.filter((call) => call.startsWith("pause"));
  one.source.handleOperatorEvent({ type: "WatermarkAlignment", maxWatermark: 15 });
  assert.deepEqual(calls(), ["pause a resume "]);
  one.source.handleOperatorEvent({ type: "WatermarkAlignment", maxWatermark: 16 });
  assert.equal(calls().length, 1, "told once");
  one.source.handleOperatorEvent({ type: "WatermarkAlignment", maxWatermark: 30 });
  assert.deepEqual(calls(), ["pause a resume ", "pause  resume a"]);
  one.source.emitNext();
  one.source.handleOperatorEvent({ type: "WatermarkAlignment", maxWatermark: 5 });
  assert.deepEqual(calls().slice(2), ["pause a resume "], "split b is idle");
});

Deno.test("alignment: waiting and paused time is no idleness", () => {
  const strategy = WatermarkStrategy.forMonotonousTimestamps<number>().withIdleness(150).withWatermarkAlignment(
    "g",
    5,
    100,
  );
  const one = new SourceHarness(strategy, {
    alignmentBufferSize: 0,
    polls: [(output) => output.createOutputForSplit("a").collect(1, 30), () => "NOTHING_AVAILABLE"],
  });
  one.open();
  one.addSplit("a", 0, 0);
  one.source.emitNext();
  one.setProcessingTime(100);
  assert.equal(one.text(), "r30 w29");
  one.source.handleOperatorEvent({ type: "WatermarkAlignment", maxWatermark: 15 });
  for (let time = 200; time <= 2000; time += 100) one.setProcessingTime(time);
  assert.equal(one.text(), "");
  one.source.handleOperatorEvent({ type: "WatermarkAlignment", maxWatermark: 100 });
  for (const time of [2100, 2200, 2300]) one.setProcessingTime(time);
  assert.equal(one.text(), "idle");
});
