import assert from "node:assert/strict";
import { JobExecutionError } from "../../runtime/errors.ts";
import { toTransferable } from "../../runtime/seams/error_transfer.ts";
import { FakeCluster, id, jobOf, subtask } from "./testdata/fake_cluster.ts";
import shapes from "./testdata/rest_shapes.json" with { type: "json" };
import { encodeSubmission, type SubmissionForm } from "./submission.ts";
import { decodeError } from "./rest_error.ts";

const JOB = id("a");
const VERTEX = id("e");

function cluster(): FakeCluster {
  const fake = new FakeCluster();
  const error = toTransferable(new JobExecutionError("TSF-2001", "no", { cause: new TypeError("deep") }));
  fake.add(jobOf(JOB, {
    exceptions: [{ timestamp: 1300, error, taskName: "Map (1/2)", taskManagerId: "tm-1", endpoint: "127.0.0.1:4000" }],
  }));
  return fake;
}

// Fields of Flink that have nothing behind them here, by the last part of their path.
const LEFT_OUT = new Set([
  // Null: there is no checkpoint.
  "restored",
  // Lists of metrics without `get` have names only.
  "value",
  "application-id",
  "stream-graph",
  "other-concurrent-attempts",
  "attempt-number",
  "savepointFormat",
  "serialized-user-task-accumulators",
]);

/** Where `found` lacks what Flink has, or has another type there. */
function lacks(shape: unknown, found: unknown, path: string): string[] {
  if (typeof shape === "string") return fits(shape, found) ? [] : [`${path}: ${shape}, not ${JSON.stringify(found)}`];
  if (Array.isArray(shape)) {
    if (!Array.isArray(found)) return [`${path}: no list`];
    return found.flatMap((each, i) => lacks(shape[0], each, `${path}[${i}]`));
  }
  if (typeof found !== "object" || found === null) return [`${path}: no object`];
  const fields = found as Record<string, unknown>;
  return Object.entries(shape as object).flatMap(([name, inner]) => {
    if (name === "*") return Object.entries(fields).flatMap(([key, each]) => lacks(inner, each, `${path}.${key}`));
    if (LEFT_OUT.has(name)) return [];
    return name in fields ? lacks(inner, fields[name], `${path}.${name}`) : [`${path}.${name}: missing`];
  });
}

function fits(shape: string, found: unknown): boolean {
  // What Flink leaves null, or without a value, when there is none.
  if (found === null || found === undefined) return true;
  if (/^(int32|int64|double)$/.test(shape)) return typeof found === "number" || found === "NaN";
  if (shape === "boolean") return typeof found === "boolean";
  if (shape === "hex id string" || shape === "string") return typeof found === "string";
  if (shape.includes("|")) return shape.split("|").includes(String(found));
  return shape === "object" || shape === "any" || shape === "binary" || shape === "byte";
}

// Metrics without names have no values; lists of them come without an object around them.
const AS_LIST = /\/(metrics|jm-operator-metrics|watermarks)$/;

for (const [path, shape] of Object.entries(shapes)) {
  for (const prefix of ["", "/v1"]) {
    Deno.test(`GET ${prefix}${path} has Flink's fields`, async () => {
      const real = path.replace("{jobid}", JOB).replace("{vertexid}", VERTEX).replace("{subtaskindex}", "1")
        .replace("{attempt}", "0").replace("{taskmanagerid}", "tm-1");
      const { status, json } = await cluster().ask(prefix + real);
      assert.equal(status, 200);
      const wanted = AS_LIST.test(path) ? Object.values(shape)[0] : shape;
      assert.deepEqual(lacks(wanted, json, ""), []);
    });
  }
}

Deno.test("jobs are shown with their numbers", async () => {
  const fake = cluster();
  const { json: overview } = await fake.ask("/jobs/overview");
  const [listed] = overview.jobs as Record<string, unknown>[];
  assert.equal(listed.duration, 1000);
  assert.deepEqual((listed.tasks as Record<string, number>).total, 2);
  assert.deepEqual((listed.tasks as Record<string, number>).running, 2);
  const { json: details } = await fake.ask(`/jobs/${JOB}`);
  const [vertex] = details.vertices as Record<string, Record<string, unknown>>[];
  assert.equal(vertex.metrics["write-records"], 15);
  assert.equal(vertex.metrics["accumulated-busy-time"], 300);
  assert.equal(vertex.status, "RUNNING");
  assert.equal(vertex["start-time"], 1020);
  assert.equal(vertex.duration, 980);
  assert.equal(vertex.watermark, 5000);
  assert.equal((details["status-counts"] as Record<string, number>).RUNNING, 1);
  const { json } = await fake.ask(`/jobs/${JOB}/vertices/${VERTEX}`);
  assert.deepEqual((json.subtasks as Record<string, unknown>[])[1]["status-duration"], {
    CREATED: 10,
    SCHEDULED: 10,
    DEPLOYING: 30,
    INITIALIZING: 50,
    RUNNING: 900,
  });
  const { metrics } = json.aggregated as { metrics: Record<string, Record<string, number>> };
  assert.deepEqual(metrics["write-records"], { min: 5, max: 10, avg: 7, sum: 15, median: 5, p25: 5, p75: 10, p95: 10 });
});

Deno.test("the state of a vertex is that of the subtask that matters most", async () => {
  const cases: [states: SubtaskStates, expected: string][] = [
    [["FINISHED", "FINISHED"], "FINISHED"],
    [["FINISHED", "RUNNING"], "RUNNING"],
    [["FINISHED", "CREATED"], "RUNNING"],
    [["INITIALIZING", "RUNNING"], "INITIALIZING"],
    [["CANCELED", "RUNNING"], "CANCELED"],
    [["CANCELING", "CANCELED"], "CANCELING"],
    [["FAILED", "CANCELING"], "FAILED"],
    [["DEPLOYING", "SCHEDULED"], "CREATED"],
  ];
  for (const [states, expected] of cases) {
    const fake = new FakeCluster();
    const [vertex] = jobOf(JOB).vertices;
    fake.add(jobOf(JOB, { vertices: [{ ...vertex, subtasks: states.map((state, i) => subtask(i, { state })) }] }));
    const { json } = await fake.ask(`/jobs/${JOB}`);
    assert.equal((json.vertices as Record<string, unknown>[])[0].status, expected, states.join());
  }
});
type SubtaskStates = (
  | "FINISHED"
  | "RUNNING"
  | "CREATED"
  | "INITIALIZING"
  | "CANCELED"
  | "CANCELING"
  | "FAILED"
  | "DEPLOYING"
  | "SCHEDULED"
)[];

Deno.test("exceptions name their code, task and causes", async () => {
  const { json } = await cluster().ask(`/jobs/${JOB}/exceptions?maxExceptions=1`);
  const history = json.exceptionHistory as { entries: Record<string, unknown>[]; truncated: boolean };
  const [entry] = history.entries;
  assert.equal(entry.exceptionName, "JobExecutionError");
  assert.equal(entry.code, "TSF-2001");
  assert.equal(entry.taskName, "Map (1/2)");
  assert.match(String(entry.stacktrace), /TSF-2001[\s\S]*Caused by: TypeError: deep/);
  assert.equal(history.truncated, false);
  const { json: none } = await cluster().ask(`/jobs/${JOB}/exceptions?maxExceptions=0`);
  assert.equal((none.exceptionHistory as { truncated: boolean }).truncated, true);
});

const REFUSED: Record<string, [method: string, path: string, status: number, code: string]> = {
  "a route that is none": ["GET", "/nothing", 404, "TSF-4140"],
  "a route below a version that is none": ["GET", "/v2/overview", 404, "TSF-4140"],
  "a job id that is none": ["GET", "/jobs/xyz", 400, "TSF-4141"],
  "an unknown job": ["GET", `/jobs/${id("f")}`, 404, "TSF-4142"],
  "cancelling an unknown job": ["PATCH", `/jobs/${id("f")}`, 404, "TSF-4142"],
  "a mode that is none": ["PATCH", `/jobs/${JOB}?mode=explode`, 400, "TSF-4141"],
  "the mode stop": ["PATCH", `/jobs/${JOB}?mode=stop`, 410, "TSF-4141"],
  "a vertex id that is none": ["GET", `/jobs/${JOB}/vertices/1`, 400, "TSF-4141"],
  "an unknown vertex": ["GET", `/jobs/${JOB}/vertices/${id("1")}`, 404, "TSF-4143"],
  "a subtask index that is none": ["GET", `/jobs/${JOB}/vertices/${VERTEX}/subtasks/-1`, 400, "TSF-4141"],
  "an unknown subtask": ["GET", `/jobs/${JOB}/vertices/${VERTEX}/subtasks/2`, 404, "TSF-4143"],
  "an earlier attempt": ["GET", `/jobs/${JOB}/vertices/${VERTEX}/subtasks/0/attempts/7`, 404, "TSF-4143"],
  "an unknown TaskManager": ["GET", "/taskmanagers/tm-9", 404, "TSF-4143"],
  "a log outside": ["GET", "/taskmanagers/tm-1/logs/..%2Fsecret", 404, "TSF-4158"],
  "a hidden log": ["GET", "/jobmanager/logs/.netrc", 404, "TSF-4158"],
  "exceptions without number": ["GET", `/jobs/${JOB}/exceptions?maxExceptions=many`, 400, "TSF-4141"],
  "a savepoint": ["POST", `/jobs/${JOB}/savepoints`, 501, "TSF-4144"],
  "a savepoint of an unknown job": ["POST", `/jobs/${id("f")}/savepoints`, 404, "TSF-4142"],
  "a checkpoint": ["POST", `/jobs/${JOB}/checkpoints`, 501, "TSF-4144"],
  "stopping": ["POST", `/jobs/${JOB}/stop`, 501, "TSF-4144"],
  "rescaling": ["PUT", `/jobs/${JOB}/resource-requirements`, 501, "TSF-4144"],
  "disposing": ["POST", "/savepoint-disposal", 501, "TSF-4144"],
  "a submission that is no form": ["POST", "/jobs", 400, "TSF-4146"],
};
for (const [what, [method, path, status, code]] of Object.entries(REFUSED)) {
  Deno.test(`refused: ${what}`, async () => {
    const fake = cluster();
    const answer = await fake.ask(path, { method });
    assert.equal(answer.status, status);
    assert.equal(answer.json.code, code);
    assert.equal((answer.json.errors as string[])[0].includes(code), true);
    const error = decodeError(answer.json.transferred) as { code: string };
    assert.equal(error.code, code);
    assert.deepEqual(fake.logged, []);
  });
}

Deno.test("secrets of a job's configuration are masked", async () => {
  const fake = new FakeCluster();
  const configuration = {
    "parallelism.default": "2",
    "s3.secret-key": "hush",
    "pipeline.global-job-parameters": "topic:orders,db.password:hush,url:http://x:1",
  };
  fake.add(jobOf(JOB, { configuration }));
  const { json } = await fake.ask(`/jobs/${JOB}/config`);
  assert.deepEqual((json["execution-config"] as Record<string, unknown>)["user-config"], {
    "parallelism.default": "2",
    "s3.secret-key": "******",
    "pipeline.global-job-parameters": "topic:orders,db.password:******,url:http://x:1",
  });
});

Deno.test("cancel is taken once; a job that has ended otherwise cannot be cancelled", async () => {
  const fake = cluster();
  assert.equal((await fake.ask(`/jobs/${JOB}?mode=cancel`, { method: "PATCH" })).status, 202);
  assert.equal((await fake.ask(`/jobs/${JOB}`, { method: "PATCH" })).status, 202);
  fake.add(jobOf(id("b")));
  fake.end(id("b"), "FINISHED");
  const refused = await fake.ask(`/jobs/${id("b")}`, { method: "PATCH" });
  assert.deepEqual([refused.status, refused.json.code], [409, "TSF-4155"]);
  fake.add(jobOf(id("c")));
  assert.equal((await fake.ask(`/jobs/${id("c")}/yarn-cancel`)).status, 202);
});

Deno.test("the result waits as long as it is asked to", async () => {
  const fake = cluster();
  const path = `/v1/jobs/${JOB}/execution-result`;
  assert.deepEqual((await fake.ask(path)).json, { status: { id: "IN_PROGRESS" } });
  const waiting = fake.ask(`${path}?wait=500`);
  await Promise.resolve();
  for (let i = 0; i < 20; i++) await Promise.resolve();
  fake.clock.advance(500);
  assert.deepEqual((await waiting).json, { status: { id: "IN_PROGRESS" } });
  const ending = fake.ask(`${path}?wait=500`);
  fake.end(JOB, "FINISHED", { accumulators: { n: 3 } });
  const { json } = await ending;
  const result = json["job-execution-result"] as Record<string, unknown>;
  assert.equal(result["application-status"], "SUCCEEDED");
  assert.equal(result["net-runtime"], 400);
  assert.deepEqual(result["accumulator-results"], { n: "3" });
});

Deno.test("metrics: names, chosen values, aggregates", async () => {
  const fake = cluster();
  const base = `/jobs/${JOB}/vertices/${VERTEX}`;
  const { json: names } = await fake.ask(`${base}/metrics`);
  assert.equal((names as unknown as { id: string }[]).some(({ id }) => id === "1.numRecordsOut"), true);
  assert.deepEqual((await fake.ask(`${base}/metrics?get=0.numRecordsOut,none`)).json, [
    { id: "0.numRecordsOut", value: "5" },
  ]);
  assert.deepEqual((await fake.ask(`${base}/subtasks/metrics?get=numRecordsOut&agg=max,sum`)).json, [
    { id: "numRecordsOut", max: 10, sum: 15 },
  ]);
  assert.deepEqual((await fake.ask(`${base}/subtasks/metrics?get=numRecordsOut&agg=sum&subtasks=1-3`)).json, [
    { id: "numRecordsOut", sum: 10 },
  ]);
  assert.deepEqual((await fake.ask(`${base}/watermarks`)).json, [
    { id: "0.currentInputWatermark", value: "5000" },
    { id: "1.currentInputWatermark", value: "5001" },
  ]);
  assert.deepEqual((await fake.ask("/taskmanagers/tm-1/metrics?get=cores")).json, [{ id: "cores", value: "2" }]);
});

Deno.test("rates are told against what was seen before", async () => {
  const fake = cluster();
  const path = `/jobs/${JOB}/vertices/${VERTEX}/metrics?get=0.numRecordsOutPerSecond,0.busyTimeMsPerSecond`;
  await fake.ask(path);
  const { details } = fake.jobsById.get(JOB)!;
  const [vertex] = details.vertices;
  const { progress } = vertex.subtasks[0];
  const operators = [progress!.operators[0], { ...progress!.operators[1], numRecordsOut: 205 }];
  const later = subtask(0, { progress: { ...progress!, busyTimeMs: 600, operators } });
  fake.jobsById.get(JOB)!.details = { ...details, vertices: [{ ...vertex, subtasks: [later, vertex.subtasks[1]] }] };
  fake.clock.advance(2000);
  assert.deepEqual((await fake.ask(path)).json, [
    { id: "0.numRecordsOutPerSecond", value: "100" },
    { id: "0.busyTimeMsPerSecond", value: "250" },
  ]);
});

Deno.test("a token is asked for before anything else", async () => {
  const fake = new FakeCluster({ token: "secret" });
  for (const authorization of [undefined, "Bearer wrong", "Bearer secret2", "Basic secret", "Bearer"]) {
    const headers: HeadersInit = authorization === undefined ? {} : { authorization };
    const { status, json } = await fake.ask("/overview", { headers });
    assert.deepEqual([status, json.code], [401, "TSF-4147"], authorization);
  }
  assert.equal((await fake.ask("/overview", { headers: { authorization: "Bearer secret" } })).status, 200);
  assert.equal((await fake.ask("/nothing", {})).status, 401);
});

Deno.test("pages of other origins may ask only where that is configured", async () => {
  const off = await new FakeCluster().ask("/overview");
  assert.equal(off.response.headers.get("access-control-allow-origin"), null);
  const fake = new FakeCluster({ allowedOrigin: "https://ui.example" });
  const on = await fake.ask("/overview");
  assert.equal(on.response.headers.get("access-control-allow-origin"), "https://ui.example");
  assert.equal((await fake.ask("/overview", { method: "OPTIONS" })).status, 204);
});

Deno.test("shutting down happens after the answer", async () => {
  const fake = cluster();
  assert.equal((await fake.ask("/cluster", { method: "DELETE" })).status, 200);
  assert.deepEqual(fake.calls, []);
  fake.clock.advance(1);
  assert.deepEqual(fake.calls, ["shutDown"]);
});

Deno.test("logs and output are plain text", async () => {
  const fake = cluster();
  for (
    const [path, text] of [
      ["/jobmanager/log", "log of jm\n"],
      ["/jobmanager/logs/jm.log", "jm.log of jm\n"],
      ["/taskmanagers/tm-1/stdout", "stdout of tm-1\nsecond\n"],
      ["/taskmanagers/tm-1/logs/tm.log", "tm.log of tm-1\nsecond\n"],
    ]
  ) {
    const { response } = await fake.ask(path);
    assert.equal(await response.text(), text);
    assert.equal(response.headers.get("content-type"), "text/plain; charset=UTF-8");
  }
});

function form(changes: Partial<SubmissionForm> = {}): SubmissionForm {
  return {
    jobId: id("d"),
    jobName: "words",
    clientVersion: "0.1.0",
    collect: ["c"],
    program: {
      descriptor: {
        url: "file:///job.mjs",
        executionOrdinal: 0,
        args: ["--x"],
        configuration: {},
        recording: {} as never,
      },
      plan: { vertices: [], note: new Map([["a", 1n]]) } as never,
      planFingerprint: ["job"],
    },
    bundle: new TextEncoder().encode("// code"),
    assets: [{ name: "dict", executable: true, bytes: new Uint8Array([0, 255, 13, 10]) }],
    ...changes,
  };
}

Deno.test("a job arrives as it was sent", async () => {
  const fake = new FakeCluster();
  const { status, json } = await fake.ask("/v1/jobs", { method: "POST", body: encodeSubmission(form()) });
  assert.deepEqual([status, json.jobUrl], [202, `/jobs/${id("d")}`]);
  const { submission } = fake.jobsById.get(id("d"))!;
  assert.deepEqual(submission!.descriptor.args, ["--x"]);
  assert.deepEqual((submission!.plan as unknown as { note: unknown }).note, new Map([["a", 1n]]));
  assert.deepEqual(submission!.collect, ["c"]);
  assert.deepEqual(fake.blobs.get(submission!.bundleHash), new TextEncoder().encode("// code"));
  const [asset] = submission!.assets;
  assert.deepEqual([asset.name, asset.executable], ["dict", true]);
  assert.deepEqual(fake.blobs.get(asset.hash), new Uint8Array([0, 255, 13, 10]));
});

Deno.test("a form that is not whole is refused and nothing is submitted", async () => {
  const broken: Record<string, (form: FormData) => void> = {
    "no request": (f) => f.delete("request"),
    "no program": (f) => f.delete("program"),
    "no bundle": (f) => f.delete("bundle"),
    "no asset": (f) => f.delete("asset-0"),
    "an empty bundle": (f) => f.set("bundle", new Blob([]), "x"),
    "a damaged program": (f) => f.set("program", new Blob([new Uint8Array([1, 2, 3])]), "x"),
    "no JSON": (f) => f.set("request", "{"),
    "null": (f) => f.set("request", "null"),
    "another version": (f) => f.set("request", JSON.stringify({ version: 99, clientVersion: "9.0" })),
    "an id that is none": (f) => f.set("request", JSON.stringify({ version: 1, jobId: "x" })),
  };
  for (const [what, change] of Object.entries(broken)) {
    const fake = new FakeCluster();
    const body = encodeSubmission(form());
    change(body);
    const { status, json } = await fake.ask("/jobs", { method: "POST", body });
    assert.deepEqual([status, json.code], [400, "TSF-4146"], what);
    assert.deepEqual(fake.calls, [], what);
  }
});

Deno.test("a client of another version is refused with both versions; fixes do not matter", async () => {
  const versions: [string, number][] = [["0.1.0", 202], ["0.1.9", 202], ["0.2.0", 400], ["1.1.0", 400]];
  for (const [clientVersion, expected] of versions) {
    const body = encodeSubmission(form({ clientVersion }));
    const { status, json } = await new FakeCluster().ask("/jobs", { method: "POST", body });
    assert.equal(status, expected, clientVersion);
    if (status === 400) assert.deepEqual([json.code, json.found], ["TSF-4163", `tsflink ${clientVersion}`]);
  }
});

Deno.test("what the Dispatcher refuses comes back with its code", async () => {
  const fake = new FakeCluster();
  fake.refusal = new JobExecutionError("TSF-5246", "The disk is full", { hint: "clean" });
  const { status, json } = await fake.ask("/jobs", { method: "POST", body: encodeSubmission(form()) });
  assert.deepEqual([status, json.code, json.hint], [500, "TSF-5246", "clean"]);
  const closed = new FakeCluster({ isSubmitEnabled: false });
  assert.equal((await closed.ask("/jobs", { method: "POST", body: encodeSubmission(form()) })).status, 403);
});

Deno.test("docs/rest.md names every route that answers", () => {
  const page = Deno.readTextFileSync(new URL("../../docs/rest.md", import.meta.url)).replaceAll(/\s+/g, " ");
  for (const path of Object.keys(shapes)) {
    const named = path.replace("{jobid}", ":id").replace("{taskmanagerid}", ":id").replace("{vertexid}", ":v")
      .replace("{subtaskindex}", ":i").replace("{attempt}", ":a");
    const below = `/${named.split("/").at(-1)}`;
    assert.equal(
      page.includes(`\`${named}\``) || page.includes(`GET ${named}\``) || page.includes(`${below}\``),
      true,
      path,
    );
  }
});
