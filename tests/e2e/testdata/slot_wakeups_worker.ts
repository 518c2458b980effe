/**
 * A thread with the loop of a slot, for slot_wakeups_test.ts: one end of a ring of a single ring slot, or a program that
 * fetches while its slot has always something to do.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import { RingReader, RingWriter } from "../../../runtime/network/ring.ts";
import type { Parker } from "../../../runtime/seams/parker.ts";
import { letEventLoopRun } from "../../../runtime/seams/system/event_loop_turn.ts";
import { SharedParker } from "../../../runtime/seams/system/parker.ts";
import { SlotClock } from "../../../runtime/tasks/slot/slot_clock.ts";
import { SlotLoop, type SlotLoopOptions } from "../../../runtime/tasks/slot/slot_loop.ts";
import { SlotQueue } from "../../../runtime/tasks/slot/slot_queue.ts";

/** What a thread is to do. */
export type WakeupOrder =
  | {
    readonly kind: "write" | "read";
    readonly ring: SharedArrayBuffer;
    /** Of the writer and of the reader. */
    readonly bells: SharedArrayBuffer;
    /** Frames to cross. */
    readonly frames: number;
    readonly isAsync: boolean;
    /** No sleep but one that has lost its wake-up is as long. */
    readonly timeoutMs: number;
  }
  | { readonly kind: "fetch"; readonly url: string; readonly trips: number; readonly isAsync: boolean };

/** What a thread says at its end. */
export interface WakeupReport {
  readonly frames: number;
  /** Frames that came out of order, or twice. */
  readonly wrong: number;
  readonly wakes: number;
  readonly sleeps: number;
  readonly longestSleepMs: number;
  /** Round trips in ms, sorted. */
  readonly tripsMs: readonly number[];
}

/** A doorbell that counts. */
class CountingParker implements Parker {
  sleeps = 0;
  longestSleepMs = 0;
  constructor(readonly parker: Parker) {}
  ticket(): number {
    return this.parker.ticket();
  }
  wake(): void {
    this.parker.wake();
  }
  park(ticket: number, timeoutMs: number, blocking: boolean): void | Promise<void> {
    const startMs = performance.now();
    const end = (): void => {
      this.sleeps++;
      this.longestSleepMs = Math.max(this.longestSleepMs, performance.now() - startMs);
    };
    const parked = this.parker.park(ticket, timeoutMs, blocking);
    return parked === undefined ? end() : parked.then(end);
  }
}

/** The loop of a slot around what a test looks at. */
function slotLoop(
  parker: Parker,
  options: Pick<SlotLoopOptions, "poll" | "flush" | "isAsync"> & Partial<SlotLoopOptions>,
): { loop: SlotLoop; queue: SlotQueue } {
  const queue = new SlotQueue(() => parker.wake());
  const time = { now: () => Date.now(), monotonic: () => performance.now() };
  const clock = new SlotClock(time, () => parker.wake());
  return { loop: new SlotLoop({ queue, clock, parker, onTurn: () => {}, letEventLoopRun, ...options }), queue };
}

function spin(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs;);
}

/** Whole numbers below `limit`, the same in every run. */
function randomInts(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    return (state >>> 8) % limit;
  };
}

async function crossRing(order: WakeupOrder & { kind: "write" | "read" }): Promise<WakeupReport> {
  const { kind, ring, bells, frames, isAsync, timeoutMs } = order;
  const own = new CountingParker(new SharedParker(bells, kind === "write" ? 0 : 1));
  const peer = new SharedParker(bells, kind === "write" ? 1 : 0);
  const random = randomInts(kind === "write" ? 1 : 2);
  let wakes = 0;
  /** Where a wake-up is due, sometimes several; where none is due, sometimes one for nothing. */
  const wakePeer = (isDue: boolean): void => {
    const count = isDue ? 1 + random(8) : random(4) === 0 ? 1 : 0;
    for (let i = 0; i < count; i++) peer.wake();
    wakes += count;
    if (random(16) === 0) spin(random(20) / 1000);
  };
  let done = 0;
  let wrong = 0;
  const writer = kind === "write" ? new RingWriter(ring) : undefined;
  const reader = kind === "read" ? new RingReader(ring) : undefined;
  const write = (): void => {
    for (let i = random(3); i >= 0 && done < frames; i--) writer!.write(1, done++, 0, new Uint8Array(random(60)));
  };
  const { loop, queue } = slotLoop(own, {
    isAsync: () => isAsync,
    maxParkMs: timeoutMs,
    flushRetryMs: timeoutMs,
    poll: () => {
      if (reader === undefined) return false;
      const count = reader.read((_, channel) => {
        if (channel !== done++) wrong++;
      });
      wakePeer(reader.takeWake());
      if (done === frames) loop.stop();
      return count > 0;
    },
    flush: () => {
      if (writer === undefined) return true;
      const isOut = writer.flush();
      wakePeer(writer.takeWake());
      if (isOut && done === frames) loop.stop();
      else if (isOut && queue.isEmpty) queue.post(write);
      return isOut;
    },
  });
  await loop.run();
  const { sleeps, longestSleepMs } = own;
  return { frames: done, wrong, wakes, sleeps, longestSleepMs, tripsMs: [] };
}

async function fetchWhileBusy({ url, trips, isAsync }: WakeupOrder & { kind: "fetch" }): Promise<WakeupReport> {
  const parker = new CountingParker(new SharedParker(SharedParker.allocate(1)));
  const { loop, queue } = slotLoop(parker, { isAsync: () => isAsync, poll: () => false, flush: () => true });
  const slice = (): void => {
    spin(1);
    queue.post(slice);
  };
  queue.post(slice);
  const tripsMs: number[] = [];
  const fetching = (async () => {
    for (let i = -10; i < trips; i++) {
      const startMs = performance.now();
      await (await fetch(url)).text();
      // Results enter as mail.
      await new Promise<void>((resolve) => queue.post(resolve));
      // The first ones are for warming up.
      if (i >= 0) tripsMs.push(performance.now() - startMs);
    }
    loop.stop();
  })();
  await Promise.all([loop.run(), fetching]);
  tripsMs.sort((a, b) => a - b);
  const { sleeps, longestSleepMs } = parker;
  return { frames: 0, wrong: 0, wakes: 0, sleeps, longestSleepMs, tripsMs };
}

const order = workerData as WakeupOrder;
parentPort!.postMessage(await (order.kind === "fetch" ? fetchWhileBusy(order) : crossRing(order)));
