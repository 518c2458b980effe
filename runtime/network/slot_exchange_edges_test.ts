/**
 * The exchange at its edges: empty and largest values, rings of one slot, many peers, handlers that throw, statistics.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChannelItem, CreditReceiver, DataBuffer } from "./buffer.ts";
import { BACKLOG_ONLY } from "./result_partition.ts";
import { createRing, type RingOptions } from "./ring.ts";
import { SlotExchange } from "./slot_exchange.ts";

const noCredit: CreditReceiver = { addCredit: () => assert.fail("no credit is expected") };
const data = (bytes: Uint8Array, rows = 1): DataBuffer => ({
  kind: "data",
  rows,
  sizeBytes: bytes.length,
  bytes: bytes as Uint8Array<ArrayBuffer>,
});

/** So many slots, each linked with each. */
function mesh(count: number, options: RingOptions = { ringSlots: 4, slotBytes: 256 }) {
  const rings = new Map<string, SharedArrayBuffer>();
  const ring = (from: number, to: number) => {
    const key = `${from} ${to}`;
    if (!rings.has(key)) rings.set(key, createRing(options));
    return rings.get(key)!;
  };
  const woken = Array.from({ length: count }, () => 0);
  const slots = Array.from({ length: count }, (_, slot) => {
    const peers = Array.from({ length: count }, (_, peer) => peer).filter((peer) => peer !== slot);
    return new SlotExchange({
      links: peers.map((peer) => ({ peer, inbound: ring(peer, slot), outbound: ring(slot, peer) })),
      wakePeer: (peer) => void woken[peer]++,
    });
  });
  const settle = () => {
    for (let isMoving = true, rounds = 0; isMoving; rounds++) {
      assert.ok(rounds < 10_000);
      isMoving = false;
      for (const slot of slots) if (!slot.flush()) isMoving = true;
      for (const slot of slots) if (slot.poll()) isMoving = true;
    }
  };
  return { slots, woken, settle };
}

Deno.test("rows of a buffer from none to the most; one more is refused and leaves nothing behind", () => {
  const { slots: [left, right], settle } = mesh(2);
  const seen: number[] = [];
  const to = left.outgoing(1, 0, noCredit);
  right.incoming(0, 0, { onItem: (item) => void seen.push((item as DataBuffer).rows) });
  const rows = [0, 1, 255, 256, 2 ** 16, 2 ** 23 - 1, 2 ** 23, 2 ** 24 - 1];
  for (const n of rows) to.onItem(data(new Uint8Array(1), n), 0);
  assert.throws(() => to.onItem(data(new Uint8Array(1), 2 ** 24), 0), /16777216 rows/);
  settle();
  assert.deepEqual(seen, rows);
  assert.deepEqual([left.statistics.buffersOut, right.statistics.buffersIn], [rows.length, rows.length]);
});

Deno.test("payloads of every size around a ring slot, in the smallest ring there is, come out as they went in", () => {
  for (const slotBytes of [64, 256]) {
    const { slots: [left, right], settle } = mesh(2, { ringSlots: 1, slotBytes });
    const seen: Uint8Array[] = [];
    const to = left.outgoing(1, 3, noCredit);
    right.incoming(0, 3, { onItem: (item) => void seen.push((item as { bytes: Uint8Array }).bytes) });
    const sizes = [
      0,
      1,
      2,
      3,
      4,
      7,
      8,
      ...[-17, -16, -9, -8, -1, 0, 1, 8].map((n) => slotBytes + n),
      slotBytes * 5 + 3,
    ];
    for (const size of sizes) to.onItem(data(Uint8Array.from({ length: size }, (_, i) => i * 7 + size)), 0);
    settle();
    assert.deepEqual(seen.map((bytes) => bytes.length), sizes);
    for (const bytes of seen) assert.ok(bytes.every((byte, i) => byte === ((i * 7 + bytes.length) & 0xff)));
  }
});

Deno.test("bytes that a receiver keeps stay as they are when the ring goes round", () => {
  const { slots: [left, right], settle } = mesh(2, { ringSlots: 2, slotBytes: 64 });
  const kept: Uint8Array[] = [];
  const to = left.outgoing(1, 0, noCredit);
  right.incoming(0, 0, { onItem: (item) => void kept.push((item as { bytes: Uint8Array }).bytes) });
  for (let n = 1; n <= 50; n++) {
    const bytes = new Uint8Array(20).fill(n);
    to.onItem(data(bytes), 0);
    settle();
  }
  kept.forEach((bytes, i) => assert.ok(bytes.every((byte) => byte === i + 1), `buffer ${i}`));
});

Deno.test("any traffic in a mesh of slots: each channel in order, every credit once, counts that agree", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constantFrom("data" as const, "watermark", "backlog", "credit"),
      from: fc.nat(2),
      to: fc.nat(2),
      channel: fc.nat(1),
      n: fc.integer({ min: 1, max: 700 }),
    }),
    fc.record({ kind: fc.constantFrom("flush" as const, "poll"), slot: fc.nat(2) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), fc.integer({ min: 1, max: 3 }), (steps, ringSlots) => {
      const { slots, settle } = mesh(3, { ringSlots, slotBytes: 128 });
      const expected = new Map<string, string[]>();
      const seen = new Map<string, string[]>();
      const credits = new Map<string, number>();
      const given = new Map<string, number>();
      const ends = new Map<string, { item(item: ChannelItem, backlog: number): void; credit(n: number): void }>();
      for (let from = 0; from < 3; from++) {
        for (let to = 0; to < 3; to++) {
          if (from === to) continue;
          for (let channel = 0; channel < 2; channel++) {
            const key = `${from} ${to} ${channel}`;
            const note = (map: Map<string, string[]>, text: string) =>
              void (map.get(key) ?? map.set(key, []).get(key)!).push(text);
            const textOf = (item: ChannelItem) =>
              item.kind === "data" ? `data ${item.bytes!.length}` : `mark ${(item as { timestamp: number }).timestamp}`;
            const out = slots[from].outgoing(to, channel, {
              addCredit: (n) => void credits.set(key, (credits.get(key) ?? 0) + n),
            });
            const credit = slots[to].incoming(from, channel, {
              onItem: (item, backlog) => void (item === BACKLOG_ONLY || note(seen, `${textOf(item)} ${backlog}`)),
            });
            ends.set(key, {
              item: (item, backlog) => {
                if (item !== BACKLOG_ONLY) note(expected, `${textOf(item)} ${backlog}`);
                out.onItem(item, backlog);
              },
              credit: (n) => {
                given.set(key, (given.get(key) ?? 0) + n);
                credit.addCredit(n);
              },
            });
          }
        }
      }
      for (const one of steps) {
        if ("slot" in one) {
          if (one.kind === "flush") slots[one.slot].flush();
          else slots[one.slot].poll();
          continue;
        }
        const end = ends.get(`${one.from} ${one.to} ${one.channel}`);
        if (end === undefined) continue;
        if (one.kind === "data") end.item(data(new Uint8Array(one.n)), one.n % 5);
        else if (one.kind === "watermark") end.item({ kind: "watermark", timestamp: one.n }, one.n % 5);
        else if (one.kind === "backlog") end.item(BACKLOG_ONLY, one.n);
        else end.credit(one.n);
      }
      settle();
      assert.deepEqual(seen, expected);
      assert.deepEqual(credits, given);
      const sum = (
        name:
          | "buffersOut"
          | "buffersIn"
          | "bytesOut"
          | "bytesIn"
          | "eventsOut"
          | "eventsIn"
          | "creditsOut"
          | "creditsIn",
      ) => slots.reduce((total, { statistics }) => total + statistics[name], 0);
      assert.deepEqual(
        [sum("buffersOut"), sum("bytesOut"), sum("eventsOut"), sum("creditsOut")],
        [sum("buffersIn"), sum("bytesIn"), sum("eventsIn"), sum("creditsIn")],
      );
      assert.ok(slots.every(({ statistics }) => statistics.waitingFrames === 0));
      assert.ok(slots.every((slot) => !slot.poll() && slot.flush()), "nothing moves any more");
    }),
    { numRuns: 60 },
  );
});

Deno.test("a receiver that throws does not stop the exchange: the next poll goes on behind it", () => {
  const { slots: [left, right], settle } = mesh(2);
  const seen: number[] = [];
  const to = left.outgoing(1, 0, noCredit);
  right.incoming(0, 0, {
    onItem: (item) => {
      const { timestamp } = item as { timestamp: number };
      if (timestamp === 2) throw new Error("full");
      seen.push(timestamp);
    },
  });
  for (const timestamp of [1, 2, 3]) to.onItem({ kind: "watermark", timestamp }, 0);
  left.flush();
  assert.throws(() => right.poll(), /full/);
  settle();
  assert.deepEqual(seen, [1, 3]);
});

Deno.test("slots that are not linked, or twice, are refused", () => {
  const { slots: [left] } = mesh(2);
  assert.throws(() => left.outgoing(7, 0, noCredit), /slot 7/);
  assert.throws(() => left.incoming(7, 0, { onItem: () => {} }), /slot 7/);
  const ring = () => createRing({ ringSlots: 1, slotBytes: 64 });
  const link = () => ({ peer: 1, inbound: ring(), outbound: ring() });
  assert.throws(() => new SlotExchange({ links: [link(), link()], wakePeer: () => {} }), /Two links/);
  const alone = new SlotExchange({ links: [], wakePeer: () => assert.fail() });
  assert.deepEqual([alone.poll(), alone.flush(), alone.statistics.waitingFrames], [false, true, 0]);
});
