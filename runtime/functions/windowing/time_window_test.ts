import assert from "node:assert/strict";
import fc from "fast-check";
import { GLOBAL_WINDOW_CODEC, GlobalWindow, staggerOffset, TIME_WINDOW_CODEC, TimeWindow } from "./time_window.ts";

const time = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.constantFrom(2 ** 45, -(2 ** 45)));
const window = fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 1, max: 8 })).map(([start, size]) =>
  new TimeWindow(start, start + size)
);

Deno.test("the start of a window: on the grid, and the timestamp lies inside", () => {
  fc.assert(
    fc.property(time, fc.integer({ min: -20, max: 20 }), fc.integer({ min: 1, max: 20 }), (timestamp, offset, size) => {
      const start = TimeWindow.getWindowStartWithOffset(timestamp, offset, size);
      assert.ok(start <= timestamp && timestamp < start + size, `${start} ${timestamp} ${size}`);
      assert.equal(Math.abs((start - offset) % size), 0);
    }),
    { numRuns: 500, seed: 1 },
  );
});

Deno.test("intersects and cover: symmetric, and true to the points", () => {
  const inside = (w: TimeWindow, point: number) => w.start <= point && point <= w.end;
  fc.assert(
    fc.property(window, window, (a, b) => {
      let shares = false;
      for (let point = -30; point <= 30; point++) shares ||= inside(a, point) && inside(b, point);
      assert.deepEqual([a.intersects(b), b.intersects(a)], [shares, shares]);
      const both = a.cover(b);
      assert.ok(both.equals(b.cover(a)));
      assert.deepEqual([both.start, both.end], [Math.min(a.start, b.start), Math.max(a.end, b.end)]);
    }),
    { numRuns: 300, seed: 1 },
  );
});

Deno.test("mergeWindows: what overlaps or touches, against merging pairs until nothing changes", () => {
  fc.assert(
    fc.property(fc.array(window, { maxLength: 8 }), (windows) => {
      const found: string[] = [];
      TimeWindow.mergeWindows(windows, (parts, result) => {
        found.push(`${result}`);
        assert.ok(parts.length > 1);
        assert.ok(parts.reduce((a, b) => a.cover(b)).equals(result));
      });
      const different = new Map(windows.map((w) => [`${w}`, w]));
      let groups = [...different.values()].map((w) => ({ cover: w, size: 1 }));
      for (let again = true; again;) {
        again = false;
        for (const a of groups) {
          const b = groups.find((other) => other !== a && other.cover.intersects(a.cover));
          if (b === undefined) continue;
          groups = groups.filter((group) => group !== a && group !== b);
          groups.push({ cover: a.cover.cover(b.cover), size: a.size + b.size });
          again = true;
          break;
        }
      }
      assert.deepEqual(found.sort(), groups.filter((group) => group.size > 1).map((group) => `${group.cover}`).sort());
    }),
    { numRuns: 300, seed: 1 },
  );
});

Deno.test("the text of a window in state: there and back, equal for equal windows only", () => {
  fc.assert(
    fc.property(window, window, (a, b) => {
      const text = TIME_WINDOW_CODEC.toNamespace(a);
      assert.ok(TIME_WINDOW_CODEC.fromNamespace(text).equals(a));
      assert.equal(text === TIME_WINDOW_CODEC.toNamespace(b), a.equals(b));
    }),
    { seed: 1 },
  );
  assert.equal(TIME_WINDOW_CODEC.toNamespace(new TimeWindow(-0, 5)), "0,5");
  const global = GlobalWindow.get();
  assert.equal(GLOBAL_WINDOW_CODEC.fromNamespace(GLOBAL_WINDOW_CODEC.toNamespace(global)), global);
  assert.notEqual(GLOBAL_WINDOW_CODEC.toNamespace(global), "");
  assert.deepEqual([global.maxTimestamp(), `${global}`], [Number.MAX_SAFE_INTEGER, "GlobalWindow"]);
  assert.ok(global.equals(GlobalWindow.get()) && !global.equals(new TimeWindow(0, 1)));
});

Deno.test("staggering: never outside the size", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.nat(10 ** 9),
      fc.double({ min: 0, max: 0.999999, noNaN: true }),
      (size, now, random) => {
        const context = { getCurrentProcessingTime: () => now, nextRandom: () => random };
        assert.equal(staggerOffset("ALIGNED", size, context), 0);
        assert.equal(staggerOffset("NATURAL", size, context), now % size);
        for (const given of [context, { getCurrentProcessingTime: () => now }]) {
          const offset = staggerOffset("RANDOM", size, given);
          assert.ok(Number.isInteger(offset) && offset >= 0 && offset < size, `${offset} of ${size}`);
        }
      },
    ),
    { numRuns: 200, seed: 1 },
  );
});
