import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameParser, PREFIX_BYTES } from "./frame_parser.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Frames as they are on the stream. */
function streamOf(frames: readonly Uint8Array[]): Bytes {
  const bytes: number[] = [];
  for (const frame of frames) {
    for (let i = 0; i < PREFIX_BYTES; i++) bytes.push((frame.length >>> (8 * i)) & 0xff);
    bytes.push(...frame);
  }
  return Uint8Array.from(bytes);
}

const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 12 });
const cuts = fc.array(fc.nat(1000), { maxLength: 20 });

Deno.test("however the bytes are cut, the frames are the same; lent ones too", () => {
  fc.assert(
    fc.property(frames, cuts, fc.boolean(), (sent, at, lends) => {
      const stream = streamOf(sent);
      const received: number[][] = [];
      const parser = new FrameParser({ onFrame: (frame) => received.push([...frame]), accepts: () => true });
      parser.lendsFrames = lends;
      const places = [...new Set([0, ...at.map((place) => place % (stream.length + 1)), stream.length])].sort((a, b) =>
        a - b
      );
      for (let i = 1; i < places.length; i++) {
        parser.push(stream.slice(places[i - 1], places[i]));
        const isWhole = streamOf(received.map((frame) => Uint8Array.from(frame))).length === places[i];
        assert.equal(parser.isBetweenFrames, isWhole);
      }
      assert.deepEqual(received, sent.map((frame) => [...frame]));
    }),
    { numRuns: 500, seed: 4 },
  );
});

Deno.test("a frame that is not accepted ends the stream before it", () => {
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 7 }), (sent, limit, step) => {
      const stream = streamOf(sent);
      const received: number[] = [];
      const parser = new FrameParser({
        onFrame: ({ length }) => received.push(length),
        accepts: (bytes) => bytes <= limit,
      });
      for (let at = 0; at < stream.length; at += step) parser.push(stream.slice(at, at + step));
      const bad = sent.findIndex(({ length }) => length > limit);
      assert.deepEqual(received, sent.slice(0, bad < 0 ? sent.length : bad).map(({ length }) => length));
    }),
    { numRuns: 300, seed: 4 },
  );
});

Deno.test("a handler that ends the stream gets nothing more", () => {
  const received: number[] = [];
  const parser: FrameParser = new FrameParser({
    onFrame: (frame) => {
      received.push(frame[0]);
      if (frame[0] === 2) parser.stop();
    },
    accepts: () => true,
  });
  parser.push(streamOf([1, 2, 3].map((value) => Uint8Array.of(value))));
  parser.push(streamOf([Uint8Array.of(4)]));
  assert.deepEqual(received, [1, 2]);
});

Deno.test("frames of their own are never overwritten; lent ones use the same memory", () => {
  for (const lends of [false, true]) {
    const seen: Bytes[] = [];
    const parser = new FrameParser({ onFrame: (frame) => seen.push(frame), accepts: () => true });
    parser.lendsFrames = lends;
    const stream = streamOf([new Uint8Array(40).fill(1), new Uint8Array(40).fill(2)]);
    for (let at = 0; at < stream.length; at += 9) parser.push(stream.slice(at, at + 9));
    assert.deepEqual(seen.map((frame) => frame[0]), lends ? [2, 2] : [1, 2]);
  }
});
