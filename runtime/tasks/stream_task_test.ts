import assert from "node:assert/strict";
import { BARRIER, Probe, TaskHarness } from "../../tests/harness/task_harness.ts";
import { MAX_CHAIN_LENGTH } from "../graph/job_graph_generator.ts";
import type { ExecutionState } from "./task_states.ts";

const fails = (text: string) => () => {
  throw new Error(text);
};

Deno.test("life cycle: initialize and open from the tail, end from the head, close from the tail", () => {
  const harness = new TaskHarness({ operators: [new Probe("a"), new Probe("b"), new Probe("c")], writers: [2] });
  harness.credit(9);
  assert.equal(harness.task.start(), true);
  assert.deepEqual(harness.news(), [
    "=INITIALIZING",
    "c init",
    "c open",
    "b init",
    "b open",
    "a init",
    "a open",
    "=RUNNING",
  ]);
  assert.equal(harness.run(), "idle");
  harness.records([1, 2]);
  harness.watermark(5);
  assert.equal(harness.run(), "idle");
  assert.deepEqual(harness.news(), ["a 1", "b 1", "c 1", "a 2", "b 2", "c 2", "a w5", "b w5", "c w5"], "depth first");
  harness.end();
  assert.equal(harness.run(), "finished");
  assert.deepEqual(harness.news(), [
    "a wmax",
    "b wmax",
    "c wmax",
    "a endInput0",
    "a finish",
    "b endInput0",
    "b finish",
    "c endInput0",
    "c finish",
    "c close",
    "b close",
    "a close",
    "=FINISHED",
  ]);
  assert.deepEqual(harness.out, [["1", "2", "w5", "wmax", "end"]]);
  assert.equal(harness.task.step(), "finished");
  harness.task.cancel();
  harness.task.fail(new Error("late"));
  assert.deepEqual(harness.news(), [], "nothing follows");
});

Deno.test("what one operator emits while it ends goes through those behind before they end", () => {
  const head = new Probe("a", {
    on: { endInput: (probe) => probe.emit("input"), finish: (probe) => probe.emitAll(["rest", "more"]) },
  });
  const harness = new TaskHarness({ operators: [head, new Probe("b")], writers: [1], settings: { rowsPerStep: 1 } });
  harness.credit(9);
  harness.task.start();
  harness.news();
  harness.end();
  harness.run();
  assert.deepEqual(harness.news().filter((line) => !line.includes("max")), [
    "a endInput0",
    'b "input"',
    "a finish",
    'b "rest"',
    'b "more"',
    "b endInput0",
    "b finish",
    "b close",
    "a close",
    "=FINISHED",
  ]);
  assert.deepEqual(harness.out, [["wmax", '"input"', '"rest"', '"more"', "end"]]);
});

Deno.test("stopped without drain: no MAX, no endInput, no finish", () => {
  const harness = new TaskHarness({ operators: [new Probe("a")], writers: [0], inputs: [2] });
  harness.task.start();
  harness.news();
  harness.end(0, 0, false);
  harness.end(1, 0, false);
  assert.equal(harness.run(), "finished");
  assert.deepEqual(harness.news(), ["a close", "=FINISHED"]);
  assert.deepEqual(harness.out, [["stopped"]]);
});

Deno.test("whatever fails, wherever: the error names the operator, all are closed once, nothing more is done", () => {
  const cases: Record<string, (harness: TaskHarness) => void> = {
    record: (harness) => harness.records([1]),
    watermark: (harness) => harness.watermark(1),
    endInput: (harness) => harness.end(),
    finish: (harness) => harness.end(),
    prepare: (harness) => harness.barrier(1),
    snapshot: (harness) => harness.barrier(1),
    event: (harness) => harness.task.operatorEvent("1".padStart(32, "0"), "x"),
    complete: (harness) => harness.task.notifyCheckpointComplete(1),
  };
  for (const [where, act] of Object.entries(cases)) {
    const bad = new Probe("bad", {
      on: { [where]: fails("broken") },
      onRecord: where === "record" ? fails("broken") : undefined,
    });
    const harness = new TaskHarness({ operators: [new Probe("a"), bad, new Probe("c")], writers: [2] });
    harness.task.start();
    harness.run();
    harness.news();
    act(harness);
    assert.equal(harness.run(), "finished", where);
    assert.equal(harness.task.state, "FAILED");
    assert.deepEqual([harness.error!.code, harness.error!.operator!.name], ["TSF-2001", "bad"], where);
    assert.match(harness.error!.message, /broken/);
    const after = harness.news();
    assert.deepEqual(after.filter((line) => /close|=/.test(line) && !/declined/.test(line)), [
      "c close",
      "bad close",
      "a close",
      "=FAILED",
    ]);
    harness.records([2]);
    assert.equal(harness.run(), "finished");
    assert.deepEqual(harness.news(), []);
  }
});

Deno.test("failing to start: in init or open, nothing runs, and as in Flink all are closed", () => {
  const table: [("init" | "open"), string[]][] = [
    ["init", ["=INITIALIZING", "c init", "c open", "b init", "c close", "b close", "a close", "=FAILED"]],
    ["open", ["=INITIALIZING", "c init", "c open", "b init", "b open", "c close", "b close", "a close", "=FAILED"]],
  ];
  for (const [where, expected] of table) {
    const harness = new TaskHarness({
      operators: [new Probe("a"), new Probe("b", { on: { [where]: fails("no") } }), new Probe("c")],
    });
    assert.equal(harness.task.start(), false);
    assert.deepEqual(harness.news(), expected);
    assert.equal(harness.error!.operator!.name, "b");
    assert.equal(harness.run(), "finished");
  }
});

Deno.test("cancel: in every state it may come in, everything is closed and nothing emitted", () => {
  const table: Record<string, (harness: TaskHarness) => void> = {
    "before the start": () => {},
    idle: (harness) => void harness.task.start(),
    "with input": (harness) => {
      harness.task.start();
      harness.records([1, 2, 3]);
    },
    "with mail": (harness) => {
      harness.task.start();
      harness.task.notifyCheckpointComplete(1);
    },
    blocked: (harness) => {
      harness.task.start();
      for (let n = 0; n < 9; n++) harness.records([n]);
      assert.equal(harness.run(), "blocked");
    },
    "while ending": (harness) => {
      harness.task.start();
      for (let n = 0; n < 9; n++) harness.records([n]);
      harness.end();
      harness.run();
    },
    "with a checkpoint under way": (harness) => {
      harness.task.start();
      harness.barrier(3);
      harness.task.step();
    },
  };
  for (const [when, prepare] of Object.entries(table)) {
    const harness = new TaskHarness({ operators: [new Probe("a"), new Probe("b")], writers: [1] });
    prepare(harness);
    harness.news();
    const emitted = harness.out[0].length;
    harness.task.cancel();
    const declined = when === "with a checkpoint under way" ? ["=declined 3: the task is CANCELED"] : [];
    assert.deepEqual(harness.news(), ["=CANCELING", ...declined, "b close", "a close", "=CANCELED"], when);
    harness.task.cancel();
    harness.credit(100);
    assert.equal(harness.run(), "finished");
    assert.deepEqual([harness.news(), harness.out[0].length], [[], emitted], when);
    assert.equal(harness.built.partitions[0].waitingBuffers, 0);
  }
});

Deno.test("an error while closing fails a task that would have finished; the first error stays the reason", () => {
  const harness = new TaskHarness({
    operators: [new Probe("a", { close: fails("a") }), new Probe("b"), new Probe("c", { close: fails("c") })],
  });
  harness.task.start();
  harness.end();
  harness.run();
  assert.deepEqual(harness.news().slice(-4), ["c close", "b close", "a close", "=FAILED"]);
  assert.deepEqual([harness.error!.operator!.name, harness.error!.code], ["c", "TSF-2001"]);

  const failing = new TaskHarness({
    operators: [new Probe("a", { close: fails("closing"), onRecord: fails("record") })],
  });
  failing.task.start();
  failing.records([1]);
  failing.run();
  assert.match(failing.error!.message, /record/);
});

Deno.test("closing that takes time: one after the other from the tail, the final state only then", async () => {
  const tail = Promise.withResolvers<void>();
  const head = Promise.withResolvers<void>();
  const harness = new TaskHarness({
    operators: [
      new Probe("a", { close: () => head.promise }),
      new Probe("b"),
      new Probe("c", { close: () => tail.promise }),
    ],
    writers: [2],
  });
  harness.task.start();
  harness.end();
  assert.equal(harness.run(), "finished");
  const states = () => harness.news().filter((line) => /close|=/.test(line));
  assert.deepEqual(states().slice(-1), ["c close"]);
  assert.equal(harness.task.state, "RUNNING");
  harness.task.cancel();
  harness.task.fail(new Error("late"));
  assert.deepEqual(states(), [], "it ends already");
  tail.resolve();
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(states(), ["b close", "a close"]);
  head.reject(new Error("not closed"));
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(states(), ["=FAILED"]);
  assert.match(harness.error!.message, /not closed/);
});

Deno.test("step answers: progress, idle, blocked, finished", () => {
  const harness = new TaskHarness({ operators: [new Probe("a")], writers: [0], settings: { rowsPerStep: 2 } });
  const { task } = harness;
  task.start();
  assert.equal(task.step(), "idle");
  harness.records([1, 2, 3]);
  assert.equal(task.step(), "blocked", "two of three");
  assert.equal(harness.built.partitions[0].waitingBuffers, 2);
  assert.equal(task.isBackPressured, true);
  assert.deepEqual(harness.pressure(), ["a blocked"]);
  const { wakes } = harness;
  harness.credit(1);
  assert.equal(harness.wakes, wakes + 1, "room wakes the task");
  assert.equal(task.step(), "idle", "full again, but with nothing to do");
  assert.deepEqual(harness.news().slice(-2), ["a 2", "a 3"]);
  harness.end();
  assert.equal(task.step(), "blocked");
  harness.credit(9);
  assert.equal(harness.run(), "finished");
});

Deno.test("operators hear when nothing can reach them: full output, a busy chain, alignment", () => {
  let done = false;
  const wait = (probe: Probe) => probe.waitFor(() => done);
  const harness = new TaskHarness({
    operators: [new Probe("a"), new Probe("b", { onRecord: wait })],
    inputs: [2],
    writers: [1],
  });
  harness.task.start();
  const told = () => (harness.run(), harness.pressure());
  assert.deepEqual(told(), []);
  harness.records([1]);
  assert.deepEqual(told(), ["a blocked", "b blocked"]);
  assert.deepEqual(told(), [], "once");
  done = true;
  assert.deepEqual(told(), ["a free", "b free"]);
  harness.barrier(1, 0);
  assert.deepEqual(told(), ["a blocked", "b blocked"]);
  harness.barrier(1, 1);
  assert.deepEqual(told(), ["a free", "b free"]);
});

Deno.test("every budget makes progress with every batch", () => {
  for (const rowsPerStep of [1, 2, 3, 7]) {
    const harness = new TaskHarness({
      operators: [new Probe("a")],
      writers: [0],
      inputs: [2],
      settings: { rowsPerStep },
    });
    harness.credit(99);
    harness.task.start();
    harness.records([1, 2, 3]);
    harness.records([4]);
    harness.watermark(5, 0);
    harness.watermark(6, 1);
    harness.end(0);
    harness.end(1);
    assert.equal(harness.run(40), "finished", `${rowsPerStep}`);
    assert.deepEqual(harness.out, [["1", "2", "3", "4", "w5", "w6", "wmax", "end"].filter((x) => x !== "w6")]);
  }
});

Deno.test("mail comes between two records, whatever the batch", () => {
  const harness: TaskHarness = new TaskHarness({
    operators: [
      new Probe("a", {
        onRecord: (probe, value) => {
          if (value === 2) harness.task.notifyCheckpointComplete(7);
          probe.emit(value);
        },
      }),
      new Probe("b"),
    ],
  });
  harness.task.start();
  harness.news();
  harness.records([1, 2, 3]);
  harness.run();
  assert.deepEqual(harness.news(), ["a 1", "b 1", "a 2", "b 2", "b complete7", "a complete7", "a 3", "b 3"]);
});

Deno.test("a barrier over two channels: snapshot between two elements, in chain order, before what follows", () => {
  const harness = new TaskHarness({ operators: [new Probe("a"), new Probe("b")], writers: [1], inputs: [2] });
  harness.credit(99);
  harness.task.start();
  harness.records([1], 0);
  harness.barrier(4, 0);
  harness.records([2], 0);
  harness.records([3], 1);
  harness.run();
  assert.deepEqual(harness.out[0], ["1", "3"], "2 is held back behind its barrier");
  harness.news();
  harness.barrier(4, 1);
  harness.run();
  assert.deepEqual(harness.news(), [
    "a prepare",
    "b prepare",
    "a snapshot",
    "b snapshot",
    "=checkpoint 4",
    "a 2",
    "b 2",
  ]);
  assert.deepEqual(harness.out[0], ["1", "3", "|4", "2"]);
  assert.deepEqual([...harness.states[0].keys()], ["0", "1"].map((id) => id.padStart(32, "0")));
});

Deno.test("what is flushed before a barrier stands before it, and input waits for a flush that takes time", () => {
  let flushed = false;
  const a = new Probe("a", { on: { prepare: (probe) => probe.emitAll(["last words", "!"]) } });
  const b = new Probe("b", { on: { prepare: (probe) => probe.waitFor(() => flushed) } });
  const harness = new TaskHarness({ operators: [a, b], writers: [1], settings: { rowsPerStep: 1 } });
  harness.credit(99);
  harness.task.start();
  harness.barrier(1);
  harness.records([9]);
  assert.equal(harness.run(), "blocked");
  assert.deepEqual(harness.out[0], ['"last words"', '"!"']);
  assert.equal(harness.news().includes("=checkpoint 1"), false);
  flushed = true;
  assert.equal(harness.run(), "idle");
  assert.deepEqual(harness.out[0], ['"last words"', '"!"', "|1", "9"]);
  assert.deepEqual(harness.news().filter((line) => line.endsWith("prepare")), [], "prepared once");
});

Deno.test("a newer checkpoint subsumes an older one, a failing task declines", () => {
  const harness = new TaskHarness({ operators: [new Probe("a")], inputs: [2] });
  harness.task.start();
  harness.news();
  harness.barrier(1, 0);
  harness.barrier(2, 1);
  harness.run();
  assert.deepEqual(harness.news(), ["=declined 1: a newer checkpoint began"]);
  harness.barrier(2, 0);
  harness.task.step();
  harness.task.fail(new Error("now"));
  assert.deepEqual(harness.news(), ["=declined 2: the task is FAILED", "a close", "=FAILED"]);
});

Deno.test("a checkpoint asked for before the start is declined", () => {
  const harness = new TaskHarness({ operators: [new Probe("a")] });
  harness.task.triggerCheckpoint(BARRIER);
  harness.task.step();
  assert.deepEqual(harness.news(), ["=declined 1: the task is DEPLOYING"]);
});

Deno.test("operator events reach their operator in order, between two records", () => {
  const harness = new TaskHarness({ operators: [new Probe("a"), new Probe("b")] });
  harness.task.start();
  harness.news();
  const id = (index: number) => String(index).padStart(32, "0");
  harness.task.operatorEvent(id(1), "x");
  harness.task.operatorEvent(id(0), "y");
  harness.task.operatorEvent(id(1), "z");
  harness.task.operatorEvent("nobody".padStart(32, "0"), "lost");
  harness.run();
  assert.deepEqual(harness.news(), ["b event:x", "a event:y", "b event:z"]);
});

Deno.test("processing-time timers come as mail, one millisecond late, and none after the end", () => {
  const fired: string[] = [];
  const a = new Probe("a", {
    on: {
      open: ({ context: { processingTime } }) => {
        for (const at of [20, 10, 10]) processingTime.registerTimer(at, (due) => void fired.push(`${due}`));
      },
    },
  });
  const harness = new TaskHarness({ operators: [a] });
  harness.task.start();
  harness.seams.clock.advanceTo(10);
  harness.run();
  assert.deepEqual(fired, []);
  harness.seams.clock.advanceTo(11);
  assert.deepEqual(fired, [], "not from inside the clock");
  harness.run();
  assert.deepEqual(fired, ["10", "10"]);
  harness.seams.clock.advanceTo(21);
  harness.task.cancel();
  harness.run();
  assert.deepEqual(fired, ["10", "10"]);
  assert.equal(harness.seams.clock.pending, 0);
});

Deno.test("signal: aborted when the task ends, however it ends", () => {
  for (const end of ["finish", "cancel", "fail"]) {
    const a: Probe = new Probe("a", { close: () => void assert.equal(a.context.signal.aborted, true) });
    const harness = new TaskHarness({ operators: [a] });
    harness.task.start();
    assert.equal(a.context.signal.aborted, false);
    if (end === "cancel") harness.task.cancel();
    else if (end === "fail") harness.task.fail(new Error("x"));
    else harness.end();
    harness.run();
    const expected: Record<string, ExecutionState> = { finish: "FINISHED", cancel: "CANCELED", fail: "FAILED" };
    assert.equal(harness.task.state, expected[end]);
  }
});

Deno.test("failing from outside a call, and completions, are mail with the operator's name", () => {
  const a = new Probe("a");
  const b = new Probe("b");
  const harness = new TaskHarness({ operators: [a, b] });
  harness.task.start();
  harness.news();
  b.context.post(() => b.trace.push("b completion"));
  harness.run();
  assert.deepEqual(harness.news(), ["b completion"]);
  b.context.fail(new Error("connection lost"));
  harness.run();
  assert.deepEqual([harness.error!.operator!.name, harness.task.state], ["b", "FAILED"]);
  assert.match(harness.error!.message, /asynchronous work failed: Error: connection lost/);
  const other = new TaskHarness({
    operators: [new Probe("a"), new Probe("c", { on: { open: (c) => c.context.post(fails("later")) } })],
  });
  other.task.start();
  other.run();
  assert.equal(other.error!.operator!.name, "c");
});

Deno.test("a checkpoint goes on by itself when what preparing it left to do is possible at once", () => {
  let done = false;
  class Busy extends Probe {
    // What it waits for is in its state: it may be snapshotted, and still holds up the chain.
    override get canSnapshot(): boolean {
      return true;
    }
  }
  const harness = new TaskHarness({
    operators: [
      new Probe("a", { on: { prepare: (probe) => probe.emit("prepared") } }),
      new Busy("b", { onRecord: (probe, value) => value === 1 && probe.waitFor(() => done) }),
    ],
  });
  harness.task.start();
  harness.records([1]);
  assert.equal(harness.run(), "blocked");
  harness.news();
  // It is done in the very step that begins the checkpoint.
  done = true;
  harness.task.triggerCheckpoint(BARRIER);
  assert.equal(harness.run(), "idle");
  assert.deepEqual(harness.news(), [
    "a prepare",
    'b "prepared"',
    "b prepare",
    "a snapshot",
    "b snapshot",
    "=checkpoint 1",
  ]);
});

Deno.test("notices of checkpoints go from the tail to the head; a task that has ended keeps no mail", () => {
  const harness = new TaskHarness({ operators: [new Probe("a"), new Probe("b", { on: {} })] });
  harness.task.start();
  harness.run();
  harness.news();
  harness.task.notifyCheckpointComplete(3);
  harness.task.notifyCheckpointAborted(4);
  harness.run();
  assert.deepEqual(harness.news(), ["b complete3", "a complete3", "b aborted4", "a aborted4"]);
  harness.task.cancel();
  harness.task.notifyCheckpointComplete(5);
  harness.task.notifyCheckpointAborted(6);
  harness.task.triggerCheckpoint({ ...BARRIER, checkpointId: 7 });
  assert.equal(harness.task.parts.mailbox.hasMail, false);
});

const CHECKPOINTING = {
  settings: {
    operatorConfig: {
      objectReuse: false,
      autoWatermarkIntervalMs: 0,
      checkpointingEnabled: true,
      runtimeMode: "STREAMING",
      checkMutation: false,
      globalJobParameters: {},
    },
  },
} as const;

Deno.test("with checkpoints a task ends after a complete checkpoint that it took behind its data, and after those before it", () => {
  const harness = new TaskHarness({ operators: [new Probe("a")], inputs: [2], writers: [0], ...CHECKPOINTING });
  harness.credit(9);
  harness.task.start();
  harness.barrier(1, 0);
  harness.barrier(1, 1);
  harness.end(0);
  harness.end(1);
  assert.equal(harness.run(), "idle");
  assert.equal(harness.news().at(-1), "=processed");
  harness.task.notifyCheckpointComplete(1);
  assert.equal(harness.run(), "idle", "1 does not cover the end");
  harness.news();
  // Those that have sent all their data still send barriers, and what they have prepared before them.
  harness.barrier(2, 0);
  assert.equal(harness.run(), "idle");
  harness.records(["committable"], 1);
  harness.barrier(2, 1);
  assert.equal(harness.run(), "idle");
  assert.deepEqual(harness.news(), ['a "committable"', "a prepare", "a snapshot", "=checkpoint 2"]);
  // One that has gone is not waited for.
  harness.end(0);
  harness.barrier(3, 1);
  assert.equal(harness.run(), "idle");
  harness.task.notifyCheckpointComplete(3);
  assert.equal(harness.run(), "idle", "the other sender is still there");
  harness.records(["committed"], 1);
  harness.end(1);
  assert.equal(harness.run(), "finished");
  assert.deepEqual(harness.news(), [
    "a prepare",
    "a snapshot",
    "=checkpoint 3",
    "a complete3",
    'a "committed"',
    "a close",
    "=FINISHED",
  ]);
  assert.deepEqual(harness.out, [
    ["|1", "wmax", "end", '"committable"', "|2", "|3", '"committed"', "end"],
  ]);
});

Deno.test("with checkpoints a channel that ended without drain is closed at once", () => {
  const harness = new TaskHarness({ operators: [new Probe("a")], inputs: [2], writers: [0], ...CHECKPOINTING });
  harness.credit(9);
  harness.task.start();
  harness.barrier(1, 1);
  harness.end(0, 0, false);
  assert.equal(harness.run(), "idle");
  assert.deepEqual(harness.news().slice(-1), ["=checkpoint 1"]);
  harness.end(1);
  assert.equal(harness.run(), "finished");
  assert.deepEqual(harness.out, [["|1", "stopped"]]);
});

Deno.test("the longest chain fits on the stack, whatever goes through it", () => {
  const operators = Array.from({ length: MAX_CHAIN_LENGTH }, (_, i) => new Probe(`p${i}`));
  const harness = new TaskHarness({ operators, writers: [MAX_CHAIN_LENGTH - 1] });
  harness.credit(9);
  harness.task.start();
  harness.records([1, 2]);
  harness.watermark(3);
  harness.give({ kind: "status", status: "idle" });
  harness.barrier(1);
  harness.give({ kind: "status", status: "active" });
  harness.end();
  assert.equal(harness.run(), "finished");
  assert.equal(harness.error, undefined);
  assert.deepEqual(harness.out, [["1", "2", "w3", "idle", "|1", "active", "wmax", "end"]]);
});
