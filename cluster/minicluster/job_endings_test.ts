/**
 * How jobs with checkpoints end when more than one thing happens at their end: tasks that wait for the final checkpoint
 * while others still run, stop, take other snapshots, fail.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type CommitRequest,
  type CommittableMessage,
  type DataStream,
  RichMapFunction,
  type Sink,
  type SourceSplit,
  type SplitEnumerator,
  StandardSinkTopologies,
  WatermarkStrategy,
} from "tsflink";
import { Gate, scriptedSource, type ScriptStep, type TestEnvironment, testEnvironment } from "tsflink/testing";
import { JobSnapshot } from "../jobmaster/job_snapshot.ts";
import { LocalJob } from "./local_job.ts";

const NUMBERS = Array.from({ length: 12 }, (_, n) => n);
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const code = (code: string) => ({ code });

/** Commits each record on its own. */
class Committing implements Sink<number, number, never> {
  readonly committed: number[] = [];
  createWriter() {
    let open: number[] = [];
    return {
      write: (value: number) => void open.push(value),
      flush: () => {},
      prepareCommit: () => open.splice(0),
      close: () => void (open = []),
    };
  }
  createCommitter() {
    return { commit: (requests: readonly CommitRequest<number>[]) => this.commit(requests) };
  }
  commit(requests: readonly CommitRequest<number>[]): void | Promise<void> {
    for (const request of requests) this.committed.push(request.getCommittable());
  }
}

/** Split 0 ends at once; split 1 stops at the gate before its last record. */
function unequal(test: TestEnvironment, gate: Gate, endless = false): DataStream<number> {
  const steps = (from: number, to: number): ScriptStep<number>[] => NUMBERS.slice(from, to).map((value) => ({ value }));
  const splits = [steps(0, 4), [...steps(4, 11), { until: gate }, ...steps(11, 12)]];
  return test.env.fromSource(scriptedSource<number>({ splits, endless }), WatermarkStrategy.noWatermarks(), "numbers")
    .uid("numbers");
}

Deno.test("stopped without drain while one source has ended and waits for the final checkpoint, the job ends", async () => {
  for (const chained of [true, false]) {
    const test = testEnvironment({ parallelism: 2, checkpointing: true });
    const stream = unequal(test, new Gate());
    (chained ? stream : stream.rebalance()).sinkTo(new Committing()).uid("sink");
    const client = await test.env.executeAsync();
    await test.idle();
    let ended = false;
    const stopped = test.stop(client, { drain: false }).then(() => ended = true);
    await test.idle();
    assert.ok(ended, "the job has ended");
    await stopped;
    assert.equal(await client.getJobStatus(), "FINISHED");
  }
});

Deno.test("a snapshot begun before a stop without drain completes; one after it is refused, it could miss a source", async () => {
  const test = testEnvironment({ parallelism: 2, checkpointing: true });
  unequal(test, new Gate()).rebalance().sinkTo(new Committing()).uid("sink");
  const client = await test.env.executeAsync();
  await test.idle();
  assert.ok(client instanceof LocalJob);
  const before = client.takeSnapshot();
  const stopped = client.stop(false);
  await assert.rejects(client.takeSnapshot(), code("TSF-5030"));
  const { states } = await before;
  await stopped;
  const sink = new Committing();
  const second = testEnvironment({ parallelism: 3, checkpointing: true, restoreFrom: await before });
  const gate = new Gate();
  gate.open();
  unequal(second, gate).rebalance().sinkTo(sink).uid("sink");
  await second.env.execute();
  assert.deepEqual(sorted(sink.committed), NUMBERS);
  assert.ok([...states.values()].every((subtasks) => subtasks.length === 2));
});

Deno.test("a snapshot that begins during the final checkpoint takes its place, the job ends well", async () => {
  for (const snapshots of [1, 3]) {
    const test = testEnvironment({ parallelism: 2, checkpointing: true });
    const gate = new Gate();
    const sink = new Committing();
    unequal(test, gate).rebalance().map((n) => n).setParallelism(3).rebalance().sinkTo(sink).uid("sink");
    const client = await test.env.executeAsync();
    await test.idle();
    assert.ok(client instanceof LocalJob);
    // The next snapshots come right behind each one that somebody else takes.
    const { takeSnapshot } = client;
    let left = snapshots;
    const taken: Promise<unknown>[] = [];
    client.takeSnapshot = function (id?: number) {
      const snapshot = takeSnapshot.call(this, id);
      while (left-- > 0) taken.push(takeSnapshot.call(this).catch((error) => error.code));
      return snapshot;
    };
    gate.open();
    await client.getJobExecutionResult();
    assert.deepEqual(sorted(sink.committed), NUMBERS);
    const last = (await Promise.all(taken)).at(-1);
    assert.ok(last instanceof JobSnapshot, `${last}`);
  }
});

Deno.test("snapshots that are under way when the input ends are left to complete; the final checkpoint comes after them", async () => {
  const test = testEnvironment({ checkpointing: true });
  const gate = new Gate();
  const sink = new Committing();
  const { createWriter } = sink;
  const ids: Promise<unknown>[] = [];
  sink.createWriter = () => ({
    ...createWriter.call(sink),
    flush: (endOfInput?: boolean) => {
      if (endOfInput !== true) return;
      const take = async () => (await (client as LocalJob).takeSnapshot()).checkpointId;
      const first = take();
      // Handled here: one that is declined fails the comparison below, not the whole file.
      ids.push(...[first, first.then(take)].map((id) => id.catch((error) => error.code)));
    },
  });
  unequal(test, gate).rebalance().sinkTo(sink).uid("sink");
  const client = await test.env.executeAsync();
  await test.idle();
  gate.open();
  await client.getJobExecutionResult();
  assert.deepEqual(await Promise.all(ids), [1, 2]);
  assert.deepEqual(sorted(sink.committed), NUMBERS);
});

const WAYS: readonly [string, (subtask: number, n: number) => number][] = [
  ["all to one", () => 0],
  ["to the next", (subtask, n) => (subtask + 1) % n],
  ["two to one", (subtask) => subtask >> 1],
];
for (const [way, choose] of WAYS) {
  Deno.test(`committables that go to other tasks are all committed: ${way}`, async () => {
    for (const chaining of [true, false]) {
      const test = testEnvironment({
        parallelism: 3,
        checkpointing: true,
        configuration: { "pipeline.operator-chaining.enabled": chaining },
      });
      const gate = new Gate();
      gate.open();
      const sink = Object.assign(new Committing(), {
        addPreCommitTopology: (committables: DataStream<CommittableMessage<number>>) =>
          committables.partitionCustom(choose, (message) => message.subtaskId).map((message) => message),
      });
      unequal(test, gate).rebalance().sinkTo(sink).uid("sink");
      await test.env.execute();
      assert.deepEqual(sorted(sink.committed), NUMBERS);
    }
  });
}

Deno.test("a global committer behind the committers gets what the final checkpoint has committed", async () => {
  for (const turns of [0, 5]) {
    const test = testEnvironment({ parallelism: 3, checkpointing: true });
    const gate = new Gate();
    const all: number[] = [];
    const sink = Object.assign(new Committing(), {
      addPostCommitTopology: (committables: DataStream<CommittableMessage<number>>) =>
        StandardSinkTopologies.addGlobalCommitter(committables, () => ({
          commit: async (requests: readonly CommitRequest<number>[]) => {
            for (let turn = 0; turn < turns; turn++) await Promise.resolve();
            all.push(...requests.map((request) => request.getCommittable()));
          },
        })),
    });
    unequal(test, gate).rebalance().sinkTo(sink).uid("sink");
    const client = await test.env.executeAsync();
    await test.idle();
    const { checkpointId } = await test.takeSnapshot(client) as JobSnapshot;
    await test.completeSnapshot(client, checkpointId);
    await test.idle();
    assert.deepEqual(sorted(all), NUMBERS.slice(0, 11));
    gate.open();
    await client.getJobExecutionResult();
    assert.deepEqual(sorted(all), NUMBERS);
  }
});

Deno.test("a snapshot through a task that waits covers it: it ends with that, the others go on", async () => {
  const test = testEnvironment({ parallelism: 2, checkpointing: true });
  const gate = new Gate();
  const sink = new Committing();
  unequal(test, gate).sinkTo(sink).uid("sink");
  const client = await test.env.executeAsync();
  await test.idle();
  assert.ok(client instanceof LocalJob);
  const states = () => client.graph.executions.map(({ state }) => state);
  assert.deepEqual(states(), ["RUNNING", "RUNNING"]);
  for (const id of [4, 5]) {
    await test.takeSnapshot(client, id);
    await test.completeSnapshot(client, id);
    await test.idle();
    assert.deepEqual(states(), ["FINISHED", "RUNNING"], `${id}`);
    assert.deepEqual(sorted(sink.committed), NUMBERS.slice(0, 11));
  }
  gate.open();
  await client.getJobExecutionResult();
  assert.deepEqual(sorted(sink.committed), NUMBERS);
});

Deno.test("the completion of a snapshot from before its end does not end a task that waits", async () => {
  const test = testEnvironment({ parallelism: 1, checkpointing: true });
  const [first, second] = [new Gate(), new Gate()];
  const sink = new Committing();
  const splits: ScriptStep<number>[][] = [[{ value: 0 }, { until: first }, { value: 1 }]];
  const source = (name: string, steps: ScriptStep<number>[][]) =>
    test.env.fromSource(scriptedSource<number>({ splits: steps }), WatermarkStrategy.noWatermarks(), name);
  source("a", splits).sinkTo(sink).uid("sink");
  source("b", [[{ until: second }, { value: 2 }]]).sinkTo(sink).uid("other");
  const client = await test.env.executeAsync();
  await test.idle();
  await test.takeSnapshot(client, 1);
  first.open();
  await test.idle();
  await test.completeSnapshot(client, 1);
  await test.idle();
  assert.deepEqual(sink.committed, [0]);
  second.open();
  await client.getJobExecutionResult();
  assert.deepEqual(sorted(sink.committed), [0, 1, 2]);
});

Deno.test("an enumerator that fails to snapshot fails the checkpoint, and a job whose final one it is", async () => {
  const source = scriptedSource<number>({ splits: [[{ value: 1 }, { until: gateOf() }]] });
  const { createEnumerator } = source;
  source.createEnumerator = function (context) {
    const enumerator = createEnumerator.call(this, context) as SplitEnumerator<SourceSplit, unknown>;
    enumerator.snapshotState = () => {
      throw new Error("no answer");
    };
    return enumerator as ReturnType<typeof createEnumerator>;
  };
  const test = testEnvironment({ checkpointing: true });
  test.env.fromSource(source, WatermarkStrategy.noWatermarks(), "source").sinkTo(new Committing());
  const client = await test.env.executeAsync();
  await test.idle();
  assert.ok(client instanceof LocalJob);
  await assert.rejects(client.takeSnapshot(), code("TSF-2001"));
  assert.equal(await client.getJobStatus(), "RUNNING");
  opened.open();
  await assert.rejects(client.getJobExecutionResult(), code("TSF-2001"));
});
let opened: Gate;
function gateOf(): Gate {
  return opened = new Gate();
}

Deno.test("functions hear of a checkpoint that is given up", async () => {
  const aborted: number[] = [];
  class Listening extends RichMapFunction<number, number> {
    override map(n: number): number {
      return n;
    }
    notifyCheckpointComplete(): void {}
    notifyCheckpointAborted(checkpointId: number): void {
      aborted.push(checkpointId);
    }
  }
  const test = testEnvironment({ checkpointing: true });
  unequal(test, new Gate()).map(new Listening()).sinkTo(new Committing());
  const client = await test.env.executeAsync();
  await test.idle();
  assert.ok(client instanceof LocalJob);
  const outcomes = await Promise.allSettled([client.takeSnapshot(4), client.takeSnapshot(5)]);
  assert.deepEqual(outcomes.map(({ status }) => status), ["rejected", "fulfilled"]);
  await test.idle();
  assert.deepEqual(aborted, [4]);
  await client.cancel();
});

const PHASES: readonly [string, (sink: Committing) => void][] = [
  ["prepareCommit", (sink) => {
    const { createWriter } = sink;
    sink.createWriter = () => ({ ...createWriter.call(sink), prepareCommit: () => assert.fail("prepareCommit") });
  }],
  ["flush", (sink) => {
    const { createWriter } = sink;
    sink.createWriter = () => ({ ...createWriter.call(sink), flush: () => assert.fail("flush") });
  }],
  ["snapshotState", (sink) => {
    const { createWriter } = sink;
    sink.createWriter = () => ({ ...createWriter.call(sink), snapshotState: () => assert.fail("snapshotState") });
  }],
  ["commit", (sink) => sink.commit = () => assert.fail("commit")],
  ["commit later", (sink) => sink.commit = () => Promise.reject(new Error("commit later"))],
];
for (const [phase, spoil] of PHASES) {
  Deno.test(`a failure in ${phase} fails the job and the snapshot it belongs to; nothing hangs`, async () => {
    for (const inTheMiddle of [true, false]) {
      const test = testEnvironment({ parallelism: 2, checkpointing: true });
      const gate = new Gate();
      const sink = new Committing();
      spoil(sink);
      unequal(test, gate).rebalance().map((n) => n).rebalance().sinkTo(sink).uid("sink");
      const client = await test.env.executeAsync();
      const result = client.getJobExecutionResult().then(() => "ended", (error) => error.code);
      await test.idle();
      if (inTheMiddle) {
        const outcome = await test.takeSnapshot(client, 3).then(() => "taken", (error) => error.code);
        assert.equal(outcome, phase.startsWith("commit") ? "taken" : "TSF-5030");
        if (outcome === "taken") await test.completeSnapshot(client, 3);
      } else {
        gate.open();
      }
      assert.equal(await result, "TSF-2001");
      assert.equal(await client.getJobStatus(), "FAILED");
      assert.deepEqual(sink.committed, []);
    }
  });
}

Deno.test("snapshots leave nothing behind in a job that runs on", async () => {
  const test = testEnvironment({ parallelism: 2, checkpointing: true });
  unequal(test, new Gate()).rebalance().sinkTo(new Committing()).uid("sink");
  const client = await test.env.executeAsync();
  await test.idle();
  assert.ok(client instanceof LocalJob);
  for (let i = 0; i < 1000; i++) {
    const snapshot = test.takeSnapshot(client);
    if (i % 2 === 0) await test.completeSnapshot(client, (await snapshot as JobSnapshot).checkpointId);
    else snapshot.catch(() => {});
  }
  await test.idle();
  assert.equal(client.snapshotsInProgress, 0);
  await client.cancel();
});

Deno.test("a row of operators longer than a stack runs as several chains; a wide one stays whole", async () => {
  const test = testEnvironment({ checkpointing: true });
  const sink = new Committing();
  let stream: DataStream<number> = unequal(test, new Gate());
  for (let i = 0; i < 1200; i++) stream = stream.map((n) => n + 1);
  stream.sinkTo(sink);
  const client = await test.env.executeAsync();
  await test.idle();
  assert.ok(client instanceof LocalJob);
  assert.deepEqual(client.graph.jobGraph.verticesTopologically.map(({ chain }) => chain.length), [500, 500, 203]);
  await test.stop(client, { drain: true });
  assert.deepEqual(sorted(sink.committed), NUMBERS.slice(0, 11).map((n) => n + 1200));

  const wide = testEnvironment();
  const root = wide.env.fromData(1);
  const sums: number[] = [];
  for (let i = 0; i < 600; i++) root.map((n) => n + i).sinkTo({ createWriter: () => writerInto(sums) });
  const wideClient = await wide.env.executeAsync();
  await wideClient.getJobExecutionResult();
  assert.ok(wideClient instanceof LocalJob);
  assert.equal(wideClient.graph.jobGraph.vertices.length, 1);
  assert.equal(sums.length, 600);
});

function writerInto(values: number[]) {
  return { write: (value: number) => void values.push(value), flush: () => {}, close: () => {} };
}
