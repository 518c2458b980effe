import assert from "node:assert/strict";
import { JobExecutionError } from "../../runtime/errors.ts";
import { MemoryFiles } from "tsflink/testing";
import { DispatcherBench, submission } from "./testdata/fake_jobs.ts";

const one = submission(1);

Deno.test("a job is on disk before its submission is answered, and runs", async () => {
  const bench = new DispatcherBench();
  await bench.dispatcher.submit(one);
  assert.deepEqual(bench.files.paths(), [`/data/jobstore/submitted/${one.jobId}.job`]);
  // What is not durable is lost here.
  bench.files.crash();
  assert.equal(bench.files.paths().length, 1);
  const { submittedAt, ...others } = bench.started[0].job;
  assert.equal(submittedAt, 1_000_000);
  assert.deepEqual(others, (({ submittedAt: _, ...rest }) => rest)(one));
  assert.equal(bench.dispatcher.state(one.jobId), "RUNNING");
  assert.deepEqual(bench.dispatcher.jobs().map(({ jobName, state, tasks }) => ({ jobName, state, tasks })), [
    { jobName: "job 1", state: "RUNNING", tasks: { RUNNING: 4 } },
  ]);
});

Deno.test("a job that has ended is known by its result and its details, its submission is gone", async () => {
  const bench = new DispatcherBench();
  await bench.dispatcher.submit(one);
  const result = bench.dispatcher.result(one.jobId);
  bench.clock.advance(500);
  await bench.started[0].end("FINISHED");
  assert.deepEqual(await result, {
    jobId: one.jobId,
    jobName: "job 1",
    state: "FINISHED",
    startTime: 1_000_000,
    endTime: 1_000_500,
    netRuntimeMs: 5,
    accumulators: { n: 42n },
  });
  assert.deepEqual(bench.files.paths(), [`/data/jobstore/ended/${one.jobId}.result`]);
  assert.deepEqual(bench.ended, [one.jobId]);
  bench.restart();
  assert.deepEqual(await bench.dispatcher.result(one.jobId), await result);
  assert.deepEqual(await bench.dispatcher.accumulators(one.jobId), { n: 42n });
  assert.equal(bench.dispatcher.job(one.jobId)!.vertices[1].name, "add one -> Sink: Print to Std. Out");
  assert.equal(bench.dispatcher.state(one.jobId), "FINISHED");
});

Deno.test("several jobs at once; the overview counts them", async () => {
  const bench = new DispatcherBench();
  for (let n = 1; n <= 5; n++) await bench.dispatcher.submit(submission(n));
  const [, finished, failed, cancelled] = bench.started;
  await finished.end("FINISHED");
  await failed.end("FAILED", new JobExecutionError("TSF-0000", "no"));
  await cancelled.end("CANCELED");
  assert.deepEqual(bench.dispatcher.overview(), {
    taskManagers: 1,
    slotsTotal: 4,
    slotsAvailable: 2,
    jobsRunning: 2,
    jobsFinished: 1,
    jobsCancelled: 1,
    jobsFailed: 1,
  });
  assert.deepEqual(bench.dispatcher.jobs().map(({ jobName }) => jobName), [
    "job 5",
    "job 1",
    "job 4",
    "job 3",
    "job 2",
  ]);
  assert.equal(bench.dispatcher.runningJobs, 2);
});

Deno.test("cancelling goes to the JobMaster; of a job that has ended it does nothing", async () => {
  const bench = new DispatcherBench();
  await bench.dispatcher.submit(one);
  await bench.dispatcher.cancel(one.jobId);
  assert.equal(bench.started[0].cancels, 1);
  assert.equal(bench.dispatcher.state(one.jobId), "CANCELLING");
  await bench.started[0].end("CANCELED");
  await bench.dispatcher.cancel(one.jobId);
  assert.equal(bench.started[0].cancels, 1);
});

Deno.test("a job id that is not known is said to be so", async () => {
  const { dispatcher } = new DispatcherBench();
  assert.equal(dispatcher.job("x"), undefined);
  assert.equal(dispatcher.state("x"), undefined);
  for (
    const call of [() => dispatcher.cancel("x"), () => dispatcher.result("x"), () => dispatcher.collect("x", "u", 0)]
  ) {
    await assert.rejects(call, { code: "TSF-5243" });
  }
  await assert.rejects(() => dispatcher.accumulators("x"), { code: "TSF-5243" });
});

const REFUSED: Record<string, { code: string; job?: object; before?: (bench: DispatcherBench) => unknown }> = {
  "no object": { code: "TSF-5240", job: undefined },
  "a short id": { code: "TSF-5240", job: { ...one, jobId: "12" } },
  "an id that leaves the directory": { code: "TSF-5240", job: { ...one, jobId: "../".repeat(10) + "ab" } },
  "no name": { code: "TSF-5240", job: { ...one, jobName: 1 } },
  "no bundle": { code: "TSF-5240", job: { ...one, bundleHash: "ab" } },
  "no plan": { code: "TSF-5240", job: { ...one, plan: null } },
  "an empty plan": { code: "TSF-5240", job: { ...one, plan: { ...one.plan, vertices: [] } } },
  "parallelism 0": {
    code: "TSF-5240",
    job: { ...one, plan: { ...one.plan, vertices: [{ ...one.plan.vertices[0], parallelism: 0 }] } },
  },
  "a fingerprint of numbers": { code: "TSF-5240", job: { ...one, planFingerprint: [1] } },
  "an asset without a hash": {
    code: "TSF-5240",
    job: { ...one, assets: [{ name: "a", hash: "", executable: false }] },
  },
  "an id that runs": { code: "TSF-5242", before: (bench) => bench.dispatcher.submit(one) },
  "an id that has ended": {
    code: "TSF-5242",
    before: async (bench) => {
      await bench.dispatcher.submit(one);
      await bench.started[0].end("FINISHED");
    },
  },
  "one job too many": {
    code: "TSF-5244",
    before: async (bench) => {
      for (let n = 2; n < 5; n++) await bench.dispatcher.submit(submission(n));
    },
  },
  "a job too large": { code: "TSF-5245", job: { ...one, planFingerprint: ["x".repeat(100_000)] } },
  "a disk that is nearly full": { code: "TSF-5246", before: (bench) => bench.freeDiskBytes = 1000 },
  "a disk that is full": { code: "TSF-5247", before: (bench) => bench.files.rename = () => failDisk() },
  "a JobManager that stops": { code: "TSF-5241", before: (bench) => bench.dispatcher.close() },
};

function failDisk(): never {
  throw new JobExecutionError("TSF-3006", "no space left");
}

for (const [what, { code, before, ...given }] of Object.entries(REFUSED)) {
  Deno.test(`refused, and nothing is left of it: ${what}`, async () => {
    const bench = new DispatcherBench({ maxJobs: 3, maxJobBytes: 50_000 });
    await before?.(bench);
    const [paths, started] = [bench.files.paths(), bench.started.length];
    await assert.rejects(bench.dispatcher.submit(("job" in given ? given.job : one) as never), { code });
    assert.deepEqual(bench.files.paths(), paths);
    assert.equal(bench.started.length, started);
  });
}

Deno.test("a disk that cannot tell its free space is not in the way", async () => {
  const bench = new DispatcherBench();
  bench.freeDiskBytes = undefined;
  await bench.dispatcher.submit(one);
  assert.equal(bench.started.length, 1);
});

Deno.test("blobs of a job are held from its submission to its end", async () => {
  const calls: string[] = [];
  const blobs = {
    retain: (jobId: string, hashes: readonly string[]) => void calls.push(`retain ${jobId.slice(-1)} ${hashes.length}`),
    release: (jobId: string) => void calls.push(`release ${jobId.slice(-1)}`),
  };
  const bench = new DispatcherBench({}, { blobs });
  await bench.dispatcher.submit({ ...one, assets: [{ name: "a", hash: "cd".repeat(32), executable: true }] });
  assert.deepEqual(calls, ["retain 1 2"]);
  await bench.started[0].end("CANCELED");
  assert.deepEqual(calls, ["retain 1 2", "release 1"]);
  bench.files.rename = () => failDisk();
  await assert.rejects(bench.dispatcher.submit(submission(2)), { code: "TSF-5247" });
  assert.deepEqual(calls.slice(2), ["retain 2 1", "release 2"]);
});

Deno.test("a JobMaster that cannot be made fails its job, which is kept as any other", async () => {
  const bench = new DispatcherBench();
  bench.startError = new TypeError("x is not a function");
  await bench.dispatcher.submit(one);
  const { state, error } = await bench.dispatcher.result(one.jobId);
  assert.equal(state, "FAILED");
  assert.match(JSON.stringify(error), /TSF-5250.*x is not a function/);
  assert.deepEqual(bench.files.paths(), [`/data/jobstore/ended/${one.jobId}.result`]);
  assert.equal(bench.dispatcher.job(one.jobId)!.vertices.length, 2);
});

Deno.test("a JobMaster whose result is lost has failed, and is told of so", async () => {
  const bench = new DispatcherBench();
  await bench.dispatcher.submit(one);
  await bench.started[0].breakDown(new Error("a defect"));
  const { state, error } = await bench.dispatcher.result(one.jobId);
  assert.equal(state, "FAILED");
  assert.match(JSON.stringify(error), /a defect/);
  assert.equal(bench.dispatcher.jobs()[0].state, "FAILED");
  assert.equal(bench.dispatcher.runningJobs, 0);
});

Deno.test("jobs that were running when the JobManager was killed are reported as lost, ended ones are kept", async () => {
  const bench = new DispatcherBench();
  await bench.dispatcher.submit(one);
  await bench.dispatcher.submit(submission(2));
  await bench.started[1].end("FINISHED");
  bench.files.crash();
  bench.clock.advance(60_000);
  bench.restart();
  const lost = await bench.dispatcher.result(one.jobId);
  assert.equal(lost.state, "FAILED");
  assert.match(JSON.stringify(lost.error), /TSF-5248/);
  assert.equal(lost.startTime, 1_000_000);
  assert.equal(lost.endTime, 1_060_000);
  assert.equal(bench.dispatcher.state(submission(2).jobId), "FINISHED");
  const details = bench.dispatcher.job(one.jobId)!;
  assert.deepEqual(details.vertices.map(({ name, subtasks }) => [name, subtasks.length]), [
    ["Source: Collection Source", 1],
    ["add one -> Sink: Print to Std. Out", 2],
  ]);
  assert.equal(details.exceptions.length, 1);
  bench.restart();
  assert.equal(bench.dispatcher.jobs().length, 2);
  assert.equal(bench.files.paths().length, 2);
});

Deno.test("killed between the result and the removal of the job, the result counts", async () => {
  const bench = new DispatcherBench();
  await bench.dispatcher.submit(one);
  bench.files.remove = () => failDisk();
  await bench.started[0].end("FINISHED");
  assert.equal(bench.files.paths().length, 2);
  assert.match(bench.log.messages("error").join(), /stays in the job store/);
  bench.files.remove = MemoryFiles.prototype.remove;
  bench.restart();
  assert.equal(bench.dispatcher.state(one.jobId), "FINISHED");
  assert.equal(bench.files.paths().length, 1);
});

Deno.test("a result that cannot be stored is known until the end of the process", async () => {
  const bench = new DispatcherBench();
  await bench.dispatcher.submit(one);
  bench.files.rename = () => failDisk();
  await bench.started[0].end("FINISHED");
  assert.equal((await bench.dispatcher.result(one.jobId)).state, "FINISHED");
  assert.match(bench.log.messages("error").join(), /could not be stored/);
});

Deno.test("stopping suspends what runs, cancels nothing, and keeps it stored", async () => {
  const bench = new DispatcherBench();
  await bench.dispatcher.submit(one);
  const heard: string[] = [];
  bench.dispatcher.onJobEnded(({ state }) => heard.push(state));
  const result = bench.dispatcher.result(one.jobId);
  await bench.dispatcher.close();
  assert.equal((await result).state, "SUSPENDED");
  assert.deepEqual(heard, ["SUSPENDED"]);
  assert.equal(bench.started[0].cancels, 0);
  assert.deepEqual(bench.files.paths(), [`/data/jobstore/submitted/${one.jobId}.job`]);
  assert.equal(bench.clock.pending, 0);
});

Deno.test("ended jobs go by age and number, latest last", async () => {
  const bench = new DispatcherBench({ results: { expirationMs: 1000, maxJobs: 2, cacheBytes: 1e6 } });
  for (let n = 1; n <= 3; n++) {
    await bench.dispatcher.submit(submission(n));
    bench.clock.advance(100);
    await bench.started[n - 1].end("FINISHED");
  }
  assert.deepEqual(bench.dispatcher.jobs().map(({ jobName }) => jobName), ["job 3", "job 2"]);
  bench.clock.advance(950);
  assert.deepEqual(bench.dispatcher.jobs().map(({ jobName }) => jobName), ["job 3"]);
  bench.clock.advance(100);
  assert.deepEqual([bench.dispatcher.jobs(), bench.files.paths(), bench.clock.pending], [[], [], 0]);
  await assert.rejects(bench.dispatcher.result(submission(3).jobId), { code: "TSF-5243" });
});

Deno.test("details of ended jobs are read again when memory for them is short", async () => {
  const bench = new DispatcherBench({ results: { expirationMs: 1e9, maxJobs: 100, cacheBytes: 0 } });
  for (let n = 1; n <= 3; n++) {
    await bench.dispatcher.submit(submission(n));
    await bench.started[n - 1].end("FINISHED");
  }
  for (let n = 1; n <= 3; n++) assert.equal(bench.dispatcher.job(submission(n).jobId)!.jobName, `job ${n}`);
  bench.files.remove(`/data/jobstore/ended/${one.jobId}.result`);
  assert.equal(bench.dispatcher.job(one.jobId), undefined);
  assert.equal(bench.dispatcher.jobs().length, 2);
});

Deno.test("files that are damaged are set aside, the others are read", async () => {
  const bench = new DispatcherBench();
  for (let n = 1; n <= 4; n++) await bench.dispatcher.submit(submission(n));
  await bench.started[2].end("FINISHED");
  await bench.started[3].end("FINISHED");
  const [ended, , submitted] = bench.files.paths();
  for (const path of [ended, submitted]) {
    const bytes = bench.files.readAllSync(path);
    bytes[bytes.length >> 1] ^= 1;
    bench.files.write(path, bytes);
  }
  bench.files.write("/data/jobstore/submitted/half.job.tmp", "x");
  bench.restart();
  assert.deepEqual(bench.dispatcher.jobs().map(({ jobName, state }) => [jobName, state]).sort(), [
    ["job 2", "FAILED"],
    ["job 4", "FINISHED"],
  ]);
  assert.deepEqual(bench.files.paths().filter((path) => !path.endsWith(".result")), [
    `${ended}.damaged`,
    `${submitted}.damaged`,
  ]);
  assert.match(bench.log.messages("error").join(), /TSF-5253.*TSF-5253/s);
});

Deno.test("rows that a client has not fetched outlive their job for a while", async () => {
  const bench = new DispatcherBench({ collectRetentionMs: 1000, maxCollecting: 2 });
  const collecting = (n: number) => submission(n, { collect: ["sink", "other"] });
  await bench.dispatcher.submit(collecting(1));
  bench.started[0].rows.set("sink", [[1, 2], [3]]);
  const fetch = (n: number, uid: string, ack: number) => bench.dispatcher.collect(submission(n).jobId, uid, ack);
  assert.deepEqual(await fetch(1, "sink", 0), [1, 2]);
  await bench.started[0].end("FINISHED");
  assert.deepEqual([await fetch(1, "sink", 1), await fetch(1, "sink", 2), await fetch(1, "sink", 2)], [
    [3],
    "end",
    "end",
  ]);
  assert.equal(await fetch(1, "other", 0), "end");
  // All of it has been fetched.
  await assert.rejects(fetch(1, "sink", 2), { code: "TSF-5249" });
  for (let n = 2; n <= 4; n++) {
    await bench.dispatcher.submit(collecting(n));
    await bench.started[n - 1].end("FINISHED");
  }
  await assert.rejects(fetch(2, "sink", 0), { code: "TSF-5249" });
  assert.equal(await fetch(3, "sink", 0), "end");
  bench.clock.advance(1000);
  await assert.rejects(fetch(3, "sink", 0), { code: "TSF-5249" });
});
