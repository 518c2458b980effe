import assert from "node:assert/strict";
import fc from "fast-check";
import { ManualClock } from "../../testing/manual_clock.ts";
import { RateLimiterStrategy } from "./rate_limiter.ts";

Deno.test("a gate grants what is due, never more, whenever it is asked", () => {
  const ask = fc.record({ waitMs: fc.nat(3000), times: fc.nat(40) });
  fc.assert(
    fc.property(fc.constantFrom(1, 4, 10, 100), fc.array(ask, { maxLength: 15 }), (rate, asks) => {
      const clock = new ManualClock(1000);
      const gate = RateLimiterStrategy.perSecond(rate).createGate(1, clock)!;
      const intervalMs = 1000 / rate;
      // The slow way: every permit has its time; those older than a second are put off to a second ago.
      let due: number | undefined;
      for (const { waitMs, times } of asks) {
        clock.advance(waitMs);
        const nowMs = clock.monotonic();
        let granted = 0;
        for (let i = 0; i < times; i++) {
          const wanted = Math.max(due ?? nowMs, nowMs - 1000);
          const expected = wanted <= nowMs;
          if (expected) due = wanted + intervalMs;
          assert.equal(gate.tryAcquire(), expected, `${i} at ${nowMs}, due ${wanted}`);
          if (expected) granted++;
        }
        assert.ok(granted <= 1 + rate, `${granted} granted at once`);
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("a high rate takes permits in bulk, yet not more than a second's and ten milliseconds' worth at once", () => {
  const clock = new ManualClock();
  let looks = 0;
  const counted = Object.create(clock, { monotonic: { value: () => (looks++, clock.monotonic()) } });
  const gate = RateLimiterStrategy.perSecond(100_000).createGate(1, counted)!;
  for (const waitMs of [0, 1, 5000, 5000, 3, 60_000]) {
    clock.advance(waitMs);
    looks = 0;
    let granted = 0;
    while (gate.tryAcquire()) if (++granted % 10_000 === 500) break;
    clock.advance(2000);
    while (gate.tryAcquire()) granted++;
    assert.ok(granted <= 102_000, `${granted} after ${waitMs} ms`);
    assert.ok(looks < 300, `${looks} looks at the clock for ${granted} records`);
  }
});

Deno.test("over a long time the rate is exact, however the asking is spread", () => {
  for (const rate of [1, 7, 100, 3333]) {
    for (const stepMs of [1, 3, 90, 1000]) {
      const clock = new ManualClock();
      const gate = RateLimiterStrategy.perSecond(rate).createGate(1, clock)!;
      let granted = 0;
      for (let nowMs = 0; nowMs <= 10_000; nowMs += stepMs, clock.advance(stepMs)) while (gate.tryAcquire()) granted++;
      const covered = 10_000 - 10_000 % stepMs;
      assert.ok(
        Math.abs(granted - (covered * rate / 1000 + 1)) <= 1,
        `${rate} per second, asked every ${stepMs} ms: ${granted}`,
      );
    }
  }
});

Deno.test("subtasks share the rate, and waiting ends when the next permit is due", async () => {
  const clock = new ManualClock();
  const gates = [0, 1].map(() => RateLimiterStrategy.perSecond(4).createGate(2, clock)!);
  for (const gate of gates) {
    assert.ok(gate.tryAcquire());
    assert.ok(!gate.tryAcquire());
  }
  const opened: string[] = [];
  void gates[0].whenOpen().then(() => opened.push("0"));
  assert.equal(gates[0].whenOpen(), gates[0].whenOpen(), "one timer however many wait");
  void gates[1].whenOpen().then(() => opened.push("1"));
  gates[1].close();
  assert.equal(clock.pending, 1, "a closed gate keeps no timer");
  clock.advance(499);
  await Promise.resolve();
  assert.deepEqual(opened, []);
  clock.advance(1);
  await Promise.resolve();
  assert.deepEqual(opened, ["0"]);
  assert.ok(gates[0].tryAcquire());
  assert.ok(!gates[0].tryAcquire());
});

Deno.test("a limit per checkpoint is shared, and what was not used does not add up", async () => {
  const clock = new ManualClock();
  const gate = RateLimiterStrategy.perCheckpoint(7).createGate(3, clock)!;
  const take = (): number => {
    let count = 0;
    while (gate.tryAcquire()) count++;
    return count;
  };
  assert.equal(take(), 2);
  let open = false;
  const waiting = gate.whenOpen().then(() => open = true);
  await Promise.resolve();
  assert.equal(open, false);
  gate.notifyCheckpointComplete();
  await waiting;
  gate.notifyCheckpointComplete();
  assert.equal(take(), 2);
  assert.throws(() => RateLimiterStrategy.perCheckpoint(2).createGate(3, clock), { code: "TSF-3016" });
  assert.equal(RateLimiterStrategy.noOp().createGate(3, clock), undefined);
  for (const wrong of [0, -1, NaN]) assert.throws(() => RateLimiterStrategy.perSecond(wrong), { code: "TSF-3016" });
  for (const wrong of [0, 1.5, -3]) assert.throws(() => RateLimiterStrategy.perCheckpoint(wrong), { code: "TSF-3016" });
});
