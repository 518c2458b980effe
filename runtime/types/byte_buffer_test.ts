import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "./byte_buffer.ts";

/** One thing to write, and how. */
type Item =
  | { kind: "u8" | "i32" | "u32" | "varint" | "f64"; value: number }
  | { kind: "bigint"; value: bigint }
  | { kind: "string"; value: string }
  | { kind: "bytes"; value: Uint8Array };

const item: fc.Arbitrary<Item> = fc.oneof(
  fc.record({ kind: fc.constant("u8" as const), value: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant("i32" as const), value: fc.integer() }),
  fc.record({ kind: fc.constant("u32" as const), value: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
  fc.record({ kind: fc.constant("varint" as const), value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant("f64" as const), value: fc.double() }),
  fc.record({ kind: fc.constant("bigint" as const), value: fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }) }),
  fc.record({ kind: fc.constant("string" as const), value: fc.string({ unit: "binary", maxLength: 60 }) }),
  // Lone surrogates included.
  fc.record({
    kind: fc.constant("string" as const),
    value: fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((u) => String.fromCharCode(...u)),
  }),
  fc.record({ kind: fc.constant("bytes" as const), value: fc.uint8Array({ maxLength: 40 }) }),
);

function write(out: ByteWriter, items: readonly Item[]): void {
  for (const { kind, value } of items) (out[kind] as (value: unknown) => void).call(out, value);
}

Deno.test("everything reads back in order, at any start offset", () => {
  fc.assert(fc.property(fc.array(item), fc.nat(9), (items, offset) => {
    const out = new ByteWriter(0);
    write(out, items);
    const padded = new Uint8Array(offset + out.length + 3);
    padded.set(out.view(), offset);
    const input = new ByteReader(padded.subarray(offset, offset + out.length));
    for (const { kind, value } of items) {
      const read = input[kind]();
      if (value instanceof Uint8Array) assert.deepEqual(read, value);
      else assert.ok(Object.is(read, value), `${kind} ${String(value)}`);
    }
    assert.equal(input.remaining, 0);
  }));
});

Deno.test("strings of every length around the short form and the width of the length", () => {
  for (const unit of ["a", "é", "日", "😀", "\ud800"]) {
    for (const length of [0, 1, 7, 12, 23, 24, 25, 31, 32, 42, 43, 63, 64, 65, 127, 128, 8191, 8192, 70_000]) {
      const out = new ByteWriter();
      out.string("before");
      out.string(unit.repeat(length));
      out.u8(42);
      const input = new ByteReader(out.toBytes());
      assert.equal(input.string(), "before");
      assert.equal(input.string(), unit.repeat(length), `${length} x ${unit}`);
      assert.equal(input.u8(), 42);
      assert.equal(input.remaining, 0);
    }
  }
  const ascii = new ByteWriter();
  ascii.string("x".repeat(100));
  assert.equal(ascii.length, 102, "one byte per ASCII character and a two-byte length");
});

Deno.test("reading past the end is an error, not garbage", () => {
  const out = new ByteWriter();
  write(out, [{ kind: "string", value: "hello world, this is longer than the short form" }, { kind: "f64", value: 1 }]);
  const bytes = out.toBytes();
  for (let cut = 0; cut < bytes.length; cut++) {
    const input = new ByteReader(bytes.subarray(0, cut));
    assert.throws(() => [input.string(), input.f64()], { code: "TSF-2106" }, `cut at ${cut}`);
  }
  const limited = new ByteReader(bytes, 0, 1);
  assert.throws(() => limited.u32(), { code: "TSF-2106" });
  assert.throws(() => new ByteReader(new Uint8Array(4)).raw(-1), { code: "TSF-2106" });
});

Deno.test("truncate, patch, reserve and views", () => {
  const out = new ByteWriter(4);
  const at = out.reserve(4);
  out.string("gone");
  out.truncate(4);
  out.truncate(400);
  out.patchU32(at, 0xfffffffe);
  assert.deepEqual([...out.view()], [0xfe, 0xff, 0xff, 0xff]);
  const copy = out.toBytes();
  out.patchU32(at, 0);
  assert.equal(copy[0], 0xfe);
  out.rawUtf8("é");
  out.rawUtf16("\udc00");
  const input = new ByteReader(out.toBytes());
  assert.equal(input.skip(4), 0);
  assert.equal(input.rawText(2, "utf8"), "é");
  assert.equal(input.rawText(2, "utf16"), "\udc00");
  assert.equal(input.position, 8);
  out.clear(4);
  assert.equal(out.length, 0);
  out.u8(1);
  out.align(4);
  out.string("long text that needs the native writer");
  const aligned = new ByteReader(out.toBytes(), 1);
  aligned.align(4);
  assert.equal(aligned.string(), "long text that needs the native writer");
});
