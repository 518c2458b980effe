import assert from "node:assert/strict";
import fc from "fast-check";
import { HashIndex, hashText, mixHash } from "./hash_index.ts";

/** All rows under a hash, in any order. */
function rowsOf(index: HashIndex, hash: number): number[] {
  const rows: number[] = [];
  for (let bucket = index.first(hash); bucket >= 0; bucket = index.next(bucket, hash)) rows.push(index.rowAt(bucket));
  return rows.sort((a, b) => a - b);
}

// Few hashes that share buckets, so that chains wrap around and removals shift.
const hash = fc.constantFrom(0, 1, -1, 8, 16, 0x7fffffff, -0x80000000, 5, 13, 21);
const op = fc.record({ op: fc.constantFrom("add", "add", "remove", "move"), hash, pick: fc.nat(1000) });

Deno.test("property: the index equals a Map from hash to rows, also after removals and renames", () => {
  fc.assert(fc.property(fc.array(op, { maxLength: 200 }), (ops) => {
    const index = new HashIndex();
    const model = new Map<number, number[]>();
    let nextRow = 0;
    for (const { op, hash, pick } of ops) {
      const rows = model.get(hash) ?? [];
      if (op === "add") {
        index.add(hash, nextRow);
        model.set(hash, [...rows, nextRow++]);
      } else if (rows.length > 0) {
        const row = rows[pick % rows.length];
        const others = rows.filter((other) => other !== row);
        if (op === "move") {
          index.move(hash, row, nextRow);
          model.set(hash, [...others, nextRow++]);
        } else {
          let bucket = index.first(hash);
          while (index.rowAt(bucket) !== row) bucket = index.next(bucket, hash);
          index.removeAt(bucket);
          model.set(hash, others);
        }
      }
      for (const [hash, rows] of model) assert.deepEqual(rowsOf(index, hash), rows.toSorted((a, b) => a - b));
    }
  }));
});

Deno.test("a hundred thousand consecutive hashes are all found", () => {
  const index = new HashIndex();
  for (let i = 0; i < 100_000; i++) index.add(mixHash(i, 0), i);
  for (let i = 0; i < 100_000; i++) assert.ok(rowsOf(index, mixHash(i, 0)).includes(i));
  assert.equal(index.first(mixHash(100_001, 77)), -1);
});

Deno.test("the empty text hashes to 0, so a key without namespace keeps its hash's mix", () => {
  assert.equal(hashText(""), 0);
  assert.notEqual(hashText("ab"), hashText("ba"));
});
