import assert from "node:assert/strict";
import { SeededRandom } from "./random.ts";

const draw = (random: { u32(): number }, count: number): number[] => Array.from({ length: count }, () => random.u32());

Deno.test("the same seed gives the same numbers, another seed others", () => {
  assert.deepEqual(draw(new SeededRandom(7), 50), draw(new SeededRandom(7), 50));
  for (const other of [6, 8, 0, -7, 2 ** 31]) {
    const same = draw(new SeededRandom(other), 50).filter((n, i) => n === draw(new SeededRandom(7), 50)[i]);
    assert.ok(same.length < 2, `seed ${other}`);
  }
});

Deno.test("a child depends on seed and label only and does not disturb its parent", () => {
  const parent = new SeededRandom(1);
  const before = draw(parent.fork("a"), 20);
  const rest = draw(parent, 20);
  const again = new SeededRandom(1);
  draw(again, 3);
  assert.deepEqual(draw(again.fork("a"), 20), before);
  assert.notDeepEqual(draw(again.fork("b"), 20), before);
  assert.notDeepEqual(draw(again.fork("a").fork("a"), 20), before);
  assert.deepEqual(draw(new SeededRandom(1), 20), rest);
});

Deno.test("numbers are unsigned 32-bit integers and spread evenly", () => {
  const buckets = new Array(16).fill(0);
  for (const n of draw(new SeededRandom(3), 16_000)) {
    assert.ok(Number.isInteger(n) && n >= 0 && n < 2 ** 32);
    buckets[n >>> 28]++;
  }
  // Expected 1000 each; 5 standard deviations are about 155.
  assert.ok(buckets.every((count) => Math.abs(count - 1000) < 155), String(buckets));
});
