import assert from "node:assert/strict";
import fc from "fast-check";
import { ControlReader, ControlWriter } from "./control_ring.ts";
import { createRing, type RingOptions } from "./ring.ts";

/** Both ends in one thread; retries run when asked for. */
function mail(options: RingOptions = { ringSlots: 2, slotBytes: 256 }) {
  const ring = createRing(options);
  const retries: (() => void)[] = [];
  const counts = { wakes: 0, planned: 0 };
  const writer = new ControlWriter(ring, () => counts.wakes++, (retry) => {
    counts.planned++;
    retries.push(retry);
  });
  const reader = new ControlReader(ring);
  const poll = () => {
    const got: unknown[] = [];
    assert.equal(reader.poll((value) => got.push(value)), got.length);
    return got;
  };
  return { writer, reader, poll, retries, counts };
}

Deno.test("values arrive at once and in order while there is room, each with a wake-up", () => {
  const { writer, poll, retries, counts } = mail({ ringSlots: 8, slotBytes: 256 });
  const cyclic: Record<string, unknown> = { name: "x" };
  cyclic.self = cyclic;
  const values = [undefined, null, 0, { at: new Date(5), map: new Map([[1, new Uint8Array(3)]]) }, cyclic];
  values.forEach((value) => writer.send(value));
  assert.deepEqual(poll(), values);
  assert.deepEqual(poll(), []);
  assert.deepEqual(counts, { wakes: 5, planned: 0 });
  assert.equal(writer.isWaiting, false);
  assert.equal(retries.length, 0);
});

Deno.test("large mail crosses bit by bit, with one retry at a time, and nothing overtakes it", () => {
  const { writer, poll, retries, counts } = mail();
  const state = { rows: Array.from({ length: 3000 }, (_, n) => ({ n, text: `row ${n}` })) };
  writer.send(state);
  for (let n = 0; n < 10; n++) writer.send(n);
  assert.equal(retries.length, 1);
  assert.equal(writer.isWaiting, true);
  const got: unknown[] = [];
  for (let rounds = 0; retries.length > 0 || got.length < 11; rounds++) {
    assert.ok(rounds < 2000);
    const before = counts.wakes;
    got.push(...poll());
    retries.shift()?.();
    assert.ok(retries.length <= 1);
    if (writer.isWaiting) assert.equal(counts.wakes, before + 1, "the slot is woken for every part");
  }
  assert.deepEqual(got, [state, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(writer.isWaiting, false);
});

Deno.test("a slot that does not read is asked again without being woken", () => {
  const { writer, retries, counts } = mail();
  writer.send(new Uint8Array(10_000));
  const { wakes } = counts;
  for (let n = 0; n < 50; n++) {
    assert.equal(retries.length, 1);
    retries.pop()!();
  }
  assert.equal(counts.wakes, wakes);
});

Deno.test("a value is sent as it was", () => {
  const { writer, poll, retries } = mail({ ringSlots: 1, slotBytes: 64 });
  const values = [{ n: 1, pad: "x".repeat(200) }, { n: 2, pad: "" }];
  for (const value of values) {
    writer.send(value);
    value.n = -1;
  }
  const got: unknown[] = [];
  while (got.length < 2) {
    got.push(...poll());
    retries.shift()?.();
  }
  assert.deepEqual(got.map((value) => (value as { n: number }).n), [1, 2]);
});

Deno.test("what cannot travel is refused and sends nothing", () => {
  const { writer, poll } = mail();
  assert.throws(() => writer.send({ f: () => 1 }), { code: "TSF-2101" });
  writer.send("next");
  assert.deepEqual(poll(), ["next"]);
});

Deno.test("mail to a slot that has ended is forgotten and retries end", () => {
  const { writer, poll, retries } = mail();
  writer.send(new Uint8Array(10_000));
  writer.close();
  assert.equal(writer.isWaiting, false);
  poll();
  retries.pop()!();
  assert.equal(retries.length, 0);
  writer.send("late");
  assert.deepEqual([poll(), retries.length], [[], 0]);
});

Deno.test("a handler that throws or polls loses no mail", () => {
  const { writer, reader, poll } = mail({ ringSlots: 8, slotBytes: 256 });
  for (let n = 0; n < 4; n++) writer.send(n);
  assert.throws(() =>
    reader.poll((value) => {
      assert.equal(reader.poll(() => assert.fail("nested")), 0);
      if (value === 1) throw new Error("no");
    }), { message: "no" });
  assert.deepEqual(poll(), [2, 3]);
});

Deno.test("any mail through any ring", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.jsonValue(), fc.uint8Array({ maxLength: 3000, size: "max" })), {
        maxLength: 30,
        size: "max",
      }),
      fc.constantFrom(1, 2, 8),
      fc.array(fc.boolean(), { minLength: 1 }),
      (values, ringSlots, reads) => {
        const { writer, poll, retries } = mail({ ringSlots, slotBytes: 64 });
        const got: unknown[] = [];
        values.forEach((value, n) => {
          writer.send(value);
          if (reads[n % reads.length]) got.push(...poll());
          if (reads[(n + 1) % reads.length]) retries.shift()?.();
        });
        for (let rounds = 0; retries.length > 0; rounds++) {
          assert.ok(rounds < 5000);
          got.push(...poll());
          retries.shift()!();
        }
        got.push(...poll());
        assert.deepEqual(got, values.map((value) => structuredClone(value)));
      },
    ),
    { numRuns: 100 },
  );
});
