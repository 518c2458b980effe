/**
 * A TaskManager as ResourceManager and JobMasters see it: registration, slots, threads played by the test, every loss and
 * every limit, on a clock that the test moves.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { FlinkError } from "../../runtime/errors.ts";
import { Configuration } from "../../runtime/api/configuration.ts";
import { MemoryFiles } from "../../runtime/testing/memory_files.ts";
import { ManualClock } from "../../runtime/testing/manual_clock.ts";
import { FakeHost, type FakeSlot } from "../minicluster/testdata/fake_slots.ts";
import type { Messages, RegistrationReply, RemoteSlotStart } from "../rpc/messages.ts";
import { taskSettings } from "../jobmaster/task_settings.ts";
import type { RpcGateway, RpcServer } from "../rpc/rpc_service.ts";
import { DEPLOYED_TRANSITIONS } from "./deployed_slots.ts";
import { DEFAULT_LIMITS, type TaskManagerLimits } from "./task_manager_options.ts";
import { testBells } from "./testdata/test_bells.ts";
import { ACCEPTED, TestCluster, type TestTaskManager } from "./testdata/two_task_managers.ts";

const JOB = "f".repeat(32);
const LIMITS: TaskManagerLimits = { ...DEFAULT_LIMITS, heartbeatIntervalMs: 1000, heartbeatTimeoutMs: 5000 };

const CODE = "export {};\n";

/** Lets everything under way happen. */
async function settled(): Promise<void> {
  for (let n = 0; n < 4; n++) {
    for (let i = 0; i < 100; i++) await null;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Told {
  readonly offers: Messages["offerSlots"]["request"][];
  readonly reports: Messages["slotReportOf"]["request"][];
  readonly ends: Messages["slotEnded"]["request"][];
  readonly disconnects: Messages["disconnectTaskManager"]["request"][];
  readonly beats: unknown[];
}

interface World {
  readonly cluster: TestCluster;
  readonly clock: ManualClock;
  readonly host: FakeHost;
  readonly files: MemoryFiles;
  readonly tm: TestTaskManager;
  readonly told: Told;
  /** To the TaskManager, as ResourceManager and JobMaster. */
  gateway(): RpcGateway;
  /** Plays a JobMaster. */
  master(options?: Partial<Master>): RpcServer;
  request(slotIndex: number, allocationId: string, jobId?: string): Promise<void>;
  deploy(slotKey: string, allocationId: string, more?: Partial<RemoteSlotStart>): Promise<FakeSlot | undefined>;
  close(): Promise<void>;
}

interface Master {
  readonly jobId: string;
  readonly token: string;
  readonly accepts: (allocationId: string) => boolean | Promise<boolean>;
  readonly unknown: () => readonly string[];
}

async function world(options: {
  readonly slots?: number;
  readonly limits?: Partial<TaskManagerLimits>;
  readonly answer?: () => RegistrationReply | Promise<RegistrationReply>;
  readonly beat?: () => Promise<Record<never, never>>;
  readonly waits?: boolean;
} = {}): Promise<World> {
  const clock = new ManualClock();
  const host = new FakeHost();
  const files = new MemoryFiles({ "/blobs/bundle": CODE });
  const cluster = await TestCluster.start({
    taskManagers: 1,
    slots: options.slots ?? 2,
    limits: { ...LIMITS, ...options.limits },
    host,
    clock,
    doorbells: testBells(),
    files,
    answer: options.answer,
    beat: options.beat,
    waits: options.waits,
  });
  const [tm] = cluster.taskManagers;
  const told: Told = { offers: [], reports: [], ends: [], disconnects: [], beats: [] };
  cluster.blobs.set("bundle", "/blobs/bundle");
  const gateway = () => cluster.jobManager.rpc.gateway(tm.peer(), "taskexecutor", "any");
  return {
    cluster,
    clock,
    host,
    files,
    tm,
    told,
    gateway,
    master: ({ jobId = JOB, token = "m1", accepts = () => true, unknown = () => [] } = {}) =>
      cluster.jobManager.rpc.register(`jobmaster_${jobId}`, {
        offerSlots: async (offer) => {
          told.offers.push(offer);
          const accepted: string[] = [];
          for (const { allocationId } of offer.slots) if (await accepts(allocationId)) accepted.push(allocationId);
          return { accepted };
        },
        slotReportOf: (report) => void told.reports.push(report),
        slotEnded: (end) => void told.ends.push(end),
        disconnectTaskManager: (one) => void told.disconnects.push(one),
        heartbeat: ({ payload }) => {
          told.beats.push(payload);
          return { payload: { unknownSlotKeys: unknown() } };
        },
      }, token),
    request: async (slotIndex, allocationId, jobId = JOB) => {
      const body = { slotIndex, jobId, allocationId, jobMasterToken: "m1", profile: {} };
      await gateway().call("requestSlot", body);
      await settled();
    },
    deploy: async (slotKey, allocationId, more = {}) => {
      const before = host.slots.length;
      await gateway().call("deploySlot", { ...remoteStart(slotKey, allocationId), ...more });
      await settled();
      return host.slots[before];
    },
    close: async () => {
      await cluster.close();
      await settled();
      assert.deepEqual(tm.executor.status.sizes, NOTHING);
      assert.equal(host.slots.filter(({ isAlive }) => isAlive).length, 0, "no thread is left");
    },
  };
}

const NOTHING = { slots: 0, pairs: 0, bells: 0, links: 0, connections: 0, waiting: 0 };

function remoteStart(slotKey: string, allocationId: string): RemoteSlotStart {
  const slot = Number(slotKey.split("/").at(-1));
  const placement = { executionId: `v_${slot}_0`, vertexId: "v", subtaskIndex: slot, attemptNumber: 0, slot };
  return {
    jobId: JOB,
    jobName: "words",
    slotKey,
    allocationId,
    jobMasterToken: "m1",
    bundleHash: "bundle",
    assets: [],
    links: [],
    start: {
      program: {
        url: "file:///elsewhere.ts",
        executionOrdinal: 0,
        args: [],
        configuration: {},
        recording: { calls: [], results: {}, environment: [], hasWholeEnvironment: false, events: [] },
      },
      planFingerprint: ["plan"],
      captureTimeoutMs: 1_000_000,
      deployment: {
        jobId: JOB,
        slot,
        placements: [placement],
        settings: taskSettings(Configuration.from({}), "STREAMING", false),
        cachedFiles: new Map(),
        collect: [],
      },
      seed: 1,
      progressMs: 100,
      taskNames: new Map([["v", "Count"]]),
    },
  };
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return await promise.then(() => undefined, (error) => (error as FlinkError).code ?? String(error));
}

const states = ({ executor }: TestTaskManager) => executor.status.slots.map(({ state }) => state);

Deno.test("registers with what it has; a slot goes from the ResourceManager over the JobMaster to a thread and back", async () => {
  const { cluster, tm, files, host, told, master, request, deploy, gateway, close } = await world();
  const [registration] = cluster.registrations;
  assert.deepEqual([registration.resourceId, registration.instanceId, registration.slotProfile], ["tm-1", "tm-1-1", {
    heapMb: 256,
  }]);
  assert.deepEqual(registration.slots, [{ slotIndex: 0 }, { slotIndex: 1 }]);
  assert.equal(tm.executor.isRegistered, true);
  master();
  await request(1, "a");
  assert.deepEqual(told.offers.map(({ resourceId, slots }) => [resourceId, slots]), [
    ["tm-1", [{ slotIndex: 1, allocationId: "a", profile: { heapMb: 256 } }]],
  ]);
  assert.deepEqual(states(tm), ["FREE", "ACTIVE"]);
  const slot = (await deploy(`${JOB}/0/3`, "a"))!;
  assert.deepEqual([slot.init.name, slot.init.heapMb], [`slot 3 of job "words"`, 256]);
  const url = new URL(slot.start.program.url);
  assert.equal(url.pathname, `${tm.workDir}/jobs/${JOB}/bundle.mjs`);
  assert.equal(files.text(url.pathname), CODE);
  // Both ways, and what is the TaskManager's own business stays here.
  slot.post({ type: "deployed" });
  slot.post({ type: "output", lines: ["one", "two"], stream: "stdout" });
  slot.post({ type: "log", level: "warn", message: "careful" });
  slot.state("v_3_0", "RUNNING");
  gateway().tell("slotRequest", { jobId: JOB, slotKey: `${JOB}/0/3`, request: { type: "start" } });
  await settled();
  assert.deepEqual(told.reports.map(({ slotKey, report }) => [slotKey, report.type]), [
    [`${JOB}/0/3`, "deployed"],
    [`${JOB}/0/3`, "state"],
  ]);
  assert.deepEqual(slot.read(), [{ type: "start" }]);
  assert.deepEqual(tm.log.printed.map(({ line }) => line), ["one", "two"]);
  assert.deepEqual(tm.executor.status.output.map(({ jobId, line }) => [jobId, line]), [[JOB, "one"], [JOB, "two"]]);
  assert.deepEqual(tm.log.messages("warn"), [`slot 3 of job "words": careful`]);
  await gateway().call("closeSlot", { jobId: JOB, slotKey: `${JOB}/0/3` });
  assert.deepEqual([slot.kills, told.ends, states(tm)], [1, [], ["FREE", "ACTIVE"]]);
  await gateway().call("freeSlot", { allocationId: "a", cause: "done" });
  await settled();
  assert.deepEqual(states(tm), ["FREE", "FREE"]);
  assert.deepEqual(cluster.freed, [{ resourceId: "tm-1", slotIndex: 1, allocationId: "a" }]);
  assert.equal(files.statSync(`${tm.workDir}/jobs/${JOB}`), undefined);
  assert.equal(host.slots.length, 1);
  await close();
});

Deno.test("no ResourceManager: tried again after waits that double to the limit; given up after the time-out", async () => {
  let tries = 0;
  const { tm, clock, close } = await world({
    answer: () => (tries++, new Promise<RegistrationReply>(() => {})),
    waits: false,
    limits: { registrationMaxTimeoutMs: 800, registrationTimeoutMs: 20_000 },
  });
  await settled();
  const at: number[] = [];
  for (let seen = tries, ms = 0; ms < 19_000; ms += 50) {
    clock.advance(50);
    await Promise.resolve();
    await settledBriefly();
    if (tries > seen) at.push(clock.now());
    seen = tries;
  }
  const gaps = at.map((time, n) => time - (at[n - 1] ?? 0));
  // A try that is not answered takes its time-out, then waits as long: 100 + 100, 200 + 200, ...
  assert.deepEqual(gaps.slice(0, 6), [200, 400, 800, 1600, 1600, 1600]);
  assert.equal(tm.log.messages("warn").length, 1, "complained once");
  assert.equal(tm.ends.length, 0);
  clock.advance(1000);
  await settled();
  clock.advance(1000);
  await settled();
  assert.deepEqual(tm.ends.map(({ exitCode }) => exitCode), [1]);
  assert.match(tm.ends[0].cause, /taskmanager\.registration\.timeout, 20 s/);
  await close();
});

async function settledBriefly(): Promise<void> {
  for (let i = 0; i < 60; i++) await null;
}

Deno.test("a refusal is followed by another try, later", async () => {
  const answers: RegistrationReply[] = [{ accepted: false, reason: "two of that name" }, ACCEPTED];
  const { cluster, tm, clock, close } = await world({ answer: () => answers.shift()!, waits: false });
  await settled();
  assert.deepEqual([cluster.registrations.length, tm.executor.isRegistered], [1, false]);
  assert.match(tm.log.messages("warn")[0], /two of that name/);
  clock.advance(LIMITS.registrationRefusedDelayMs - 1);
  await settled();
  assert.equal(cluster.registrations.length, 1);
  clock.advance(1);
  await settled();
  assert.equal(tm.executor.isRegistered, true);
  await close();
});

Deno.test("slots: taken, refused by the JobMaster, a JobMaster that does not answer, one that is not there", async () => {
  const { cluster, tm, clock, told, master, request, gateway, close } = await world({ slots: 4 });
  const never = new Promise<boolean>(() => {});
  master({ accepts: (id) => id === "silent" ? never : id !== "unwanted" });
  await request(0, "wanted");
  await request(1, "unwanted");
  assert.deepEqual(states(tm), ["ACTIVE", "FREE", "FREE", "FREE"]);
  assert.deepEqual(cluster.freed.map(({ allocationId }) => allocationId), ["unwanted"]);
  await request(1, "silent");
  await request(2, "nobody", "0".repeat(32));
  assert.deepEqual(states(tm), ["ACTIVE", "ALLOCATED", "ALLOCATED", "FREE"]);
  // The same again, and what is taken.
  await request(0, "wanted");
  assert.equal(await codeOf(request(0, "other")), "TSF-5261");
  assert.equal(await codeOf(request(9, "other")), "TSF-5260");
  for (let ms = 0; ms < LIMITS.slotTimeoutMs; ms += 500) {
    clock.advance(500);
    await settledBriefly();
  }
  await settled();
  assert.deepEqual(states(tm), ["ACTIVE", "FREE", "FREE", "FREE"]);
  assert.deepEqual(cluster.freed.map(({ allocationId }) => allocationId).toSorted(), ["nobody", "silent", "unwanted"]);
  assert.ok(told.offers.length >= 3);
  await gateway().call("jobEnded", { jobId: JOB });
  await close();
});

Deno.test("what may not be deployed: another token, another job, a slot that is not held, a key that is used", async () => {
  const { master, request, deploy, close } = await world();
  master();
  const key = `${JOB}/0/0`;
  assert.equal(await codeOf(deploy(key, "a")), "TSF-5268");
  await request(0, "a");
  assert.equal(await codeOf(deploy(key, "a", { jobMasterToken: "m0" })), "TSF-5268");
  assert.equal(await codeOf(deploy(key, "b")), "TSF-5268");
  assert.equal(await codeOf(deploy(key, "a")), undefined);
  assert.equal(await codeOf(deploy(key, "a")), "TSF-5271");
  await close();
});

Deno.test("rings have so much memory and no more: what does not fit is refused with the numbers, and fits later", async () => {
  const { tm, master, request, deploy, gateway, close } = await world();
  master();
  await request(0, "a");
  const links = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ peerSlot: n + 1, peerKey: `${JOB}/9/${n + 1}`, channels: 1000 }));
  // A ring of 64 slots of 32 KiB and some: 29 of them in 64 MiB.
  await deploy(`${JOB}/0/0`, "a", { links: links(20) });
  const { ringBytes } = tm.executor.status.shuffle;
  assert.equal(ringBytes, 20 * 64 * (32_768 + 256));
  const refused = await deploy(`${JOB}/1/0`, "a", { links: links(20) }).then(() => undefined, (error) => error);
  assert.equal(refused?.code, "TSF-5276");
  assert.match(refused.found, /^23\.7 MiB/);
  await gateway().call("closeSlot", { jobId: JOB, slotKey: `${JOB}/0/0` });
  assert.equal(tm.executor.status.shuffle.ringBytes, 0);
  assert.ok(await deploy(`${JOB}/2/0`, "a", { links: links(20) }));
  await close();
});

Deno.test("code that cannot be had fails the slot, and can be tried again", async () => {
  const { cluster, told, host, master, request, deploy, close } = await world();
  master();
  await request(0, "a");
  await deploy(`${JOB}/0/0`, "a", { bundleHash: "gone" });
  const [{ end }] = told.ends;
  assert.ok(end.kind === "failed" && end.error.kind === "error");
  assert.equal(end.error.flink?.code, "TSF-5270");
  cluster.blobs.set("gone", cluster.blobs.get("bundle")!);
  await deploy(`${JOB}/1/0`, "a", { bundleHash: "gone" });
  assert.equal(host.slots.length, 1);
  await close();
});

Deno.test("files of the distributed cache are there under their names, beside what the deployment has", async () => {
  const { cluster, files, master, request, deploy, tm, close } = await world();
  master();
  await request(0, "a");
  cluster.blobs.set("data", cluster.blobs.get("bundle")!);
  const slot = (await deploy(`${JOB}/0/0`, "a", { assets: [{ name: "rates", hash: "data", executable: false }] }))!;
  const path = slot.start.deployment.cachedFiles.get("rates")!;
  assert.ok(path.startsWith(`${tm.workDir}/jobs/${JOB}/`), path);
  assert.equal(files.text(path), CODE);
  await close();
});

Deno.test("cancel in every state of a slot: before its code is there, before it is wired, while it runs, while it ends", async () => {
  const { host, told, cluster, master, request, gateway, close } = await world();
  master();
  await request(0, "a");
  const cancel = (slotKey: string) =>
    gateway().tell("slotRequest", { jobId: JOB, slotKey, request: { type: "cancel" } });
  const ends = () => told.ends.map(({ slotKey, end }) => [slotKey.split("/")[1], end.kind]);
  // Before its code is there.
  void gateway().call("deploySlot", remoteStart(`${JOB}/0/0`, "a"));
  cancel(`${JOB}/0/0`);
  await settled();
  assert.deepEqual([ends(), host.slots.length], [[["0", "stopped"]], 0]);
  // The same, of code that cannot be had: still one end.
  void gateway().call("deploySlot", { ...remoteStart(`${JOB}/9/0`, "a"), bundleHash: "gone" });
  cancel(`${JOB}/9/0`);
  await settled();
  assert.deepEqual(ends().splice(1), [["9", "stopped"]]);
  told.ends.pop();
  // Before it is wired.
  await gateway().call("deploySlot", remoteStart(`${JOB}/1/0`, "a"));
  await settled();
  cancel(`${JOB}/1/0`);
  await settled();
  assert.deepEqual([ends().at(-1), host.slots[0].kills], [["1", "stopped"], 1]);
  // While it runs: its tasks end as they do.
  await gateway().call("deploySlot", remoteStart(`${JOB}/2/0`, "a"));
  await settled();
  const slot = host.slots[1];
  slot.post({ type: "deployed" });
  cancel(`${JOB}/2/0`);
  await settled();
  assert.deepEqual([slot.read(), slot.kills, ends().length], [[{ type: "cancel" }], 0, 2]);
  slot.cancelled();
  await settled();
  assert.deepEqual(told.reports.at(-1)?.report, { type: "state", executionId: "v_0_0", state: "CANCELED" });
  // While it ends: nothing more is said.
  host.onKill = "lingers";
  const closed = gateway().call("closeSlot", { jobId: JOB, slotKey: `${JOB}/2/0` });
  cancel(`${JOB}/2/0`);
  await settled();
  slot.end({ kind: "stopped" });
  await closed;
  // When it is gone.
  cancel(`${JOB}/2/0`);
  await gateway().call("closeSlot", { jobId: JOB, slotKey: `${JOB}/2/0` });
  assert.equal(ends().length, 2);
  assert.deepEqual(Object.keys(DEPLOYED_TRANSITIONS), ["PREPARING", "RUNNING", "CLOSING", "ENDED"]);
  assert.equal(cluster.freed.length, 0, "its slot is still the job's");
  host.onKill = "stops";
  await close();
});

Deno.test("a thread that dies is told of once, with why; its neighbour goes on", async () => {
  const { host, told, master, request, deploy, close } = await world();
  master();
  await request(0, "a");
  await request(1, "b");
  await deploy(`${JOB}/0/0`, "a");
  await deploy(`${JOB}/0/1`, "b");
  const [dead, alive] = host.slots;
  dead.end({ kind: "failed", error: new Error("out of heap") as never });
  await settled();
  assert.deepEqual(told.ends.map(({ slotKey, end }) => [slotKey, end.kind]), [[`${JOB}/0/0`, "failed"]]);
  assert.equal(alive.isAlive, true);
  await close();
});

Deno.test("a stuck thread: everybody is told, then the process ends with 5", async () => {
  const { cluster, clock, host, tm, told, master, request, deploy, gateway, close } = await world();
  master();
  await request(0, "a");
  const slot = (await deploy(`${JOB}/0/0`, "a"))!;
  slot.activity = 0;
  host.onKill = "lingers";
  const closed = gateway().call("closeSlot", { jobId: JOB, slotKey: `${JOB}/0/0` });
  await settled();
  slot.end({ kind: "stuck" });
  await closed;
  await settled();
  assert.equal(cluster.drained.length, 1);
  assert.match(told.disconnects[0].cause, /slot 0 of job "words" does not stop \(in task Count \(1\/1\)\)/);
  assert.equal(tm.ends.length, 0, "they hear of it first");
  clock.advance(200);
  await settled();
  assert.deepEqual(tm.ends.map(({ exitCode }) => exitCode), [5]);
  assert.equal(await codeOf(request(1, "late")), "TSF-5275");
  await close();
});

Deno.test("the JobManager is lost: jobs go on for heartbeat.timeout, then their threads end and slots are free", async () => {
  const { cluster, clock, host, tm, master, request, deploy, close } = await world();
  master();
  await request(0, "a");
  const slot = (await deploy(`${JOB}/0/0`, "a"))!;
  // Its process is gone: nobody listens any more.
  await cluster.jobManager.listener.close();
  cluster.network.cut(cluster.jobManager.address);
  await settled();
  assert.equal(tm.executor.isRegistered, false);
  clock.advance(LIMITS.heartbeatTimeoutMs - 1);
  await settled();
  assert.deepEqual([slot.isAlive, states(tm)], [true, ["ACTIVE", "FREE"]]);
  clock.advance(1);
  await settled();
  assert.deepEqual([host.slots[0].isAlive, states(tm)], [false, ["FREE", "FREE"]]);
  await close();
});

Deno.test("the JobManager is back in time: registers again, ends what was given up, offers the slots again", async () => {
  const { cluster, clock, tm, told, master, request, deploy, close } = await world();
  master();
  await request(0, "a");
  const slot = (await deploy(`${JOB}/0/0`, "a"))!;
  cluster.network.cut(cluster.jobManager.address);
  await settled();
  clock.advance(1000);
  await settled();
  assert.equal(cluster.registrations.length, 2);
  assert.deepEqual(cluster.registrations[1].slots[0], { slotIndex: 0, allocationId: "a", jobId: JOB });
  assert.deepEqual([slot.isAlive, told.offers.length, states(tm)], [false, 2, ["ACTIVE", "FREE"]]);
  const next = await deploy(`${JOB}/1/0`, "a");
  assert.ok(next?.isAlive);
  for (let n = 0; n < 10; n++) {
    clock.advance(1000);
    await settledBriefly();
  }
  assert.ok(next.isAlive, "nobody is given up any more");
  await close();
});

Deno.test("a ResourceManager that is frozen: registers anew after heartbeat.timeout, once, and is heard again", async () => {
  let isFrozen = true;
  const { cluster, clock, tm, close } = await world({
    beat: () => isFrozen ? new Promise(() => {}) : Promise.resolve({}),
  });
  clock.advance(4999);
  await settled();
  assert.equal(cluster.registrations.length, 1);
  // What it has not answered it never will.
  isFrozen = false;
  for (let n = 0; n < 3; n++) {
    clock.advance(1000);
    await settled();
  }
  assert.equal(cluster.registrations.length, 2);
  for (let n = 0; n < 20; n++) {
    clock.advance(1000);
    await settledBriefly();
  }
  assert.deepEqual([cluster.registrations.length, tm.executor.isRegistered], [2, true]);
  assert.equal(tm.log.messages("warn").length, 1, tm.log.messages("warn").join("; "));
  await close();
});

Deno.test("a JobMaster that is gone while its process answers: given up after heartbeat.timeout", async () => {
  const { clock, tm, master, request, deploy, close } = await world();
  const server = master();
  await request(0, "a");
  const slot = (await deploy(`${JOB}/0/0`, "a"))!;
  for (let n = 0; n < 10; n++) {
    clock.advance(1000);
    await settledBriefly();
  }
  assert.ok(slot.isAlive);
  server.close();
  for (let n = 0; n < 8; n++) {
    clock.advance(1000);
    await settled();
  }
  assert.deepEqual([slot.isAlive, states(tm)], [false, ["FREE", "FREE"]]);
  assert.equal(tm.executor.isRegistered, true);
  await close();
});

Deno.test("another JobMaster leads the job: what the earlier one had ends, and its slots are free", async () => {
  const { cluster, tm, host, master, request, deploy, gateway, close } = await world();
  const earlier = master();
  await request(0, "a");
  await deploy(`${JOB}/0/0`, "a");
  earlier.close();
  master({ token: "m2" });
  await gateway().call("requestSlot", {
    slotIndex: 1,
    jobId: JOB,
    allocationId: "b",
    jobMasterToken: "m2",
    profile: {},
  });
  await settled();
  assert.deepEqual([host.slots[0].isAlive, states(tm)], [false, ["FREE", "ACTIVE"]]);
  assert.deepEqual(cluster.freed.map(({ allocationId }) => allocationId), ["a"]);
  assert.equal(await codeOf(deploy(`${JOB}/1/0`, "b")), "TSF-5268", "the earlier one is late");
  assert.ok(await deploy(`${JOB}/1/0`, "b", { jobMasterToken: "m2" }));
  await close();
});

Deno.test("slots that the JobMaster does not know end", async () => {
  const stale: string[] = [];
  const { clock, told, host, master, request, deploy, close } = await world();
  master({ unknown: () => stale });
  await request(0, "a");
  await deploy(`${JOB}/0/0`, "a");
  await deploy(`${JOB}/1/0`, "a");
  stale.push(`${JOB}/0/0`);
  clock.advance(1000);
  await settled();
  assert.deepEqual(told.beats.at(-1), { slotKeys: [`${JOB}/0/0`, `${JOB}/1/0`] });
  assert.deepEqual(host.slots.map(({ isAlive }) => isAlive), [false, true]);
  await close();
});

Deno.test("drain: no new slots, everybody is told, what it has ends; asked by the ResourceManager the process ends, too", async () => {
  const { cluster, clock, host, tm, told, master, request, deploy, gateway, close } = await world();
  master();
  await request(0, "a");
  await deploy(`${JOB}/0/0`, "a");
  await gateway().call("drainTaskManager", { resourceId: "tm-1", cause: "maintenance" });
  await settled();
  assert.deepEqual(cluster.drained[0], { resourceId: "tm-1", cause: "maintenance" });
  assert.deepEqual(told.disconnects[0], { resourceId: "tm-1", cause: "maintenance" });
  assert.deepEqual([host.slots[0].isAlive, states(tm)], [false, ["FREE", "FREE"]]);
  assert.equal(await codeOf(request(0, "b")), "TSF-5275");
  clock.advance(200);
  await settled();
  assert.deepEqual(tm.ends, [{ exitCode: 0, cause: "maintenance" }]);
  assert.equal(tm.executor.status.draining, "maintenance");
  await close();
});

Deno.test("a drain does not wait for a thread that does not end", async () => {
  const { clock, host, tm, master, request, deploy, close } = await world({ limits: { drainTimeoutMs: 500 } });
  master();
  await request(0, "a");
  const slot = (await deploy(`${JOB}/0/0`, "a"))!;
  host.onKill = "lingers";
  let isOver = false;
  void tm.executor.drain("SIGTERM").then(() => isOver = true);
  await settled();
  clock.advance(499);
  await settled();
  assert.equal(isOver, false);
  clock.advance(1);
  await settled();
  assert.equal(isOver, true);
  slot.end({ kind: "stopped" });
  await close();
});

Deno.test("many jobs come and go: nothing of them is left", async () => {
  const { cluster, files, host, tm, master, request, deploy, gateway, close } = await world({ slots: 3 });
  const server = master();
  for (let round = 0; round < 50; round++) {
    for (const n of [0, 1, 2]) await request(n, `${round}-${n}`);
    const keys = [0, 1, 2].map((n) => `${JOB}/${round}/${n}`);
    const links = (n: number) =>
      keys.flatMap((peerKey, peerSlot) => peerSlot === n ? [] : [{ peerSlot, peerKey, channels: 2 }]);
    for (const n of [0, 1, 2]) await deploy(keys[n], `${round}-${n}`, { links: links(n) });
    if (round % 2 === 0) host.slots.at(-1)!.end({ kind: "stopped" });
    await gateway().call("jobEnded", { jobId: JOB });
    await settled();
    assert.deepEqual(tm.executor.status.sizes, NOTHING, `round ${round}`);
  }
  assert.equal(cluster.freed.length, 150);
  assert.equal(host.slots.length, 150);
  assert.deepEqual(files.listSync(`${tm.workDir}/jobs`), []);
  server.close();
  await close();
});

/** What a JobMaster would do, in any order, together with what may go wrong. */
const chaosStep = fc.record({
  op: fc.constantFrom(
    "request",
    "deploy",
    "closeSlot",
    "freeSlot",
    "jobEnded",
    "threadDies",
    "threadSpeaks",
    "cut",
    "time",
    "settle",
  ),
  slot: fc.nat(2),
  job: fc.nat(1),
  ms: fc.integer({ min: 1, max: 6000 }),
});

Deno.test("any order of calls, deaths and broken connections: one end per thread at most, and nothing stays", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(chaosStep, { maxLength: 40 }), async (steps) => {
      const { cluster, clock, host, tm, told, master, gateway, close } = await world({ slots: 3 });
      const jobs = ["a", "b"].map((letter) => letter.repeat(32));
      for (const jobId of jobs) master({ jobId });
      let serial = 0;
      const allocations: { id: string; jobId: string }[] = [];
      const keys: { key: string; jobId: string }[] = [];
      const tried: Promise<unknown>[] = [];
      const call = <M extends keyof Messages>(method: M, body: Messages[M]["request"]): void => {
        tried.push(gateway().call(method, body).catch(() => {}));
      };
      for (const { op, slot, job, ms } of steps) {
        const jobId = jobs[job];
        const allocation = allocations.filter((one) => one.jobId === jobId).at(-1);
        switch (op) {
          case "request": {
            const id = `allocation-${serial++}`;
            allocations.push({ id, jobId });
            call("requestSlot", { slotIndex: slot, jobId, allocationId: id, jobMasterToken: "m1", profile: {} });
            break;
          }
          case "deploy": {
            const key = `${jobId}/${serial++}/${slot}`;
            keys.push({ key, jobId });
            const links = [{ peerSlot: 7, peerKey: `${key}x`, channels: 1 }];
            call("deploySlot", { ...remoteStart(key, allocation?.id ?? "none"), jobId, links });
            break;
          }
          case "closeSlot":
            if (keys.length > 0) call("closeSlot", { jobId, slotKey: keys[slot % keys.length].key });
            break;
          case "freeSlot":
            if (allocation !== undefined) call("freeSlot", { allocationId: allocation.id, cause: "" });
            break;
          case "jobEnded":
            call("jobEnded", { jobId });
            break;
          case "threadDies":
            host.slots.find(({ isAlive }) => isAlive)?.end({ kind: "failed", error: new Error("dies") as never });
            break;
          case "threadSpeaks":
            host.slots.find(({ isAlive }) => isAlive)?.post({ type: "deployed" });
            break;
          case "cut":
            cluster.network.cut(cluster.jobManager.address);
            break;
          case "time":
            clock.advance(ms);
            break;
          case "settle":
            await settledBriefly();
        }
        assert.ok(tm.executor.status.slots.length === 3);
      }
      await settled();
      const ends = told.ends.map(({ slotKey }) => slotKey);
      assert.equal(new Set(ends).size, ends.length, "one end per thread");
      assert.ok(ends.every((key) => keys.some((one) => one.key === key)), "of threads that were asked for");
      // Back at the JobManager, which ends all jobs.
      for (let n = 0; n < 6 && !tm.executor.isRegistered; n++) {
        clock.advance(2000);
        await settled();
      }
      for (const jobId of jobs) await gateway().call("jobEnded", { jobId }).catch(() => {});
      await settled();
      assert.deepEqual(states(tm), ["FREE", "FREE", "FREE"]);
      assert.deepEqual(tm.executor.status.sizes, NOTHING);
      assert.equal(tm.executor.status.shuffle.ringBytes, 0);
      assert.ok(host.slots.every(({ isAlive }) => !isAlive));
      assert.deepEqual(tm.ends, []);
      await close();
    }),
    { numRuns: 40 },
  );
});
