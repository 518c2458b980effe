// Made by tests/tools/generate_wire.ts from runtime/wire/schema; do not change.
// deno-lint-ignore-file
// deno-fmt-ignore-file

/** How a field lies in its table. */
export type FieldKind = "bool" | "u8" | "u16" | "u32" | "i32" | "f64" | "string" | "bytes" | "strings" | "table" | "tables" | "union";
/** One field; those of a table are in the order of the schema. */
export interface Field { readonly name: string; readonly kind: FieldKind; readonly table?: TableName | UnionName }

/** Plain objects with the fields of each table: what is missing has its default (0, false) or is not there. */
export interface Tables {
  DataFrame: { readonly link?: number; readonly kind?: number; readonly channel?: number; readonly argument?: number; readonly payload?: Uint8Array<ArrayBuffer>; readonly version?: number };
  Failure: { readonly code?: string; readonly summary?: string; readonly error?: Uint8Array<ArrayBuffer> };
  Hello: { readonly productVersion?: string; readonly hostApiVersion?: string; readonly role?: string; readonly resourceId?: string; readonly host?: string; readonly port?: number; readonly maxFrameBytes?: number };
  Goodbye: {  };
  Session: { readonly version?: number; readonly body?: UnionValue<"SessionBody"> };
  Asset: { readonly name?: string; readonly hash?: string; readonly executable?: boolean };
  SlotLink: { readonly peerSlot?: number; readonly peerKey?: string; readonly channels?: number; readonly peerHost?: string; readonly peerPort?: number };
  DeploySlot: { readonly jobId?: string; readonly jobName?: string; readonly slotKey?: string; readonly allocationId?: string; readonly jobMasterToken?: string; readonly bundleHash?: string; readonly start?: Uint8Array<ArrayBuffer>; readonly assets?: readonly Tables["Asset"][]; readonly links?: readonly Tables["SlotLink"][] };
  Empty: {  };
  Generic: { readonly method?: string; readonly payload?: Uint8Array<ArrayBuffer> };
  SlotStatus: { readonly slotIndex?: number; readonly allocationId?: string; readonly jobId?: string };
  RegisterTaskManager: { readonly resourceId?: string; readonly instanceId?: string; readonly dataHost?: string; readonly dataPort?: number; readonly pid?: number; readonly hostname?: string; readonly slots?: readonly Tables["SlotStatus"][]; readonly slotProfile?: Uint8Array<ArrayBuffer>; readonly cpuCores?: number; readonly physicalMemoryBytes?: number; readonly heapBytes?: number; readonly managedBytes?: number; readonly networkBytes?: number };
  Registration: { readonly accepted?: boolean; readonly fencingToken?: string; readonly heartbeatIntervalMs?: number; readonly heartbeatTimeoutMs?: number; readonly reason?: string };
  SlotReport: { readonly resourceId?: string; readonly slots?: readonly Tables["SlotStatus"][] };
  SlotFreed: { readonly resourceId?: string; readonly slotIndex?: number; readonly allocationId?: string };
  DrainTaskManager: { readonly resourceId?: string; readonly cause?: string };
  Heartbeat: { readonly resourceId?: string; readonly payload?: Uint8Array<ArrayBuffer> };
  HeartbeatReply: { readonly payload?: Uint8Array<ArrayBuffer> };
  RequestSlot: { readonly slotIndex?: number; readonly jobId?: string; readonly allocationId?: string; readonly jobMasterToken?: string; readonly profile?: Uint8Array<ArrayBuffer> };
  SlotRequest: { readonly jobId?: string; readonly slotKey?: string; readonly request?: Uint8Array<ArrayBuffer> };
  CloseSlot: { readonly jobId?: string; readonly slotKey?: string };
  FreeSlot: { readonly allocationId?: string; readonly cause?: string };
  JobEnded: { readonly jobId?: string };
  SlotOffer: { readonly slotIndex?: number; readonly allocationId?: string; readonly profile?: Uint8Array<ArrayBuffer> };
  OfferSlots: { readonly resourceId?: string; readonly dataHost?: string; readonly dataPort?: number; readonly slots?: readonly Tables["SlotOffer"][] };
  AcceptedSlots: { readonly accepted?: readonly string[] };
  SlotReportOf: { readonly slotKey?: string; readonly report?: Uint8Array<ArrayBuffer> };
  SlotEnded: { readonly slotKey?: string; readonly kind?: string; readonly error?: Uint8Array<ArrayBuffer> };
  DisconnectTaskManager: { readonly resourceId?: string; readonly cause?: string };
  BlobInfo: { readonly hash?: string };
  BlobSize: { readonly sizeBytes?: number };
  BlobRead: { readonly hash?: string; readonly offset?: number; readonly length?: number };
  BlobBytes: { readonly bytes?: Uint8Array<ArrayBuffer> };
  Control: { readonly version?: number; readonly kind?: number; readonly correlation?: number; readonly endpoint?: string; readonly fencingToken?: string; readonly body?: UnionValue<"Body"> };
}
/** The name of a table. */
export type TableName = keyof Tables;

/** The fields of every table. */
export const TABLES: { readonly [N in TableName]: readonly Field[] } = {
  DataFrame: [{ name: "link", kind: "u32" }, { name: "kind", kind: "u32" }, { name: "channel", kind: "u32" }, { name: "argument", kind: "i32" }, { name: "payload", kind: "bytes" }, { name: "version", kind: "u16" }],
  Failure: [{ name: "code", kind: "string" }, { name: "summary", kind: "string" }, { name: "error", kind: "bytes" }],
  Hello: [{ name: "productVersion", kind: "string" }, { name: "hostApiVersion", kind: "string" }, { name: "role", kind: "string" }, { name: "resourceId", kind: "string" }, { name: "host", kind: "string" }, { name: "port", kind: "u16" }, { name: "maxFrameBytes", kind: "u32" }],
  Goodbye: [],
  Session: [{ name: "version", kind: "u16" }, { name: "body", kind: "union", table: "SessionBody" }],
  Asset: [{ name: "name", kind: "string" }, { name: "hash", kind: "string" }, { name: "executable", kind: "bool" }],
  SlotLink: [{ name: "peerSlot", kind: "u32" }, { name: "peerKey", kind: "string" }, { name: "channels", kind: "u32" }, { name: "peerHost", kind: "string" }, { name: "peerPort", kind: "u16" }],
  DeploySlot: [{ name: "jobId", kind: "string" }, { name: "jobName", kind: "string" }, { name: "slotKey", kind: "string" }, { name: "allocationId", kind: "string" }, { name: "jobMasterToken", kind: "string" }, { name: "bundleHash", kind: "string" }, { name: "start", kind: "bytes" }, { name: "assets", kind: "tables", table: "Asset" }, { name: "links", kind: "tables", table: "SlotLink" }],
  Empty: [],
  Generic: [{ name: "method", kind: "string" }, { name: "payload", kind: "bytes" }],
  SlotStatus: [{ name: "slotIndex", kind: "u32" }, { name: "allocationId", kind: "string" }, { name: "jobId", kind: "string" }],
  RegisterTaskManager: [{ name: "resourceId", kind: "string" }, { name: "instanceId", kind: "string" }, { name: "dataHost", kind: "string" }, { name: "dataPort", kind: "u16" }, { name: "pid", kind: "u32" }, { name: "hostname", kind: "string" }, { name: "slots", kind: "tables", table: "SlotStatus" }, { name: "slotProfile", kind: "bytes" }, { name: "cpuCores", kind: "f64" }, { name: "physicalMemoryBytes", kind: "f64" }, { name: "heapBytes", kind: "f64" }, { name: "managedBytes", kind: "f64" }, { name: "networkBytes", kind: "f64" }],
  Registration: [{ name: "accepted", kind: "bool" }, { name: "fencingToken", kind: "string" }, { name: "heartbeatIntervalMs", kind: "f64" }, { name: "heartbeatTimeoutMs", kind: "f64" }, { name: "reason", kind: "string" }],
  SlotReport: [{ name: "resourceId", kind: "string" }, { name: "slots", kind: "tables", table: "SlotStatus" }],
  SlotFreed: [{ name: "resourceId", kind: "string" }, { name: "slotIndex", kind: "u32" }, { name: "allocationId", kind: "string" }],
  DrainTaskManager: [{ name: "resourceId", kind: "string" }, { name: "cause", kind: "string" }],
  Heartbeat: [{ name: "resourceId", kind: "string" }, { name: "payload", kind: "bytes" }],
  HeartbeatReply: [{ name: "payload", kind: "bytes" }],
  RequestSlot: [{ name: "slotIndex", kind: "u32" }, { name: "jobId", kind: "string" }, { name: "allocationId", kind: "string" }, { name: "jobMasterToken", kind: "string" }, { name: "profile", kind: "bytes" }],
  SlotRequest: [{ name: "jobId", kind: "string" }, { name: "slotKey", kind: "string" }, { name: "request", kind: "bytes" }],
  CloseSlot: [{ name: "jobId", kind: "string" }, { name: "slotKey", kind: "string" }],
  FreeSlot: [{ name: "allocationId", kind: "string" }, { name: "cause", kind: "string" }],
  JobEnded: [{ name: "jobId", kind: "string" }],
  SlotOffer: [{ name: "slotIndex", kind: "u32" }, { name: "allocationId", kind: "string" }, { name: "profile", kind: "bytes" }],
  OfferSlots: [{ name: "resourceId", kind: "string" }, { name: "dataHost", kind: "string" }, { name: "dataPort", kind: "u16" }, { name: "slots", kind: "tables", table: "SlotOffer" }],
  AcceptedSlots: [{ name: "accepted", kind: "strings" }],
  SlotReportOf: [{ name: "slotKey", kind: "string" }, { name: "report", kind: "bytes" }],
  SlotEnded: [{ name: "slotKey", kind: "string" }, { name: "kind", kind: "string" }, { name: "error", kind: "bytes" }],
  DisconnectTaskManager: [{ name: "resourceId", kind: "string" }, { name: "cause", kind: "string" }],
  BlobInfo: [{ name: "hash", kind: "string" }],
  BlobSize: [{ name: "sizeBytes", kind: "f64" }],
  BlobRead: [{ name: "hash", kind: "string" }, { name: "offset", kind: "f64" }, { name: "length", kind: "u32" }],
  BlobBytes: [{ name: "bytes", kind: "bytes" }],
  Control: [{ name: "version", kind: "u16" }, { name: "kind", kind: "u8" }, { name: "correlation", kind: "u32" }, { name: "endpoint", kind: "string" }, { name: "fencingToken", kind: "string" }, { name: "body", kind: "union", table: "Body" }],
};

/** Members of every union by their number, from 1. */
export const UNIONS = {
  SessionBody: ["Hello", "Goodbye", "Failure"],
  Body: ["Failure", "Empty", "Generic", "RegisterTaskManager", "Registration", "SlotReport", "SlotFreed", "DrainTaskManager", "Heartbeat", "HeartbeatReply", "RequestSlot", "DeploySlot", "SlotRequest", "CloseSlot", "FreeSlot", "JobEnded", "OfferSlots", "AcceptedSlots", "SlotReportOf", "SlotEnded", "DisconnectTaskManager", "BlobInfo", "BlobSize", "BlobRead", "BlobBytes"],
} as const;
/** A union of the schema. */
export type UnionName = keyof typeof UNIONS;
/** One member with its value. */
export type UnionValue<U extends UnionName> = { [N in (typeof UNIONS)[U][number]]: { readonly table: N; readonly value: Tables[N] } }[(typeof UNIONS)[U][number]];
