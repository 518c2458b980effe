import assert from "node:assert/strict";
import {
  LimitedBytesTransformStream,
  mergeReadableStreams,
  toArrayBuffer,
  toBlob,
  toJson,
  toText,
} from "./std_streams.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const from = <T>(...chunks: T[]) => ReadableStream.from(chunks);

Deno.test("bytes, blobs, texts and JSON are put together over chunk borders", async () => {
  const bytes = utf8("äöü€😀");
  const single = () => from(...[...bytes].map((byte) => Uint8Array.of(byte)));
  assert.deepEqual(new Uint8Array(await toArrayBuffer(single())), bytes);
  assert.equal(await (await toBlob(single())).text(), "äöü€😀");
  assert.equal(await toText(single()), "äöü€😀");
  assert.equal(await toText(from("a", "b")), "ab");
  assert.deepEqual(await toJson(from(utf8('{"a"'), utf8(":[1]}"))), { a: [1] });
  assert.equal((await toArrayBuffer(from<Uint8Array>())).byteLength, 0);
  await assert.rejects(toJson(from("{")), SyntaxError);
});

Deno.test("merged streams give everything, and fail with the first", async () => {
  const merged = await Array.fromAsync(mergeReadableStreams(from(1, 2), from(3), from<number>()));
  assert.deepEqual(merged.toSorted(), [1, 2, 3]);
  const failing = new ReadableStream<number>({ start: (controller) => controller.error(new Error("no")) });
  await assert.rejects(Array.fromAsync(mergeReadableStreams(from(1), failing)), /no/);
  let cancelled: unknown;
  const endless = new ReadableStream<number>({ cancel: (reason) => void (cancelled = reason) });
  await mergeReadableStreams(endless).cancel("enough");
  assert.equal(cancelled, "enough");
});

Deno.test("a limit of bytes cuts, or fails", async () => {
  const chunks = () => from(utf8("abc"), utf8("def"), utf8("g"));
  const cut = (size: number, error?: boolean) =>
    toText(chunks().pipeThrough(new LimitedBytesTransformStream(size, { error })));
  assert.equal(await cut(7), "abcdefg");
  assert.equal(await cut(6), "abcdef");
  assert.equal(await cut(5), "abc");
  await assert.rejects(cut(5, true), RangeError);
  assert.equal(await cut(7, true), "abcdefg");
});
