import assert from "node:assert/strict";
import fc from "fast-check";
import { CollectedRows } from "./collected_rows.ts";

interface Sent {
  readonly uid: string;
  readonly batchId: number;
  readonly batch: unknown[];
}

function rows(maxRows: number, maxUnderWay: number, refuse: (row: unknown) => boolean = () => false) {
  const sent: Sent[] = [];
  const failed: [string, string][] = [];
  const collected = new CollectedRows({
    maxRows,
    maxUnderWay,
    send(uid, batchId, batch) {
      if (batch.some(refuse)) throw new Error(`not ${batch.join()}`);
      sent.push({ uid, batchId, batch });
    },
    fail: (uid, error) => failed.push([uid, (error as Error).message]),
  });
  return { sent, failed, collected, batches: () => sent.map(({ uid, batch }) => `${uid}:${batch.join()}`) };
}

Deno.test("a batch goes when it is full, or when it is flushed", () => {
  const { collected, batches } = rows(3, 10);
  collected.add("a", [1]);
  collected.add("b", [10]);
  collected.add("a", [2]);
  assert.deepEqual(batches(), []);
  collected.add("a", [3]);
  assert.deepEqual(batches(), ["a:1,2,3"]);
  collected.flush();
  collected.flush();
  assert.deepEqual(batches(), ["a:1,2,3", "b:10"]);
});

Deno.test("sinks wait while the client is behind, and go on when it has taken a batch", async () => {
  const { collected, sent } = rows(1, 2);
  assert.equal(collected.add("a", [1]), undefined);
  const second = collected.add("a", [2]);
  const third = collected.add("b", [3]);
  let goesOn = 0;
  for (const waiting of [second, third]) void (waiting as Promise<void>).then(() => goesOn++);
  collected.taken(99);
  await Promise.resolve();
  assert.equal(goesOn, 0);
  collected.taken(sent[0].batchId);
  await Promise.resolve();
  assert.equal(goesOn, 2);
});

Deno.test("an answer that comes while a batch is sent counts", () => {
  const collected: CollectedRows = new CollectedRows({
    maxRows: 1,
    maxUnderWay: 1,
    send: (_uid, batchId) => collected.taken(batchId),
    fail: () => assert.fail(),
  });
  for (let i = 0; i < 3; i++) assert.equal(collected.add("a", [i]), undefined);
});

Deno.test("a row that cannot be sent fails its sink; the others go", () => {
  const { collected, batches, failed } = rows(4, 10, (row) => row === "bad");
  collected.add("a", [1, 2, "bad", 3]);
  collected.add("b", [4]);
  collected.flush();
  assert.deepEqual(batches(), ["a:1", "a:2", "a:3", "b:4"]);
  assert.deepEqual(failed, [["a", "not bad"]]);
  assert.equal(collected.add("c", [1]), undefined, "what failed is not under way");
});

Deno.test("whatever comes in comes out once, in order per sink, and no batch is above its limit", () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ uid: fc.constantFrom("a", "b"), count: fc.integer({ min: 0, max: 3 }) }) },
    fc.constant("flush" as const),
    fc.constant("taken" as const),
  );
  fc.assert(fc.property(fc.array(step), fc.integer({ min: 1, max: 4 }), (steps, maxRows) => {
    const { collected, sent } = rows(maxRows, 2);
    const given: Record<string, number[]> = { a: [], b: [] };
    let n = 0;
    for (const one of steps) {
      if (one === "flush") collected.flush();
      else if (one === "taken") sent.slice(0, 1).forEach(({ batchId }) => collected.taken(batchId));
      else {
        for (let i = 0; i < one.count; i++) {
          given[one.uid].push(++n);
          void collected.add(one.uid, [n]);
        }
      }
    }
    collected.flush();
    for (const uid of ["a", "b"]) {
      const batches = sent.filter((each) => each.uid === uid).map(({ batch }) => batch);
      assert.deepEqual(batches.flat(), given[uid]);
      for (const batch of batches) assert.ok(batch.length <= maxRows);
    }
  }));
});
