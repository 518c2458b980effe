import assert from "node:assert/strict";
import fc from "fast-check";
import { ManualClock } from "tsflink/testing";
import { CollectedBatches } from "./collected_batches.ts";

function batches(maxBatches = 2) {
  const clock = new ManualClock();
  return { clock, batches: new CollectedBatches({ clock, maxBatches, pollTimeoutMs: 1000 }) };
}
async function settled(): Promise<void> {
  for (let n = 0; n < 10; n++) await null;
}

Deno.test("a client gets batch by batch, the same one when it asks again", async () => {
  const { batches: collected } = batches(10);
  void collected.add([1, 2]);
  void collected.add([3]);
  assert.deepEqual(await collected.take(0), [1, 2]);
  assert.deepEqual(await collected.take(0), [1, 2]);
  assert.deepEqual(await collected.take(1), [3]);
  collected.end();
  assert.deepEqual(await collected.take(1), [3]);
  assert.equal(await collected.take(2), "end");
  assert.equal(await collected.take(2), "end");
  assert.equal(collected.size, 0);
});

Deno.test("a client that asks waits for rows, but not for ever", async () => {
  const { batches: collected, clock } = batches();
  const none = collected.take(0);
  clock.advance(1000);
  assert.deepEqual(await none, []);
  const some = collected.take(0);
  await settled();
  void collected.add([1]);
  assert.deepEqual(await some, [1]);
  const end = collected.take(1);
  collected.end();
  assert.equal(await end, "end");
  assert.equal(clock.pending, 0);
});

Deno.test("the job waits while the client is behind, and not once it has ended", async () => {
  const { batches: collected } = batches(2);
  assert.equal(collected.add([1]), undefined);
  let room = false;
  void Promise.resolve(collected.add([2])).then(() => room = true);
  await settled();
  assert.equal(room, false);
  await collected.take(0);
  await settled();
  assert.equal(room, false);
  await collected.take(1);
  await settled();
  assert.equal(room, true);
  const full = Promise.resolve(collected.add([3]));
  collected.end();
  await full;
  assert.equal(collected.add([4]), undefined);
});

Deno.test("what was dropped, or is not there yet, cannot be had", async () => {
  const { batches: collected } = batches(10);
  void collected.add([1]);
  void collected.add([2]);
  await collected.take(1);
  for (const ack of [0, 3, -1, 1.5, NaN]) await assert.rejects(collected.take(ack), { code: "TSF-5227" }, `${ack}`);
});

Deno.test("any mix of adding and fetching: every row once, in order, never more than the limit beyond one", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), async (steps, max) => {
      const { batches: collected, clock } = batches(max);
      const rows: unknown[] = [];
      let [ack, next] = [0, 0];
      let pending: Promise<void> | void = undefined;
      let isFree = true;
      const fetch = async () => {
        const asked = collected.take(ack);
        await settled();
        clock.advance(1000);
        const batch = await asked;
        if (batch === "end" || batch.length === 0) return batch;
        rows.push(...batch);
        ack++;
        return batch;
      };
      for (const step of steps) {
        if (step === 0) await fetch();
        else if (isFree) {
          pending = collected.add([next++]);
          isFree = pending === undefined;
          void pending?.then(() => isFree = true);
        }
        assert.ok(collected.size <= max + 1);
        await settled();
      }
      collected.end();
      while (await fetch() !== "end");
      assert.deepEqual(rows, Array.from({ length: next }, (_, i) => i));
    }),
  );
});
