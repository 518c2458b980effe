import assert from "node:assert/strict";
import { RetryableError } from "../../runtime/errors.ts";
import { FakeCluster, FakeProvider } from "./testdata/fake_cluster.ts";

async function started(configuration: Record<string, unknown> = {}, slots = 2) {
  const provider = new FakeProvider(slots);
  const cluster = await FakeCluster.start({ configuration }, provider);
  await cluster.settle();
  const need = async (count: number, jobId = "job", profile = {}) => {
    cluster.manager.declareRequirements(jobId, "token", count, profile);
    await cluster.settle();
  };
  const comesUp = async (resourceId: string) => {
    provider.succeed(resourceId);
    await cluster.settle();
    return await cluster.taskManager(resourceId, { slots });
  };
  return { provider, cluster, need, comesUp };
}

Deno.test("as many workers are asked for as the missing slots need, those on their way counted", async () => {
  const { provider, cluster, need, comesUp } = await started();
  assert.equal(provider.starts.length, 0);
  await need(3);
  assert.equal(provider.starts.length, 2);
  await need(4);
  assert.equal(provider.starts.length, 2);
  assert.equal(cluster.manager.resources("job").workersPending, 2);
  await need(5);
  assert.equal(provider.starts.length, 3);
  for (const id of ["w1", "w2", "w3"]) assert.equal((await comesUp(id)).reply!.accepted, true);
  const { required, acquired, workersPending } = cluster.manager.resources("job");
  assert.deepEqual({ required, acquired, workersPending }, { required: 5, acquired: 5, workersPending: 0 });
  assert.equal(provider.starts.length, 0);
  await cluster.close();
  assert.equal(provider.isClosed, true);
});

Deno.test("a worker may register before its provider answers", async () => {
  const { provider, cluster, need } = await started();
  await need(2);
  const early = await cluster.taskManager("early");
  assert.equal(early.allocated.length, 2);
  provider.succeed("early");
  await cluster.settle();
  assert.equal(cluster.manager.resources("job").workersPending, 0);
  await cluster.advance(400_000, 10_000);
  assert.deepEqual(provider.stopped, []);
  await cluster.close();
});

Deno.test("a start that brings up two workers: both are used, the idle one goes", async () => {
  const { provider, cluster, need, comesUp } = await started();
  await need(2);
  await comesUp("asked");
  await cluster.taskManager("twin");
  assert.equal(cluster.manager.overview().slotsTotal, 4);
  await cluster.advance(31_000, 1_000);
  assert.deepEqual(provider.stopped, ["twin"]);
  assert.equal(cluster.manager.overview().slotsTotal, 2);
  await cluster.close();
});

Deno.test("idle workers are released after their time, and not before", async () => {
  const { provider, cluster, need, comesUp } = await started();
  await need(2);
  const worker = await comesUp("w1");
  await cluster.advance(100_000, 1_000);
  assert.deepEqual(provider.stopped, []);
  await need(0);
  for (const { allocationId } of worker.allocated) worker.free(allocationId!);
  await cluster.settle();
  await cluster.advance(29_000, 1_000);
  assert.deepEqual(provider.stopped, []);
  await cluster.advance(2_000, 500);
  assert.deepEqual([provider.stopped, provider.killed], [["w1"], []]);
  assert.equal(worker.peer.isOpen, false);
  assert.equal(cluster.manager.overview().taskManagers, 0);
  await cluster.close();
});

Deno.test("a worker that refuses at first is tried again, not replaced; one that goes on refusing is", async () => {
  const { provider, cluster, need } = await started();
  await need(2);
  provider.succeed("w1");
  const worker = await cluster.taskManager("w1", { slots: 2 }, "refuses");
  assert.deepEqual([worker.requests.length, provider.starts.length], [2, 0]);
  await cluster.advance(25, 5);
  assert.deepEqual([worker.requests.length, provider.starts.length], [4, 0]);
  await cluster.advance(10_000, 10);
  assert.equal(provider.starts.length, 1);
  worker.answer = "grants";
  await cluster.advance(1_000, 10);
  assert.equal(worker.allocated.length, 2);
  await cluster.close();
});

Deno.test("a worker of which only the registration was heard is asked for nothing, and nobody is started for it", async () => {
  const { provider, cluster, need } = await started();
  await need(2);
  provider.succeed("w1");
  const worker = await cluster.taskManager("w1", { slots: 2 }, "frozen");
  await cluster.advance(10_000, 1_000);
  assert.deepEqual([worker.requests.length, provider.starts.length], [0, 0]);
  await cluster.advance(60_000, 1_000);
  assert.deepEqual([provider.stopped, provider.starts.length], [["w1"], 1]);
  await cluster.close();
});

Deno.test("starts that fail are repeated at once, then after a pause, and told of to who waits", async () => {
  const { provider, cluster, need, comesUp } = await started({ "resourcemanager.start-worker.max-failure-rate": 3 });
  await need(1);
  const fail = async () => {
    provider.fail();
    await cluster.settle();
  };
  await fail();
  await fail();
  assert.equal(provider.starts.length, 1);
  assert.match(cluster.manager.resources("job").startFailure!, /TSF-5254/);
  await fail();
  assert.equal(provider.starts.length, 0);
  await cluster.advance(2_900, 100);
  assert.equal(provider.starts.length, 0);
  await cluster.advance(200, 100);
  assert.equal(provider.starts.length, 1);
  await comesUp("w1");
  assert.equal(cluster.manager.resources("job").startFailure, undefined);
  await cluster.close();
});

Deno.test("a worker that does not register is stopped and replaced", async () => {
  const { provider, cluster, need } = await started({ "resourcemanager.taskmanager-registration.timeout": "10 s" });
  await need(1);
  provider.succeed("silent");
  await cluster.advance(9_500);
  assert.deepEqual(provider.stopped, []);
  await cluster.advance(1_000);
  assert.deepEqual([provider.stopped, provider.starts.length], [["silent"], 1]);
  assert.match(cluster.manager.resources("job").startFailure!, /TSF-5255/);
  await cluster.close();
});

Deno.test("a worker that ends is replaced while its slots are needed", async () => {
  const { provider, cluster, need, comesUp } = await started();
  const end = async (resourceId: string) => {
    provider.listener.onWorkerTerminated(resourceId, new RetryableError("TSF-5281", "exit code 1"));
    await cluster.settle();
  };
  await need(1);
  provider.succeed("early");
  await cluster.settle();
  await end("early");
  assert.equal(provider.starts.length, 1);
  await comesUp("w1");
  await end("w1");
  assert.deepEqual([cluster.manager.overview().taskManagers, provider.starts.length], [0, 1]);
  await end("nobody");
  const other = await comesUp("w2");
  other.kill();
  await cluster.settle();
  assert.deepEqual([provider.killed, provider.starts.length], [["w2"], 1]);
  await cluster.close();
});

Deno.test("limits: no more slots than the most, no fewer than the least, some idle on purpose", async () => {
  const most = await started({ "slotmanager.number-of-slots.max": 5 });
  await most.need(20);
  assert.equal(most.provider.starts.length, 2);
  await most.cluster.close();

  const least = await started({ "slotmanager.number-of-slots.min": 3 });
  assert.equal(least.provider.starts.length, 2);
  await least.comesUp("w1");
  await least.comesUp("w2");
  await least.cluster.taskManager("w3");
  await least.cluster.advance(100_000, 5_000);
  assert.equal(least.provider.stopped.length, 1);
  await least.cluster.close();

  const standBy = await started({ "slotmanager.redundant-taskmanager-num": 1 });
  assert.equal(standBy.provider.starts.length, 1);
  await standBy.comesUp("w1");
  await standBy.cluster.advance(100_000, 5_000);
  assert.deepEqual(standBy.provider.stopped, []);
  await standBy.need(1);
  assert.equal(standBy.provider.starts.length, 1);
  await standBy.cluster.close();
});

Deno.test("slots that no worker of the provider would have do not start any", async () => {
  const { provider, cluster, need } = await started();
  await need(2, "job", { heapMb: 10_000 });
  assert.equal(provider.starts.length, 0);
  assert.equal(cluster.manager.resources("job").missing, 2);
  await cluster.close();
});

Deno.test("workers of an earlier JobManager are waited for before others are started", async () => {
  const provider = new FakeProvider();
  provider.previous.push({ resourceId: "old-1" }, { resourceId: "old-2" });
  const configuration = { "resourcemanager.taskmanager-registration.timeout": "10 s" };
  const cluster = await FakeCluster.start({ configuration }, provider);
  cluster.manager.declareRequirements("job", "token", 4, {});
  assert.equal(provider.starts.length, 0);
  await cluster.taskManager("old-1");
  await cluster.advance(10_500);
  assert.deepEqual([provider.stopped, provider.starts.length], [["old-2"], 1]);
  await cluster.close();
});

Deno.test("a worker that is drained goes as soon as nobody uses it", async () => {
  const { provider, cluster, need, comesUp } = await started();
  await need(1);
  const worker = await comesUp("w1");
  await cluster.manager.drainTaskManager("w1");
  assert.deepEqual(provider.stopped, []);
  worker.free(worker.allocated[0].allocationId!);
  await cluster.settle();
  assert.deepEqual([provider.stopped, provider.starts.length], [["w1"], 1]);
  await cluster.close();
});

Deno.test("a worker that comes up after the end is stopped", async () => {
  const { provider, cluster, need } = await started();
  await need(1);
  await cluster.close();
  provider.succeed("late");
  await cluster.settle();
  assert.deepEqual(provider.stopped, ["late"]);
  assert.equal(cluster.clock.pending, 0);
});
