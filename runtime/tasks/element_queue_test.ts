import assert from "node:assert/strict";
import fc from "fast-check";
import type { Spill } from "../seams/spill.ts";
import { ElementQueue, type QueuedEvent } from "./element_queue.ts";

/** Spill files in memory; counts open files and bytes. */
function memorySpill() {
  const counts = { open: 0, appended: 0 };
  const spill: Spill = {
    open: () => {
      counts.open++;
      const chunks: Uint8Array[] = [];
      return {
        append: (bytes) => {
          counts.appended += bytes.length;
          return chunks.push(bytes.slice()) - 1;
        },
        readAt: (position) => chunks[position],
        close: () => void counts.open--,
      };
    },
  };
  return { spill, counts };
}

function collector() {
  const seen: unknown[] = [];
  return {
    seen,
    target: {
      record: (value: unknown, timestamp: number) => void seen.push([value, timestamp]),
      event: (event: QueuedEvent) => void seen.push(event),
    },
  };
}

Deno.test("gives records and events back in order", () => {
  const { spill } = memorySpill();
  const queue = new ElementQueue(spill);
  const { seen, target } = collector();
  assert.equal(queue.deliver(target), false);
  queue.event({ kind: "watermark", timestamp: 1 });
  queue.record("a", 2);
  queue.event({ kind: "status", status: "idle" });
  queue.event({ kind: "watermark", timestamp: 3 });
  queue.record("b", 4);
  while (queue.deliver(target));
  assert.deepEqual(seen, [
    { kind: "watermark", timestamp: 1 },
    ["a", 2],
    { kind: "status", status: "idle" },
    { kind: "watermark", timestamp: 3 },
    ["b", 4],
  ]);
  assert.equal(queue.isEmpty, true);
});

Deno.test("a hundred thousand records go through a file and come back", () => {
  const { spill, counts } = memorySpill();
  const queue = new ElementQueue(spill);
  for (let n = 0; n < 100_000; n++) {
    if (n % 5000 === 0) queue.event({ kind: "watermark", timestamp: n });
    queue.record({ n }, n);
  }
  assert.ok(counts.appended > 100_000, "most of it is on disk");
  let next = 0;
  let watermarks = 0;
  const target = {
    record: (value: unknown, timestamp: number) => {
      assert.deepEqual([(value as { n: number }).n, timestamp], [next, next]);
      next++;
    },
    event: (event: QueuedEvent) => {
      assert.deepEqual(event, { kind: "watermark", timestamp: next });
      watermarks++;
    },
  };
  while (queue.deliver(target));
  assert.deepEqual([next, watermarks, counts.open], [100_000, 20, 0]);
});

Deno.test("closing deletes the file", () => {
  const { spill, counts } = memorySpill();
  const queue = new ElementQueue(spill);
  for (let n = 0; n < 50_000; n++) queue.record(n, n);
  assert.equal(counts.open, 1);
  queue.close();
  assert.equal(counts.open, 0);
  assert.equal(queue.isEmpty, true);
});

Deno.test("any mixture of adding and taking behaves as a plain queue", () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant("record" as const), times: fc.integer({ min: 1, max: 9000 }) }),
    fc.record({ op: fc.constant("event" as const), times: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ op: fc.constant("take" as const), times: fc.integer({ min: 1, max: 12000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const { spill, counts } = memorySpill();
      const queue = new ElementQueue(spill);
      const { seen, target } = collector();
      const model: unknown[] = [];
      let n = 0;
      for (const { op, times } of steps) {
        for (let i = 0; i < times; i++) {
          if (op === "take") {
            queue.deliver(target);
            continue;
          }
          n++;
          if (op === "record") queue.record(n, n);
          else queue.event({ kind: "watermark", timestamp: n });
          model.push(op === "record" ? [n, n] : { kind: "watermark", timestamp: n });
        }
      }
      while (queue.deliver(target));
      assert.deepEqual(seen, model);
      assert.equal(counts.open, 0);
    }),
    { numRuns: 25 },
  );
});
