/**
 * Makes the Nexmark event of any number: the same for the same settings, whoever asks and in whatever order. The
 * distributions are those of the Flink and Beam generators (facts/performance.md 1.2 and 1.3); the random numbers are
 * this project's own, seeded per event.
 *
 * @module
 */

import { checkOption } from "../invalid_option.ts";
import type { Auction, Bid, NexmarkEvent, Person } from "./model.ts";
import { EventRandom } from "./prng.ts";

/** What the events look like. */
export interface NexmarkSettings {
  /** Other seeds give other events. Default 1. */
  readonly seed?: number;
  /** Events per second of event time. Default 10 000. */
  readonly eventsPerSecond?: number;
  /** Event time of the first event, ms since the epoch. Default 2015-07-15T00:00:00Z. */
  readonly baseTimeMs?: number;
  /** Events of a group of this size come in a scrambled order. Default 1 = in order. */
  readonly outOfOrderGroupSize?: number;
  /** Events of each kind per round. Default 1, 3 and 46. */
  readonly personProportion?: number;
  /** Auctions per round. Default 3. */
  readonly auctionProportion?: number;
  /** Bids per round. Default 46. */
  readonly bidProportion?: number;
  /** Of so many, all but one go to the hot few. Default 2, 4 and 4. */
  readonly hotAuctionRatio?: number;
  /** The same for bidders. Default 4. */
  readonly hotBidderRatio?: number;
  /** The same for sellers. Default 4. */
  readonly hotSellerRatio?: number;
  /** Persons that are active at a time. Default 1000. */
  readonly activePeople?: number;
  /** Auctions that are open at a time. Default 100. */
  readonly inFlightAuctions?: number;
  /** Where counting begins. Default 0 and 0; Flink's table source has 1 and 1. */
  readonly firstEventId?: number;
  /** Number of the first event, which moves its timestamp. Default 0. */
  readonly firstEventNumber?: number;
  /** Add the offset of person ids to bidders twice, as Flink's generator does. Default false. */
  readonly compatBidderOffset?: boolean;
}

const FIRST_PERSON_ID = 1000;
const FIRST_AUCTION_ID = 1000;
const FIRST_CATEGORY_ID = 10;
const CATEGORIES = 5;
const PERSON_ID_LEAD = 10;
const AUCTION_ID_LEAD = 10;
const HOT_BATCH = 100;
const COLD_CHANNELS = 10_000;
const EXTRA_TEXT_CHARS = 1 << 20;
const PERSON_BYTES = 200;
const AUCTION_BYTES = 500;
const BID_BYTES = 100;

const HOT_CHANNELS = ["Google", "Facebook", "Baidu", "Apple"];
const STATES = "AZ,CA,ID,OR,WA,WY".split(",");
const CITIES = "Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne".split(",");
const FIRST_NAMES = "Peter,Paul,Luke,John,Saul,Vicky,Kate,Julie,Sarah,Deiter,Walter".split(",");
const LAST_NAMES = "Shultz,Abrams,Spencer,White,Bartels,Walton,Smith,Jones,Noris".split(",");

type Complete = Required<NexmarkSettings>;

/** Makes events by number; holds tables that are made once, no state between events. */
export class NexmarkGenerator {
  readonly #settings: Complete;
  readonly #total: number;
  readonly #delayUs: number;
  readonly #random = new EventRandom();
  readonly #channels = new Map<number, { readonly channel: string; readonly url: string }>();
  #extraText: string | undefined;

  /** Makes a generator; equal settings give equal events. @throws InvalidProgramError TSF-3016 for a wrong setting. */
  constructor(settings: NexmarkSettings = {}) {
    this.#settings = complete(settings);
    const { personProportion, auctionProportion, bidProportion, eventsPerSecond } = this.#settings;
    this.#total = personProportion + auctionProportion + bidProportion;
    this.#delayUs = 1e6 / eventsPerSecond;
  }

  /** The event with that number, counted from 0 in the order of emission. */
  event(number: number): NexmarkEvent {
    const { firstEventId, firstEventNumber, outOfOrderGroupSize: group, seed } = this.#settings;
    const absolute = firstEventNumber + number;
    const adjusted = absolute - absolute % group + ((absolute % group) * 953) % group;
    const id = firstEventId + adjusted;
    const timestamp = this.#time(adjusted);
    this.#random.start(seed, id);
    const inRound = id % this.#total;
    const { personProportion, auctionProportion } = this.#settings;
    if (inRound < personProportion) return this.#person(id, timestamp);
    if (inRound < personProportion + auctionProportion) return this.#auction(id, absolute, timestamp);
    return this.#bid(id, timestamp);
  }

  /** No event with this or a higher number has a lower event time than this. */
  watermark(number: number): number {
    const absolute = this.#settings.firstEventNumber + number;
    return this.#time(absolute - absolute % this.#settings.outOfOrderGroupSize);
  }

  #time(eventNumber: number): number {
    return this.#settings.baseTimeMs + Math.floor(Math.trunc(eventNumber * this.#delayUs) / 1000);
  }

  #person(id: number, dateTime: number): Person {
    const random = this.#random;
    const name = `${pick(random, FIRST_NAMES)} ${pick(random, LAST_NAMES)}`;
    const emailAddress = `${this.#string(7, " ")}@${this.#string(5, " ")}.com`;
    const groups = [0, 0, 0, 0].map(() => String(random.below(10_000)).padStart(4, "0"));
    const creditCard = groups.join(" ");
    const city = pick(random, CITIES);
    const state = pick(random, STATES);
    const size = 8 + name.length + emailAddress.length + creditCard.length + city.length + state.length;
    return {
      kind: "person",
      id: this.#lastPerson(id) + FIRST_PERSON_ID,
      name,
      emailAddress,
      creditCard,
      city,
      state,
      dateTime,
      extra: this.#extra(size, PERSON_BYTES),
    };
  }

  #auction(id: number, eventNumber: number, dateTime: number): Auction {
    const random = this.#random;
    const { hotSellerRatio } = this.#settings;
    const hot = random.below(hotSellerRatio) > 0;
    const seller = hot ? hotId(this.#lastPerson(id)) : this.#anyPerson(id);
    const category = FIRST_CATEGORY_ID + random.below(CATEGORIES);
    const initialBid = this.#price();
    const expires = dateTime + this.#auctionLength(eventNumber, dateTime);
    const itemName = this.#string(20, " ");
    const description = this.#string(100, " ");
    const reserve = initialBid + this.#price();
    return {
      kind: "auction",
      id: this.#lastAuction(id) + FIRST_AUCTION_ID,
      itemName,
      description,
      initialBid,
      reserve,
      dateTime,
      expires,
      seller: seller + FIRST_PERSON_ID,
      category,
      extra: this.#extra(8 + itemName.length + description.length + 40, AUCTION_BYTES),
    };
  }

  #bid(id: number, dateTime: number): Bid {
    const random = this.#random;
    const { hotAuctionRatio, hotBidderRatio, compatBidderOffset } = this.#settings;
    const auction = random.below(hotAuctionRatio) > 0 ? hotId(this.#lastAuction(id)) : this.#anyAuction(id);
    const bidder = random.below(hotBidderRatio) > 0 ? hotId(this.#lastPerson(id)) + 1 : this.#anyPerson(id);
    const price = this.#price();
    const hotChannel = random.below(2) > 0;
    const channel = hotChannel ? -1 - random.below(HOT_CHANNELS.length) : random.below(COLD_CHANNELS);
    const extra = this.#extra(32, BID_BYTES);
    return {
      kind: "bid",
      auction: auction + FIRST_AUCTION_ID,
      bidder: bidder + (compatBidderOffset ? 2 : 1) * FIRST_PERSON_ID,
      price,
      ...this.#channel(channel),
      dateTime,
      extra,
    };
  }

  /** The newest person when event `id` happens, counted from 0. */
  #lastPerson(id: number): number {
    const { personProportion } = this.#settings;
    const inRound = id % this.#total;
    return (id - inRound) / this.#total * personProportion + Math.min(inRound, personProportion - 1);
  }

  /** The newest auction when event `id` happens, counted from 0; -1 before the first. */
  #lastAuction(id: number): number {
    const { personProportion, auctionProportion } = this.#settings;
    let inRound = id % this.#total;
    let round = (id - inRound) / this.#total;
    if (inRound < personProportion) {
      round--;
      inRound = auctionProportion - 1;
    } else inRound = Math.min(inRound - personProportion, auctionProportion - 1);
    return round * auctionProportion + inRound;
  }

  #anyPerson(id: number): number {
    const people = this.#lastPerson(id) + 1;
    const active = Math.min(people, this.#settings.activePeople);
    return people - active + this.#random.below(active + PERSON_ID_LEAD);
  }

  #anyAuction(id: number): number {
    const last = this.#lastAuction(id);
    const first = Math.max(last - this.#settings.inFlightAuctions, 0);
    return first + this.#random.below(last - first + 1 + AUCTION_ID_LEAD);
  }

  #auctionLength(eventNumber: number, dateTime: number): number {
    const { inFlightAuctions, auctionProportion } = this.#settings;
    const ahead = Math.floor((inFlightAuctions * this.#total) / auctionProportion);
    const horizonMs = this.#time(eventNumber + ahead) - dateTime;
    return 1 + this.#random.below(Math.max(2 * horizonMs, 1));
  }

  /** 1 to 1 000 000, evenly over the orders of magnitude, in cents. */
  #price(): number {
    return Math.round(10 ** (this.#random.unit() * 6) * 100);
  }

  /** 3 to `max - 1` characters, one in 13 the special one; one draw per character. */
  #string(max: number, special: string, random = this.#random): string {
    let text = "";
    for (let left = 3 + random.below(max - 3); left > 0; left--) {
      const drawn = random.below(13 * 26);
      text += drawn < 26 ? special : LETTERS[drawn % 26];
    }
    return text.trim();
  }

  /** Fills an event up to about `target` bytes. */
  #extra(current: number, target: number): string {
    if (current > target) return "";
    const missing = target - current;
    const spread = Math.round(missing * 0.2);
    const length = missing - spread + (spread === 0 ? 0 : this.#random.below(2 * spread));
    const text = this.#extraText ??= this.#makeExtraText();
    const offset = this.#random.below(text.length - length);
    return text.slice(offset, offset + length);
  }

  #makeExtraText(): string {
    const random = new EventRandom();
    random.start(this.#settings.seed, -1);
    const bytes = new Uint8Array(EXTRA_TEXT_CHARS);
    for (let i = 0; i < bytes.length; i++) bytes[i] = 97 + random.below(26);
    return new TextDecoder().decode(bytes);
  }

  /** Negative numbers are the hot channels. */
  #channel(number: number): { readonly channel: string; readonly url: string } {
    let made = this.#channels.get(number);
    if (made === undefined) {
      const random = new EventRandom();
      random.start(this.#settings.seed ^ 0x5bd1e995, number);
      const path = [0, 0, 0].map(() => this.#string(5, "_", random)).join("/");
      const url = `https://www.nexmark.com/${path}/item.htm?query=1`;
      if (number < 0) made = { channel: HOT_CHANNELS[-1 - number], url };
      else {
        const parameter = random.below(10) > 0 ? `&channel_id=${Math.abs(reverseBits(number))}` : "";
        made = { channel: `channel-${number}`, url: url + parameter };
      }
      this.#channels.set(number, made);
    }
    return made;
  }
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

function hotId(last: number): number {
  return Math.floor(last / HOT_BATCH) * HOT_BATCH;
}

function pick<T>(random: EventRandom, values: readonly T[]): T {
  return values[random.below(values.length)];
}

function reverseBits(value: number): number {
  let reversed = 0;
  for (let i = 0; i < 32; i++) reversed |= ((value >>> i) & 1) << (31 - i);
  return reversed;
}

function complete(settings: NexmarkSettings): Complete {
  const all: Complete = {
    seed: 1,
    eventsPerSecond: 10_000,
    baseTimeMs: Date.UTC(2015, 6, 15),
    outOfOrderGroupSize: 1,
    personProportion: 1,
    auctionProportion: 3,
    bidProportion: 46,
    hotAuctionRatio: 2,
    hotBidderRatio: 4,
    hotSellerRatio: 4,
    activePeople: 1000,
    inFlightAuctions: 100,
    firstEventId: 0,
    firstEventNumber: 0,
    compatBidderOffset: false,
    ...settings,
  };
  checkOption(all.eventsPerSecond > 0, "eventsPerSecond", "a number > 0", all.eventsPerSecond);
  const { personProportion, auctionProportion, bidProportion, seed, baseTimeMs } = all;
  const { hotAuctionRatio, hotBidderRatio, hotSellerRatio, activePeople, inFlightAuctions, outOfOrderGroupSize } = all;
  const positive = {
    personProportion,
    auctionProportion,
    hotAuctionRatio,
    hotBidderRatio,
    hotSellerRatio,
    activePeople,
    inFlightAuctions,
    outOfOrderGroupSize,
  };
  for (const [name, value] of Object.entries(positive)) {
    checkOption(Number.isInteger(value) && value > 0, name, "a whole number > 0", value);
  }
  const { firstEventId, firstEventNumber } = all;
  for (const [name, value] of Object.entries({ bidProportion, firstEventId, firstEventNumber })) {
    checkOption(Number.isSafeInteger(value) && value >= 0, name, "a whole number >= 0", value);
  }
  for (const [name, value] of Object.entries({ seed, baseTimeMs })) {
    checkOption(Number.isSafeInteger(value), name, "a whole number", value);
  }
  return all;
}
