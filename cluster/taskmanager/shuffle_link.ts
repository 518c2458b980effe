/**
 * One link between a slot of this TaskManager and a slot of another one: the ends of its two rings that the shuffle
 * service holds, and the data connections that carry what the rings bring.
 *
 * Data, events and backlog go out over the connection this side has opened; credit goes back over the one the peer has
 * opened. What arrives is put into the slot's ring at once, so the connection never waits for a slot: flow control is the
 * credit of the channels.
 *
 * Invariants: nothing is read from the slot's ring before the peer has accepted the link, or while the connection has
 * enough to do; credit for a connection that is not there yet is added up by channel. Frames keep their order.
 *
 * Caller: shuffle_service.ts and data_connections.ts.
 *
 * @module
 */

import { BugError, type FlinkError, JobExecutionError } from "../../runtime/errors.ts";
import { createRing, type RingOptions, RingReader, RingWriter } from "../../runtime/network/ring.ts";
import type { Parker } from "../../runtime/seams/parker.ts";
import type { Address } from "../../runtime/seams/transport.ts";

/** Where a link is on its way. */
export type LinkState = "CONNECTING" | "REQUESTED" | "REFUSED" | "OPEN" | "CLOSED";

/** Legal successors of each state. */
export const LINK_TRANSITIONS: Readonly<Record<LinkState, readonly LinkState[]>> = {
  CONNECTING: ["REQUESTED", "CLOSED"],
  REQUESTED: ["OPEN", "REFUSED", "CLOSED"],
  REFUSED: ["REQUESTED", "CLOSED"],
  OPEN: ["CLOSED"],
  CLOSED: [],
};

/** Kind of a frame that gives credit; those of slot_exchange.ts that matter here. */
export const CREDIT = 4;
/** Lower bits of a frame's kind. */
const KIND_MASK = 0xff;
const DATA = 1;
const NO_BYTES = new Uint8Array(0);

/** What leads from a slot to one of another TaskManager. */
export interface LinkSpec {
  /** The slot here. */
  readonly slotKey: string;
  /** The slot there. */
  readonly peerKey: string;
  readonly peerAddress: Address;
  readonly ring: RingOptions;
  /** Wakes the slot. */
  readonly doorbell: Parker;
  /** The link cannot be used any more; it is gone by then. Called at most once. */
  readonly onFailed: (error: FlinkError) => void;
}

/** Counts of a link since its start, but for what is queued. */
export interface LinkStatistics {
  readonly slotKey: string;
  readonly peerKey: string;
  readonly state: LinkState;
  readonly buffersOut: number;
  readonly bytesOut: number;
  readonly buffersIn: number;
  readonly bytesIn: number;
  /** Bytes that have arrived and that the slot's ring has no room for. */
  readonly queuedBytes: number;
  readonly maxQueuedBytes: number;
}

/** Where a link sends. */
export interface LinkConnection {
  /** It has as much to do as it may have. */
  readonly isCongested: boolean;
  send(link: number, kind: number, channel: number, argument: number, payload: Uint8Array): void;
}

/** See the module. */
export class ShuffleLink {
  /** The slot reads it. */
  readonly inbound: SharedArrayBuffer;
  /** The slot writes it. */
  readonly outbound: SharedArrayBuffer;
  readonly #reader: RingReader;
  readonly #writer: RingWriter;
  readonly #maxQueuedBytes: number;
  #state: LinkState = "CONNECTING";
  #out: { readonly connection: LinkConnection; readonly id: number } | undefined;
  #in: { readonly connection: LinkConnection; readonly id: number } | undefined;
  /** By channel, while the peer has not opened its connection. */
  readonly #heldCredit = new Map<number, number>();
  #counts = { buffersOut: 0, bytesOut: 0, buffersIn: 0, bytesIn: 0, maxQueuedBytes: 0 };
  /** The slot's tasks run: all slots of the attempt are there. */
  hasStarted = false;

  /** @param maxQueuedBytes More than that waiting for the slot is a peer that does not keep to its credit. */
  constructor(readonly spec: LinkSpec, maxQueuedBytes: number) {
    this.#maxQueuedBytes = maxQueuedBytes;
    this.inbound = createRing(spec.ring);
    this.outbound = createRing(spec.ring);
    // What it hands out is copied into a frame at once.
    this.#reader = new RingReader(this.outbound, { lendsFrames: true });
    this.#writer = new RingWriter(this.inbound, { copiesWaiting: true });
  }

  get state(): LinkState {
    return this.#state;
  }
  /** @throws BugError TSF-5263 for a step that is not in the table. */
  moveTo(state: LinkState): void {
    if (!LINK_TRANSITIONS[this.#state].includes(state)) {
      throw new BugError("TSF-5263", `A link cannot go from ${this.#state} to ${state}`, {
        expected: `one of ${LINK_TRANSITIONS[this.#state].join(", ") || "nothing (terminal)"}`,
        found: state,
      });
    }
    this.#state = state;
  }
  get statistics(): LinkStatistics {
    const { slotKey, peerKey } = this.spec;
    return { slotKey, peerKey, state: this.#state, ...this.#counts, queuedBytes: this.#writer.waitingBytes };
  }

  /** What goes out goes here from now on: the peer has accepted the link. */
  open(connection: LinkConnection, id: number): void {
    this.moveTo("OPEN");
    this.#out = { connection, id };
  }
  /** The peer has opened its half: credit goes there. */
  attach(connection: LinkConnection, id: number): void {
    this.#in = { connection, id };
    for (const [channel, credit] of this.#heldCredit) connection.send(id, CREDIT, channel, credit, NO_BYTES);
    this.#heldCredit.clear();
  }
  get isAttached(): boolean {
    return this.#in !== undefined;
  }
  detach(): void {
    this.#in = undefined;
  }

  /**
   * Carries what the slot has written to the connections, as far as they take it.
   *
   * @returns Whether there is more that could go at once.
   */
  pump(maxRingSlots: number): boolean {
    const out = this.#out;
    if (this.#state !== "OPEN" || out === undefined) return false;
    let left = maxRingSlots;
    // Few at a time: between them the connection may have got enough to do.
    while (left > 0 && !out.connection.isCongested && this.#reader.hasMore) {
      const few = Math.min(left, RING_SLOTS_AT_ONCE);
      left -= few;
      this.#reader.read((kind, channel, argument, payload) => {
        if ((kind & KIND_MASK) === CREDIT) return this.#giveCredit(channel, argument);
        if ((kind & KIND_MASK) === DATA) {
          this.#counts.buffersOut++;
          this.#counts.bytesOut += payload.length;
        }
        out.connection.send(out.id, kind, channel, argument, payload);
      }, few);
    }
    if (this.#reader.takeWake()) this.spec.doorbell.wake();
    return !out.connection.isCongested && this.#reader.hasMore;
  }

  /**
   * Takes a frame of the peer; it may stay unseen by the slot until {@link flush}.
   *
   * @throws JobExecutionError TSF-5266 when the peer sends much more than it was given credit for.
   */
  receive(kind: number, channel: number, argument: number, payload: Uint8Array): void {
    if ((kind & KIND_MASK) === DATA) {
      this.#counts.buffersIn++;
      this.#counts.bytesIn += payload.length;
    }
    this.#writer.write(kind, channel, argument, payload);
    const queued = this.#writer.waitingBytes;
    if (queued > this.#counts.maxQueuedBytes) this.#counts.maxQueuedBytes = queued;
    if (queued > this.#maxQueuedBytes) throw overflow(this.spec, queued, this.#maxQueuedBytes);
  }

  /** Shows the slot what has arrived, as far as its ring has room. */
  flush(): void {
    this.#writer.flush();
    if (this.#writer.takeWake()) this.spec.doorbell.wake();
  }
  /** Something has arrived that the ring had no room for. */
  get isWaiting(): boolean {
    return this.#writer.waiting > 0;
  }

  #giveCredit(channel: number, credit: number): void {
    if (this.#in !== undefined) return this.#in.connection.send(this.#in.id, CREDIT, channel, credit, NO_BYTES);
    this.#heldCredit.set(channel, (this.#heldCredit.get(channel) ?? 0) + credit);
  }
}

const RING_SLOTS_AT_ONCE = 8;

function overflow({ slotKey, peerKey }: LinkSpec, queued: number, limit: number): JobExecutionError {
  return new JobExecutionError("TSF-5266", `Slot ${peerKey} sends more than slot ${slotKey} has given it credit for`, {
    expected: `at most ${limit} bytes that wait for the slot`,
    found: `${queued} bytes`,
    hint: "This is a defect of tsflink; please report it with the job.",
  });
}
