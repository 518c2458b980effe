/**
 * Keyed state by itself: value().update() through the backend against a loop over a Map, bytes per key, and the pauses of
 * growth and collection. Ratios are shares of the Map loop's speed, best of five rounds in turn.
 *
 * Usage: deno run -A bench/micro/state.ts [speed] [memory] [pauses] [many]
 *          [--keys 1000,100000,1000000] [--off]      `many` makes 24 million keys; --off switches typed state off.
 *
 * @module
 */

import { ValueStateDescriptor } from "../../runtime/functions/state_descriptor.ts";
import { HeapKeyedStateBackend } from "../../runtime/state/heap_backend.ts";
import type { Key } from "../../runtime/types/key.ts";

const typedState = !Deno.args.includes("--off");
const keysAt = Deno.args.indexOf("--keys");
const SIZES = (keysAt < 0 ? "1000,100000,1000000" : Deno.args[keysAt + 1]).split(",").map(Number);
const ROUNDS = 5;

interface Count {
  count: number;
  sum: number;
}
interface Handle<T> {
  value(): T | undefined;
  update(value: T): void;
}

function newBackend(): HeapKeyedStateBackend {
  const keyGroups = { start: 0, end: 127 };
  return new HeapKeyedStateBackend({ maxParallelism: 128, keyGroups, now: () => 0, typedState });
}

/** Random places from 0 to `size`. */
function places(size: number, count: number): Int32Array {
  const order = new Int32Array(count);
  let state = 12345;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    order[i] = (state >>> 3) % size;
  }
  return order;
}

const KEYS: Record<string, (i: number) => Key> = {
  int: (i) => i * 7 + 1,
  // Flat, as decoded ones are.
  text: (i) => JSON.parse(`"user-${i * 7919 + 1_000_000}"`),
  pair: (i) => [i % 1000, i],
};

function mapKey(key: Key): unknown {
  return Array.isArray(key) ? `${key[0]}|${key[1]}` : key;
}

/** Runs of job and loop over the same keys; each returns what it took. */
interface Contest {
  job(): void;
  loop(): void;
}

function counting(keys: readonly Key[], order: Int32Array): Contest {
  const backend = newBackend();
  const state = backend.state<Handle<number>>(new ValueStateDescriptor<number>("n"));
  const map = new Map<unknown, number>();
  return {
    job: () => {
      for (const place of order) {
        backend.setCurrentKey(keys[place]);
        state.update((state.value() ?? 0) + 1);
      }
    },
    loop: () => {
      for (const place of order) {
        const key = mapKey(keys[place]);
        map.set(key, (map.get(key) ?? 0) + 1);
      }
    },
  };
}

function summing(keys: readonly Key[], order: Int32Array): Contest {
  const backend = newBackend();
  const state = backend.state<Handle<Count>>(new ValueStateDescriptor<Count>("n"));
  const map = new Map<unknown, Count>();
  return {
    job: () => {
      for (const place of order) {
        backend.setCurrentKey(keys[place]);
        const value = state.value() ?? { count: 0, sum: 0 };
        value.count++;
        value.sum += place;
        state.update(value);
      }
    },
    loop: () => {
      for (const place of order) {
        const key = mapKey(keys[place]);
        let value = map.get(key);
        if (value === undefined) map.set(key, value = { count: 0, sum: 0 });
        value.count++;
        value.sum += place;
      }
    },
  };
}

/** A record as wide as a bid, of which a number is read before it is written over. */
interface Wide {
  kind: string;
  id: number;
  at: number;
  channel: string;
  url: string;
  extra: string;
}

/** The same few thousand records again and again: what is measured is the state, not misses of the records. */
const WIDE: readonly Wide[] = Array.from({ length: 4096 }, (_, i) => ({
  kind: "bid",
  id: i,
  at: 1.4e12 + i,
  channel: `channel-${i}`,
  url: JSON.parse(`"https://example.org/${"item/".repeat(10)}?id=${i}"`),
  extra: JSON.parse(`"${"filler ".repeat(10)}${i}"`),
}));

function keeping(keys: readonly Key[], order: Int32Array): Contest {
  const backend = newBackend();
  const state = backend.state<Handle<Wide>>(new ValueStateDescriptor<Wide>("n"));
  const map = new Map<unknown, Wide>();
  let sum = 0;
  return {
    job: () => {
      for (const place of order) {
        backend.setCurrentKey(keys[place]);
        sum += state.value()?.at ?? 0;
        state.update(WIDE[place & 4095]);
      }
    },
    loop: () => {
      for (const place of order) {
        const key = mapKey(keys[place]);
        sum += map.get(key)?.at ?? 0;
        map.set(key, WIDE[place & 4095]);
      }
    },
  };
}

function timed(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

function speed(): void {
  console.log("value().update() per record against a Map loop (share of its speed; ns of the state)");
  for (const [kind, keyOf] of Object.entries(KEYS)) {
    for (const size of SIZES) {
      const keys = Array.from({ length: size }, (_, i) => keyOf(i));
      const order = places(size, Math.min(Math.max(size * 2, 500_000), 4_000_000));
      for (const [what, contest] of [["count", counting], ["record", summing], ["texts", keeping]] as const) {
        const { job, loop } = contest(keys, order);
        let [jobMs, loopMs] = [Infinity, Infinity];
        for (let round = 0; round < ROUNDS; round++) {
          jobMs = Math.min(jobMs, timed(job));
          loopMs = Math.min(loopMs, timed(loop));
        }
        const ns = (jobMs * 1e6) / order.length;
        console.log(
          `${kind.padEnd(5)} ${what.padEnd(7)} ${String(size).padStart(8)} keys  ${(loopMs / jobMs).toFixed(2)}  ${
            ns.toFixed(0)
          } ns`,
        );
      }
    }
  }
}

/** Adds keys up to `until` to a count. */
function fill(backend: HeapKeyedStateBackend, from: number, until: number): void {
  const state = backend.state<Handle<number>>(new ValueStateDescriptor<number>("n"));
  for (let i = from; i < until; i++) {
    backend.setCurrentKey(i * 7 + 1);
    state.update((state.value() ?? 0) + 1);
  }
}

function memory(): void {
  const backend = newBackend();
  const at: [keys: number, rss: number][] = [];
  let last = 0;
  for (const keys of [1e5, 1e6, 1e7]) {
    fill(backend, last, keys);
    last = keys;
    (globalThis as { gc?: () => void }).gc?.();
    at.push([keys, Deno.memoryUsage().rss]);
    console.log(
      `${keys} int keys, a count each: ${(backend.byteLength / keys).toFixed(1)} bytes per key counted` +
        (at.length > 1
          ? `, ${((at.at(-1)![1] - at.at(-2)![1]) / (keys - at.at(-2)![0])).toFixed(1)} by growth of memory`
          : ""),
    );
  }
}

/** The same for records with three texts of their own, 150 characters in all. */
function wideMemory(keys: number): void {
  const backend = newBackend();
  const state = backend.state<Handle<Wide>>(new ValueStateDescriptor<Wide>("n"));
  const before = Deno.memoryUsage().rss;
  for (let i = 0; i < keys; i++) {
    backend.setCurrentKey(i * 7 + 1);
    state.update({ ...WIDE[i & 4095], id: i });
  }
  (globalThis as { gc?: () => void }).gc?.();
  const grown = (Deno.memoryUsage().rss - before) / keys;
  console.log(
    `${keys} records with texts: ${(backend.byteLength / keys).toFixed(0)} bytes per key counted, ` +
      `${grown.toFixed(0)} by growth of memory`,
  );
}

/** The longest time between two keys, over ten million new ones: growth and collection together. */
function pauses(count: number): void {
  const backend = newBackend();
  const state = backend.state<Handle<number>>(new ValueStateDescriptor<number>("n"));
  const longest: number[] = [];
  let before = performance.now();
  const start = before;
  for (let i = 0; i < count; i++) {
    backend.setCurrentKey(i * 7 + 1);
    state.update((state.value() ?? 0) + 1);
    if ((i & 63) !== 0) continue;
    const now = performance.now();
    if (now - before > 1) longest.push(now - before);
    before = now;
  }
  longest.sort((a, b) => b - a);
  const shown = longest.slice(0, 5).map((ms) => ms.toFixed(1)).join(", ");
  console.log(
    `${count} new keys: ${
      ((performance.now() - start) * 1e6 / count).toFixed(0)
    } ns each, ${backend.numStateEntries()}` +
      ` rows, longest stops of 64 records: ${shown} ms`,
  );
}

if (import.meta.main) {
  const wanted = ["speed", "memory", "pauses", "many"].filter((name) => Deno.args.includes(name));
  for (const name of wanted.length === 0 ? ["speed"] : wanted) {
    if (name === "speed") speed();
    else if (name === "memory") {
      wideMemory(1e6);
      memory();
    } else pauses(name === "many" ? 24e6 : 1e7);
  }
}
