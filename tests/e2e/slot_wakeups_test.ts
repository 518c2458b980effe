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
  console.log({frames, writerIsAsync, readerIsAsync}, reports.map(({tripsMs, ...r}) => r));
  return reports[0].wakes + reports[1].wakes;
}

Deno.test("a million random wake-ups over a ring of one ring slot: none is lost", async () => {
  let wakes = 0;
  const s = performance.now();
  wakes += await cross(100_000, false, false);
  console.log(wakes, performance.now() - s);
  wakes += await cross(30_000, true, true);
  console.log(wakes, performance.now() - s);
  wakes += await cross(10_000, true, false);
  console.log(wakes, performance.now() - s);
  wakes += await cross(10_000, false, true);
  console.log(wakes, performance.now() - s);
});

Deno.test("a program that fetches while its slot is busy gets its answers: 99 of 100 within 20 ms", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("hello"));
  const url = `http://127.0.0.1:${server.addr.port}/`;
  try {
    const { tripsMs } = await runThread({ kind: "fetch", url, trips: 200, isAsync: true });
    console.log(tripsMs[100], tripsMs[198]);
  } finally {
    await server.shutdown();
  }
});
