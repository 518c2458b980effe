/**
 * The rows that the Nexmark queries give, and what consumes them: the same objects behind a loop and behind a job.
 *
 * @module
 */

import type { Bid } from "../../runtime/connectors/nexmark/model.ts";
import { digest, foldingRows, hashingRows, type RowConsumer } from "./sums.ts";

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

/** Makes the consumer of each query's rows. */
export const consumers = {
  bidColumns: (): RowConsumer<BidColumns> =>
    hashingRows((row, into) => into.add(row.auction, row.bidder, row.price, row.dateTime, digest(row.extra))),
  auctionPrice: (): RowConsumer<AuctionPrice> => hashingRows((row, into) => into.add(row.auction, row.price, 0)),
  localItem: (): RowConsumer<LocalItem> =>
    hashingRows((row, into) => into.add(row.id, digest(row.name), digest(row.city), digest(row.state))),
  categoryAverage: (): RowConsumer<CategoryAverage> =>
    hashingRows((row, into) => into.add(row.category, row.average, row.average * 1000)),
  hotItem: (): RowConsumer<HotItem> => hashingRows((row, into) => into.add(row.auction, row.num, row.windowEnd)),
  /** Auctions that end in the same millisecond have no order: the last average of a seller counts. */
  sellerAverage: (): RowConsumer<SellerAverage> =>
    foldingRows((row) => row.seller, (row) => Math.round(row.average * 1000), "last"),
  highestBid: (): RowConsumer<HighestBid> =>
    hashingRows((row, into) => into.add(row.auction, row.bidder, row.price, row.dateTime)),
  newSeller: (): RowConsumer<NewSeller> =>
    hashingRows((row, into) => into.add(row.id, digest(row.name), row.windowStart)),
  session: (): RowConsumer<BidCount> => hashingRows((row, into) => into.add(row.bidder, row.bids, row.start)),
  /** Windows of processing time differ from run to run; the totals of the bidders do not. */
  bidTotals: (): RowConsumer<BidCount> => foldingRows((row) => row.bidder, (row) => row.bids, "sum"),
  auctionDay: (): RowConsumer<AuctionDay> =>
    hashingRows((row, into) => {
      const bands = row.low + 7 * row.middle + 31 * row.high;
      into.add(row.auction, row.bids + row.day, bands, row.min + 3 * row.max, row.average, row.sum);
    }),
  bid: (): RowConsumer<Bid> =>
    hashingRows((row, into) => into.add(row.auction, row.bidder, row.price, row.dateTime, digest(row.extra))),
  rankedBid: (): RowConsumer<RankedBid> =>
    hashingRows((row, into) => into.add(row.auction, row.bidder, row.price, row.dateTime, row.rank)),
  bidWithAuction: (): RowConsumer<BidWithAuction> =>
    hashingRows((row, into) =>
      into.add(row.auction, row.bidder, row.price, row.dateTime + row.auctionDateTime, row.seller, digest(row.itemName))
    ),
  urlParts: (): RowConsumer<UrlParts> =>
    hashingRows((row, into) =>
      into.add(row.auction, row.bidder, row.price, digest(row.dir1), digest(row.dir2), digest(row.dir3))
    ),
} as const;
