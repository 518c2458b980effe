import assert from "node:assert/strict";
import fc from "fast-check";
import { writeAll } from "./write_all.ts";

Deno.test("everything arrives in order, however little the stream takes and however often it is full", () => {
  const takes = fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 30 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), takes, (bytes, plan) => {
      const got: number[] = [];
      const moves = [...plan];
      writeAll({
        writeSync: (chunk) => {
          const take = moves.shift() ?? 7;
          // At most three in a row: each costs a millisecond.
          if (take < 0 && moves.length < 3) throw new Deno.errors.WouldBlock("full");
          got.push(...chunk.subarray(0, Math.max(0, take)));
          return Math.min(chunk.length, Math.max(0, take));
        },
      }, bytes);
      assert.deepEqual(got, [...bytes]);
    }),
    { numRuns: 50 },
  );
});

Deno.test("a full non-blocking pipe: nothing is written twice, although the runtime hides what went out before", () => {
  // As Deno writes: all of it in a loop, and an error when the pipe is full in the middle.
  let room = 0;
  const got: number[] = [];
  const pipe = {
    writeSync: (chunk: Uint8Array) => {
      // The kernel takes small writes whole or not at all, larger ones in part.
      const takes = chunk.length <= 4096 ? (chunk.length <= room ? chunk.length : 0) : Math.min(room, chunk.length);
      got.push(...chunk.subarray(0, takes));
      room -= takes;
      if (takes === chunk.length) return takes;
      room = 10_000;
      throw new Deno.errors.WouldBlock("full");
    },
  };
  const bytes = Uint8Array.from({ length: 70_000 }, (_, n) => n * 7);
  writeAll(pipe, bytes);
  assert.deepEqual(got, [...bytes]);
});

Deno.test("a broken stream is told to the caller", () => {
  const broken = {
    writeSync: () => {
      throw new Deno.errors.BrokenPipe("gone");
    },
  };
  assert.throws(() => writeAll(broken, new Uint8Array(1)), Deno.errors.BrokenPipe);
  writeAll(broken, new Uint8Array(0));
});
