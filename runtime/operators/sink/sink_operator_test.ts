import assert from "node:assert/strict";
import type {
  CommittableMessage,
  Sink,
  SinkWriter,
  SinkWriterContext,
  WriterInitContext,
} from "../../functions/sink.ts";
import { OneInputStreamOperatorTestHarness } from "../../testing/one_input_harness.ts";
import type { HarnessOptions } from "../../testing/operator_test_harness.ts";
import { MIN_WATERMARK } from "../../types/stream_element.ts";
import { sinkWriterOperator } from "./sink_operator.ts";

type Message = CommittableMessage<string>;

/** A writer that writes down what is asked of it; promises are resolved by the test, in order. */
class Script {
  readonly calls: string[] = [];
  readonly promises: PromiseWithResolvers<void>[] = [];
  context!: WriterInitContext;
  restored: readonly number[] | undefined;
  async = false;
  buffer: string[] = [];
  written = 0;

  maybe(): void | Promise<void> {
    if (!this.async) return;
    this.promises.push(Promise.withResolvers<void>());
    return this.promises.at(-1)!.promise;
  }
  sink(options: { twoPhase?: boolean; stateful?: boolean } = {}): Sink<string, string, number> {
    const writer: SinkWriter<string, string, number> = {
      write: (value: string, context: SinkWriterContext) => {
        this.calls.push(`write ${value}@${context.timestamp() ?? "-"}/${watermarkText(context.currentWatermark())}`);
        this.buffer.push(value);
        this.written++;
        return this.maybe();
      },
      flush: (endOfInput: boolean) => {
        this.calls.push(`flush ${endOfInput}`);
        return this.maybe();
      },
      writeWatermark: (timestamp: number) => void this.calls.push(`watermark ${timestamp}`),
      close: () => void this.calls.push("close"),
    };
    if (options.twoPhase) {
      writer.prepareCommit = () => {
        this.calls.push("prepare");
        const committables = this.buffer;
        this.buffer = [];
        if (!this.async) return committables;
        this.promises.push(Promise.withResolvers<void>());
        return this.promises.at(-1)!.promise.then(() => committables);
      };
    }
    if (options.stateful) writer.snapshotState = () => [this.written];
    return {
      createWriter: (context, restored) => {
        this.context = context;
        this.restored = restored;
        return writer;
      },
      ...(options.twoPhase ? { createCommitter: () => ({ commit: () => {} }) } : {}),
    };
  }
}
function watermarkText(timestamp: number): string {
  return timestamp === MIN_WATERMARK ? "min" : String(timestamp);
}

class SinkHarness extends OneInputStreamOperatorTestHarness<string, Message> {
  constructor(sink: Sink<string, string, number>, options: HarnessOptions = {}) {
    super(sinkWriterOperator<string, string, number>(sink), { name: "files", uid: "sink", ...options });
  }
  barrier(checkpointId: number): void {
    this.run("prepareSnapshotPreBarrier()", (operator) => operator.prepareSnapshotPreBarrier(checkpointId));
  }
  /** "sum 1/2 #7 n2" a summary, "a#7" a committable, "w5", "idle". */
  text(): string {
    return this.getOutput().map((element) => {
      if (element.kind === "watermark") return `w${element.timestamp}`;
      if (element.kind !== "record") return element.kind === "status" ? element.status : element.kind;
      const message = element.value;
      assert.equal(element.timestamp, undefined);
      return message.kind === "committable"
        ? `${message.committable}#${message.checkpointId}`
        : `sum ${message.subtaskId}/${message.numberOfSubtasks} #${message.checkpointId} n${message.numberOfCommittables}`;
    }).join(" ");
  }
}

Deno.test("a writer sees values, timestamps and the watermark; watermarks pass first", () => {
  const script = new Script();
  const one = new SinkHarness(script.sink());
  one.processElement("a");
  one.processElement("b", 7);
  one.processWatermark(10);
  one.processElement("c", 11);
  one.processWatermarkStatus("idle");
  assert.deepEqual(script.calls, ["write a@-/min", "write b@7/min", "watermark 10", "write c@11/10"]);
  assert.equal(one.text(), "w10 idle");
});

Deno.test("a checkpoint flushes; without a committer nothing goes downstream", async () => {
  const script = new Script();
  const one = new SinkHarness(script.sink());
  one.processElement("a");
  one.barrier(3);
  one.snapshot(3);
  one.endInput();
  one.barrier(4);
  assert.deepEqual(script.calls.slice(1), ["flush false", "flush true"], "nothing after the end of the input");
  assert.equal(one.text(), "");
  await one.close();
  assert.equal(script.calls.at(-1), "close");
});

Deno.test("committables: a summary, then each; the end of the input counts as the checkpoint after the last", () => {
  const script = new Script();
  const one = new SinkHarness(script.sink({ twoPhase: true }), { parallelism: 2, subtaskIndex: 1 });
  one.processElement("a");
  one.processElement("b");
  one.barrier(7);
  one.barrier(8);
  one.processElement("c");
  one.endInput();
  assert.equal(one.text(), "sum 1/2 #7 n2 a#7 b#7 sum 1/2 #8 n0 sum 1/2 #9 n1 c#9");
  const batch = new SinkHarness(new Script().sink({ twoPhase: true }));
  batch.endInput();
  assert.equal(batch.text(), "sum 0/1 #1 n0");
});

Deno.test("writer state comes back, with the checkpoint it is from; committables then count on from there", () => {
  const script = new Script();
  const one = new SinkHarness(script.sink({ stateful: true, twoPhase: true }));
  one.open();
  assert.deepEqual([script.restored, script.context.restoredCheckpointId], [undefined, undefined]);
  one.processElement("a");
  one.processElement("b");
  const snapshot = one.snapshot(5);
  const after = new Script();
  const two = new SinkHarness(after.sink({ stateful: true, twoPhase: true }));
  two.initializeState(snapshot);
  two.endInput();
  assert.deepEqual([after.restored, after.context.restoredCheckpointId], [[2], 5]);
  assert.equal(two.text(), "sum 0/1 #6 n0");
});

Deno.test("a promise from write holds back what follows until it resolves", async () => {
  const script = new Script();
  const one = new SinkHarness(script.sink());
  script.async = true;
  one.processElement("a");
  one.processElement("b");
  one.processWatermark(5);
  const operator = one.getOperator();
  assert.deepEqual([script.calls, operator.busy, operator.isWaiting, operator.canSnapshot], [
    ["write a@-/min"],
    true,
    true,
    false,
  ]);
  script.promises[0].resolve();
  await one.settle();
  assert.deepEqual(script.calls, ["write a@-/min", "write b@-/min"]);
  script.promises[1].resolve();
  await one.settle();
  assert.deepEqual(script.calls.slice(2), ["watermark 5"]);
  assert.deepEqual([operator.busy, operator.isWaiting, one.text()], [false, false, "w5"]);
});

Deno.test("a barrier waits for flush and prepareCommit, one after the other", async () => {
  const script = new Script();
  const one = new SinkHarness(script.sink({ twoPhase: true }));
  one.processElement("a");
  script.async = true;
  one.barrier(7);
  assert.throws(() => one.snapshot(7), { code: "TSF-0006" });
  assert.deepEqual(script.calls.slice(1), ["flush false"]);
  script.promises[0].resolve();
  await one.settle();
  assert.deepEqual(script.calls.slice(1), ["flush false", "prepare"]);
  assert.equal(one.text(), "");
  script.promises[1].resolve();
  await one.settle();
  assert.equal(one.text(), "sum 0/1 #7 n1 a#7");
  one.snapshot(7);
});

for (
  const [what, run] of [["write()", (h: SinkHarness) => h.processElement("a")], [
    "flush()",
    (h: SinkHarness) => h.barrier(1),
  ]] as const
) {
  Deno.test(`a rejected ${what} fails the task and names the operator`, async () => {
    const script = new Script();
    const one = new SinkHarness(script.sink());
    script.async = true;
    run(one);
    script.promises[0].reject(new Error("disk full"));
    await assert.rejects(one.settle(), (error: { code: string; operator: unknown; message: string }) => {
      assert.deepEqual([error.code, error.operator], ["TSF-2001", { name: "files", uid: "sink" }]);
      assert.ok(error.message.includes(what) && error.message.includes("disk full"), error.message);
      return true;
    });
  });
}

Deno.test("the writer's context: place, timers in the task, printing, results for the client", () => {
  const script = new Script();
  const collected: unknown[][] = [];
  const one = new SinkHarness(script.sink(), {
    parallelism: 3,
    subtaskIndex: 2,
    collect: (batch) => void collected.push(batch),
  });
  one.open();
  const { context } = script;
  assert.deepEqual([context.subtaskIndex, context.parallelism, context.attemptNumber], [2, 3, 0]);
  const fired: number[] = [];
  context.registerTimer(100, () => fired.push(one.getProcessingTime()));
  one.setProcessingTime(99);
  one.setProcessingTime(100);
  assert.deepEqual(fired, [100]);
  context.print("hello", "stderr");
  assert.deepEqual(one.seams.log.printed, [{ line: "hello", stream: "stderr" }]);
  context.collect?.([1, 2]);
  assert.deepEqual(collected, [[1, 2]]);
});

Deno.test("a record after the end of the input is a defect of the engine", () => {
  const one = new SinkHarness(new Script().sink());
  one.endInput();
  assert.throws(() => one.processElement("a"), { code: "TSF-0001" });
});
