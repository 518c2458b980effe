/**
 * The events of the Nexmark auction site, with their row types.
 *
 * @module
 */

import { type TypeInformation, Types } from "../../types/type_information.ts";

/** Somebody who joined the site. */
export interface Person {
  /** Tells it from auctions and bids. */
  readonly kind: "person";
  /** Unique among persons, from 1000. */
  readonly id: number;
  /** First and last name. */
  readonly name: string;
  /** Made-up address. */
  readonly emailAddress: string;
  /** Made-up number. */
  readonly creditCard: string;
  /** One of ten cities. */
  readonly city: string;
  /** One of AZ, CA, ID, OR, WA and WY. */
  readonly state: string;
  /** Event time, ms since the epoch. */
  readonly dateTime: number;
  /** Filling, so that events have their average size. */
  readonly extra: string;
}

/** Something for sale. */
export interface Auction {
  /** Tells it from persons and bids. */
  readonly kind: "auction";
  /** Unique among auctions, from 1000. */
  readonly id: number;
  /** Random text. */
  readonly itemName: string;
  /** Random text. */
  readonly description: string;
  /** In cents. */
  readonly initialBid: number;
  /** Lowest price the seller takes, in cents. */
  readonly reserve: number;
  /** Event time, ms since the epoch. */
  readonly dateTime: number;
  /** When it ends, ms since the epoch. */
  readonly expires: number;
  /** Id of a person. */
  readonly seller: number;
  /** From 10 to 14. */
  readonly category: number;
  /** Filling, so that events have their average size. */
  readonly extra: string;
}

/** An offer for an auction. */
export interface Bid {
  /** Tells it from persons and auctions. */
  readonly kind: "bid";
  /** Id of an auction. */
  readonly auction: number;
  /** Id of a person. */
  readonly bidder: number;
  /** In cents. */
  readonly price: number;
  /** Where the bidder came from, such as "Google" or "channel-7". */
  readonly channel: string;
  /** Page of the channel. */
  readonly url: string;
  /** Event time, ms since the epoch. */
  readonly dateTime: number;
  /** Filling, so that events have their average size. */
  readonly extra: string;
}

/** Any event; told apart by `kind`. */
export type NexmarkEvent = Person | Auction | Bid;

/** The row type of {@link Person}. */
export const PERSON_TYPE: TypeInformation<Omit<Person, "kind"> & { kind: string }> = Types.ROW({
  kind: Types.STRING,
  id: Types.LONG,
  name: Types.STRING,
  emailAddress: Types.STRING,
  creditCard: Types.STRING,
  city: Types.STRING,
  state: Types.STRING,
  dateTime: Types.LONG,
  extra: Types.STRING,
});

/** The row type of {@link Auction}. */
export const AUCTION_TYPE: TypeInformation<Omit<Auction, "kind"> & { kind: string }> = Types.ROW({
  kind: Types.STRING,
  id: Types.LONG,
  itemName: Types.STRING,
  description: Types.STRING,
  initialBid: Types.LONG,
  reserve: Types.LONG,
  dateTime: Types.LONG,
  expires: Types.LONG,
  seller: Types.LONG,
  category: Types.LONG,
  extra: Types.STRING,
});

/** The row type of {@link Bid}. */
export const BID_TYPE: TypeInformation<Omit<Bid, "kind"> & { kind: string }> = Types.ROW({
  kind: Types.STRING,
  auction: Types.LONG,
  bidder: Types.LONG,
  price: Types.LONG,
  channel: Types.STRING,
  url: Types.STRING,
  dateTime: Types.LONG,
  extra: Types.STRING,
});

/** Whether an event is a person. */
export function isPerson(event: NexmarkEvent): event is Person {
  return event.kind === "person";
}
/** Whether an event is an auction. */
export function isAuction(event: NexmarkEvent): event is Auction {
  return event.kind === "auction";
}
/** Whether an event is a bid. */
export function isBid(event: NexmarkEvent): event is Bid {
  return event.kind === "bid";
}
