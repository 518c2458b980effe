/**
 * The real clock. All planned calls share one native timer over a heap, so that calls of equal time come in order of
 * registration and many of them cost little. Made by system_seams.ts.
 *
 * @module
 */

import type { Cancel, Clock } from "../clock.ts";

/** Longest delay a native timer takes; longer ones are armed again. */
const MAX_NATIVE_DELAY_MS = 2 ** 31 - 1;

interface PlannedCall {
  readonly dueMs: number;
  readonly sequence: number;
  /** Undefined once cancelled or called. */
  fn: (() => void) | undefined;
}

/** Wall-clock time, a monotonic clock and timers of the runtime. */
export class SystemClock implements Clock {
  readonly #heap: PlannedCall[] = [];
  #sequence = 0;
  #cancelled = 0;
  #native: ReturnType<typeof setTimeout> | undefined;
  #nativeDueMs = Infinity;
  #firing = false;

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  after(ms: number, fn: () => void): Cancel {
    const delayMs = ms > 0 ? ms : 0;
    const call: PlannedCall = { dueMs: Math.ceil(performance.now() + delayMs), sequence: this.#sequence++, fn };
    push(this.#heap, call);
    if (!this.#firing) this.#arm();
    return () => {
      if (call.fn === undefined) return;
      call.fn = undefined;
      this.#cancelled++;
      this.#dropCancelled();
    };
  }

  /** Cancelled calls leave the top at once and the rest of the heap when they outnumber the live ones. */
  #dropCancelled(): void {
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#heap.length) {
      const live = this.#heap.filter((call) => call.fn !== undefined);
      live.sort((a, b) => (before(a, b) ? -1 : 1));
      this.#heap.length = 0;
      for (const call of live) this.#heap.push(call);
      this.#cancelled = 0;
    }
    while (this.#heap.length > 0 && this.#heap[0].fn === undefined) {
      pop(this.#heap);
      this.#cancelled--;
    }
    if (!this.#firing) this.#arm();
  }

  #arm(): void {
    const next = this.#heap.length === 0 ? Infinity : this.#heap[0].dueMs;
    if (this.#native !== undefined) {
      // An earlier wake-up than needed is only kept when something is still planned: nothing planned must not keep
      // the process alive.
      if (next !== Infinity && this.#nativeDueMs <= next) return;
      clearTimeout(this.#native);
      this.#native = undefined;
    }
    if (next === Infinity) return;
    const delayMs = Math.min(Math.max(Math.ceil(next - performance.now()), 0), MAX_NATIVE_DELAY_MS);
    this.#nativeDueMs = next;
    this.#native = setTimeout(() => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#native = undefined;
    this.#nativeDueMs = Infinity;
    const nowMs = performance.now();
    // Calls planned by these calls wait for the next turn, even those without delay.
    const lastSequence = this.#sequence;
    this.#firing = true;
    try {
      while (this.#heap.length > 0) {
        const top = this.#heap[0];
        // Native timers may fire a fraction of a millisecond early.
        if (top.fn !== undefined && (top.dueMs > nowMs + 0.5 || top.sequence >= lastSequence)) break;
        pop(this.#heap);
        if (top.fn === undefined) {
          this.#cancelled--;
          continue;
        }
        const fn = top.fn;
        top.fn = undefined;
        fn();
      }
    } finally {
      // Also after a throwing call: the others must not be lost.
      this.#firing = false;
      this.#arm();
    }
  }
}

function before(a: PlannedCall, b: PlannedCall): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}

function push(heap: PlannedCall[], call: PlannedCall): void {
  let i = heap.length;
  heap.push(call);
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!before(call, heap[parent])) break;
    heap[i] = heap[parent];
    i = parent;
  }
  heap[i] = call;
}

function pop(heap: PlannedCall[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], last)) break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = last;
}
