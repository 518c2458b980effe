/** Sums of slices against adding up every slice of every window. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { PaneContent } from "../pane_content.ts";
import type { SliceBlock } from "./slice.ts";
import { SliceList } from "./slice_list.ts";
import { SliceSum } from "./slice_sum.ts";

/** Sets of records as texts, merged in whatever order. */
const content: PaneContent = {
  fused: { kind: "list" },
  addMoved: (stored, value) => content.add(stored, value),
  add: (stored, value) => [...(stored as string ?? ""), value].sort().join(""),
  take: (stored) => [stored],
  merge: (left, right) => [...`${left}${right}`].sort().join(""),
};
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const NUM_KEYS = 5;

function rowsOf({ size, ids, values, orders }: SliceBlock): unknown[] {
  return Array.from({ length: size }, (_, i) => [ids[i], values[i], orders[i]]);
}

Deno.test("property: the sum of a window is that of its slices, in the order in which keys came", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 40 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: -5, max: 5 }),
      fc.array(fc.tuple(fc.nat(30), fc.nat(NUM_KEYS - 1), fc.boolean()), { minLength: 1, maxLength: 120 }),
      (ratio, slide, origin, records) => {
        const list = new SliceList({ origin, step: slide, ratio }, content);
        const sum = new SliceSum(content);
        const all: { readonly time: number; readonly id: number; readonly letter: string; readonly order: number }[] =
          [];
        let end = origin + slide;
        records.forEach(([ahead, id, moves], order) => {
          // A window at a time, with records in all the slices that are still needed.
          const time = end - ratio * slide + ahead % ((ratio + 2) * slide);
          const from = origin + Math.floor((time - origin) / slide) * slide;
          const slice = list.find(from) ?? list.add(from, from + slide, from + ratio * slide - 1);
          if (slice.isSummed) list.forgetSums();
          const letter = LETTERS[order % LETTERS.length];
          all.push({ time, id, letter, order });
          const row = slice.index.get(id);
          if (row >= 0) slice.values[row] = content.add(slice.values[row], letter);
          else {
            slice.index.add(id, slice.size);
            slice.ids.push(id);
            slice.values.push(letter);
            slice.orders.push(order);
          }
          if (!moves) return;
          const start = end - ratio * slide;
          list.sum(sum, NUM_KEYS, { start, end });
          const inside = all.filter((record) => record.time >= start && record.time < end);
          const expected = [...Map.groupBy(inside, (record) => record.id)].map(([key, found]) => [
            key,
            found.map((record) => record.letter).sort().join(""),
            Math.min(...found.map((record) => record.order)),
          ]).sort((a, b) => Number(a[2]) - Number(b[2]));
          assert.deepEqual(rowsOf(sum), expected);
          list.dropUntil(end - 1, (slice) => assert.ok(slice.to <= end - (ratio - 1) * slide));
          end += slide;
        });
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("a sum puts rows in order that came all in the wrong one", () => {
  const sum = new SliceSum(content);
  sum.begin(200);
  for (let i = 0; i < 200; i++) sum.add({ size: 1, ids: [i], values: [String(i)], orders: [-i] });
  sum.add({ size: 1, ids: [7], values: ["x"], orders: [-1000] });
  sum.finish();
  assert.deepEqual(Array.from(sum.orders.subarray(0, 3)), [-1000, -199, -198]);
  assert.deepEqual([sum.values[0], sum.values[199]], ["7x", "0"]);
  // The rows are found again where they are now.
  sum.add({ size: 1, ids: [0], values: ["y"], orders: [5] });
  assert.deepEqual([sum.size, sum.values[199]], [200, "0y"]);
});
