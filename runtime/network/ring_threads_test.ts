/** A ring between two threads. */
import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { createRing, RingWriter } from "./ring.ts";
import { checksum, fillFrame, TestBell } from "./testdata/ring_helpers.ts";
import type { RingPeerOrder, RingPeerReport } from "./testdata/ring_peer.ts";

/** Writes `sizes.length` frames to a thread that checks them; gives what it saw and how often somebody slept too long. */
async function cross(ringSlots: number, slotBytes: number, sizes: readonly number[], blocking: boolean) {
  const ring = createRing({ ringSlots, slotBytes });
  const bells = new SharedArrayBuffer(12);
  const own = new TestBell(bells, 1);
  const peer = new TestBell(bells, 0);
  const worker = new Worker(new URL("./testdata/ring_peer.ts", import.meta.url));
  const answered = new Promise<RingPeerReport>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  const order: RingPeerOrder = { ring, bells, frames: sizes.length, blocking, check: true };
  worker.postMessage(order);
  try {
    const writer = new RingWriter(ring);
    const flush = async () => {
      for (;;) {
        const ticket = own.ticket();
        const isDone = writer.flush();
        if (writer.takeWake()) peer.ring();
        if (isDone) return;
        const waiting = own.wait(ticket, blocking);
        if (waiting !== undefined) await waiting;
      }
    };
    for (let n = 0; n < sizes.length; n++) {
      const payload = fillFrame(new Uint8Array(sizes[n]), n);
      writer.write(n & 3, n, checksum(payload), payload);
      // Now and then a whole burst waits, and now and then nothing does.
      if (n % 7 !== 3) await flush();
    }
    await flush();
    const report = await answered;
    return { ...report, late: Atomics.load(new Int32Array(bells), 2) };
  } finally {
    await worker.terminate();
  }
}

for (const ringSlots of [1, 2, 8]) {
  for (const blocking of [true, false]) {
    const how = blocking ? "wait" : "waitAsync";
    Deno.test(`32 KiB buffers and others cross a ring of ${ringSlots} between threads that ${how}`, async () => {
      const sizes = Array.from({ length: 400 }, (_, n) => n % 5 === 0 ? (n * 7919) % 100_000 : n % 5 === 1 ? n : 32768);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const seen = await cross(ringSlots, 32 * 1024, sizes, blocking);
      assert.deepEqual(seen, { frames: sizes.length, bytes: total, wrong: undefined, late: 0 });
    });
  }
}

Deno.test("many tiny frames over one tiny ring slot: no wake-up is lost", async () => {
  const sizes = Array.from({ length: 20_000 }, (_, n) => n % 40);
  const seen = await cross(1, 64, sizes, true);
  assert.deepEqual([seen.frames, seen.wrong, seen.late], [sizes.length, undefined, 0]);
});
