/**
 * Which tasks depend on promises of the outside: a slot may block its thread while none of its tasks does.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Probe, TaskHarness } from "../../tests/harness/task_harness.ts";
import { CollectionSource } from "../connectors/collection/source.ts";
import { DataGeneratorSource } from "../connectors/datagen/source.ts";
import { RateLimiterStrategy } from "../connectors/datagen/rate_limiter.ts";
import { defineSink, defineSource } from "../connectors/define.ts";
import { DiscardingSink } from "../connectors/discarding/sink.ts";
import { FileSink } from "../connectors/files/sink.ts";
import { SimpleStringEncoder } from "../connectors/files/encoders.ts";
import { NexmarkSource } from "../connectors/nexmark/source.ts";
import { PrintSink } from "../connectors/print/sink.ts";
import { NumberSequenceSource } from "../connectors/sequence/source.ts";
import type { Sink } from "../functions/sink.ts";
import type { Source, SourceSplit } from "../functions/source.ts";
import { WatermarkStrategy } from "../functions/watermarks/watermark_strategies.ts";
import { asyncWaitOperator } from "../operators/async/async_wait.ts";
import type { StreamOperator, StreamOperatorFactory } from "../operators/operator.ts";
import { committerOperator } from "../operators/sink/committer_operator.ts";
import { sinkWriterOperator } from "../operators/sink/sink_operator.ts";
import { sourceOperator } from "../operators/source/source_operator.ts";
import { RecordingSink } from "../testing/recording_sink.ts";
import { Gate, scriptedSource } from "../testing/scripted_source.ts";

const FILES = FileSink.forRowFormat("/out", new SimpleStringEncoder()).build() as unknown as Sink<unknown, unknown>;
const READ = defineSource<number, number, number>({
  boundedness: "bounded",
  splits: [1],
  open: async function* () {},
});
const TWO_PHASES = defineSink<unknown, number>({
  open: () => ({ write: () => {}, prepareCommit: () => [] }),
  commit: () => {},
});

const source = (of: unknown): StreamOperatorFactory =>
  sourceOperator(of as Source<unknown, SourceSplit>, WatermarkStrategy.noWatermarks<unknown>());
const writer = (of: unknown): StreamOperatorFactory => sinkWriterOperator(of as Sink<unknown>);
const committer = (of: unknown): StreamOperatorFactory => committerOperator(of as Sink<never, unknown>);
const once = RateLimiterStrategy.perSecond(1);

const TABLE: readonly (readonly [name: string, factory: StreamOperatorFactory, hasAsyncWork: boolean])[] = [
  ["collection", source(new CollectionSource([1])), false],
  ["sequence", source(new NumberSequenceSource(1, 2)), false],
  ["datagen", source(new DataGeneratorSource((n) => n, 5)), false],
  ["datagen at a rate, which the slot's own clock keeps", source(new DataGeneratorSource((n) => n, 5, once)), false],
  ["nexmark", source(new NexmarkSource({ count: 5 })), false],
  ["script", source(scriptedSource([{ value: 1 }, { untilProcessingTime: 5 }])), false],
  ["script with a gate", source(scriptedSource([{ value: 1 }, { until: new Gate() }])), true],
  ["source of a user", source(READ), true],
  ["discarding", writer(new DiscardingSink()), false],
  ["print", writer(new PrintSink()), false],
  ["recording", writer(new RecordingSink()), false],
  ["files, writer", writer(FILES), false],
  ["files, committer", committer(FILES), false],
  ["sink of a user", writer(TWO_PHASES), true],
  ["committer of a user", committer(TWO_PHASES), true],
  [
    "async function",
    asyncWaitOperator({ fn: (n) => Promise.resolve([n]), mode: "ordered", timeoutMs: 0, capacity: 1 }),
    true,
  ],
];

for (const [name, factory, expected] of TABLE) {
  Deno.test(`${name}: ${expected ? "depends" : "does not depend"} on the outside, until the task has ended`, () => {
    const operator = factory.create() as StreamOperator;
    const harness = new TaskHarness({ operators: [operator], inputs: factory.numInputs === 0 ? [] : [1] });
    assert.equal(operator.hasAsyncWork && factory.isSource === true, false, "nothing is open yet");
    assert.ok(harness.task.start(), harness.error?.message);
    assert.equal(harness.task.hasAsyncWork, expected);
    harness.task.cancel();
    if (harness.task.state === "CANCELED") assert.equal(harness.task.hasAsyncWork, false);
    else assert.equal(harness.task.hasAsyncWork, true, "closing takes time");
  });
}

Deno.test("one operator of a chain is enough, and closing that takes time counts", async () => {
  const closing = Promise.withResolvers<void>();
  const slow = new Probe("slow", { close: () => closing.promise });
  const harness = new TaskHarness({ operators: [new Probe("a"), slow, writer(TWO_PHASES).create()] });
  harness.task.start();
  assert.equal(harness.task.hasAsyncWork, true);
  const plain = new TaskHarness({ operators: [new Probe("a"), new Probe("b", { close: () => closing.promise })] });
  plain.task.start();
  assert.equal(plain.task.hasAsyncWork, false);
  plain.end();
  assert.equal(plain.run(), "finished");
  assert.deepEqual([plain.task.state, plain.task.hasAsyncWork], ["RUNNING", true]);
  closing.resolve();
  for (let i = 0; i < 10; i++) await null;
  assert.deepEqual([plain.task.state, plain.task.hasAsyncWork], ["FINISHED", false]);
});

Deno.test("a reader that has reached its end needs nothing any more", () => {
  const operator = source(READ).create();
  const harness = new TaskHarness({ operators: [operator], inputs: [], settings: undefined });
  harness.task.start();
  assert.equal(harness.task.hasAsyncWork, true);
  harness.task.operatorEvent("0".padStart(32, "0"), { type: "NoMoreSplits" });
  harness.run();
  assert.equal(operator.hasAsyncWork, false);
});
