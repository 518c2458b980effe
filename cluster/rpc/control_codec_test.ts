import assert from "node:assert/strict";
import { FlinkError } from "../../runtime/errors.ts";
import { toTransferable } from "../../runtime/seams/error_transfer.ts";
import { decodeControl, encodeControl, MessageKind } from "../../runtime/wire/control_message.ts";
import { decodeReply, decodeRequest, encodeReply, encodeRequest, type WireBody } from "./control_codec.ts";
import type { Messages, Method } from "./messages.ts";

type Bodies = { readonly [M in Method]?: Messages[M] };

const ADDRESS = { host: "fe80::1", port: 65_535 };
const PROFILE = { cpuCores: 0.5, heapMb: 256 };
const START = {
  program: {
    url: "file:///job.mjs",
    executionOrdinal: 1,
    args: ["--x", "ä"],
    configuration: { a: 1n },
    recording: { entries: new Map([["k", [1, undefined]]]) },
  },
  planFingerprint: ["one", "two"],
  captureTimeoutMs: 1000,
  deployment: { jobId: "j", slot: 0, cachedFiles: new Map([["f", "/tmp/f"]]), placements: [], collect: [] },
  seed: 4_000_000_000,
  progressMs: 500,
};

/** Everything that can be in a body, once, and the least that has to be. */
const BODIES = {
  registerTaskManager: {
    request: {
      resourceId: "tm-1",
      instanceId: "i",
      dataAddress: ADDRESS,
      slots: [{ slotIndex: 0 }, { slotIndex: 7, allocationId: "a", jobId: "j" }],
      slotProfile: PROFILE,
      pid: 4_194_304,
      hostname: "höst",
      hardware: { cpuCores: 2, physicalMemoryBytes: 2 ** 43, heapBytes: 0, managedBytes: 1, networkBytes: 2 ** 31 },
    },
    reply: { accepted: true, fencingToken: "t", heartbeatIntervalMs: 0.5, heartbeatTimeoutMs: 50_000 },
  },
  slotReport: { request: { resourceId: "tm", slots: [] }, reply: undefined },
  slotFreed: { request: { resourceId: "tm", slotIndex: 3, allocationId: "a" }, reply: undefined },
  drainTaskManager: { request: { resourceId: "tm", cause: "SIGTERM" }, reply: undefined },
  heartbeat: { request: { resourceId: "tm", payload: { slots: new Set([1]) } }, reply: { payload: null } },
  requestSlot: {
    request: { slotIndex: 1, jobId: "j", allocationId: "a", jobMasterToken: "t", profile: PROFILE },
    reply: undefined,
  },
  deploySlot: {
    request: {
      jobId: "j",
      jobName: "name",
      slotKey: "j/0/1",
      allocationId: "a",
      jobMasterToken: "t",
      bundleHash: "f".repeat(64),
      start: START as unknown as Messages["deploySlot"]["request"]["start"],
      assets: [{ name: "a.txt", hash: "0".repeat(64), executable: true }, { name: "", hash: "", executable: false }],
      links: [{ peerSlot: 1, peerKey: "j/0/1", channels: 16 }, {
        peerSlot: 0,
        peerKey: "j/0/0",
        channels: 0,
        peerAddress: ADDRESS,
      }],
    },
    reply: undefined,
  },
  slotRequest: {
    request: {
      jobId: "j",
      slotKey: "j/0/1",
      request: { type: "operatorEvent", executionId: "e", operatorId: "o", event: { splits: [Uint8Array.of(1)] } },
    },
    reply: undefined,
  },
  closeSlot: { request: { jobId: "j", slotKey: "j/0/1" }, reply: undefined },
  freeSlot: { request: { allocationId: "a", cause: "" }, reply: undefined },
  jobEnded: { request: { jobId: "j" }, reply: undefined },
  offerSlots: {
    request: { resourceId: "tm", dataAddress: ADDRESS, slots: [{ slotIndex: 0, allocationId: "a", profile: {} }] },
    reply: { accepted: ["a", ""] },
  },
  slotReportOf: {
    request: {
      slotKey: "j/0/1",
      report: { type: "state", executionId: "e", state: "FAILED", error: toTransferable(new Error("x")) },
    },
    reply: undefined,
  },
  slotEnded: {
    request: { slotKey: "j/0/1", end: { kind: "failed", error: toTransferable(new RangeError("heap")) } },
    reply: undefined,
  },
  disconnectTaskManager: { request: { resourceId: "tm", cause: "drained" }, reply: undefined },
  blobInfo: { request: { hash: "ab" }, reply: { sizeBytes: 2 ** 40 } },
  blobRead: { request: { hash: "ab", offset: 2 ** 33, length: 524_288 }, reply: { bytes: Uint8Array.of(0, 255) } },
} satisfies Bodies;

/** Other shapes of the same methods. */
const MORE: readonly { readonly [M in Method]?: Partial<Messages[M]> }[] = [
  { registerTaskManager: { reply: { accepted: false, reason: "the job manager is not the leader" } } },
  { heartbeat: { request: { resourceId: "" }, reply: {} } },
  { slotEnded: { request: { slotKey: "k", end: { kind: "stopped" } } } },
  { slotEnded: { request: { slotKey: "k", end: { kind: "stuck" } } } },
  { offerSlots: { reply: { accepted: [] } } },
  { blobRead: { reply: { bytes: new Uint8Array(0) } } },
];

/** The body as it comes out at the other end of a connection. */
function crossed(body: WireBody): WireBody {
  const frame = encodeControl({ kind: MessageKind.CALL, correlation: 1, endpoint: "e", fencingToken: "t", body });
  return decodeControl(frame as Uint8Array<ArrayBuffer>).body;
}

for (const bodies of [BODIES, ...MORE]) {
  for (const [name, { request, reply }] of Object.entries(bodies) as [Method, Partial<Messages[Method]>][]) {
    Deno.test(`${name} comes out as it went in ${bodies === BODIES ? "" : JSON.stringify(bodies)}`, () => {
      if (request !== undefined) {
        const body = encodeRequest(name, request as never);
        assert.notEqual(body.table, "Generic", "has a table of its own");
        assert.deepEqual(decodeRequest(crossed(body)), { method: name, request });
      }
      const back = encodeReply(name, reply as never);
      assert.deepEqual(decodeReply(name, crossed(back)), reply);
    });
  }
}

Deno.test("a method without a table travels as Generic", () => {
  const method = "somethingNew" as Method;
  const request = { a: [1n, new Map([[1, 2]])] } as never;
  const body = encodeRequest(method, request);
  assert.equal(body.table, "Generic");
  assert.deepEqual(decodeRequest(crossed(body)), { method, request });
  assert.deepEqual(decodeReply(method, crossed(encodeReply(method, request))), request);
});

Deno.test("a text that is missing, or a reply to another question, is malformed", () => {
  const wrong: (() => unknown)[] = [
    () => decodeRequest({ table: "SlotFreed", value: { slotIndex: 1 } }),
    () => decodeRequest({ table: "DeploySlot", value: {} }),
    () => decodeRequest({ table: "SlotEnded", value: { slotKey: "k", kind: "gone" } }),
    () => decodeRequest({ table: "SlotEnded", value: { slotKey: "k", kind: "failed" } }),
    () => decodeRequest({ table: "Generic", value: {} }),
    () => decodeRequest({ table: "Empty", value: {} }),
    () => decodeRequest({ table: "Registration", value: { accepted: true } }),
    () => decodeReply("registerTaskManager", { table: "Registration", value: { accepted: true } }),
    () => decodeReply("registerTaskManager", { table: "BlobSize", value: {} }),
    () => decodeReply("slotFreed", { table: "BlobSize", value: {} }),
  ];
  for (const [index, read] of wrong.entries()) {
    assert.throws(read, (error) => error instanceof FlinkError && error.code === "TSF-5200", `case ${index}`);
  }
});

Deno.test("a payload that is damaged has a code", () => {
  const body = encodeRequest("slotRequest", BODIES.slotRequest.request);
  assert.ok(body.table === "SlotRequest");
  const request = body.value.request!;
  for (const bad of [request.subarray(1), request.subarray(0, -1), new Uint8Array(0), Uint8Array.of(255, 255)]) {
    assert.throws(
      () => decodeRequest({ ...body, value: { ...body.value, request: bad } }),
      (error) => error instanceof FlinkError && /^TSF-(2106|5200)$/.test(error.code),
    );
  }
});
