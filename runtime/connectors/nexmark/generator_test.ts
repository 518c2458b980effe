import assert from "node:assert/strict";
import fc from "fast-check";
import { NexmarkGenerator, type NexmarkSettings } from "./generator.ts";
import { type Bid, isAuction, isBid, isPerson, type NexmarkEvent } from "./model.ts";
import { EventRandom } from "./prng.ts";

const first = (count: number, settings?: NexmarkSettings): NexmarkEvent[] => {
  const generator = new NexmarkGenerator(settings);
  return Array.from({ length: count }, (_, i) => generator.event(i));
};

/** FNV-1a over the JSON of the events. */
function hashOf(events: readonly NexmarkEvent[]): string {
  let hash = 0x811c9dc5;
  for (const character of JSON.stringify(events)) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return (hash >>> 0).toString(16);
}

Deno.test("any event can be made alone, in any order, by any generator", () => {
  const events = first(2000);
  fc.assert(
    fc.property(fc.nat(1999), (number) => {
      assert.deepEqual(new NexmarkGenerator().event(number), events[number]);
    }),
    { numRuns: 20 },
  );
  const backwards = new NexmarkGenerator();
  for (let i = 1999; i >= 0; i -= 7) assert.deepEqual(backwards.event(i), events[i]);
});

Deno.test("seeds differ; ids, kinds and times do not depend on them", () => {
  const frame = (events: NexmarkEvent[]): unknown =>
    events.map(({ kind, dateTime, ...event }) => [kind, dateTime, "id" in event ? event.id : ""]);
  const [one, two] = [first(500), first(500, { seed: 2 })];
  assert.deepEqual(frame(one), frame(two));
  assert.ok(one.every((event, i) => JSON.stringify(event) !== JSON.stringify(two[i])));
});

Deno.test("the events of the default settings stay what they are", () => {
  // Changing the generator changes every recorded result: only on purpose.
  assert.equal(hashOf(first(5000)), GOLDEN_HASH);
});

Deno.test("50 events hold one person, three auctions and 46 bids, with ids that count on", () => {
  const events = first(50 * 40);
  events.forEach((event, i) => {
    const inRound = i % 50;
    assert.equal(event.kind, inRound === 0 ? "person" : inRound < 4 ? "auction" : "bid");
  });
  assert.deepEqual(events.filter(isPerson).map(({ id }) => id), Array.from({ length: 40 }, (_, i) => 1000 + i));
  assert.deepEqual(events.filter(isAuction).map(({ id }) => id), Array.from({ length: 120 }, (_, i) => 1000 + i));
  // Flink's table source begins one event later: with an auction, and one tick on.
  const flink = new NexmarkGenerator({ firstEventId: 1, firstEventNumber: 1 }).event(0);
  assert.equal(flink.kind, "auction");
});

Deno.test("event time goes by the rate, and a group size scrambles the order within groups only", () => {
  const base = Date.UTC(2015, 6, 15);
  const times = first(100).map(({ dateTime }) => dateTime - base);
  assert.deepEqual(times.slice(0, 21), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
  const slow = first(5, { eventsPerSecond: 3, baseTimeMs: 0 }).map(({ dateTime }) => dateTime);
  assert.deepEqual(slow, [0, 333, 666, 1000, 1333]);
  const ordered = first(300).map((event) => JSON.stringify(event));
  const generator = new NexmarkGenerator({ outOfOrderGroupSize: 100 });
  const scrambled = Array.from({ length: 300 }, (_, i) => generator.event(i));
  for (const begin of [0, 100, 200]) {
    const group = scrambled.slice(begin, begin + 100);
    assert.notDeepEqual(group.map(({ dateTime }) => dateTime), group.map(({ dateTime }) => dateTime).sort());
    assert.deepEqual(
      group.map(({ kind, dateTime }) => `${dateTime} ${kind}`).sort(),
      ordered.slice(begin, begin + 100).map((text) => JSON.parse(text)).map(({ kind, dateTime }) =>
        `${dateTime} ${kind}`
      ).sort(),
    );
  }
  for (let i = 0; i < 300; i++) {
    assert.ok(scrambled.slice(i).every(({ dateTime }) => dateTime >= generator.watermark(i)));
  }
});

Deno.test("distributions are those of the facts", () => {
  const events = first(100_000);
  const bids = events.filter(isBid);
  const share = (what: (bid: Bid) => boolean): number => bids.filter(what).length / bids.length;
  const near = (found: number, expected: number, tolerance: number, what: string): void =>
    assert.ok(Math.abs(found - expected) < tolerance, `${what}: ${found}, expected ${expected}`);
  near(share(({ channel }) => !channel.startsWith("channel-")), 0.5, 0.01, "hot channels");
  near(share(({ auction }) => auction % 100 === 0), 0.5 + 0.5 / 100, 0.02, "hot auctions");
  near(share(({ bidder }) => bidder % 100 === 1), 0.75 + 0.25 / 100, 0.02, "hot bidders");
  near(bids.reduce((sum, { extra }) => sum + extra.length, 0) / bids.length, 67.5, 0.2, "length of extra");
  near(share(({ price }) => price < 100_000), 0.5, 0.01, "median price");
  assert.ok(bids.every(({ price, extra }) => price >= 100 && price <= 1e8 && extra.length >= 54 && extra.length <= 81));
  let newest = 999;
  let ahead = 0;
  for (const event of events) {
    if (event.kind === "auction") newest = event.id;
    else if (event.kind === "bid" && event.auction > newest) ahead++;
  }
  near(ahead / bids.length, 0.0456, 0.004, "bids ahead of their auction");
  const auctions = events.filter(isAuction);
  near(
    auctions.reduce((sum, { expires, dateTime }) => sum + expires - dateTime, 0) / auctions.length,
    166.5,
    5,
    "life",
  );
  assert.ok(
    auctions.every(({ category, reserve, initialBid, expires, dateTime }) =>
      category >= 10 && category < 15 && reserve > initialBid && expires > dateTime
    ),
  );
  const people = events.filter(isPerson);
  assert.ok(
    people.every(({ creditCard, emailAddress }) =>
      /^\d{4} \d{4} \d{4} \d{4}$/.test(creditCard) && /^[a-z ]*@[a-z ]*\.com$/.test(emailAddress)
    ),
  );
});

Deno.test("hot channels have one address each, nine tenths of the cold ones name their channel", () => {
  const bids = first(200_000).filter(isBid);
  const urls = new Map<string, Set<string>>();
  for (const { channel, url } of bids) urls.set(channel, (urls.get(channel) ?? new Set()).add(url));
  assert.ok([...urls.values()].every((set) => set.size === 1));
  assert.equal(urls.size, 10_004);
  const cold = [...urls].filter(([channel]) => channel.startsWith("channel-")).map(([, [url]]) => url);
  const named = cold.filter((url) => /&channel_id=\d+$/.test(url)).length / cold.length;
  assert.ok(Math.abs(named - 0.9) < 0.02, String(named));
  assert.ok(
    cold.every((url) => /^https:\/\/www\.nexmark\.com\/[a-z_]+\/[a-z_]+\/[a-z_]+\/item\.htm\?query=1/.test(url)),
  );
});

Deno.test("compatBidderOffset adds the offset of person ids once more", () => {
  const bidders = (settings?: NexmarkSettings): number[] => first(500, settings).filter(isBid).map((bid) => bid.bidder);
  assert.deepEqual(bidders({ compatBidderOffset: true }), bidders().map((bidder) => bidder + 1000));
});

Deno.test("numbers of an event are even, and neighbours have nothing in common", () => {
  const random = new EventRandom();
  const bits = new Array(32).fill(0);
  let same = 0;
  for (let id = 0; id < 5000; id++) {
    random.start(1, id);
    const one = random.u32();
    random.start(1, id + 1);
    const two = random.u32();
    for (let bit = 0; bit < 32; bit++) bits[bit] += ((one ^ two) >>> bit) & 1;
    if (random.below(10) === 0) same++;
  }
  assert.ok(bits.every((count) => Math.abs(count - 2500) < 200), String(bits));
  assert.ok(Math.abs(same - 500) < 110, String(same));
  random.start(1, 2 ** 32);
  const far = random.u32();
  random.start(1, 0);
  assert.notEqual(far, random.u32());
});

Deno.test("wrong settings are refused with a code", () => {
  const table: NexmarkSettings[] = [
    { eventsPerSecond: 0 },
    { personProportion: 0 },
    { bidProportion: -1 },
    { outOfOrderGroupSize: 0.5 },
    { hotAuctionRatio: 0 },
    { seed: 0.1 },
    { firstEventId: -1 },
  ];
  for (const settings of table) assert.throws(() => new NexmarkGenerator(settings), { code: "TSF-3016" });
});

const GOLDEN_HASH = "11cad73d";
