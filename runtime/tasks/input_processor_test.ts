import assert from "node:assert/strict";
import { Probe, TaskHarness, type TaskHarnessOptions } from "../../tests/harness/task_harness.ts";
import { BatchEncoder } from "../types/batch_encoder.ts";

/** A started task over one probe that shows what reaches it. */
function started(options: Omit<TaskHarnessOptions, "operators"> & { readonly numInputs?: number } = {}): TaskHarness {
  const { numInputs = 1, ...rest } = options;
  const harness = new TaskHarness({ operators: [new Probe("op", { numInputs })], ...rest });
  harness.task.start();
  harness.news();
  return harness;
}

/** Everything since the last call, without the operator's name. */
const seen = (harness: TaskHarness) => harness.news().map((line) => line.replace("op ", ""));

Deno.test("two inputs take turns batch by batch, channels of an input too", () => {
  const harness = started({ numInputs: 2, inputs: [2, 1] });
  harness.records(["a", "b"], 0, 0);
  harness.records(["c"], 0, 0);
  harness.records(["d"], 1, 0);
  harness.records(["x"], 0, 1);
  harness.records(["y"], 0, 1);
  harness.run();
  assert.deepEqual(seen(harness), ['1:"a"', '1:"b"', '2:"x"', '1:"d"', '2:"y"', '1:"c"']);
});

Deno.test("a batch is left between any two records and gone on with; its buffer is free only at its end", () => {
  for (const rowsPerStep of [1, 2, 3]) {
    const harness = started({ settings: { rowsPerStep } });
    let credits = 0;
    harness.built.gates[0].channels[0].connect({ addCredit: (credit) => void (credits += credit) });
    credits = 0;
    harness.records([1, 2, 3, 4]);
    const steps: string[][] = [];
    for (let n = 0; n < 20 && credits === 0; n++) {
      harness.task.step();
      steps.push(seen(harness));
    }
    assert.deepEqual(steps.flat(), ["1", "2", "3", "4"]);
    assert.ok(steps.every((step) => step.length <= rowsPerStep));
    assert.equal(credits, 1);
  }
});

Deno.test("each input has its own valve: minimum over channels, idle and finished ones take no part", () => {
  const harness = started({ numInputs: 2, inputs: [2, 1] });
  const told = () => (harness.run(), seen(harness));
  harness.watermark(5, 0, 0);
  assert.deepEqual(told(), [], "the other channel has none yet");
  harness.watermark(3, 1, 0);
  assert.deepEqual(told(), ["w3/0"]);
  harness.watermark(9, 0, 1);
  assert.deepEqual(told(), ["w9/1"]);
  harness.give({ kind: "status", status: "idle" }, 1, 0);
  assert.deepEqual(told(), ["w5/0"], "the idle channel holds back no more");
  harness.give({ kind: "status", status: "idle" }, 0, 0);
  assert.deepEqual(told(), ["idle"]);
  harness.give({ kind: "status", status: "active" }, 1, 0);
  assert.deepEqual(told(), ["active"]);
  harness.watermark(4, 1, 0);
  assert.deepEqual(told(), [], "watermarks do not go back");
  harness.watermark(6, 1, 0);
  assert.deepEqual(told(), ["w6/0"], "caught up: it counts again, alone");
  harness.end(1, 0);
  assert.deepEqual(told(), ["idle"], "only the idle channel is left");
  harness.end(0, 0);
  assert.deepEqual(told(), ["wmax/0", "endInput0"]);
  harness.end(0, 1);
  assert.deepEqual(told(), ["wmax/1", "endInput1", "finish", "close", "=FINISHED"]);
});

Deno.test("a channel back from idleness holds nothing back until it has caught up; idle ones are not listened to", () => {
  const harness = started({ inputs: [2] });
  const told = () => (harness.run(), seen(harness));
  harness.watermark(3, 1);
  harness.give({ kind: "status", status: "idle" }, 1);
  harness.watermark(10, 0);
  assert.deepEqual(told(), ["w3", "w10"]);
  harness.watermark(99, 1);
  harness.watermark(11, 0);
  assert.deepEqual(told(), ["w11"], "a watermark does not wake a channel");
  harness.give({ kind: "status", status: "active" }, 1);
  harness.watermark(12, 0);
  assert.deepEqual(told(), ["w12"]);
  harness.watermark(13, 1);
  harness.watermark(20, 0);
  assert.deepEqual(told(), ["w13"], "now it holds back");
});

Deno.test("an input ends with its last channel; a second end of a channel counts once", () => {
  const harness = started({ inputs: [3] });
  harness.end(0);
  harness.end(0);
  harness.end(1);
  harness.run();
  assert.deepEqual(seen(harness), []);
  harness.records([1], 2);
  harness.end(2);
  harness.run();
  assert.deepEqual(seen(harness), ["1", "wmax", "endInput0", "finish", "close", "=FINISHED"]);
});

Deno.test("while an input ends, the other waits until the operator has taken it in", () => {
  let ended = false;
  const harness = new TaskHarness({
    operators: [
      new Probe("op", { numInputs: 2, on: { endInput: (probe) => ended ? undefined : probe.waitFor(() => ended) } }),
    ],
    inputs: [1, 1],
  });
  harness.task.start();
  harness.news();
  harness.end(0, 0);
  harness.records([1], 0, 1);
  assert.equal(harness.run(), "blocked");
  assert.deepEqual(seen(harness), ["wmax/0", "endInput0"]);
  ended = true;
  harness.run();
  assert.deepEqual(seen(harness), ["2:1"]);
});

Deno.test("barriers are aligned over both inputs; ended channels count as having delivered", () => {
  const harness = started({ numInputs: 2, inputs: [2, 1] });
  harness.barrier(1, 0, 0);
  harness.records(["after"], 0, 0);
  harness.barrier(1, 0, 1);
  harness.records(["after"], 0, 1);
  harness.records(["before"], 1, 0);
  harness.run();
  assert.deepEqual(seen(harness), ['1:"before"']);
  harness.end(1, 0);
  harness.run();
  assert.deepEqual(seen(harness), ["prepare", "snapshot", "=checkpoint 1", '2:"after"', '1:"after"']);
});

Deno.test("encoded batches are decoded with the schemas announced on the way", () => {
  const harness = started({ inputs: [2] });
  const encoder = new BatchEncoder();
  const send = (values: unknown[], channel: number, announce: boolean) => {
    const { bytes, rows, schema } = encoder.encode(values, values.map((_, n) => n));
    if (announce) harness.give({ kind: "schema", schema }, channel);
    harness.give({ kind: "data", rows, sizeBytes: bytes.length, bytes }, channel);
  };
  send([{ a: 1 }, { a: 2 }], 0, true);
  send([{ a: 3 }], 1, true);
  send([{ a: "wider", b: null }], 0, true);
  harness.run();
  assert.deepEqual(seen(harness).toSorted(), ['{"a":"wider","b":null}', '{"a":1}', '{"a":2}', '{"a":3}']);
});

Deno.test("a record that fails is not taken again, and its batch is dropped", () => {
  let calls = 0;
  const op = new Probe("op", {
    onRecord: () => {
      calls++;
      throw new Error("once");
    },
  });
  const harness = new TaskHarness({ operators: [op] });
  harness.task.start();
  harness.records([1, 2]);
  harness.run();
  harness.run();
  assert.equal(calls, 1);
});

Deno.test("latency markers pass through, in order with the records", () => {
  const harness = new TaskHarness({ operators: [new Probe("op")], writers: [0] });
  harness.credit(9);
  harness.task.start();
  harness.records([1]);
  harness.give({ kind: "latency", markedTimeMs: 5, operatorId: "x", subtaskIndex: 0 });
  harness.records([2]);
  harness.run();
  assert.deepEqual(harness.out[0], ["1", "latency", "2"]);
});
