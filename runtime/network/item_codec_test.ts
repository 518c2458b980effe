import assert from "node:assert/strict";
import fc from "fast-check";
import { BatchEncoder } from "../types/batch_encoder.ts";
import { decodeBatch } from "../types/columnar_codec.ts";
import { Kind, Schema } from "../types/schema.ts";
import { type CheckpointOptions, MAX_WATERMARK, NO_TIMESTAMP } from "../types/stream_element.ts";
import { encodeEvent, EventDecoder, type EventItem } from "./item_codec.ts";

const timestamp = fc.oneof(
  fc.constantFrom(NO_TIMESTAMP, MAX_WATERMARK, 0, -1, 1_700_000_000_000, 2 ** 53 - 1),
  fc.maxSafeInteger(),
);
const options: fc.Arbitrary<CheckpointOptions> = fc.record({
  type: fc.constantFrom("checkpoint", "savepoint"),
  alignment: fc.constantFrom("aligned", "unaligned", "at-least-once"),
});
const event: fc.Arbitrary<EventItem> = fc.oneof(
  fc.record({ kind: fc.constant("watermark" as const), timestamp }),
  fc.record({ kind: fc.constant("status" as const), status: fc.constantFrom("active", "idle", "finished") }),
  fc.record({ kind: fc.constant("barrier" as const), checkpointId: fc.maxSafeNat(), timestamp, options }),
  fc.record({
    kind: fc.constant("latency" as const),
    markedTimeMs: timestamp,
    operatorId: fc.stringMatching(/^[0-9a-f]{32}$/),
    subtaskIndex: fc.nat({ max: 32767 }),
  }),
  fc.record({ kind: fc.constant("end" as const), drain: fc.boolean() }),
);

Deno.test("every event comes back as it was", () => {
  const decoder = new EventDecoder();
  fc.assert(
    fc.property(event, (item) => {
      // Inside a longer buffer, as the ring hands it out.
      const bytes = encodeEvent(item);
      const shifted = new Uint8Array(bytes.length + 24);
      shifted.set(bytes, 16);
      // fast-check makes records without prototype, hence the clone.
      assert.deepEqual(decoder.decode(shifted.subarray(16, 16 + bytes.length)), structuredClone(item));
    }),
    { numRuns: 500 },
  );
});

Deno.test("a schema decodes what its sender encodes, and is one object per content", () => {
  const rows = [{ id: 1, name: "é", at: [1.5, null], big: 12n }, { id: "x", name: undefined, at: [2, "y"], big: 1n }];
  const decoder = new EventDecoder();
  const send = (values: unknown[]) => {
    const { bytes, schema } = new BatchEncoder().encode(values, values.map((_, i) => i));
    const item = decoder.decode(encodeEvent({ kind: "schema", schema }));
    assert.ok(item.kind === "schema");
    assert.notEqual(item.schema, schema);
    assert.deepEqual([item.schema.hash, item.schema.text], [schema.hash, schema.text]);
    const { values: got, timestamps } = decodeBatch(() => item.schema, bytes);
    assert.deepEqual(got, values);
    assert.deepEqual([...timestamps], values.map((_, i) => i));
    return item.schema;
  };
  const first = send(rows);
  assert.equal(send(rows), first);
  assert.notEqual(send([{ other: 1 }]), first);
});

Deno.test("a schema with a name that is not well-formed text", () => {
  const shape = { tuple: false, names: ["\ud800", "ok"], columns: [Schema.generic().root, Schema.generic().root] };
  const schema = new Schema({ kinds: Kind.ROW, shapes: [shape] });
  const item = new EventDecoder().decode(encodeEvent({ kind: "schema", schema }));
  assert.ok(item.kind === "schema");
  assert.deepEqual(item.schema.root, schema.root);
});

Deno.test("damage is told, never made into an event", () => {
  const decoder = new EventDecoder();
  const watermark = encodeEvent({ kind: "watermark", timestamp: 7 });
  assert.throws(() => decoder.decode(watermark.subarray(0, 5)), { code: "TSF-2106" });
  assert.throws(() => decoder.decode(Uint8Array.of(...watermark, 0)), { code: "TSF-2106" });
  assert.throws(() => decoder.decode(new Uint8Array(0)), { code: "TSF-2106" });
  const schema = encodeEvent({ kind: "schema", schema: Schema.generic() });
  schema[schema.length - 1] ^= 0xff;
  assert.throws(() => decoder.decode(schema), { code: "TSF-2109" });
  const stranger = encodeEvent({ kind: "stranger" } as unknown as EventItem);
  assert.throws(() => decoder.decode(stranger), { code: "TSF-0001" });
});
