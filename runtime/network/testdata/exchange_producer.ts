/**
 * The producing slot of the tests and benches of the exchange: partitions in the calling thread, the consumer in a
 * thread of its own.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import type { DataBuffer } from "../buffer.ts";
import { ResultPartition } from "../result_partition.ts";
import { createRing } from "../ring.ts";
import { type ExchangeStatistics, SlotExchange } from "../slot_exchange.ts";
import type { ExchangePeerReport } from "./exchange_peer.ts";
import { TestBell } from "./ring_helpers.ts";

/** One run. */
export interface ExchangeRun {
  readonly channels: number;
  /** Buffers per channel. */
  readonly buffers: number;
  /** Buffer `n` of a channel; its rows must be `n & 0xffff`. */
  readonly make: (channel: number, n: number) => DataBuffer;
  readonly ringSlots: number;
  readonly slotBytes: number;
  readonly exclusive: number;
  readonly floating: number;
  readonly blocking: boolean;
  readonly check: boolean;
}

/** What came of it. */
export interface ExchangeOutcome extends ExchangePeerReport {
  /** From the first buffer until the consumer has seen the end of all channels. */
  readonly ms: number;
  /** Waits that ran into their limit: wake-ups that were lost. */
  readonly late: number;
  readonly statistics: Readonly<ExchangeStatistics>;
}

/** Sends all buffers of a run to another thread, round robin over the channels, with respect for their room. */
export async function runExchange(run: ExchangeRun): Promise<ExchangeOutcome> {
  const ringOptions = { ringSlots: run.ringSlots, slotBytes: run.slotBytes };
  const [there, back] = [createRing(ringOptions), createRing(ringOptions)];
  const bells = new SharedArrayBuffer(12);
  const own = new TestBell(bells, 1);
  const peer = new TestBell(bells, 0);
  const worker = new Worker(new URL("./exchange_peer.ts", import.meta.url));
  try {
    const done = new Promise<ExchangePeerReport>((resolve, reject) =>
      worker.once("message", resolve).once("error", reject)
    );
    const { channels, exclusive, floating, blocking, check } = run;
    worker.postMessage({ inbound: there, outbound: back, bells, channels, exclusive, floating, blocking, check });
    const exchange = new SlotExchange({
      links: [{ peer: 1, inbound: back, outbound: there }],
      wakePeer: () => peer.ring(),
    });
    const partition = new ResultPartition({
      numSubpartitions: channels,
      maxBuffers: 4 * channels,
      maxOverflowBuffers: Infinity,
      spill: {
        open: () => {
          throw new Error("nothing is spilled");
        },
      },
      codec: { encode: () => new Uint8Array(0), decode: () => run.make(0, 0) },
      onRoom: () => {},
    });
    const { subpartitions } = partition;
    subpartitions.forEach((one, i) => one.connect(exchange.outgoing(1, i, one)));
    let next = 0;
    const all = run.buffers * channels;
    // The first credit says that the consumer is there: its start is not measured.
    for (; exchange.statistics.creditsIn === 0;) {
      const ticket = own.ticket();
      if (!exchange.poll()) await own.wait(ticket, false);
    }
    const start = performance.now();
    for (;;) {
      const ticket = own.ticket();
      let isBusy = exchange.poll();
      for (; next < all && partition.hasRoom; next++) {
        isBusy = true;
        subpartitions[next % channels].add(run.make(next % channels, Math.floor(next / channels)));
        if (next + channels >= all) subpartitions[next % channels].add({ kind: "end", drain: true });
      }
      const isFlushed = exchange.flush();
      if (next === all && isFlushed && partition.waitingBuffers === 0) break;
      if (isBusy) continue;
      const waiting = own.wait(ticket, blocking);
      if (waiting !== undefined) await waiting;
    }
    const report = await done;
    const ms = performance.now() - start;
    return { ...report, ms, late: Atomics.load(new Int32Array(bells), 2), statistics: exchange.statistics };
  } finally {
    await worker.terminate();
  }
}
