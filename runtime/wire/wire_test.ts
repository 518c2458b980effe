import assert from "node:assert/strict";
import fc from "fast-check";
import * as flatbuffers from "flatbuffers";
import { FlinkError } from "../errors.ts";
import { type ControlMessage, decodeControl, encodeControl, MessageKind } from "./control_message.ts";
import { DATA_HEADER_BYTES, decodeDataFrame, encodeDataFrame, writeDataFrame } from "./data_frame.ts";
import * as gen from "./gen/control.ts";
import { type Field, type TableName, TABLES, type Tables, type UnionName, UNIONS } from "./gen/tables.ts";
import { decodeSession, encodeSession } from "./session_message.ts";
import { decodeTable, encodeTable } from "./table_codec.ts";
import { WIRE_VERSION } from "./wire_version.ts";

type Bytes = Uint8Array<ArrayBuffer>;
/** An instance of a generated class. */
type Generated = Record<string, (argument?: unknown) => unknown>;
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const bytesOf = (max: number) => fc.uint8Array({ maxLength: max });
const parameters = (numRuns: number) => ({ numRuns, seed: 5 });

const dataFields = fc.record({ link: u32, kind: u32, channel: u32, argument: i32, payload: bytesOf(300) });

/** Values of any table of the schema. */
function valueOf(table: TableName): fc.Arbitrary<Record<string, unknown>> {
  const fields = TABLES[table].map((field) => [field.name, fieldValue(field)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
}

function fieldValue({ kind, table }: Field): fc.Arbitrary<unknown> {
  switch (kind) {
    case "bool":
      return fc.constant(true);
    case "u8":
      return fc.integer({ min: 1, max: 255 });
    case "u16":
      return fc.integer({ min: 1, max: 65_535 });
    case "u32":
      return fc.integer({ min: 1, max: 0xffff_ffff });
    case "i32":
      return i32.filter((value) => value !== 0);
    case "f64":
      return fc.double({ noNaN: true }).filter((value) => value !== 0);
    case "string":
      return fc.string({ unit: "binary", maxLength: 20 });
    case "bytes":
      return bytesOf(40).map((value) => new Uint8Array(value));
    case "strings":
      return fc.array(fc.string({ maxLength: 5 }), { maxLength: 4 });
    case "table":
      return valueOf(table as TableName);
    case "tables":
      return fc.array(valueOf(table as TableName), { maxLength: 3 });
    case "union":
      return fc.oneof(
        ...UNIONS[table as UnionName].map((member) =>
          fc.record({ table: fc.constant(member), value: valueOf(member) })
        ),
      );
  }
}

/** The same by the code that flatc has made: an independent reader. */
function readGenerated(table: TableName, reader: Generated): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const { name, kind, table: other } of TABLES[table]) {
    const read = (index?: number) => reader[name](index);
    const found = kind === "bytes"
      ? reader[`${name}Array`]()
      : kind === "strings" || kind === "tables"
      ? Array.from({ length: reader[`${name}Length`]() as number }, (_, index) => read(index))
      : kind === "union"
      ? readUnion(other as UnionName, name, reader)
      : kind === "string"
      ? reader[name]()
      : read();
    const plain = kind === "tables"
      ? (found as Generated[]).map((each) => readGenerated(other as TableName, each))
      : found;
    // Not there, or the default.
    if (plain === null || plain === undefined || plain === 0 || plain === false) continue;
    value[name] = plain;
  }
  return value;
}

function readUnion(union: UnionName, name: string, reader: Generated): unknown {
  const type = reader[`${name}Type`]() as number;
  if (type === 0) return undefined;
  const member = UNIONS[union][type - 1] as TableName;
  const generated = (gen as unknown as Record<string, new () => never>)[member];
  return { table: member, value: readGenerated(member, reader[name](new generated()) as Generated) };
}

/** Vectors that are empty and not there are the same to the generated code. */
function withoutEmpty(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) =>
    each !== undefined && !((Array.isArray(each) || each instanceof Uint8Array) && each.length === 0)
  );
  return Object.fromEntries(entries.map(([name, each]) => [name, withoutEmpty(each)]));
}

const ROOTS: readonly [TableName, string][] = [["Control", "TSFC"], ["Session", "TSFS"], ["DataFrame", "TSFD"]];

for (const [root, identifier] of ROOTS) {
  Deno.test(`${root}: what is written is what is read, here and by the code of flatc`, () => {
    fc.assert(
      fc.property(valueOf(root), (value) => {
        const frame = encodeTable(root, value as Tables[typeof root], identifier) as Bytes;
        const expected = withoutEmpty(value);
        assert.deepEqual(withoutEmpty(decodeTable(root, frame, identifier)), expected);
        const buffer = new flatbuffers.ByteBuffer(frame);
        assert.ok(buffer.__has_identifier(identifier));
        const getRoot =
          (gen as unknown as Record<string, Record<string, (from: flatbuffers.ByteBuffer) => never>>)[root];
        assert.deepEqual(withoutEmpty(readGenerated(root, getRoot[`getRootAs${root}`](buffer))), expected);
      }),
      parameters(400),
    );
  });
}

Deno.test("the patched data frame is what the generated code and the table reader read", () => {
  fc.assert(
    fc.property(dataFields, fc.nat(17), (fields, offset) => {
      // Anywhere in a larger buffer, as frames arrive.
      const whole = new Uint8Array(offset + DATA_HEADER_BYTES + fields.payload.length + 5).fill(0xaa);
      const frame = whole.subarray(offset, offset + DATA_HEADER_BYTES + fields.payload.length);
      writeDataFrame(frame, fields);
      assert.deepEqual(frame, encodeDataFrame(fields));
      assert.deepEqual(decodeDataFrame(frame), { ...fields, payload: new Uint8Array(fields.payload) });
      const read = gen.DataFrame.getRootAsDataFrame(new flatbuffers.ByteBuffer(frame.slice()));
      assert.deepEqual(
        [read.link(), read.kind(), read.channel(), read.argument(), read.version()],
        [fields.link, fields.kind, fields.channel, fields.argument, WIRE_VERSION],
      );
      assert.deepEqual(read.payloadArray() ?? new Uint8Array(0), new Uint8Array(fields.payload));
    }),
    parameters(300),
  );
});

Deno.test("a data frame of another FlatBuffers writer is read too", () => {
  fc.assert(
    fc.property(dataFields, (fields) => {
      const payload = new Uint8Array(fields.payload);
      const frame = encodeTable("DataFrame", { ...fields, payload, version: WIRE_VERSION }, "TSFD") as Bytes;
      assert.deepEqual(decodeDataFrame(frame), { ...fields, payload });
    }),
    parameters(100),
  );
});

Deno.test("the payload of a data frame is a view, and may come from shared memory", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(9);
  const frame = encodeDataFrame({ link: 1, kind: 2, channel: 3, argument: -4, payload: shared });
  const { payload } = decodeDataFrame(frame);
  assert.equal(payload.buffer, frame.buffer);
  assert.deepEqual([...payload], [...shared]);
});

const MESSAGE: ControlMessage = {
  kind: MessageKind.CALL,
  correlation: 7,
  endpoint: "resourcemanager",
  fencingToken: "t",
  body: {
    table: "RegisterTaskManager",
    value: {
      resourceId: "tm",
      slots: [{ slotIndex: 1, allocationId: "ä" }, {}],
      slotProfile: Uint8Array.of(1, 2, 3),
      pid: 3,
      heapBytes: 2 ** 50,
    },
  },
};

/** What reading made of bytes: a value or the code of an error; anything else fails the test. */
function outcome(read: () => unknown): string {
  try {
    read();
    return "read";
  } catch (error) {
    assert.ok(error instanceof FlinkError, String(error));
    return error.code;
  }
}

const READERS: readonly [string, Bytes, (frame: Bytes) => unknown][] = [
  ["control", encodeControl(MESSAGE).slice() as Bytes, decodeControl],
  [
    "session",
    encodeSession({ table: "Hello", value: { role: "client", port: 7, host: "h" } }).slice() as Bytes,
    decodeSession,
  ],
  [
    "data",
    encodeDataFrame({ link: 1, kind: 2, channel: 3, argument: 4, payload: new Uint8Array(20) }),
    decodeDataFrame,
  ],
];

for (const [name, good, read] of READERS) {
  Deno.test(`${name}: every truncation and every flipped bit ends in a value or a code`, () => {
    assert.equal(outcome(() => read(good)), "read");
    for (let length = 0; length < good.length; length++) {
      const code = outcome(() => read(good.slice(0, length)));
      assert.ok(["TSF-5200", "TSF-5202", "read"].includes(code), `${length}: ${code}`);
      if (length < 8) assert.equal(code, "TSF-5200");
    }
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = good.slice();
      bad[bit >> 3] ^= 1 << (bit & 7);
      const code = outcome(() => read(bad));
      assert.ok(["TSF-5200", "TSF-5202", "read"].includes(code), `bit ${bit}: ${code}`);
    }
  });

  Deno.test(`${name}: random bytes end in a value or a code, whatever they claim to be`, () => {
    fc.assert(
      fc.property(bytesOf(200), fc.boolean(), (bytes, hasIdentifier) => {
        const frame = new Uint8Array(bytes);
        if (hasIdentifier && frame.length >= 8) frame.set(good.subarray(4, 8), 4);
        const code = outcome(() => read(frame));
        assert.ok(["TSF-5200", "TSF-5202", "read"].includes(code));
        if (!hasIdentifier) assert.equal(code, "TSF-5200");
      }),
      parameters(3000),
    );
  });
}

Deno.test("many words of a frame at once: offsets that point anywhere", () => {
  const good = READERS[0][1];
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(good.length - 4), u32), { minLength: 1, maxLength: 6 }), (patches) => {
      const bad = good.slice();
      const view = new DataView(bad.buffer);
      for (const [at, value] of patches) view.setUint32(at, at % 3 === 0 ? value : value % good.length, true);
      bad.set(good.subarray(4, 8), 4);
      outcome(() => decodeControl(bad));
    }),
    parameters(5000),
  );
});

Deno.test("a small frame cannot make a large value", () => {
  // 10,000 offsets to one text of 10,000 characters would be 100 MB.
  const count = 10_000;
  const text = new Uint8Array(count).fill(0x61);
  const builder = new flatbuffers.Builder(64);
  const shared = builder.createString(text as never);
  builder.startVector(4, count, 4);
  for (let i = 0; i < count; i++) builder.addOffset(shared);
  const accepted = builder.endVector();
  const body = gen.AcceptedSlots.createAcceptedSlots(builder, accepted);
  gen.Control.startControl(builder);
  gen.Control.addVersion(builder, WIRE_VERSION);
  gen.Control.addKind(builder, MessageKind.REPLY);
  gen.Control.addBodyType(builder, gen.Body.AcceptedSlots);
  gen.Control.addBody(builder, body);
  builder.finish(gen.Control.endControl(builder), "TSFC");
  const frame = builder.asUint8Array().slice() as Bytes;
  assert.equal(outcome(() => decodeControl(frame)), "TSF-5200");
});

Deno.test("another wire version is told with both versions and the order to upgrade in", () => {
  const frame = encodeTable("Control", { ...MESSAGE, version: WIRE_VERSION + 1 }, "TSFC") as Bytes;
  assert.throws(() => decodeControl(frame), (error) => {
    assert.ok(error instanceof FlinkError && error.code === "TSF-5202");
    assert.match(error.message, new RegExp(`version ${WIRE_VERSION}\\b[^]*version ${WIRE_VERSION + 1}\\b`));
    assert.match(error.hint!, /JobManager first, then the TaskManagers, then the clients/);
    return true;
  });
});
