/**
 * list, cancel, stop, savepoint, checkpoint, logs, version, drain: against the real REST over a JobManager of the test.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ManualClock } from "../../../runtime/testing/manual_clock.ts";
import { ClusterClient, type ListedJob } from "../../client/cluster_client.ts";
import { ClusterConfiguration } from "../../config/cluster_configuration.ts";
import { FakeCluster, id, jobOf } from "../../rest/testdata/fake_cluster.ts";
import { cancelCommand } from "./cancel_command.ts";
import { addressOf } from "./cluster_access.ts";
import { drainCommand } from "./drain_command.ts";
import { listCommand, listText } from "./list_command.ts";
import { logsCommand } from "./logs_command.ts";
import { checkpointCommand, savepointCommand, stopCommand } from "./state_commands.ts";
import type { VerbIo } from "./verb.ts";
import { versionCommand } from "./version_command.ts";

interface Outcome {
  readonly code: number;
  readonly out: string[];
  readonly err: string[];
}

async function verb(fake: FakeCluster, run: (io: VerbIo) => Promise<number>): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const address = { host: "jm", port: 8081 };
  const cluster = new ClusterClient({
    address,
    send: (request) => fake.app.fetch(request),
    clock: new ManualClock(),
    maxRetries: 0,
    retryDelayMs: 0,
    timeoutMs: 1000,
    maxContentLength: 1 << 20,
  });
  const access = () => Promise.resolve({ configuration: ClusterConfiguration.from({}), address, cluster });
  const code = await run({ out: (line) => out.push(line), err: (line) => err.push(line), access });
  return { code, out, err };
}

const LISTED: ListedJob[] = (["RUNNING", "CREATED", "FINISHED", "RESTARTING", "FAILED", "INITIALIZING"] as const).map(
  (state, i) => ({
    jid: id(String(i)),
    name: `job ${i}`,
    state,
    "start-time": new Date(2026, 0, 2, 3, 4, 10 - i).getTime(),
    "end-time": -1,
    duration: 5,
    jobType: "STREAMING",
    tasks: {},
  }),
);

Deno.test("jobs are listed as Flink's client lists them", () => {
  const time = (i: number) => `02.01.2026 03:04:${String(10 - i).padStart(2, "0")}`;
  const line = (i: number) => `${time(i)} : ${id(String(i))} : job ${i} (${LISTED[i].state})`;
  const end = "--------------------------------------------------------------";
  const running = ["------------------ Running/Restarting Jobs -------------------", line(3), line(0), end];
  const scheduled = ["----------------------- Scheduled Jobs -----------------------", line(5), line(1), end];
  const terminated = ["---------------------- Terminated Jobs -----------------------", line(4), line(2), end];
  assert.deepEqual(listText(LISTED, {}), [...running, ...scheduled]);
  assert.deepEqual(listText(LISTED, { running: true }), running);
  assert.deepEqual(listText(LISTED, { scheduled: true }), scheduled);
  assert.deepEqual(listText(LISTED, { all: true }), [...running, ...scheduled, ...terminated]);
  assert.deepEqual(listText([], {}), ["No running jobs.", "No scheduled jobs."]);
  assert.deepEqual(listText([], { all: true }), ["No running jobs.", "No scheduled jobs."]);
});

Deno.test("list asks the cluster; --json gives what REST gives", async () => {
  const fake = new FakeCluster();
  fake.add(jobOf(id("a")));
  fake.add(jobOf(id("b")));
  fake.end(id("b"), "FINISHED");
  const plain = await verb(fake, (io) => listCommand({}, io));
  assert.equal(plain.code, 0);
  assert.equal(plain.out[0], "Waiting for response...");
  assert.match(plain.out[2], / : a{32} : job a \(RUNNING\)$/);
  const json = await verb(fake, (io) => listCommand({ json: true }, io));
  assert.deepEqual(JSON.parse(json.out.join("")).map(({ jid }: ListedJob) => jid), [id("a")]);
});

Deno.test("cancel waits until the job has ended", async () => {
  const fake = new FakeCluster();
  fake.add(jobOf(id("a")));
  assert.deepEqual(await verb(fake, (io) => cancelCommand({ job: id("a") }, io)), {
    code: 0,
    out: [`Cancelling job ${id("a")}.`, `Cancelled job ${id("a")}.`],
    err: [],
  });
  fake.add(jobOf(id("b")));
  const json = await verb(fake, (io) => cancelCommand({ job: id("b").toUpperCase(), json: true }, io));
  assert.deepEqual(JSON.parse(json.out[0]), { jobId: id("b"), state: "CANCELED" });
});

Deno.test("what cannot be done is told with a code and an exit code", async () => {
  const fake = new FakeCluster();
  fake.add(jobOf(id("a")));
  fake.add(jobOf(id("b")));
  fake.end(id("b"), "FINISHED");
  const cases: [string, (io: VerbIo) => Promise<number>, number, string][] = [
    ["cancel nothing", (io) => cancelCommand({}, io), 2, "TSF-4151"],
    ["cancel what is no id", (io) => cancelCommand({ job: "1234" }, io), 2, "TSF-4151"],
    ["cancel what is unknown", (io) => cancelCommand({ job: id("f") }, io), 1, "TSF-4142"],
    ["cancel what has ended", (io) => cancelCommand({ job: id("b") }, io), 1, "TSF-4155"],
    ["cancel with savepoint", (io) => cancelCommand({ job: id("a"), withSavepoint: true }, io), 2, "TSF-4144"],
    ["stop", (io) => stopCommand({ job: id("a") }, io), 1, "TSF-4144"],
    ["stop unknown", (io) => stopCommand({ job: id("f") }, io), 1, "TSF-4142"],
    ["savepoint", (io) => savepointCommand({ job: id("a"), directory: "/sp" }, io), 1, "TSF-4144"],
    ["dispose", (io) => savepointCommand({ dispose: "/sp" }, io), 1, "TSF-4144"],
    ["checkpoint", (io) => checkpointCommand({ job: id("a") }, io), 1, "TSF-4144"],
    ["checkpoint nothing", (io) => checkpointCommand({}, io), 2, "TSF-4151"],
    ["logs of nobody", (io) => logsCommand({ taskmanager: "tm-9" }, io), 2, "TSF-4156"],
    ["drain nobody", (io) => drainCommand({ taskmanager: "tm-9" }, io), 1, "TSF-4143"],
  ];
  for (const [what, run, code, error] of cases) {
    const outcome = await verb(fake, run);
    assert.deepEqual([outcome.code, outcome.err.length], [code, 1], what);
    assert.match(outcome.err[0], new RegExp(`^error: \\[${error}\\]`), what);
  }
  const json = await verb(fake, (io) => stopCommand({ job: id("a"), json: true }, io));
  assert.equal(JSON.parse(json.err[0]).error.code, "TSF-4144");
  const verbose = await verb(fake, (io) => stopCommand({ job: id("a"), verbose: true }, io));
  assert.match(verbose.err[0], /TSF-4144[^]*\n\s+at /);
});

Deno.test("logs of roles, whole or their end", async () => {
  const fake = new FakeCluster();
  const lines = async (options: Parameters<typeof logsCommand>[0]) =>
    (await verb(fake, (io) => logsCommand(options, io))).out;
  assert.deepEqual(await lines({}), ["log of jm"]);
  assert.deepEqual(await lines({ taskmanager: "tm", stdout: true }), ["stdout of tm-1\nsecond"]);
  assert.deepEqual(await lines({ taskmanager: "tm-1", file: "tm.log", tail: 1 }), ["second"]);
  assert.deepEqual(await lines({ list: true }), ["           7  jm.log"]);
  assert.deepEqual(JSON.parse((await lines({ json: true }))[0]), { lines: ["log of jm"] });
});

Deno.test("draining tells the TaskManager, version the versions", async () => {
  const fake = new FakeCluster({ version: "9.9.9" });
  assert.equal((await verb(fake, (io) => drainCommand({ taskmanager: "tm-1" }, io))).code, 0);
  assert.deepEqual(fake.calls, ["drain tm-1"]);
  const { out, err } = await verb(fake, (io) => versionCommand({ cluster: true, json: true }, io));
  assert.equal(JSON.parse(out[0]).cluster, "9.9.9");
  assert.match(err[0], /another version/);
  assert.match((await verb(fake, (io) => versionCommand({}, io))).out[0], /^tsflink \d+\.\d+\.\d+ \(Deno /);
});

Deno.test("the address of a JobManager", () => {
  const configuration = ClusterConfiguration.from({ "rest.port": 9000 });
  const cases: [string | undefined, string, number][] = [
    [undefined, "localhost", 9000],
    ["jm", "jm", 9000],
    ["jm:1", "jm", 1],
    ["10.0.0.5:8081", "10.0.0.5", 8081],
    ["http://jm:80/", "jm", 80],
    ["[::1]:8081", "::1", 8081],
    ["[fe80::1]", "fe80::1", 9000],
  ];
  for (const [text, host, port] of cases) assert.deepEqual(addressOf(text, configuration), { host, port }, text);
  for (const text of ["", ":8081", "jm:", "jm:0", "jm:65536", "jm:x", "a b:1", "user@jm:1", "jm:1/path", "::1"]) {
    assert.throws(() => addressOf(text, configuration), { code: "TSF-4150" }, text);
  }
  assert.equal(addressOf(undefined, ClusterConfiguration.from({ "rest.address": "far" })).host, "far");
});
