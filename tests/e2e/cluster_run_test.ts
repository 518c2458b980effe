/**
 * `tsflink run` and the other verbs against a real cluster: a JobManager and two TaskManagers as processes. The same job
 * gives what it gives in this process; what fails is told once and clearly; nothing is left.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ClusterProcesses, tsflink } from "./testdata/cluster_processes.ts";

const TSFLINK = new URL("../../mod.ts", import.meta.url).href;
const EXAMPLES = new URL("../../examples/", import.meta.url).pathname;

const HEAD = `import { DiscardingSink, StreamExecutionEnvironment } from "${TSFLINK}";
const env = StreamExecutionEnvironment.getExecutionEnvironment();
`;
const JOBS = {
  words: `env.fromData(..."to be or not to be".split(" ")).map((word) => ({ word, count: 1 }))
    .keyBy((pair) => pair.word).sum("count").print();
    await env.execute("words");`,
  collect: `const rows = await env.fromSequence(1, 5000).map((n) => n * 2).executeAndCollect();
    console.log(rows.length, rows.reduce((a, b) => a + b, 0));
    console.log((await env.fromSequence(1, 1e15).executeAndCollect().take(5)).length);`,
  failing: `env.fromSequence(1, 100).map((n) => {
      if (n === 50) throw new RangeError("fifty");
      return n;
    }).name("check").sinkTo(new DiscardingSink());
    await env.execute("failing");`,
  endless: `env.fromSequence(1, 1e15).keyBy((n) => n % 7).reduce((a, b) => a + b).sinkTo(new DiscardingSink());
    await env.execute("endless");`,
  wide: `env.setParallelism(9); env.fromSequence(1, 9).rebalance().map((n) => n).sinkTo(new DiscardingSink());
    await env.execute("wide");`,
};

/** Lines as parallel subtasks print them, in any order. */
function sorted(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/^\d+> /, "")).sort();
}

async function freeSlots(cluster: ClusterProcesses): Promise<number> {
  const overview = await cluster.get<Record<string, number>>("/overview");
  return overview["slots-available"];
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!await condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}

Deno.test("a cluster of processes runs jobs and answers its clients", async (t) => {
  await using cluster = await ClusterProcesses.start(2, 2, ["-D", "slot.request.timeout=1500 ms"]);
  const job = (name: keyof typeof JOBS) => cluster.file(`${name}.ts`, HEAD + JOBS[name]);

  for (const parallelism of [1, 2, 4]) {
    await t.step(`a keyed word count, parallelism ${parallelism}`, async () => {
      const before = (await cluster.printed()).length;
      const { code, out, err } = await cluster.client("run", "-q", "-p", String(parallelism), job("words"));
      assert.deepEqual([code, err], [0, ""]);
      assert.match(out, /^Job has been submitted with JobID [0-9a-f]{32}\n$/);
      const local = await tsflink(["local", "-q", "-p", String(parallelism), job("words")]);
      await until(async () => (await cluster.printed()).length >= before + 6);
      assert.deepEqual(sorted((await cluster.printed()).slice(before)).length, 6);
      const counts = sorted(local.out.trim().split("\n"));
      assert.deepEqual(sorted(await cluster.printed()).filter((line, i, all) => all.indexOf(line) === i), counts);
    });
  }
  await t.step("an example", async () => {
    const example = `${EXAMPLES}state_and_timers.ts`;
    const before = sorted(await cluster.printed());
    assert.equal((await cluster.client("run", "-q", "-p", "2", example)).code, 0);
    const local = sorted((await tsflink(["local", "-q", "-p", "2", example])).out.trim().split("\n"));
    await until(async () => (await cluster.printed()).length >= before.length + local.length);
    assert.deepEqual(sorted([...before, ...local]), sorted(await cluster.printed()));
  });
  await t.step("rows come back to the program, and a program that has enough cancels", async () => {
    const { code, out } = await cluster.client("run", "-p", "2", job("collect"));
    assert.equal(code, 0);
    assert.match(out, /^5000 25005000$/m);
    assert.match(out, /^5$/m);
  });
  await t.step("a job that fails: exit code 1, the cause once, with the line of the program", async () => {
    const { code, err } = await cluster.client("run", "-q", "-p", "2", job("failing"));
    assert.equal(code, 1);
    assert.equal(err.match(/TSF-2001/g)?.length, 1, err);
    assert.match(err, /RangeError: fifty[^]*operator: check[^]*at: job:\/\/failing\/failing\.ts:\d+:\d+/);
  });
  await t.step("not enough slots: says how many are needed and present", async () => {
    const { code, err } = await cluster.client("run", "-q", job("wide"));
    assert.equal(code, 1);
    assert.match(err, /9/);
    assert.match(err, /4/);
  });
  await t.step("detached, list, cancel, logs", async () => {
    const { code, out } = await cluster.client("run", "-d", "-p", "2", job("endless"));
    assert.equal(code, 0);
    const jobId = /[0-9a-f]{32}/.exec(out)![0];
    await until(async () => (await cluster.get<{ status: string }>(`/jobs/${jobId}/status`)).status === "RUNNING");
    assert.match((await cluster.client("list", "-r")).out, new RegExp(`${jobId} : endless \\(RUNNING\\)`));
    const cancelled = await cluster.client("cancel", jobId);
    assert.deepEqual([cancelled.code, cancelled.err], [0, ""]);
    assert.match((await cluster.client("list", "-a")).out, new RegExp(`${jobId} : endless \\(CANCELED\\)`));
    assert.match((await cluster.client("logs", "-t", "tm-0", "--stdout")).out, /count/);
    const stopped = await cluster.client("stop", jobId);
    assert.deepEqual([stopped.code, stopped.err.includes("TSF-4144")], [1, true]);
  });
  await t.step("two jobs at once", async () => {
    const both = await Promise.all([
      cluster.client("run", "-q", "-p", "1", job("words")),
      cluster.client("run", "-q", "-p", "1", job("collect")),
    ]);
    assert.deepEqual(both.map(({ code }) => code), [0, 0]);
  });
  await t.step("all slots are free again", () => until(async () => await freeSlots(cluster) === 4));
});

Deno.test("nobody at the address: the client gives up and says so", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const file = `${directory}/words.ts`;
    Deno.writeTextFileSync(file, HEAD + JOBS.words);
    const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    const options = ["-D", "rest.retry.max-attempts=2", "-D", "rest.retry.delay=10 ms", "-m", `127.0.0.1:${port}`];
    const { code, out, err } = await tsflink(["run", ...options, file]);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /error: \[TSF-4148\] The JobManager at 127\.0\.0\.1:\d+ cannot be reached[^]*none in 3 attempts/);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
