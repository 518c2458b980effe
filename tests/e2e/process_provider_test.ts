/**
 * TaskManagers that the JobManager starts on demand as processes of its machine: they come when a job needs slots, are
 * replaced when they are killed or frozen, go when they are idle, and end with the JobManager, however it ends.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ProcessCluster, until } from "./testdata/process_cluster.ts";

const LONG = `
  import { StreamExecutionEnvironment } from "tsflink";
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.fromSequence(1, 1e12).keyBy((n) => n % 10).reduce((a, b) => (a + b) % 7).filter((n) => n < 0).print();
  await env.execute("long");`;

const PROVIDER = {
  "resourcemanager.provider": "process",
  "resourcemanager.taskmanager-timeout": "1 s",
  "taskmanager.numberOfTaskSlots": "2",
  "heartbeat.interval": "200 ms",
  "heartbeat.timeout": "3 s",
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": "10",
  "restart-strategy.fixed-delay.delay": "50 ms",
};

interface Worker {
  readonly id: string;
  readonly pid: number;
}

async function workers(cluster: ProcessCluster): Promise<Worker[]> {
  return (await cluster.get("/taskmanagers")).taskmanagers;
}

/** The job runs on a worker other than those. */
function runsOn(cluster: ProcessCluster, others: readonly Worker[]): Promise<Worker> {
  return until("the job runs on another worker", async () => {
    const { jobs: [job] } = await cluster.get("/jobs/overview");
    const [worker, ...more] = await workers(cluster);
    const isOther = worker !== undefined && more.length === 0 && others.every(({ id }) => id !== worker.id);
    return isOther && job.tasks.running === job.tasks.total ? worker : undefined;
  });
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

const isLinux = Deno.build.os === "linux";

Deno.test({
  name: "workers come on demand, are replaced when they are killed or frozen, and go when they are idle",
  ignore: !isLinux,
  fn: async () => {
    const cluster = await ProcessCluster.start(0, 2, PROVIDER);
    try {
      assert.deepEqual(await workers(cluster), []);
      const { code, stderr } = await cluster.client("run", "-d", "-p", "2", cluster.job("long.ts", LONG));
      assert.equal(code, 0, stderr);
      const first = await runsOn(cluster, []);
      Deno.kill(first.pid, "SIGKILL");
      const second = await runsOn(cluster, [first]);
      Deno.kill(second.pid, "SIGSTOP");
      const third = await runsOn(cluster, [first, second]);
      // It is not asked to stop, which it could not do.
      await until("the frozen worker is killed", () => isAlive(second.pid) ? undefined : true);
      const { jobs: [{ jid }] } = await cluster.get("/jobs/overview");
      await cluster.client("cancel", jid);
      await until("the idle worker goes", async () => (await workers(cluster)).length === 0 ? true : undefined);
      await until("its process ends", () => isAlive(third.pid) ? undefined : true);
      assert.deepEqual((await cluster.get("/overview"))["slots-total"], 0);
    } finally {
      await cluster.close();
    }
  },
});

Deno.test({
  name: "workers end with their JobManager, also when it is killed",
  ignore: !isLinux,
  fn: async () => {
    const cluster = await ProcessCluster.start(0, 2, PROVIDER);
    try {
      const { code, stderr } = await cluster.client("run", "-d", "-p", "2", cluster.job("long.ts", LONG));
      assert.equal(code, 0, stderr);
      const worker = await runsOn(cluster, []);
      Deno.kill(cluster.processes[0].pid, "SIGKILL");
      await until("the worker ends", () => isAlive(worker.pid) ? undefined : true);
    } finally {
      await cluster.close();
    }
  },
});
