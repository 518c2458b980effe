import assert from "node:assert/strict";
import fc from "fast-check";
import type { FlinkError } from "../../errors.ts";
import { HeapKeyedStateBackend } from "../../state/heap_backend.ts";
import type { Key } from "../../types/key.ts";
import { keyGroupRange } from "../../types/key_group.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../../types/stream_element.ts";
import { HeapTimerManager, type InternalTimerService } from "./timer_service.ts";

/** Processing time that moves when told; calls come in order of time, then of registration. */
class ManualProcessingTime {
  #now = 0;
  calls: { timestamp: number; callback: (timestamp: number) => void }[] = [];
  /** Every timestamp that was ever asked for. */
  readonly asked: number[] = [];
  now(): number {
    return this.#now;
  }
  registerTimer(timestamp: number, callback: (timestamp: number) => void): () => void {
    const call = { timestamp, callback };
    this.calls.push(call);
    this.asked.push(timestamp);
    return () => void (this.calls = this.calls.filter((other) => other !== call));
  }
  advance(now: number, afterEach: () => void = () => {}): void {
    this.#now = now;
    for (;;) {
      const due = this.calls.filter(({ timestamp }) => timestamp <= now).sort((a, b) => a.timestamp - b.timestamp)[0];
      if (due === undefined) return;
      this.calls = this.calls.filter((call) => call !== due);
      due.callback(due.timestamp);
      afterEach();
    }
  }
}

type Fired = readonly [domain: "E" | "P", timestamp: number, key: Key, namespace: string];

/** One subtask with timers; `firing` is called after each one, `allowance` is what `proceed` may still say yes to. */
class Subtask {
  readonly processing = new ManualProcessingTime();
  readonly backend: HeapKeyedStateBackend;
  readonly manager: HeapTimerManager;
  readonly fired: Fired[] = [];
  readonly work: (() => boolean)[] = [];
  allowance = Infinity;
  firing: (fired: Fired) => unknown = () => {};
  timers!: InternalTimerService;

  constructor(keyGroups = { start: 0, end: 15 }, isKeyed = true) {
    this.backend = new HeapKeyedStateBackend({ maxParallelism: 16, keyGroups, now: () => 0 });
    this.manager = new HeapTimerManager({
      keyedState: isKeyed ? this.backend : undefined,
      processingTime: this.processing,
      proceed: () => this.allowance-- > 0,
      onWork: (work) => this.work.push(work),
    });
  }
  start(name = "t"): this {
    this.timers = this.manager.getInternalTimerService(name, {
      onEventTime: (timestamp, namespace) => this.#onTimer("E", timestamp, namespace),
      onProcessingTime: (timestamp, namespace) => this.#onTimer("P", timestamp, namespace),
    });
    return this;
  }
  #onTimer(domain: "E" | "P", timestamp: number, namespace: string): void {
    const fired = [domain, timestamp, this.backend.getCurrentKey(), namespace] as const;
    this.fired.push(fired);
    this.firing(fired);
  }
  event(key: Key, timestamp: number, namespace = ""): void {
    this.backend.setCurrentKey(key);
    this.timers.registerEventTimeTimer(namespace, timestamp);
  }
  proc(key: Key, timestamp: number, namespace = ""): void {
    this.backend.setCurrentKey(key);
    this.timers.registerProcessingTimeTimer(namespace, timestamp);
  }
  /** Moves processing time and finishes the work it brings; what comes next is called only then, as in a task. */
  advance(now: number): void {
    this.processing.advance(now, () => this.drain());
  }
  drain(): void {
    for (let work = this.work.shift(); work !== undefined; work = this.work.shift()) while (!work());
  }
  snapshot() {
    return this.backend.snapshot({ metas: this.manager.snapshotMetas(), rows: this.manager.snapshotRows() });
  }
  restore(...from: Subtask[]): this {
    this.backend.restore(from.map((task) => task.snapshot()), (meta, row) => this.manager.restoreRow(meta, row));
    return this;
  }
}

Deno.test("event time: in order of time, then of registration; dedup per key, namespace and time", () => {
  const t = new Subtask().start();
  t.event("b", 5);
  t.event("a", 5);
  t.event("a", 5);
  t.event("a", 5, "w");
  t.event([1, "x"], 3);
  t.event([1, "x"], 3);
  t.event(1, -7);
  t.event(1n, -7);
  assert.equal(t.timers.numEventTimeTimers(), 6);
  assert.equal(t.timers.currentWatermark(), MIN_WATERMARK);
  assert.equal(t.manager.advanceWatermark(2), true);
  assert.deepEqual(t.fired.splice(0), [["E", -7, 1, ""], ["E", -7, 1n, ""]]);
  assert.equal(t.timers.currentWatermark(), 2);
  t.manager.advanceWatermark(5);
  assert.deepEqual(t.fired.splice(0), [["E", 3, [1, "x"], ""], ["E", 5, "b", ""], ["E", 5, "a", ""], [
    "E",
    5,
    "a",
    "w",
  ]]);
  // Fired timers are gone and may be set again; a timer behind the watermark waits for the next one.
  t.event("a", 5);
  assert.deepEqual(t.fired, []);
  t.manager.advanceWatermark(6);
  assert.deepEqual(t.fired, [["E", 5, "a", ""]]);
});

Deno.test("event time: timers set and deleted while firing", () => {
  const t = new Subtask().start();
  t.event("a", 1);
  t.event("b", 4);
  t.event("c", 5);
  t.firing = ([, timestamp]) => {
    if (timestamp === 1 && t.fired.length === 1) {
      for (const time of [3, 0, 1, 11]) t.timers.registerEventTimeTimer("", time);
    }
    if (timestamp === 4) {
      t.backend.setCurrentKey("c");
      t.timers.deleteEventTimeTimer("", 5);
      t.timers.deleteEventTimeTimer("", 12345);
    }
  };
  t.manager.advanceWatermark(10);
  assert.deepEqual(t.fired.map(([, timestamp, key]) => [timestamp, key]), [[1, "a"], [0, "a"], [1, "a"], [3, "a"], [
    4,
    "b",
  ]]);
  assert.equal(t.timers.numEventTimeTimers(), 1);
});

Deno.test("event time: proceed is asked between two timers, each call fires at least one, key restored each time", () => {
  const t = new Subtask().start();
  for (let i = 0; i < 5; i++) t.event(i, i);
  t.backend.setCurrentKey("mine");
  t.allowance = 0;
  const answers: boolean[] = [];
  while (answers.at(-1) !== true) {
    answers.push(t.manager.advanceWatermark(10));
    assert.equal(t.backend.getCurrentKey(), "mine");
    assert.equal(t.fired.length, answers.length);
    assert.equal(t.timers.currentWatermark(), 10);
  }
  assert.deepEqual(answers, [false, false, false, false, true]);
  // Nothing due: no question.
  t.allowance = 0;
  assert.equal(t.manager.advanceWatermark(11), true);
  assert.equal(t.allowance, 0);
  // Without a key before there is none afterwards.
  t.backend.keyContext.clear();
  t.backend.setCurrentKey("x");
  t.timers.registerEventTimeTimer("", 12);
  t.backend.keyContext.clear();
  t.manager.advanceWatermark(12);
  assert.equal(t.backend.keyContext.isSet, false);
});

Deno.test("event time: MAX fires whatever is left; a failing timer restores the key", () => {
  const t = new Subtask().start();
  t.event("a", MAX_WATERMARK);
  t.event("a", 8.64e15 * 1000);
  t.event("a", Number.MAX_VALUE);
  t.manager.advanceWatermark(MAX_WATERMARK - 1);
  assert.equal(t.fired.length, 0);
  t.manager.advanceWatermark(MAX_WATERMARK);
  assert.equal(t.fired.length, 3);
  t.event("a", 1);
  t.backend.setCurrentKey("z");
  t.firing = () => {
    throw new Error("user");
  };
  assert.throws(() => t.manager.advanceWatermark(MAX_WATERMARK), /user/);
  assert.equal(t.backend.getCurrentKey(), "z");
});

Deno.test("several services: one order of time, same object by name, watermark seen by all", () => {
  const t = new Subtask().start("one");
  const one = t.timers;
  t.event("a", 1, "one");
  t.event("a", 3, "one");
  t.start("two");
  t.event("a", 2, "two");
  t.event("a", 3, "two");
  assert.equal(t.start("one").timers, one);
  t.firing = () => assert.equal(one.currentWatermark(), 9);
  t.manager.advanceWatermark(9);
  assert.deepEqual(t.fired.map(([, time, , namespace]) => `${time}${namespace}`), ["1one", "2two", "3one", "3two"]);
});

Deno.test("processing time: only the nearest is armed; fires in order; those set meanwhile included", () => {
  const t = new Subtask().start();
  t.proc("a", 50);
  t.proc("b", 70);
  t.proc("c", 20);
  t.proc("c", 20);
  assert.deepEqual(t.processing.calls.map(({ timestamp }) => timestamp), [20]);
  assert.equal(t.manager.numProcessingTimeTimers(), 3);
  t.firing = ([, timestamp]) => {
    if (timestamp === 20) {
      t.timers.registerProcessingTimeTimer("", 10);
      t.timers.registerProcessingTimeTimer("", 55);
    }
  };
  t.advance(60);
  assert.deepEqual(t.fired.map(([, timestamp, key]) => [timestamp, key]), [[20, "c"], [10, "c"], [50, "a"], [55, "c"]]);
  assert.deepEqual(t.processing.calls.map(({ timestamp }) => timestamp), [70]);
  assert.equal(t.timers.currentProcessingTime(), 60);
  // Deleting the armed timer costs an empty call at most.
  t.backend.setCurrentKey("b");
  t.timers.deleteProcessingTimeTimer("", 70);
  t.advance(80);
  assert.equal(t.fired.length, 4);
  assert.deepEqual(t.processing.calls, []);
  // Late: at the next opportunity.
  t.proc("late", 5);
  t.advance(80);
  assert.deepEqual(t.fired.at(-1), ["P", 5, "late", ""]);
});

Deno.test("processing time: one at a time, resumable, new timers wait for the end of the work", () => {
  const t = new Subtask().start();
  for (let i = 0; i < 4; i++) t.proc(i, 10);
  t.backend.setCurrentKey("mine");
  t.processing.advance(10);
  assert.equal(t.fired.length, 0, "work is handed over, not done in the callback");
  const [work] = t.work.splice(0);
  t.allowance = 0;
  t.firing = ([, , key]) => key === 1 && t.timers.registerProcessingTimeTimer("", 5000);
  assert.deepEqual([work(), work()], [false, false]);
  assert.equal(t.backend.getCurrentKey(), "mine");
  // What a snapshot taken now holds is exactly what has not fired.
  const copy = new Subtask().restore(t).start();
  assert.equal(copy.manager.numProcessingTimeTimers(), 3);
  assert.deepEqual(t.processing.calls, []);
  t.allowance = Infinity;
  assert.equal(work(), true);
  assert.deepEqual(t.fired.map(([, , key]) => key), [0, 1, 2, 3]);
  assert.deepEqual(t.processing.calls.map(({ timestamp }) => timestamp), [5000]);
});

Deno.test("processing time: late timers after a restore fire at once, when the service is asked for", () => {
  const before = new Subtask().start();
  before.proc("a", 100);
  before.proc("b", 200);
  before.proc("c", 5000);
  for (const asksFirst of [false, true]) {
    const t = new Subtask();
    t.processing.advance(1000);
    if (asksFirst) t.start().restore(before);
    else t.restore(before).start();
    t.advance(1000);
    assert.deepEqual(t.fired, [["P", 100, "a", ""], ["P", 200, "b", ""]]);
    assert.deepEqual(t.processing.calls.map(({ timestamp }) => timestamp), [5000]);
    t.manager.close();
    assert.deepEqual(t.processing.calls, []);
  }
});

Deno.test("timers need a keyed stream, a key, and a timestamp", () => {
  const code = (expected: string) => (error: FlinkError) => error.code === expected;
  const unkeyed = new Subtask(undefined, false).start();
  assert.throws(() => unkeyed.event("a", 1), code("TSF-2119"));
  assert.throws(() => unkeyed.proc("a", 1), code("TSF-2119"));
  assert.equal(unkeyed.manager.advanceWatermark(5), true);
  assert.deepEqual([...unkeyed.manager.snapshotRows()], []);
  const t = new Subtask().start();
  assert.throws(() => t.timers.registerEventTimeTimer("", 1), code("TSF-2115"));
  for (const wrong of [NaN, Infinity, -Infinity]) assert.throws(() => t.event("a", wrong), code("TSF-2118"));
});

Deno.test("snapshot: Flink's state names, one row per key and namespace; unused services are carried along", () => {
  const t = new Subtask().start("user");
  t.event("a", 2, "w");
  t.event("a", 1, "w");
  t.event("b", 1, "w");
  t.proc("a", 9);
  const states = t.snapshot().states.map(({ name, kind }) => [name, kind]);
  assert.deepEqual(states, [["_timer_state/event_user", "event-timers"], [
    "_timer_state/processing_user",
    "processing-timers",
  ]]);
  const rows = [...t.manager.snapshotRows()].map(({ state, key, namespace, value }) => [state, key, namespace, value]);
  assert.deepEqual(rows, [
    ["_timer_state/event_user", "a", "w", [1, 1, 2, 0]],
    ["_timer_state/event_user", "b", "w", [1, 2]],
    ["_timer_state/processing_user", "a", "", [9, 0]],
  ]);
  const last = new Subtask().restore(new Subtask().restore(t)).start("user");
  last.manager.advanceWatermark(5);
  assert.deepEqual(last.fired, [["E", 1, "a", "w"], ["E", 1, "b", "w"], ["E", 2, "a", "w"]]);
});

Deno.test("snapshot: timers set after a restore come after restored ones of the same time", () => {
  const t = new Subtask().start();
  for (let i = 0; i < 5; i++) t.event(i, 0);
  t.event("old", 9);
  t.manager.advanceWatermark(0);
  const next = new Subtask().restore(t).start();
  next.event("new", 9);
  next.manager.advanceWatermark(9);
  assert.deepEqual(next.fired.map(([, , key]) => key), ["old", "new"]);
});

/** The oracle: a plain array, searched and sorted each time. */
class Oracle {
  timers: { id: string; timestamp: number; key: Key; namespace: string; order: number }[] = [];
  #order = 0;
  add(key: Key, timestamp: number, namespace: string): void {
    const id = JSON.stringify([key, timestamp, namespace]);
    if (!this.timers.some((timer) => timer.id === id)) {
      this.timers.push({ id, timestamp, key, namespace, order: this.#order++ });
    }
  }
  remove(key: Key, timestamp: number, namespace: string): void {
    const id = JSON.stringify([key, timestamp, namespace]);
    this.timers = this.timers.filter((timer) => timer.id !== id);
  }
  fire(until: number): Fired[] {
    const due = this.timers.filter(({ timestamp }) => timestamp <= until);
    this.timers = this.timers.filter(({ timestamp }) => timestamp > until);
    due.sort((a, b) => a.timestamp - b.timestamp || a.order - b.order);
    return due.map(({ timestamp, key, namespace }) => ["E", timestamp, key, namespace]);
  }
}

const timerOp = fc.record({
  op: fc.constantFrom("add", "add", "add", "remove", "fire", "restart"),
  key: fc.integer({ min: 0, max: 6 }),
  time: fc.integer({ min: -20, max: 40 }),
  namespace: fc.constantFrom("", "w"),
});

Deno.test("property: any sequence of adds, deletes, firings and restarts equals a sorted array", () => {
  fc.assert(fc.property(fc.array(timerOp, { maxLength: 120 }), fc.integer({ min: 0, max: 3 }), (ops, allowance) => {
    let t = new Subtask().start();
    const oracle = new Oracle();
    for (const { op, key, time, namespace } of ops) {
      t.backend.setCurrentKey(key);
      if (op === "add") {
        t.event(key, time, namespace);
        oracle.add(key, time, namespace);
      } else if (op === "remove") {
        t.timers.deleteEventTimeTimer(namespace, time);
        oracle.remove(key, time, namespace);
      } else if (op === "fire") {
        t.fired.length = 0;
        do t.allowance = allowance; while (!t.manager.advanceWatermark(time));
        assert.deepEqual(t.fired, oracle.fire(time));
      } else t = new Subtask().restore(t).start();
      assert.equal(t.timers.numEventTimeTimers(), oracle.timers.length);
    }
  }));
});

Deno.test("property: timers split by key group and joined again are all there once, in order of time", () => {
  const timers = fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 50 })));
  fc.assert(fc.property(timers, fc.integer({ min: 1, max: 5 }), (timers, parallelism) => {
    const whole = new Subtask().start();
    for (const [key, time] of timers) whole.event(key, time);
    const parts = Array.from(
      { length: parallelism },
      (_, index) => new Subtask(keyGroupRange(16, parallelism, index)).restore(whole).start(),
    );
    assert.equal(
      parts.reduce((sum, part) => sum + part.timers.numEventTimeTimers(), 0),
      whole.timers.numEventTimeTimers(),
    );
    const joined = new Subtask().restore(...parts).start();
    whole.manager.advanceWatermark(MAX_WATERMARK);
    joined.manager.advanceWatermark(MAX_WATERMARK);
    assert.deepEqual(joined.fired, whole.fired);
  }));
});

Deno.test("many deleted timers do not pile up, and slots are used again", () => {
  const t = new Subtask().start();
  t.event("keep", 1e6);
  for (let i = 0; i < 20_000; i++) {
    t.event("k", i);
    t.timers.deleteEventTimeTimer("", i);
  }
  assert.equal(t.timers.numEventTimeTimers(), 1);
  for (let i = 0; i < 5000; i++) t.event(i, i % 7);
  for (let i = 0; i < 5000; i += 2) {
    t.backend.setCurrentKey(i);
    t.timers.deleteEventTimeTimer("", i % 7);
  }
  t.manager.advanceWatermark(MAX_WATERMARK);
  const expected = Array.from({ length: 2500 }, (_, i) => 2 * i + 1).sort((a, b) => a % 7 - b % 7 || a - b);
  assert.deepEqual(t.fired.map(([, , key]) => key), [...expected, "keep"]);
});
