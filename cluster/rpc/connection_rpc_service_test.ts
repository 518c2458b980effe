import assert from "node:assert/strict";
import { FlinkError, JobExecutionError } from "../../runtime/errors.ts";
import { ManualClock } from "../../runtime/testing/manual_clock.ts";
import { InProcessNetwork } from "../transport/in_process_transport.ts";
import type { Messages, TaskManagerRegistration } from "./messages.ts";
import type { EndpointHandler, RpcPeer } from "./rpc_service.ts";
import { type InProcessRpc, inProcessRpc, settle } from "./testdata/in_process_rpc.ts";

interface World {
  readonly network: InProcessNetwork;
  readonly clock: ManualClock;
  /** The JobManager. */
  readonly jm: InProcessRpc;
  readonly tm: InProcessRpc;
  /** The JobManager as the TaskManager sees it, and the other way round. */
  readonly toJm: RpcPeer;
  readonly toTm: RpcPeer;
}

async function world(): Promise<World> {
  const network = new InProcessNetwork();
  const clock = new ManualClock();
  const jm = await inProcessRpc(network, "jm", { role: "jobmanager", clock });
  const tm = await inProcessRpc(network, "tm-1", { clock });
  const accepted = new Promise<RpcPeer>((resolve) => jm.rpc.onPeer = resolve);
  const toJm = await tm.rpc.connect(jm.address);
  return { network, clock, jm, tm, toJm, toTm: await accepted };
}

/** Code of what the promise rejects with. */
function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(() => undefined, (error) => (error as FlinkError).code ?? String(error));
}

const REGISTRATION: TaskManagerRegistration = {
  resourceId: "tm-1",
  instanceId: "i1",
  dataAddress: { host: "127.0.0.1", port: 4711 },
  slots: [{ slotIndex: 0 }, { slotIndex: 1, allocationId: "a", jobId: "j" }],
  slotProfile: { heapMb: 256 },
  pid: 42,
  hostname: "host",
  hardware: { cpuCores: 2, physicalMemoryBytes: 2 ** 40 + 1, heapBytes: 1, managedBytes: 2, networkBytes: 3 },
};

Deno.test("both ends know each other after the handshake", async () => {
  const { jm, tm, toJm, toTm } = await world();
  assert.deepEqual([toJm.resourceId, toJm.role, toJm.address], ["jm", "jobmanager", jm.address]);
  assert.deepEqual([toTm.resourceId, toTm.role, toTm.address], ["tm-1", "taskmanager", tm.address]);
});

Deno.test("calls and answers cross in both directions over one connection", async () => {
  const { network, jm, tm, toJm, toTm } = await world();
  const seen: unknown[] = [];
  jm.rpc.register("resourcemanager", {
    registerTaskManager: (body, from) => {
      seen.push(body, from.resourceId);
      return { accepted: true, fencingToken: "t", heartbeatIntervalMs: 10, heartbeatTimeoutMs: 50 };
    },
    heartbeat: ({ payload }) => Promise.resolve({ payload: [payload, new Map([[1n, undefined]])] }),
  });
  tm.rpc.register("taskexecutor", { freeSlot: (body) => void seen.push(body) });
  const rm = tm.rpc.gateway(toJm, "resourcemanager", "");
  assert.deepEqual(await rm.call("registerTaskManager", REGISTRATION), {
    accepted: true,
    fencingToken: "t",
    heartbeatIntervalMs: 10,
    heartbeatTimeoutMs: 50,
  });
  assert.deepEqual(await rm.call("heartbeat", { resourceId: "tm-1", payload: { n: 1 } }), {
    payload: [{ n: 1 }, new Map([[1n, undefined]])],
  });
  const free = jm.rpc.gateway(toTm, "taskexecutor", "").call("freeSlot", { allocationId: "a", cause: "idle" });
  assert.equal(await free, undefined);
  assert.deepEqual(seen, [REGISTRATION, "tm-1", { allocationId: "a", cause: "idle" }]);
  assert.equal(network.openConnections, 1);
});

Deno.test("methods of an endpoint begin in order of arrival; one that waits does not hold up the next", async () => {
  const { jm, tm, toJm } = await world();
  const begun: string[] = [];
  let release = () => {};
  jm.rpc.register("jobmaster_1", {
    slotEnded: ({ slotKey }) => {
      begun.push(slotKey);
      return slotKey === "0" ? new Promise<void>((resolve) => release = resolve) : undefined;
    },
  });
  const gateway = tm.rpc.gateway(toJm, "jobmaster_1", "");
  const done: string[] = [];
  const calls = Array.from(
    { length: 20 },
    (_, i) =>
      gateway.call("slotEnded", { slotKey: String(i), end: { kind: "stuck" } }).then(() => done.push(String(i))),
  );
  await Promise.all(calls.slice(1));
  assert.deepEqual(begun, Array.from({ length: 20 }, (_, i) => String(i)));
  assert.equal(done.includes("0"), false);
  release();
  await calls[0];
});

Deno.test("an error comes back as it was thrown", async () => {
  const { jm, tm, toJm } = await world();
  jm.rpc.register("resourcemanager", {
    slotReport: () => {
      throw new JobExecutionError("TSF-5999", "It does not work", { expected: "a", found: "b", hint: "c" });
    },
    slotFreed: () => Promise.reject(new TypeError("plain")),
    drainTaskManager: () => Promise.reject("a text"),
  });
  const gateway = tm.rpc.gateway(toJm, "resourcemanager", "");
  await assert.rejects(gateway.call("slotReport", { resourceId: "x", slots: [] }), (error) => {
    assert.ok(error instanceof JobExecutionError);
    assert.deepEqual([error.code, error.expected, error.found, error.hint], ["TSF-5999", "a", "b", "c"]);
    return true;
  });
  const freed = gateway.call("slotFreed", { resourceId: "x", slotIndex: 0, allocationId: "" });
  await assert.rejects(freed, (error) => error instanceof TypeError && error.message === "plain");
  const drained = gateway.call("drainTaskManager", { resourceId: "x", cause: "" });
  assert.equal(await drained.catch((thrown) => thrown), "a text");
});

interface FencingCase {
  readonly server: string;
  readonly caller: string;
  readonly method: "heartbeat" | "registerTaskManager";
  readonly isServed: boolean;
}
const FENCING: readonly FencingCase[] = [
  { server: "", caller: "", method: "heartbeat", isServed: true },
  { server: "", caller: "old", method: "heartbeat", isServed: true },
  { server: "new", caller: "new", method: "heartbeat", isServed: true },
  { server: "new", caller: "old", method: "heartbeat", isServed: false },
  { server: "new", caller: "", method: "heartbeat", isServed: false },
  { server: "new", caller: "", method: "registerTaskManager", isServed: true },
  { server: "new", caller: "old", method: "registerTaskManager", isServed: false },
];

Deno.test("a stale fencing token is refused, dropped and counted", async () => {
  for (const { server, caller, method, isServed } of FENCING) {
    const { jm, tm, toJm } = await world();
    const served: string[] = [];
    const endpoint: EndpointHandler = {
      heartbeat: () => (served.push("heartbeat"), {}),
      registerTaskManager: () => (served.push("registerTaskManager"), { accepted: false, reason: "" }),
    };
    jm.rpc.register("resourcemanager", endpoint, server);
    const gateway = tm.rpc.gateway(toJm, "resourcemanager", caller);
    const body = REGISTRATION as Messages["heartbeat"]["request"] & TaskManagerRegistration;
    const where = JSON.stringify({ server, caller, method });
    assert.equal(await codeOf(gateway.call(method, body)), isServed ? undefined : "TSF-5210", where);
    gateway.tell(method, body);
    await settle();
    assert.equal(served.length, isServed ? 2 : 0, where);
    assert.equal(jm.rpc.statistics.fenced, isServed ? 0 : 2, where);
  }
});

Deno.test("a token that changes while a call waits counts for that call", async () => {
  const { jm, tm, toJm } = await world();
  const server = jm.rpc.register("resourcemanager", { heartbeat: () => ({}) }, "a");
  const call = tm.rpc.gateway(toJm, "resourcemanager", "a").call("heartbeat", { resourceId: "" });
  server.fencingToken = "b";
  assert.equal(await codeOf(call), "TSF-5210");
});

Deno.test("what is not served is refused with a code", async () => {
  const { jm, tm, toJm } = await world();
  const server = jm.rpc.register("resourcemanager", {});
  const call = (endpoint: string, method: string) =>
    codeOf(tm.rpc.gateway(toJm, endpoint, "").call(method as "heartbeat", { resourceId: "" }));
  assert.equal(await call("nowhere", "heartbeat"), "TSF-5209");
  assert.equal(await call("resourcemanager", "heartbeat"), "TSF-5209");
  for (const method of ["constructor", "toString", "__proto__", "noSuchMethod"]) {
    assert.equal(await call("resourcemanager", method), "TSF-5209", method);
  }
  server.close();
  assert.equal(await call("resourcemanager", "heartbeat"), "TSF-5209");
  jm.rpc.register("resourcemanager", { heartbeat: () => ({}) });
  assert.equal(await call("resourcemanager", "heartbeat"), undefined);
  assert.equal(tm.rpc.statistics.pendingCalls, 0);
});

Deno.test("a call without an answer ends with its timeout; the answer that comes later does no harm", async () => {
  const { clock, jm, tm, toJm } = await world();
  let answer = (_: { payload?: unknown }) => {};
  jm.rpc.register("resourcemanager", { heartbeat: () => new Promise((resolve) => answer = resolve) });
  const gateway = tm.rpc.gateway(toJm, "resourcemanager", "");
  const outcome = codeOf(gateway.call("heartbeat", { resourceId: "" }, { timeoutMs: 100 }));
  await settle();
  clock.advance(99);
  assert.equal(tm.rpc.statistics.pendingCalls, 1);
  clock.advance(1);
  assert.equal(await outcome, "TSF-5207");
  answer({});
  await settle();
  assert.deepEqual([tm.rpc.statistics.pendingCalls, toJm.isOpen, clock.pending], [0, true, 0]);
  assert.equal(tm.rpc.statistics.lateReplies, 1);
});

for (const [how, end] of [["goodbye", undefined], ["failure", new FlinkError("TSF-5999", "Enough")]] as const) {
  Deno.test(`calls under way fail when the connection ends by ${how}`, async () => {
    const { clock, jm, tm, toJm, toTm } = await world();
    jm.rpc.register("resourcemanager", { heartbeat: () => new Promise(() => {}) });
    const gateway = tm.rpc.gateway(toJm, "resourcemanager", "");
    const calls = [1, 2, 3].map(() => codeOf(gateway.call("heartbeat", { resourceId: "" })));
    const heard: (FlinkError | undefined)[] = [];
    toJm.onClose((cause) => heard.push(cause));
    toTm.close(end);
    assert.deepEqual(await Promise.all(calls), ["TSF-5208", "TSF-5208", "TSF-5208"]);
    toJm.onClose((cause) => heard.push(cause));
    await settle();
    assert.equal(heard.length, 2);
    assert.equal(heard[0]?.code, end === undefined ? undefined : "TSF-5205");
    assert.equal((heard[0]?.cause as FlinkError | undefined)?.code, end?.code);
    assert.equal(await codeOf(gateway.call("heartbeat", { resourceId: "" })), "TSF-5208");
    assert.deepEqual([toJm.isOpen, toTm.isOpen, clock.pending], [false, false, 0]);
  });
}

Deno.test("a broken connection is no goodbye, and both ends hear of it once", async () => {
  const { network, jm, toJm, toTm } = await world();
  const heard: (string | undefined)[] = [];
  toJm.onClose((cause) => heard.push(cause?.code));
  toTm.onClose((cause) => heard.push(cause?.code));
  network.cut(jm.address);
  await settle();
  assert.deepEqual(heard, ["TSF-5205", "TSF-5205"]);
  assert.equal(network.openConnections, 0);
});

Deno.test("a body that cannot travel is refused where it is sent, and the connection lives on", async () => {
  const { jm, tm, toJm } = await world();
  jm.rpc.register("resourcemanager", { heartbeat: ({ payload }) => ({ payload: payload === 1 ? () => {} : payload }) });
  const gateway = tm.rpc.gateway(toJm, "resourcemanager", "");
  const beat = (payload: unknown) => codeOf(gateway.call("heartbeat", { resourceId: "", payload }));
  assert.equal(await beat(() => {}), "TSF-2101");
  assert.equal(await beat(1), "TSF-2101");
  assert.equal(await beat(2), undefined);
  assert.equal(tm.rpc.statistics.pendingCalls, 0);
});

Deno.test("every call has its own timeout, whatever the order", async () => {
  const { clock, jm, tm, toJm } = await world();
  jm.rpc.register("e", { heartbeat: ({ payload }) => payload === 5 ? {} : new Promise(() => {}) });
  const gateway = tm.rpc.gateway(toJm, "e", "");
  const ended: string[] = [];
  const beat = (payload: number, timeoutMs: number) =>
    gateway.call("heartbeat", { resourceId: "", payload }, { timeoutMs })
      .then(() => ended.push(`${payload} ok`), () => ended.push(`${payload} at ${clock.now()}`));
  for (const [payload, timeoutMs] of [[1, 300], [2, 100], [3, 200], [4, 100], [5, 50]]) void beat(payload, timeoutMs);
  await settle();
  for (let i = 0; i < 40; i++) {
    clock.advance(10);
    await settle(5);
  }
  assert.deepEqual(ended, ["5 ok", "2 at 100", "4 at 100", "3 at 200", "1 at 300"]);
  assert.equal(clock.pending, 0);
});

Deno.test("calls without an answer have a limit", async () => {
  const network = new InProcessNetwork();
  const jm = await inProcessRpc(network, "jm");
  const tm = await inProcessRpc(network, "tm", { maxPendingCalls: 3 });
  jm.rpc.register("resourcemanager", { heartbeat: () => new Promise(() => {}) });
  const gateway = tm.rpc.gateway(await tm.rpc.connect(jm.address), "resourcemanager", "");
  const codes = [1, 2, 3, 4].map(() => codeOf(gateway.call("heartbeat", { resourceId: "" })));
  assert.equal(await codes[3], "TSF-5219");
  tm.rpc.close();
  assert.deepEqual(await Promise.all(codes.slice(0, 3)), ["TSF-5208", "TSF-5208", "TSF-5208"]);
});

Deno.test("ten thousand calls each way at once", async () => {
  const { jm, tm, toJm, toTm } = await world();
  const echo: EndpointHandler = { heartbeat: ({ payload }) => ({ payload }) };
  jm.rpc.register("e", echo);
  tm.rpc.register("e", echo);
  const gateways = [tm.rpc.gateway(toJm, "e", ""), jm.rpc.gateway(toTm, "e", "")];
  const calls = gateways.flatMap((gateway, side) =>
    Array.from({ length: 10_000 }, (_, i) => gateway.call("heartbeat", { resourceId: "r", payload: i * 2 + side }))
  );
  const answers = await Promise.all(calls);
  answers.forEach(({ payload }, i) => assert.equal(payload, (i % 10_000) * 2 + Math.floor(i / 10_000)));
});
