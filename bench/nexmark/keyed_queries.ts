/**
 * The queries of aggregation, deduplication and top-N as jobs of the DataStream API: process functions with
 * declared state.
 *
 * @module
 */

import { type Collector, mapState, type TypeInformation, Types, valueState } from "tsflink";
import { type Bid, BID_TYPE, isBid } from "../../runtime/connectors/nexmark/model.ts";
import { DAY_MS, TOP_SIZE } from "./keyed_loops.ts";
import type { Query } from "./queries.ts";
import type { AuctionDay, RankedBid } from "./results.ts";

/** The row type of a bid, with the literal type of its kind. */
const BID = BID_TYPE as unknown as TypeInformation<Bid>;

const DAY_STATISTICS = Types.ROW({
  bids: Types.LONG,
  low: Types.LONG,
  middle: Types.LONG,
  high: Types.LONG,
  min: Types.LONG,
  max: Types.LONG,
  sum: Types.LONG,
});

export const q17: Query<AuctionDay> = (events) =>
  events.filter(isBid)
    .map(({ auction, price, dateTime }) => ({ auction, day: Math.floor(dateTime / DAY_MS), price }))
    .keyBy("auction", "day")
    .process({
      state: { statistics: valueState({ type: DAY_STATISTICS }) },
      processElement({ auction, day, price }, { state }, out: Collector<AuctionDay>) {
        const s = state.statistics.value() ??
          { bids: 0, low: 0, middle: 0, high: 0, min: price, max: price, sum: 0 };
        s.bids++;
        if (price < 10_000) s.low++;
        else if (price < 1_000_000) s.middle++;
        else s.high++;
        if (price < s.min) s.min = price;
        if (price > s.max) s.max = price;
        s.sum += price;
        state.statistics.update(s);
        const { bids, low, middle, high, min, max, sum } = s;
        out.collect({ auction, day, bids, low, middle, high, min, max, average: sum / bids, sum });
      },
    });

export const q18: Query<Bid> = (events) =>
  events.filter(isBid)
    .keyBy("bidder", "auction")
    .process({
      state: { last: valueState({ type: BID }) },
      processElement(bid, { state }, out: Collector<Bid>) {
        const held = state.last.value();
        if (held !== undefined && held.dateTime > bid.dateTime) return;
        state.last.update(bid);
        out.collect(bid);
      },
    });

/** What is emitted of a bid, but for its key. */
const TOP_BID = Types.ROW({ bidder: Types.LONG, price: Types.LONG, dateTime: Types.LONG, extra: Types.STRING });

/**
 * The ranks of an auction are kept apart from the bids themselves: price and slot of each of the ten, highest price
 * first, so that a bid that is too low costs one small read and one that gets in writes a single bid.
 */
export const q19: Query<RankedBid> = (events) =>
  events.filter(isBid)
    .keyBy("auction")
    .process({
      state: {
        ranks: valueState({ type: Types.LIST(Types.LONG) }),
        bids: mapState({ keyType: Types.INT, type: TOP_BID }),
      },
      processElement(bid, { state }, out: Collector<RankedBid>) {
        const { auction, bidder, price, dateTime, extra } = bid;
        const ranks = state.ranks.value() ?? [];
        const length = ranks.length;
        const isFull = length === 2 * TOP_SIZE;
        if (isFull && ranks[length - 2] >= price) return;
        const slot = isFull ? ranks[length - 1] : length / 2;
        let at = isFull ? length - 2 : length;
        for (; at > 0 && ranks[at - 2] < price; at -= 2) {
          ranks[at] = ranks[at - 2];
          ranks[at + 1] = ranks[at - 1];
        }
        ranks[at] = price;
        ranks[at + 1] = slot;
        state.ranks.update(ranks);
        state.bids.put(slot, { bidder, price, dateTime, extra });
        out.collect({ auction, bidder, price, dateTime, extra, rank: at / 2 + 1 });
      },
    });
