import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "./byte_buffer.ts";
import { assertKey, canonicalKey, compareBytes, ownKey, ownString, readKey, writeKey } from "./canonical_key.ts";
import type { Key } from "./key.ts";
import { hashKey } from "./key_group.ts";

function keyBytes(key: Key): Uint8Array {
  const out = new ByteWriter();
  writeKey(out, key);
  return out.toBytes();
}
const hex = (key: Key): string => keyBytes(key).join(",");

/** Two NaN of different bits. */
const OTHER_NAN = new Float64Array(new BigUint64Array([0xfff8000000000001n]).buffer)[0];

// Each row is one key in several spellings; keys of different rows differ.
const KEYS: readonly (readonly Key[])[] = [
  [0, -0],
  [NaN, OTHER_NAN, 0 / 0],
  [1],
  [1n],
  ["1"],
  [true],
  [false],
  ["true"],
  [""],
  ["\u0000"],
  ["\u0000s"],
  ["\u0000ss"],
  ["\u0000[]"],
  ["\u0000s\u0000[]"],
  ['\u0000["1:1]'],
  [[]],
  [[[]]],
  [["1"]],
  [[1]],
  [[1n]],
  [[0], [-0]],
  [[0, 0], [-0, 0]],
  [["", ""]],
  [["a", "b"]],
  [["ab", ""]],
  [['a"1:b']],
  [["a,b"]],
  [{}],
  [{ a: 1 }],
  [{ a: "1" }],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }],
  [{ a: 2, b: 1 }],
  [{ a: { b: [-0] } }, { a: { b: [0] } }],
  [JSON.parse('{"__proto__":1}')],
  [{ "0": 1 }],
  [Object.assign(Object.create(null), { n: 1 }), { n: 1 }],
  ["\ud800"],
  ["\ufffd"],
  [2 ** 64],
  [2n ** 64n],
  [-(2n ** 64n)],
];

Deno.test("keys are one exactly when the contract says so", () => {
  const map = new Map<unknown, number>();
  const bytes = new Map<string, number>();
  KEYS.forEach((spellings, row) => {
    for (const key of spellings) {
      const seen = map.get(canonicalKey(key)) ?? row;
      assert.equal(seen, row, `${hex(key)} of row ${row} equals a key of row ${seen}`);
      assert.equal(bytes.get(hex(key)) ?? row, row);
      map.set(canonicalKey(key), row);
      bytes.set(hex(key), row);
    }
  });
  assert.equal(map.size, KEYS.length);
  assert.equal(bytes.size, KEYS.length);
});

const key: fc.Arbitrary<Key> = fc.letrec<{ key: Key }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Key>(0, -0, NaN, "", "\u0000", "\u0000[", 1, 1n, "1", true),
    fc.string({ unit: "binary", maxLength: 4 }),
    fc.double(),
    fc.integer(),
    fc.bigInt(),
    fc.boolean(),
    fc.array(tie("key"), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 2 }), tie("key"), { maxKeys: 3 }),
  ),
})).key;

Deno.test("canonical bytes, canonical primitive and hash agree, and bytes read back", () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      const same = hex(a) === hex(b);
      assert.equal(new Set([canonicalKey(a), canonicalKey(b)]).size, same ? 1 : 2);
      if (same) assert.equal(hashKey(a), hashKey(b));
      const back = readKey(new ByteReader(keyBytes(a)));
      assert.equal(hex(back), hex(a));
      assert.equal(hex(ownKey(a)), hex(a));
      assert.equal(
        Math.sign(compareBytes(keyBytes(a), keyBytes(b))),
        -Math.sign(compareBytes(keyBytes(b), keyBytes(a))) + 0,
      );
      assert.equal(compareBytes(keyBytes(a), keyBytes(b)) === 0, same);
    }),
    { numRuns: 500 },
  );
});

Deno.test("bytes are compared unsigned, a prefix comes first", () => {
  const sorted = [[], [0], [0, 0], [1], [127], [128], [255], [255, 0]].map((bytes) => Uint8Array.from(bytes));
  for (let i = 0; i < sorted.length; i++) {
    for (let j = 0; j < sorted.length; j++) {
      assert.equal(Math.sign(compareBytes(sorted[i], sorted[j])), Math.sign(i - j));
    }
  }
});

Deno.test("what is no key is refused with its place", () => {
  class Point {
    x = 1;
  }
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /The key is undefined/],
    [null, /The key is null/],
    [Symbol("s"), /The key is a symbol/],
    [() => 1, /The key is a function/],
    [new Date(0), /The key is a Date instance/],
    [new Point(), /The key is a Point instance/],
    [new Map(), /a Map instance/],
    [{ user: { ids: [1, null] } }, /The field key\.user\.ids\[1\] is null/],
    [{ "odd name": undefined }, /key\["odd name"\] is undefined/],
    // deno-lint-ignore no-sparse-arrays -- a hole is what is tested
    [[1, , 2], /key\[1\] is undefined/],
    [cyclic, /nested more than 64 deep/],
  ];
  for (const [value, message] of cases) {
    for (const use of [assertKey, canonicalKey, hex] as ((key: unknown) => unknown)[]) {
      assert.throws(() => use(value), { code: "TSF-2102", message });
    }
  }
  assert.throws(() => assertKey(null, { name: "count", uid: "u1" }), /operator: count \(uid "u1"\)/);
});

Deno.test("an owned key shares nothing with what it was made from", () => {
  const composite = { list: [1, { deep: "x" }], text: "y" };
  const owned = ownKey(composite);
  composite.list[0] = 2;
  (composite.list[1] as { deep: string }).deep = "changed";
  assert.deepEqual(owned, { list: [1, { deep: "x" }], text: "y" });
  assert.equal(Object.hasOwn(ownKey(JSON.parse('{"__proto__":1}')) as object, "__proto__"), true);
  for (const length of [0, 12, 13, 4095, 4096, 4097, 10_000]) {
    const text = "é\ud800x".repeat(length).slice(0, length);
    assert.equal(ownString(text), text);
  }
});
