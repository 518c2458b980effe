/**
 * Every query gives what its loop gives, whatever way its records take; and the loops give what slow oracles give, which
 * are written from the meaning of the queries (facts/performance.md 1.5).
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Auction, isAuction, isBid, isPerson } from "../../runtime/connectors/nexmark/model.ts";
import { NEXMARK, nexmarkCase } from "./cases.ts";
import * as joinLoops from "./join_loops.ts";
import * as keyedLoops from "./keyed_loops.ts";
import * as loops from "./loops.ts";
import { materialise } from "./rows.ts";
import { OPTIMISATIONS } from "../options.ts";

/** 20 s of event time, so that windows and sessions end. */
const ROWS = materialise(4_000, 200);
const bids = ROWS.events.filter(isBid);
const auctions = ROWS.events.filter(isAuction);
const persons = ROWS.events.filter(isPerson);

const OFF = Object.fromEntries(OPTIMISATIONS.map((name) => [`pipeline.optimize.${name}`, false]));

for (
  const [way, options] of Object.entries({
    "by reference": {},
    "through the codec": { "pipeline.exchange.force-codec": true },
    "without optimisations": OFF,
    "with checkpoints": { "execution.checkpointing.interval": "10 ms" },
  })
) {
  Deno.test(`every query gives the rows of its loop, ${way}`, async () => {
    for (const one of NEXMARK) {
      const expected = one.runLoop(ROWS)();
      const job = one.makeJob(ROWS, options);
      await job.execute();
      assert.deepEqual(job.sums(), expected, one.name);
      assert.ok(expected.count > 0, `${one.name} gives nothing`);
    }
  });
}

/** The rows of a loop, in a fixed order. */
function rowsOf<T>(loop: loops.Loop<T>): string[] {
  const rows: string[] = [];
  loop(ROWS, { add: (row) => void rows.push(JSON.stringify(row)), result: () => ({ count: 0, checksum: "" }) });
  return rows.sort();
}
const text = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
const startOf = (time: number, size: number): number => time - time % size;
function groups<T, K>(of: readonly T[], key: (one: T) => K): Map<K, T[]> {
  return Map.groupBy(of, key);
}

Deno.test("windows: the loops count what the definition says", () => {
  const q7 = [...groups(bids, (bid) => startOf(bid.dateTime, 10_000)).values()].flatMap((held) => {
    const highest = Math.max(...held.map((bid) => bid.price));
    return held.filter((bid) => bid.price === highest)
      .map(({ auction, bidder, price, dateTime }) => ({ auction, bidder, price, dateTime }));
  });
  assert.deepEqual(rowsOf(loops.q7), text(q7));

  const q8 = persons.flatMap(({ id, name, dateTime }) => {
    const windowStart = startOf(dateTime, 10_000);
    const sold = auctions.some((one) => one.seller === id && startOf(one.dateTime, 10_000) === windowStart);
    return sold ? [{ id, name, windowStart }] : [];
  });
  assert.deepEqual(rowsOf(loops.q8), text(q8));

  const ends = new Set(bids.flatMap((bid) => [0, 1, 2, 3, 4].map((n) => startOf(bid.dateTime, 2000) + 2000 * (n + 1))));
  const q5 = [...ends].flatMap((windowEnd) => {
    const inside = bids.filter((bid) => bid.dateTime >= windowEnd - 10_000 && bid.dateTime < windowEnd);
    const counts = [...groups(inside, (bid) => bid.auction)].map(([auction, held]) => ({ auction, num: held.length }));
    const most = Math.max(...counts.map(({ num }) => num));
    return counts.filter(({ num }) => num === most).map(({ auction, num }) => ({ auction, num, windowEnd }));
  });
  assert.deepEqual(rowsOf(loops.q5), text(q5));

  const q11 = [...groups(bids, (bid) => bid.bidder)].flatMap(([bidder, held]) => {
    const sessions: { bidder: number; bids: number; start: number }[] = [];
    held.forEach(({ dateTime }, i) => {
      const goesOn = i > 0 && dateTime - held[i - 1].dateTime <= loops.Q11_GAP_MS;
      if (goesOn) sessions.at(-1)!.bids++;
      else sessions.push({ bidder, bids: 1, start: dateTime });
    });
    return sessions;
  });
  assert.deepEqual(rowsOf(loops.q11), text(q11));
});

Deno.test("aggregation and top-N: each row is what all bids so far say", () => {
  const sums = rowsOf(keyedLoops.q17).map((row) => JSON.parse(row));
  const last = new Map<number, { bids: number; sum: number; min: number; max: number; average: number }>();
  for (const row of sums) if (row.bids > (last.get(row.auction)?.bids ?? 0)) last.set(row.auction, row);
  for (const [auction, held] of groups(bids, (bid) => bid.auction)) {
    const prices = held.map((bid) => bid.price);
    const sum = prices.reduce((a, b) => a + b, 0);
    const { bids: count, min, max, average, sum: found } = last.get(auction)!;
    assert.deepEqual(
      [count, min, max, average, found],
      [prices.length, Math.min(...prices), Math.max(...prices), sum / prices.length, sum],
    );
  }
  assert.equal(sums.length, bids.length);

  const q19 = bids.flatMap(({ auction, bidder, price, dateTime, extra }, i) => {
    const before = bids.slice(0, i).filter((bid) => bid.auction === auction && bid.price >= price).length;
    return before < keyedLoops.TOP_SIZE ? [{ auction, bidder, price, dateTime, extra, rank: before + 1 }] : [];
  });
  assert.deepEqual(rowsOf(keyedLoops.q19), text(q19));
});

Deno.test("joins: the loops find the pairs that nested loops find", () => {
  const wanted = auctions.filter(({ category }) => category === joinLoops.CATEGORY);
  const q3 = wanted.flatMap(({ id, seller }) =>
    persons.filter((person) => person.id === seller && ["OR", "ID", "CA"].includes(person.state))
      .map(({ name, city, state }) => ({ name, city, state, id }))
  );
  assert.deepEqual(rowsOf(joinLoops.q3), text(q3));

  const q20 = bids.flatMap((bid) =>
    wanted.filter(({ id }) => id === bid.auction).map((one) => joinLoops.joined(bid, one))
  );
  assert.deepEqual(rowsOf(joinLoops.q20), text(q20));

  const highest = (one: Auction): number =>
    Math.max(
      0,
      ...bids.filter((bid) => bid.auction === one.id && bid.dateTime >= one.dateTime && bid.dateTime <= one.expires)
        .map((bid) => bid.price),
    );
  // The last average of a category is that of all its auctions with a bid.
  const averages = new Map<number, number>();
  joinLoops.q4(ROWS, {
    add: ({ category, average }) => void averages.set(category, average),
    result: () => ({ count: 0, checksum: "" }),
  });
  for (const [category, held] of groups(auctions, (one) => one.category)) {
    const prices = held.map(highest).filter((price) => price > 0);
    assert.equal(averages.get(category), prices.reduce((a, b) => a + b, 0) / prices.length);
  }

  const sellers = new Map<number, number>();
  joinLoops.q6(ROWS, {
    add: ({ seller, average }) => void sellers.set(seller, average),
    result: () => ({ count: 0, checksum: "" }),
  });
  for (const [seller, held] of groups(auctions, (one) => one.seller)) {
    const prices = held.toSorted((a, b) => a.expires - b.expires || a.id - b.id).map(highest).filter((price) =>
      price > 0
    )
      .slice(-joinLoops.LAST_SALES);
    if (prices.length > 0) assert.equal(sellers.get(seller), prices.reduce((a, b) => a + b, 0) / prices.length);
  }
});

Deno.test("sums differ when one row does, and do not depend on the order of rows", () => {
  const q0 = nexmarkCase("q0");
  const expected = q0.runLoop(ROWS)();
  const backwards = { events: ROWS.events.toReversed(), timestamps: ROWS.timestamps };
  assert.deepEqual(q0.runLoop(backwards)(), expected);
  const index = ROWS.events.findIndex((event) => event.kind === "bid");
  const changed = ROWS.events.map((event, i) => i === index ? { ...bids[0], price: bids[0].price + 1 } : event);
  assert.notEqual(q0.runLoop({ events: changed, timestamps: ROWS.timestamps })().checksum, expected.checksum);
});
