/**
 * The hand-written loops of joins; see loops.ts. Bids are dropped as soon as their auction is known: that is the best
 * algorithm, not the state of SQL.
 *
 * @module
 */

import type { Auction, Bid } from "../../runtime/connectors/nexmark/model.ts";
import type { Loop } from "./loops.ts";
import type { BidWithAuction, CategoryAverage, LocalItem, SellerAverage } from "./results.ts";
import { RowBuffer } from "./sums.ts";

/** Whether q3 wants persons of that state. */
export function isLocal(state: string): boolean {
  return state === "OR" || state === "ID" || state === "CA";
}
/** The one category of q3 and q20. */
export const CATEGORY = 10;

export const q3: Loop<LocalItem> = ({ events }, to) => {
  const out = new RowBuffer(to);
  const persons = new Map<number, { name: string; city: string; state: string }>();
  const waiting = new Map<number, number[]>();
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind === "bid") continue;
    if (e.kind === "person") {
      if (!isLocal(e.state)) continue;
      const { id, name, city, state } = e;
      persons.set(id, { name, city, state });
      const auctions = waiting.get(id);
      if (auctions === undefined) continue;
      for (const auction of auctions) out.emit({ name, city, state, id: auction });
      waiting.delete(id);
    } else if (e.category === CATEGORY) {
      const person = persons.get(e.seller);
      if (person !== undefined) {
        out.emit({ name: person.name, city: person.city, state: person.state, id: e.id });
      } else {
        const auctions = waiting.get(e.seller);
        if (auctions === undefined) waiting.set(e.seller, [e.id]);
        else auctions.push(e.id);
      }
    }
  }
  out.flush();
};

interface OpenAuction {
  readonly category: number;
  readonly seller: number;
  readonly dateTime: number;
  readonly expires: number;
  /** The highest bid within its life; 0 before the first. */
  price: number;
}

export const q4: Loop<CategoryAverage> = ({ events }, to) => {
  const out = new RowBuffer(to);
  const auctions = new Map<number, OpenAuction>();
  const early = new Map<number, Bid[]>();
  const categories = new Map<number, { sum: number; count: number }>();
  const take = (auction: OpenAuction, bid: Bid): void => {
    const { category, price: before } = auction;
    if (bid.price <= before || bid.dateTime < auction.dateTime || bid.dateTime > auction.expires) return;
    auction.price = bid.price;
    let total = categories.get(category);
    if (total === undefined) categories.set(category, total = { sum: 0, count: 0 });
    total.sum += bid.price - before;
    if (before === 0) total.count++;
    out.emit({ category, average: total.sum / total.count });
  };
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind === "bid") {
      const auction = auctions.get(e.auction);
      if (auction !== undefined) take(auction, e);
      else keep(early, e);
    } else if (e.kind === "auction") {
      open(e, { auctions, early, take });
    }
  }
  out.flush();
};

function keep(early: Map<number, Bid[]>, bid: Bid): void {
  const bids = early.get(bid.auction);
  if (bids === undefined) early.set(bid.auction, [bid]);
  else bids.push(bid);
}

interface Openings {
  readonly auctions: Map<number, OpenAuction>;
  readonly early: Map<number, Bid[]>;
  take(auction: OpenAuction, bid: Bid): void;
}

function open({ id, category, seller, dateTime, expires }: Auction, { auctions, early, take }: Openings): void {
  const auction = { category, seller, dateTime, expires, price: 0 };
  auctions.set(id, auction);
  const bids = early.get(id);
  if (bids === undefined) return;
  for (const bid of bids) take(auction, bid);
  early.delete(id);
}

/** How many winning bids of a seller count for q6. */
export const LAST_SALES = 10;

export const q6: Loop<SellerAverage> = ({ events }, to) => {
  const out = new RowBuffer(to);
  const auctions = new Map<number, OpenAuction>();
  const early = new Map<number, Bid[]>();
  const sellers = new Map<number, number[]>();
  const ends = new AuctionEnds();
  const take = (auction: OpenAuction, { price, dateTime }: Bid): void => {
    if (price > auction.price && dateTime >= auction.dateTime && dateTime <= auction.expires) auction.price = price;
  };
  const close = (before: number): void => {
    while (ends.first < before) {
      const { seller, price } = auctions.get(ends.pop())!;
      if (price === 0) continue;
      let sales = sellers.get(seller);
      if (sales === undefined) sellers.set(seller, sales = []);
      if (sales.push(price) > LAST_SALES) sales.shift();
      let sum = 0;
      for (let i = 0; i < sales.length; i++) sum += sales[i];
      out.emit({ seller, average: sum / sales.length });
    }
  };
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    close(e.dateTime);
    if (e.kind === "bid") {
      const auction = auctions.get(e.auction);
      if (auction !== undefined) take(auction, e);
      else keep(early, e);
    } else if (e.kind === "auction") {
      open(e, { auctions, early, take });
      ends.push(e.expires, e.id);
    }
  }
  close(Infinity);
  out.flush();
};

/** Auctions by the time of their end, those of one millisecond by their id: a binary heap. */
class AuctionEnds {
  readonly #times: number[] = [];
  readonly #ids: number[] = [];

  /** The next end; Infinity when no auction is open. */
  get first(): number {
    return this.#times.length === 0 ? Infinity : this.#times[0];
  }
  push(time: number, id: number): void {
    const [times, ids] = [this.#times, this.#ids];
    let at = times.length;
    times.push(time);
    ids.push(id);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (times[parent] < time || (times[parent] === time && ids[parent] < id)) break;
      times[at] = times[parent];
      ids[at] = ids[parent];
      at = parent;
    }
    times[at] = time;
    ids[at] = id;
  }
  pop(): number {
    const [times, ids] = [this.#times, this.#ids];
    const popped = ids[0];
    const time = times.pop()!;
    const id = ids.pop()!;
    const length = times.length;
    if (length === 0) return popped;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      const right = child + 1;
      if (
        right < length && (times[right] < times[child] || (times[right] === times[child] && ids[right] < ids[child]))
      ) {
        child = right;
      }
      if (time < times[child] || (time === times[child] && id < ids[child])) break;
      times[at] = times[child];
      ids[at] = ids[child];
      at = child;
    }
    times[at] = time;
    ids[at] = id;
    return popped;
  }
}

export const q20: Loop<BidWithAuction> = ({ events }, to) => {
  const out = new RowBuffer(to);
  /** Null for an auction of another category. */
  const auctions = new Map<number, Auction | null>();
  const early = new Map<number, Bid[]>();
  for (let i = 0; i < events.length; i++) {
    const e = events[i];
    if (e.kind === "bid") {
      const auction = auctions.get(e.auction);
      if (auction === undefined) keep(early, e);
      else if (auction !== null) out.emit(joined(e, auction));
    } else if (e.kind === "auction") {
      const wanted = e.category === CATEGORY;
      auctions.set(e.id, wanted ? e : null);
      const bids = early.get(e.id);
      if (bids === undefined) continue;
      if (wanted) { for (const bid of bids) out.emit(joined(bid, e)); }
      early.delete(e.id);
    }
  }
  out.flush();
};

/** A row of q20; loop and job call it. */
export function joined(bid: Bid, auction: Auction): BidWithAuction {
  return {
    auction: bid.auction,
    bidder: bid.bidder,
    price: bid.price,
    channel: bid.channel,
    url: bid.url,
    dateTime: bid.dateTime,
    extra: bid.extra,
    itemName: auction.itemName,
    description: auction.description,
    initialBid: auction.initialBid,
    reserve: auction.reserve,
    auctionDateTime: auction.dateTime,
    expires: auction.expires,
    seller: auction.seller,
    category: auction.category,
    auctionExtra: auction.extra,
  };
}
