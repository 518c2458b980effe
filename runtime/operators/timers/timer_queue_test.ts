import assert from "node:assert/strict";
import fc from "fast-check";
import { KeyContext } from "../../state/key_context.ts";
import type { Key } from "../../types/key.ts";
import { BucketedTimerQueue } from "./bucketed_timer_queue.ts";
import { ChainedTimerQueue } from "./chained_timer_queue.ts";
import { type Timer, TimerQueue, type Timers } from "./timer_queue.ts";

/** The slow way: a list that is sorted at each poll. */
class SortedTimers {
  timers: { name: string; timestamp: number; order: number }[] = [];
  #order = 0;
  add(name: string, timestamp: number): boolean {
    if (this.timers.some((timer) => timer.name === name && timer.timestamp === timestamp)) return false;
    this.timers.push({ name, timestamp, order: this.#order++ });
    return true;
  }
  remove(name: string, timestamp: number): boolean {
    const at = this.timers.findIndex((timer) => timer.name === name && timer.timestamp === timestamp);
    if (at < 0) return false;
    this.timers.splice(at, 1);
    return true;
  }
  poll() {
    this.timers.sort((a, b) => a.timestamp - b.timestamp || a.order - b.order);
    return this.timers.shift();
  }
}

const keys = fc.constantFrom<Key>("a", "b", 1, "1", [1, "x"], [1, "y"], { k: 1 });
const step = fc.record({
  op: fc.constantFrom("add", "add", "add", "remove", "poll"),
  key: keys,
  namespace: fc.constantFrom("", "w"),
  timestamp: fc.oneof(
    fc.integer({ min: -5, max: 5 }),
    fc.constantFrom(2 ** 40, -(2 ** 40), 2 ** 40 + 0.5, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, -Number.MAX_VALUE),
  ),
});
const newContext = () => new KeyContext({ maxParallelism: 4, keyGroups: { start: 0, end: 3 }, keyHashRule: "auto" });

/** In buckets from the first timer on. */
class AlwaysBucketed extends BucketedTimerQueue {
  constructor() {
    super(0);
  }
}

for (const Queue of [TimerQueue, ChainedTimerQueue, BucketedTimerQueue, AlwaysBucketed]) {
  Deno.test(`${Queue.name} behaves as a sorted list without doubles`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), fc.boolean(), (steps, looksAtSize) => {
        const context = newContext();
        const queue = new Queue();
        const oracle = new SortedTimers();
        const name = (key: Key, namespace: string) => `${JSON.stringify(key)} ${namespace}`;
        for (const { op, key, namespace, timestamp } of steps) {
          context.set(key);
          if (op === "poll") {
            const timer = queue.poll();
            const expected = oracle.poll();
            assert.deepEqual(
              timer && [name(timer.key, timer.namespace), timer.timestamp],
              expected && [expected.name, expected.timestamp],
            );
          } else {
            const what = op as "add" | "remove";
            const [found, expected] = [
              queue[what](context, namespace, timestamp),
              oracle[what](name(key, namespace), timestamp),
            ];
            // One that only notes does not know.
            if (found !== undefined) assert.equal(found, expected);
          }
          if (looksAtSize) assert.equal(queue.size, oracle.timers.length);
          assert.equal(queue.peekTimestamp(), Math.min(Infinity, ...oracle.timers.map((timer) => timer.timestamp)));
        }
        const left = [...queue.timers()].map((timer) => `${name(timer.key, timer.namespace)} ${timer.timestamp}`);
        assert.deepEqual(left.sort(), oracle.timers.map((timer) => `${timer.name} ${timer.timestamp}`).sort());
      }),
      { numRuns: 200, seed: 8 },
    );
  });

  Deno.test(`${Queue.name}: restored timers keep their order, new ones come after`, () => {
    const context = newContext();
    const queue = new Queue();
    for (const [key, order] of [["c", 7], ["a", 3], ["b", 5]] as const) {
      context.set(key);
      queue.add(context, "", 1, order);
    }
    context.set("d");
    queue.add(context, "", 1);
    assert.equal([1, 2, 3, 4].map(() => queue.poll()!.key).join(""), "abcd");
  });

  Deno.test(`${Queue.name}: many deletions leave no dead weight in the way`, () => {
    const context = newContext();
    context.set("k");
    const queue = new Queue();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 5_000; i++) queue.add(context, "", i);
      for (let i = 0; i < 5_000; i++) if (i % 100 !== 0) queue.remove(context, "", i);
      assert.equal(queue.size, 50);
      for (let i = 0; i < 50; i++) assert.equal(queue.poll()!.timestamp, i * 100);
      assert.deepEqual([queue.poll(), queue.peekTimestamp()], [undefined, Infinity]);
    }
  });
}

/** Numbers of registration differ between queues, their order does not. */
const unnumbered = (timer: Timer | undefined) => timer && { ...timer, order: 0 };

class BucketedFrom500 extends BucketedTimerQueue {
  constructor() {
    super(500);
  }
}

for (const Queue of [ChainedTimerQueue, BucketedTimerQueue, BucketedFrom500, AlwaysBucketed]) {
  Deno.test(`property: ${Queue.name} is a queue of timers, with many times and few, dead ones and sweeps`, () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 3, 300, 20_000, 1e9, 2 ** 45),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 100 }), fc.boolean()), {
          maxLength: 12,
        }),
        fc.integer(),
        fc.boolean(),
        (times, rounds, seed, snapshots) => {
          const context = newContext();
          const [plain, other] = [new TimerQueue(), new Queue()];
          const random = randomBelow(seed);
          const keys: Key[] = ["a", "b", ["c", 1], ...Array.from({ length: 47 }, (_, i) => i)];
          for (const [adds, percent, removes] of rounds) {
            for (let i = 0; i < adds * 10; i++) {
              context.set(keys[random(50)]);
              const [namespace, timestamp] = [random(9) === 0 ? "w" : "", random(times) - 5];
              plain.add(context, namespace, timestamp);
              other.add(context, namespace, timestamp);
              if (removes && random(100) < percent) {
                const time = random(times) - 5;
                plain.remove(context, "", time);
                other.remove(context, "", time);
              }
            }
            for (let left = plain.size * percent / 100; left > 0; left--) {
              assert.equal(other.peekTimestamp(), plain.peekTimestamp());
              assert.deepEqual(unnumbered(other.poll()), unnumbered(plain.poll()));
            }
            if (!snapshots) continue;
            assert.equal(other.size, plain.size);
            assert.deepEqual(sortedTimers(other), sortedTimers(plain));
          }
          assert.deepEqual(other.takeAll().map(unnumbered), plain.takeAll().map(unnumbered));
          assert.equal(other.size, 0);
        },
      ),
      { numRuns: 25 },
    );
  });
}

function sortedTimers(queue: Timers) {
  return [...queue.timers()].sort((a, b) => a.timestamp - b.timestamp || a.order - b.order).map(unnumbered);
}
function randomBelow(seed: number): (limit: number) => number {
  let state = seed;
  const bits = (): number => (state = Math.imul(state, 1103515245) + 12345 | 0) >>> 8;
  return (limit) => (bits() * 2 ** 24 + bits()) % limit;
}

/** Sizes at which a bucket is looked through, gets a queue of its own, or all buckets become wider. */
for (
  const [what, count, keyOf, timeOf] of [
    ["one time, many keys", 40_000, (n: number) => n % 38_000, () => 60_000],
    ["one bucket, many times", 40_000, (n: number) => n % 977, (n: number) => 2 ** 40 + n % 1013],
    ["few timers again and again", 50_000, (n: number) => n % 7, (n: number) => 5000 + n % 3],
    ["one timer per bucket", 5_000, (n: number) => n % 10, (n: number) => n * 100_000 % 4_999_999_999],
    ["few per bucket, far apart", 30_000, (n: number) => n % 10, (n: number) => Math.imul(n, 0x9e3779b1) * 1000],
  ] as const
) {
  Deno.test(`bucketed timers: ${what}, also with deletions`, () => {
    for (const [deletes, few] of [[false, 0], [true, 0], [true, 3000]] as const) {
      const context = newContext();
      const [plain, bucketed] = [new TimerQueue(), new BucketedTimerQueue(few)];
      for (let n = 0; n < count; n++) {
        context.set(keyOf(n));
        plain.add(context, "", timeOf(n));
        bucketed.add(context, "", timeOf(n));
        if (!deletes || n % 3 !== 0) continue;
        context.set(keyOf(n >> 1));
        plain.remove(context, "", timeOf(n >> 1));
        bucketed.remove(context, "", timeOf(n >> 1));
      }
      assert.equal(bucketed.peekTimestamp(), plain.peekTimestamp());
      // From the middle of the first times on, timers come for times that are near.
      for (let n = 0; n < count / 4; n++) {
        assert.deepEqual(unnumbered(bucketed.poll()), unnumbered(plain.poll()));
        context.set(keyOf(n));
        if (n % 5 === 0) { for (const queue of [plain, bucketed]) queue.add(context, "", timeOf(n * 3)); }
      }
      assert.equal(bucketed.size, plain.size);
      assert.deepEqual(bucketed.takeAll().map(unnumbered), plain.takeAll().map(unnumbered));
    }
  });
}

Deno.test("few timers have the numbers that the plain queue gives: those of several subtasks mix by them after a restore", () => {
  const context = newContext();
  const [plain, bucketed] = [new TimerQueue(), new BucketedTimerQueue()];
  for (let n = 0; n < 3000; n++) {
    context.set(n % 7);
    for (const queue of [plain, bucketed]) queue.add(context, "", n % 100);
    if (n % 11 === 0) { for (const queue of [plain, bucketed]) queue.remove(context, "", n % 31); }
  }
  assert.deepEqual(bucketed.takeAll(), plain.takeAll());
});
