import assert from "node:assert/strict";
import fc from "fast-check";
import { KeyContext } from "../../state/key_context.ts";
import type { Key } from "../../types/key.ts";
import { ChainedTimerQueue } from "./chained_timer_queue.ts";
import { TimerQueue } from "./timer_queue.ts";

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
  timestamp: fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(2 ** 40, -(2 ** 40), Number.MAX_SAFE_INTEGER)),
});
const newContext = () => new KeyContext({ maxParallelism: 4, keyGroups: { start: 0, end: 3 }, keyHashRule: "auto" });

for (const Queue of [TimerQueue, ChainedTimerQueue]) {
  Deno.test(`${Queue.name} behaves as a sorted list without doubles`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
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
            assert.equal(
              queue[op as "add" | "remove"](context, namespace, timestamp),
              oracle[op as "add" | "remove"](name(key, namespace), timestamp),
            );
          }
          assert.equal(queue.size, oracle.timers.length);
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

Deno.test("property: chains of timers are a queue of timers, with many times and few, dead ones and sweeps", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 3, 300, 1e9),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 100 }), fc.boolean()), {
        maxLength: 12,
      }),
      fc.integer(),
      (times, rounds, seed) => {
        const context = newContext();
        const [plain, chained] = [new TimerQueue(), new ChainedTimerQueue()];
        let state = seed;
        const random = (n: number) => ((state = Math.imul(state, 1103515245) + 12345 | 0) >>> 8) % n;
        for (const [adds, percent, removes] of rounds) {
          for (let i = 0; i < adds * 10; i++) {
            context.set(random(50));
            const [namespace, timestamp] = [random(9) === 0 ? "w" : "", random(times) - 5];
            const added = plain.add(context, namespace, timestamp);
            assert.equal(chained.add(context, namespace, timestamp), added);
            if (removes && random(100) < percent) {
              const other = random(times) - 5;
              assert.equal(chained.remove(context, "", other), plain.remove(context, "", other));
            }
          }
          for (let left = plain.size * percent / 100; left > 0; left--) {
            assert.equal(chained.peekTimestamp(), plain.peekTimestamp());
            assert.deepEqual(chained.poll(), plain.poll());
          }
          assert.equal(chained.size, plain.size);
        }
        assert.deepEqual(chained.takeAll(), plain.takeAll());
      },
    ),
    { numRuns: 60 },
  );
});
