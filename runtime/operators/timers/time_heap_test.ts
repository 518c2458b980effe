import assert from "node:assert/strict";
import fc from "fast-check";
import { TimeHeap } from "./time_heap.ts";

const entry = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 9 }));
type Entry = [time: number, order: number, slot: number];
const inOrder = (a: Entry, b: Entry): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

Deno.test("property: a heap of times is a sorted list", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom("push", "push", "pop", "replace"), entry)), (steps) => {
      const heap = new TimeHeap();
      const oracle: Entry[] = [];
      for (const [op, [time, order, slot]] of steps) {
        const first = oracle[0];
        if (op === "push") {
          heap.push(time, order, slot);
          oracle.push([time, order, slot]);
        } else if (first !== undefined && op === "pop") {
          heap.pop();
          oracle.shift();
        } else if (first !== undefined && op === "replace" && inOrder([time, order, slot], first) >= 0) {
          heap.replaceFirst(time, order, slot);
          oracle[0] = [time, order, slot];
        }
        oracle.sort(inOrder);
        assert.equal(heap.size, oracle.length);
        assert.equal(heap.firstTime, oracle[0]?.[0] ?? Infinity);
        if (oracle.length > 0) assert.deepEqual([heap.firstOrder, heap.firstSlot], oracle[0].slice(1));
      }
      heap.clear();
      assert.deepEqual([heap.size, heap.firstTime], [0, Infinity]);
    }),
    { numRuns: 300 },
  );
});
