import assert from "node:assert/strict";
import { FakeCluster } from "./testdata/fake_cluster.ts";

Deno.test("slots that a job declares are asked for at the TaskManagers that have them", async () => {
  const cluster = await FakeCluster.start();
  const one = await cluster.taskManager("tm-1");
  const other = await cluster.taskManager("tm-2");
  cluster.manager.declareRequirements("job", "token", 3, {});
  await cluster.settle();
  assert.deepEqual([one.allocated.length, other.allocated.length], [2, 1]);
  assert.deepEqual(one.requests.map(({ jobId, jobMasterToken, profile }) => ({ jobId, jobMasterToken, profile })), [
    { jobId: "job", jobMasterToken: "token", profile: {} },
    { jobId: "job", jobMasterToken: "token", profile: {} },
  ]);
  assert.deepEqual(cluster.manager.resources("job"), {
    required: 3,
    acquired: 3,
    missing: 0,
    taskManagers: 2,
    slotsTotal: 4,
    slotsFree: 1,
    slotsFitting: 0,
    workersPending: 0,
  });
  assert.deepEqual(cluster.manager.overview(), { taskManagers: 2, slotsTotal: 4, slotsAvailable: 1 });
  await cluster.close();
});

Deno.test("slots are spread over TaskManagers when the configuration says so", async () => {
  for (
    const configuration of [{ "cluster.evenly-spread-out-slots": true }, { "taskmanager.load-balance.mode": "SLOTS" }]
  ) {
    const cluster = await FakeCluster.start({ configuration });
    const workers = [await cluster.taskManager("a", { slots: 4 }), await cluster.taskManager("b", { slots: 2 })];
    cluster.manager.declareRequirements("job", "token", 3, {});
    await cluster.settle();
    assert.deepEqual(workers.map((worker) => worker.allocated.length), [2, 1]);
    await cluster.close();
  }
});

Deno.test("a job that waits gets the slots of a TaskManager that comes later", async () => {
  const cluster = await FakeCluster.start();
  cluster.manager.declareRequirements("job", "token", 2, {});
  assert.equal(cluster.manager.resources("job").missing, 2);
  const late = await cluster.taskManager("tm");
  assert.equal(late.allocated.length, 2);
  await cluster.close();
});

Deno.test("jobs are served in the order in which they came, and freed slots go on to the next", async () => {
  const cluster = await FakeCluster.start();
  const worker = await cluster.taskManager("tm", { slots: 3 });
  cluster.manager.declareRequirements("first", "t1", 2, {});
  cluster.manager.declareRequirements("second", "t2", 2, {});
  await cluster.settle();
  assert.deepEqual(worker.allocated.map(({ jobId }) => jobId), ["first", "first", "second"]);
  assert.deepEqual(cluster.manager.resources("second").missing, 1);
  cluster.manager.declareRequirements("first", "t1", 0, {});
  worker.free(worker.slots[0].allocationId!);
  await cluster.settle();
  assert.deepEqual(worker.allocated.map(({ jobId }) => jobId), ["second", "first", "second"]);
  await cluster.close();
});

Deno.test("large slots go to those who need them", async () => {
  const cluster = await FakeCluster.start();
  const small = await cluster.taskManager("small", { profile: { heapMb: 256 } });
  const large = await cluster.taskManager("large", { profile: { heapMb: 1024 } });
  cluster.manager.declareRequirements("job", "token", 1, { heapMb: 100 });
  cluster.manager.declareRequirements("job", "token", 2, { heapMb: 512 });
  cluster.manager.declareRequirements("job", "token", 1, { heapMb: 2048 });
  await cluster.settle();
  assert.deepEqual([small.allocated.length, large.allocated.length], [1, 2]);
  const { required, acquired, missing, slotsFree, slotsFitting } = cluster.manager.resources("job");
  assert.deepEqual({ required, acquired, missing, slotsFree, slotsFitting }, {
    required: 4,
    acquired: 3,
    missing: 1,
    slotsFree: 1,
    slotsFitting: 0,
  });
  await cluster.close();
});

Deno.test("the largest slots are found first, so that a small need does not take the only large slot", async () => {
  const cluster = await FakeCluster.start();
  cluster.manager.declareRequirements("job", "token", 1, { heapMb: 100 });
  cluster.manager.declareRequirements("job", "token", 1, { heapMb: 512 });
  const large = await cluster.taskManager("large", { slots: 1, profile: { heapMb: 1024 } });
  assert.deepEqual(large.requests.map(({ profile }) => profile), [{ heapMb: 512 }]);
  await cluster.taskManager("small", { slots: 1 });
  assert.equal(cluster.manager.resources("job").missing, 0);
  await cluster.close();
});

Deno.test("a TaskManager that refuses a slot is left alone for a while, another one is asked at once", async () => {
  const cluster = await FakeCluster.start();
  const refusing = await cluster.taskManager("refusing", { slots: 1, profile: { heapMb: 100 } });
  const other = await cluster.taskManager("other", { slots: 1 });
  refusing.answer = "refuses";
  cluster.manager.declareRequirements("job", "token", 1, {});
  await cluster.settle();
  assert.deepEqual([refusing.requests.length, other.allocated.length], [1, 1]);
  cluster.manager.declareRequirements("job", "token", 2, {});
  await cluster.settle();
  assert.equal(refusing.requests.length, 1);
  refusing.answer = "grants";
  await cluster.advance(1_000);
  assert.equal(refusing.allocated.length, 1);
  await cluster.close();
});

Deno.test("a request without an answer ends, and what the TaskManager then says about the slot counts", async () => {
  const cluster = await FakeCluster.start({ slotRetryMs: 1e9 });
  const worker = await cluster.taskManager("tm", { slots: 1 });
  worker.answer = "hangs";
  cluster.manager.declareRequirements("job", "token", 1, {});
  await cluster.advance(9_000);
  assert.equal(cluster.manager.resources("job").acquired, 1);
  worker.answer = "grants";
  // After the time-out the next heartbeat says that the slot is free.
  await cluster.advance(12_000);
  assert.equal(worker.requests.length, 2);
  assert.notEqual(worker.requests[0].allocationId, worker.requests[1].allocationId);
  assert.equal(worker.allocated[0].allocationId, worker.requests[1].allocationId);
  await cluster.close();
});

Deno.test("slots of a TaskManager that is killed are found elsewhere at once", async () => {
  const cluster = await FakeCluster.start();
  const killed = await cluster.taskManager("killed");
  cluster.manager.declareRequirements("job", "token", 2, {});
  await cluster.settle();
  const other = await cluster.taskManager("other");
  assert.deepEqual([killed.allocated.length, other.allocated.length], [2, 0]);
  killed.kill();
  await cluster.settle();
  assert.equal(other.allocated.length, 2);
  assert.deepEqual(cluster.manager.taskManagers().map(({ resourceId }) => resourceId), ["other"]);
  assert.match(cluster.log.messages("warn").join(), /killed is lost: \[TSF-5258\]/);
  await cluster.close();
});

Deno.test("a TaskManager that is frozen is lost after the heartbeat timeout, its connection is closed", async () => {
  const cluster = await FakeCluster.start({ heartbeatIntervalMs: 100, heartbeatTimeoutMs: 500 });
  const worker = await cluster.taskManager("tm");
  await cluster.advance(2_000, 50);
  assert.equal(cluster.manager.overview().taskManagers, 1);
  worker.isFrozen = true;
  await cluster.advance(400, 50);
  assert.equal(cluster.manager.overview().taskManagers, 1);
  await cluster.advance(250, 50);
  assert.equal(cluster.manager.overview().taskManagers, 0);
  assert.equal(worker.peer.isOpen, false);
  assert.match(cluster.log.messages("warn").join(), /tm is lost/);
  await cluster.close();
});

Deno.test("its own heartbeats and reports keep a TaskManager registered, too", async () => {
  const cluster = await FakeCluster.start({ heartbeatIntervalMs: 100, heartbeatTimeoutMs: 500 });
  const worker = await cluster.taskManager("tm");
  worker.isFrozen = true;
  for (let i = 0; i < 10; i++) {
    await cluster.advance(300, 50);
    worker.manager.tell("heartbeat", { resourceId: "tm", payload: { load: i } });
    await cluster.settle();
  }
  assert.equal(cluster.manager.overview().taskManagers, 1);
  assert.deepEqual(cluster.manager.heartbeatPayload("tm"), { load: 9 });
  await cluster.close();
});

Deno.test("a new process of the same id takes the place of the old one, which is refused from then on", async () => {
  const cluster = await FakeCluster.start();
  const old = await cluster.taskManager("tm", { instanceId: "old" });
  cluster.manager.declareRequirements("job", "token", 1, {});
  await cluster.settle();
  const next = await cluster.taskManager("tm", { instanceId: "new" });
  assert.equal(old.peer.isOpen, false);
  assert.equal(next.allocated.length, 1);
  assert.equal(cluster.manager.overview().slotsTotal, 2);
  await old.connect();
  assert.equal(old.reply!.accepted, false);
  assert.match(JSON.stringify(old.reply), /own taskmanager.resource-id/);
  assert.equal(next.peer.isOpen, true);
  // What the old one still sends over its own connection is not taken for the new one's.
  await assert.rejects(
    old.manager.call("slotFreed", { resourceId: "tm", slotIndex: 0, allocationId: next.allocated[0].allocationId! }),
  );
  assert.equal(cluster.manager.resources("job").acquired, 1);
  await cluster.close();
});

Deno.test("the same process that comes back keeps its slots and its state", async () => {
  const cluster = await FakeCluster.start();
  const worker = await cluster.taskManager("tm");
  cluster.manager.declareRequirements("job", "token", 1, {});
  await cluster.settle();
  await cluster.manager.drainTaskManager("tm");
  worker.kill();
  await cluster.settle();
  assert.equal(cluster.manager.resources("job").acquired, 0);
  await worker.connect();
  assert.equal(worker.reply!.accepted, true);
  assert.equal(cluster.manager.resources("job").acquired, 1);
  assert.equal(worker.requests.length, 1);
  assert.equal(cluster.manager.taskManagers()[0].isDraining, true);
  await cluster.close();
});

Deno.test("a TaskManager may register again over its connection: what it says about its slots counts", async () => {
  const cluster = await FakeCluster.start();
  const worker = await cluster.taskManager("tm", { slots: 1 });
  cluster.manager.declareRequirements("job", "token", 1, {});
  await cluster.settle();
  worker.slots[0] = { slotIndex: 0 };
  await worker.register();
  assert.equal(worker.peer.isOpen, true);
  assert.equal(worker.requests.length, 2);
  await cluster.close();
});

Deno.test("registrations that are refused say why", async () => {
  const cluster = await FakeCluster.start({ maxTaskManagers: 1 });
  const first = await cluster.taskManager("first");
  assert.equal(first.reply!.accepted, true);
  const second = await cluster.taskManager("second");
  assert.match(JSON.stringify(second.reply), /1 TaskManagers are registered, which is the limit/);
  first.slots[1] = { slotIndex: 0 };
  await first.register();
  assert.match(JSON.stringify(first.reply), /two of its slots have one index/);
  const body = {
    ...JSON.parse("{}"),
    resourceId: "first",
    instanceId: "x",
    slots: [],
    slotProfile: {},
    pid: 1,
    hostname: "",
  };
  const stranger = await second.process.rpc.gateway(second.peer, "resourcemanager", "").call("registerTaskManager", {
    ...body,
    dataAddress: { host: "", port: 0 },
    hardware: { cpuCores: 0, physicalMemoryBytes: 0, heapBytes: 0, managedBytes: 0, networkBytes: 0 },
  });
  assert.match(JSON.stringify(stranger), /its connection belongs to/);
  await cluster.close();
});

Deno.test("messages of somebody who is not registered are refused, with another token dropped", async () => {
  const cluster = await FakeCluster.start();
  const worker = await cluster.taskManager("tm");
  const report = { resourceId: "nobody", slots: [] };
  await assert.rejects(worker.manager.call("slotReport", report), { code: "TSF-5251" });
  const other = await cluster.taskManager("other");
  await assert.rejects(other.manager.call("drainTaskManager", { resourceId: "tm", cause: "" }), { code: "TSF-5251" });
  const stale = worker.process.rpc.gateway(worker.peer, "resourcemanager", "old token");
  stale.tell("drainTaskManager", { resourceId: "tm", cause: "" });
  await cluster.settle();
  assert.equal(cluster.jobManager.rpc.statistics.fenced, 1);
  assert.equal(cluster.manager.taskManagers()[0].isDraining, false);
  await cluster.close();
});

Deno.test("a TaskManager that is drained gets no new slots", async () => {
  const cluster = await FakeCluster.start();
  const drained = await cluster.taskManager("drained");
  cluster.manager.declareRequirements("job", "token", 1, {});
  await cluster.settle();
  await cluster.manager.drainTaskManager("drained");
  assert.deepEqual(drained.drained, ["it is drained by request"]);
  cluster.manager.declareRequirements("job", "token", 2, {});
  await cluster.settle();
  assert.deepEqual([drained.allocated.length, cluster.manager.resources("job").slotsFree], [1, 0]);
  const leaving = await cluster.taskManager("leaving");
  assert.equal(leaving.allocated.length, 1);
  await leaving.manager.call("drainTaskManager", { resourceId: "leaving", cause: "SIGTERM" });
  cluster.manager.declareRequirements("job", "token", 3, {});
  await cluster.settle();
  assert.equal(leaving.allocated.length, 1);
  await assert.rejects(cluster.manager.drainTaskManager("other"), { code: "TSF-5252" });
  await cluster.close();
});

Deno.test("slots that an ended job still holds are freed for it after a while", async () => {
  const cluster = await FakeCluster.start();
  const worker = await cluster.taskManager("tm");
  cluster.manager.declareRequirements("job", "token", 2, {});
  await cluster.settle();
  const [kept, given] = worker.allocated.map(({ allocationId }) => allocationId!);
  cluster.manager.jobEnded("job");
  worker.free(given);
  await cluster.advance(9_000);
  assert.deepEqual(worker.freeRequests, []);
  await cluster.advance(2_000);
  assert.deepEqual(worker.freeRequests, [kept]);
  assert.equal(cluster.manager.overview().slotsAvailable, 2);
  const pending = cluster.clock.pending;
  await cluster.advance(60_000);
  assert.ok(cluster.clock.pending <= pending);
  assert.equal(worker.freeRequests.length, 1);
  await cluster.close();
});

Deno.test("what REST shows of a TaskManager", async () => {
  const cluster = await FakeCluster.start();
  await cluster.taskManager("tm", { slots: 2, profile: { heapMb: 256, managedMb: 64, cpuCores: 1 } });
  cluster.manager.declareRequirements("job", "token", 1, {});
  await cluster.settle();
  assert.deepEqual(cluster.manager.taskManagers(), [{
    resourceId: "tm",
    host: "10.0.0.1",
    dataPort: 6121,
    pid: 4711,
    lastHeartbeat: 1_000_000,
    slotsTotal: 2,
    slotsFree: 1,
    isDraining: false,
    allocatedSlots: [{ jobId: "job", resource: { cpuCores: 1, heapMb: 256, managedMb: 64, networkMb: 32 } }],
    total: { cpuCores: 2, heapMb: 512, managedMb: 128, networkMb: 64 },
    free: { cpuCores: 1, heapMb: 256, managedMb: 64, networkMb: 32 },
    hardware: { cpuCores: 4, physicalMemoryBytes: 2 ** 33, heapBytes: 2 ** 29, managedBytes: 0, networkBytes: 2 ** 26 },
  }]);
  await cluster.close();
});

Deno.test("after its end nothing is planned any more", async () => {
  const cluster = await FakeCluster.start();
  const worker = await cluster.taskManager("tm");
  cluster.manager.declareRequirements("job", "token", 3, {});
  await cluster.settle();
  await cluster.close();
  cluster.manager.declareRequirements("job", "token", 4, {});
  assert.equal(worker.requests.length, 2);
  assert.equal(cluster.clock.pending, 0);
});
