/**
 * One slot, asked everything that it can be asked, in every state of its tasks.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  DiscardingSink,
  IntCounter,
  RichMapFunction,
  type Sink,
  type StreamExecutionEnvironment,
  WatermarkStrategy,
} from "tsflink";
import { Gate, scriptedSource, testEnvironment, testSeams } from "tsflink/testing";
import { Configuration } from "../../api/configuration.ts";
import { generateJobGraph } from "../../graph/job_graph_generator.ts";
import { isTerminal } from "../task_states.ts";
import { JobCoordinators } from "../coordinator/job_coordinators.ts";
import { taskSettings } from "../../../cluster/jobmaster/task_settings.ts";
import { Slot } from "./slot.ts";
import type { SlotReport, SlotRequest, SubtaskPlacement } from "./slot_protocol.ts";

const NONE = WatermarkStrategy.noWatermarks<number>();

/** A slot with the whole of a job, and the coordinators of its sources. */
class Rig {
  readonly seams = testSeams();
  readonly reports: SlotReport[] = [];
  readonly slot: Slot;
  readonly placements: readonly SubtaskPlacement[];
  readonly names: ReadonlyMap<string, string>;

  constructor(build: (env: StreamExecutionEnvironment) => void, options: {
    readonly checkpointing?: boolean;
    readonly collect?: boolean;
    readonly maxRows?: number;
    /** Consumers are deployed, and started, before their producers. */
    readonly isReversed?: boolean;
    readonly refuse?: (report: SlotReport) => boolean;
  } = {}) {
    const { env } = testEnvironment();
    build(env);
    const jobGraph = generateJobGraph(env.getStreamGraph());
    const order = jobGraph.verticesTopologically;
    this.placements = (options.isReversed ? order.toReversed() : order).flatMap(({ id, parallelism }) =>
      Array.from({ length: parallelism }, (_, subtaskIndex) => ({
        executionId: `${id}_${subtaskIndex}_0`,
        vertexId: id,
        subtaskIndex,
        attemptNumber: 0,
        slot: 0,
      }))
    );
    this.names = new Map(this.placements.map(({ executionId, vertexId }) => [
      executionId,
      jobGraph.vertex(vertexId).name,
    ]));
    const coordinators = new JobCoordinators({
      jobGraph,
      seams: this.seams,
      listener: {
        send: (vertexId, subtask, operatorId, event) =>
          this.slot.handle({ type: "operatorEvent", executionId: `${vertexId}_${subtask}_0`, operatorId, event }),
        fail: (_, error) => assert.fail(String(error)),
      },
    });
    const uids = jobGraph.vertices.flatMap(({ chain }) => chain.flatMap(({ uid }) => uid ?? []));
    this.slot = new Slot({
      jobGraph,
      seams: this.seams,
      sliceMs: 8,
      collect: options.maxRows === undefined ? undefined : { maxRows: options.maxRows, maxUnderWay: 2 },
      deployment: {
        jobId: "job",
        slot: 0,
        placements: this.placements,
        settings: taskSettings(Configuration.from({}), jobGraph.type, options.checkpointing ?? false),
        cachedFiles: new Map(),
        collect: options.collect ? uids : [],
      },
      report: (report) => {
        if (options.refuse?.(report)) throw new Error("it cannot be cloned");
        this.reports.push(report);
        if (report.type === "coordinatorEvent") {
          const { subtaskIndex } = this.placements.find((one) => one.executionId === report.executionId)!;
          coordinators.handleEvent(report.operatorId, subtaskIndex, 0, report.event);
        }
      },
    });
    coordinators.start(jobGraph.vertices.map(({ id }) => id), undefined);
  }

  ask(...requests: SlotRequest[]): void {
    for (const request of requests) this.slot.handle(request);
  }
  /** Runs until nothing moves. */
  async idle(): Promise<this> {
    for (let quiet = 0; quiet < 5;) {
      quiet = this.seams.mainThread.runAll() ? 0 : quiet + 1;
      for (let n = 0; n < 10; n++) await null;
    }
    return this;
  }
  /** States that were told, by subtask. */
  states(): string[] {
    return this.placements.map(({ executionId }) =>
      this.reports.flatMap((r) => r.type === "state" && r.executionId === executionId ? [r.state] : []).join(" ")
    );
  }
  of<T extends SlotReport["type"]>(type: T): Extract<SlotReport, { type: T }>[] {
    return this.reports.filter((report) => report.type === type) as Extract<SlotReport, { type: T }>[];
  }
}

const source = (env: StreamExecutionEnvironment, gate: Gate, values = [1, 2, 3]) =>
  env.fromSource(
    scriptedSource<number>([...values.map((value) => ({ value })), { until: gate }, { value: 99 }]),
    NONE,
    "numbers",
  );
const two = (gate: Gate) => (env: StreamExecutionEnvironment): void => {
  source(env, gate).rebalance().map((n) => n).sinkTo(new DiscardingSink());
};
const START = { type: "start" } as const;
const CLOSE = { type: "close" } as const;

Deno.test("start: every task opens, runs and ends; each state is told once and in order", async () => {
  const gate = new Gate();
  const rig = new Rig(two(gate));
  assert.deepEqual([rig.slot.tasks.length, rig.reports.length, rig.slot.currentTask], [2, 0, -1]);
  rig.ask(START);
  await rig.idle();
  assert.deepEqual(rig.states(), ["INITIALIZING RUNNING", "INITIALIZING RUNNING"]);
  assert.ok([0, 1].includes(rig.slot.currentTask));
  gate.open();
  await rig.idle();
  assert.deepEqual(rig.states(), ["INITIALIZING RUNNING FINISHED", "INITIALIZING RUNNING FINISHED"]);
  rig.ask(CLOSE);
});

Deno.test("progress counts what went through, by operator, before, while and after", async () => {
  const gate = new Gate();
  const rig = new Rig(two(gate));
  const seen = () =>
    rig.placements.map(({ executionId }) => {
      const one = rig.slot.progress().find((each) => each.executionId === executionId)!;
      return [one.state, ...one.operators.map(({ numRecordsIn, numRecordsOut }) => `${numRecordsIn}>${numRecordsOut}`)];
    });
  assert.deepEqual(seen(), [["DEPLOYING", "0>0"], ["DEPLOYING", "0>0", "0>0"]]);
  rig.ask(START);
  await rig.idle();
  assert.deepEqual(seen(), [["RUNNING", "0>3"], ["RUNNING", "3>3", "3>0"]]);
  gate.open();
  await rig.idle();
  assert.deepEqual(seen(), [["FINISHED", "0>4"], ["FINISHED", "4>4", "4>0"]]);
  for (const { isBackPressured, watermark, busyTimeMs } of rig.slot.progress()) {
    assert.deepEqual([isBackPressured, watermark, busyTimeMs >= 0], [false, Number.MAX_SAFE_INTEGER, true]);
  }
});

Deno.test("cancel: in no state of a slot is anything left that runs; before the start nothing is told", async () => {
  const before = new Rig(two(new Gate()));
  before.ask({ type: "cancel" });
  await before.idle();
  assert.deepEqual(before.states(), ["", ""]);

  const running = new Rig(two(new Gate()));
  running.ask(START);
  await running.idle();
  running.ask({ type: "cancel" }, { type: "cancel" });
  await running.idle();
  assert.deepEqual(running.states(), Array(2).fill("INITIALIZING RUNNING CANCELING CANCELED"));

  const gate = new Gate();
  gate.open();
  const ended = new Rig(two(gate));
  ended.ask(START);
  await ended.idle();
  const told = ended.reports.length;
  ended.ask({ type: "cancel" }, { type: "stop", drain: false }, { type: "checkpointComplete", checkpointId: 1 });
  await ended.idle();
  assert.equal(ended.reports.length, told, "what has ended says nothing");
});

Deno.test("stop ends sources: with drain and without, what was read goes through", async () => {
  for (const drain of [true, false]) {
    const rig = new Rig(two(new Gate()));
    rig.ask(START);
    await rig.idle();
    rig.ask({ type: "stop", drain });
    await rig.idle();
    assert.deepEqual(rig.states(), Array(2).fill("INITIALIZING RUNNING FINISHED"), `drain ${drain}`);
    const sink = rig.slot.progress().find(({ executionId }) => executionId === rig.placements[1].executionId)!;
    assert.equal(sink.operators[0].numRecordsIn, 3);
    // The last watermark says that the input is at its end: without drain it may go on elsewhere.
    assert.equal(sink.watermark === Number.MAX_SAFE_INTEGER, drain);
  }
});

Deno.test("checkpoints: barriers begin at sources; every task acknowledges once, or declines", async () => {
  const rig = new Rig(two(new Gate()), { checkpointing: true });
  rig.ask(START);
  await rig.idle();
  const trigger = (checkpointId: number): SlotRequest => ({
    type: "triggerCheckpoint",
    barrier: {
      kind: "barrier",
      checkpointId,
      timestamp: 5,
      options: { type: "checkpoint", alignment: "aligned" },
    } as Extract<SlotRequest, { type: "triggerCheckpoint" }>["barrier"],
  });
  for (const checkpointId of [1, 2]) {
    rig.ask(trigger(checkpointId));
    await rig.idle();
    const acknowledged = rig.of("checkpoint").filter((report) => report.checkpointId === checkpointId);
    assert.deepEqual(
      acknowledged.map(({ executionId }) => executionId).toSorted(),
      rig.placements.map(({ executionId }) => executionId).toSorted(),
    );
    rig.ask({ type: "checkpointComplete", checkpointId });
  }
  rig.ask({ type: "checkpointAborted", checkpointId: 3 });
  await rig.idle();
  assert.equal(rig.of("checkpointDeclined").length, 0);
  rig.ask({ type: "cancel" });
  await rig.idle();
  const told = rig.reports.length;
  rig.ask(trigger(4));
  await rig.idle();
  assert.equal(rig.of("checkpoint").length, 4, "none of a task that has ended");
  assert.equal(rig.reports.length, told);
});

Deno.test("an event for nobody, of another attempt, is dropped", async () => {
  const rig = new Rig(two(new Gate()));
  rig.ask(START);
  await rig.idle();
  rig.ask({ type: "operatorEvent", executionId: "of an attempt before", operatorId: "x", event: {} });
  await rig.idle();
  assert.deepEqual(rig.states(), Array(2).fill("INITIALIZING RUNNING"));
});

Deno.test("accumulators: exported, merged with those of others, refused with the reason, each to its question", async () => {
  const rig = new Rig((env) => {
    class Counting extends RichMapFunction<number, number> {
      readonly counter = new IntCounter();
      override open(): void {
        this.getRuntimeContext().addAccumulator("seen", this.counter);
      }
      override map(n: number): number {
        this.counter.add(1);
        return n;
      }
    }
    source(env, new Gate()).rebalance().map(new Counting()).setParallelism(2).sinkTo(new DiscardingSink())
      .setParallelism(1);
  });
  rig.ask(START);
  await rig.idle();
  rig.ask({ type: "exportAccumulators", requestId: 5 });
  const [{ requestId, parts }] = rig.of("accumulators");
  assert.equal(requestId, 5);
  assert.deepEqual(parts.map(({ name, className }) => [name, className]), Array(2).fill(["seen", "IntCounter"]));
  assert.equal(parts.reduce((sum, { localValue }) => sum + (localValue as number), 0), 3);
  rig.ask(
    { type: "mergeAccumulators", requestId: 6, parts: [] },
    { type: "mergeAccumulators", requestId: 7, names: ["seen"], parts: [...parts, ...parts] },
    { type: "mergeAccumulators", requestId: 8, names: [], parts },
    { type: "mergeAccumulators", requestId: 9, names: ["seen"], parts: [{ ...parts[0], className: "Other" }] },
  );
  assert.deepEqual(rig.of("merged").map((report) => [report.requestId, report.values]), [
    [6, { seen: 3 }],
    [7, { seen: 9 }],
    [8, {}],
  ]);
  const [failed] = rig.of("requestFailed");
  assert.deepEqual([failed.requestId, (failed.error as { code: string }).code], [9, "TSF-2032"]);
  assert.ok(rig.slot.tasks.every(({ task }) => !isTerminal(task.state)), "a question fails nobody");
});

/** A job whose rows go to the client. */
const collecting = (gate: Gate) => (env: StreamExecutionEnvironment): void => {
  void source(env, gate).uid("in").map((n) => n * 10).collectAsync();
};

Deno.test("rows: one by one inline, in batches in a thread, all of them before the end of their task", async () => {
  for (const [maxRows, batches] of [[undefined, 4], [2, 2], [100, 1]] as const) {
    const gate = new Gate();
    gate.open();
    const rig = new Rig(collecting(gate), { collect: true, maxRows });
    rig.ask(START);
    for (let turn = 0; turn < 12; turn++) {
      await rig.idle();
      for (const { batchId } of rig.of("collect")) rig.ask({ type: "collected", batchId });
    }
    const sent = rig.of("collect");
    assert.deepEqual(sent.flatMap(({ batch }) => batch), [10, 20, 30, 990], `${maxRows} a batch`);
    assert.equal(sent.length, batches, `${maxRows} a batch`);
    assert.ok(new Set(sent.map(({ batchId }) => batchId)).size === sent.length);
    const last = rig.reports.findLastIndex((report) => report.type === "collect");
    const end = rig.reports.findIndex((report) => report.type === "state" && report.state === "FINISHED");
    assert.ok(end > last, "nothing comes after the end");
  }
});

Deno.test("flush sends the rows that wait; without it a batch waits until it is full", async () => {
  const rig = new Rig(collecting(new Gate()), { collect: true, maxRows: 100 });
  rig.ask(START);
  await rig.idle();
  assert.equal(rig.of("collect").length, 0);
  rig.slot.flush();
  rig.slot.flush();
  assert.deepEqual(rig.of("collect").map(({ batch }) => batch), [[10, 20, 30]]);
});

Deno.test("a client that is behind holds the sink; a row that cannot go fails it, also at the very end", async () => {
  const open = new Gate();
  open.open();
  const behind = new Rig(collecting(open), { collect: true });
  behind.ask(START);
  await behind.idle();
  assert.equal(behind.of("collect").length, 1, "inline one at a time");
  assert.equal(behind.slot.hasAsyncWork, true);
  behind.ask({ type: "collected", batchId: 1 });
  await behind.idle();
  assert.deepEqual(behind.of("collect").map(({ batch }) => batch), [[10], [20]]);

  for (const bad of [20, 990]) {
    const gate = new Gate();
    gate.open();
    const rig = new Rig(collecting(gate), {
      collect: true,
      maxRows: 100,
      refuse: (report) => report.type === "collect" && report.batch.includes(bad),
    });
    rig.ask(START);
    await rig.idle();
    rig.slot.flush();
    await rig.idle();
    const ends = rig.of("state").filter(({ state }) => isTerminal(state));
    assert.deepEqual(ends.map(({ state }) => state), ["FAILED"], `row ${bad}`);
    assert.match(String(ends[0].error), /it cannot be cloned/);
    assert.deepEqual(rig.of("collect").flatMap(({ batch }) => batch), [10, 20, 30, 990].filter((row) => row !== bad));
  }
});

Deno.test("what nobody caught: the task that ran last answers for it, else the first that runs; none when all have ended", async () => {
  const rig = new Rig(two(new Gate()));
  const early = new Error("early");
  rig.ask(START);
  await rig.idle();
  const last = rig.slot.currentTask;
  assert.equal(rig.slot.fail(early), true);
  await rig.idle();
  const failed = rig.of("state").filter(({ state }) => state === "FAILED");
  assert.deepEqual(failed.map(({ executionId }) => executionId), [rig.slot.tasks[last].placement.executionId]);
  assert.match(String(failed[0].error), /early/);
  assert.equal(rig.slot.fail(new Error("again")), true, "the other one");
  await rig.idle();
  assert.equal(rig.slot.fail(new Error("and again")), false);
  assert.equal(rig.of("state").filter(({ state }) => state === "FAILED").length, 2);
});

Deno.test("a task that fails to open: those behind it that were cancelled meanwhile are not started", async () => {
  let rig: Rig | undefined = undefined;
  const sink: Sink<number> = {
    createWriter: () => {
      throw new Error("not today");
    },
  };
  const build = (env: StreamExecutionEnvironment) => void env.fromData(1).rebalance().map((n) => n).sinkTo(sink);
  rig = new Rig(build, {
    isReversed: true,
    refuse: (report) => {
      // As the JobMaster does inline, where it hears of the failure while the slot is still starting others.
      if (report.type === "state" && report.state === "FAILED") rig!.ask({ type: "cancel" });
      return false;
    },
  });
  rig.ask(START);
  await rig.idle();
  assert.ok(rig.slot.tasks.every(({ task }) => isTerminal(task.state)), rig.states().join(" | "));
  assert.match(rig.states()[0], /FAILED$/);
  assert.equal(rig.states()[1], "CANCELING CANCELED", "the source was never opened");
});

Deno.test("after close nothing is reported, whatever is asked", async () => {
  const rig = new Rig(two(new Gate()));
  rig.ask(START);
  await rig.idle();
  const told = rig.reports.length;
  rig.ask(
    CLOSE,
    { type: "exportAccumulators", requestId: 1 },
    { type: "mergeAccumulators", requestId: 2, parts: [] },
    { type: "cancel" },
    { type: "stop", drain: true },
    CLOSE,
  );
  rig.slot.flush();
  await rig.idle();
  assert.equal(rig.reports.length, told);
});
