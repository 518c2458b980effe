/**
 * The two ends of a ring taking turns between any two of their atomic steps, as two threads may: the wake-up protocol
 * itself, which neither calls in one thread nor a lucky run of two threads can refute.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createRing, RingReader, RingWriter } from "./ring.ts";

const REAL = { load: Atomics.load, store: Atomics.store, exchange: Atomics.exchange };

/** Runs `body` with `before` called ahead of every atomic step that is not inside `before` itself. */
function withSteps(before: () => void, body: () => void): void {
  let isInside = false;
  const interrupted = <T extends unknown[], R>(step: (...args: T) => R) => (...args: T): R => {
    if (!isInside) {
      isInside = true;
      try {
        before();
      } finally {
        isInside = false;
      }
    }
    return step(...args);
  };
  const atomics = Atomics as unknown as Record<string, unknown>;
  for (const [name, step] of Object.entries(REAL)) atomics[name] = interrupted(step as (...args: unknown[]) => unknown);
  try {
    body();
  } finally {
    Object.assign(Atomics, REAL);
  }
}

/**
 * Sends `frames` frames with each end acting only when it is awake; `interrupts` says ahead of which atomic steps of one
 * end the other has a turn. Fails when both sleep though something waits.
 */
function play(ringSlots: number, frames: number, interrupts: readonly boolean[], interrupted: "writer" | "reader") {
  const ring = createRing({ ringSlots, slotBytes: 64 });
  const writer = new RingWriter(ring);
  const reader = new RingReader(ring);
  const got: number[] = [];
  const awake = { writer: true, reader: true };
  let isDone = false;
  // An end falls asleep only when the ring has told it nothing new since its turn began, as a ticket does.
  const turns = {
    writer: () => {
      awake.writer = false;
      isDone = writer.flush();
      if (writer.takeWake()) awake.reader = true;
    },
    reader: () => {
      awake.reader = false;
      const count = reader.read((_kind, channel) => got.push(channel));
      if (reader.takeWake()) awake.writer = true;
      if (count > 0) awake.reader = true;
    },
  };
  const other = interrupted === "writer" ? "reader" : "writer";
  let step = 0;
  const mayInterrupt = () => {
    if (interrupts.length > 0 && interrupts[step++ % interrupts.length] && awake[other]) turns[other]();
  };
  for (let n = 0; n < frames; n++) writer.write(0, n, 0, new Uint8Array(64));
  for (let rounds = 0; got.length < frames || !isDone; rounds++) {
    assert.ok(rounds < 10_000);
    assert.ok(awake.writer || awake.reader, `both asleep with ${frames - got.length} frames to come`);
    if (awake[interrupted]) withSteps(mayInterrupt, turns[interrupted]);
    else turns[other]();
  }
  assert.deepEqual(got, Array.from({ length: frames }, (_, n) => n));
}

for (const interrupted of ["writer", "reader"] as const) {
  Deno.test(`no order of atomic steps loses a wake-up: turns inside the ${interrupted}'s`, () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 3),
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
        (ringSlots, frames, interrupts) => play(ringSlots, frames, interrupts, interrupted),
      ),
      { numRuns: 2000 },
    );
  });
}
