/**
 * Slots in threads as the JobMaster sees them: where subtasks are placed, what each slot is started with, how requests
 * reach it and reports come back, and every limit on how long it may stay silent.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { DiscardingSink, type StreamExecutionEnvironment } from "tsflink";
import { testSeams } from "tsflink/testing";
import { connections } from "../../runtime/graph/edge_connection.ts";
import type { JobGraph } from "../../runtime/graph/job_graph.ts";
import { planFingerprint } from "../../runtime/graph/plan_hash.ts";
import { JobExecutionError } from "../../runtime/errors.ts";
import { SlotLog } from "../../runtime/tasks/slot/slot_log.ts";
import type { SlotReport, SubtaskPlacement } from "../../runtime/tasks/slot/slot_protocol.ts";
import { ExecutionGraph } from "../jobmaster/execution_graph.ts";
import { placeBySharing, placements } from "../jobmaster/slots.ts";
import { inlineSlots } from "./inline_slots.ts";
import { answer, type FakeSlot, graphOf, LIMITS, playedJob, settled } from "./testdata/fake_slots.ts";

const executionGraph = (jobGraph: JobGraph) => new ExecutionGraph("job", jobGraph, () => 0, () => {});

/** One vertex per step: parallelism and group. */
interface Step {
  readonly parallelism: number;
  readonly group: string | undefined;
}

function chainOf(steps: readonly Step[]) {
  return (env: StreamExecutionEnvironment): void => {
    env.disableOperatorChaining();
    const set = <O extends { setParallelism(p: number): O; slotSharingGroup(group: string): O }>(op: O, step: Step) => {
      const wide = op.setParallelism(step.parallelism);
      return step.group === undefined ? wide : wide.slotSharingGroup(step.group);
    };
    const [first, ...others] = steps;
    let stream = set(env.fromSequence(1, 2), first);
    for (const step of others) stream = set(stream.rebalance().map((n) => n), step);
    stream.rebalance().sinkTo(new DiscardingSink()).setParallelism(1);
  };
}

const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  parallelism: fc.integer({ min: 1, max: 5 }),
  group: fc.constantFrom(undefined, "default", "a", "b"),
});

Deno.test("placement: Flink's slot sharing, against its own rules", () => {
  fc.assert(
    fc.property(fc.array(stepArbitrary, { minLength: 1, maxLength: 6 }), (steps) => {
      const jobGraph = graphOf(chainOf(steps));
      const graph = executionGraph(jobGraph);
      const placed = placeBySharing(graph);
      assert.deepEqual(placed.map(({ executionId }) => executionId), graph.executions.map(({ id }) => id));
      // Flink: a slot has at most one subtask of a vertex, all of one group, and a job needs, over its groups, the
      // widest vertex of each. Subtasks of one index of one group share a slot.
      const groups = new Map<string, number>();
      for (const { slotSharingGroup: { name }, parallelism } of jobGraph.vertices) {
        groups.set(name, Math.max(groups.get(name) ?? 0, parallelism));
      }
      const bySlot = Map.groupBy(placed, ({ slot }) => slot);
      assert.equal(bySlot.size, [...groups.values()].reduce((a, b) => a + b, 0));
      assert.deepEqual([...bySlot.keys()].toSorted((a, b) => a - b), [...bySlot.keys()].map((_, i) => i));
      for (const inSlot of bySlot.values()) {
        const names = new Set(inSlot.map(({ vertexId }) => jobGraph.vertex(vertexId).slotSharingGroup.name));
        assert.equal(names.size, 1, "one group");
        assert.equal(new Set(inSlot.map(({ vertexId }) => vertexId)).size, inSlot.length, "one subtask of a vertex");
        assert.equal(new Set(inSlot.map(({ subtaskIndex }) => subtaskIndex)).size, 1, "of one index");
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("placement: who shares a slot with whom, slots in the order in which the data meets them", () => {
  const step = (parallelism: number, group?: string): Step => ({ parallelism, group });
  const cases: [string, Step[], number[][]][] = [
    ["one group", [step(2), step(3)], [[0, 1], [0, 1, 2], [0]]],
    ["a group of its own behind", [step(2), step(3, "b")], [[0, 1], [2, 3, 4], [2]]],
    ["back in the first group", [step(1, "a"), step(2, "b"), step(3, "a")], [[0], [1, 2], [0, 3, 4], [0]]],
    ["the default group is a name", [step(1, "default"), step(2, "b"), step(2, "default")], [[0], [1, 2], [0, 3], [0]]],
  ];
  for (const [name, steps, expected] of cases) {
    const jobGraph = graphOf(chainOf(steps));
    const placed = placeBySharing(executionGraph(jobGraph));
    const order = jobGraph.verticesTopologically.map(({ id }) => id);
    const slots = order.map((id) => placed.filter(({ vertexId }) => vertexId === id).map(({ slot }) => slot));
    const met = [...new Set(slots.flat())];
    assert.deepEqual(
      slots.map((each) => each.map((slot) => met.indexOf(slot))),
      expected,
      name,
    );
  }
});

Deno.test("placement names the attempt that counts; inline all is in slot 0", () => {
  const jobGraph = graphOf(chainOf([{ parallelism: 2, group: undefined }]));
  const graph = executionGraph(jobGraph);
  graph.newAttempts([jobGraph.vertices[0]]);
  const seen = (all: readonly SubtaskPlacement[]) => all.map((one) => [one.attemptNumber, one.executionId.slice(-4)]);
  const inline = inlineSlots(testSeams()).place(graph);
  assert.ok(inline.every(({ slot }) => slot === 0));
  assert.deepEqual(seen(placements(graph, () => 5)), seen(inline));
  for (const { vertexId, subtaskIndex, attemptNumber, executionId } of inline) {
    assert.equal(executionId, `${vertexId}_${subtaskIndex}_${attemptNumber}`);
    assert.equal(attemptNumber, vertexId === jobGraph.vertices[0].id ? 1 : 0);
  }
});

const WIDE = chainOf([{ parallelism: 2, group: undefined }, { parallelism: 3, group: undefined }]);

Deno.test("what a slot is started with: plan, limits, its own index, rings whose ends fit", () => {
  const jobGraph = graphOf(WIDE);
  const { job, host } = playedJob(jobGraph, { collect: new Map([["rows", () => {}]]) });
  void job.start();
  assert.equal(host.slots.length, 3);
  host.slots.forEach(({ init, start }, slot) => {
    assert.deepEqual([init.name, init.heapMb], [`slot ${slot} of job "${jobGraph.name}"`, 64]);
    assert.deepEqual([start.seed, start.progressMs, start.captureTimeoutMs], [7, 200, LIMITS.captureTimeoutMs]);
    assert.deepEqual(start.planFingerprint, planFingerprint(jobGraph));
    assert.deepEqual([start.deployment.slot, start.deployment.collect], [slot, ["rows"]]);
    assert.equal(start.deployment.placements.length, 6);
    assert.equal(start.deployment.restored, undefined);
    assert.equal(start.memory.doorbells.byteLength, 12);
    assert.ok(start.memory.links.every(({ peer }) => peer !== slot));
  });
  // What one slot writes another one reads: bytes put into an outbound ring show in the inbound ring of the peer.
  for (const { start: { memory, deployment: { slot } } } of host.slots) {
    for (const { peer, outbound } of memory.links) {
      const other = host.slots[peer].start.memory.links.filter((link) => link.peer === slot);
      assert.equal(other.length, 1);
      const mine = new Uint8Array(outbound);
      const theirs = new Uint8Array(other[0].inbound);
      const last = mine.length - 1;
      mine[last] = 0xa5;
      assert.equal(theirs[last], 0xa5, `${slot} to ${peer}`);
      mine[last] = 0;
      assert.equal(theirs[last], 0);
    }
  }
  void job.cancel();
});

Deno.test("two slots are linked just when a channel leads from one to the other", () => {
  fc.assert(
    fc.property(fc.array(stepArbitrary, { minLength: 1, maxLength: 4 }), (steps) => {
      const jobGraph = graphOf(chainOf(steps));
      const { job, host } = playedJob(jobGraph);
      void job.start();
      const slotOf = new Map(
        host.slots[0].start.deployment.placements.map((one) => [`${one.vertexId} ${one.subtaskIndex}`, one.slot]),
      );
      const expected = new Set<string>();
      for (const vertex of jobGraph.vertices) {
        for (const { sourceVertexId, distributionPattern } of vertex.inputs) {
          const producers = jobGraph.vertex(sourceVertexId).parallelism;
          for (const { producer, consumer } of connections(distributionPattern, producers, vertex.parallelism)) {
            const [from, to] = [slotOf.get(`${sourceVertexId} ${producer}`), slotOf.get(`${vertex.id} ${consumer}`)];
            if (from !== to) expected.add(`${from} ${to}`).add(`${to} ${from}`);
          }
        }
      }
      const found = host.slots.flatMap(({ start: { deployment, memory } }) =>
        memory.links.map(({ peer }) => `${deployment.slot} ${peer}`)
      );
      assert.deepEqual(found.toSorted(), [...expected].toSorted());
      void job.cancel();
    }),
    { numRuns: 25 },
  );
});

/** Brings a job to where its tasks run. */
async function running(options: Parameters<typeof playedJob>[1] = {}, build = WIDE) {
  const jobGraph = graphOf(build);
  const played = playedJob(jobGraph, options);
  const started = Promise.resolve(played.job.start());
  for (const slot of played.host.slots) slot.post({ type: "deployed" });
  await started;
  for (const slot of played.host.slots) {
    slot.read();
    for (const { executionId } of slot.own) {
      slot.state(executionId, "INITIALIZING");
      slot.state(executionId, "RUNNING");
    }
  }
  assert.equal(played.job.graph.state, "RUNNING");
  return { ...played, jobGraph };
}

/** Ends all tasks of a job, and the job. */
async function finish(slots: readonly FakeSlot[]): Promise<void> {
  for (const slot of slots) for (const { executionId } of slot.own) slot.state(executionId, "FINISHED");
  for (let n = 0; n < 4; n++) {
    await settled();
    for (const slot of slots) if (slot.isAlive) slot.read().forEach((request) => answer(slot, request));
  }
}

Deno.test("a job waits for its slowest slot; then each is told to start, once, and rung", async () => {
  const { job, host, rung } = playedJob(graphOf(WIDE));
  let isStarted = false;
  const started = Promise.resolve(job.start()).then(() => isStarted = true);
  for (const slot of [2, 0]) {
    host.slots[slot].post({ type: "deployed" });
    await settled();
    assert.deepEqual([isStarted, job.graph.state], [false, "INITIALIZING"]);
    assert.deepEqual(host.slots.map((each) => each.read().length), [0, 0, 0]);
  }
  host.slots[1].post({ type: "deployed" });
  await started;
  assert.deepEqual(host.slots.map((each) => each.read().map(({ type }) => type)), [["start"], ["start"], ["start"]]);
  assert.ok(rung.every((times) => times > 0), `${rung}`);
  assert.ok(job.graph.executions.every(({ state }) => state === "DEPLOYING"));
  void job.cancel();
  assert.equal(job.graph.state, "CANCELLING");
});

Deno.test("to its end: results, no slot and no timer is left", async () => {
  const { job, host, seams } = await running();
  await finish(host.slots);
  const result = await job.getJobExecutionResult();
  assert.deepEqual(result.getAllAccumulatorResults?.() ?? {}, {});
  assert.equal(job.graph.state, "FINISHED");
  assert.ok(host.slots.every(({ kills, ended }) => kills === 1 && ended?.kind === "stopped"));
  assert.equal(seams.clock.pending, 0);
  assert.deepEqual(seams.log.messages("warn"), []);
});

Deno.test("requests cross in order and whole, also more of them than the ring holds", async () => {
  const { job, host, seams } = await running();
  const big = "x".repeat(3000);
  const [slot] = host.slots;
  for (let n = 0; n < 1000; n++) job.completeSnapshot(n);
  const ids = () =>
    slot.requests.flatMap((request) => request.type === "checkpointComplete" ? [request.checkpointId] : []);
  slot.read();
  assert.ok(ids().length < 1000, "the ring is full");
  for (let turn = 0; turn < 1000 && ids().length < 1000; turn++) {
    seams.clock.advance(2);
    slot.read();
  }
  assert.deepEqual(ids(), Array.from({ length: 1000 }, (_, n) => n));
  slot.post({ type: "log", level: "info", message: big });
  assert.ok(seams.log.messages("info").includes(big));
  await finish(host.slots);
});

Deno.test("every report arrives; output is counted down when it is written", async () => {
  const rows: unknown[][] = [];
  const { job, host, seams } = await running({ collect: new Map([["sink", (batch) => void rows.push(batch)]]) });
  const [slot] = host.slots;
  const underWay = new Int32Array(slot.start.memory.output);
  const log = new SlotLog((report: SlotReport) => slot.post(report), underWay);
  log.print("one", "stdout");
  log.print("two", "stderr");
  log.log("warn", "three");
  assert.deepEqual(seams.log.printed, [{ line: "one", stream: "stdout" }, { line: "two", stream: "stderr" }]);
  assert.deepEqual(seams.log.messages("warn"), ["three"]);
  assert.equal(underWay[0], 0);
  slot.read();
  for (const batchId of [4, 9]) slot.post({ type: "collect", uid: "sink", batchId, batch: [batchId] });
  assert.deepEqual(rows, [[4], [9]]);
  assert.deepEqual(slot.read(), [{ type: "collected", batchId: 4 }, { type: "collected", batchId: 9 }]);
  slot.post({ type: "collect", uid: "nobody's", batchId: 10, batch: [] });
  assert.deepEqual(slot.read(), [{ type: "collected", batchId: 10 }], "nobody waits for ever");
  const [source] = job.graph.jobGraph.verticesTopologically;
  const { executionId } = slot.own.find(({ vertexId }) => vertexId === source.id)!;
  const operators = [{ name: "a", numRecordsIn: 3, numRecordsOut: 4 }];
  const told = {
    executionId,
    state: "RUNNING",
    watermark: 5,
    isBackPressured: true,
    busyTimeMs: 6,
    operators,
  } as const;
  slot.post({ type: "progress", subtasks: [told] });
  const [vertex] = job.progress();
  assert.deepEqual([vertex.numRecordsOut, vertex.busyTimeMs, vertex.isBackPressured], [4, 6, true]);
  assert.equal(vertex.watermark, undefined, "the other subtask has told nothing");
  await finish(host.slots);
  assert.equal(job.progress()[0].numRecordsOut, 4, "its last word stays");
});

Deno.test("a client that takes its time holds up the answer; one that throws fails the job", async () => {
  const open: PromiseWithResolvers<void>[] = [];
  const collect = new Map([["sink", () => {
    open.push(Promise.withResolvers());
    return open.at(-1)!.promise;
  }]]);
  const { job, host } = await running({ collect });
  const [slot] = host.slots;
  for (const batchId of [1, 2]) slot.post({ type: "collect", uid: "sink", batchId, batch: [0] });
  assert.deepEqual(slot.read(), []);
  open[1].resolve();
  await settled();
  assert.deepEqual(slot.read(), [{ type: "collected", batchId: 2 }]);
  const failure = new Error("the client is gone");
  open[0].reject(failure);
  await settled();
  assert.equal(job.graph.state, "FAILING");
  assert.equal(job.graph.failure, failure);
  for (const each of host.slots) {
    assert.deepEqual(each.read().map(({ type }) => type), ["cancel"]);
    each.cancelled();
  }
  await settled();
  for (const each of host.slots) each.read().forEach((request) => answer(each, request));
  await settled();
  for (const each of host.slots) if (each.isAlive) each.read().forEach((request) => answer(each, request));
  await assert.rejects(job.getJobExecutionResult(), failure);
});

Deno.test("errors come back as what they were: code, operator, cause", async () => {
  const { job, host } = await running();
  const [slot] = host.slots;
  const error = new JobExecutionError("TSF-2001", "map() failed: Error: no", {
    operator: { name: "Map" },
    cause: new TypeError("inner"),
  });
  slot.state(slot.own[0].executionId, "FAILED", error);
  const failure = job.graph.failure as JobExecutionError;
  assert.notEqual(failure, error);
  assert.ok(failure instanceof JobExecutionError && failure.cause instanceof TypeError);
  assert.deepEqual([failure.code, failure.operator?.name], ["TSF-2001", "Map"]);
  for (const each of host.slots) each.end({ kind: "stopped" });
  await assert.rejects(job.getJobExecutionResult(), { code: "TSF-2001" });
});

Deno.test("a slot that ends by itself fails its tasks with the reason; the others are cancelled", async () => {
  const heap = new JobExecutionError("TSF-5041", "out of heap");
  const cases = [
    [{ kind: "failed", error: heap }, "TSF-5041"],
    [{ kind: "stopped" }, "TSF-5042"],
    [{ kind: "stuck" }, "TSF-5042"],
  ] as const;
  for (const [end, code] of cases) {
    const { job, host } = await running();
    host.slots[1].end(end);
    assert.equal(job.graph.state, "FAILING");
    for (const { executionId } of host.slots[1].own) {
      assert.equal(job.graph.executions.find(({ id }) => id === executionId)!.state, "FAILED");
    }
    for (const slot of [host.slots[0], host.slots[2]]) {
      assert.deepEqual(slot.read().map(({ type }) => type), ["cancel"]);
      slot.cancelled();
    }
    for (let n = 0; n < 3; n++) {
      await settled();
      for (const slot of host.slots) if (slot.isAlive) slot.read().forEach((request) => answer(slot, request));
    }
    await assert.rejects(job.getJobExecutionResult(), { code });
    assert.equal(job.graph.state, "FAILED");
  }
});

Deno.test("a refusal while slots start: nothing runs, start() and the result tell why", async () => {
  const why = new JobExecutionError("TSF-1231", "another plan");
  for (const others of ["deployed", "silent"] as const) {
    const { job, host, seams } = playedJob(graphOf(WIDE));
    const started = Promise.resolve(job.start());
    if (others === "deployed") host.slots[0].post({ type: "deployed" });
    host.slots[1].post({ type: "refused", error: why });
    await assert.rejects(started, { code: "TSF-1231" });
    await settled();
    for (const slot of host.slots) if (slot.isAlive) slot.read().forEach((request) => answer(slot, request));
    await assert.rejects(job.getJobExecutionResult(), { code: "TSF-1231" });
    assert.deepEqual([job.graph.state, job.graph.timestamps.RUNNING], ["FAILED", undefined]);
    assert.ok(host.slots.every(({ ended }) => ended !== undefined));
    assert.equal(seams.clock.pending, 0);
  }
});

Deno.test("a main() that never lets its slot speak is refused after the limit and some grace, at any order of slots", async () => {
  for (const silent of [0, 1, 2]) {
    const { job, host, seams } = playedJob(graphOf(WIDE));
    const started = Promise.resolve(job.start());
    host.slots.forEach((slot, i) => i !== silent && slot.post({ type: "deployed" }));
    seams.clock.advance(LIMITS.captureTimeoutMs + 999);
    assert.equal(job.graph.state, "INITIALIZING");
    seams.clock.advance(1);
    await assert.rejects(started, { code: "TSF-1234", found: new RegExp(`slot ${silent} of job`) });
    await settled();
    for (const slot of host.slots) if (slot.isAlive) slot.read().forEach((request) => answer(slot, request));
    await assert.rejects(job.getJobExecutionResult(), { code: "TSF-1234" });
  }
  // One that has spoken is not subject to it.
  const { host, seams, job } = await running();
  seams.clock.advance(LIMITS.captureTimeoutMs * 2);
  assert.equal(job.graph.state, "RUNNING");
  await finish(host.slots);
});

Deno.test("a slot that stands still is named once with its task; one that has not begun, or moves, is not", async () => {
  const { host, seams, jobGraph } = await running();
  const warnings = () => seams.log.messages("warn");
  seams.clock.advance(LIMITS.stuckWarningMs * 3);
  assert.deepEqual(warnings(), [], "no beat yet: it is still in main()");
  for (const slot of host.slots) slot.beatCount = 1;
  host.slots[1].activity = 1;
  seams.clock.advance(LIMITS.stuckWarningMs);
  assert.deepEqual(warnings(), [], "each has moved");
  for (let n = 0; n < 5; n++) {
    host.slots[0].beatCount++;
    host.slots[2].beatCount--;
    seams.clock.advance(LIMITS.stuckWarningMs);
  }
  const { vertexId } = host.slots[1].own[1];
  const { name, parallelism } = jobGraph.vertex(vertexId);
  assert.deepEqual(warnings(), [
    `slot 1 of job "${jobGraph.name}" has not moved for 10 s, in task ${name} (2/${parallelism})`,
  ]);
  for (const slot of host.slots) slot.beatCount++;
  seams.clock.advance(LIMITS.stuckWarningMs);
  host.slots[1].activity = -1;
  for (const slot of [host.slots[0], host.slots[2]]) slot.beatCount++;
  seams.clock.advance(LIMITS.stuckWarningMs);
  assert.match(warnings()[1], /slot 1 .*, before its first task$/);
  await finish(host.slots);
  const before = warnings().length;
  seams.clock.advance(LIMITS.stuckWarningMs * 10);
  assert.equal(warnings().length, before, "nobody watches a slot that is gone");
});

Deno.test("cancelled tasks hold their slot only so long; one whose thread burns on is named", async () => {
  for (const isStuck of [false, true]) {
    const { job, host, seams } = await running({ onKill: "lingers" });
    const cancelled = job.cancel();
    const [burning, ...others] = host.slots;
    for (const slot of others) slot.cancelled();
    seams.clock.advance(LIMITS.cancellationTimeoutMs - 1);
    assert.equal(burning.kills, 0);
    seams.clock.advance(1);
    assert.equal(burning.kills, 1);
    assert.equal(job.graph.state, "CANCELLING");
    for (const slot of host.slots) slot.end(isStuck && slot === burning ? { kind: "stuck" } : { kind: "stopped" });
    await cancelled;
    assert.equal(job.graph.state, "CANCELED");
    const told = seams.log.messages("warn").filter((line) => line.includes("does not stop"));
    assert.equal(told.length, isStuck ? 1 : 0);
    if (isStuck) assert.match(told[0], /^slot 0 .* within task\.cancellation\.timeout, 5 s \(before its first task\)/);
    assert.equal(seams.clock.pending, 0);
  }
});

Deno.test("a thread is started ahead for a job that runs for a second, not for one that is over", async () => {
  const { host, seams } = await running();
  seams.clock.advance(999);
  assert.deepEqual(host.prewarmed, []);
  seams.clock.advance(1);
  assert.deepEqual(host.prewarmed, [1]);
  await finish(host.slots);
  const short = await running();
  await finish(short.host.slots);
  short.seams.clock.advance(5000);
  assert.deepEqual(short.host.prewarmed, []);
});
