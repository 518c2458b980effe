/**
 * Properties of the parts of a slot: rows under way, lines under way, accumulators over slots, what is refused when a
 * slot is deployed.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { DiscardingSink, type StreamExecutionEnvironment } from "tsflink";
import { testEnvironment, testSeams } from "tsflink/testing";
import { Configuration } from "../../api/configuration.ts";
import {
  type Accumulator,
  DoubleMaximum,
  DoubleMinimum,
  IntCounter,
  LongCounter,
} from "../../functions/accumulators.ts";
import { connections } from "../../graph/edge_connection.ts";
import { generateJobGraph } from "../../graph/job_graph_generator.ts";
import type { JobGraph } from "../../graph/job_graph.ts";
import type { TaskAccumulators } from "../../operators/runtime_context.ts";
import { taskSettings } from "../../../cluster/jobmaster/task_settings.ts";
import { exportAccumulators, mergeAccumulators } from "./accumulator_parts.ts";
import { CollectedRows } from "./collected_rows.ts";
import { deploy } from "./slot_deployment.ts";
import { outputWritten, SlotLog } from "./slot_log.ts";
import type { SlotReport, SubtaskPlacement } from "./slot_protocol.ts";

Deno.test("rows: sinks wait just while too many batches are under way, whatever is sent, refused, taken", async () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("add" as const),
      uid: fc.constantFrom("a", "b"),
      rows: fc.array(fc.nat(9), { maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant("taken" as const), pick: fc.nat() }),
    fc.constant({ kind: "flush" as const }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, maxRows, maxUnderWay) => {
        const underWay = new Set<number>();
        const sent: number[] = [];
        const failed: number[] = [];
        let lastId = 0;
        const collected = new CollectedRows({
          maxRows,
          maxUnderWay,
          send: (_uid, batchId, batch) => {
            assert.ok(batchId > lastId, "numbers go up");
            lastId = batchId;
            // A nine cannot be cloned.
            if (batch.includes(9)) throw new Error("nine");
            underWay.add(batchId);
            sent.push(...batch as number[]);
          },
          fail: () => void failed.push(9),
        });
        const given: number[] = [];
        const waiting: { done: boolean }[] = [];
        for (const one of steps) {
          if (one.kind === "flush") collected.flush();
          else if (one.kind === "taken") {
            const ids = [...underWay];
            const id = ids[one.pick % Math.max(1, ids.length)];
            if (id !== undefined) underWay.delete(id);
            collected.taken(id ?? -1);
            await null;
            if (id !== undefined) {
              assert.ok(waiting.every(({ done }) => done), "one batch taken lets all go on");
            }
          } else {
            given.push(...one.rows);
            const promise = collected.add(one.uid, one.rows);
            assert.equal(promise !== undefined, underWay.size >= maxUnderWay);
            if (promise !== undefined) {
              const entry = { done: false };
              waiting.push(entry);
              void promise.then(() => entry.done = true);
            }
          }
        }
        collected.flush();
        const sorted = (rows: readonly number[]) => rows.toSorted((a, b) => a - b);
        assert.deepEqual(sorted([...sent, ...failed]), sorted(given), "every row once, sent or failed");
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("lines: any prints come out in order and by stream; what is counted is what is under way", () => {
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        line: fc.oneof(fc.string({ maxLength: 5 }), fc.constant("x".repeat(40_000))),
        stream: fc.constantFrom("stdout" as const, "stderr" as const),
        times: fc.constantFrom(1, 1, 60, 130),
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom("flush" as const, "haste", "log", "written") },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const told: SlotReport[] = [];
      const words = new Int32Array(new SharedArrayBuffer(4));
      const log = new SlotLog((report) => void told.push(report), words);
      const expected: string[] = [];
      let written = 0;
      const write = () => {
        for (; written < told.length; written++) {
          const report = told[written];
          if (report.type === "output") outputWritten(words, report.lines);
        }
      };
      for (const one of steps) {
        if (one === "flush") log.flush();
        else if (one === "haste") log.allowHaste();
        else if (one === "written") write();
        else if (one === "log") {
          log.log("info", "said");
          expected.push("info said");
        } else {
          for (let n = 0; n < one.times; n++) {
            log.print(one.line, one.stream);
            expected.push(`${one.stream} ${one.line}`);
            // Nobody reads meanwhile: the slot would wait for its reader.
            if (words[0] > 3_000_000) write();
          }
        }
      }
      log.flush();
      const found = told.flatMap((report) =>
        report.type === "output"
          ? report.lines.map((line) => `${report.stream} ${line}`)
          : report.type === "log"
          ? [`${report.level} ${report.message}`]
          : assert.fail()
      );
      assert.deepEqual(found, expected);
      const unwritten = told.slice(written).flatMap((report) => report.type === "output" ? report.lines : []);
      assert.equal(words[0], unwritten.reduce((sum, line) => sum + line.length + 1, 0));
      for (const report of told) {
        if (report.type !== "output") continue;
        assert.ok(report.lines.length > 0, "no empty batch");
        const allButLast = report.lines.slice(0, -1).reduce((sum, line) => sum + line.length + 1, 0);
        assert.ok(allButLast < 64 * 1024, "a batch is bounded but for its last line");
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("lines: a slot that is far ahead of its reader waits for it, and goes on when it has read", async () => {
  const reader = new Worker(
    `data:text/javascript,onmessage = ({ data }) => { postMessage("there"); ` +
      `while (Atomics.load(data, 1) === 0) Atomics.wait(data, 1, 0, 5); Atomics.sub(data, 0, 5e6); Atomics.notify(data, 0); }`,
    { type: "module" },
  );
  const shared = new Int32Array(new SharedArrayBuffer(8));
  shared[0] = 5_000_000;
  const ready = new Promise((resolve) => reader.onmessage = resolve);
  reader.postMessage(shared);
  await ready;
  const told: SlotReport[] = [];
  const log = new SlotLog((report) => void told.push(report), shared);
  Atomics.store(shared, 1, 1);
  const before = performance.now();
  log.print("behind", "stdout");
  assert.ok(performance.now() - before < 900, "it was the reader that ended the wait");
  assert.equal(told.length, 1);
  assert.equal(shared[0], 7);
  reader.terminate();
});

Deno.test("accumulators: merged over any split into tasks and slots as one would have counted", () => {
  const values = fc.array(fc.array(fc.array(fc.integer({ min: -1000, max: 1000 })), { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 4,
  });
  const classes = { int: IntCounter, long: LongCounter, min: DoubleMinimum, max: DoubleMaximum };
  const make = (numbers: readonly number[]): TaskAccumulators =>
    new Map(
      Object.entries(classes).map(([name, Class]) => {
        const accumulator = new Class() as unknown as Accumulator<unknown, unknown>;
        for (const n of numbers) accumulator.add(n);
        return [name, accumulator];
      }),
    );
  fc.assert(
    fc.property(values, fc.nat(), (slots, pick) => {
      const tasks = slots.map((slot) => slot.map(make));
      const owner = pick % slots.length;
      const parts = structuredClone(tasks.filter((_, i) => i !== owner).flatMap(exportAccumulators));
      const all = slots.flat(2);
      const expected = {
        int: all.reduce((a, b) => a + b, 0),
        long: all.reduce((a, b) => a + b, 0),
        min: Math.min(...all),
        max: Math.max(...all),
      };
      const names = Object.keys(classes);
      for (let again = 0; again < 2; again++) assert.deepEqual(mergeAccumulators(tasks[owner], names, parts), expected);
      assert.deepEqual(Object.keys(mergeAccumulators(tasks[owner], ["max"], parts)), ["max"]);
    }),
    { numRuns: 80 },
  );
});

function graphOf(build: (env: StreamExecutionEnvironment) => void): JobGraph {
  const { env } = testEnvironment();
  build(env);
  return generateJobGraph(env.getStreamGraph());
}

function deploySlot(jobGraph: JobGraph, slot: number, placements: readonly SubtaskPlacement[], links: string[]) {
  return deploy({
    jobGraph,
    deployment: {
      jobId: "job",
      slot,
      placements,
      settings: taskSettings(Configuration.from({}), "STREAMING", false),
      cachedFiles: new Map(),
      collect: [],
    },
    seams: testSeams(),
    remote: {
      outgoing: (peer, channel) => (links.push(`${slot}>${peer} ${channel}`), { onItem: () => {} }),
      incoming: (peer, channel) => (links.push(`${slot}<${peer} ${channel}`), { addCredit: () => {} }),
    },
    collect: () => undefined,
    listener: () => ({ onState() {}, onCheckpoint() {}, onCheckpointDeclined() {}, onDataProcessed() {} }),
    sendToCoordinator: () => {},
    wake: () => {},
  }).tasks;
}

const placed = (jobGraph: JobGraph, slotOf: (vertex: number, subtask: number) => number): SubtaskPlacement[] =>
  jobGraph.vertices.flatMap(({ id, parallelism }, vertex) =>
    Array.from({ length: parallelism }, (_, subtaskIndex) => ({
      executionId: `${id}_${subtaskIndex}_0`,
      vertexId: id,
      subtaskIndex,
      attemptNumber: 0,
      slot: slotOf(vertex, subtaskIndex),
    }))
  );

Deno.test("deployment: however subtasks are placed, both slots of a channel know it by one number, numbers are never shared", () => {
  const arbitrary = fc.record({
    parallelisms: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 }),
    kinds: fc.array(fc.constantFrom("rebalance" as const, "rescale", "broadcast"), { minLength: 4, maxLength: 4 }),
    slots: fc.array(fc.nat(2), { minLength: 40, maxLength: 40 }),
  });
  fc.assert(
    fc.property(arbitrary, ({ parallelisms, kinds, slots }) => {
      const jobGraph = graphOf((env) => {
        const [first, ...others] = parallelisms;
        let stream = env.fromSequence(1, 9).setParallelism(first).map((n) => n).setParallelism(first);
        others.forEach((parallelism, i) => {
          stream = stream[kinds[i]]().map((n) => n).setParallelism(parallelism);
        });
        stream.rebalance().sinkTo(new DiscardingSink()).setParallelism(1);
      });
      const placements = placed(jobGraph, (vertex, subtask) => slots[vertex * 5 + subtask]);
      const links: string[] = [];
      const tasks = [0, 1, 2].map((slot) => deploySlot(jobGraph, slot, placements, links).length);
      assert.deepEqual(tasks, [0, 1, 2].map((slot) => placements.filter((one) => one.slot === slot).length));
      let expected = 0;
      const slotOf = new Map(placements.map((one) => [`${one.vertexId} ${one.subtaskIndex}`, one.slot]));
      for (const vertex of jobGraph.vertices) {
        for (const { sourceVertexId, distributionPattern } of vertex.inputs) {
          const producers = jobGraph.vertex(sourceVertexId).parallelism;
          for (const { producer, consumer } of connections(distributionPattern, producers, vertex.parallelism)) {
            if (slotOf.get(`${sourceVertexId} ${producer}`) !== slotOf.get(`${vertex.id} ${consumer}`)) expected++;
          }
        }
      }
      const out = links.filter((link) => link.includes(">"));
      const mirrored = links.filter((link) => link.includes("<")).map((link) => link.replace(/(\d)<(\d)/, "$2>$1"));
      assert.deepEqual(out.toSorted(), mirrored.toSorted());
      assert.equal(out.length, expected);
      assert.equal(new Set(out.map((link) => link.split(" ")[1])).size, expected);
    }),
    { numRuns: 40 },
  );
});

Deno.test("deployment: a plan with more or fewer subtasks, or others, than were placed is refused", () => {
  const jobGraph = graphOf((env) => {
    env.fromSequence(1, 9).setParallelism(2).rebalance().map((n) => n).setParallelism(2)
      .sinkTo(new DiscardingSink()).setParallelism(2);
  });
  const placements = placed(jobGraph, () => 0);
  const tampered: [string, readonly SubtaskPlacement[]][] = [
    ["fewer", placements.slice(1)],
    ["more", [...placements, { ...placements[0], subtaskIndex: 2 }]],
    ["another subtask", [...placements.slice(1), { ...placements[0], subtaskIndex: 7 }]],
    ["one twice", [...placements.slice(1), placements[1]]],
    ["none", []],
  ];
  for (const [name, all] of tampered) assert.throws(() => deploySlot(jobGraph, 0, all, []), /TSF-0\d{3}/, name);
  assert.equal(deploySlot(jobGraph, 0, placements, []).length, 4);
  assert.equal(deploySlot(jobGraph, 1, placements, []).length, 0, "a slot without subtasks");
});
