import assert from "node:assert/strict";
import fc from "fast-check";
import type { Key } from "../types/key.ts";
import { keyGroupFor } from "../types/key_group.ts";
import { crc32 } from "./checksum.ts";
import type { StateRow } from "./keyed_state_backend.ts";
import { type RunHead, RunReader, RunWriter, sortedMetas } from "./snapshot.ts";

const HEAD: RunHead = {
  maxParallelism: 4,
  keyHashRule: "auto",
  keyGroups: { start: 0, end: 3 },
  states: sortedMetas([
    { name: "b", kind: "value", ttl: true, schema: "generic", keySchema: "generic" },
    { name: "a", kind: "map", ttl: false, schema: "x", keySchema: "y" },
  ]),
};

function writeRun(rows: readonly StateRow[]): Uint8Array {
  const writer = new RunWriter(HEAD);
  HEAD.states.forEach(({ name }, state) => {
    for (let group = 0; group < 4; group++) {
      writer.group(state, group, rows.filter((row) => row.state === name && row.keyGroup === group));
    }
  });
  return writer.finish().bytes;
}

const someKey: fc.Arbitrary<Key> = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.bigInt(),
  fc.boolean(),
  fc.tuple(fc.string(), fc.nat()),
);
const someRow = fc.record({
  state: fc.constantFrom("a", "b"),
  key: someKey,
  namespace: fc.string(),
  value: fc.jsonValue(),
})
  .map((row): StateRow => ({ ...row, keyGroup: keyGroupFor(row.key, 4) }));

Deno.test("checksum: the published check value, and every length", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assert.equal(crc32(new Uint8Array(0)), 0);
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i * 37);
  // Oracle: bit by bit.
  for (let end = 0; end <= bytes.length; end++) {
    let crc = 0xffffffff;
    for (let i = 0; i < end; i++) {
      crc ^= bytes[i];
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    assert.equal(crc32(bytes, end), (crc ^ 0xffffffff) >>> 0);
  }
});

Deno.test("property: a run gives back its rows, sorted by state, key group, key, namespace; subsets by key group", () => {
  fc.assert(fc.property(fc.array(someRow, { maxLength: 40 }), (rows) => {
    const reader = new RunReader(writeRun(rows));
    assert.deepEqual(reader.head, HEAD);
    const all = [...reader.rows(HEAD.keyGroups)];
    const text = ({ state, keyGroup, key, namespace, value }: Partial<StateRow>) =>
      JSON.stringify(
        [state, keyGroup, typeof key, key, namespace, value],
        (_, v) => typeof v === "bigint" ? `${v}n` : v,
      );
    assert.deepEqual(all.map(text).sort(), rows.map(text).sort());
    const order = all.map((row) => `${row.state}${row.keyGroup}`);
    assert.deepEqual(order, order.toSorted());
    for (let group = 0; group < 4; group++) {
      const part = [...reader.rows({ start: group, end: group })];
      assert.deepEqual(part, all.filter((row) => row.keyGroup === group));
    }
    assert.deepEqual([...reader.rows({ start: 3, end: 2 })], []);
    // The order of writing does not show, unless two rows have the same key and namespace.
    const ids = rows.map(({ value: _, ...id }) => text(id));
    if (new Set(ids).size === ids.length) assert.deepEqual(writeRun(rows.toReversed()), writeRun(rows));
  }));
});

Deno.test("a run that was cut, changed anywhere, or is of another version is refused", () => {
  const row = { state: "a", keyGroup: keyGroupFor("k", 4), key: "k", namespace: "", value: [["x", 1]] };
  const bytes = writeRun([row]);
  assert.equal([...new RunReader(bytes).rows(HEAD.keyGroups)].length, 1);
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice();
    changed[i] ^= 0x10;
    assert.throws(() => new RunReader(changed), { code: "TSF-2114" }, `byte ${i}`);
    assert.throws(() => new RunReader(bytes.subarray(0, i)), { code: "TSF-2114" }, `cut at ${i}`);
  }
  // A run may lie inside a larger buffer.
  const padded = new Uint8Array(bytes.length + 7);
  padded.set(bytes, 7);
  assert.equal([...new RunReader(padded.subarray(7)).rows(HEAD.keyGroups)][0].key, "k");
});
