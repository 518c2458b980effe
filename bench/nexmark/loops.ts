/**
 * The hand-written loops of stateless queries and of windows: one pass over the rows, no engine, the best algorithm that
 * objects allow. They are what a job is held against (facts/performance.md 3).
 *
 * Who calls: cases.ts.
 *
 * @module
 */

import type { Bid } from "../../runtime/connectors/nexmark/model.ts";
import type { AuctionPrice, BidColumns, BidCount, HighestBid, HotItem, NewSeller, UrlParts } from "./results.ts";
import type { NexmarkRows } from "./rows.ts";
import { RowBuffer, type RowConsumer } from "./sums.ts";

/** One pass over the rows; results go to the consumer. */
export type Loop<T> = (rows: NexmarkRows, to: RowConsumer<T>) => void;

export const q0: Loop<BidColumns> = ({ events }, to) => {
  const out = new RowBuffer(to);
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind !== "bid") continue;
    out.emit({ auction: e.auction, bidder: e.bidder, price: e.price, dateTime: e.dateTime, extra: e.extra });
  }
  out.flush();
};

export const q1: Loop<BidColumns> = ({ events }, to) => {
  const out = new RowBuffer(to);
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind !== "bid") continue;
    out.emit({ auction: e.auction, bidder: e.bidder, price: e.price * 908, dateTime: e.dateTime, extra: e.extra });
  }
  out.flush();
};

export const q2: Loop<AuctionPrice> = ({ events }, to) => {
  const out = new RowBuffer(to);
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind === "bid" && e.auction % 123 === 0) out.emit({ auction: e.auction, price: e.price });
  }
  out.flush();
};

/** What q22 does to a bid; loop and job call it. */
export function urlParts({ auction, bidder, price, channel, url }: Bid): UrlParts {
  const first = url.indexOf("/", 8) + 1;
  const second = url.indexOf("/", first) + 1;
  const third = url.indexOf("/", second) + 1;
  return {
    auction,
    bidder,
    price,
    channel,
    dir1: url.slice(first, second - 1),
    dir2: url.slice(second, third - 1),
    dir3: url.slice(third, url.indexOf("/", third)),
  };
}

export const q22: Loop<UrlParts> = ({ events }, to) => {
  const out = new RowBuffer(to);
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind !== "bid") continue;
    out.emit(urlParts(e));
  }
  out.flush();
};

const Q5_SIZE_MS = 10_000;
const Q5_SLIDE_MS = 2_000;

/** Counts per pane of 2 s; a window is the sum of its five panes. */
export const q5: Loop<HotItem> = ({ events }, to) => {
  const out = new RowBuffer(to);
  let panes: Map<number, { n: number }>[] = [];
  let pane = new Map<number, { n: number }>();
  let paneEnd = 0;
  const endPane = (): void => {
    panes.push(pane);
    if (panes.length > Q5_SIZE_MS / Q5_SLIDE_MS) panes.shift();
    emitWinners(panes, paneEnd, out);
    pane = new Map();
    paneEnd += Q5_SLIDE_MS;
  };
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind !== "bid") continue;
    if (e.dateTime >= paneEnd) {
      if (paneEnd !== 0) endPane();
      // Panes without a bid, and the first one.
      while (panes.some((held) => held.size > 0) && e.dateTime >= paneEnd) endPane();
      if (e.dateTime >= paneEnd) {
        panes = [];
        paneEnd = e.dateTime - e.dateTime % Q5_SLIDE_MS + Q5_SLIDE_MS;
      }
    }
    const count = pane.get(e.auction);
    if (count === undefined) pane.set(e.auction, { n: 1 });
    else count.n++;
  }
  while (pane.size > 0 || panes.some((held) => held.size > 0)) endPane();
  out.flush();
};

function emitWinners(panes: readonly Map<number, { n: number }>[], windowEnd: number, out: RowBuffer<HotItem>): void {
  const totals = new Map<number, number>();
  let most = 0;
  for (const pane of panes) {
    for (const [auction, { n }] of pane) {
      const total = (totals.get(auction) ?? 0) + n;
      totals.set(auction, total);
      if (total > most) most = total;
    }
  }
  for (const [auction, num] of totals) if (num === most) out.emit({ auction, num, windowEnd });
}

const TUMBLE_MS = 10_000;
/** Size of the windows of q8. */
export const Q8_SIZE_MS: number = TUMBLE_MS;

export const q7: Loop<HighestBid> = ({ events }, to) => {
  const out = new RowBuffer(to);
  let best: Bid[] = [];
  let price = -1;
  let end = 0;
  const fire = (): void => {
    for (const { auction, bidder, price, dateTime } of best) out.emit({ auction, bidder, price, dateTime });
  };
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind !== "bid") continue;
    if (e.dateTime >= end) {
      fire();
      end = e.dateTime - e.dateTime % TUMBLE_MS + TUMBLE_MS;
      price = -1;
    }
    if (e.price > price) {
      price = e.price;
      best = [e];
    } else if (e.price === price) best.push(e);
  }
  fire();
  out.flush();
};

export const q8: Loop<NewSeller> = ({ events }, to) => {
  const out = new RowBuffer(to);
  let names = new Map<number, string>();
  let sellers = new Set<number>();
  let end = 0;
  const fire = (): void => {
    for (const id of sellers) {
      const name = names.get(id);
      if (name !== undefined) out.emit({ id, name, windowStart: end - TUMBLE_MS });
    }
  };
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind === "bid") continue;
    if (e.dateTime >= end) {
      fire();
      names = new Map();
      sellers = new Set();
      end = e.dateTime - e.dateTime % TUMBLE_MS + TUMBLE_MS;
    }
    if (e.kind === "person") names.set(e.id, e.name);
    else sellers.add(e.seller);
  }
  fire();
  out.flush();
};

/** A session ends when nothing came for longer than this. */
export const Q11_GAP_MS = 10_000;

export const q11: Loop<BidCount> = ({ events }, to) => {
  const out = new RowBuffer(to);
  const open = new Map<number, { start: number; last: number; bids: number }>();
  let sweepAt = 0;
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind !== "bid") continue;
    const now = e.dateTime;
    if (now >= sweepAt) {
      for (const [bidder, session] of open) {
        if (now - session.last <= Q11_GAP_MS) continue;
        out.emit({ bidder, bids: session.bids, start: session.start });
        open.delete(bidder);
      }
      sweepAt = now + Q11_GAP_MS;
    }
    const session = open.get(e.bidder);
    if (session === undefined) open.set(e.bidder, { start: now, last: now, bids: 1 });
    else if (now - session.last > Q11_GAP_MS) {
      out.emit({ bidder: e.bidder, bids: session.bids, start: session.start });
      session.start = session.last = now;
      session.bids = 1;
    } else {
      session.last = now;
      session.bids++;
    }
  }
  for (const [bidder, session] of open) out.emit({ bidder, bids: session.bids, start: session.start });
  out.flush();
};

/** Nexmark says 10 s; a run takes less than one second here, and windows have to end in it. */
export const Q12_WINDOW_MS = 250;

export const q12: Loop<BidCount> = ({ events }, to) => {
  const out = new RowBuffer(to);
  let counts = new Map<number, { n: number }>();
  let end = 0;
  const fire = (): void => {
    for (const [bidder, { n }] of counts) out.emit({ bidder, bids: n, start: end - Q12_WINDOW_MS });
    counts = new Map();
  };
  for (let i = 0; i < events.length; i++) {
    if ((i & 255) === 0) {
      const now = Date.now();
      if (now >= end) {
        fire();
        end = now - now % Q12_WINDOW_MS + Q12_WINDOW_MS;
      }
    }
    const e = events[i];
    if (e.kind !== "bid") continue;
    const count = counts.get(e.bidder);
    if (count === undefined) counts.set(e.bidder, { n: 1 });
    else count.n++;
  }
  fire();
  out.flush();
};
