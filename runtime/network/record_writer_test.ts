import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRandom } from "../seams/system/random.ts";
import { testSeams } from "../testing/test_seams.ts";
import { decodeBatch } from "../types/columnar_codec.ts";
import type { Schema } from "../types/schema.ts";
import { NO_TIMESTAMP, recordBatch } from "../types/stream_element.ts";
import type { ChannelItem, DataBuffer } from "./buffer.ts";
import type { ShipStrategy } from "../functions/partitioner.ts";
import { channelSelector } from "./channel_selector.ts";
import { InputGate } from "./input_gate.ts";
import { RecordWriter, type RecordWriterOptions } from "./record_writer.ts";
import { SpillBufferCodec } from "./spill_codec.ts";
import { ResultPartition } from "./result_partition.ts";

interface SetUp extends Partial<Omit<RecordWriterOptions, "partition" | "selector" | "isEncoded">> {
  /** Encode the batches of all channels, or of some. */
  readonly forceCodec?: boolean | readonly boolean[];
  readonly channels?: number;
  readonly strategy?: ShipStrategy;
}

/** A writer and, per channel, what has left it, in order. */
function setUp({ channels = 1, strategy = "RESCALE", forceCodec = false, ...options }: SetUp = {}) {
  const partition = new ResultPartition({
    numSubpartitions: channels,
    maxBuffers: 1000,
    maxOverflowBuffers: 1000,
    spill: testSeams().spill,
    codec: new SpillBufferCodec(),
    onRoom: () => {},
  });
  const sent: ChannelItem[][] = partition.subpartitions.map((subpartition) => {
    const items: ChannelItem[] = [];
    subpartition.addCredit(1e6);
    subpartition.connect({ onItem: (item) => void items.push(item) });
    return items;
  });
  const writer = new RecordWriter({
    partition,
    selector: channelSelector({ strategy, numChannels: channels, maxParallelism: 128, random: new SeededRandom(1) }),
    isEncoded: (channel) => typeof forceCodec === "boolean" ? forceCodec : forceCodec[channel],
    maxRows: 256,
    segmentBytes: 32 * 1024,
    bufferTimeoutMs: 100,
    operator: { name: "Map", uid: "mapper" },
    ...options,
  });
  return { writer, sent };
}

/** Rows of each buffer and the kinds of what lies between: "3 watermark 1". */
const shape = (items: readonly ChannelItem[]) =>
  items.map((item) => item.kind === "data" ? String(item.rows) : item.kind).join(" ");

/** Decodes as a receiver does: schemas are known only once they were announced on this channel. */
function received(items: readonly ChannelItem[]): { values: unknown[]; timestamps: number[] } {
  const schemas = new Map<string, Schema>();
  const values: unknown[] = [];
  const timestamps: number[] = [];
  for (const item of items) {
    if (item.kind === "schema") schemas.set(item.schema.hash, item.schema);
    if (item.kind !== "data") continue;
    const batch = item.batch ?? decodeBatch((hash) => schemas.get(hash)!, item.bytes!);
    assert.equal(batch.values.length, item.rows);
    values.push(...batch.values);
    timestamps.push(...batch.timestamps.subarray(0, item.rows));
  }
  return { values, timestamps };
}

Deno.test("a batch ends at the row limit, at the byte limit, at a flush", () => {
  const text = "x".repeat(996);
  const table: [string, SetUp, unknown[], string, string][] = [
    ["rows", { maxRows: 3 }, [1, 2, 3, 4, 5, 6, 7], "3 3", "3 3 1"],
    ["rows 1", { maxRows: 1 }, [1, 2], "1 1", "1 1"],
    ["bytes", { segmentBytes: 4000 }, Array(10).fill(text), "4 4", "4 4 2"],
    ["one record beyond the bytes", { segmentBytes: 10 }, [text, 1, text], "1 1 1", "1 1 1"],
    ["timeout 0: at once", { bufferTimeoutMs: 0 }, [1, 2, 3], "1 1 1", "1 1 1"],
    ["timeout -1: only full ones", { bufferTimeoutMs: -1, maxRows: 2 }, [1, 2, 3], "2", "2 1"],
  ];
  for (const [name, options, values, before, after] of table) {
    const { writer, sent } = setUp(options);
    for (const value of values) writer.emit(value, NO_TIMESTAMP);
    assert.equal(shape(sent[0]), before, name);
    writer.flush();
    assert.equal(shape(sent[0]), after, `${name}, flushed`);
    assert.equal(writer.isDirty, false);
    writer.flush();
    assert.equal(shape(sent[0]), after, `${name}, nothing left`);
    assert.deepEqual(received(sent[0]).values, values);
  }
});

Deno.test("growing records are noticed after 64 rows", () => {
  const { writer, sent } = setUp({ segmentBytes: 8000, maxRows: 4096 });
  for (let n = 0; n < 100; n++) writer.emit(n < 5 ? "" : "x".repeat(500), n);
  writer.flush();
  // The first batch was planned for 2000 empty texts; at row 64 the size is taken again and the batch ends.
  const rows = sent[0].map((item) => (item as DataBuffer).rows);
  assert.equal(rows[0], 65);
  assert.ok(rows.slice(1).every((n) => n <= 15), rows.join());
});

Deno.test("events stand behind all records written before, on every channel", () => {
  const { writer, sent } = setUp({ channels: 2 });
  writer.emit("a", 1);
  writer.broadcast({ kind: "watermark", timestamp: 1 });
  writer.emit("b", 2);
  writer.emit("c", 3);
  writer.emit("d", 4);
  writer.broadcast({ kind: "status", status: "idle" });
  assert.deepEqual(sent.map(shape), ["1 watermark 1 status", "watermark 2 status"]);
  assert.deepEqual(sent.map((items) => received(items)), [
    { values: ["a", "c"], timestamps: [1, 3] },
    { values: ["b", "d"], timestamps: [2, 4] },
  ]);
});

Deno.test("broadcast: the first channel gets the value itself, every other holder a copy of its own", () => {
  const { writer, sent } = setUp({ channels: 3, strategy: "BROADCAST" });
  const value = { list: [1] };
  writer.emit(value, 5);
  writer.flush();
  const holders = sent.map((items) => received(items).values[0]);
  assert.equal(holders[0], value);
  assert.equal(new Set(holders).size, 3);
  value.list.push(2);
  assert.deepEqual(holders, [{ list: [1, 2] }, { list: [1] }, { list: [1] }]);
});

Deno.test("a record that cannot travel is refused before anything is written, naming operator and field", () => {
  for (const forceCodec of [false, true]) {
    const { writer, sent } = setUp({ forceCodec });
    const emit = () => writer.emit({ good: 1, bad: [() => 1] }, 0);
    assert.throws(emit, { code: "TSF-2101", operator: { name: "Map", uid: "mapper" }, message: /bad\[0\]/ });
    writer.flush();
    assert.deepEqual(sent, [[]]);
  }
});

Deno.test("codec: a schema is announced on each channel before its first use and when it changes", () => {
  const { writer, sent } = setUp({ channels: 2, forceCodec: true });
  const send = (...values: unknown[]) => {
    for (const value of values) writer.emit(value, 7);
    writer.flush();
  };
  send({ a: 1 });
  assert.deepEqual(sent.map(shape), ["schema 1", ""], "not on a channel without records");
  send({ a: 2 }, { a: 3 }, { a: 4 });
  assert.deepEqual(sent.map(shape), ["schema 1 1", "schema 2"], "once per channel");
  // What does not fit is sent in its own way once; from then on the wider schema counts, announced where it is used.
  send({ a: "text" }, { a: 5 }, { a: "more" }, { a: 6 });
  send({ a: "text" }, { a: 7 });
  const announced = sent.map((items) => items.filter((item) => item.kind === "schema").map((item) => item.schema.hash));
  assert.deepEqual(announced.map((hashes) => hashes.length), [2, 2]);
  assert.equal(new Set(announced.flat()).size, 2);
  for (const items of sent) {
    assert.equal(items.findLastIndex((item) => item.kind === "schema") < items.length - 1, true);
  }
  assert.deepEqual(received(sent[0]).values, [{ a: 1 }, { a: 3 }, { a: "text" }, { a: "more" }, { a: "text" }]);
  assert.deepEqual(received(sent[1]).values, [{ a: 2 }, { a: 4 }, { a: 5 }, { a: 6 }, { a: 7 }]);
});

Deno.test("codec: a batch takes as many buffers as its bytes need, a large record one of its own", () => {
  const { writer, sent } = setUp({ forceCodec: true, segmentBytes: 2000, maxRows: 1000 });
  const values = [1, 2, "x".repeat(50_000), 3, ...Array(40).fill("y".repeat(300))];
  for (const value of values) writer.emit(value, NO_TIMESTAMP);
  writer.flush();
  const data = sent[0].filter((item) => item.kind === "data");
  for (const { rows, sizeBytes, bytes } of data) {
    assert.equal(sizeBytes, bytes!.length);
    assert.ok(rows === 1 || sizeBytes <= 2000, `${rows} rows in ${sizeBytes} bytes`);
  }
  assert.equal(data.filter((item) => item.sizeBytes > 2000).length, 1);
  assert.deepEqual(received(sent[0]).values, values);
});

Deno.test("codec: a record beyond the largest size is refused, naming size and operator", () => {
  const { writer } = setUp({ forceCodec: true });
  const emit = () => {
    writer.emit(new Uint8Array(65 * 2 ** 20), 0);
    writer.flush();
  };
  assert.throws(emit, { code: "TSF-2103", operator: { name: "Map", uid: "mapper" } });
});

Deno.test("whatever is written comes out, by reference and through the codec, in order per channel", () => {
  const value = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.string(),
    fc.constantFrom(null, undefined, -0, NaN, 2n ** 70n),
    fc.record({ a: fc.oneof(fc.integer(), fc.double()), b: fc.option(fc.string()) }, {
      requiredKeys: ["a"],
      noNullPrototype: true,
    }),
    fc.date({ noInvalidDate: true }),
  );
  const options = fc.record({
    forceCodec: fc.boolean(),
    maxRows: fc.integer({ min: 1, max: 9 }),
    segmentBytes: fc.integer({ min: 1, max: 400 }),
    channels: fc.integer({ min: 1, max: 3 }),
  });
  const at = fc.oneof(fc.integer(), fc.constant(NO_TIMESTAMP));
  fc.assert(fc.property(fc.array(fc.tuple(value, at), { maxLength: 60 }), options, (records, how) => {
    const { writer, sent } = setUp(how);
    for (const [record, timestamp] of records) writer.emit(structuredClone(record), timestamp);
    writer.flush();
    sent.forEach((items, channel) => {
      const mine = records.filter((_, n) => n % how.channels === channel);
      assert.deepEqual(received(items), { values: mine.map(([v]) => v), timestamps: mine.map(([, t]) => t) });
    });
  }));
});

Deno.test("spill codec: batches by reference and encoded ones come back as they were", () => {
  const codec = new SpillBufferCodec();
  const values = fc.array(
    fc.oneof(fc.integer(), fc.string(), fc.record({ a: fc.anything({ withDate: true }) }, { noNullPrototype: true })),
    {
      minLength: 1,
    },
  );
  fc.assert(fc.property(values, (batch) => {
    const timestamps = batch.map((_, n) => n * 1000 - 1);
    // A column may be longer than the batch, as the writer's are.
    const column = new Float64Array(batch.length + 3).fill(99);
    column.set(timestamps);
    const back = codec.decode(codec.encode({
      kind: "data",
      rows: batch.length,
      sizeBytes: 1,
      batch: recordBatch(structuredClone(batch), column),
    }));
    assert.deepEqual(back.batch!.values, batch);
    assert.deepEqual([...back.batch!.timestamps.subarray(0, batch.length)], timestamps);
    assert.equal(back.rows, batch.length);
  }));
  const bytes = new Uint8Array([5, 4, 3]);
  const back = codec.decode(codec.encode({ kind: "data", rows: 9, sizeBytes: 3, bytes }));
  assert.deepEqual([back.rows, back.sizeBytes, [...back.bytes!], back.batch], [9, 3, [5, 4, 3], undefined]);
});

Deno.test("spill codec: a batch of many megabytes", () => {
  const codec = new SpillBufferCodec();
  const values = Array.from({ length: 40 }, (_, n) => "x".repeat(1 << 20) + n);
  const buffer: DataBuffer = { kind: "data", rows: 40, sizeBytes: 1, batch: recordBatch(values) };
  assert.deepEqual(codec.decode(codec.encode(buffer)).batch!.values, values);
});

type Mode = "reference" | "codec";
interface Act {
  readonly kind: "emit" | "event" | "flush" | "poll" | "recycle" | "connect";
  readonly at: number;
  readonly channel: number;
}

/** N writers of M channels each into M gates, and a trace of what each channel was given and gave. */
function exchange(mode: Mode, numWriters: number, numGates: number, floating: number) {
  const gates = Array.from({ length: numGates }, () =>
    new InputGate({
      numChannels: numWriters,
      exclusiveBuffersPerChannel: 1,
      floatingBuffersPerGate: floating,
      onAvailable: () => {},
    }));
  const writers = Array.from({ length: numWriters }, (_, w) => {
    const partition = new ResultPartition({
      numSubpartitions: numGates,
      maxBuffers: 2,
      maxOverflowBuffers: 1,
      spill: testSeams().spill,
      codec: new SpillBufferCodec(),
      onRoom: () => {},
    });
    const writer = new RecordWriter({
      partition,
      selector: channelSelector({
        strategy: (["RESCALE", "SHUFFLE", "BROADCAST"] as const)[w % 3],
        numChannels: numGates,
        maxParallelism: 128,
        random: new SeededRandom(w),
      }),
      isEncoded: () => mode === "codec",
      maxRows: 3,
      segmentBytes: 200,
      bufferTimeoutMs: 100,
      operator: { name: `writer ${w}` },
    });
    return { writer, partition };
  });
  const connected = new Set<string>();
  const connect = (w: number, g: number) => {
    if (connected.has(`${w}/${g}`)) return;
    connected.add(`${w}/${g}`);
    gates[g].channels[w].connect(writers[w].partition.subpartitions[g]);
    writers[w].partition.subpartitions[g].connect(gates[g].channels[w]);
  };
  return { gates, writers, connect };
}

Deno.test("N writers and M gates in any interleaving: order per channel, nothing lost or twice, all credits back", () => {
  const act: fc.Arbitrary<Act> = fc.record({
    kind: fc.constantFrom("emit", "emit", "emit", "event", "flush", "poll", "poll", "recycle", "connect"),
    at: fc.nat(2),
    channel: fc.nat(2),
  });
  const run = (mode: Mode, acts: readonly Act[], n: number, m: number, floating: number) => {
    const { gates, writers, connect } = exchange(mode, n, m, floating);
    const got = gates.map(() => writers.map(() => [] as unknown[]));
    const schemas = gates.map(() => new Map<string, Schema>());
    const held: [number, number][] = [];
    const poll = (g: number) => {
      const polled = gates[g].poll();
      if (polled === undefined) return false;
      const { item, channel } = polled;
      if (item.kind === "schema") schemas[g].set(item.schema.hash, item.schema);
      else if (item.kind !== "data") got[g][channel].push((item as { timestamp: number }).timestamp);
      else {
        got[g][channel].push(...(item.batch ?? decodeBatch((h) => schemas[g].get(h)!, item.bytes!)).values);
        held.push([g, channel]);
      }
      return true;
    };
    const recycle = () => {
      const [held1] = held.splice(0, 1);
      if (held1 !== undefined) gates[held1[0]].recycle(held1[1]);
    };
    acts.forEach(({ kind, at, channel }, i) => {
      const { writer } = writers[at % n];
      if (kind === "emit") writer.emit({ i, text: i % 7 === 0 ? i : "x".repeat(i % 90) }, i);
      if (kind === "event") writer.broadcast({ kind: "watermark", timestamp: i });
      if (kind === "flush") writer.flush();
      if (kind === "poll") poll(at % m);
      if (kind === "recycle") recycle();
      if (kind === "connect") connect(at % n, channel % m);
    });
    for (let w = 0; w < n; w++) for (let g = 0; g < m; g++) connect(w, g);
    for (const { writer } of writers) writer.flush();
    for (let more = true; more;) {
      more = gates.map((_, g) => poll(g)).includes(true) || held.length > 0;
      while (held.length > 0) recycle();
    }
    for (const { partition } of writers) {
      assert.equal(partition.waitingBuffers, 0);
      assert.equal(partition.spilledBuffers, 0);
    }
    // A burst of one record each goes exactly as far as at the start: 1 exclusive + all floating buffers.
    const burst = writers[0].partition.subpartitions[0];
    for (let i = 0; i < 20; i++) burst.add({ kind: "data", rows: 1, sizeBytes: 1, batch: recordBatch([i]) });
    assert.equal(gates[0].channels[0].queued, 1 + floating);
    return got;
  };
  const sizes = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.nat(2));
  fc.assert(fc.property(fc.array(act, { maxLength: 250 }), sizes, (acts, [n, m, floating]) => {
    const got = run("reference", acts, n, m, floating);
    assert.deepEqual(run("codec", acts, n, m, floating), got, "the codec changes nothing");
    for (let w = 0; w < n; w++) {
      const mine = [...acts.entries()].filter(([, a]) => a.at % n === w && (a.kind === "emit" || a.kind === "event"));
      const order = (value: unknown) => typeof value === "number" ? value : (value as { i: number }).i;
      const channels = got.map((gate) => gate[w].map(order));
      for (const channel of channels) assert.deepEqual(channel, channel.toSorted((a, b) => a - b), "in order");
      const copies = (i: number) => channels.flat().filter((seen) => seen === i).length;
      for (const [i, { kind }] of mine) assert.equal(copies(i), kind === "event" || w % 3 === 2 ? m : 1);
      assert.equal(new Set(channels.flat()).size, mine.length);
    }
  }));
});

Deno.test("only the channels that lead to other slots are encoded", () => {
  const { writer, sent } = setUp({ channels: 3, strategy: "BROADCAST", forceCodec: [false, true, false] });
  writer.emit({ a: 1 }, 5);
  writer.flush();
  assert.deepEqual(sent.map(shape), ["1", "schema 1", "1"]);
  assert.deepEqual(sent.map((items) => items.map((item) => item.kind === "data" && item.bytes !== undefined)), [
    [false],
    [false, true],
    [false],
  ]);
  for (const items of sent) assert.deepEqual(received(items).values, [{ a: 1 }]);
});

Deno.test("columns that come back are filled again, whatever was in them and however batches were cut", () => {
  const action = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 90 }) },
    { weight: 1, arbitrary: fc.constant("flush") },
    { weight: 1, arbitrary: fc.constant("watermark") },
  );
  fc.assert(fc.property(
    fc.array(action, { maxLength: 40 }),
    fc.constantFrom(1, 2, 17, 64, 256),
    fc.constantFrom(0, 100),
    (script, maxRows, bufferTimeoutMs) => {
      const { writer, sent: [items] } = setUp({ maxRows, bufferTimeoutMs });
      const found: [unknown, number][] = [];
      let emitted = 0;
      // The consumer is up to date after each action and gives all columns back.
      const consume = () => {
        for (const item of items.splice(0)) {
          if (item.kind !== "data") continue;
          const { values, timestamps } = item.batch!;
          assert.equal(values.length, item.rows);
          assert.ok(item.rows <= maxRows && timestamps.length >= item.rows);
          values.forEach((value, row) => found.push([value, timestamps[row]]));
          item.columns!.give(timestamps.fill(-1));
        }
      };
      for (const what of script) {
        if (what === "flush") writer.flush();
        else if (what === "watermark") writer.broadcast({ kind: "watermark", timestamp: emitted });
        else {for (let n = 0; n < (what as number); n++) {
            writer.emit(emitted, emitted + 0.5);
            emitted++;
          }}
        consume();
      }
      writer.flush();
      consume();
      assert.deepEqual(found, Array.from({ length: emitted }, (_, n) => [n, n + 0.5]));
    },
  ));
});
