import assert from "node:assert/strict";
import { ManualClock } from "../../../runtime/testing/manual_clock.ts";
import { ClusterClient } from "../../client/cluster_client.ts";
import { RemoteJobClient } from "../../client/remote_job_client.ts";
import { FakeCluster, id, jobOf, subtask } from "../../rest/testdata/fake_cluster.ts";
import { RemoteProgress } from "./remote_progress.ts";

const JOB = id("a");

function follow(fake: FakeCluster): { progress: RemoteProgress; clock: ManualClock; asked: string[] } {
  const clock = new ManualClock();
  const asked: string[] = [];
  const cluster = new ClusterClient({
    address: { host: "jm", port: 1 },
    send: (request) => {
      asked.push(new URL(request.url).pathname);
      return fake.app.fetch(request);
    },
    clock,
    maxRetries: 0,
    retryDelayMs: 0,
    timeoutMs: 60_000,
    maxContentLength: 1 << 20,
  });
  const client = new RemoteJobClient(cluster, { id: JOB, name: "numbers" }, new Map());
  return { progress: new RemoteProgress(cluster, client, clock), clock, asked };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("a job of a cluster is shown with the numbers of its vertices, asked for twice a second", async () => {
  const fake = new FakeCluster();
  fake.add(jobOf(JOB));
  const { progress, clock, asked } = follow(fake);
  assert.deepEqual([progress.graph.state, progress.progress()], ["INITIALIZING", []]);
  await settled();
  assert.equal(progress.graph.state, "RUNNING");
  assert.equal(progress.graph.jobGraph.name, "numbers");
  assert.deepEqual(progress.progress(), [{
    id: id("e"),
    name: "Source: numbers -> Map",
    parallelism: 2,
    numRecordsIn: 0,
    numRecordsOut: 15,
    watermark: 5000,
    isBackPressured: false,
    busyTimeMs: 300,
    states: { RUNNING: 2 },
    operators: [
      { name: "Source: numbers", numRecordsIn: 0, numRecordsOut: 30 },
      { name: "Map", numRecordsIn: 30, numRecordsOut: 15 },
    ],
  }]);
  const details = () => asked.filter((path) => path === `/v1/jobs/${JOB}`).length;
  assert.equal(details(), 1);
  for (let i = 2; i < 5; i++) {
    clock.advance(500);
    await settled();
    assert.equal(details(), i);
  }
  fake.end(JOB, "FINISHED");
  await progress.getJobExecutionResult();
  // The last numbers are there when the end is told, and nothing is asked for afterwards.
  assert.equal(progress.graph.isTerminal, true);
  const last = asked.length;
  clock.advance(5000);
  await settled();
  assert.equal(asked.length, last);
});

Deno.test("a job that fails, or is forgotten, ends the picture, too", async () => {
  const fake = new FakeCluster();
  fake.add(jobOf(JOB));
  const { progress } = follow(fake);
  fake.end(JOB, "FAILED", { failure: new Error("x") });
  await assert.rejects(progress.getJobExecutionResult(), { message: "x" });
  assert.equal(progress.graph.state, "FAILED");
  const gone = follow(new FakeCluster());
  await assert.rejects(gone.progress.getJobExecutionResult(), { code: "TSF-4153" });
  await settled();
  assert.equal(gone.progress.graph.isTerminal, true);
});

Deno.test("a vertex that has told nothing yet has no watermark", async () => {
  const fake = new FakeCluster();
  const [vertex] = jobOf(JOB).vertices;
  const subtasks = [subtask(0), subtask(1, { progress: undefined })];
  fake.add(jobOf(JOB, { vertices: [{ ...vertex, subtasks }] }));
  const { progress } = follow(fake);
  await settled();
  assert.equal(progress.progress()[0].watermark, undefined);
  fake.end(JOB, "FINISHED");
  await progress.getJobExecutionResult();
});
