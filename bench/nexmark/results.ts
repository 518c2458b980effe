/**
 * The rows that the Nexmark queries give, and what consumes them: the same objects behind a loop and behind a job.
 *
 * @module
 */

import type { Bid } from "../../runtime/connectors/nexmark/model.ts";
import { foldingRows, hashingRows, type RowConsumer, type RowHash } from "./sums.ts";

/** q0 and q1: five columns of a bid; the price of q1 is in thousandths. */
export interface BidColumns {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly dateTime: number;
  readonly extra: string;
}
/** q2 */
export interface AuctionPrice {
  readonly auction: number;
  readonly price: number;
}
/** q3 */
export interface LocalItem {
  readonly name: string;
  readonly city: string;
  readonly state: string;
  readonly id: number;
}
/** q4: sum and number of the highest bids of a category's auctions so far; the average follows. */
export interface CategoryAverage {
  readonly category: number;
  readonly average: number;
}
/** q5 */
export interface HotItem {
  readonly auction: number;
  readonly num: number;
  readonly windowEnd: number;
}
/** q6 */
export interface SellerAverage {
  readonly seller: number;
  readonly average: number;
}
/** q7 */
export interface HighestBid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly dateTime: number;
}
/** q8 */
export interface NewSeller {
  readonly id: number;
  readonly name: string;
  readonly windowStart: number;
}
/** q11 and q12: bids of a bidder in a session or window. */
export interface BidCount {
  readonly bidder: number;
  readonly bids: number;
  readonly start: number;
}
/** q17 */
export interface AuctionDay {
  readonly auction: number;
  readonly day: number;
  readonly bids: number;
  readonly low: number;
  readonly middle: number;
  readonly high: number;
  readonly min: number;
  readonly max: number;
  readonly average: number;
  readonly sum: number;
}
/** q19 */
export interface RankedBid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly dateTime: number;
  readonly extra: string;
  readonly rank: number;
}
/** q20: all columns of the bid, and those of its auction. */
export interface BidWithAuction extends BidColumns {
  readonly channel: string;
  readonly url: string;
  readonly itemName: string;
  readonly description: string;
  readonly initialBid: number;
  readonly reserve: number;
  readonly auctionDateTime: number;
  readonly expires: number;
  readonly seller: number;
  readonly category: number;
  readonly auctionExtra: string;
}
/** q22 */
export interface UrlParts {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly dir1: string;
  readonly dir2: string;
  readonly dir3: string;
}

function hashBid(row: Omit<BidColumns, "extra">, into: RowHash): void {
  into.number(row.auction);
  into.number(row.bidder);
  into.number(row.price);
  into.number(row.dateTime);
}

/** Makes the consumer of each query's rows. */
export const consumers = {
  bidColumns: (): RowConsumer<BidColumns> =>
    hashingRows((row, into) => {
      hashBid(row, into);
      into.text(row.extra);
    }),
  auctionPrice: (): RowConsumer<AuctionPrice> =>
    hashingRows((row, into) => {
      into.number(row.auction);
      into.number(row.price);
    }),
  localItem: (): RowConsumer<LocalItem> =>
    hashingRows((row, into) => {
      into.text(row.name);
      into.text(row.city);
      into.text(row.state);
      into.number(row.id);
    }),
  categoryAverage: (): RowConsumer<CategoryAverage> =>
    hashingRows((row, into) => {
      into.number(row.category);
      into.number(row.average * 1000);
    }),
  hotItem: (): RowConsumer<HotItem> =>
    hashingRows((row, into) => {
      into.number(row.auction);
      into.number(row.num);
      into.number(row.windowEnd);
    }),
  /** Auctions that end in the same millisecond have no order: the last average of a seller counts. */
  sellerAverage: (): RowConsumer<SellerAverage> =>
    foldingRows((row) => row.seller, (row) => row.average * 1000, "last"),
  highestBid: (): RowConsumer<HighestBid> => hashingRows(hashBid),
  newSeller: (): RowConsumer<NewSeller> =>
    hashingRows((row, into) => {
      into.number(row.id);
      into.text(row.name);
      into.number(row.windowStart);
    }),
  session: (): RowConsumer<BidCount> =>
    hashingRows((row, into) => {
      into.number(row.bidder);
      into.number(row.bids);
      into.number(row.start);
    }),
  /** Windows of processing time differ from run to run; the totals of the bidders do not. */
  bidTotals: (): RowConsumer<BidCount> => foldingRows((row) => row.bidder, (row) => row.bids, "sum"),
  auctionDay: (): RowConsumer<AuctionDay> =>
    hashingRows((row, into) => {
      into.number(row.auction);
      into.number(row.bids);
      into.number(row.low + 7 * row.middle + 31 * row.high);
      into.number(row.min);
      into.number(row.max);
      into.number(row.average);
      into.number(row.sum + row.day);
    }),
  bid: (): RowConsumer<Bid> =>
    hashingRows((row, into) => {
      hashBid(row, into);
      into.text(row.extra);
    }),
  rankedBid: (): RowConsumer<RankedBid> =>
    hashingRows((row, into) => {
      hashBid(row, into);
      into.number(row.rank);
    }),
  bidWithAuction: (): RowConsumer<BidWithAuction> =>
    hashingRows((row, into) => {
      hashBid(row, into);
      into.number(row.auctionDateTime);
      into.number(row.seller);
      into.text(row.itemName);
      into.text(row.auctionExtra);
    }),
  urlParts: (): RowConsumer<UrlParts> =>
    hashingRows((row, into) => {
      into.number(row.auction);
      into.number(row.bidder);
      into.number(row.price);
      into.text(row.dir1);
      into.text(row.dir2);
      into.text(row.dir3);
    }),
} as const;
