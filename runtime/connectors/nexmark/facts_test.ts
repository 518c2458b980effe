/**
 * The generator against facts/performance.md 1.2, 1.3 and the measured outputs of 1.5: an oracle for ids and times written
 * from the text, measured shares over two million events, and reproducibility of whole jobs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { NexmarkSource, RateLimiterStrategy, WatermarkStrategy } from "tsflink";
import { RecordingSink, testEnvironment, type TestSnapshot } from "tsflink/testing";
import fc from "fast-check";
import { NexmarkGenerator } from "./generator.ts";
import { isBid, type NexmarkEvent } from "./model.ts";

/** Fields of the settings that ids and times depend on, drawn at random. */
const settings = fc.record({
  seed: fc.integer(),
  eventsPerSecond: fc.constantFrom(1, 3, 999, 10_000, 1e6, 1e7),
  baseTimeMs: fc.constantFrom(0, 1_436_918_400_000, -5000),
  outOfOrderGroupSize: fc.constantFrom(1, 2, 7, 50, 1000),
  personProportion: fc.integer({ min: 1, max: 4 }),
  auctionProportion: fc.integer({ min: 1, max: 5 }),
  bidProportion: fc.integer({ min: 0, max: 60 }),
  activePeople: fc.constantFrom(1, 10, 1000),
  inFlightAuctions: fc.constantFrom(1, 10, 100),
  firstEventId: fc.constantFrom(0, 1, 1e9, 2 ** 40),
  firstEventNumber: fc.constantFrom(0, 1, 1e9),
});

type Drawn = typeof settings extends fc.Arbitrary<infer S> ? S : never;

/** Rules 1 to 4 and 9 of section 1.3 in exact integers, as slow as may be. */
function oracle(s: Drawn, n: number) {
  const [p, a, b] = [s.personProportion, s.auctionProportion, s.bidProportion].map(BigInt);
  const total = p + a + b;
  const number = BigInt(s.firstEventNumber) + BigInt(n);
  const group = BigInt(s.outOfOrderGroupSize);
  const adjusted = (number / group) * group + (number * 953n) % group;
  const id = BigInt(s.firstEventId) + adjusted;
  const inRound = id % total;
  const round = id / total;
  const kind = inRound < p ? "person" : inRound < p + a ? "auction" : "bid";
  const least = (x: bigint, y: bigint): bigint => x < y ? x : y;
  const lastPerson = round * p + least(inRound, p - 1n);
  const lastAuction = inRound < p ? (round - 1n) * a + a - 1n : round * a + (inRound >= p + a ? a - 1n : inRound - p);
  const delayUs = 1e6 / s.eventsPerSecond;
  const time = (k: bigint): number => s.baseTimeMs + Math.floor(Math.trunc(Number(k) * delayUs) / 1000);
  return {
    kind,
    lastPerson: Number(lastPerson),
    lastAuction: Number(lastAuction),
    dateTime: time(adjusted),
    watermark: time((number / group) * group),
    horizonMs: time(number + BigInt(s.inFlightAuctions) * total / a) - time(adjusted),
  };
}
Deno.test("kinds, ids, times and references follow the rules for any settings and any event", () => {
  fc.assert(
    fc.property(settings, fc.nat(1e7), (drawn, n) => {
      const generator = new NexmarkGenerator(drawn);
      const event = generator.event(n);
      const { kind, lastPerson, lastAuction, dateTime, watermark, horizonMs } = oracle(drawn, n);
      assert.deepEqual([event.kind, event.dateTime, generator.watermark(n)], [kind, dateTime, watermark]);
      const inPeople = (id: number): boolean => {
        const active = Math.min(lastPerson + 1, drawn.activePeople);
        return id >= lastPerson + 1 - active && id < lastPerson + 1 + 10;
      };
      const hot = (last: number): number => Math.floor(last / 100) * 100;
      if (event.kind === "person") assert.equal(event.id, 1000 + lastPerson);
      else if (event.kind === "auction") {
        assert.equal(event.id, 1000 + lastAuction);
        assert.ok(inPeople(event.seller - 1000) || event.seller - 1000 === hot(lastPerson), `seller ${event.seller}`);
        const life = event.expires - event.dateTime;
        assert.ok(life >= 1 && life <= Math.max(2 * horizonMs, 1), `${life} of ${horizonMs}`);
      } else {
        const [auction, bidder] = [event.auction - 1000, event.bidder - 1000];
        const first = Math.max(lastAuction - drawn.inFlightAuctions, 0);
        const inFlight = auction >= first && auction <= lastAuction + 10;
        assert.ok(inFlight || auction === hot(lastAuction), `auction ${auction}, last ${lastAuction}`);
        assert.ok(inPeople(bidder) || bidder === hot(lastPerson) + 1, `bidder ${bidder}, last ${lastPerson}`);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("measured shares are those of the facts", () => {
  const generator = new NexmarkGenerator();
  const counts = { person: 0, auction: 0, bid: 0, ahead: 0, q2: 0, coldAuction: 0, hotSeller: 0 };
  // Numbers take 8 bytes, the kind is one of them; texts have a prefix of two.
  const bytes = { person: 0, auction: 0, bid: 0 };
  const text = (...values: string[]): number => values.reduce((sum, value) => sum + 2 + value.length, 0);
  const digits = new Array(7).fill(0);
  let newest = 999;
  // A whole cycle of hot auctions: 100 times 123 of them, so that q2 meets one hot auction exactly.
  const total = 205_000;
  for (let n = 0; n < total; n++) {
    const event = generator.event(n);
    counts[event.kind]++;
    if (event.kind === "person") {
      const { name, emailAddress, creditCard, city, state, extra } = event;
      bytes.person += 24 + text(name, emailAddress, creditCard, city, state, extra);
    } else if (event.kind === "auction") {
      newest = event.id;
      if (event.seller % 100 === 0) counts.hotSeller++;
      bytes.auction += 64 + text(event.itemName, event.description, event.extra);
    } else {
      if (event.auction > newest) counts.ahead++;
      if (event.auction % 123 === 0) counts.q2++;
      if (event.auction % 100 !== 0) counts.coldAuction++;
      digits[Math.floor(Math.log10(event.price / 100))]++;
      bytes.bid += 40 + text(event.channel, event.url, event.extra);
    }
  }
  const table: [string, number, number, number][] = [
    ["persons", counts.person / total, 0.02, 0],
    ["auctions", counts.auction / total, 0.06, 0],
    ["bids", counts.bid / total, 0.92, 0],
    ["bids ahead of their auction", counts.ahead / counts.bid, 83_942 / 1_840_000, 0.001],
    ["bids of q2", counts.q2 / counts.bid, 0.0079, 0.0004],
    ["cold auctions", counts.coldAuction / counts.bid, 0.495, 0.005],
    ["hot sellers", counts.hotSeller / counts.auction, 0.7525, 0.01],
    ["bytes of a person", bytes.person / counts.person, 228, 2],
    ["bytes of an auction", bytes.auction / counts.auction, 522, 3],
    ["bytes of a bid", bytes.bid / counts.bid, 186, 2],
    ["bytes of an event", (bytes.person + bytes.auction + bytes.bid) / total, 207, 2],
  ];
  for (const [what, found, expected, tolerance] of table) {
    assert.ok(Math.abs(found - expected) <= tolerance, `${what}: ${found}, expected ${expected}`);
  }
  // Evenly over the orders of magnitude; 1e8 cents is the one value of the seventh.
  for (const count of digits.slice(0, 6)) assert.ok(Math.abs(count / counts.bid - 1 / 6) < 0.003, String(digits));
});

Deno.test("auctions live a fixed time ahead: about the time of 1666 events, and at least 1 ms at any rate", () => {
  const life = (eventsPerSecond: number): number[] => {
    const generator = new NexmarkGenerator({ eventsPerSecond });
    return Array.from({ length: 150_000 }, (_, n) => n).filter((n) => n % 50 > 0 && n % 50 < 4).map((n) => {
      const event = generator.event(n);
      return event.kind === "auction" ? event.expires - event.dateTime : assert.fail(event.kind);
    });
  };
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  assert.ok(Math.abs(mean(life(10_000)) - 166.5) < 3, String(mean(life(10_000))));
  assert.ok(life(1e7).every((ms) => ms === 1 || ms === 2));
});

const at = ({ dateTime }: NexmarkEvent): number => dateTime;
const sorted = (events: readonly NexmarkEvent[]): string[] => events.map((event) => JSON.stringify(event)).sort();

Deno.test("a job gets the same events at any parallelism, through any snapshot, in or out of order", async () => {
  for (const outOfOrderGroupSize of [1, 20]) {
    const options = { count: 400, seed: 5, outOfOrderGroupSize, eventsPerSecond: 1000 };
    const generator = new NexmarkGenerator(options);
    const expected = sorted(Array.from({ length: 400 }, (_, n) => generator.event(n)));
    for (const [before, after] of [[1, 3], [3, 1], [2, 4]]) {
      const run = async (parallelism: number, limited: boolean, restoreFrom?: TestSnapshot) => {
        const test = testEnvironment({ parallelism, restoreFrom, autoAdvance: !limited });
        const rateLimiter = limited ? RateLimiterStrategy.perSecond(100) : undefined;
        const sink = new RecordingSink<NexmarkEvent>();
        const strategy = WatermarkStrategy.forMonotonousTimestamps<NexmarkEvent>();
        test.env.fromSource(new NexmarkSource({ ...options, rateLimiter }), strategy, "nexmark").uid("n").sinkTo(sink);
        return { ...test, sink, client: await test.env.executeAsync() };
      };
      const first = await run(before, true);
      for (let i = 0; i < 4; i++) {
        await first.idle();
        first.clock.advance(450);
      }
      await first.idle();
      const snapshot = await first.takeSnapshot(first.client);
      await first.client.cancel();
      const second = await run(after, false, snapshot);
      await second.client.getJobExecutionResult();
      assert.ok(first.sink.records.length > 100 && second.sink.records.length > 100, `${first.sink.records.length}`);
      assert.deepEqual(sorted([...first.sink.values, ...second.sink.values]), expected);
      for (const { value, timestamp } of second.sink.records) assert.equal(timestamp, at(value));
    }
  }
});

Deno.test("out of order events stay in their group, each exactly once, and no watermark overtakes one", () => {
  for (const group of [2, 7, 50, 1000]) {
    const ordered = new NexmarkGenerator();
    const scrambled = new NexmarkGenerator({ outOfOrderGroupSize: group });
    let late = 0;
    for (let begin = 0; begin < 3 * group; begin += group) {
      const events = Array.from({ length: group }, (_, i) => scrambled.event(begin + i));
      const times = Array.from({ length: group }, (_, i) => ordered.event(begin + i).dateTime);
      assert.deepEqual(events.map(at).sort((x, y) => x - y), times);
      const ids = events.filter((event) => !isBid(event)).map((event) =>
        `${event.kind} ${(event as { id: number }).id}`
      );
      assert.equal(new Set(ids).size, ids.length);
      events.forEach((event, i) => {
        assert.ok(event.dateTime >= scrambled.watermark(begin + i));
        if (i > 0 && event.dateTime < events[i - 1].dateTime) late++;
      });
    }
    assert.equal(late > 0, group > 10, `group ${group}: ${late} steps back`);
  }
});
