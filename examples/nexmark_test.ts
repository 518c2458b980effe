/** The Nexmark examples against loops over the same generator. */

import assert from "node:assert/strict";
import {
  isAuction,
  isBid,
  isPerson,
  NexmarkGenerator,
  type NexmarkSettings,
  NexmarkSource,
  StreamExecutionEnvironment,
} from "tsflink";
import { q1 } from "./nexmark_q1.ts";
import { q5 } from "./nexmark_q5.ts";
import { q8 } from "./nexmark_q8.ts";

const COUNT = 40_000;
/** 40 seconds of event time, events of each hundred in a scrambled order. */
const SETTINGS: NexmarkSettings = { eventsPerSecond: 1000, outOfOrderGroupSize: 100 };

const generator = new NexmarkGenerator(SETTINGS);
const events = Array.from({ length: COUNT }, (_, number) => generator.event(number));

function source(parallelism: number) {
  const env = StreamExecutionEnvironment.createLocalEnvironment(parallelism);
  return env.fromSource(new NexmarkSource({ ...SETTINGS, count: COUNT }), { outOfOrderness: "4 s" }, "Nexmark");
}

const texts = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).sort();

Deno.test("nexmark q1: every bid in euros", async () => {
  const expected = texts(
    events.filter(isBid).map(({ auction, bidder, price, dateTime }) => {
      // Digit by digit instead of in floating point: cents * 908, the last three digits behind the point.
      const thousandths = String(BigInt(price) * 908n).padStart(4, "0");
      return { auction, bidder, price: Number(`${thousandths.slice(0, -3)}.${thousandths.slice(-3)}`), dateTime };
    }),
  );
  for (const parallelism of [1, 2]) {
    assert.deepEqual(texts(await q1(source(parallelism)).executeAndCollect()), expected);
  }
  assert.equal(expected.length, COUNT / 50 * 46);
});

Deno.test("nexmark q5: the hottest auctions of each ten seconds, every two", async () => {
  const windows = new Map<number, Map<number, number>>();
  for (const { auction, dateTime } of events.filter(isBid)) {
    for (let end = Math.floor(dateTime / 2000) * 2000 + 2000; end <= dateTime + 10_000; end += 2000) {
      const bids = windows.get(end) ?? windows.set(end, new Map()).get(end)!;
      bids.set(auction, (bids.get(auction) ?? 0) + 1);
    }
  }
  const expected = texts([...windows].flatMap(([windowEnd, counts]) => {
    const most = Math.max(...counts.values());
    return [...counts].filter(([, bids]) => bids === most).map(([auction, bids]) => ({ windowEnd, auction, bids }));
  }));
  for (const parallelism of [1, 2]) {
    assert.deepEqual(texts(await q5(source(parallelism)).executeAndCollect()), expected);
  }
  assert.equal(windows.size, 24);
});

Deno.test("nexmark q8: who sells within the ten seconds in which they joined", async () => {
  const windowOf = (time: number) => Math.floor(time / 10_000) * 10_000;
  const sellers = new Set(events.filter(isAuction).map(({ seller, dateTime }) => `${seller} ${windowOf(dateTime)}`));
  const expected = texts(
    events.filter(isPerson).filter(({ id, dateTime }) => sellers.has(`${id} ${windowOf(dateTime)}`))
      .map(({ id, name, dateTime }) => ({ id, name, windowStart: windowOf(dateTime) })),
  );
  for (const parallelism of [1, 2]) {
    assert.deepEqual(texts(await q8(source(parallelism)).executeAndCollect()), expected);
  }
  assert.equal(new Set(expected).size, expected.length, "each once");
  assert.equal(expected.length, 187);
  assert.equal(expected[0], '{"id":1000,"name":"Vicky Noris","windowStart":1436918400000}');
});
