import assert from "node:assert/strict";
import fc from "fast-check";
import type { Spill, SpillFile } from "../seams/spill.ts";
import { recordBatch } from "../types/stream_element.ts";
import type { ChannelItem, DataBuffer } from "./buffer.ts";
import { InputGate } from "./input_gate.ts";
import { type BufferCodec, ResultPartition } from "./result_partition.ts";

/** Spill files in memory that count what they hold. */
class MemorySpill implements Spill {
  opened = 0;
  closed = 0;
  open(): SpillFile {
    this.opened++;
    const chunks: Uint8Array[] = [];
    return {
      append: (bytes) => chunks.push(bytes.slice()) - 1,
      readAt: (position) => chunks[position],
      close: () => void this.closed++,
    };
  }
}

const codec: BufferCodec = {
  encode: (buffer) => new TextEncoder().encode(JSON.stringify(buffer.batch!.values)),
  decode: (bytes) => data(...JSON.parse(new TextDecoder().decode(bytes))),
};

function data(...values: unknown[]): DataBuffer {
  return { kind: "data", rows: values.length, sizeBytes: 8 * values.length, batch: recordBatch(values) };
}

function partition(overrides: Partial<ConstructorParameters<typeof ResultPartition>[0]> = {}) {
  const spill = new MemorySpill();
  const rooms: number[] = [];
  const made = new ResultPartition({
    numSubpartitions: 1,
    maxBuffers: 4,
    maxOverflowBuffers: 2,
    spill,
    codec,
    onRoom: () => rooms.push(made.waitingBuffers),
    ...overrides,
  });
  return { partition: made, spill, rooms };
}

function gate(numChannels = 1, overrides: Partial<ConstructorParameters<typeof InputGate>[0]> = {}) {
  return new InputGate({
    numChannels,
    exclusiveBuffersPerChannel: 2,
    floatingBuffersPerGate: 0,
    onAvailable: () => {},
    ...overrides,
  });
}

function connect(from: ResultPartition, subpartition: number, to: InputGate, channel: number): void {
  to.channels[channel].connect(from.subpartitions[subpartition]);
  from.subpartitions[subpartition].connect(to.channels[channel]);
}

/** Values of everything a gate gives, each buffer recycled at once. */
function drain(from: InputGate): unknown[] {
  const seen: unknown[] = [];
  for (let polled = from.poll(); polled !== undefined; polled = from.poll()) {
    seen.push(...show(polled.item));
    if (polled.item.kind === "data") from.recycle(polled.channel);
  }
  return seen;
}

function show(item: ChannelItem): unknown[] {
  return item.kind === "data" ? item.batch!.values : [item.kind];
}

Deno.test("data waits for credit, events only for the data before them", () => {
  const { partition: out } = partition({ maxBuffers: 10 });
  const into = gate();
  connect(out, 0, into, 0);
  for (const n of [1, 2, 3]) out.subpartitions[0].add(data(n));
  out.subpartitions[0].add({ kind: "watermark", timestamp: 3 });
  assert.equal(into.channels[0].queued, 2, "two exclusive buffers");
  assert.equal(out.waitingBuffers, 1);
  assert.deepEqual(drain(into), [1, 2, 3, "watermark"]);
  assert.equal(out.waitingBuffers, 0);
});

Deno.test("an event goes over without credit", () => {
  const { partition: out } = partition();
  const into = gate();
  connect(out, 0, into, 0);
  out.subpartitions[0].add(data(1));
  out.subpartitions[0].add(data(2));
  out.subpartitions[0].add({ kind: "end", drain: true });
  assert.equal(into.channels[0].queued, 3);
});

Deno.test("floating buffers go where the backlog is and come back", () => {
  const first = partition({ maxBuffers: 100 }).partition;
  const second = partition({ maxBuffers: 100 }).partition;
  const into = gate(2, { floatingBuffersPerGate: 3 });
  connect(first, 0, into, 0);
  connect(second, 0, into, 1);
  for (let n = 0; n < 20; n++) first.subpartitions[0].add(data(n));
  assert.equal(into.channels[0].queued, 5, "2 exclusive + 3 floating");
  for (let n = 100; n < 120; n++) second.subpartitions[0].add(data(n));
  assert.equal(into.channels[1].queued, 2, "the floating ones are lent out");
  const seen = drain(into) as number[];
  assert.deepEqual(seen.filter((n) => n < 100), Array.from({ length: 20 }, (_, n) => n));
  assert.deepEqual(seen.filter((n) => n >= 100), Array.from({ length: 20 }, (_, n) => n + 100));
  for (let n = 0; n < 9; n++) second.subpartitions[0].add(data(n));
  assert.equal(into.channels[1].queued, 5, "all floating buffers came back");
});

Deno.test("room ends at the limit and comes back at half of it, once", () => {
  const { partition: out, rooms } = partition({ maxBuffers: 4 });
  const into = gate();
  for (let n = 0; n < 4; n++) {
    assert.equal(out.hasRoom, true);
    out.subpartitions[0].add(data(n));
  }
  assert.equal(out.hasRoom, false);
  connect(out, 0, into, 0);
  assert.deepEqual(rooms, [2]);
  drain(into);
  assert.deepEqual(rooms, [2], "told once");
});

Deno.test("what exceeds the overflow goes to disk and comes back in order", () => {
  const { partition: out, spill } = partition({ maxBuffers: 2, maxOverflowBuffers: 3 });
  for (let n = 0; n < 50; n++) out.subpartitions[0].add(data(n));
  assert.equal(out.spilledBuffers, 45);
  assert.equal(out.hasRoom, false);
  const into = gate();
  connect(out, 0, into, 0);
  assert.deepEqual(drain(into), Array.from({ length: 50 }, (_, n) => n));
  assert.equal(out.spilledBuffers, 0);
  assert.deepEqual([spill.opened, spill.closed], [1, 1]);
  assert.equal(out.hasRoom, true);
});

Deno.test("bytes: room ends at the limit and comes back at half of it, whatever their buffers are", () => {
  const { partition: out, rooms } = partition({ maxBuffers: 100, maxBytes: 48 });
  const into = gate(1, { exclusiveBuffersPerChannel: 1 });
  out.subpartitions[0].add(data(1, 2, 3));
  out.subpartitions[0].add(data(4, 5));
  assert.equal(out.hasRoom, true);
  // One call may exceed it: what is there stays in memory.
  for (const n of [6, 7, 8]) out.subpartitions[0].add(data(n));
  assert.equal(out.hasRoom, false);
  assert.equal(out.spilledBuffers, 0);
  connect(out, 0, into, 0);
  assert.deepEqual([rooms, out.hasRoom], [[], true], "40 of 48 bytes wait: room, but nobody is told yet");
  assert.deepEqual(drain(into), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(rooms, [3], "told at 24 bytes, once");
});

Deno.test("bytes: of what exceeds the buffers, as much as twice the limit stays in memory", () => {
  for (const [maxBytes, spilled] of [[Infinity, 0], [80, 0], [40, 3], [16, 6], [1, 8]]) {
    const { partition: out } = partition({ maxBuffers: 2, maxOverflowBuffers: 100, maxBytes });
    for (let n = 0; n < 10; n++) out.subpartitions[0].add(n < 5 ? data(n) : data(n, n));
    const found = out.spilledBuffers;
    const into = gate();
    connect(out, 0, into, 0);
    assert.deepEqual(drain(into), [0, 1, 2, 3, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9]);
    assert.equal(found, spilled, `${maxBytes} bytes`);
    assert.deepEqual([out.spilledBuffers, out.waitingBuffers, out.hasRoom], [0, 0, true]);
  }
});

Deno.test("closing a partition deletes its spill file", () => {
  const { partition: out, spill } = partition({ maxBuffers: 1, maxOverflowBuffers: 0 });
  for (let n = 0; n < 5; n++) out.subpartitions[0].add(data(n));
  out.close();
  assert.equal(spill.closed, 1);
});

Deno.test("a blocked channel keeps only its own buffers", () => {
  const left = partition({ maxBuffers: 100 }).partition;
  const right = partition({ maxBuffers: 100 }).partition;
  const into = gate(2);
  connect(left, 0, into, 0);
  connect(right, 0, into, 1);
  into.block(0);
  for (let n = 0; n < 10; n++) {
    left.subpartitions[0].add(data(`l${n}`));
    right.subpartitions[0].add(data(`r${n}`));
  }
  assert.deepEqual(drain(into), Array.from({ length: 10 }, (_, n) => `r${n}`));
  assert.equal(left.waitingBuffers, 8);
  into.unblock(0);
  assert.deepEqual(drain(into), Array.from({ length: 10 }, (_, n) => `l${n}`));
});

Deno.test("channels take turns", () => {
  const left = partition({ maxBuffers: 100 }).partition;
  const right = partition({ maxBuffers: 100 }).partition;
  const into = gate(2);
  connect(left, 0, into, 0);
  connect(right, 0, into, 1);
  for (let n = 0; n < 3; n++) left.subpartitions[0].add(data(`l${n}`));
  for (let n = 0; n < 3; n++) right.subpartitions[0].add(data(`r${n}`));
  assert.deepEqual(drain(into), ["l0", "r0", "l1", "r1", "l2", "r2"]);
});

Deno.test("any interleaving keeps order per channel, loses nothing and leaks no credit", () => {
  const action = fc.record({
    channel: fc.integer({ min: 0, max: 2 }),
    op: fc.constantFrom("add", "event", "poll", "block", "unblock"),
  });
  fc.assert(fc.property(fc.array(action, { maxLength: 300 }), fc.integer({ min: 0, max: 4 }), (actions, floating) => {
    const outs = [Infinity, 30, 9].map((maxBytes) =>
      partition({ maxBuffers: 3, maxOverflowBuffers: 2, maxBytes }).partition
    );
    const into = gate(3, { floatingBuffersPerGate: floating });
    outs.forEach((out, i) => connect(out, 0, into, i));
    const sent: number[][] = [[], [], []];
    const got: number[][] = [[], [], []];
    const take = () => {
      const polled = into.poll();
      if (polled === undefined) return false;
      const value = polled.item.kind === "data"
        ? polled.item.batch!.values[0]
        : (polled.item as { timestamp: number }).timestamp;
      got[polled.channel].push(value as number);
      if (polled.item.kind === "data") into.recycle(polled.channel);
      return true;
    };
    actions.forEach(({ channel, op }, n) => {
      if (op === "add") outs[channel].subpartitions[0].add(data(n));
      if (op === "event") outs[channel].subpartitions[0].add({ kind: "watermark", timestamp: n });
      if (op === "add" || op === "event") sent[channel].push(n);
      if (op === "poll") take();
      if (op === "block") into.block(channel);
      if (op === "unblock") into.unblock(channel);
    });
    for (let i = 0; i < 3; i++) into.unblock(i);
    while (take());
    assert.deepEqual(got, sent);
    assert.deepEqual(outs.map((out) => out.waitingBuffers), [0, 0, 0]);
    // Every buffer is free again: a full burst goes through to the same depth as at the start.
    for (let n = 0; n < 20; n++) outs[0].subpartitions[0].add(data(n));
    assert.equal(into.channels[0].queued, 2 + floating);
  }));
});
