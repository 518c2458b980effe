/**
 * The consuming slot of the tests and benches of the exchange: a thread with one gate whose channels come from another
 * slot. Checks every buffer and reports.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import { InputGate } from "../input_gate.ts";
import { SlotExchange } from "../slot_exchange.ts";
import { checksum, TestBell } from "./ring_helpers.ts";

/** What the thread is told first. */
export interface ExchangePeerOrder {
  readonly inbound: SharedArrayBuffer;
  readonly outbound: SharedArrayBuffer;
  /** As in the ring tests: word 0 is the doorbell of the reader. */
  readonly bells: SharedArrayBuffer;
  readonly channels: number;
  readonly exclusive: number;
  readonly floating: number;
  readonly blocking: boolean;
  /** Whether to look at the content. */
  readonly check: boolean;
}

/** What the thread answers once every channel has ended. */
export interface ExchangePeerReport {
  readonly buffers: readonly number[];
  readonly wrong: string | undefined;
  /** Most buffers that ever waited in the gate. */
  readonly maxQueued: number;
}

/** Runs the slot to the end of all channels. Buffer `n` of a channel has `n` as rows and starts with its checksum. */
export async function runConsumer(order: ExchangePeerOrder): Promise<ExchangePeerReport> {
  const own = new TestBell(order.bells, 0);
  const producer = new TestBell(order.bells, 1);
  const exchange = new SlotExchange({
    links: [{ peer: 0, inbound: order.inbound, outbound: order.outbound }],
    wakePeer: () => producer.ring(),
  });
  const gate = new InputGate({
    numChannels: order.channels,
    exclusiveBuffersPerChannel: order.exclusive,
    floatingBuffersPerGate: order.floating,
    onAvailable: () => {},
  });
  let queued = 0;
  let maxQueued = 0;
  gate.channels.forEach((channel, i) => channel.connect(exchange.incoming(0, i, channel)));
  const buffers = gate.channels.map(() => 0);
  let open = order.channels;
  let wrong: string | undefined;
  const take = (limit: number): boolean => {
    let taken = 0;
    for (let polled = gate.poll(); polled !== undefined; polled = taken < limit ? gate.poll() : undefined) {
      taken++;
      const { channel, item } = polled;
      if (item.kind === "end") open--;
      if (item.kind !== "data") continue;
      const n = buffers[channel]++;
      const bytes = item.bytes!;
      if (item.rows !== (n & 0xffff)) wrong ??= `buffer ${item.rows} of channel ${channel} at ${n}`;
      if (order.check && checksum(bytes.subarray(4)) !== new DataView(bytes.buffer, bytes.byteOffset).getInt32(0)) {
        wrong ??= `content of buffer ${n} of channel ${channel}`;
      }
      gate.recycle(channel);
    }
    return taken > 0;
  };
  for (let turn = 0; open > 0; turn++) {
    const ticket = own.ticket();
    let isBusy = exchange.poll();
    queued = gate.channels.reduce((sum, channel) => sum + channel.queued, 0);
    maxQueued = Math.max(maxQueued, queued);
    // Now and then it takes nothing, so that the sender runs out of credit.
    if (take(turn % 3 === 2 && order.check ? 1 : 100)) isBusy = true;
    exchange.flush();
    if (isBusy) continue;
    const waiting = own.wait(ticket, order.blocking);
    if (waiting !== undefined) await waiting;
  }
  exchange.flush();
  return { buffers, wrong, maxQueued };
}

parentPort?.on("message", async (order: ExchangePeerOrder) => parentPort!.postMessage(await runConsumer(order)));
