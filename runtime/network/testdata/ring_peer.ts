/**
 * The reading thread of the ring tests and benches: takes frames, checks each of them, and reports what it saw.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import { RingReader } from "../ring.ts";
import { checksum, TestBell } from "./ring_helpers.ts";

/** What the thread is told first. */
export interface RingPeerOrder {
  readonly ring: SharedArrayBuffer;
  /** Word 0: doorbell of the reader, word 1: doorbell of the writer, word 2: times that a wait ran into its limit. */
  readonly bells: SharedArrayBuffer;
  /** Frames to take. */
  readonly frames: number;
  /** How to wait: in the thread, or on a promise. */
  readonly blocking: boolean;
  /** Whether to look at every byte, or to take the frames only. */
  readonly check: boolean;
}

/** What the thread answers. */
export interface RingPeerReport {
  readonly frames: number;
  readonly bytes: number;
  /** First frame that was not what it should have been. */
  readonly wrong: string | undefined;
}

/** Takes all frames of the order. The argument of a frame is the checksum, the channel its number. */
async function takeFrames(order: RingPeerOrder): Promise<RingPeerReport> {
  const reader = new RingReader(order.ring);
  const own = new TestBell(order.bells, 0);
  const writer = new TestBell(order.bells, 1);
  let frames = 0;
  let bytes = 0;
  let wrong: string | undefined;
  while (frames < order.frames) {
    const ticket = own.ticket();
    const count = reader.read((_kind, channel, argument, payload) => {
      if (channel !== frames) wrong ??= `frame ${channel} at ${frames}`;
      else if (order.check && checksum(payload) !== argument) wrong ??= `content of frame ${channel}`;
      frames++;
      bytes += payload.length;
    });
    if (reader.takeWake()) writer.ring();
    if (count === 0) {
      const waiting = own.wait(ticket, order.blocking);
      if (waiting !== undefined) await waiting;
    }
  }
  return { frames, bytes, wrong };
}

parentPort?.on("message", async (order: RingPeerOrder) => {
  parentPort!.postMessage(await takeFrames(order));
});
