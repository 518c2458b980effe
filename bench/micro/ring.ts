/**
 * `deno run -A bench/micro/ring.ts`: 32 KiB buffers from this thread to another through the ring of runtime/network, every
 * repeat interleaved over the ways to wait, beside a plain copy in one thread as the measure of the machine.
 *
 * Usage: deno run -A bench/micro/ring.ts [--buffers 20000] [--repeats 5] [--slots 32] [--json]
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import { createRing, RingWriter } from "../../runtime/network/ring.ts";
import { runExchange } from "../../runtime/network/testdata/exchange_producer.ts";
import { TestBell } from "../../runtime/network/testdata/ring_helpers.ts";
import type { RingPeerOrder } from "../../runtime/network/testdata/ring_peer.ts";

const BUFFER_BYTES = 32 * 1024;
/** What facts/network.md section 4 measured for a bare ring with Atomics.waitAsync. */
const FACTS_BUFFERS_PER_SECOND = 144_000;

type Way =
  | "copy in one thread"
  | "ring, wait"
  | "ring, waitAsync"
  | "ring of one, wait"
  | "exchange, wait"
  | "exchange, waitAsync";

function option(name: string, fallback: number): number {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(Deno.args[at + 1]);
}

function copies(buffers: number): number {
  const from = new Uint8Array(BUFFER_BYTES).fill(7);
  const to = new Uint8Array(32 * BUFFER_BYTES);
  const start = performance.now();
  for (let n = 0; n < buffers; n++) to.set(from, (n & 31) * BUFFER_BYTES);
  return performance.now() - start;
}

/** Milliseconds from the first buffer written until the other thread has taken the last. */
async function cross(buffers: number, ringSlots: number, blocking: boolean): Promise<number> {
  const ring = createRing({ ringSlots, slotBytes: BUFFER_BYTES });
  const bells = new SharedArrayBuffer(12);
  const own = new TestBell(bells, 1);
  const peer = new TestBell(bells, 0);
  const worker = new Worker(new URL("../../runtime/network/testdata/ring_peer.ts", import.meta.url));
  const run = async (frames: number) => {
    const order: RingPeerOrder = { ring, bells, frames, blocking, check: false };
    const done = new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    worker.postMessage(order);
    const writer = new RingWriter(ring);
    const payloads = Array.from({ length: 64 }, (_, n) => new Uint8Array(BUFFER_BYTES).fill(n));
    const start = performance.now();
    for (let n = 0; n < frames; n++) {
      writer.write(1, n, 0, payloads[n & 63]);
      for (;;) {
        const ticket = own.ticket();
        const isDone = writer.flush();
        if (writer.takeWake()) peer.ring();
        if (isDone) break;
        const waiting = own.wait(ticket, blocking);
        if (waiting !== undefined) await waiting;
      }
    }
    await done;
    return performance.now() - start;
  };
  const ms = await run(buffers);
  await worker.terminate();
  return ms;
}

/** The same through partition, credits (2 exclusive and 8 floating buffers, Flink's own figures) and gate. */
async function exchange(buffers: number, ringSlots: number, blocking: boolean): Promise<number> {
  const payloads = Array.from({ length: 64 }, (_, n) => new Uint8Array(BUFFER_BYTES).fill(n));
  const { ms, wrong, late } = await runExchange({
    channels: 1,
    buffers,
    make: (_channel, n) => ({ kind: "data", rows: n & 0xffff, sizeBytes: BUFFER_BYTES, bytes: payloads[n & 63] }),
    ringSlots,
    slotBytes: BUFFER_BYTES,
    exclusive: 2,
    floating: 8,
    blocking,
    check: false,
  });
  if (wrong !== undefined || late > 0) throw new Error(`${wrong}, ${late} wake-ups were lost`);
  return ms;
}

if (import.meta.main) {
  const buffers = option("buffers", 20_000);
  const repeats = option("repeats", 5);
  const ringSlots = option("slots", 32);
  const ways: Record<Way, () => number | Promise<number>> = {
    "copy in one thread": () => copies(buffers),
    "ring, wait": () => cross(buffers, ringSlots, true),
    "ring, waitAsync": () => cross(buffers, ringSlots, false),
    "ring of one, wait": () => cross(buffers, 1, true),
    "exchange, wait": () => exchange(buffers, ringSlots, true),
    "exchange, waitAsync": () => exchange(buffers, ringSlots, false),
  };
  const rates = new Map<string, number[]>();
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const [way, run] of Object.entries(ways)) {
      rates.set(way, [...rates.get(way) ?? [], buffers / (await run()) * 1000]);
    }
  }
  for (const [way, all] of rates) {
    const sorted = all.map(Math.round).sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1];
    const ratio = median / FACTS_BUFFERS_PER_SECOND;
    if (Deno.args.includes("--json")) console.log(JSON.stringify({ way, median, all: sorted }));
    else {
      console.log(
        `${way.padEnd(20)} ${String(median).padStart(7)} buffers/s  ${ratio.toFixed(2)} of 144 k  (${
          sorted.join(" ")
        })`,
      );
    }
  }
}
