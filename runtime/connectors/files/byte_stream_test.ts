import assert from "node:assert/strict";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import type { LocalFiles, ReadableFile } from "../../seams/local_files.ts";
import { MemoryFiles } from "../../testing/memory_files.ts";
import { compressionOf, readBytes } from "./byte_stream.ts";
import { ZstdFrames } from "./zstd_frames.ts";

const encoder = new TextEncoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Files whose reads give at most so many bytes, as a read may. */
function shortReads(files: MemoryFiles, most: number): LocalFiles {
  const open = async (path: string): Promise<ReadableFile> => {
    const file = await files.open(path);
    return { ...file, readAt: (position, into) => file.readAt(position, into.subarray(0, most)) };
  };
  return Object.create(files, { open: { value: open } });
}

interface Reading {
  readonly start?: number;
  readonly most?: number;
  readonly onSkipped?: (bytes: Uint8Array) => void;
}

async function read(path: string, content: Uint8Array, { start = 0, most = 1 << 20, onSkipped }: Reading = {}) {
  const files = shortReads(new MemoryFiles({ [path]: content }), most);
  const parts: Uint8Array[] = [];
  const signal = new AbortController().signal;
  for await (const part of readBytes({ files, path, start, signal, onSkipped })) parts.push(part);
  return joined(parts);
}

/** A frame of one block, written by the letter of the format. */
function frameByHand(block: { readonly type: number; readonly size: number; readonly content: number[] }): Uint8Array {
  const header = block.size * 8 + block.type * 2 + 1;
  // No content size, a window of 1 KiB, no checksum.
  return Uint8Array.of(
    0x28,
    0xb5,
    0x2f,
    0xfd,
    0,
    0,
    header & 255,
    (header >> 8) & 255,
    header >> 16,
    ...block.content,
  );
}
const skippable = (size: number): Uint8Array =>
  Uint8Array.of(0x50 + size % 16, 0x2a, 0x4d, 0x18, size, 0, 0, 0, ...new Array(size).fill(0x28));

/** Pieces of zstd data that may follow each other in any order, with what they stand for. */
const frame = fc.oneof(
  fc.record({
    text: fc.oneof(fc.string(), fc.nat(400).map((n) => "line of text\n".repeat(n)), fc.string({ minLength: 300 })),
    checksum: fc.boolean(),
    contentSize: fc.boolean(),
    level: fc.integer({ min: 1, max: 19 }),
  }).map(({ text, checksum, contentSize, level }) => {
    const params = {
      [constants.ZSTD_c_checksumFlag]: Number(checksum),
      [constants.ZSTD_c_contentSizeFlag]: Number(contentSize),
      [constants.ZSTD_c_compressionLevel]: level,
    };
    return { data: new Uint8Array(zstdCompressSync(text, { params })), content: bytesOf(text) };
  }),
  fc.nat(200).map((size) => ({ data: skippable(size), content: new Uint8Array(0) })),
  fc.uint8Array({ maxLength: 50 }).map((raw) => ({
    data: frameByHand({ type: 0, size: raw.length, content: [...raw] }),
    content: raw,
  })),
  fc.nat(900).map((times) => ({
    data: frameByHand({ type: 1, size: times, content: [97] }),
    content: bytesOf("a".repeat(times)),
  })),
);

Deno.test("zstd: frames of any kind follow each other, however reads cut them, and are read from any offset", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(),
      async (frames, most, offset) => {
        const data = joined(frames.map((part) => part.data));
        const content = joined(frames.map((part) => part.content));
        const start = offset % (content.length + 1);
        let skipped = 0;
        const onSkipped = (bytes: Uint8Array): void => void (skipped += bytes.length);
        assert.deepEqual(await read("/f.zst", data, { start, most, onSkipped }), content.subarray(start));
        assert.equal(skipped, start);
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("zstd: data that ends inside a frame is damaged; at the end of a frame it is complete", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 3 }), fc.nat(), async (frames, where) => {
      const data = joined(frames.map((part) => part.data));
      const length = 1 + where % data.length;
      let end = 0;
      const whole = frames.filter((part) => (end += part.data.length) <= length);
      const isWhole = whole.reduce((sum, part) => sum + part.data.length, 0) === length;
      const reading = read("/f.zst", data.subarray(0, length), { most: 64 });
      if (isWhole) assert.deepEqual(await reading, joined(whole.map((part) => part.content)));
      else await assert.rejects(reading, { code: "TSF-3012" });
    }),
    { numRuns: 150 },
  );
});

Deno.test("zstd: a long frame of many blocks comes out in bounded pieces", async () => {
  const text = Array.from({ length: 40_000 }, (_, i) => `${i} ${(i * 7919) % 10_007}\n`).join("");
  const data = zstdCompressSync(text);
  assert.equal(new TextDecoder().decode(await read("/f.zst", joined([data, data]), { most: 4096 })), text + text);
});

Deno.test("cutting zstd data keeps every byte and says where frames end", () => {
  const one = zstdCompressSync("one");
  const frames = new ZstdFrames();
  assert.ok(frames.betweenFrames);
  const parts = frames.cut(joined([one, skippable(3), one, one.subarray(0, 5)]));
  assert.deepEqual(parts.map((part) => part.length), [one.length, 11, one.length, 5]);
  assert.ok(!frames.betweenFrames);
  assert.deepEqual(frames.cut(one.subarray(5)).map((part) => part.length), [one.length - 5]);
  assert.ok(frames.betweenFrames);
});

Deno.test("gzip: members follow each other; what is damaged, cut or not gzip is refused", async () => {
  const [one, two] = [gzipSync("one\n"), gzipSync("two\n")];
  assert.deepEqual(await read("/f.gz", joined([one, two]), { most: 7 }), bytesOf("one\ntwo\n"));
  const table: Record<string, Uint8Array> = {
    "nothing at all": new Uint8Array(0),
    "cut in the header": one.subarray(0, 5),
    "cut in the checksum": one.subarray(0, one.length - 3),
    "cut in the second member": joined([one, two.subarray(0, 12)]),
    "a wrong checksum": joined([one.subarray(0, one.length - 8), Uint8Array.of(1, 2, 3, 4), one.subarray(-4)]),
    "text": bytesOf("plain"),
    "text behind": joined([one, bytesOf("garbage")]),
  };
  for (const [name, data] of Object.entries(table)) {
    for (const most of [1, 1 << 20]) await assert.rejects(read("/f.gz", data, { most }), { code: "TSF-3012" }, name);
  }
});

Deno.test("zstd: what is not zstd, or was changed, is refused", async () => {
  const one = zstdCompressSync("one line\n".repeat(50), { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const changed = Uint8Array.from(one);
  changed[changed.length - 1] ^= 1;
  const table: Record<string, Uint8Array> = {
    "nothing at all": new Uint8Array(0),
    "text": bytesOf("plain text"),
    "short text": bytesOf("ab"),
    "text behind": joined([one, bytesOf("garbage")]),
    "a wrong checksum": changed,
    "a reserved block": frameByHand({ type: 3, size: 1, content: [0] }),
  };
  for (const [name, data] of Object.entries(table)) {
    for (const most of [1, 1 << 20]) await assert.rejects(read("/f.zst", data, { most }), { code: "TSF-3012" }, name);
  }
});

Deno.test("reading ends when it is aborted, and a start behind the end is refused", async () => {
  const text = "x".repeat(300_000);
  for (const [path, data] of [["/f", bytesOf(text)], ["/f.gz", gzipSync(text)], ["/f.zst", zstdCompressSync(text)]]) {
    const files = shortReads(new MemoryFiles({ [path as string]: data as Uint8Array }), 1000);
    const abort = new AbortController();
    let length = 0;
    for await (const part of readBytes({ files, path: path as string, start: 0, signal: abort.signal })) {
      length += part.length;
      abort.abort();
    }
    assert.ok(length > 0 && length < text.length, `${path}: ${length}`);
    await assert.rejects(read(path as string, data as Uint8Array, { start: text.length + 1 }), { code: "TSF-3015" });
    assert.equal((await read(path as string, data as Uint8Array, { start: text.length })).length, 0);
  }
});

Deno.test("compression goes by the extension, in any case", () => {
  const table = {
    "a.gz": "gzip",
    "A.GZIP": "gzip",
    "b.zst": "zstd",
    "b.tar.ZSTD": "zstd",
    "gz": "none",
    "a.gz.txt": "none",
  };
  for (const [path, expected] of Object.entries(table)) assert.equal(compressionOf(path), expected, path);
});
