/**
 * The joins as jobs of the DataStream API: connected keyed streams with state, and, where the result depends on the
 * order of bids and auctions, one keyed stream of both.
 *
 * @module
 */

import { type Collector, listState, type TypeInformation, Types, valueState } from "tsflink";
import {
  type Auction,
  AUCTION_TYPE,
  type Bid,
  BID_TYPE,
  isAuction,
  isBid,
  isPerson,
  type NexmarkEvent,
} from "../../runtime/connectors/nexmark/model.ts";
import { CATEGORY, isLocal, joined, LAST_SALES } from "./join_loops.ts";
import type { Query } from "./queries.ts";
import type { BidWithAuction, CategoryAverage, LocalItem, SellerAverage } from "./results.ts";

const BID = BID_TYPE as unknown as TypeInformation<Bid>;
const AUCTION = AUCTION_TYPE as unknown as TypeInformation<Auction>;

export const q3: Query<LocalItem> = (events) =>
  events.filter(isPerson).filter(({ state }) => isLocal(state))
    .connect(events.filter(isAuction).filter(({ category }) => category === CATEGORY))
    .keyBy("id", "seller")
    .process({
      state: {
        person: valueState({ type: Types.ROW({ name: Types.STRING, city: Types.STRING, state: Types.STRING }) }),
        waiting: listState({ type: Types.LONG }),
      },
      processElement1({ name, city, state }, ctx, out: Collector<LocalItem>) {
        ctx.state.person.update({ name, city, state });
        for (const id of ctx.state.waiting.get()) out.collect({ name, city, state, id });
        ctx.state.waiting.clear();
      },
      processElement2({ id }, ctx, out) {
        const person = ctx.state.person.value();
        if (person === undefined) ctx.state.waiting.add(id);
        else out.collect({ name: person.name, city: person.city, state: person.state, id });
      },
    });

/** An auction and the highest bid within its life; the price is 0 before the first. */
const OPEN_AUCTION = Types.ROW({
  category: Types.LONG,
  seller: Types.LONG,
  dateTime: Types.LONG,
  expires: Types.LONG,
  price: Types.LONG,
});
const EARLY_BID = Types.ROW({ price: Types.LONG, dateTime: Types.LONG });

function isAuctionOrBid(event: NexmarkEvent): event is Auction | Bid {
  return event.kind !== "person";
}
function auctionId(event: Auction | Bid): number {
  return event.kind === "bid" ? event.auction : event.id;
}

interface PriceRise {
  readonly category: number;
  readonly before: number;
  readonly price: number;
}

export const q4: Query<CategoryAverage> = (events) =>
  events.filter(isAuctionOrBid)
    .keyBy(auctionId)
    .process({
      state: { auction: valueState({ type: OPEN_AUCTION }), early: listState({ type: EARLY_BID }) },
      processElement(event, { state }, out: Collector<PriceRise>) {
        if (event.kind === "bid") {
          const auction = state.auction.value();
          const { price, dateTime } = event;
          if (auction === undefined) {
            state.early.add({ price, dateTime });
          } else if (price > auction.price && dateTime >= auction.dateTime && dateTime <= auction.expires) {
            out.collect({ category: auction.category, before: auction.price, price });
            state.auction.update({ ...auction, price });
          }
          return;
        }
        const { category, seller, dateTime, expires } = event;
        let highest = 0;
        for (const bid of state.early.get()) {
          if (bid.price <= highest || bid.dateTime < dateTime || bid.dateTime > expires) continue;
          out.collect({ category, before: highest, price: bid.price });
          highest = bid.price;
        }
        state.early.clear();
        state.auction.update({ category, seller, dateTime, expires, price: highest });
      },
    })
    .keyBy("category")
    .process({
      state: { total: valueState({ type: Types.ROW({ sum: Types.LONG, count: Types.LONG }) }) },
      processElement({ category, before, price }, { state }, out: Collector<CategoryAverage>) {
        const { sum, count } = state.total.value() ?? { sum: 0, count: 0 };
        const total = { sum: sum + price - before, count: before === 0 ? count + 1 : count };
        state.total.update(total);
        out.collect({ category, average: total.sum / total.count });
      },
    });

interface Sale {
  readonly auction: number;
  readonly seller: number;
  readonly price: number;
  readonly expires: number;
}

export const q6: Query<SellerAverage> = (events) =>
  events.filter(isAuctionOrBid)
    .keyBy(auctionId)
    .process({
      state: { auction: valueState({ type: OPEN_AUCTION }), early: listState({ type: EARLY_BID }) },
      processElement(event, ctx, _out: Collector<Sale>) {
        const { state } = ctx;
        if (event.kind === "bid") {
          const auction = state.auction.value();
          const { price, dateTime } = event;
          if (auction === undefined) {
            state.early.add({ price, dateTime });
          } else if (price > auction.price && dateTime >= auction.dateTime && dateTime <= auction.expires) {
            state.auction.update({ ...auction, price });
          }
          return;
        }
        const { category, seller, dateTime, expires } = event;
        let highest = 0;
        for (const bid of state.early.get()) {
          if (bid.price > highest && bid.dateTime >= dateTime && bid.dateTime <= expires) highest = bid.price;
        }
        state.early.clear();
        state.auction.update({ category, seller, dateTime, expires, price: highest });
        ctx.timerService().registerEventTimeTimer(expires);
      },
      onTimer(expires, ctx, out: Collector<Sale>) {
        const { seller, price } = ctx.state.auction.value()!;
        if (price > 0) out.collect({ auction: ctx.getCurrentKey(), seller, price, expires });
      },
    })
    .keyBy("seller")
    .process({
      state: {
        sales: valueState({
          type: Types.LIST(Types.ROW({ auction: Types.LONG, price: Types.LONG, expires: Types.LONG })),
        }),
      },
      processElement({ auction, seller, price, expires }, { state }, out: Collector<SellerAverage>) {
        const sales = state.sales.value() ?? [];
        // Auctions that end in the same millisecond come in any order; their ids decide which are the last ten.
        let at = sales.length;
        while (at > 0 && sales[at - 1].expires === expires && sales[at - 1].auction > auction) at--;
        sales.splice(at, 0, { auction, price, expires });
        if (sales.length > LAST_SALES) sales.shift();
        state.sales.update(sales);
        out.collect({ seller, average: sales.reduce((sum, sale) => sum + sale.price, 0) / sales.length });
      },
    });

export const q20: Query<BidWithAuction> = (events) =>
  events.filter(isAuction)
    .connect(events.filter(isBid))
    .keyBy("id", "auction")
    .process({
      state: {
        /** Known as soon as the auction is; bids of other categories are then dropped by it alone. */
        category: valueState({ type: Types.LONG }),
        auction: valueState({ type: AUCTION }),
        waiting: listState({ type: BID }),
      },
      processElement1(auction, { state }, out: Collector<BidWithAuction>) {
        state.category.update(auction.category);
        if (auction.category === CATEGORY) {
          state.auction.update(auction);
          for (const bid of state.waiting.get()) out.collect(joined(bid, auction));
        }
        state.waiting.clear();
      },
      processElement2(bid, { state }, out) {
        const category = state.category.value();
        if (category === undefined) state.waiting.add(bid);
        else if (category === CATEGORY) out.collect(joined(bid, state.auction.value()!));
      },
    });
