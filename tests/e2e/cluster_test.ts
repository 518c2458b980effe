/**
 * A cluster of real processes: one JobManager, two TaskManagers, jobs as code. Results are those of local mode; processes
 * that are killed, stopped or stuck are found and jobs go on by their restart strategy.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ProcessCluster, tsflink, until } from "./testdata/process_cluster.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url).pathname;

const KEYED = `
  import { StreamExecutionEnvironment } from "tsflink";
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const { name } = env.args.parse({ name: "keyed" });
  env.fromSequence(1, 2000).map((n) => ({ key: "k" + n % 7, n: 1 }))
    .keyBy((row) => row.key).reduce((a, b) => ({ key: a.key, n: a.n + b.n })).map(({ key, n }) => name + " " + key + " " + n)
    .print();
  await env.execute(name);`;

const COLLECTED = `
  import { StreamExecutionEnvironment } from "tsflink";
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const rows = await env.fromSequence(1, 5000).map((n) => n % 10).keyBy((n) => n)
    .reduce((a, b) => a + b).executeAndCollect();
  let count = 0;
  for await (const _ of rows) count++;
  console.log("rows", count);`;

const FOREVER = `
  import { StreamExecutionEnvironment } from "tsflink";
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.fromSequence(1, 1e12).map((n) => ({ key: n % 10, n })).keyBy((row) => row.key).map((row) => row.n)
    .filter((n) => n < 0).print();
  await env.execute("forever");`;

const STUCK = `
  import { StreamExecutionEnvironment } from "tsflink";
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.fromSequence(1, 1e9).map((n) => {
    while (n === 1000);
    return n;
  }).filter((n) => n < 0).print();
  await env.execute("stuck");`;

const FAILS = `
  import { StreamExecutionEnvironment } from "tsflink";
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.fromSequence(1, 10).map((n): number => {
    throw new Error("user error " + n);
  }).uid("bad").print();
  await env.execute("fails");`;

const RESTARTS = ["-D", "restart-strategy.type=fixed-delay", "-D", "restart-strategy.fixed-delay.attempts=100", "-D"]
  .concat("restart-strategy.fixed-delay.delay=50 ms");

interface Vertex {
  readonly status: string;
  readonly tasks: Readonly<Record<string, number>>;
}

/** The job when all its subtasks run. */
async function running(cluster: ProcessCluster, id: string): Promise<{ vertices: Vertex[] } | undefined> {
  const job = await cluster.get(`/jobs/${id}`);
  const isRunning = job.state === "RUNNING" && job.vertices.every(({ status }: Vertex) => status === "RUNNING");
  return isRunning ? job : undefined;
}

async function submit(cluster: ProcessCluster, job: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.client("run", "-d", ...args, job);
  assert.equal(code, 0, stderr);
  const id = /Job has been submitted with JobID ([0-9a-f]{32})/.exec(stdout + stderr)?.[1];
  assert(id !== undefined, stdout + stderr);
  return id;
}

Deno.test("jobs run on processes with the results of local mode", async (t) => {
  const cluster = await ProcessCluster.start(2, 2);
  try {
    await t.step("a keyed job over both TaskManagers, and two at once", async () => {
      const job = cluster.job("keyed.ts", KEYED);
      const expected = (await Promise.all(["one", "two", "three"].map(async (name) => {
        const { stdout } = await tsflink("local", "-q", "-p", "2", job, "--name", name);
        return stdout.split("\n").filter((line) => line !== "").map((line) => line.replace(/^\d+> /, ""));
      }))).flat().sort();
      const first = await cluster.client("run", "-p", "4", job, "--name", "one");
      assert.equal(first.code, 0, first.stderr);
      const both = await Promise.all(
        ["two", "three"].map((name) => cluster.client("run", "-p", "2", job, "--name", name)),
      );
      assert.deepEqual(both.map(({ code }) => code), [0, 0]);
      assert.deepEqual(cluster.output(), expected);
    });
    await t.step("rows come back to the client", async () => {
      const { code, stdout, stderr } = await cluster.client("run", "-p", "3", cluster.job("collected.ts", COLLECTED));
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^rows 5000$/m);
    });
    await t.step("an example of the guide", async () => {
      const before = cluster.output();
      const local = await tsflink("local", "-q", "-p", "2", `${EXAMPLES}sessions.ts`);
      const { code, stderr } = await cluster.client("run", "-p", "2", `${EXAMPLES}sessions.ts`);
      assert.equal(code, 0, stderr);
      const expected = local.stdout.split("\n").filter((line) => line !== "").map((line) => line.replace(/^\d+> /, ""));
      assert(expected.length > 0);
      assert.deepEqual(cluster.output(), [...before, ...expected].sort());
    });
    await t.step("a job that fails says why, once and first", async () => {
      const { code, stderr } = await cluster.client("run", "-q", cluster.job("fails.ts", FAILS));
      assert.equal(code, 1);
      assert.match(stderr, /user error \d/);
    });
    await t.step("slots and threads are free again; every role is live, ready and measured", async () => {
      const overview = await until("free slots", async () => {
        const answer = await cluster.get("/overview");
        return answer["slots-available"] === 4 ? answer : undefined;
      });
      assert.equal(overview.taskmanagers, 2);
      for (const { facts, name } of cluster.processes) {
        const { code, stdout } = await tsflink("health", "--metrics", facts.health);
        assert.equal(code, 0, `${name}: ${stdout}`);
        assert.match(stdout, /flink_(job|task)manager_Status_JVM_Memory_Heap_Used\{.*\} \d+/);
        assert.match(stdout, /flink_(job|task)manager_taskSlotsAvailable\{.*\} [24]/);
      }
    });
    await t.step("a second cluster of the same folder is refused, and a stop leaves nothing", async () => {
      const second = await tsflink("cluster", "start", ...cluster.flags);
      assert.equal(second.code, 1);
      assert.match(second.stderr, /TSF-4120/);
      const { code, stdout } = await cluster.stop();
      assert.deepEqual([code, stdout.trim().split("\n")], [0, [
        "taskmanager-1 stopped",
        "taskmanager-2 stopped",
        "jobmanager stopped",
      ]]);
      assert.deepEqual([...Deno.readDirSync(`${cluster.folder}/pids`)], []);
      assert.deepEqual([...Deno.readDirSync(`${cluster.folder}/work`)], []);
      assert.equal((await tsflink("health", cluster.processes[0].facts.health)).code, 1);
    });
  } finally {
    await cluster.close();
  }
});

Deno.test("a TaskManager that is killed, stopped or stuck", async (t) => {
  const cluster = await ProcessCluster.start(3, 1, { "heartbeat.interval": "200 ms", "heartbeat.timeout": "2 s" });
  try {
    const [, first, second] = cluster.processes;
    const registered = (count: number) =>
      until(`${count} TaskManagers`, async () => (await cluster.get("/overview")).taskmanagers === count || undefined);
    const id = await submit(cluster, cluster.job("forever.ts", FOREVER), "-p", "2", ...RESTARTS);
    await until("the job runs", () => running(cluster, id));

    await t.step("kill -9: found at once, the job runs on what is left", async () => {
      Deno.kill(first.pid, "SIGKILL");
      await registered(2);
      await until("the job runs again", () => running(cluster, id));
    });
    await t.step("kill -STOP: found by the heartbeat; it registers again when it goes on", async () => {
      Deno.kill(second.pid, "SIGSTOP");
      await registered(1);
      Deno.kill(second.pid, "SIGCONT");
      await registered(2);
      await until("the job runs again", () => running(cluster, id));
    });
    await t.step("the job is cancelled, and its slots are free", async () => {
      assert.equal((await cluster.client("cancel", id)).code, 0);
      await until("free slots", async () => (await cluster.get("/overview"))["slots-available"] === 2 || undefined);
      assert.equal((await cluster.get(`/jobs/${id}`)).state, "CANCELED");
    });
    await t.step("a stuck slot: its process is replaced under the same id", async () => {
      const ids = async () =>
        (await cluster.get("/taskmanagers")).taskmanagers.map((one: { id: string }) => one.id).sort();
      const before = await ids();
      const stuck = await submit(cluster, cluster.job("stuck.ts", STUCK), "-D", "task.cancellation.timeout=300 ms");
      await until("the job runs", () => running(cluster, stuck));
      assert.equal((await cluster.client("cancel", stuck)).code, 0);
      await until("its parent has started it again", () => /had a stuck slot/.test(cluster.logs()) || undefined);
      await registered(2);
      assert.deepEqual(await ids(), before);
      assert.equal((await cluster.get(`/jobs/${stuck}`)).state, "CANCELED");
    });
  } finally {
    await cluster.close();
  }
});

Deno.test("application mode: the application's end is the cluster's, TaskManagers are its processes", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/job.ts`, COLLECTED);
    Deno.writeTextFileSync(`${folder}/fails.ts`, FAILS);
    const flags = ["--port", "0", "--rest-port", "0", "-D", "health.port=0", "-D", `process.working-dir=${folder}/work`]
      .concat("-D", "resourcemanager.provider=process", "-D", "taskmanager.memory.process.size=1 gb");
    const [finished, failed] = await Promise.all(
      ["job.ts", "fails.ts"].map((job) => tsflink("jobmanager", ...flags, "--job", `${folder}/${job}`)),
    );
    assert.equal(finished.code, 0, finished.stderr);
    assert.match(finished.stdout, /^rows 5000$/m);
    assert.equal(failed.code, 1, failed.stderr);
    assert.match(failed.stderr, /user error/);
    assert.deepEqual([...Deno.readDirSync(`${folder}/work`)], []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("what is refused before a role starts", async () => {
  const table: [string[], number, RegExp][] = [
    [["jobmanager", "-D", "rest.prt=1"], 3, /^error: \[TSF-4100\][^]*Did you mean rest\.port\?/],
    [["jobmanager", "--host", "0.0.0.0"], 3, /TSF-4106/],
    [["jobmanager", "--config-dir", "/no/such"], 3, /TSF-4103/],
    [["taskmanager", "-D", "taskmanager.memory.process.size=300 mb"], 3, /TSF-4104/],
    [["taskmanager", "--jobmanager", "nowhere"], 3, /TSF-4108/],
    [["taskmanager", "--slots", "0"], 2, /expected an integer from 1 on/],
    [["jobmanager", "--nonsense"], 2, /unknown option/],
  ];
  for (const [args, expected, message] of table) {
    const { code, stderr } = await tsflink(...args);
    assert.equal(code, expected, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
  }
});
