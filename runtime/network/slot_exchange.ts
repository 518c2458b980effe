/**
 * The channels of one slot that lead to other slots, over one ring to and one ring from each of them. To the writer and
 * the gate they look like any other channel: items go to a {@link SubpartitionReceiver}, credit to a
 * {@link CreditReceiver}.
 *
 * Invariants: nothing blocks. Polling always empties the rings into the queues of the channels, so a channel that is held
 * back holds only its own buffers and two slots cannot wait for each other. Frames of one pair of slots stay in order;
 * credit and backlog are added up and sent once per flush. What arrives for a channel that is not registered yet (the
 * peer was quicker) is kept; there is little of it, for data needs credit.
 *
 * Caller: the loop of a slot, which polls and flushes every turn and sleeps only after a turn in which nothing moved.
 *
 * @module
 */

import { invariant } from "../errors.ts";
import type { ChannelItem, CreditReceiver, SubpartitionReceiver } from "./buffer.ts";
import { ExchangeArrivals } from "./exchange_arrivals.ts";
import { encodeEvent, EventDecoder } from "./item_codec.ts";
import { BACKLOG_ONLY } from "./result_partition.ts";
import { RingReader, RingWriter } from "./ring.ts";

/** The two rings between this slot and another. */
export interface SlotLink {
  /** Number of the other slot. */
  readonly peer: number;
  /** This slot reads it. */
  readonly inbound: SharedArrayBuffer;
  /** This slot writes it. */
  readonly outbound: SharedArrayBuffer;
}

/** What an exchange is made from. */
export interface SlotExchangeOptions {
  readonly links: readonly SlotLink[];
  /** Called when a peer may sleep though there is something for it: frames, or room for frames that waited. */
  readonly wakePeer: (peer: number) => void;
}

/** Counts since the start, but for `waitingFrames`. */
export interface ExchangeStatistics {
  buffersOut: number;
  bytesOut: number;
  eventsOut: number;
  creditsOut: number;
  buffersIn: number;
  bytesIn: number;
  eventsIn: number;
  creditsIn: number;
  wakeUps: number;
  /** Frames that no ring had room for yet. */
  waitingFrames: number;
}

/** Kinds of frames; the upper 24 bits of a DATA frame's kind are its rows. */
const DATA = 1;
const EVENT = 2;
const BACKLOG = 3;
const CREDIT = 4;
const ROWS_SHIFT = 8;
const KIND_MASK = 0xff;

const NO_BYTES = new Uint8Array(0);

/** See the module. */
export class SlotExchange {
  readonly #links: ReadonlyMap<number, PeerLink>;
  readonly #statistics: ExchangeStatistics = {
    buffersOut: 0,
    bytesOut: 0,
    eventsOut: 0,
    creditsOut: 0,
    buffersIn: 0,
    bytesIn: 0,
    eventsIn: 0,
    creditsIn: 0,
    wakeUps: 0,
    waitingFrames: 0,
  };
  #isPolling = false;

  constructor({ links, wakePeer }: SlotExchangeOptions) {
    const decoder = new EventDecoder();
    const wake = (peer: number) => {
      this.#statistics.wakeUps++;
      wakePeer(peer);
    };
    this.#links = new Map(links.map((link) => [link.peer, new PeerLink(link, wake, decoder, this.#statistics)]));
    invariant(this.#links.size === links.length, "Two links lead to one slot");
  }

  get statistics(): Readonly<ExchangeStatistics> {
    let waitingFrames = 0;
    for (const link of this.#links.values()) waitingFrames += link.waiting;
    return { ...this.#statistics, waitingFrames };
  }

  /**
   * The end of a channel that slot `peer` reads: takes the items, encoded, of the subpartition that gets its credit.
   *
   * @param channel Known to both slots by the same number; registered once.
   */
  outgoing(peer: number, channel: number, sender: CreditReceiver): SubpartitionReceiver {
    return this.#link(peer).outgoing(channel, sender);
  }

  /**
   * The end of a channel that slot `peer` writes: its items come to `receiver`, from the next {@link poll} on; the
   * credit given to what is returned goes to the sender.
   *
   * @param channel Known to both slots by the same number; registered once.
   */
  incoming(peer: number, channel: number, receiver: SubpartitionReceiver): CreditReceiver {
    return this.#link(peer).incoming(channel, receiver);
  }

  /**
   * Hands frames to receivers and credit to senders. Does nothing when called by one of those.
   *
   * @returns Whether there was anything.
   */
  poll(): boolean {
    if (this.#isPolling) return false;
    this.#isPolling = true;
    try {
      let hasMoved = false;
      for (const link of this.#links.values()) if (link.poll()) hasMoved = true;
      return hasMoved;
    } finally {
      this.#isPolling = false;
    }
  }

  /**
   * Sends what the channels were given, as far as the rings have room.
   *
   * @returns Whether nothing waits any more. Otherwise whoever reads the full ring wakes this slot when there is room.
   */
  flush(): boolean {
    let isDone = true;
    for (const link of this.#links.values()) if (!link.flush()) isDone = false;
    return isDone;
  }

  #link(peer: number): PeerLink {
    const link = this.#links.get(peer);
    invariant(link !== undefined, `No link leads to slot ${peer}`);
    return link;
  }
}

/** The channels to and from one other slot. */
class PeerLink {
  readonly #peer: number;
  readonly #reader: RingReader;
  readonly #writer: RingWriter;
  readonly #receivers = new ExchangeArrivals();
  readonly #senders = new ExchangeArrivals();
  /** Ends that have credit or backlog to tell with the next flush. */
  #news: ChannelNews[] = [];

  constructor(
    link: SlotLink,
    readonly wake: (peer: number) => void,
    readonly decoder: EventDecoder,
    readonly statistics: ExchangeStatistics,
  ) {
    this.#peer = link.peer;
    this.#reader = new RingReader(link.inbound);
    this.#writer = new RingWriter(link.outbound);
  }

  get waiting(): number {
    return this.#writer.waiting;
  }

  outgoing(channel: number, sender: CreditReceiver): SubpartitionReceiver {
    this.#senders.register(channel, (_kind, credit) => {
      this.statistics.creditsIn += credit;
      sender.addCredit(credit);
    });
    const backlogNews: ChannelNews = { kind: BACKLOG, channel, argument: 0, isPending: false };
    /** What the receiver knows once everything written has arrived. */
    let announced = 0;
    return {
      onItem: (item, backlog) => {
        if (item === BACKLOG_ONLY) {
          backlogNews.argument = backlog;
          if (backlog !== announced) this.#tell(backlogNews);
          announced = backlog;
          return;
        }
        // The item carries the latest backlog itself.
        backlogNews.isPending = false;
        announced = backlog;
        this.#send(channel, item, backlog);
      },
    };
  }

  incoming(channel: number, receiver: SubpartitionReceiver): CreditReceiver {
    this.#receivers.register(channel, (kind, backlog, payload) => receiver.onItem(this.#item(kind, payload), backlog));
    const creditNews: ChannelNews = { kind: CREDIT, channel, argument: 0, isPending: false };
    return {
      addCredit: (credit) => {
        creditNews.argument = creditNews.isPending ? creditNews.argument + credit : credit;
        if (creditNews.argument > 0) this.#tell(creditNews);
      },
    };
  }

  poll(): boolean {
    let count = this.#receivers.deliverEarly() + this.#senders.deliverEarly();
    count += this.#reader.read((kind, channel, argument, payload) => {
      const arrivals = kind === CREDIT ? this.#senders : this.#receivers;
      arrivals.take(channel, kind, argument, payload);
    });
    if (this.#reader.takeWake()) this.wake(this.#peer);
    return count > 0;
  }

  flush(): boolean {
    let isDone: boolean;
    do {
      // News waits for room outside the queue, where it goes on being added up.
      if (this.#writer.waiting === 0) this.#writeNews();
      isDone = this.#writer.flush();
    } while (isDone && this.#news.length > 0);
    if (this.#writer.takeWake()) this.wake(this.#peer);
    return isDone;
  }

  #send(channel: number, item: ChannelItem, backlog: number): void {
    if (item.kind !== "data") {
      this.statistics.eventsOut++;
      this.#writer.write(EVENT, channel, backlog, encodeEvent(item));
      return;
    }
    const { bytes, rows } = item;
    invariant(bytes !== undefined, "A batch held by reference cannot go to another slot");
    invariant(rows < 2 ** 24, `A buffer of ${rows} rows`);
    this.statistics.buffersOut++;
    this.statistics.bytesOut += bytes.length;
    this.#writer.write(DATA | rows << ROWS_SHIFT, channel, backlog, bytes);
  }

  #item(kind: number, payload: Uint8Array<ArrayBuffer>): ChannelItem {
    switch (kind & KIND_MASK) {
      case DATA:
        this.statistics.buffersIn++;
        this.statistics.bytesIn += payload.length;
        return { kind: "data", rows: kind >>> ROWS_SHIFT, sizeBytes: payload.length, bytes: payload };
      case BACKLOG:
        return BACKLOG_ONLY;
      default:
        this.statistics.eventsIn++;
        return this.decoder.decode(payload);
    }
  }

  #tell(news: ChannelNews): void {
    news.isPending = true;
    if (!news.isListed) this.#news.push(news);
    news.isListed = true;
  }

  #writeNews(): void {
    if (this.#news.length === 0) return;
    const all = this.#news;
    this.#news = [];
    for (const news of all) {
      news.isListed = false;
      if (!news.isPending) continue;
      news.isPending = false;
      if (news.kind === CREDIT) this.statistics.creditsOut += news.argument;
      this.#writer.write(news.kind, news.channel, news.argument, NO_BYTES);
    }
  }
}

/** A number to tell the other slot about a channel. */
interface ChannelNews {
  readonly kind: number;
  readonly channel: number;
  argument: number;
  isPending: boolean;
  /** Whether the link has it in its list, pending or not. */
  isListed?: boolean;
}
