import assert from "node:assert/strict";
import { type FlinkError, StreamExecutionEnvironment } from "tsflink";
import { type MiniCluster, miniCluster, type MiniClusterOptions, type ProgramRun } from "tsflink/testing";

const NUMBERS = new URL("./testdata/numbers_program.ts", import.meta.url);
const SCRIPT = new URL("./testdata/script_program.ts", import.meta.url);

const KINDS: Readonly<Record<string, MiniClusterOptions>> = {
  inline: { isolation: "inline" },
  "worker threads": { isolation: "worker" },
  "web workers": { workerHost: "web" },
};

/** Runs a test on each kind of cluster; resources are checked: nothing is left once the cluster is closed. */
function onEach(name: string, test: (cluster: MiniCluster, kind: string) => Promise<void>, options?: object): void {
  for (const [kind, of] of Object.entries(KINDS)) {
    Deno.test(`mini cluster, ${kind}: ${name}`, async () => {
      await using cluster = miniCluster({ ...of, ...options });
      await test(cluster, kind);
    });
  }
}

const codeOf = (code: string) => (error: FlinkError): boolean => (assert.equal(error.code, code), true);

onEach("a module that exports main(): result, arguments, output, its jobs", async (cluster, kind) => {
  const run = await cluster.run(NUMBERS, { args: ["squares", "--x", "1"] });
  const client = await run.job();
  const { rows, args, drawn, at } = await run.result as { rows: number[][]; args: string[]; drawn: number; at: number };
  assert.deepEqual(rows.toSorted(([a], [b]) => a - b), [1, 4, 9, 16].map((n) => [n, drawn, at]));
  assert.deepEqual(args, ["squares", "--x", "1"]);
  assert.deepEqual([...run.output].sort(), ["main begins", "sees 1", "sees 2", "sees 3", "sees 4"]);
  assert.equal(await client.getJobStatus(), "FINISHED");
  assert.deepEqual([run.jobs.length, run.jobs[0] === client], [1, true]);
  const [source] = await run.progress(client);
  assert.deepEqual([source.parallelism, source.states], [2, { FINISHED: 2 }], kind);
});

onEach("a script, again and again: each run evaluates it anew", async (cluster) => {
  for (const parallelism of [1, 2, 1]) {
    const run = await cluster.run(SCRIPT.pathname, { configuration: { "parallelism.default": parallelism } });
    assert.equal(await run.result, undefined);
    assert.deepEqual(run.output.map((line) => line.replace(/^\d> /, "")).sort(), ["1", "2", "3", "drew true"]);
  }
});

onEach("a job that depends on the results of one before", async (cluster) => {
  const run = await cluster.run(NUMBERS, { args: ["two jobs"] });
  assert.notEqual(await run.job(0), await run.job(1));
  assert.deepEqual(await run.result, [10, 20, [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]]);
  await assert.rejects(run.job(2), codeOf("TSF-1252"));
});

onEach("goes on from a snapshot in fresh slots, at another parallelism", async (cluster) => {
  const first = await cluster.run(NUMBERS, { args: ["gate"] });
  const client = await first.job();
  await recordsOut(first, 2);
  const restoreFrom = await first.takeSnapshot(client);
  assert.equal(restoreFrom.checkpointId, 1);
  await client.cancel();
  assert.deepEqual(await first.result, [1, 3, "TSF-5020"]);
  await assert.rejects(first.takeSnapshot(client), codeOf("TSF-5030"));

  const configuration = { "parallelism.default": 3 };
  const second = await cluster.run(NUMBERS, { args: ["gate", "--at", "open"], restoreFrom, configuration });
  assert.deepEqual(await second.result, [7]);
});

onEach("stop with drain ends the job", async (cluster) => {
  const run = await cluster.run(NUMBERS, { args: ["gate"] });
  await recordsOut(run, 2);
  await run.stop(await run.job());
  assert.deepEqual(await run.result, [1, 3]);
});

onEach("a job that main() does not wait for runs on, and prints for its run", async (cluster) => {
  const run = await cluster.run(NUMBERS, { args: ["leaves its job alone"] });
  const jobId = await run.result;
  const client = await run.job();
  assert.deepEqual([client.getJobID(), await client.getJobStatus()], [jobId, "RUNNING"]);
  // Another program may run meanwhile.
  assert.equal(await (await cluster.run(SCRIPT)).result, undefined);
  await recordsOut(run, 2);
  await run.stop(client);
  assert.equal(await client.getJobStatus(), "FINISHED");
  assert.deepEqual(run.output.map((line) => line.replace(/^\d> /, "")), ["1", "3"]);
});

Deno.test("mini cluster: what was saved inline goes on in threads, and the other way round", async () => {
  for (const [from, to] of [["inline", "worker threads"], ["web workers", "inline"]]) {
    await using before = miniCluster(KINDS[from]);
    const first = await before.run(NUMBERS, { args: ["gate"] });
    await recordsOut(first, 2);
    const restoreFrom = await first.takeSnapshot(await first.job());
    await before.close();
    await first.result;
    await using after = miniCluster(KINDS[to]);
    assert.deepEqual(await (await after.run(NUMBERS, { args: ["gate", "--at", "open"], restoreFrom })).result, [7]);
  }
});

onEach("what main() throws, a program without a job, one that is not there", async (cluster) => {
  const failing = await cluster.run(NUMBERS, { args: ["fail in main"] });
  await assert.rejects(failing.job(), /main fails/);
  await assert.rejects(failing.result, { name: "RangeError", message: "main fails" });
  const nothing = await cluster.run(NUMBERS, { args: ["nothing"] });
  await assert.rejects(nothing.result, codeOf("TSF-4010"));
  await assert.rejects((await cluster.run("no/such/file.ts")).result, codeOf("TSF-4011"));
  const wrong = await cluster.run(NUMBERS, { configuration: { "parallelism.defautl": 1 } });
  await assert.rejects(wrong.result, codeOf("TSF-4001"));
  // None of them is in the way of the next.
  assert.equal(await (await cluster.run(SCRIPT)).result, undefined);
});

onEach("what a function throws in a slot: main() gets it, with the line", async (cluster) => {
  const run = await cluster.run(NUMBERS, { args: ["fail in a function"] });
  await assert.rejects(run.result, (error: FlinkError) => {
    assert.match(error.message, /three/);
    assert.match(error.userLine ?? "", /numbers_program\.ts:\d+:57$/);
    return true;
  });
  assert.equal(await (await run.job()).getJobStatus(), "FAILED");
});

onEach("a program that builds another job in its slots is refused", async (cluster, kind) => {
  const run = await cluster.run(NUMBERS, { args: ["differs"] });
  if (kind === "inline") assert.deepEqual((await run.result as number[]).toSorted(), [1, 2, 3, 4]);
  else await assert.rejects(run.result, codeOf("TSF-1230"));
});

onEach("one program at a time; what the test does meanwhile is its own", async (cluster) => {
  const printed: unknown[] = [];
  const { log } = console;
  console.log = (...args) => printed.push(args);
  try {
    const run = await cluster.run(NUMBERS, { args: ["gate"] });
    await recordsOut(run, 2);
    console.log("the test's", Date.now() > 0);
    await assert.rejects((await cluster.run(SCRIPT)).result, codeOf("TSF-1251"));
    await (await run.job()).cancel();
    await run.result;
    assert.deepEqual(run.output, []);
  } finally {
    console.log = log;
  }
  assert.deepEqual(printed, [["the test's", true]]);
});

Deno.test("mini cluster: closing cancels what runs and gives the isolate back", async () => {
  const { now } = Date;
  const cluster = miniCluster({ parallelism: 1 });
  const run = await cluster.run(NUMBERS, { args: ["gate"] });
  await recordsOut(run, 2);
  assert.notEqual(Date.now, now);
  await cluster.close();
  assert.deepEqual([Date.now, await run.result], [now, [1, 3, "TSF-5020"]]);
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  assert.deepEqual(await env.fromData(1).executeAndCollect(), [1], "the host of before is bound");
});

Deno.test("mini cluster: one that was never used closes, too", async () => {
  await miniCluster().close();
});

/** Waits until the first source has sent so many records. */
async function recordsOut(run: ProgramRun, count: number): Promise<void> {
  const client = await run.job();
  while ((await run.progress(client))[0].operators[0].numRecordsOut < count) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
