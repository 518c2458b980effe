/**
 * Bodies of methods <-> tables of control.fbs: one pair of functions per message. Structured parts travel as one vector
 * of bytes (generic_serializer); a method that has no pair here travels whole that way, as `Generic`.
 *
 * Caller: connection_rpc_service.ts.
 *
 * @module
 */

import type { Address } from "../../runtime/seams/transport.ts";
import { deserializeValue, serializeValue } from "../../runtime/types/generic_serializer.ts";
import type { TableName, Tables, UnionValue } from "../../runtime/wire/gen/tables.ts";
import { malformed } from "../../runtime/wire/table_codec.ts";
import type { Messages, Method, RemoteSlotLink, SlotStatus, TransferredSlotEnd } from "./messages.ts";

/** A body as it travels. */
export type WireBody = UnionValue<"Body">;

/** Methods, not fields: a codec of one table is also one of "some table". */
interface Codec<N extends TableName, T> {
  readonly table: N;
  toWire(body: T): Tables[N];
  fromWire(wire: Tables[N]): T;
}

function codec<N extends TableName, T>(
  table: N,
  toWire: (body: T) => Tables[N],
  fromWire: (wire: Tables[N]) => T,
): Codec<N, T> {
  return { table, toWire, fromWire };
}

type RequestOf<M extends Method> = Messages[M]["request"];
type ReplyOf<M extends Method> = Messages[M]["reply"];

/** What must be there. */
function need<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw malformed(`a message without ${name}`);
  return value;
}
const text = (value: string | undefined): string => need(value, "one of its texts");
const pack = (value: unknown): Uint8Array<ArrayBuffer> => serializeValue(value);
const unpack = <T>(bytes: Uint8Array | undefined): T => deserializeValue(need(bytes, "its payload")) as T;
const packMaybe = (value: unknown): Uint8Array<ArrayBuffer> | undefined =>
  value === undefined ? undefined : pack(value);
const unpackMaybe = (bytes: Uint8Array | undefined): { payload?: unknown } =>
  bytes === undefined ? {} : { payload: deserializeValue(bytes) };

function addressOf(host: string | undefined, port: number | undefined): Address {
  return { host: text(host), port: port ?? 0 };
}

function slotOf({ slotIndex = 0, allocationId, jobId }: Tables["SlotStatus"]): SlotStatus {
  return { slotIndex, ...(allocationId !== undefined && { allocationId }), ...(jobId !== undefined && { jobId }) };
}

const registerTaskManager = codec<"RegisterTaskManager", RequestOf<"registerTaskManager">>(
  "RegisterTaskManager",
  ({ dataAddress, slotProfile, hardware, ...same }) => ({
    ...same,
    ...hardware,
    dataHost: dataAddress.host,
    dataPort: dataAddress.port,
    slotProfile: pack(slotProfile),
  }),
  (wire) => ({
    resourceId: text(wire.resourceId),
    instanceId: text(wire.instanceId),
    dataAddress: addressOf(wire.dataHost, wire.dataPort),
    pid: wire.pid ?? 0,
    hostname: text(wire.hostname),
    slots: (wire.slots ?? []).map(slotOf),
    slotProfile: unpack(wire.slotProfile),
    hardware: {
      cpuCores: wire.cpuCores ?? 0,
      physicalMemoryBytes: wire.physicalMemoryBytes ?? 0,
      heapBytes: wire.heapBytes ?? 0,
      managedBytes: wire.managedBytes ?? 0,
      networkBytes: wire.networkBytes ?? 0,
    },
  }),
);

const registration = codec<"Registration", ReplyOf<"registerTaskManager">>(
  "Registration",
  (reply) => reply,
  (wire) =>
    wire.accepted
      ? {
        accepted: true,
        fencingToken: text(wire.fencingToken),
        heartbeatIntervalMs: wire.heartbeatIntervalMs ?? 0,
        heartbeatTimeoutMs: wire.heartbeatTimeoutMs ?? 0,
      }
      : { accepted: false, reason: text(wire.reason) },
);

function linkToWire({ peerSlot, peerKey, channels, peerAddress }: RemoteSlotLink): Tables["SlotLink"] {
  const address = peerAddress && { peerHost: peerAddress.host, peerPort: peerAddress.port };
  return { peerSlot, peerKey, channels, ...address };
}

function linkOf({ peerSlot = 0, peerKey, channels = 0, peerHost, peerPort = 0 }: Tables["SlotLink"]): RemoteSlotLink {
  const address = peerHost !== undefined && { peerAddress: { host: peerHost, port: peerPort } };
  return { peerSlot, peerKey: text(peerKey), channels, ...address };
}

const deploySlot = codec<"DeploySlot", RequestOf<"deploySlot">>(
  "DeploySlot",
  ({ start, links, ...same }) => ({ ...same, start: pack(start), links: links.map(linkToWire) }),
  (wire) => ({
    jobId: text(wire.jobId),
    jobName: text(wire.jobName),
    slotKey: text(wire.slotKey),
    allocationId: text(wire.allocationId),
    jobMasterToken: text(wire.jobMasterToken),
    bundleHash: text(wire.bundleHash),
    start: unpack(wire.start),
    assets: (wire.assets ?? []).map(({ name, hash, executable = false }) => ({
      name: text(name),
      hash: text(hash),
      executable,
    })),
    links: (wire.links ?? []).map(linkOf),
  }),
);

const slotEnded = codec<"SlotEnded", RequestOf<"slotEnded">>(
  "SlotEnded",
  ({ slotKey, end }) => ({ slotKey, kind: end.kind, ...(end.kind === "failed" && { error: pack(end.error) }) }),
  ({ slotKey, kind, error }) => ({ slotKey: text(slotKey), end: slotEndOf(kind, error) }),
);

function slotEndOf(kind: string | undefined, error: Uint8Array | undefined): TransferredSlotEnd {
  if (kind === "failed") return { kind, error: unpack(error) };
  if (kind === "stopped" || kind === "stuck") return { kind };
  throw malformed(`a slot that ended as ${JSON.stringify(kind)}`, "stopped, failed or stuck");
}

/** Every method whose request has a table. */
const REQUESTS: { readonly [M in Method]?: Codec<TableName, RequestOf<M>> } = {
  registerTaskManager,
  deploySlot,
  slotEnded,
  slotReport: codec<"SlotReport", RequestOf<"slotReport">>("SlotReport", (body) => body, (wire) => ({
    resourceId: text(wire.resourceId),
    slots: (wire.slots ?? []).map(slotOf),
  })),
  slotFreed: codec<"SlotFreed", RequestOf<"slotFreed">>("SlotFreed", (body) => body, (wire) => ({
    resourceId: text(wire.resourceId),
    slotIndex: wire.slotIndex ?? 0,
    allocationId: text(wire.allocationId),
  })),
  drainTaskManager: codec<"DrainTaskManager", RequestOf<"drainTaskManager">>(
    "DrainTaskManager",
    (body) => body,
    (wire) => ({ resourceId: text(wire.resourceId), cause: text(wire.cause) }),
  ),
  heartbeat: codec<"Heartbeat", RequestOf<"heartbeat">>(
    "Heartbeat",
    ({ resourceId, payload }) => ({ resourceId, payload: packMaybe(payload) }),
    (wire) => ({ resourceId: text(wire.resourceId), ...unpackMaybe(wire.payload) }),
  ),
  requestSlot: codec<"RequestSlot", RequestOf<"requestSlot">>(
    "RequestSlot",
    ({ profile, ...same }) => ({ ...same, profile: pack(profile) }),
    (wire) => ({
      slotIndex: wire.slotIndex ?? 0,
      jobId: text(wire.jobId),
      allocationId: text(wire.allocationId),
      jobMasterToken: text(wire.jobMasterToken),
      profile: unpack(wire.profile),
    }),
  ),
  slotRequest: codec<"SlotRequest", RequestOf<"slotRequest">>(
    "SlotRequest",
    ({ request, ...same }) => ({ ...same, request: pack(request) }),
    (wire) => ({ jobId: text(wire.jobId), slotKey: text(wire.slotKey), request: unpack(wire.request) }),
  ),
  closeSlot: codec<"CloseSlot", RequestOf<"closeSlot">>("CloseSlot", (body) => body, (wire) => ({
    jobId: text(wire.jobId),
    slotKey: text(wire.slotKey),
  })),
  freeSlot: codec<"FreeSlot", RequestOf<"freeSlot">>("FreeSlot", (body) => body, (wire) => ({
    allocationId: text(wire.allocationId),
    cause: text(wire.cause),
  })),
  jobEnded: codec<"JobEnded", RequestOf<"jobEnded">>("JobEnded", (body) => body, (wire) => ({
    jobId: text(wire.jobId),
  })),
  offerSlots: codec<"OfferSlots", RequestOf<"offerSlots">>(
    "OfferSlots",
    ({ resourceId, dataAddress, slots }) => ({
      resourceId,
      dataHost: dataAddress.host,
      dataPort: dataAddress.port,
      slots: slots.map(({ profile, ...same }) => ({ ...same, profile: pack(profile) })),
    }),
    (wire) => ({
      resourceId: text(wire.resourceId),
      dataAddress: addressOf(wire.dataHost, wire.dataPort),
      slots: (wire.slots ?? []).map(({ slotIndex = 0, allocationId, profile }) => ({
        slotIndex,
        allocationId: text(allocationId),
        profile: unpack(profile),
      })),
    }),
  ),
  slotReportOf: codec<"SlotReportOf", RequestOf<"slotReportOf">>(
    "SlotReportOf",
    ({ slotKey, report }) => ({ slotKey, report: pack(report) }),
    (wire) => ({ slotKey: text(wire.slotKey), report: unpack(wire.report) }),
  ),
  disconnectTaskManager: codec<"DisconnectTaskManager", RequestOf<"disconnectTaskManager">>(
    "DisconnectTaskManager",
    (body) => body,
    (wire) => ({ resourceId: text(wire.resourceId), cause: text(wire.cause) }),
  ),
  blobInfo: codec<"BlobInfo", RequestOf<"blobInfo">>("BlobInfo", (body) => body, (wire) => ({ hash: text(wire.hash) })),
  blobRead: codec<"BlobRead", RequestOf<"blobRead">>("BlobRead", (body) => body, (wire) => ({
    hash: text(wire.hash),
    offset: wire.offset ?? 0,
    length: wire.length ?? 0,
  })),
};

/** Every method whose reply has a table; one without a value is `Empty`. */
const REPLIES: { readonly [M in Method]?: Codec<TableName, ReplyOf<M>> } = {
  registerTaskManager: registration,
  heartbeat: codec<"HeartbeatReply", ReplyOf<"heartbeat">>(
    "HeartbeatReply",
    ({ payload }) => ({ payload: packMaybe(payload) }),
    (wire) => unpackMaybe(wire.payload),
  ),
  offerSlots: codec<"AcceptedSlots", ReplyOf<"offerSlots">>("AcceptedSlots", (body) => body, (wire) => ({
    accepted: wire.accepted ?? [],
  })),
  blobInfo: codec<"BlobSize", ReplyOf<"blobInfo">>("BlobSize", (body) => body, (wire) => ({
    sizeBytes: wire.sizeBytes ?? 0,
  })),
  blobRead: codec<"BlobBytes", ReplyOf<"blobRead">>(
    "BlobBytes",
    ({ bytes }) => ({ bytes: bytes as Uint8Array<ArrayBuffer> }),
    (wire) => ({ bytes: need(wire.bytes, "its bytes") }),
  ),
};

type AnyCodec = Codec<TableName, unknown>;

/** Own names only: what comes from a peer may be "constructor". */
function codecOf(codecs: object, method: string): AnyCodec | undefined {
  return Object.hasOwn(codecs, method) ? codecs[method as never] : undefined;
}

const METHODS: ReadonlyMap<string, string> = new Map(
  Object.entries(REQUESTS).map(([method, { table }]) => [table, method]),
);

/** The body of a request. @throws InvalidProgramError TSF-2101 when something in it cannot travel. */
export function encodeRequest<M extends Method>(method: M, request: RequestOf<M>): WireBody {
  return encode(codecOf(REQUESTS, method), method, request);
}

/** The body of a reply. @throws InvalidProgramError TSF-2101 when something in it cannot travel. */
export function encodeReply<M extends Method>(method: M, reply: ReplyOf<M>): WireBody {
  if (reply === undefined) return { table: "Empty", value: {} };
  return encode(codecOf(REPLIES, method), method, reply);
}

function encode(found: AnyCodec | undefined, method: string, value: unknown): WireBody {
  if (found === undefined) return { table: "Generic", value: { method, payload: pack(value) } };
  return { table: found.table, value: found.toWire(value) } as WireBody;
}

/** Method and request of a body. @throws FlinkError TSF-5200 when it is none. */
export function decodeRequest({ table, value }: WireBody): { readonly method: Method; readonly request: unknown } {
  if (table === "Generic") {
    return { method: text(value.method) as Method, request: unpack(value.payload) };
  }
  const method = METHODS.get(table) as Method | undefined;
  if (method === undefined) throw malformed(`a request ${table}`);
  return { method, request: codecOf(REQUESTS, method)!.fromWire(value) };
}

/** The reply of a body that answers a call of `method`. @throws FlinkError TSF-5200 when it is none. */
export function decodeReply<M extends Method>(method: M, { table, value }: WireBody): ReplyOf<M> {
  if (table === "Empty") return undefined as ReplyOf<M>;
  if (table === "Generic") return unpack(value.payload);
  const found = codecOf(REPLIES, method);
  if (found?.table !== table) throw malformed(`a reply ${table} to ${method}`);
  return found.fromWire(value) as ReplyOf<M>;
}
