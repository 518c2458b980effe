import assert from "node:assert/strict";
import { FlinkError, InvalidProgramError, JobExecutionError } from "../../runtime/errors.ts";
import { ManualClock } from "../../runtime/testing/manual_clock.ts";
import { FakeCluster, id, jobOf } from "../rest/testdata/fake_cluster.ts";
import type { SubmissionForm } from "../rest/submission.ts";
import { ClusterClient } from "./cluster_client.ts";
import { type HttpCallOptions, reasonOf, type SendRequest } from "./http_call.ts";
import { RemoteJobClient } from "./remote_job_client.ts";

const JOB = id("a");

/** A clock whose waits are over at once. */
class HastyClock extends ManualClock {
  readonly waits: number[] = [];
  override after(ms: number, fn: () => void): () => void {
    let isOn = true;
    if (ms <= 5000) {
      this.waits.push(ms);
      queueMicrotask(() => isOn && fn());
    }
    return () => isOn = false;
  }
}

function client(
  send: SendRequest,
  changes: Partial<HttpCallOptions> = {},
): { cluster: ClusterClient; clock: HastyClock } {
  const clock = new HastyClock();
  const cluster = new ClusterClient({
    address: { host: "jm", port: 8081 },
    send,
    clock,
    maxRetries: 3,
    retryDelayMs: 1000,
    timeoutMs: 60_000,
    maxContentLength: 1 << 20,
    ...changes,
  });
  return { cluster, clock };
}

function form(): SubmissionForm {
  return {
    jobId: JOB,
    jobName: "words",
    clientVersion: "0.1.0",
    collect: [],
    program: { descriptor: {} as never, plan: { vertices: [] } as never, planFingerprint: [] },
    bundle: new Uint8Array([32]),
    assets: [],
  };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => undefined, (error) => error);
  assert.equal(error instanceof FlinkError, true, String(error));
  return error.code;
}

Deno.test("errors of the JobManager come back as they were there", async () => {
  const fake = new FakeCluster();
  const { cluster } = client((request) => fake.app.fetch(request));
  assert.equal(await codeOf(cluster.status(JOB)), "TSF-4142");
  fake.refusal = new InvalidProgramError("TSF-5240", "wrong", { userLine: "job://x/job.ts:1:2", found: "y" });
  await assert.rejects(cluster.submit(form()), (error: InvalidProgramError) => {
    assert.equal(error instanceof InvalidProgramError, true);
    assert.deepEqual([error.code, error.found, error.userLine], ["TSF-5240", "y", "job://x/job.ts:1:2"]);
    return true;
  });
});

Deno.test("a JobManager that cannot be reached is asked again, then the client gives up and says why", async () => {
  const attempts: number[] = [];
  let left = 2;
  const fake = new FakeCluster();
  const refused = () => {
    throw new TypeError("error sending request", {
      cause: new Error("tcp connect error: Connection refused (os error 111)"),
    });
  };
  const { cluster, clock } = client((request) => left-- > 0 ? refused() : fake.app.fetch(request), {
    onRetry: (attempt) => attempts.push(attempt),
  });
  assert.equal((await cluster.overview())["slots-total"], 2);
  assert.deepEqual([attempts, clock.waits], [[1, 2], [1000, 1000]]);
  left = Infinity;
  await assert.rejects(cluster.jobs(), (error: FlinkError) => {
    assert.equal(error.code, "TSF-4148");
    assert.match(error.message, /4 attempts, 1000 ms apart \(Connection refused \(os error 111\)\)/);
    return true;
  });
});

Deno.test("a proxy without backend is asked again; what is no JobManager is not", async () => {
  const fake = new FakeCluster();
  let answers = [502, 503, 504];
  const { cluster } = client((request) => {
    const status = answers.shift();
    return status === undefined ? fake.app.fetch(request) : new Response("no backend", { status });
  });
  assert.equal((await cluster.overview())["slots-total"], 2);
  answers = [404];
  await assert.rejects(cluster.overview(), { code: "TSF-4149", found: "HTTP 404: no backend" });
  assert.deepEqual(answers, []);
});

Deno.test("a JobManager that declines is not asked again", async () => {
  const fake = new FakeCluster();
  fake.refusal = new (class RetryableError extends FlinkError {})("TSF-5246", "The disk is full");
  const { cluster, clock } = client((request) => fake.app.fetch(request));
  assert.equal(await codeOf(cluster.submit(form())), "TSF-5246");
  assert.deepEqual([fake.calls.length, clock.waits], [1, []]);
});

Deno.test("a submission whose answer got lost counts once", async () => {
  const fake = new FakeCluster();
  let isFirst = true;
  const { cluster } = client(async (request) => {
    const answer = await fake.app.fetch(request);
    if (!isFirst) return answer;
    isFirst = false;
    throw new TypeError("connection reset");
  });
  await cluster.submit(form());
  assert.deepEqual(fake.calls, ["submit words", "submit words"]);
  assert.equal(fake.jobsById.size, 1);
});

Deno.test("the same id submitted twice on purpose is refused", async () => {
  const fake = new FakeCluster();
  fake.add(jobOf(JOB));
  const { cluster } = client((request) => fake.app.fetch(request));
  assert.equal(await codeOf(cluster.submit(form())), "TSF-5241");
});

Deno.test("an answer that is too large ends the request", async () => {
  const { cluster } = client(() => new Response(new Uint8Array(5000)), { maxContentLength: 4999 });
  assert.equal(await codeOf(cluster.overview()), "TSF-4149");
});

Deno.test("an address of version 6 stands in brackets, a token in its header", async () => {
  const seen: Request[] = [];
  const { cluster } = client((request) => {
    seen.push(request);
    return Response.json({});
  }, { address: { host: "::1", port: 9 }, token: "t", isTls: true });
  await cluster.overview();
  assert.deepEqual([seen[0].url, seen[0].headers.get("authorization")], ["https://[::1]:9/v1/overview", "Bearer t"]);
});

Deno.test("how a job ends", async () => {
  const failure = new JobExecutionError("TSF-2001", "user code", { cause: new RangeError("x") });
  const cases: [string, Parameters<FakeCluster["end"]>[1], unknown, string | undefined][] = [
    ["finished", "FINISHED", undefined, undefined],
    ["failed", "FAILED", failure, "TSF-2001"],
    ["cancelled", "CANCELED", undefined, "TSF-5020"],
    ["suspended", "SUSPENDED", undefined, "TSF-4153"],
  ];
  for (const [what, state, error, code] of cases) {
    const fake = new FakeCluster();
    fake.add(jobOf(JOB));
    const { cluster } = client((request) => fake.app.fetch(request));
    const job = new RemoteJobClient(cluster, { id: JOB, name: "words" }, new Map());
    const result = job.getJobExecutionResult();
    fake.end(JOB, state, { failure: error, accumulators: { at: new Date(5), n: 7n } });
    if (code !== undefined) {
      assert.equal(await codeOf(result), code, what);
      continue;
    }
    assert.equal((await result).getNetRuntime(), 400);
    assert.deepEqual((await result).getAllAccumulatorResults(), { at: new Date(5), n: 7n });
  }
});

Deno.test("a job that the JobManager has forgotten is told as lost", async () => {
  const fake = new FakeCluster();
  const { cluster } = client((request) => fake.app.fetch(request));
  assert.equal(await codeOf(new RemoteJobClient(cluster, { id: JOB, name: "x" }, new Map()).result()), "TSF-4153");
});

Deno.test("a job whose JobManager stays away is told as lost, with the reason", async () => {
  const { cluster, clock } = client(() => Promise.reject(new TypeError("fetch failed", { cause: new Error("gone") })));
  await assert.rejects(new RemoteJobClient(cluster, { id: JOB, name: "x" }, new Map()).result(), {
    code: "TSF-4153",
    found: "none in 4 attempts, 1000 ms apart (gone)",
  });
  assert.equal(clock.waits.length, 3);
  await assert.rejects(cluster.withoutRetries().job(JOB), { code: "TSF-4148" });
  assert.equal(clock.waits.length, 3);
});

Deno.test("cancel resolves when the job has ended, whoever ended it", async () => {
  for (const state of ["RUNNING", "FINISHED"] as const) {
    const fake = new FakeCluster();
    fake.add(jobOf(JOB));
    if (state === "FINISHED") fake.end(JOB, "FINISHED");
    const { cluster } = client((request) => fake.app.fetch(request));
    await new RemoteJobClient(cluster, { id: JOB, name: "x" }, new Map()).cancel();
    assert.equal(fake.job(JOB)!.state, state === "RUNNING" ? "CANCELED" : "FINISHED");
  }
});

Deno.test("accumulators keep their types", async () => {
  const fake = new FakeCluster();
  fake.add(jobOf(JOB));
  const { cluster } = client((request) => fake.app.fetch(request));
  assert.deepEqual(await cluster.accumulators(JOB), { count: 3, seen: new Set(["x"]), total: 9n });
});

Deno.test("rows are fetched as fast as they are read, and the result waits for the last of them", async () => {
  const fake = new FakeCluster();
  fake.add(jobOf(JOB));
  fake.rows.set("c", [[1, 2], [3n, new Map([["k", [4]]])]]);
  const { cluster } = client((request) => fake.app.fetch(request));
  const gates: (() => void)[] = [];
  const rows: unknown[] = [];
  const receive = (batch: unknown[]): Promise<void> => {
    rows.push(...batch);
    return new Promise((resolve) => gates.push(resolve));
  };
  const job = new RemoteJobClient(cluster, { id: JOB, name: "x" }, new Map([["c", receive]]));
  fake.end(JOB, "FINISHED");
  let isOver = false;
  const result = job.result().then(() => isOver = true);
  const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
  while (gates.length === 0) await turn();
  // Nothing more is asked for while the reader is busy.
  for (let i = 0; i < 5; i++) await turn();
  assert.deepEqual([rows, isOver, fake.calls.filter((call) => call.startsWith("collect"))], [[1, 2], false, [
    "collect c 0",
  ]]);
  gates[0]();
  while (gates.length === 1) await turn();
  assert.equal(isOver, false);
  gates[1]();
  await result;
  assert.deepEqual(rows, [1, 2, 3n, new Map([["k", [4]]])]);
  assert.deepEqual(fake.calls, ["collect c 0", "collect c 1", "collect c 2"]);
});

Deno.test("rows that cannot be fetched any more end the wait for the job, which would wait for ever", async () => {
  const fake = new FakeCluster();
  fake.add(jobOf(JOB));
  fake.collect = () => Promise.reject(new FlinkError("TSF-5249", "The rows are not kept any more"));
  const { cluster } = client((request) => fake.app.fetch(request));
  const job = new RemoteJobClient(cluster, { id: JOB, name: "x" }, new Map([["c", () => {}]]));
  assert.equal(await codeOf(job.result()), "TSF-5249");
  // The cause of a failed job comes before what became of its rows.
  fake.end(JOB, "FAILED", { failure: new JobExecutionError("TSF-2001", "user code") });
  const failed = new RemoteJobClient(cluster, { id: JOB, name: "x" }, new Map([["c", () => {}]]));
  assert.equal(await codeOf(failed.result()), "TSF-2001");
});

Deno.test("certificates that do not fit are told at once", async () => {
  for (const reason of ["invalid peer certificate: UnknownIssuer", "invalid HTTP version parsed"]) {
    const cause = new Error(`error sending request for url (https://jm:1/v1): client error (Connect): ${reason}`);
    const { cluster, clock } = client(() => Promise.reject(new TypeError("fetch failed", { cause })), { isTls: true });
    await assert.rejects(cluster.jobs(), { code: "TSF-4157", found: reason });
    assert.deepEqual(clock.waits, []);
  }
});

Deno.test("the reason is the innermost one, without what fetch puts around it", () => {
  const system = new Error("client error (Connect): tcp connect error: Connection refused (os error 111)");
  assert.equal(
    reasonOf(new TypeError("error sending request", { cause: system })),
    "Connection refused (os error 111)",
  );
  assert.equal(reasonOf(new RetryableLike("No answer within 5 ms")), "No answer within 5 ms");
  assert.equal(reasonOf("text"), "text");
});
class RetryableLike extends FlinkError {
  constructor(summary: string) {
    super("TSF-4148", summary);
  }
}
