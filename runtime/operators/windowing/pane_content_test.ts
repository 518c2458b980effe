/** What panes keep of records: as much as the state handles of the general way, and nothing that anybody else holds. */

import assert from "node:assert/strict";
import type { AggregateFunction } from "../../functions/functions.ts";
import { overwrite } from "../../testing/overwrite.ts";
import { paneContent } from "./pane_content.ts";
import type { BoundWindowContent } from "./window_contents.ts";
import type { WindowParts } from "./window_path.ts";

interface Rec {
  readonly k: string;
  v: number;
  readonly inner?: { n: number };
}

function contentOf(content: BoundWindowContent, sharesRecords = false) {
  const runtime = { getTaskInfo: () => ({ taskNameWithSubtasks: "test (1/1)#0" }) };
  return paneContent({ content, ctx: { operatorId: "0", runtime } } as unknown as WindowParts, sharesRecords);
}
const reduce = (fn: (a: Rec, b: Rec) => Rec | null): BoundWindowContent => ({ kind: "reduce", fn: fn as never });
const aggregate = (fn: Partial<AggregateFunction<Rec, never, unknown>>): BoundWindowContent => ({
  kind: "aggregate",
  fn: fn as never,
});

/**
 * Adds records that are overwritten afterwards, unless they are moved, many times so that copies are made by generated
 * functions too.
 */
function fill(
  content: BoundWindowContent,
  values: readonly Rec[],
  { sharesRecords = false, isMoved = (_i: number): boolean => false } = {},
): unknown {
  let taken: unknown;
  const pane = contentOf(content, sharesRecords);
  for (let round = 0; round < 100; round++) {
    let stored: unknown;
    values.forEach((value, i) => {
      const given = structuredClone(value);
      if (isMoved(i)) {
        stored = pane.addMoved(stored, given);
        return;
      }
      stored = pane.add(stored, given);
      overwrite(given);
    });
    const early = pane.take(stored, false);
    overwrite(early);
    const last = pane.take(stored, true);
    if (round > 0) assert.deepEqual(last, taken);
    taken = last;
  }
  return taken;
}

const RECORDS: readonly Rec[] = [
  { k: "a", v: 1, inner: { n: 1 } },
  { k: "a", v: 3, inner: { n: 2 } },
  { k: "a", v: 2, inner: { n: 3 } },
];

const CASES: Readonly<Record<string, readonly [BoundWindowContent, unknown]>> = {
  "all records": [{ kind: "list" }, RECORDS],
  "the left one": [reduce((a) => a), [RECORDS[0]]],
  "the right one": [reduce((_, b) => b), [RECORDS[2]]],
  "the larger one": [reduce((a, b) => a.v >= b.v ? a : b), [RECORDS[1]]],
  "a new one": [reduce((a, b) => ({ k: a.k, v: a.v + b.v })), [{ k: "a", v: 6 }]],
  "the left one with a part of the right": [
    reduce((a, b) => Object.assign(a, { inner: b.inner })),
    [{ k: "a", v: 1, inner: { n: 3 } }],
  ],
  "a number": [
    aggregate({ createAccumulator: () => 0 as never, add: ({ v }, n) => n + v as never, getResult: (n) => n }),
    [6],
  ],
  "an accumulator changed in place": [
    aggregate({
      createAccumulator: () => ({ sum: 0 }) as never,
      add: ({ v }, acc: { sum: number }) => (acc.sum += v, acc) as never,
      getResult: ({ sum }: { sum: number }) => sum,
    }),
    [6],
  ],
  "an accumulator that is handed out again and again": [
    aggregate({
      createAccumulator: () => [0] as never,
      add: (() => {
        const shared = [0];
        return ({ v }: Rec, acc: number[]) => {
          shared[0] = acc[0] + v;
          return shared;
        };
      })() as never,
      getResult: ([sum]: number[]) => sum,
    }),
    [6],
  ],
  "an accumulator that keeps records": [
    aggregate({
      createAccumulator: () => ({ all: [] }) as never,
      add: (rec, acc: { all: Rec[] }) => (acc.all.push(rec), acc) as never,
      getResult: ({ all }: { all: Rec[] }) => all,
    }),
    [RECORDS],
  ],
  "an accumulator that keeps a part of a record": [
    aggregate({
      createAccumulator: () => ({ last: null }) as never,
      add: (rec, acc: { last: unknown }) => (acc.last = rec.inner, acc) as never,
      getResult: ({ last }: { last: unknown }) => last,
    }),
    [{ n: 3 }],
  ],
  "a record as accumulator": [
    aggregate({ createAccumulator: () => ({ v: 0 }) as never, add: (rec) => rec as never, getResult: (rec) => rec }),
    [RECORDS[2]],
  ],
};

for (const [name, [content, expected]] of Object.entries(CASES)) {
  Deno.test(`pane content: ${name}`, () => {
    assert.deepEqual(fill(content, RECORDS), expected);
    assert.deepEqual(fill(content, RECORDS, { sharesRecords: true }), expected);
    assert.deepEqual(fill(content, RECORDS, { isMoved: () => true }), expected, "moved");
    assert.deepEqual(fill(content, RECORDS, { isMoved: (i) => i % 2 === 0 }), expected, "some of them moved");
    assert.deepEqual(fill(content, RECORDS, { isMoved: (i) => i === 1 }), expected, "one of them moved");
  });
}

Deno.test("pane content: a moved record is kept itself, what a function returns is copied", () => {
  const first = { k: "a", v: 1 };
  const second = { k: "a", v: 2 };
  const list = contentOf({ kind: "list" });
  const stored = list.addMoved(list.addMoved(undefined, first), second) as unknown[];
  assert.ok(stored[0] === first && stored[1] === second);

  const keeping = contentOf(CASES["an accumulator that keeps records"][0]);
  const kept = keeping.addMoved(keeping.addMoved(undefined, first), second) as { all: unknown[] };
  assert.ok(kept.all[0] === first && kept.all[1] === second);

  const right = contentOf(CASES["the right one"][0]);
  const result = right.addMoved(right.addMoved(undefined, first), second);
  assert.ok(result !== second, "the function may have kept it");
  assert.deepEqual(result, second);
});

Deno.test("pane content: what generated code does with a moved record is what addMoved does", () => {
  for (const [name, [content, expected]] of Object.entries(CASES)) {
    const pane = contentOf(content);
    const { fused } = pane;
    let stored = pane.addMoved(undefined, structuredClone(RECORDS[0]));
    for (const value of structuredClone(RECORDS.slice(1))) {
      if (fused.kind === "list") {
        (stored as unknown[]).push(value);
        continue;
      }
      const result = fused.kind === "reduce" ? fused.fn(stored, value) : fused.fn.add(value, stored);
      stored = typeof result === "number" || result === stored ? result : fused.kept(result);
    }
    assert.deepEqual(pane.take(stored, true), expected, name);
  }
});

Deno.test("pane content: a record that goes to several windows is the same in each", () => {
  const pane = contentOf(
    reduce((a, b) => {
      b.v += a.v;
      return b;
    }),
    true,
  );
  const record = (v: number): Rec => ({ k: "a", v });
  const stored = [10, 20].map((v) => pane.add(undefined, record(v)));
  const shared = record(1);
  assert.deepEqual(stored.map((each) => pane.add(each, shared)), [record(11), record(21)]);
});

Deno.test("pane content: nothing as record clears, nothing as result is none", () => {
  for (const [name, [content]] of Object.entries(CASES)) {
    const pane = contentOf(content);
    if (content.kind === "list") {
      assert.throws(() => pane.add(undefined, null), { code: "TSF-2112" });
      continue;
    }
    assert.equal(pane.add(pane.add(undefined, structuredClone(RECORDS[0])), null), undefined, name);
    assert.equal(pane.addMoved(pane.addMoved(undefined, structuredClone(RECORDS[0])), undefined), undefined, name);
    assert.equal(pane.take(undefined, true), undefined, name);
  }
  const toNull = contentOf(reduce(() => null));
  assert.equal(toNull.add(toNull.add(undefined, { k: "a", v: 1 }), { k: "a", v: 2 }), undefined);
  assert.equal(toNull.addMoved(toNull.addMoved(undefined, { k: "a", v: 1 }), { k: "a", v: 2 }), undefined);
  assert.throws(() => contentOf({ kind: "list" }).addMoved([], null), { code: "TSF-2112" });
  const none = contentOf(
    aggregate({ createAccumulator: () => 0 as never, add: () => 1 as never, getResult: () => undefined }),
  );
  assert.equal(none.take(none.add(undefined, {}), false), undefined);
});

Deno.test("pane content: merging", () => {
  const list = contentOf({ kind: "list" });
  assert.deepEqual(list.merge([1], [2, 3]), [1, 2, 3]);
  assert.deepEqual([list.merge(undefined, [1]), list.merge([1], undefined)], [[1], [1]]);
  const sum = contentOf(reduce((a, b) => ({ k: a.k + b.k, v: a.v + b.v })));
  assert.deepEqual(sum.merge({ k: "a", v: 1 }, { k: "b", v: 2 }), { k: "ab", v: 3 });
  const without = contentOf(aggregate({ createAccumulator: () => 0 as never }));
  assert.throws(() => without.merge(1, 2), { code: "TSF-2117" });
  assert.deepEqual([without.merge(undefined, 2), without.merge(1, undefined)], [2, 1]);
});
