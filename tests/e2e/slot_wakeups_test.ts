/**
 * Slots in real threads: no wake-up is lost whatever the timing, and sockets are served while a slot has always something
 * to do.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { createRing } from "../../runtime/network/ring.ts";
import { SharedParker } from "../../runtime/seams/system/parker.ts";
import type { WakeupOrder, WakeupReport } from "./testdata/slot_wakeups_worker.ts";

const WORKER = new URL("./testdata/slot_wakeups_worker.ts", import.meta.url);
/** Far beyond what a busy machine delays a thread by. */
const TIMEOUT_MS = 2000;

async function runThread(order: WakeupOrder): Promise<WakeupReport> {
  const worker = new Worker(WORKER, { workerData: order });
  try {
    return await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
  } finally {
    await worker.terminate();
  }
}

/** Sends frames from one slot to another over a ring of a single ring slot. */
async function cross(frames: number, writerIsAsync: boolean, readerIsAsync: boolean): Promise<number> {
  const shared = {
    ring: createRing({ ringSlots: 1, slotBytes: 64 }),
    bells: SharedParker.allocate(2),
    frames,
    timeoutMs: TIMEOUT_MS,
  };
  const reports = await Promise.all([
    runThread({ ...shared, kind: "write", isAsync: writerIsAsync }),
    runThread({ ...shared, kind: "read", isAsync: readerIsAsync }),
  ]);
  for (const { frames: crossed, wrong, longestSleepMs } of reports) {
    assert.deepEqual([crossed, wrong], [frames, 0]);
    assert.ok(longestSleepMs < TIMEOUT_MS, `a sleep of ${longestSleepMs} ms lost its wake-up`);
  }
  assert.ok(reports[0].sleeps + reports[1].sleeps > frames / 20, "hardly anybody slept");
  return reports[0].wakes + reports[1].wakes;
}

Deno.test("a million random wake-ups over a ring of one ring slot: none is lost", async () => {
  // About eight wake-ups per frame, most of them for nothing; how many are due depends on who sleeps when.
  let wakes = await cross(65_000, false, false);
  wakes += await cross(35_000, true, true);
  for (let i = 0; i < 20 && (i < 2 || wakes < 1_000_000); i++) wakes += await cross(15_000, i % 2 === 0, i % 2 === 1);
  assert.ok(wakes >= 1_000_000, `only ${wakes}`);
});

/** Fetches again and again from a slot that has always something to do; gives the 99th percentile in ms. */
async function fetchPercentile(isAsync: boolean, trips: number): Promise<number> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("hello"));
  try {
    const url = `http://127.0.0.1:${server.addr.port}/`;
    const { tripsMs } = await runThread({ kind: "fetch", url, trips, isAsync });
    assert.equal(tripsMs.length, trips);
    return tripsMs[Math.ceil(trips * 0.99) - 1];
  } finally {
    await server.shutdown();
  }
}

Deno.test("a program that fetches while its slot is busy gets its answers: 99 of 100 within 20 ms", async () => {
  // Other programs on the machine may hold up a thread for longer; three times in a row they do not.
  const percentiles: number[] = [];
  for (let round = 0; round < 3 && !(percentiles.at(-1)! < 20); round++) {
    percentiles.push(await fetchPercentile(true, 150));
  }
  assert.ok(percentiles.at(-1)! < 20, `${percentiles.join(", ")} ms`);
});

Deno.test("a fetch that nobody has announced still comes through a busy slot", async () => {
  assert.ok(await fetchPercentile(false, 3) < 3000);
});
