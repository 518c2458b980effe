import assert from "node:assert/strict";
import fc from "fast-check";
import { KeyContext } from "../../state/key_context.ts";
import type { Key } from "../../types/key.ts";
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

Deno.test("TimerQueue behaves as a sorted list without doubles", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const context = newContext();
      const queue = new TimerQueue();
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

Deno.test("TimerQueue: restored timers keep their order, new ones come after", () => {
  const context = newContext();
  const queue = new TimerQueue();
  for (const [key, order] of [["c", 7], ["a", 3], ["b", 5]] as const) {
    context.set(key);
    queue.add(context, "", 1, order);
  }
  context.set("d");
  queue.add(context, "", 1);
  assert.equal([1, 2, 3, 4].map(() => queue.poll()!.key).join(""), "abcd");
});

Deno.test("TimerQueue: many deletions leave no dead weight in the way", () => {
  const context = newContext();
  context.set("k");
  const queue = new TimerQueue();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5_000; i++) queue.add(context, "", i);
    for (let i = 0; i < 5_000; i++) if (i % 100 !== 0) queue.remove(context, "", i);
    assert.equal(queue.size, 50);
    for (let i = 0; i < 50; i++) assert.equal(queue.poll()!.timestamp, i * 100);
    assert.deepEqual([queue.poll(), queue.peekTimestamp()], [undefined, Infinity]);
  }
});
