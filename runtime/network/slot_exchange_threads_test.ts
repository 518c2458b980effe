/** The exchange between two threads. */
import assert from "node:assert/strict";
import type { DataBuffer } from "./buffer.ts";
import { runExchange } from "./testdata/exchange_producer.ts";
import { checksum, fillFrame } from "./testdata/ring_helpers.ts";

/** A buffer that starts with the checksum of the rest; sizes from tiny to four ring slots. */
function make(channel: number, n: number): DataBuffer {
  const size = n % 50 === 7 ? 4 * 32768 : n % 3 === 0 ? 32768 : 4 + (n * 131) % 5000;
  const bytes = new Uint8Array(size);
  fillFrame(bytes.subarray(4), channel * 100_000 + n);
  new DataView(bytes.buffer).setInt32(0, checksum(bytes.subarray(4)));
  return { kind: "data", rows: n & 0xffff, sizeBytes: size, bytes };
}

for (
  const [ringSlots, exclusive, floating, blocking] of [[1, 2, 0, true], [2, 1, 3, false], [16, 2, 8, true]] as const
) {
  Deno.test(`three channels over rings of ${ringSlots}, ${exclusive} + ${floating} buffers, blocking: ${blocking}`, async () => {
    const outcome = await runExchange({
      channels: 3,
      buffers: 300,
      make,
      ringSlots,
      slotBytes: 32768,
      exclusive,
      floating,
      blocking,
      check: true,
    });
    assert.deepEqual([outcome.buffers, outcome.wrong, outcome.late], [[300, 300, 300], undefined, 0]);
    assert.ok(outcome.maxQueued <= 3 * exclusive + floating + 3, `${outcome.maxQueued} in the gate at once`);
    assert.equal(outcome.statistics.buffersOut, 900);
    assert.ok(outcome.statistics.creditsIn >= 900);
  });
}
