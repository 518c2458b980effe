/**
 * With checkpoints on, a job whose input has ended stays until a checkpoint covers its last output and is complete: a
 * two-phase sink commits everything exactly once, also what came after the last checkpoint that was asked for.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type CommitRequest,
  type DataStream,
  type Sink,
  type StreamExecutionEnvironment,
  WatermarkStrategy,
} from "tsflink";
import { Gate, scriptedSource, type ScriptStep, testEnvironment } from "tsflink/testing";

/** Writes into transactions; what is committed is seen by everybody. */
class TransactionalSink implements Sink<number, readonly number[], never> {
  /** Committed records, in order of commit. */
  readonly committed: number[] = [];
  /** How many transactions each commit() was given. */
  readonly rounds: number[] = [];
  #turnsPerCommit: number;

  /** @param turnsPerCommit Promises a commit waits for. */
  constructor(turnsPerCommit = 0) {
    this.#turnsPerCommit = turnsPerCommit;
  }

  createWriter() {
    let open: number[] = [];
    return {
      write: (value: number) => void open.push(value),
      flush: () => {},
      prepareCommit: () => {
        const prepared = open;
        open = [];
        return prepared.length === 0 ? [] : [prepared];
      },
      close: () => {},
    };
  }
  createCommitter() {
    return {
      commit: async (requests: readonly CommitRequest<readonly number[]>[]) => {
        for (let turn = 0; turn < this.#turnsPerCommit; turn++) await Promise.resolve();
        this.rounds.push(requests.length);
        for (const request of requests) this.committed.push(...request.getCommittable());
      },
    };
  }
}

const NUMBERS = Array.from({ length: 90 }, (_, n) => n);
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

/** Three splits of unequal length that stop at the gate in the middle; the second ends long before the others. */
function numbers(env: StreamExecutionEnvironment, gate: Gate): DataStream<number> {
  const split = (from: number, to: number): ScriptStep<number>[] =>
    NUMBERS.slice(from, to).flatMap((value, i) => i === 5 ? [{ until: gate }, { value }] : [{ value }]);
  const splits = [split(0, 50), split(50, 58), split(58, 90)];
  return env.fromSource(scriptedSource<number>({ splits }), WatermarkStrategy.noWatermarks(), "numbers").uid("numbers");
}

function build(env: StreamExecutionEnvironment, gate: Gate, sink: TransactionalSink): void {
  numbers(env, gate).rebalance().map((n) => n).uid("map").sinkTo(sink).uid("sink");
}

for (const parallelism of [1, 2, 4]) {
  Deno.test(`a bounded job commits everything once before it ends, parallelism ${parallelism}`, async () => {
    const { env } = testEnvironment({ parallelism, checkpointing: true });
    const gate = new Gate();
    gate.open();
    const sink = new TransactionalSink(3);
    build(env, gate, sink);
    await env.execute();
    assert.deepEqual(sorted(sink.committed), NUMBERS);
  });

  Deno.test(`checkpoints in between commit their part, the last one the rest, parallelism ${parallelism}`, async () => {
    const { env, idle, takeSnapshot, completeSnapshot } = testEnvironment({ parallelism, checkpointing: true });
    const gate = new Gate();
    const sink = new TransactionalSink();
    build(env, gate, sink);
    const client = await env.executeAsync();
    await idle();
    assert.deepEqual(sink.committed, [], "nothing is committed before a checkpoint");
    await takeSnapshot(client, 7);
    assert.deepEqual(sink.committed, [], "nor before it is complete");
    await completeSnapshot(client, 7);
    await idle();
    const before = sorted(sink.committed);
    assert.deepEqual(before, sorted([...NUMBERS.slice(0, 5), ...NUMBERS.slice(50, 55), ...NUMBERS.slice(58, 63)]));
    gate.open();
    await client.getJobExecutionResult();
    assert.deepEqual(sorted(sink.committed), NUMBERS);
  });
}

Deno.test("a job that is thrown away after a snapshot goes on from it and commits the rest once", async () => {
  for (const [before, after] of [[1, 3], [3, 1], [2, 4]]) {
    const sink = new TransactionalSink();
    const first = testEnvironment({ parallelism: before, checkpointing: true });
    build(first.env, new Gate(), sink);
    const client = await first.env.executeAsync();
    await first.idle();
    // The snapshot is taken, but its completion never reaches the job.
    const snapshot = await first.takeSnapshot(client);
    await client.cancel();
    assert.deepEqual(sink.committed, []);
    const second = testEnvironment({ parallelism: after, checkpointing: true, restoreFrom: snapshot });
    const gate = new Gate();
    gate.open();
    build(second.env, gate, sink);
    await second.env.execute();
    assert.deepEqual(sorted(sink.committed), NUMBERS, `${before} -> ${after}`);
  }
});

Deno.test("a drained job commits what it has; one that is stopped without drain does not wait", async () => {
  for (const drain of [true, false]) {
    const { env, idle, stop } = testEnvironment({ parallelism: 2, checkpointing: true });
    const sink = new TransactionalSink();
    build(env, new Gate(), sink);
    const client = await env.executeAsync();
    await idle();
    await stop(client, { drain });
    assert.equal(await client.getJobStatus(), "FINISHED");
    assert.equal(sink.committed.length, drain ? 15 : 0);
  }
});

Deno.test("a commit that fails at the very end fails the job", async () => {
  const { env } = testEnvironment({ checkpointing: true });
  const gate = new Gate();
  gate.open();
  const sink = new TransactionalSink();
  sink.createCommitter = () => ({ commit: () => Promise.reject(new Error("no space")) });
  build(env, gate, sink);
  await assert.rejects(env.execute(), { code: "TSF-2001" });
});

Deno.test("cancelling while the final checkpoint is missing ends the job", async () => {
  const { env, idle } = testEnvironment({ parallelism: 2, checkpointing: true });
  const sink = new TransactionalSink();
  const forever = Promise.withResolvers<void>();
  sink.createCommitter = () => ({ commit: () => forever.promise });
  const gate = new Gate();
  gate.open();
  build(env, gate, sink);
  const client = await env.executeAsync();
  await idle();
  assert.equal(await client.getJobStatus(), "RUNNING");
  await client.cancel();
  assert.equal(await client.getJobStatus(), "CANCELED");
});
