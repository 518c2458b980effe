/**
 * The operators at the edges of a pipeline through the cruel harness: without room, restored between any two steps, with
 * inputs and outputs overwritten.
 */

import assert from "node:assert/strict";
import type { RichAsyncFunction } from "../functions/async_function.ts";
import type { CommittableMessage, Sink } from "../functions/sink.ts";
import { WatermarkStrategy } from "../functions/watermarks/watermark_strategies.ts";
import { type CruelMode, runCruelly } from "../testing/cruel.ts";
import { streamRecord, watermark, watermarkStatus } from "../testing/harness_elements.ts";
import { type CruelStep, endOfInput, processingTime } from "../testing/script_harness.ts";
import { MAX_WATERMARK } from "../types/stream_element.ts";
import { asyncWaitOperator } from "./async/async_wait.ts";
import { committerOperator } from "./sink/committer_operator.ts";
import { sinkWriterOperator } from "./sink/sink_operator.ts";
import { timestampsWatermarksOperator } from "./source/timestamps_watermarks.ts";

interface Event {
  readonly at: number;
  readonly tags: string[];
}
const event = (at: number, ...tags: string[]): Event => ({ at, tags });

/** A restored operator starts with no watermark, so its output rightly differs there. */
const RESTORES: CruelMode[] = ["restored after every step", "restored once", "restored in the middle", "rescaled"];

Deno.test("cruel: timestamps and watermarks", () => {
  const strategy = WatermarkStrategy.from<Event>({ timestamp: (one) => one.at, outOfOrderness: 5, idleness: 100 });
  const { output } = runCruelly(() => timestampsWatermarksOperator(strategy), [
    streamRecord(event(10, "a")),
    processingTime(200),
    streamRecord(event(20, "b"), 3),
    watermark(15),
    processingTime(400),
    processingTime(600),
    processingTime(800),
    watermarkStatus("idle"),
    watermark(MAX_WATERMARK),
    endOfInput(),
  ], { without: RESTORES });
  assert.deepEqual(
    output.map((one) => one.kind === "status" ? one.status : one.kind === "latency" ? "" : one.timestamp),
    [10, 4, 20, 14, "idle", "active", MAX_WATERMARK],
  );
});

for (const mode of ["ordered", "unordered"] as const) {
  Deno.test(`cruel: asynchronous requests, ${mode}, that change their input and their results`, () => {
    const fn: RichAsyncFunction<Event, Event> = {
      asyncInvoke(value, future) {
        const results = value.tags.map((tag) => event(value.at + 1, tag));
        value.tags.length = 0;
        future.complete(results);
      },
    };
    const script: CruelStep[] = [];
    for (let at = 1; at <= 8; at++) {
      script.push(streamRecord(event(at, ...["x", "y", "z"].slice(0, at % 4)), at));
      if (at % 3 === 0) script.push(watermark(at));
    }
    script.push(watermarkStatus("idle"), watermarkStatus("active"), watermark(MAX_WATERMARK), endOfInput());
    const { output } = runCruelly(() => asyncWaitOperator({ fn, mode, timeoutMs: 100, capacity: 3 }), script);
    assert.equal(output.filter((one) => one.kind === "record").length, 1 + 2 + 3 + 0 + 1 + 2 + 3 + 0);
  });
}

const summary = (checkpointId: number, numberOfCommittables: number): CommittableMessage<string> => ({
  kind: "summary",
  subtaskId: 0,
  numberOfSubtasks: 1,
  checkpointId,
  numberOfCommittables,
  numberOfFailed: 0,
});
const committable = (checkpointId: number, name: string): CommittableMessage<string> => ({
  kind: "committable",
  subtaskId: 0,
  checkpointId,
  committable: name,
});

Deno.test("cruel: a two-phase writer that keeps its buffer in state", () => {
  const sink: Sink<Event, string, string[]> = {
    createWriter(_context, restored = []) {
      let buffer = restored.flat();
      return {
        write: (value) => void buffer.push(...value.tags),
        flush() {},
        prepareCommit() {
          const committables = buffer;
          buffer = [];
          return committables;
        },
        snapshotState: () => [buffer],
        close() {},
      };
    },
    createCommitter: () => ({ commit() {} }),
  };
  const { output } = runCruelly(() => sinkWriterOperator(sink), [
    streamRecord(event(1, "a", "b"), 1),
    streamRecord(event(2, "c")),
    watermark(5),
    streamRecord(event(3, "d")),
    endOfInput(),
  ], { without: ["restored after every step", "restored once"] });
  assert.deepEqual(output, [
    watermark(5),
    streamRecord(summary(1, 4)),
    ...["a", "b", "c", "d"].map((name) => streamRecord(committable(1, name))),
  ]);
});

Deno.test("cruel: a committer without checkpoints", () => {
  const committed: string[] = [];
  const sink: Sink<never, string, never> = {
    createWriter: () => assert.fail(),
    createCommitter: () => ({
      commit: (requests) => void committed.push(requests.map((one) => one.getCommittable()).join("+")),
    }),
    addPostCommitTopology() {},
  };
  const messages = [summary(2, 1), committable(2, "c"), summary(1, 2), committable(1, "a"), committable(1, "b")];
  const script = [...messages.map((message) => streamRecord(message)), endOfInput()];
  const plain = [summary(1, 2), committable(1, "a"), committable(1, "b"), summary(2, 1), committable(2, "c")];
  runCruelly(() => committerOperator(sink), script, {
    config: { checkpointingEnabled: false },
    expected: plain.map((message) => streamRecord(message)),
    // A restored committer commits at once what belongs to the checkpoint it is restored from.
    without: ["restored after every step", "restored once"],
  });
  assert.deepEqual([...new Set(committed)], ["a+b", "c"]);
});
