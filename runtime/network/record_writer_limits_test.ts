/** Where batches end, for any limits and records, against a model that counts; what a full partition tells. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRandom } from "../seams/system/random.ts";
import { testSeams } from "../testing/test_seams.ts";
import { decodeBatch } from "../types/columnar_codec.ts";
import { estimateSize } from "./size_estimate.ts";
import type { Schema } from "../types/schema.ts";
import { RecordShapes } from "../types/shapes/record_shapes.ts";
import type { ChannelItem } from "./buffer.ts";
import { channelSelector } from "./channel_selector.ts";
import { OpenBatch, RecordWriter, type RecordWriterOptions } from "./record_writer.ts";
import { SpillBufferCodec } from "./spill_codec.ts";
import { ResultPartition } from "./result_partition.ts";

interface SetUp extends Partial<Omit<RecordWriterOptions, "partition" | "selector" | "isEncoded">> {
  readonly encoded?: boolean;
  readonly channels?: number;
  readonly maxBuffers?: number;
  readonly credits?: number;
  readonly strategy?: "RESCALE" | "BROADCAST" | "FORWARD" | "HASH";
}

function setUp(options: SetUp = {}) {
  const { channels = 1, maxBuffers = 1000, credits = 1e6, strategy = "RESCALE", encoded = false, ...rest } = options;
  const partition = new ResultPartition({
    numSubpartitions: channels,
    maxBuffers,
    maxOverflowBuffers: 1000,
    spill: testSeams().spill,
    codec: new SpillBufferCodec(),
    onRoom: () => {},
  });
  const sent: ChannelItem[][] = partition.subpartitions.map((subpartition) => {
    const items: ChannelItem[] = [];
    subpartition.addCredit(credits);
    subpartition.connect({ onItem: (item) => void items.push(item) });
    return items;
  });
  const writer = new RecordWriter({
    partition,
    selector: channelSelector({
      strategy,
      numChannels: channels,
      maxParallelism: 128,
      random: new SeededRandom(1),
      keySelector: (value) => (value as { n: number }).n,
    }),
    isEncoded: () => encoded,
    maxRows: 256,
    segmentBytes: 32 * 1024,
    bufferTimeoutMs: 100,
    operator: { name: "Map", uid: "mapper", userLine: "file:///job.ts:1:2" },
    ...rest,
  });
  return { writer, sent, partition };
}
const rowsOf = (items: readonly ChannelItem[]) => items.flatMap((item) => item.kind === "data" ? [item.rows] : []);

/** Rows of the batches by the documented rule: the size is estimated at the first row of a batch and at some others. */
function modelOf(
  sizes: readonly number[],
  limits: { maxRows: number; segmentBytes: number; timeout: number },
): number[] {
  const { maxRows, segmentBytes, timeout } = limits;
  const batches: number[] = [];
  let rows = 0;
  let limit = 0;
  for (const size of sizes) {
    if ([0, 64, 128].includes(rows) || (rows > 0 && rows % 256 === 0)) {
      const fitting = Math.max(1, Math.floor(segmentBytes / size));
      limit = timeout === 0 ? 1 : Math.min(maxRows, Math.max(fitting, rows + 1));
    }
    rows++;
    if (rows < limit) continue;
    batches.push(rows);
    rows = 0;
  }
  return rows === 0 ? batches : [...batches, rows];
}

const records = fc.array(
  fc.oneof(
    fc.integer(),
    fc.string({ maxLength: 30 }),
    fc.record({ a: fc.integer(), text: fc.string({ maxLength: 60 }) }, { noNullPrototype: true }),
  ),
  { maxLength: 700, size: "max" },
);

Deno.test("any limits and records: batches are as long as the model says, with and without known shapes", () => {
  fc.assert(
    fc.property(
      records,
      fc.constantFrom(1, 2, 63, 64, 65, 100, 256, 3000),
      fc.constantFrom(1, 64, 500, 2000, 32 * 1024),
      fc.constantFrom(-1, 0, 100),
      fc.boolean(),
      (values, maxRows, segmentBytes, timeout, known) => {
        const shapes = known ? new RecordShapes("limits") : undefined;
        const { writer, sent } = setUp({ maxRows, segmentBytes, bufferTimeoutMs: timeout, shapes });
        values.forEach((value, i) => writer.emit(value, i));
        writer.flush();
        const expected = modelOf(values.map((value) => estimateSize(value)), { maxRows, segmentBytes, timeout });
        assert.deepEqual(rowsOf(sent[0]), expected);
        const got = sent[0].flatMap((item) => item.kind === "data" ? item.batch!.values : []);
        assert.deepEqual(got, values);
        assert.ok(got.every((value, i) => value === values[i]), "by reference");
        const times = sent[0].flatMap((item) =>
          item.kind === "data" ? [...item.batch!.timestamps.subarray(0, item.rows)] : []
        );
        assert.deepEqual(times, values.map((_, i) => i), "columns that are held elsewhere are not filled again");
        assert.equal(writer.isDirty, false);
      },
    ),
    { numRuns: 120 },
  );
});

Deno.test("encoded: no buffer is larger than a segment, but for single records; all come out again", () => {
  fc.assert(
    fc.property(records, fc.constantFrom(300, 1000, 5000), (values, segmentBytes) => {
      const { writer, sent } = setUp({ encoded: true, segmentBytes });
      values.forEach((value, i) => writer.emit(value, i));
      writer.flush();
      const schemas = new Map<string, Schema>();
      const [got, times]: [unknown[], number[]] = [[], []];
      for (const item of sent[0]) {
        if (item.kind === "schema") schemas.set(item.schema.hash, item.schema);
        if (item.kind !== "data") continue;
        assert.equal(item.batch, undefined);
        assert.equal(item.sizeBytes, item.bytes!.length);
        assert.ok(item.rows === 1 || item.sizeBytes <= segmentBytes, `${item.rows} rows of ${item.sizeBytes} bytes`);
        const batch = decodeBatch((hash) => schemas.get(hash)!, item.bytes!);
        got.push(...batch.values);
        times.push(...batch.timestamps.subarray(0, item.rows));
      }
      assert.deepEqual([got, times], [values, values.map((_, i) => i)]);
    }),
    { numRuns: 40 },
  );
});

Deno.test("the largest record: one byte more is refused with the operator and its line, the ones before are sent", () => {
  const text = "x".repeat(2000);
  const size = (() => {
    const { writer, sent } = setUp({ encoded: true });
    writer.emit(text, 0);
    writer.flush();
    return sent[0].flatMap((item) => item.kind === "data" ? [item.sizeBytes] : [])[0];
  })();
  const emit = (maxRecordBytes: number) => {
    const { writer, sent } = setUp({ encoded: true, maxRecordBytes, maxRows: 1 });
    writer.emit("small", 0);
    let error: Record<string, unknown> = {};
    try {
      writer.emit(text, 1);
    } catch (thrown) {
      error = thrown as never;
    }
    return { error, rows: rowsOf(sent[0]) };
  };
  // Where the limit lies exactly is the codec's to say: it is somewhere between the text and its whole buffer.
  let [fits, refused] = [size * 2, 100];
  while (fits - refused > 1) {
    const middle = (fits + refused) >> 1;
    if (emit(middle).error.code === undefined) fits = middle;
    else refused = middle;
  }
  assert.ok(fits >= text.length && fits <= size, `${fits} for ${text.length} characters in ${size} bytes`);
  const { error, rows } = emit(refused);
  assert.match(String(error.code), /^TSF-2\d{3}$/);
  assert.deepEqual((error.operator as Record<string, string>).name, "Map");
  assert.deepEqual([rows, emit(fits).rows], [[1], [1, 1]]);
});

Deno.test("a full partition is told each time a batch is handed over, and not before", () => {
  let full = 0;
  const { writer, partition } = setUp({ maxRows: 2, maxBuffers: 3, credits: 0, onFull: () => full++ });
  const told: [number, boolean][] = [];
  for (let n = 1; n <= 12; n++) {
    writer.emit(n, n);
    told.push([full, partition.hasRoom]);
  }
  const firstFull = told.findIndex(([count]) => count > 0);
  assert.ok(firstFull > 0 && firstFull % 2 === 1, "with the second row of a batch");
  told.forEach(([count, hasRoom], n) => {
    assert.equal(hasRoom, n < firstFull, `row ${n}`);
    assert.equal(count, n < firstFull ? 0 : Math.floor((n - firstFull) / 2) + 1);
  });
  partition.subpartitions[0].addCredit(100);
  assert.equal(partition.hasRoom, true);
});

Deno.test("inlined: for all edges but broadcasts, where shapes are known; both ways fill the same batches", () => {
  const shapes = () => new RecordShapes("inlined");
  assert.equal(setUp({ shapes: undefined }).writer.inlined, undefined);
  assert.equal(setUp({ channels: 2, strategy: "BROADCAST", shapes: shapes() }).writer.inlined, undefined);
  const table = [["FORWARD", 1], ["BROADCAST", 1], ["RESCALE", 1], ["RESCALE", 3], ["HASH", 4]] as const;
  for (const [strategy, channels] of table) {
    const [written, byHand] = [0, 1].map(() => setUp({ strategy, channels, shapes: shapes(), maxRows: 70 }));
    const { open: batches, selector } = byHand.writer.inlined!;
    assert.equal(selector === undefined, channels === 1);
    for (let n = 0; n < 1500; n++) {
      const value = { n, text: "x".repeat(n % 7) };
      written.writer.emit(value, n);
      if (n % 3 === 0) {
        byHand.writer.emit(value, n);
        continue;
      }
      // As generated code does it.
      byHand.writer.verify(value);
      const channel = selector === undefined ? 0 : selector(value);
      const open = batches[channel];
      const at = open.rows;
      if (at === open.lookAt) byHand.writer.look(open, value);
      open.values[at] = value;
      open.timestamps[at] = n;
      open.rows = at + 1;
      if (at + 1 >= open.rowLimit) byHand.writer.finish(channel);
    }
    for (const { writer } of [written, byHand]) writer.flush();
    const plain = ({ sent }: typeof written) =>
      sent.map((items) =>
        items.map((item) =>
          item.kind === "data"
            ? [item.rows, item.batch!.values, [...item.batch!.timestamps.subarray(0, item.rows)]]
            : item.kind
        )
      );
    assert.deepEqual(plain(byHand), plain(written));
    for (const items of written.sent) assert.ok(rowsOf(items).length >= 4);
  }
});

Deno.test("batches by reference may be larger than encoded ones, each within its own limit", () => {
  const record = { text: "x".repeat(1000) };
  const bytes = estimateSize(record);
  const limits = { segmentBytes: 4 * bytes, referenceBytes: 50 * bytes, maxRows: 1000 };
  for (const [encoded, fitting] of [[false, 50], [true, 4]] as const) {
    const { writer, sent: [items] } = setUp({ ...limits, encoded });
    for (let n = 0; n < 200; n++) writer.emit(record, n);
    const rows = rowsOf(items);
    assert.equal(rows.reduce((a, b) => a + b), 200);
    assert.ok(rows.every((each) => each <= fitting), `${rows}`);
    if (!encoded) assert.deepEqual(rows, [50, 50, 50, 50]);
  }
  const { writer, sent: [items] } = setUp({ segmentBytes: 4 * bytes, maxRows: 1000 });
  for (let n = 0; n < 8; n++) writer.emit(record, n);
  assert.deepEqual(rowsOf(items), [4, 4], "the same where nothing else is said");
});

Deno.test("an open batch grows as it is filled, keeps what it holds and starts at the size it needed last", () => {
  const open = new OpenBatch();
  open.rowLimit = 1000;
  for (let n = 0; n < 100; n++) {
    if (n === open.values.length) open.grow();
    assert.ok(open.values.length > n && open.timestamps.length > n);
    open.values[n] = n;
    open.timestamps[n] = -n;
    open.rows = n + 1;
  }
  const taken = open.take();
  assert.deepEqual(taken.values, [...Array(100).keys()]);
  assert.deepEqual([...taken.timestamps.subarray(0, 100)], taken.values.map((n) => -(n as number)));
  assert.deepEqual([open.rows, open.values.length, open.lookAt], [0, 0, 0]);
  open.grow();
  assert.equal(open.values.length, 100, "as many as the last one had");
  open.take();
  for (let n = 0; n < 200; n++) {
    open.grow();
    open.take();
  }
  open.grow();
  assert.equal(open.values.length, 16, "small batches make small ones, little by little");
  open.rowLimit = 5;
  open.take();
  open.grow();
  assert.equal(open.values.length, 5);
});

Deno.test("broadcast by reference: every holder has its own, whatever is done to one", () => {
  for (const shapes of [undefined, new RecordShapes("broadcast")]) {
    const { writer, sent } = setUp({ channels: 4, strategy: "BROADCAST", shapes });
    const values = Array.from({ length: 150 }, (_, n) => ({ n, inner: { n } }));
    values.forEach((value, n) => writer.emit(value, n));
    writer.flush();
    const all = sent.map((items) => items.flatMap((item) => item.kind === "data" ? item.batch!.values : []));
    for (const channel of all) assert.deepEqual(channel, values);
    all[0].forEach((value, n) => assert.ok(value === values[n], "the first channel holds the record itself"));
    const inners = all.flatMap((channel) => (channel as typeof values).map(({ inner }) => inner));
    assert.equal(new Set(inners).size, 600);
  }
});
