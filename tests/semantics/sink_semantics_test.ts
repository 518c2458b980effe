/** Two-phase sinks in whole jobs: what is called when, with and without checkpoints, after a restore, with topologies. */

import assert from "node:assert/strict";
import {
  type CommitRequest,
  type DataStream,
  type Sink,
  StandardSinkTopologies,
  type StreamExecutionEnvironment,
  WatermarkStrategy,
} from "tsflink";
import { Gate, scriptedSource, type ScriptStep, testEnvironment } from "tsflink/testing";
import { type Rec, step } from "./job_script.ts";

interface Parts {
  /** Committables that ask to be tried again this often. */
  readonly retries?: Record<string, number>;
  readonly topologies?: Pick<
    Sink<Rec, string, string>,
    "addPreWriteTopology" | "addPreCommitTopology" | "addPostCommitTopology"
  >;
  /** Records that are committed by the checkpoint after the next only: what the writer keeps in its state. */
  readonly held?: (record: string) => boolean;
}

/** A sink that says what happens to it. */
function loggingSink(log: string[], { retries = {}, topologies = {}, held = () => false }: Parts = {}): Sink<
  Rec,
  string,
  string
> {
  return {
    createWriter({ subtaskIndex: at, restoredCheckpointId }, restored) {
      let ready: string[] = [];
      let kept: string[] = [...restored ?? []];
      log.push(`writer${at} of ${restoredCheckpointId ?? "nothing"} with ${JSON.stringify(restored ?? null)}`);
      return {
        write: ({ k, v }) => void (held(k + v) ? kept : ready).push(k + v),
        flush: (end) => void log.push(`flush${at}${end ? " end" : ""}`),
        prepareCommit() {
          const committables = ready;
          ready = kept;
          kept = [];
          return committables;
        },
        snapshotState: (id) => {
          log.push(`state${at} of ${id}`);
          return ready;
        },
        close: () => void log.push(`close${at}`),
      };
    },
    createCommitter: () => ({
      commit(requests: readonly CommitRequest<string>[]) {
        for (const request of requests) {
          const committable = request.getCommittable();
          const tries = request.getNumberOfRetries();
          const again = tries < (retries[committable] ?? 0);
          log.push(`${again ? "again" : "commit"} ${committable}${tries === 0 ? "" : ` try ${tries + 1}`}`);
          if (again) request.retryLater();
        }
      },
      close: () => void log.push("close committer"),
    }),
    ...topologies,
  };
}

type Script = readonly (string | Gate)[];
const records = (env: StreamExecutionEnvironment, script: Script): DataStream<Rec> =>
  env.fromSource(
    scriptedSource<Rec>(script.map((at): ScriptStep<Rec> => at instanceof Gate ? { until: at } : step(at))),
    WatermarkStrategy.noWatermarks<Rec>(),
    "script",
  );

async function logOf(script: Script, parts: Parts = {}, parallelism = 1): Promise<string[]> {
  const log: string[] = [];
  const { env } = testEnvironment({ parallelism });
  records(env, script).rebalance().sinkTo(loggingSink(log, parts));
  await env.execute();
  return log;
}

Deno.test("sink: without checkpoints everything is committed at the end; operators close from the last one", async () => {
  assert.deepEqual(await logOf(["a1", "a2", "w5", "a3"]), [
    "writer0 of nothing with null",
    "flush0 end",
    "commit a1",
    "commit a2",
    "commit a3",
    "close committer",
    "close0",
  ]);
});

Deno.test("sink: retryLater tries only that one again, at once", async () => {
  const log = await logOf(["a1", "a2", "a3"], { retries: { a2: 2 } });
  assert.deepEqual(log.filter((line) => /commit a|again/.test(line)), [
    "commit a1",
    "again a2",
    "commit a3",
    "again a2 try 2",
    "commit a2 try 3",
  ]);
});

Deno.test("sink: checkpoints prepare, their completion commits all up to it, the end is a checkpoint of its own", async () => {
  const gates = [new Gate(), new Gate()];
  const script: Script = ["a1", "a2", gates[0], "a3", gates[1], "a4"];
  const log: string[] = [];
  const first = testEnvironment({ checkpointing: true });
  records(first.env, script).sinkTo(loggingSink(log));
  const client = await first.env.executeAsync();
  await first.idle();
  await first.takeSnapshot(client, 1);
  gates[0].open();
  await first.idle();
  const second = await first.takeSnapshot(client, 2);
  log.push("-");
  // 1 was never said to be complete; 2 covers it.
  await first.completeSnapshot(client, 2);
  await first.idle();
  log.push("-");
  gates[1].open();
  await client.getJobExecutionResult();
  assert.deepEqual(log, [
    "writer0 of nothing with null",
    ...["flush0", "state0 of 1", "flush0", "state0 of 2", "-"],
    ...["commit a1", "commit a2", "commit a3", "-"],
    ...["flush0 end", "state0 of 3", "commit a4", "close committer", "close0"],
  ]);

  // Restored to 2: what was prepared is committed again before anything else, the rest goes on behind it.
  const again: string[] = [];
  const restored = testEnvironment({ checkpointing: true, restoreFrom: second });
  records(restored.env, script).sinkTo(loggingSink(again));
  await restored.env.execute();
  assert.deepEqual(again, [
    ...["commit a1", "commit a2", "commit a3", "writer0 of 2 with []"],
    ...["flush0 end", "state0 of 3", "commit a4", "close committer", "close0"],
  ]);
});

Deno.test("sink: what the writer keeps comes back from its state and is prepared by the next checkpoint", async () => {
  const gate = new Gate();
  const script: Script = ["a1", "b2", gate, "a3"];
  const held = (record: string) => record.startsWith("b");
  const first = testEnvironment({ checkpointing: true });
  records(first.env, script).sinkTo(loggingSink([], { held }));
  const client = await first.env.executeAsync();
  await first.idle();
  const snapshot = await first.takeSnapshot(client, 7);
  await client.cancel();
  gate.open();
  const log: string[] = [];
  const restored = testEnvironment({ checkpointing: true, restoreFrom: snapshot });
  records(restored.env, script).sinkTo(loggingSink(log, { held: () => false }));
  await restored.env.execute();
  assert.deepEqual(log.slice(0, 2), ["commit a1", 'writer0 of 7 with ["b2"]']);
  assert.deepEqual(log.filter((line) => line.startsWith("commit")), ["commit a1", "commit a3"]);
});

Deno.test("sink: topologies", async () => {
  const commits: string[] = [];
  const parallel = await logOf(["a1", "a2", "a3", "a4"], {
    topologies: {
      addPostCommitTopology: (committables) =>
        StandardSinkTopologies.addGlobalCommitter<string>(committables, () => ({
          commit: (requests) => void commits.push(requests.map((request) => request.getCommittable()).sort().join()),
        })),
    },
  }, 2);
  assert.deepEqual(commits, ["a1,a2,a3,a4"]);
  assert.deepEqual(
    parallel.filter((line) => line.startsWith("commit")).sort(),
    [
      ..."1234",
    ].map((n) => `commit a${n}`),
  );

  const summaries: string[] = [];
  const changed = await logOf(["a1", "a2", "a3", "a4", "a5"], {
    topologies: {
      addPreCommitTopology: (committables) =>
        // deno-lint-ignore no-explicit-any -- topologies are not typed in the contract
        committables.map((message: any) => {
          if (message.kind === "committable") return { ...message, committable: message.committable.toUpperCase() };
          const { subtaskId, numberOfSubtasks, checkpointId, numberOfCommittables } = message;
          summaries.push(`${subtaskId}/${numberOfSubtasks} checkpoint ${checkpointId}: ${numberOfCommittables}`);
          return message;
        }),
    },
  }, 2);
  // The end counts as the checkpoint after the last, that is 1.
  assert.deepEqual(summaries.sort().map((text) => text.slice(0, -1)), ["0/2 checkpoint 1: ", "1/2 checkpoint 1: "]);
  assert.deepEqual(
    changed.filter((line) => line.startsWith("commit")).sort(),
    [
      ..."12345",
    ].map((n) => `commit A${n}`),
  );

  const written = await logOf(["a1", "a2", "a3"], {
    topologies: {
      addPreWriteTopology: (input) => input.filter((rec: Rec) => rec.v !== 2).map((rec: Rec) => ({ ...rec, k: "z" })),
    },
  });
  assert.deepEqual(written.filter((line) => line.startsWith("commit")), ["commit z1", "commit z3"]);
});

Deno.test("sink: sink.committer.retries says how often a commit is tried again", async () => {
  for (const [retries, tries] of [[0, 1], [2, 3], [undefined, 11]] as const) {
    const log: string[] = [];
    const { env } = testEnvironment({
      configuration: retries === undefined ? {} : { "sink.committer.retries": retries },
    });
    records(env, ["a1"]).sinkTo(loggingSink(log, { retries: { a1: 1000 } }));
    await assert.rejects(env.execute(), { code: "TSF-2261" });
    assert.equal(log.filter((line) => line.startsWith("again")).length, tries);
  }
});
