/**
 * Calls planned for a time, as every real clock keeps them: equal times come in order of registration, and many of them
 * cost little. What makes time pass and who looks is left to system/clock.ts and tasks/slot/slot_clock.ts.
 *
 * @module
 */

import type { Cancel } from "./clock.ts";

/** Cancelled calls below the top are kept up to this many, and as long as they are fewer than the live ones. */
const MAX_CANCELLED = 64;

interface PlannedCall {
  readonly dueMs: number;
  readonly sequence: number;
  /** Undefined once cancelled or called. */
  fn: (() => void) | undefined;
}

/** A heap of planned calls. */
export class PlannedCalls {
  readonly #heap: PlannedCall[] = [];
  #sequence = 0;
  #cancelled = 0;

  /** When the earliest call is due; Infinity without one. */
  get nextDueMs(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0].dueMs;
  }

  /** Plans a call; times are rounded up to the millisecond, so that calls planned within one come in their order. */
  plan(atMs: number, fn: () => void): Cancel {
    const call: PlannedCall = { dueMs: Math.ceil(atMs), sequence: this.#sequence++, fn };
    push(this.#heap, call);
    return () => {
      if (call.fn === undefined) return;
      call.fn = undefined;
      this.#cancelled++;
      this.#dropCancelled();
    };
  }

  /**
   * Makes the calls due by then; what they plan waits for the next time, also without delay. A call that throws ends
   * this; the others stay planned.
   *
   * @returns Whether there were any.
   */
  fireDue(untilMs: number): boolean {
    const lastSequence = this.#sequence;
    let fired = false;
    while (this.#heap.length > 0) {
      const top = this.#heap[0];
      if (top.fn !== undefined && (top.dueMs > untilMs || top.sequence >= lastSequence)) break;
      pop(this.#heap);
      if (top.fn === undefined) {
        this.#cancelled--;
        continue;
      }
      const fn = top.fn;
      top.fn = undefined;
      fired = true;
      fn();
    }
    return fired;
  }

  /** Cancelled calls leave the top at once and the rest of the heap when they outnumber the live ones. */
  #dropCancelled(): void {
    if (this.#cancelled > MAX_CANCELLED && this.#cancelled * 2 > this.#heap.length) {
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
