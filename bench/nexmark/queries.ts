/**
 * The stateless queries and the window queries as jobs of the DataStream API, written the way a user writes them: filter
 * and map, keyBy, built-in windows with mergeable aggregates.
 *
 * Who calls: cases.ts.
 *
 * @module
 */

import {
  type AggregateFunction,
  type Collector,
  type DataStream,
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  type TimeWindow,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "tsflink";
import { type Bid, isAuction, isBid, isPerson, type NexmarkEvent } from "../../runtime/connectors/nexmark/model.ts";
import { Q11_GAP_MS, Q12_WINDOW_MS, Q8_SIZE_MS, urlParts } from "./loops.ts";
import type { AuctionPrice, BidColumns, BidCount, HighestBid, HotItem, NewSeller, UrlParts } from "./results.ts";

/** Makes the job of a query from the stream of all events. */
export type Query<T> = (events: DataStream<NexmarkEvent>) => DataStream<T>;

export const q0: Query<BidColumns> = (events) =>
  events.filter(isBid).map(({ auction, bidder, price, dateTime, extra }) => ({
    auction,
    bidder,
    price,
    dateTime,
    extra,
  }));

export const q1: Query<BidColumns> = (events) =>
  events.filter(isBid).map(({ auction, bidder, price, dateTime, extra }) => ({
    auction,
    bidder,
    price: price * 908,
    dateTime,
    extra,
  }));

export const q2: Query<AuctionPrice> = (events) =>
  events.filter(isBid).filter((bid) => bid.auction % 123 === 0).map(({ auction, price }) => ({ auction, price }));

export const q22: Query<UrlParts> = (events) => events.filter(isBid).map(urlParts);

/** The number of records. */
const count: AggregateFunction<unknown, number, number> = {
  createAccumulator: () => 0,
  add: (_record, n) => n + 1,
  getResult: (n) => n,
  merge: (left, right) => left + right,
  mergeable: true,
};

interface Winners {
  readonly num: number;
  readonly windowEnd: number;
  readonly auctions: number[];
}

/** The auctions with the highest count. */
const winners: AggregateFunction<HotItem, Winners, HotItem[]> = {
  createAccumulator: () => ({ num: 0, windowEnd: 0, auctions: [] }),
  add: ({ auction, num, windowEnd }, best) => {
    if (num > best.num) return { num, windowEnd, auctions: [auction] };
    if (num === best.num) best.auctions.push(auction);
    return best;
  },
  getResult: ({ num, windowEnd, auctions }) => auctions.map((auction) => ({ auction, num, windowEnd })),
  merge: (left, right) => {
    if (left.num !== right.num) return left.num > right.num ? left : right;
    return { ...left, auctions: [...left.auctions, ...right.auctions] };
  },
  mergeable: true,
};

export const q5: Query<HotItem> = (events) =>
  events.filter(isBid)
    .keyBy("auction")
    .window(SlidingEventTimeWindows.of("10 s", "2 s"))
    .aggregate(count, (auction: number, window: TimeWindow, [num]: Iterable<number>, out: Collector<HotItem>) =>
      out.collect({ auction, num, windowEnd: window.end }))
    .windowAll(TumblingEventTimeWindows.of("2 s"))
    .aggregate(winners)
    .flatMap((items) =>
      items
    );

interface Highest {
  readonly price: number;
  readonly bids: HighestBid[];
}

/** The bids with the highest price. */
const highest: AggregateFunction<Bid, Highest, HighestBid[]> = {
  createAccumulator: () => ({ price: -1, bids: [] }),
  add: ({ auction, bidder, price, dateTime }, best) => {
    if (price < best.price) return best;
    const bid = { auction, bidder, price, dateTime };
    if (price > best.price) return { price, bids: [bid] };
    best.bids.push(bid);
    return best;
  },
  getResult: ({ bids }) => bids,
  merge: (left, right) => {
    if (left.price !== right.price) return left.price > right.price ? left : right;
    return { price: left.price, bids: [...left.bids, ...right.bids] };
  },
  mergeable: true,
};

export const q7: Query<HighestBid> = (events) =>
  events.filter(isBid)
    .windowAll(TumblingEventTimeWindows.of("10 s"))
    .aggregate(highest)
    .flatMap((bids) => bids);

export const q8: Query<NewSeller> = (events) =>
  events.filter(isPerson)
    .coGroup(events.filter(isAuction))
    .where("id").equalTo("seller")
    .window(TumblingEventTimeWindows.of("10 s"))
    .apply((persons, auctions, out: Collector<NewSeller>) => {
      const [person] = persons;
      const [auction] = auctions;
      if (person === undefined || auction === undefined) return;
      const { id, name, dateTime } = person;
      out.collect({ id, name, windowStart: dateTime - dateTime % Q8_SIZE_MS });
    });

function bidCount(bidder: number, window: TimeWindow, [bids]: Iterable<number>, out: Collector<BidCount>): void {
  out.collect({ bidder, bids, start: window.start });
}

export const q11: Query<BidCount> = (events) =>
  events.filter(isBid)
    .keyBy("bidder")
    .window(EventTimeSessionWindows.withGap(Q11_GAP_MS))
    .aggregate(count, bidCount);

export const q12: Query<BidCount> = (events) =>
  events.filter(isBid)
    .keyBy("bidder")
    .window(TumblingProcessingTimeWindows.of(Q12_WINDOW_MS))
    .aggregate(count, bidCount);
