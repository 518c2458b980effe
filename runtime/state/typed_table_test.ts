// The typed table against the table it stands for, with keys of every kind and more than one state over the same rows.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Key } from "../types/key.ts";
import { hashText } from "./hash_index.ts";
import { HeapTable, type StateTable } from "./heap_table.ts";
import { KeyContext } from "./key_context.ts";
import { KeyRows } from "./key_rows.ts";
import type { StateMeta } from "./keyed_state_backend.ts";
import { TypedTable } from "./typed_table.ts";

const META: StateMeta = { name: "s", kind: "value", ttl: false, schema: "generic" };
const newContext = (end = 15) =>
  new KeyContext({ maxParallelism: 16, keyGroups: { start: 0, end }, keyHashRule: "auto" });

const KEYS: readonly Key[] = [
  0,
  -0,
  1,
  -5,
  0x7fffffff,
  -0x80000000,
  2 ** 31,
  1.5,
  NaN,
  1n,
  -1n,
  true,
  false,
  "",
  "1",
  "a text longer than twelve units",
  [],
  [1, 2],
  [2, 1],
  [1, -0],
  [1, 0],
  [1, 2, 3],
  [1, 2.5],
  [1, "2"],
  [[1, 2], "x"],
  {},
  { a: 1, b: "x" },
  { b: "x", a: 1 },
  { a: 1 },
  { a: { b: [1, NaN] } },
];

/** Everything a table holds, in an order of its own. */
function content(table: StateTable): string[] {
  const rows: string[] = [];
  for (const [keyGroup, group] of table.rowsByKeyGroup((stored) => stored)) {
    for (const { key, namespace, value } of group) {
      rows.push(
        JSON.stringify(
          [keyGroup, typeof key, key, namespace, value],
          (_, part) => typeof part === "bigint" ? `${part}n` : Number.isNaN(part) ? "NaN" : part,
        ),
      );
    }
  }
  return rows.sort();
}

Deno.test("property: typed tables over shared rows do what heap tables do", () => {
  const step = fc.record({
    op: fc.constantFrom("put", "put", "put", "remove", "take", "clear", "get"),
    state: fc.nat(2),
    key: fc.nat(KEYS.length - 1),
    namespace: fc.constantFrom("", "", "", "w1", "w2"),
    value: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(1.5, -0.25, "text", true)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const [typedContext, heapContext] = [newContext(), newContext()];
      const rows = new KeyRows(typedContext);
      const typed = [0, 1, 2].map(() => new TypedTable(META, typedContext, rows));
      const heap = [0, 1, 2].map(() => new HeapTable(META, heapContext));
      for (const { op, state, key, namespace, value } of steps) {
        typedContext.set(KEYS[key]);
        heapContext.set(KEYS[key]);
        const hash = hashText(namespace);
        const answers = [typed[state], heap[state]].map((table) => {
          if (op === "put") table.put(namespace, hash, value);
          else if (op === "remove") table.remove(namespace, hash);
          else if (op === "take") return table.take(namespace);
          return table.get(namespace, hash);
        });
        assert.ok(Object.is(answers[0], answers[1]));
        typed.forEach((table, i) => assert.equal(table.size, heap[i].size));
      }
      typed.forEach((table, i) => {
        assert.deepEqual(content(table), content(heap[i]));
        assert.equal(table.keys("").length, heap[i].keys("").length);
      });
      const held = new Set(
        typed.flatMap((table) => table.keys("").map((key) => JSON.stringify([typeof key, key], text))),
      );
      assert.equal(rows.size, held.size, "a row for each key that some state holds, and no other");
    }),
    { numRuns: 300, seed: 3 },
  );
});

function text(_: string, part: unknown): unknown {
  return typeof part === "bigint" ? `${part}n` : Number.isNaN(part) ? "NaN" : part;
}

Deno.test("rows of keys that are gone are used again", () => {
  const context = newContext();
  const rows = new KeyRows(context);
  const table = new TypedTable(META, context, rows);
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 100; i++) {
      context.set(i % 3 === 0 ? round * 100 + i : i % 3 === 1 ? `key ${round} ${i}` : [round, i]);
      table.put("", 0, i);
    }
    const before = rows.byteLength;
    for (const key of table.keys("")) {
      context.set(key);
      table.remove("", 0);
      assert.equal(table.get("", 0), undefined);
    }
    assert.equal(rows.size, 0);
    if (round > 0) assert.equal(rows.byteLength, before);
  }
  assert.ok(rows.byteLength < 20_000, `${rows.byteLength}`);
});

Deno.test("a key of another subtask is refused at each use, also where nothing is stored", () => {
  const context = newContext(7);
  const table = new TypedTable(META, context, new KeyRows(context));
  let refused = 0;
  for (let key = 0; key < 40; key++) {
    const uses = [() => table.get("", 0), () => table.put("", 0, 1), () => table.get("w", hashText("w"))].map((use) => {
      context.set(`other ${key}`);
      context.set(key);
      try {
        use();
        return 0;
      } catch (error) {
        assert.equal((error as { code: string }).code, "TSF-2116");
        return 1;
      }
    });
    assert.ok(uses.every((one) => one === uses[0]));
    refused += uses[0];
  }
  assert.ok(refused > 10 && refused < 30);
});
