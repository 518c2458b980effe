import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeBatch } from "../types/columnar_codec.ts";
import type { Schema } from "../types/schema.ts";
import { recordBatch } from "../types/stream_element.ts";
import type { ChannelItem, CreditReceiver, DataBuffer, SubpartitionReceiver } from "./buffer.ts";
import { InputGate } from "./input_gate.ts";
import { RecordWriter } from "./record_writer.ts";
import { BACKLOG_ONLY, ResultPartition } from "./result_partition.ts";
import { createRing, type RingOptions } from "./ring.ts";
import { SlotExchange } from "./slot_exchange.ts";

const RING: RingOptions = { ringSlots: 4, slotBytes: 256 };

/** Two slots in one thread. `woken[i]` is set when the other one wakes slot i. */
function pair(options: RingOptions = RING) {
  const toLeft = createRing(options);
  const toRight = createRing(options);
  const woken = [false, false];
  const left = new SlotExchange({
    links: [{ peer: 1, inbound: toLeft, outbound: toRight }],
    wakePeer: (peer) => woken[peer] = true,
  });
  const right = new SlotExchange({
    links: [{ peer: 0, inbound: toRight, outbound: toLeft }],
    wakePeer: (peer) => woken[peer] = true,
  });
  return { left, right, woken };
}

/** Lets both work until nothing moves. */
function settle({ left, right }: { left: SlotExchange; right: SlotExchange }): void {
  let isMoving = true;
  for (let rounds = 0; isMoving; rounds++) {
    assert.ok(rounds < 10_000);
    isMoving = !left.flush();
    isMoving = right.poll() || isMoving;
    isMoving = !right.flush() || isMoving;
    isMoving = left.poll() || isMoving;
  }
}

function partition(numSubpartitions = 1, maxBuffers = 1000): ResultPartition {
  return new ResultPartition({
    numSubpartitions,
    maxBuffers,
    maxOverflowBuffers: Infinity,
    spill: { open: () => assert.fail("nothing is spilled") },
    codec: { encode: () => assert.fail(), decode: () => assert.fail() },
    onRoom: () => {},
  });
}

function gate(numChannels: number, floating = 0, exclusive = 2): InputGate {
  return new InputGate({
    numChannels,
    exclusiveBuffersPerChannel: exclusive,
    floatingBuffersPerGate: floating,
    onAvailable: () => {},
  });
}

function buffer(n: number, size = 16): DataBuffer {
  const bytes = new Uint8Array(Math.max(4, size)).fill(n);
  new DataView(bytes.buffer).setUint32(0, n, true);
  return { kind: "data", rows: n % 1000, sizeBytes: bytes.length, bytes };
}

function numberOf(item: ChannelItem): number {
  if (item.kind !== "data") return -(item as { timestamp: number }).timestamp;
  const { bytes } = item as { bytes: Uint8Array };
  const n = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  assert.ok(bytes.subarray(4).every((byte) => byte === (n & 0xff)));
  assert.deepEqual([item.rows, item.sizeBytes], [n % 1000, bytes.length]);
  return n;
}

const noCredit: CreditReceiver = { addCredit: () => assert.fail("no credit is expected") };

/** A receiver that notes what it gets. */
function notes() {
  const seen: [ChannelItem, number][] = [];
  const receiver: SubpartitionReceiver = { onItem: (item, backlog) => void seen.push([item, backlog]) };
  return { seen, receiver };
}

Deno.test("items arrive as they were, with their backlog, news of the backlog as such", () => {
  const slots = pair();
  const to = slots.left.outgoing(1, 5, noCredit);
  const { seen, receiver } = notes();
  slots.right.incoming(0, 5, receiver);
  const items: ChannelItem[] = [
    buffer(999, 100),
    { kind: "watermark", timestamp: 7 },
    { kind: "barrier", checkpointId: 3, timestamp: 8, options: { type: "savepoint", alignment: "aligned" } },
    buffer(1, 5000),
    { kind: "end", drain: true },
  ];
  items.forEach((item, i) => to.onItem(item, i));
  to.onItem(BACKLOG_ONLY, 9);
  settle(slots);
  assert.deepEqual(seen.slice(0, -1), items.map((item, i) => [item, i]));
  assert.equal(seen.at(-1)![0], BACKLOG_ONLY, "compared by identity");
  assert.equal(seen.at(-1)![1], 9);
});

Deno.test("credit and backlog are added up until a flush, and wait outside a full ring", () => {
  const slots = pair({ ringSlots: 1, slotBytes: 256 });
  const { seen, receiver } = notes();
  const credits: number[] = [];
  const to = slots.left.outgoing(1, 1, { addCredit: (credit) => credits.push(credit) });
  const credit = slots.right.incoming(0, 1, receiver);
  for (let n = 0; n < 5; n++) credit.addCredit(n);
  slots.right.flush();
  slots.left.poll();
  assert.deepEqual(credits, [10]);
  // One ring slot is full and one buffer waits: news must not queue up behind it.
  for (let n = 0; n < 2; n++) to.onItem(buffer(n, 256), 0);
  for (let n = 1; n <= 100; n++) {
    to.onItem(BACKLOG_ONLY, n);
    assert.equal(slots.left.flush(), false);
  }
  assert.equal(slots.left.statistics.waitingFrames, 1);
  settle(slots);
  assert.deepEqual(seen.map(([, backlog]) => backlog), [0, 0, 100]);
  to.onItem(BACKLOG_ONLY, 100);
  settle(slots);
  assert.equal(seen.length, 3, "known already");
  credit.addCredit(0);
  settle(slots);
  assert.deepEqual(credits, [10]);
});

Deno.test("an item carries the newest backlog: older news does not overtake or follow it", () => {
  const slots = pair();
  const { seen, receiver } = notes();
  const to = slots.left.outgoing(1, 1, noCredit);
  slots.right.incoming(0, 1, receiver);
  to.onItem(BACKLOG_ONLY, 5);
  to.onItem(buffer(1), 4);
  settle(slots);
  to.onItem(BACKLOG_ONLY, 4);
  to.onItem(BACKLOG_ONLY, 6);
  to.onItem(BACKLOG_ONLY, 4);
  settle(slots);
  to.onItem(buffer(2), 3);
  to.onItem(BACKLOG_ONLY, 4);
  settle(slots);
  assert.deepEqual(seen.map(([, backlog]) => backlog), [4, 4, 3, 4]);
});

Deno.test("one flush sends what waited and the news behind it", () => {
  const slots = pair({ ringSlots: 3, slotBytes: 256 });
  const { seen, receiver } = notes();
  const to = slots.left.outgoing(1, 1, noCredit);
  slots.right.incoming(0, 1, receiver);
  for (let n = 0; n < 4; n++) to.onItem(buffer(n, 256), 0);
  to.onItem(BACKLOG_ONLY, 8);
  assert.equal(slots.left.flush(), false);
  slots.right.poll();
  assert.equal(slots.left.flush(), true);
  slots.right.poll();
  assert.deepEqual(seen.map(([, backlog]) => backlog), [0, 0, 0, 0, 8]);
});

Deno.test("early frames come first, also when receivers poll, or a channel is registered by the frame of another", () => {
  const slots = pair({ ringSlots: 8, slotBytes: 256 });
  const to = [0, 1, 2].map((channel) => slots.left.outgoing(1, channel, noCredit));
  const got: number[][] = [[], [], []];
  const register = (channel: number, act = () => {}) =>
    slots.right.incoming(0, channel, {
      onItem: (item) => {
        got[channel].push(-numberOf(item));
        const before = got.flat().length;
        act();
        assert.equal(got.flat().length, before, "not called from inside itself");
      },
    });
  const send = (...timestamps: number[]) => {
    for (const timestamp of timestamps) for (const one of to) one.onItem({ kind: "watermark", timestamp }, 0);
    slots.left.flush();
  };
  send(1, 2);
  slots.right.poll();
  register(0, () => slots.right.poll());
  register(1, () => got[2].length === 0 && got[1].length === 3 && register(2));
  send(3, 4);
  slots.right.poll();
  slots.right.poll();
  assert.deepEqual(got, [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]]);
});

Deno.test("what comes before its channel is registered is kept, in order, until the next poll", () => {
  const slots = pair({ ringSlots: 8, slotBytes: 256 });
  const credits: number[] = [];
  const to = slots.left.outgoing(1, 3, { addCredit: (credit) => credits.push(credit) });
  to.onItem({ kind: "watermark", timestamp: 1 }, 0);
  to.onItem(BACKLOG_ONLY, 4);
  slots.left.flush();
  slots.right.incoming(0, 4, notes().receiver).addCredit(2);
  slots.right.flush();
  assert.equal(slots.right.poll(), true);
  assert.equal(slots.left.poll(), true);
  const { seen, receiver } = notes();
  const credit = slots.right.incoming(0, 3, receiver);
  assert.equal(seen.length, 0, "whoever registers is not ready yet");
  to.onItem({ kind: "watermark", timestamp: 2 }, 3);
  slots.left.flush();
  assert.equal(slots.right.poll(), true);
  assert.deepEqual(seen.map(([item, backlog]) => [item === BACKLOG_ONLY ? "backlog" : numberOf(item), backlog]), [
    [-1, 0],
    ["backlog", 4],
    [-2, 3],
  ]);
  assert.equal(slots.right.poll(), false);
  // The same for credit.
  const early: number[] = [];
  slots.left.outgoing(1, 4, { addCredit: (n) => early.push(n) });
  assert.deepEqual(early, []);
  assert.equal(slots.left.poll(), true);
  assert.deepEqual(early, [2]);
  credit.addCredit(1);
  settle(slots);
  assert.deepEqual(credits, [1]);
});

Deno.test("numbers of channels are per direction, and each is registered once", () => {
  const slots = pair();
  const there = notes();
  const back = notes();
  const to = slots.left.outgoing(1, 1, { addCredit: () => {} });
  slots.left.incoming(1, 1, back.receiver).addCredit(1);
  slots.right.incoming(0, 1, there.receiver).addCredit(1);
  const from = slots.right.outgoing(0, 1, { addCredit: () => {} });
  to.onItem(buffer(1), 0);
  from.onItem(buffer(2), 0);
  settle(slots);
  assert.deepEqual([there.seen, back.seen].map((seen) => seen.map(([item]) => numberOf(item))), [[1], [2]]);
  assert.throws(() => slots.left.outgoing(1, 1, noCredit), { code: "TSF-0001" });
  assert.throws(() => slots.right.incoming(0, 1, there.receiver), { code: "TSF-0001" });
  assert.throws(() => slots.left.outgoing(2, 1, noCredit), { code: "TSF-0001", message: /slot 2/ });
  assert.throws(() => slots.left.incoming(0, 9, there.receiver), { code: "TSF-0001" });
});

Deno.test("a batch held by reference is refused, not lost", () => {
  const to = pair().left.outgoing(1, 1, noCredit);
  const batch = recordBatch([1]);
  assert.throws(() => to.onItem({ kind: "data", rows: 1, sizeBytes: 8, batch }, 0), { code: "TSF-0001" });
});

Deno.test("a receiver may poll, flush and give credit from inside onItem", () => {
  const slots = pair({ ringSlots: 1, slotBytes: 64 });
  const out = partition();
  out.subpartitions[0].connect(slots.left.outgoing(1, 1, out.subpartitions[0]));
  const got: number[] = [];
  const credit = slots.right.incoming(0, 1, {
    onItem: (item) => {
      assert.equal(slots.right.poll(), false);
      if (item !== BACKLOG_ONLY) got.push(numberOf(item));
      credit.addCredit(item === BACKLOG_ONLY ? 0 : 1);
      slots.right.flush();
      assert.equal(slots.right.poll(), false);
    },
  });
  credit.addCredit(3);
  for (let n = 0; n < 50; n++) out.subpartitions[0].add(buffer(n, n * 7 % 200));
  settle(slots);
  assert.deepEqual(got, Array.from({ length: 50 }, (_, n) => n));
});

Deno.test("records cross with their schemas, also when those widen", () => {
  const slots = pair({ ringSlots: 2, slotBytes: 512 });
  const out = partition(2);
  const into = [gate(1), gate(1)];
  into.forEach(({ channels }, i) => channels[0].connect(slots.right.incoming(0, i, channels[0])));
  out.subpartitions.forEach((one, i) => one.connect(slots.left.outgoing(1, i, one)));
  let parity = 1;
  const writer = new RecordWriter({
    partition: out,
    selector: () => parity = 1 - parity,
    isEncoded: () => true,
    maxRows: 50,
    segmentBytes: 512,
    bufferTimeoutMs: -1,
    operator: { name: "test", uid: undefined },
  });
  const records = Array.from(
    { length: 1000 },
    (_, n) => n < 300 ? { n } : n < 600 ? { n: n / 2, s: `é${n}` } : `n${n}`,
  );
  records.forEach((record, n) => writer.emit(record, n));
  writer.flush();
  const got: unknown[][] = [[], []];
  const schemas = [0, 1].map(() => new Map<string, Schema>());
  for (let isMoving = true; isMoving;) {
    settle(slots);
    isMoving = false;
    into.forEach((one, i) => {
      for (let polled = one.poll(); polled !== undefined; polled = one.poll()) {
        isMoving = true;
        const { item } = polled;
        if (item.kind === "schema") schemas[i].set(item.schema.hash, item.schema);
        if (item.kind !== "data") continue;
        const { values, timestamps } = decodeBatch((hash) => schemas[i].get(hash)!, item.bytes!);
        values.forEach((value, row) => got[i].push([value, timestamps[row]]));
        one.recycle(0);
      }
    });
  }
  const expected = records.map((record, n) => [record, n]);
  assert.deepEqual(got, [0, 1].map((i) => expected.filter((_, n) => n % 2 === i)));
});

const op = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("data" as const, "data" as const, "large" as const, "event" as const) },
  { weight: 5, arbitrary: fc.constantFrom("take" as const, "block" as const, "unblock" as const) },
  { weight: 6, arbitrary: fc.constantFrom("left" as const, "right" as const) },
);
const script = fc.array(fc.record({ op, channel: fc.nat({ max: 2 }) }), { minLength: 1, maxLength: 200, size: "max" });

/** Sends three channels from one slot to another, or directly, by a script; then drains. */
class Transfer {
  readonly sent: number[][] = [[], [], []];
  readonly got: number[][] = [[], [], []];
  readonly outs = [0, 1, 2].map(() => partition(1, 3));
  readonly into: InputGate;
  /** Per channel: credit the consumer gave, credit the producer got, buffers the consumer got. */
  readonly given = [0, 0, 0];
  readonly received = [0, 0, 0];
  readonly arrived = [0, 0, 0];

  constructor(readonly slots: ReturnType<typeof pair> | undefined, floating: number) {
    this.into = gate(3, floating);
    this.outs.forEach(({ subpartitions: [from] }, i) => {
      const to = this.into.channels[i];
      const sender: CreditReceiver = {
        addCredit: (credit) => {
          this.received[i] += credit;
          assert.ok(this.received[i] <= this.given[i], "no more credit than was given");
          from.addCredit(credit);
        },
      };
      const receiver: SubpartitionReceiver = {
        onItem: (item, backlog) => {
          if (item.kind === "data" && item !== BACKLOG_ONLY) this.arrived[i]++;
          assert.ok(this.arrived[i] <= this.given[i], "no buffer without credit");
          to.onItem(item, backlog);
        },
      };
      const credit = slots?.right.incoming(0, i, receiver) ?? sender;
      to.connect({
        addCredit: (n) => {
          this.given[i] += n;
          credit.addCredit(n);
        },
      });
      from.connect(slots?.left.outgoing(1, i, sender) ?? receiver);
    });
  }

  add(channel: number, n: number, kind: "data" | "large" | "event"): void {
    this.sent[channel].push(kind === "event" ? -n : n);
    const [subpartition] = this.outs[channel].subpartitions;
    subpartition.add(kind === "event" ? { kind: "watermark", timestamp: n } : buffer(n, kind === "large" ? 1500 : n));
  }

  take(): boolean {
    const polled = this.into.poll();
    if (polled === undefined) return false;
    this.got[polled.channel].push(numberOf(polled.item));
    if (polled.item.kind === "data") this.into.recycle(polled.channel);
    return true;
  }

  /** One turn of a slot; whether anything moved or is to be done. */
  turn(side: "left" | "right"): boolean {
    if (this.slots === undefined) return false;
    const hasMoved = this.slots[side].poll();
    this.slots[side].flush();
    return hasMoved;
  }
}

Deno.test("any script gives what directly connected ends give; no credit is made or lost, nobody sleeps on work", () => {
  fc.assert(
    fc.property(
      script,
      fc.nat({ max: 4 }),
      fc.constantFrom(1, 2, 8),
      (actions, floating, ringSlots) => {
        const slots = pair({ ringSlots, slotBytes: 64 });
        const [through, direct] = [new Transfer(slots, floating), new Transfer(undefined, floating)];
        actions.forEach(({ op, channel }, n) => {
          for (const transfer of [through, direct]) {
            if (op === "data" || op === "large" || op === "event") transfer.add(channel, n, op);
            else if (op === "take") transfer.take();
            else if (op === "block" || op === "unblock") transfer.into[op](channel);
            else transfer.turn(op);
          }
        });
        for (let i = 0; i < 3; i++) {
          through.into.unblock(i);
          direct.into.unblock(i);
        }
        while (direct.take());
        // From here on a slot has a turn only when it was woken or had something to do the turn before.
        slots.woken.fill(true);
        for (let rounds = 0; slots.woken.includes(true); rounds++) {
          assert.ok(rounds < 20_000);
          for (const [i, side] of (["left", "right"] as const).entries()) {
            if (!slots.woken[i]) continue;
            slots.woken[i] = false;
            let isBusy = through.turn(side);
            if (side === "right") { while (through.take()) isBusy = true; }
            if (isBusy) slots.woken[i] = true;
          }
        }
        assert.deepEqual(through.got, through.sent);
        assert.deepEqual(through.got, direct.got);
        assert.deepEqual(through.received, through.given, "every credit has arrived");
        assert.deepEqual(through.outs.map((out) => out.waitingBuffers), [0, 0, 0]);
        const [left, right] = [slots.left.statistics, slots.right.statistics];
        assert.deepEqual([left.waitingFrames, right.waitingFrames], [0, 0]);
        assert.deepEqual([left.buffersOut, left.bytesOut, left.eventsOut, left.creditsIn], [
          right.buffersIn,
          right.bytesIn,
          right.eventsIn,
          right.creditsOut,
        ]);
        assert.deepEqual([left.creditsOut, right.creditsIn, left.buffersIn, right.eventsOut], [0, 0, 0, 0]);
        // Every buffer is free again: a burst goes through to the same depth as at the start.
        for (let n = 0; n < 20; n++) through.add(0, n, "data");
        settle(slots);
        assert.equal(through.into.channels[0].queued, 2 + floating);
      },
    ),
    { numRuns: 200 },
  );
});
