import assert from "node:assert/strict";
import fc from "fast-check";
import { hashText } from "./hash_index.ts";
import { HeapTable } from "./heap_table.ts";
import { KeyContext } from "./key_context.ts";
import { fromRowValue, toRowValue } from "./stored_value.ts";
import { TtlValue } from "./ttl.ts";
import { UserMap } from "./user_map.ts";
import type { Key } from "../types/key.ts";
import type { StateMeta } from "./keyed_state_backend.ts";

const META: StateMeta = { name: "s", kind: "value", ttl: false, schema: "generic" };
const context = (maxParallelism = 16) =>
  new KeyContext({ maxParallelism, keyGroups: { start: 0, end: maxParallelism - 1 }, keyHashRule: "auto" });

const anyKey: fc.Arbitrary<Key> = fc.oneof(
  fc.constantFrom<Key>("a", "b", 1, 2, 1n, true, "1"),
  fc.tuple(fc.nat(2), fc.constantFrom("x", "y")),
  fc.integer({ min: 0, max: 40 }),
);

Deno.test("HeapTable behaves as a map by key and namespace", () => {
  const step = fc.record({
    op: fc.constantFrom("put", "put", "remove", "take", "get"),
    key: anyKey,
    namespace: fc.constantFrom("", "w1", "w2"),
    value: fc.nat(99),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const keys = context();
      const table = new HeapTable(META, keys);
      const oracle = new Map<string, number>();
      const name = (key: Key, namespace: string) => `${typeof key} ${String(key)} ${namespace}`;
      for (const { op, key, namespace, value } of steps) {
        keys.set(key);
        const at = name(key, namespace);
        const hash = hashText(namespace);
        if (op === "put") {
          table.put(namespace, hash, value);
          oracle.set(at, value);
        } else if (op === "remove") {
          table.remove(namespace, hash);
          oracle.delete(at);
        } else if (op === "take") {
          assert.equal(table.take(namespace), oracle.get(at));
          oracle.delete(at);
        }
        assert.equal(table.get(namespace, hash), oracle.get(at));
        assert.equal(table.size, oracle.size);
      }
      const rows = table.groups.flatMap((group) =>
        (group?.values ?? []).map((value, i) => [name(group!.keys[i], group!.namespaces[i]), value] as const)
      );
      assert.deepEqual(new Map(rows), oracle);
    }),
    { numRuns: 150, seed: 4 },
  );
});

Deno.test("KeyContext: no key, a key of another subtask, what is no key", () => {
  const keys = context();
  assert.equal(keys.isSet, false);
  assert.throws(() => keys.key, { code: "TSF-2115" });
  assert.throws(() => keys.canonical, { code: "TSF-2115" });
  assert.throws(() => keys.keyGroup, { code: "TSF-2115" });
  keys.set("a");
  assert.deepEqual([keys.isSet, keys.key], [true, "a"]);
  const group = keys.keyGroup;
  keys.clear();
  assert.throws(() => keys.key, { code: "TSF-2115" });
  const other = new KeyContext({
    maxParallelism: 16,
    keyGroups: { start: (group + 1) % 16, end: (group + 1) % 16 },
    keyHashRule: "auto",
  });
  other.set("a");
  assert.throws(() => other.keyGroup, { code: "TSF-2116" });
  assert.throws(() => keys.set(null as never), { code: "TSF-2102" });
  // What failed does not become the key.
  assert.equal(keys.isSet, false);
});

Deno.test("rows of a snapshot: stored values there and back, of every kind, with and without TTL", () => {
  const map = (entries: [unknown, unknown][]) => {
    const made = new UserMap();
    for (const [key, value] of entries) made.set(key, value);
    return made;
  };
  const timed = (value: unknown) => new TtlValue(value, 5);
  const table: [StateMeta["kind"], boolean, unknown, unknown][] = [
    ["value", false, { n: 1 }, { n: 1 }],
    ["value", true, timed("x"), [5, "x"]],
    ["list", false, [1, 2], [1, 2]],
    ["list", true, [timed(1), timed(2)], [[5, 1], [5, 2]]],
    ["map", false, map([["a", 1], [[1], 2]]), [["a", 1], [[1], 2]]],
    ["map", true, map([["a", timed(null)]]), [["a", [5, null]]]],
    ["reducing", true, timed(3), [5, 3]],
    ["aggregating", false, [1, [2]], [1, [2]]],
  ];
  const plain = (stored: unknown): unknown => {
    if (!(stored instanceof UserMap)) return stored;
    const entries: unknown[] = [];
    stored.forEach((key, value) => entries.push([key, value]));
    return entries;
  };
  for (const [kind, ttl, stored, row] of table) {
    const meta: StateMeta = { ...META, kind, ttl };
    assert.deepEqual(toRowValue(meta, stored), row, `${kind} ${ttl}`);
    const back = fromRowValue(meta, structuredClone(row));
    assert.deepEqual(plain(back), plain(stored), `${kind} ${ttl}`);
    if (kind === "map") assert.ok(back instanceof UserMap);
  }
});
