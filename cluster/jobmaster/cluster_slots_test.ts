import assert from "node:assert/strict";
import { ManualClock } from "tsflink/testing";
import type { FlinkError } from "../../runtime/errors.ts";
import { JobExecutionError } from "../../runtime/errors.ts";
import { toTransferable } from "../../runtime/seams/error_transfer.ts";
import type { SlotEnd } from "../../runtime/seams/worker_host.ts";
import type { SlotReport } from "../../runtime/tasks/slot/slot_protocol.ts";
import { CapturedLog } from "../../runtime/testing/test_seams.ts";
import type { ResourceManagerGateway } from "../rpc/gateways.ts";
import type { RemoteSlotStart } from "../rpc/messages.ts";
import type { RpcGateway, RpcPeer } from "../rpc/rpc_service.ts";
import { type InProcessRpc, inProcessRpc } from "../rpc/testdata/in_process_rpc.ts";
import { InProcessNetwork } from "../transport/in_process_transport.ts";
import { ClusterSlots } from "./cluster_slots.ts";
import { ExecutionGraph } from "./execution_graph.ts";
import { REMOTE_SLOT_TRANSITIONS } from "./remote_slot.ts";
import { placeBySharing, type SlotGateway } from "./slots.ts";
import { regions } from "./testdata/played_slots.ts";

const JOB = "0".repeat(32);
const REQUEST_MS = 5000;

async function settled(): Promise<void> {
  for (let n = 0; n < 300; n++) await null;
}

/** A TaskManager that is played by the test, over the real RPC. */
class FakeTaskManager {
  readonly deployed: RemoteSlotStart[] = [];
  readonly calls: string[] = [];
  refuses: FlinkError | undefined;
  gateway!: RpcGateway;
  peer!: RpcPeer;

  constructor(readonly id: string, readonly rpc: InProcessRpc) {
    rpc.rpc.register("taskexecutor", {
      deploySlot: (start) => {
        if (this.refuses !== undefined) throw this.refuses;
        this.deployed.push(start);
      },
      slotRequest: ({ slotKey, request }) => void this.calls.push(`${slotKey.slice(33)} ${request.type}`),
      closeSlot: ({ slotKey }) => void this.calls.push(`${slotKey.slice(33)} close`),
      freeSlot: ({ allocationId }) => void this.calls.push(`free ${allocationId}`),
      jobEnded: () => void this.calls.push("jobEnded"),
    });
  }
  async offer(...allocationIds: string[]): Promise<readonly string[]> {
    const slots = allocationIds.map((allocationId, slotIndex) => ({ allocationId, slotIndex, profile: {} }));
    const dataAddress = { host: this.id, port: 1 };
    return (await this.gateway.call("offerSlots", { resourceId: this.id, dataAddress, slots })).accepted;
  }
  report(slotKey: string, report: SlotReport): void {
    this.gateway.tell("slotReportOf", { slotKey, report });
  }
}

async function rig(taskManagers = 2) {
  const network = new InProcessNetwork();
  const clock = new ManualClock();
  const master = await inProcessRpc(network, "jm", { role: "jobmanager" });
  const slots = new ClusterSlots({
    jobId: JOB,
    jobName: "j",
    jobMasterToken: "token",
    program: { url: "u" } as never,
    planFingerprint: ["p"],
    bundleHash: "b",
    assets: [],
    rpc: master.rpc,
    resourceManager: {
      declareRequirements: () => {},
      jobEnded: () => {},
      resources: () => ({ taskManagers: 2, slotsTotal: 3, slotsFree: 1, slotsFitting: 0 }),
    } as unknown as ResourceManagerGateway,
    clock,
    log: new CapturedLog(),
    seed: 1,
    limits: {
      requestTimeoutMs: REQUEST_MS,
      idleTimeoutMs: 50_000,
      heartbeatIntervalMs: 10_000,
      heartbeatTimeoutMs: 50_000,
      captureTimeoutMs: 1000,
      closeTimeoutMs: 1000,
      progressMs: 100,
    },
  });
  const all: FakeTaskManager[] = [];
  for (let n = 1; n <= taskManagers; n++) {
    const made = new FakeTaskManager(`tm${n}`, await inProcessRpc(network, `tm${n}`));
    made.peer = await made.rpc.rpc.connect(master.address);
    made.gateway = made.rpc.rpc.gateway(made.peer, `jobmaster_${JOB}`, "token");
    all.push(made);
  }
  return { slots, clock, all, master };
}

/** A stage of two slots, the subtasks of region a. */
function allocate(slots: ClusterSlots, attempt = 0) {
  const jobGraph = regions(["a"]);
  const graph = new ExecutionGraph(JOB, jobGraph, () => 0, () => {});
  const heard: string[] = [];
  const gateways = slots.allocate({
    jobGraph,
    attempt,
    deployment: {
      jobId: JOB,
      placements: placeBySharing(graph),
      settings: {} as never,
      cachedFiles: new Map(),
      collect: [],
    },
    onReport: (slot, report) => heard.push(`${slot} ${report.type}`),
    onEnd: (slot: number, end: SlotEnd) => heard.push(`${slot} ${end.kind === "failed" ? end.error.code : end.kind}`),
  });
  return { gateways, heard };
}

Deno.test("threads are started once all slots are there, with links that say where the others are", async () => {
  const { slots, all: [one, two] } = await rig();
  const { gateways, heard } = allocate(slots);
  assert.deepEqual(await one.offer("x"), ["x"]);
  await settled();
  assert.equal(one.deployed.length, 0);
  assert.deepEqual(await two.offer("y", "z"), ["y"]);
  await settled();
  const [first] = one.deployed;
  assert.deepEqual([first.slotKey, first.allocationId, first.jobMasterToken, first.start.deployment.slot], [
    `${JOB}/0/0`,
    "x",
    "token",
    0,
  ]);
  assert.deepEqual(first.links, [{
    peerSlot: 1,
    peerKey: `${JOB}/0/1`,
    channels: 2,
    peerAddress: { host: "tm2", port: 1 },
  }]);
  assert.deepEqual([...first.start.taskNames!.values()].length, 2);
  one.report(first.slotKey, { type: "deployed" });
  two.report(two.deployed[0].slotKey, { type: "deployed" });
  await settled();
  assert.deepEqual(heard, ["0 deployed", "1 deployed"]);
  gateways[1].request({ type: "start" });
  await settled();
  assert.deepEqual(two.calls, ["0/1 start"]);
  assert.deepEqual(gateways.map(({ location }) => location?.taskManagerId), ["tm1", "tm2"]);
});

Deno.test("in one TaskManager the slots need no address of each other", async () => {
  const { slots, all: [one] } = await rig(1);
  allocate(slots);
  await one.offer("x", "y");
  await settled();
  assert.deepEqual(one.deployed.map(({ links }) => links.map(({ peerSlot, peerAddress }) => [peerSlot, peerAddress])), [
    [[1, undefined]],
    [[0, undefined]],
  ]);
});

Deno.test("no slots in time; slots that come later are not started", async () => {
  const { slots, clock, all: [one] } = await rig();
  const { heard, gateways } = allocate(slots);
  await one.offer("x");
  await settled();
  clock.advance(REQUEST_MS);
  assert.deepEqual(heard, ["0 TSF-5226", "1 TSF-5226"]);
  await settled();
  await one.offer("y");
  await settled();
  assert.equal(one.deployed.length, 0);
  for (const gateway of gateways) await gateway.close();
  assert.equal(heard.length, 2);
});

Deno.test("a slot that is lost before the start is waited for again; after it the slot fails with its TaskManager", async () => {
  const { slots, all: [one, two] } = await rig();
  const { heard } = allocate(slots);
  await one.offer("x");
  await settled();
  one.gateway.tell("disconnectTaskManager", { resourceId: "tm1", cause: "drained" });
  await settled();
  assert.deepEqual(heard, []);
  await two.offer("y", "z");
  await settled();
  assert.equal(two.deployed.length, 2);
  two.peer.close();
  await settled();
  assert.deepEqual(heard, ["0 TSF-5223", "1 TSF-5223"]);
});

Deno.test("a TaskManager that refuses: the slot fails with its reason, and is asked for no more", async () => {
  const { slots, all: [one] } = await rig(1);
  const { heard } = allocate(slots);
  one.refuses = new JobExecutionError("TSF-5268", "not held");
  await one.offer("x", "y");
  await settled();
  assert.deepEqual(heard, ["0 TSF-5268", "1 TSF-5268"]);
  assert.equal(slots.pool.size, 0);
});

Deno.test("messages of slots that are over, of other attempts, with another token, are dropped and counted", async () => {
  const { slots, all: [one], master } = await rig(1);
  const { heard, gateways } = allocate(slots);
  await one.offer("x", "y");
  await settled();
  const [key] = one.deployed.map(({ slotKey }) => slotKey);
  for (const gateway of gateways) await gateway.close();
  await settled();
  one.report(key, { type: "deployed" });
  one.report(`${JOB}/7/0`, { type: "deployed" });
  one.gateway.tell("slotEnded", { slotKey: key, end: { kind: "stopped" } });
  const stale = one.rpc.rpc.gateway(one.peer, `jobmaster_${JOB}`, "an earlier token");
  await assert.rejects(stale.call("heartbeat", { resourceId: "tm1" }));
  await settled();
  assert.deepEqual([heard, slots.counters.staleMessages, master.rpc.statistics.fenced], [[], 3, 1]);
  assert.deepEqual(one.calls, ["0/0 close", "0/1 close"]);
  // The next attempt takes the slots that were kept, under keys of its own.
  allocate(slots, 1);
  await settled();
  assert.deepEqual(one.deployed.slice(2).map(({ slotKey, allocationId }) => [slotKey, allocationId]), [
    [`${JOB}/1/0`, "x"],
    [`${JOB}/1/1`, "y"],
  ]);
});

Deno.test("a heartbeat is answered with the slots that nobody knows here", async () => {
  const { slots, all: [one] } = await rig(1);
  allocate(slots);
  await one.offer("x", "y");
  await settled();
  const keys = [`${JOB}/0/0`, `${JOB}/9/0`];
  const { payload } = await one.gateway.call("heartbeat", { resourceId: "tm1", payload: { slotKeys: keys } });
  assert.deepEqual(payload, { unknownSlotKeys: [`${JOB}/9/0`] });
  assert.deepEqual(await one.gateway.call("heartbeat", { resourceId: "tm1" }), { payload: { unknownSlotKeys: [] } });
});

Deno.test("a thread that ends by itself ends its slot once, with its reason", async () => {
  const { slots, all: [one] } = await rig(1);
  const { heard } = allocate(slots);
  await one.offer("x", "y");
  await settled();
  const error = toTransferable(new JobExecutionError("TSF-0055", "out of heap"));
  for (const { slotKey } of one.deployed) one.report(slotKey, { type: "deployed" });
  one.gateway.tell("slotEnded", { slotKey: `${JOB}/0/0`, end: { kind: "failed", error } });
  one.gateway.tell("slotEnded", { slotKey: `${JOB}/0/0`, end: { kind: "stopped" } });
  one.gateway.tell("slotEnded", { slotKey: `${JOB}/0/1`, end: { kind: "stuck" } });
  await settled();
  assert.deepEqual(heard.slice(2), ["0 TSF-0055", "1 TSF-5224"]);
});

Deno.test("closing: at any moment nothing is left there, and nothing is heard", async () => {
  const moments: [string, (gateways: readonly SlotGateway[], one: FakeTaskManager) => Promise<unknown>][] = [
    ["waiting", () => settled()],
    ["some slots", async (_, one) => await one.offer("x")],
    ["deploying", async (_, one) => {
      await one.offer("x", "y");
      await settled();
    }],
    ["deployed", async (_, one) => {
      await one.offer("x", "y");
      await settled();
      for (const { slotKey } of one.deployed) one.report(slotKey, { type: "deployed" });
      await settled();
    }],
  ];
  for (const [name, moment] of moments) {
    const { slots, all: [one], clock } = await rig(1);
    const { gateways, heard } = allocate(slots);
    await moment(gateways, one);
    heard.length = 0;
    await slots.close();
    await settled();
    const closed = one.calls.filter((call) => call.endsWith("close")).length;
    assert.deepEqual([heard, closed], [[], one.deployed.length], name);
    assert.equal(one.calls.includes("jobEnded"), name !== "waiting", name);
    assert.equal(clock.pending, 0, name);
    await assert.rejects(one.gateway.call("heartbeat", { resourceId: "tm1" }), name);
  }
});

Deno.test("every state of a slot leads to its end, and nothing follows that", () => {
  for (const [state, next] of Object.entries(REMOTE_SLOT_TRANSITIONS)) {
    assert.equal(next.includes("ENDED"), state !== "ENDED", state);
  }
});
