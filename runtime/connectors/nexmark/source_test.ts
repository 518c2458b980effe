import assert from "node:assert/strict";
import { sourceConformance } from "../../testing/conformance.ts";
import { SourceRun } from "../../testing/source_run.ts";
import { copyValue } from "../../types/copy.ts";
import { RateLimiterStrategy } from "../datagen/rate_limiter.ts";
import { NexmarkGenerator } from "./generator.ts";
import { AUCTION_TYPE, BID_TYPE, type NexmarkEvent, PERSON_TYPE } from "./model.ts";
import { NexmarkSource } from "./source.ts";

const generator = new NexmarkGenerator({ seed: 7 });
const expected = Array.from({ length: 70 }, (_, i) => generator.event(i));
const make = (): NexmarkSource => new NexmarkSource({ seed: 7, count: 70 });
for (const test of sourceConformance("nexmark", make, expected, { ordered: true, positions: 4 })) Deno.test(test);
const gated = (): NexmarkSource =>
  new NexmarkSource({ seed: 7, count: 20, rateLimiter: RateLimiterStrategy.perSecond(1e6) });
for (const test of sourceConformance("limited", gated, expected.slice(0, 20), { positions: 2 })) Deno.test(test);

Deno.test("records carry their event time, and every reader goes along the whole time line in order", async () => {
  const run = new SourceRun(new NexmarkSource({ count: 1000, eventsPerSecond: 100 }), { parallelism: 3 });
  await run.run();
  assert.ok(run.records.every(({ value, timestamp }) => timestamp === value.dateTime));
  for (let subtask = 0; subtask < 3; subtask++) {
    const times = run.records.filter((record) => record.subtask === subtask).map(({ timestamp }) => timestamp!);
    assert.deepEqual(times, [...times].sort((a, b) => a - b));
    assert.ok(times[0] - times.at(-1)! < -9000);
  }
  await run.close();
});

Deno.test("splits of fewer readers after a restore are merged in order", async () => {
  const first = new SourceRun(make(), { parallelism: 3 });
  await first.run(() => first.records.length === 31);
  const second = new SourceRun(make(), { restored: first.snapshot() });
  await second.run();
  const times = second.records.map(({ timestamp }) => timestamp!);
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
  assert.equal(first.records.length + second.records.length, 70);
  await Promise.all([first.close(), second.close()]);
});

Deno.test("without a count it does not end", async () => {
  const source = new NexmarkSource();
  assert.equal(source.getBoundedness(), "continuous-unbounded");
  const run = new SourceRun(source);
  await run.run(() => run.records.length === 5000);
  assert.equal(run.ended, false);
  await run.close();
  assert.throws(() => new NexmarkSource({ count: 1.5 }), { code: "TSF-3016" });
});

Deno.test("row types name the fields of the events, and events travel", () => {
  const types = { person: PERSON_TYPE, auction: AUCTION_TYPE, bid: BID_TYPE };
  for (const event of expected) {
    assert.deepEqual(types[event.kind].fields!.map(([name]) => name), Object.keys(event));
    assert.deepEqual(copyValue<NexmarkEvent>(event), event);
  }
});
