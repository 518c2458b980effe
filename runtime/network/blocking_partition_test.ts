import assert from "node:assert/strict";
import fc from "fast-check";
import type { FlinkError } from "../errors.ts";
import type { LocalFiles } from "../seams/local_files.ts";
import { SystemLocalFiles } from "../seams/system/local_files.ts";
import { MemoryFiles } from "../testing/memory_files.ts";
import { MAX_WATERMARK } from "../types/stream_element.ts";
import { BlockingPartitionReader, BlockingPartitionWriter } from "./blocking_partition.ts";
import type { ChannelItem } from "./buffer.ts";
import { InputGate } from "./input_gate.ts";
import { EventDecoder } from "./item_codec.ts";
import { BACKLOG_ONLY, ResultPartition } from "./result_partition.ts";

const END: ChannelItem = { kind: "end", drain: true };

function data(bytes: readonly number[]): ChannelItem {
  return { kind: "data", rows: bytes.length, sizeBytes: bytes.length, bytes: Uint8Array.from(bytes) };
}

/** Writes items by subpartition through a partition, as a task does. */
function write(files: LocalFiles, path: string, items: readonly (readonly [number, ChannelItem])[], parts = 2) {
  const partition = new ResultPartition({
    numSubpartitions: parts,
    maxBuffers: 1,
    maxOverflowBuffers: 0,
    spill: undefined as never,
    codec: undefined as never,
    onRoom: () => {},
  });
  const writer = new BlockingPartitionWriter(files, path, parts);
  partition.subpartitions.forEach((subpartition, i) => writer.connect(i, subpartition));
  for (const [part, item] of items) {
    partition.subpartitions[part].add(item);
    assert.ok(partition.hasRoom, "nobody waits for a file");
  }
  return writer;
}

/** Reads a subpartition through a gate; the buffers of `held` items are kept for that long. */
function read(files: LocalFiles, path: string, subpartition: number, held = 0): ChannelItem[] {
  const gate = new InputGate({
    numChannels: 1,
    exclusiveBuffersPerChannel: 2,
    floatingBuffersPerGate: 3,
    onAvailable: () => {},
  });
  const [receiver] = gate.channels;
  const reader = new BlockingPartitionReader({ files, path, subpartition, decoder: new EventDecoder(), receiver });
  receiver.connect(reader);
  assert.equal(gate.isAvailable, false, "nothing is read before the task runs");
  reader.start();
  const found: ChannelItem[] = [];
  let unreturned = 0;
  for (let polled = gate.poll(); polled !== undefined; polled = gate.poll()) {
    assert.ok(receiver.queued <= 20, "no more than its buffers hold");
    found.push(polled.item);
    if (polled.item.kind !== "data") continue;
    if (++unreturned > held) { for (; unreturned > 0; unreturned--) gate.recycle(0); }
  }
  reader.close();
  reader.close();
  return found;
}

const item = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 50 }).map(data),
  fc.integer().map((timestamp): ChannelItem => ({ kind: "watermark", timestamp })),
  fc.constantFrom<ChannelItem>({ kind: "status", status: "idle" }, { kind: "watermark", timestamp: MAX_WATERMARK }),
);

Deno.test("what is written to a blocking partition is read, by subpartition, in order, as often as one likes", () => {
  const files = new MemoryFiles();
  const directory = files.makeTempDirectory("p");
  let run = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }).chain((parts) =>
        fc.tuple(fc.constant(parts), fc.array(fc.tuple(fc.integer({ min: 0, max: parts - 1 }), item)))
      ),
      fc.integer({ min: 0, max: 1 }),
      ([parts, items], held) => {
        const path = `${directory}/${run++}`;
        const all = [...items, ...Array.from({ length: parts }, (_, i) => [i, END] as const)];
        write(files, path, all, parts);
        for (let part = 0; part < parts; part++) {
          const expected = all.filter(([to]) => to === part).map(([, each]) => each);
          assert.deepEqual(read(files, path, part, held), expected);
          assert.deepEqual(read(files, path, part), expected);
        }
      },
    ),
    { numRuns: 100, seed: 3 },
  );
});

Deno.test("a blocking partition on disk, larger than what is buffered on the way", () => {
  const files = new SystemLocalFiles();
  const directory = files.makeTempDirectory("tsflink-blocking-test-");
  try {
    const large = Array.from({ length: 50_000 }, (_, i) => i & 255);
    const items = Array.from({ length: 40 }, (_, i) => [i % 3 === 0 ? 1 : 0, data([...large, i])] as const);
    write(files, `${directory}/x`, [...items, [1, END], [0, END]]);
    for (const part of [0, 1]) {
      const expected: ChannelItem[] = [...items.filter(([to]) => to === part).map(([, each]) => each), END];
      assert.deepEqual(read(files, `${directory}/x`, part), expected);
    }
  } finally {
    files.remove(directory);
  }
});

Deno.test("a result that is missing, unfinished or cut is refused when the reading task runs", () => {
  const files = new MemoryFiles();
  files.makeDirectory("/d");
  write(files, "/d/whole", [[0, data([1, 2, 3])], [0, END], [1, END]]);
  write(files, "/d/unended", [[0, data([1, 2, 3])], [0, END]]).close();
  write(files, "/d/left", [[0, data([1])]]);
  const whole = files.readAllSync("/d/whole");
  for (let size = 0; size < whole.length; size++) {
    files.write("/d/cut", whole.slice(0, size));
    assert.throws(() => read(files, "/d/cut", 0), (error: FlinkError) => error.code === "TSF-3043", `${size} bytes`);
  }
  for (const name of ["missing", "unended", "left"]) {
    const path = `/d/${name}`;
    assert.throws(
      () => read(files, path, 0),
      (error: FlinkError) => error.code === "TSF-3043" && error.message.includes(path),
    );
  }
  assert.equal(read(files, "/d/whole", 0).length, 2);
  assert.throws(() => read(files, "/d/whole", 2), (error: FlinkError) => error.code === "TSF-3043");
});

Deno.test("a full disk, and a directory that is gone, fail the writing task", () => {
  const files = new MemoryFiles();
  const writes = (code: string) => (error: FlinkError) => error.code === code && error.message.includes("/d/x");
  assert.throws(() => write(files, "/d/x", [[0, END]], 1), writes("TSF-3042"));
  files.makeDirectory("/d");
  for (const failing of ["append", "close"] as const) {
    const full = Object.create(files, {
      appendTo: {
        value: (path: string) => ({
          ...files.appendTo(path),
          [failing]: () => {
            throw new Error("no space left on device");
          },
        }),
      },
    }) as LocalFiles;
    assert.throws(() => write(full, "/d/x", [[0, data([1])], [0, END]], 1), writes("TSF-3042"));
  }
});

Deno.test("news of the backlog is no item of a file", () => {
  const files = new MemoryFiles();
  const writer = new BlockingPartitionWriter(files, "/x", 1);
  writer.connect(0, {
    addCredit: () => {},
    connect: (receiver) => [BACKLOG_ONLY, data([7]), END].forEach((each) => receiver.onItem(each, 0)),
  });
  assert.deepEqual(read(files, "/x", 0), [data([7]), END]);
});
