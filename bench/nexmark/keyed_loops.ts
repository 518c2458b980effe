/**
 * The hand-written loops of aggregation, deduplication and top-N; see loops.ts.
 *
 * @module
 */

import type { Bid } from "../../runtime/connectors/nexmark/model.ts";
import type { Loop } from "./loops.ts";
import type { AuctionDay, RankedBid } from "./results.ts";
import { RowBuffer } from "./sums.ts";

/** One day, in ms. */
export const DAY_MS = 86_400_000;

interface DayStatistics {
  bids: number;
  low: number;
  middle: number;
  high: number;
  min: number;
  max: number;
  sum: number;
}

export const q17: Loop<AuctionDay> = ({ events }, to) => {
  const out = new RowBuffer(to);
  const all = new Map<number, DayStatistics>();
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind !== "bid") continue;
    const { auction, price } = e;
    const day = Math.floor(e.dateTime / DAY_MS);
    // Auction and day in one number: days fit 17 bits for centuries.
    const key = auction * 131_072 + day;
    let s = all.get(key);
    if (s === undefined) {
      all.set(key, s = { bids: 0, low: 0, middle: 0, high: 0, min: price, max: price, sum: 0 });
    }
    s.bids++;
    if (price < 10_000) s.low++;
    else if (price < 1_000_000) s.middle++;
    else s.high++;
    if (price < s.min) s.min = price;
    if (price > s.max) s.max = price;
    s.sum += price;
    out.emit({
      auction,
      day,
      bids: s.bids,
      low: s.low,
      middle: s.middle,
      high: s.high,
      min: s.min,
      max: s.max,
      average: s.sum / s.bids,
      sum: s.sum,
    });
  }
  out.flush();
};

export const q18: Loop<Bid> = ({ events }, to) => {
  const out = new RowBuffer(to);
  const last = new Map<number, Bid>();
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind !== "bid") continue;
    const key = e.bidder * 16_777_216 + e.auction;
    const held = last.get(key);
    if (held !== undefined && held.dateTime > e.dateTime) continue;
    last.set(key, e);
    out.emit(e);
  }
  out.flush();
};

/** How many bids per auction q19 keeps. */
export const TOP_SIZE = 10;

export const q19: Loop<RankedBid> = ({ events }, to) => {
  const out = new RowBuffer(to);
  const all = new Map<number, Bid[]>();
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind !== "bid") continue;
    let top = all.get(e.auction);
    if (top === undefined) all.set(e.auction, top = []);
    let at = top.length;
    if (at === TOP_SIZE) {
      if (top[TOP_SIZE - 1].price >= e.price) continue;
      at--;
    } else top.push(e);
    // Of equal prices the earlier bid stands first.
    for (; at > 0 && top[at - 1].price < e.price; at--) top[at] = top[at - 1];
    top[at] = e;
    const { auction, bidder, price, dateTime, extra } = e;
    out.emit({ auction, bidder, price, dateTime, extra, rank: at + 1 });
  }
  out.flush();
};
