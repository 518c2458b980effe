import assert from "node:assert/strict";
import fc from "fast-check";
import { createRing, type RingOptions, RingReader, RingWriter } from "./ring.ts";
import { RingWord } from "./ring_memory.ts";

interface Frame {
  readonly kind: number;
  readonly channel: number;
  readonly argument: number;
  readonly payload: readonly number[];
}

/** Both ends of a ring in one thread; `start` is where the counts begin. */
function ends(options: RingOptions, start = 0) {
  const ring = createRing(options);
  const words = new Int32Array(ring);
  words[RingWord.PUBLISHED] = words[RingWord.FREED] = start;
  return { writer: new RingWriter(ring), reader: new RingReader(ring), words };
}

function readAll(reader: RingReader): Frame[] {
  const frames: Frame[] = [];
  const count = reader.read((kind, channel, argument, payload) => {
    assert.ok(payload.buffer instanceof ArrayBuffer, "private memory");
    assert.equal(payload.byteOffset % 8, 0, "numbers can be read in place");
    frames.push({ kind, channel, argument, payload: [...payload] });
  });
  assert.equal(count, frames.length);
  return frames;
}

/** `n` bytes that no other `seed` gives. */
function pattern(n: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: n }, (_, i) => (i * 31 + seed * 7 + (i >> 8)) & 0xff);
}

function put(writer: RingWriter, n: number, kind = 1): Frame {
  const payload = pattern(n, n + kind);
  writer.write(kind, 7, ~n, payload);
  return { kind, channel: 7, argument: ~n, payload: [...payload] };
}

Deno.test("what was written is seen after a flush, once, and leaves whole", () => {
  const { writer, reader } = ends({ ringSlots: 4, slotBytes: 64 });
  writer.write(0xfedcba98 | 0, 0x7fffffff, -0x80000000, Uint8Array.of(1, 2, 3));
  assert.deepEqual(readAll(reader), []);
  assert.equal(writer.takeWake(), false, "nothing to wake for yet");
  assert.equal(writer.flush(), true);
  assert.equal(writer.takeWake(), true);
  assert.equal(writer.takeWake(), false, "told once");
  const [frame] = readAll(reader);
  assert.deepEqual(frame, { kind: 0xfedcba98 | 0, channel: 0x7fffffff, argument: -0x80000000, payload: [1, 2, 3] });
  assert.deepEqual(readAll(reader), []);
  assert.equal(writer.flush(), true);
  assert.equal(writer.takeWake(), false, "an empty flush is no news");
});

Deno.test("small frames share a ring slot; a frame of slotBytes fits into one", () => {
  const { writer, reader, words } = ends({ ringSlots: 2, slotBytes: 1000 });
  const sent = [0, 1, 7, 8, 9, 100].map((n) => put(writer, n));
  writer.flush();
  assert.equal(Atomics.load(words, RingWord.PUBLISHED), 1);
  sent.push(put(writer, 1000));
  writer.flush();
  assert.equal(Atomics.load(words, RingWord.PUBLISHED), 2);
  assert.deepEqual(readAll(reader), sent);
});

Deno.test("a full ring keeps the rest with the writer, and the reader says when the writer must be woken", () => {
  const { writer, reader } = ends({ ringSlots: 2, slotBytes: 64 });
  const sent = [60, 61, 62, 63].map((n) => put(writer, n));
  assert.equal(writer.waiting, 2);
  assert.equal(reader.takeWake(), false, "nothing was freed");
  assert.equal(writer.flush(), false);
  assert.deepEqual(readAll(reader), sent.slice(0, 2));
  assert.equal(reader.takeWake(), true);
  assert.equal(reader.takeWake(), false, "told once");
  assert.equal(writer.flush(), true);
  assert.equal(writer.waiting, 0);
  assert.deepEqual(readAll(reader), sent.slice(2));
  assert.equal(reader.takeWake(), false, "nobody waits any more");
});

Deno.test("a writer that still waits after being woken is woken again", () => {
  const { writer, reader } = ends({ ringSlots: 1, slotBytes: 64 });
  for (let n = 0; n < 5; n++) put(writer, 64, n);
  for (let left = 4; left > 0; left--) {
    assert.equal(writer.flush(), false);
    assert.equal(readAll(reader).length, 1);
    assert.equal(reader.takeWake(), true, `${left} left`);
  }
  assert.equal(writer.flush(), true);
  assert.equal(readAll(reader).length, 1);
});

for (const ringSlots of [1, 2, 8]) {
  Deno.test(`a frame many times the ring of ${ringSlots} crosses between its neighbours`, () => {
    const { writer, reader } = ends({ ringSlots, slotBytes: 64 });
    const sent = [3, 5000, 64, 65, 0, 8000, 4].map((n) => put(writer, n));
    const got: Frame[] = [];
    let rounds = 0;
    for (; !writer.flush() || got.length < sent.length; rounds++) {
      assert.ok(rounds < 1000);
      got.push(...readAll(reader));
    }
    assert.deepEqual(got, sent);
    assert.ok(rounds >= 13_000 / 80 / ringSlots);
  });
}

Deno.test("64 MiB cross a ring of 32 KiB ring slots", () => {
  const { writer, reader } = ends({ ringSlots: 4, slotBytes: 32 * 1024 });
  const payload = new Uint8Array(64 * 1024 * 1024 + 100);
  const numbers = new Uint32Array(payload.buffer);
  for (let i = 0; i < numbers.length; i++) numbers[i] = i * 2654435761;
  writer.write(1, 2, 3, payload);
  const got: Uint8Array<ArrayBuffer>[] = [];
  while (got.length === 0) {
    writer.flush();
    reader.read((_kind, _channel, _argument, bytes) => got.push(bytes));
  }
  assert.equal(got[0].length, payload.length);
  assert.deepEqual(new Uint32Array(got[0].buffer).every((value, i) => value === numbers[i]), true);
});

Deno.test("payloads are not touched by what crosses later", () => {
  const { writer, reader } = ends({ ringSlots: 1, slotBytes: 64 });
  const kept: Uint8Array[] = [];
  for (let n = 0; n < 20; n++) {
    writer.write(0, 0, 0, new Uint8Array(n % 4 === 3 ? 200 : 20).fill(n));
    for (let done = false; !done;) {
      done = writer.flush();
      reader.read((_kind, _channel, _argument, payload) => kept.push(payload));
    }
  }
  assert.deepEqual(
    kept.map((bytes) => [bytes.length, new Set(bytes).size, bytes[0]]),
    kept.map((_bytes, n) => [
      n % 4 === 3 ? 200 : 20,
      1,
      n,
    ]),
  );
});

Deno.test("reading from inside the handler does nothing, writing there is fine", () => {
  const { writer, reader } = ends({ ringSlots: 4, slotBytes: 64 });
  for (let n = 0; n < 3; n++) put(writer, n);
  writer.flush();
  const kinds: number[] = [];
  const read = () =>
    reader.read((kind, _channel, _argument, payload) => {
      assert.equal(reader.read(() => assert.fail("nested")), 0);
      kinds.push(kind * 100 + payload.length);
      if (kind === 1) put(writer, payload.length, 2);
      writer.flush();
    });
  assert.equal(read(), 3);
  assert.equal(read(), 3);
  assert.deepEqual(kinds, [100, 101, 102, 200, 201, 202]);
});

Deno.test("a handler that throws loses no other frame", () => {
  const { writer, reader } = ends({ ringSlots: 8, slotBytes: 64 });
  const sent = [1, 2, 300, 3, 4, 64].map((n) => put(writer, n));
  writer.flush();
  const got: number[] = [];
  for (let call = 0; call < sent.length; call++) {
    assert.throws(
      () =>
        reader.read((_kind, _channel, argument) => {
          got.push(~argument);
          throw new Error("no");
        }),
      { message: "no" },
    );
  }
  assert.deepEqual(got, [1, 2, 300, 3, 4, 64]);
  assert.deepEqual(readAll(reader), []);
});

Deno.test("memory that is no ring, and sizes that make none", () => {
  assert.throws(() => new RingWriter(new SharedArrayBuffer(4096)), { code: "TSF-0001" });
  assert.throws(() => new RingReader(new SharedArrayBuffer(4096)), { code: "TSF-0001" });
  for (const [ringSlots, slotBytes] of [[0, 64], [1, 7], [1.5, 64], [1, NaN], [2 ** 20, 2 ** 20]]) {
    assert.throws(() => createRing({ ringSlots, slotBytes }), { code: "TSF-0001" });
  }
});

const size = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 20 }) },
  { weight: 2, arbitrary: fc.integer({ min: 40, max: 140 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3000 }) },
);
const action = fc.oneof(
  { weight: 4, arbitrary: size },
  { weight: 2, arbitrary: fc.constant("flush" as const) },
  { weight: 2, arbitrary: fc.constant("read" as const) },
);
/** Also where the counts turn negative and where they wrap. */
const counts = fc.constantFrom(0, 0x7ffffffe, -3);

Deno.test("any interleaving gives a queue, and sleepers on either side are always told", () => {
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 120, size: "max" }),
      fc.constantFrom(1, 2, 3, 8),
      fc.constantFrom(8, 64, 100),
      counts,
      (actions, ringSlots, slotBytes, start) => {
        const { writer, reader } = ends({ ringSlots, slotBytes }, start);
        const queue: Frame[] = [];
        const got: Frame[] = [];
        // The two ends as threads that sleep whenever they have nothing to do.
        let readerAsleep = false;
        let writerAsleep = false;
        const flush = () => {
          const isDone = writer.flush();
          if (writer.takeWake()) readerAsleep = false;
          if (!isDone) writerAsleep = true;
          return isDone;
        };
        const read = () => {
          got.push(...readAll(reader));
          if (reader.takeWake()) writerAsleep = false;
          readerAsleep = true;
        };
        actions.forEach((act, n) => {
          if (act === "flush") flush();
          else if (act === "read") read();
          else queue.push(put(writer, act, n));
        });
        // From here on each end moves only when it was woken.
        let isDone = flush();
        for (let rounds = 0; !isDone || !readerAsleep; rounds++) {
          assert.ok(rounds < 20_000);
          assert.ok(!readerAsleep || !writerAsleep, "both sleep, but something waits");
          if (!readerAsleep) read();
          if (!isDone && !writerAsleep) isDone = flush();
        }
        assert.deepEqual(got, queue);
        assert.equal(writer.waiting, 0);
      },
    ),
    { numRuns: 400 },
  );
});

Deno.test("lent payloads: the same frames, in memory that is used again; what waits for room is a copy", () => {
  const ring = createRing({ ringSlots: 2, slotBytes: 256 });
  const writer = new RingWriter(ring, { copiesWaiting: true });
  const reader = new RingReader(ring, { lendsFrames: true });
  const memories = new Set<ArrayBufferLike>();
  const [sent, received]: number[][][] = [[], []];
  const scratch = new Uint8Array(1000);
  for (let n = 0; n < 200; n++) {
    const size = (n * 37) % (n % 10 === 9 ? 900 : 200) + 1;
    scratch.set(pattern(size, n));
    sent.push([...scratch.subarray(0, size)]);
    writer.write(1, n, 0, scratch.subarray(0, size));
    scratch.fill(0xee);
    writer.flush();
    if (n % 3 > 0) continue;
    reader.read((_kind, _channel, _argument, payload) => {
      received.push([...payload]);
      if (payload.length < 200) memories.add(payload.buffer);
    });
  }
  while (received.length < sent.length) {
    writer.flush();
    reader.read((_kind, _channel, _argument, payload) => void received.push([...payload]));
  }
  assert.deepEqual(received, sent);
  assert.equal(memories.size, 1);
});
