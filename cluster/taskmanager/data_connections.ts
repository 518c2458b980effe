/**
 * The two kinds of data connections of a TaskManager: the one it has opened to another TaskManager, and those that others
 * have opened to it. For every ordered pair there is one. The opener asks for links by number and sends data over them;
 * the other end accepts or refuses and sends credit.
 *
 * Frames beside those of the slots (kinds from 16 on, channel and argument 0): OPEN with "<from>\n<to>", both slot keys;
 * ACCEPT; REFUSE with the reason; CLOSE when the slot of the opener has ended.
 *
 * Invariants: what comes for a link that is not there is dropped and counted. A frame that is none ends its connection,
 * with all its links, and nothing else.
 *
 * Caller: shuffle_service.ts.
 *
 * @module
 */

import { BugError, FlinkError, JobExecutionError } from "../../runtime/errors.ts";
import type { Connection } from "../../runtime/seams/transport.ts";
import { DATA_HEADER_BYTES, decodeDataFrame, writeDataFrame } from "../../runtime/wire/data_frame.ts";
import type { LinkConnection, ShuffleLink } from "./shuffle_link.ts";

/** Kinds of frames that are not the slots'. */
export const LinkFrame = { OPEN: 16, ACCEPT: 17, REFUSE: 18, CLOSE: 19 } as const;

/** Counts since the start. */
export interface ShuffleCounters {
  framesOut: number;
  framesIn: number;
  bytesOut: number;
  bytesIn: number;
  /** Of attempts that are over. */
  droppedFrames: number;
  malformedFrames: number;
  refusedLinks: number;
}

const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What both kinds share: frames with their fields, and knowing when there is enough to do. */
abstract class DataConnection implements LinkConnection {
  #isCongested = false;
  #isClosed = false;

  constructor(
    readonly connection: Connection,
    readonly counters: ShuffleCounters,
    readonly limits: { readonly maxConnectionBytes: number },
    /** There is room again. */
    readonly onRoom: () => void,
  ) {
    // What waits for room in a ring is copied there.
    connection.lendsFrames = true;
    connection.onFrame = (frame) => this.#onFrame(frame);
    connection.onClose = (cause) => {
      this.#isClosed = true;
      this.onLost(cause);
    };
  }

  get isCongested(): boolean {
    const { connection, limits: { maxConnectionBytes } } = this;
    if (this.#isCongested || connection.bufferedBytes < maxConnectionBytes) return this.#isCongested;
    this.#isCongested = true;
    connection.onceDrained(maxConnectionBytes >> 1, () => {
      this.#isCongested = false;
      this.onRoom();
    });
    return true;
  }

  send(link: number, kind: number, channel: number, argument: number, payload: Uint8Array): void {
    const bytes = DATA_HEADER_BYTES + payload.length;
    this.counters.framesOut++;
    this.counters.bytesOut += bytes;
    writeDataFrame(this.connection.reserve(bytes), { link, kind, channel, argument, payload });
  }

  close(cause?: FlinkError): void {
    this.#isClosed = true;
    this.connection.close(cause);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  protected abstract onLinkFrame(
    link: number,
    kind: number,
    channel: number,
    argument: number,
    payload: Uint8Array<ArrayBuffer>,
  ): void;
  protected abstract onLost(cause: FlinkError | undefined): void;

  #onFrame(frame: Uint8Array<ArrayBuffer>): void {
    this.counters.framesIn++;
    this.counters.bytesIn += frame.length;
    try {
      const { link, kind, channel, argument, payload } = decodeDataFrame(frame);
      this.onLinkFrame(link, kind, channel, argument, payload);
    } catch (error) {
      this.counters.malformedFrames++;
      const cause = error instanceof FlinkError ? error : broken(error);
      this.close(cause);
      this.onLost(cause);
    }
  }
}

/** Who hears of an opened connection. */
export interface OutgoingListener {
  /** There is something to carry. */
  wake(): void;
  /** Something has arrived for the slot of the link. */
  arrived(link: ShuffleLink): void;
  refused(link: ShuffleLink, reason: string): void;
  /** The connection is lost, with all links that it had. */
  lost(connection: OutgoingConnection, links: readonly ShuffleLink[], cause: FlinkError | undefined): void;
}

/** What this TaskManager has opened to another one: data goes out, credit comes back. */
export class OutgoingConnection extends DataConnection {
  readonly #listener: OutgoingListener;
  readonly #links = new Map<number, ShuffleLink>();
  readonly #ids = new Map<ShuffleLink, number>();
  #lastId = 0;
  #isLost = false;

  constructor(
    connection: Connection,
    counters: ShuffleCounters,
    limits: { readonly maxConnectionBytes: number },
    listener: OutgoingListener,
  ) {
    super(connection, counters, limits, () => listener.wake());
    this.#listener = listener;
  }

  get isIdle(): boolean {
    return this.#links.size === 0;
  }

  /** Asks the peer for a link; the number is never used twice. */
  request(link: ShuffleLink): void {
    link.moveTo("REQUESTED");
    const id = this.#lastId = (this.#lastId + 1) >>> 0;
    this.#links.set(id, link);
    this.#ids.set(link, id);
    const { slotKey, peerKey } = link.spec;
    this.send(id, LinkFrame.OPEN, 0, 0, encoder.encode(`${slotKey}\n${peerKey}`));
  }

  /** The slot has ended. */
  remove(link: ShuffleLink): void {
    const id = this.#ids.get(link);
    if (id === undefined) return;
    this.#forget(id, link);
    if (!this.isClosed) this.send(id, LinkFrame.CLOSE, 0, 0, NO_BYTES);
  }

  protected onLinkFrame(id: number, kind: number, channel: number, argument: number, payload: Uint8Array): void {
    const link = this.#links.get(id);
    if (link === undefined) {
      this.counters.droppedFrames++;
      return;
    }
    switch (kind) {
      case LinkFrame.ACCEPT:
        link.open(this, id);
        return this.#listener.wake();
      case LinkFrame.REFUSE:
        this.#forget(id, link);
        this.counters.refusedLinks++;
        link.moveTo("REFUSED");
        return this.#listener.refused(link, decoder.decode(payload));
      default:
        link.receive(kind, channel, argument, payload);
        this.#listener.arrived(link);
    }
  }

  protected onLost(cause: FlinkError | undefined): void {
    if (this.#isLost) return;
    this.#isLost = true;
    const links = [...this.#links.values()];
    this.#links.clear();
    this.#ids.clear();
    this.#listener.lost(this, links, cause);
  }

  #forget(id: number, link: ShuffleLink): void {
    this.#links.delete(id);
    this.#ids.delete(link);
  }
}

/** Who hears of a connection that another TaskManager has opened. */
export interface IncomingListener {
  wake(): void;
  /** The peer asks for a link: to be answered by {@link IncomingConnection.accept} or `refuse`, now or later. */
  requested(connection: IncomingConnection, request: LinkRequest): void;
  arrived(link: ShuffleLink): void;
  /** The peer does not keep to its credit. */
  failed(link: ShuffleLink, error: FlinkError): void;
  /** The connection is lost, with the links whose data came over it. */
  lost(connection: IncomingConnection, links: readonly ShuffleLink[], cause: FlinkError | undefined): void;
}

/** A peer's slot wants to send to a slot here. */
export interface LinkRequest {
  readonly id: number;
  /** The slot there. */
  readonly from: string;
  /** The slot here. */
  readonly to: string;
}

/** What another TaskManager has opened: data comes in, credit goes back. */
export class IncomingConnection extends DataConnection {
  readonly #listener: IncomingListener;
  readonly #links = new Map<number, ShuffleLink>();
  #isLost = false;

  constructor(
    connection: Connection,
    counters: ShuffleCounters,
    limits: { readonly maxConnectionBytes: number },
    listener: IncomingListener,
  ) {
    super(connection, counters, limits, () => {});
    this.#listener = listener;
  }

  accept({ id }: LinkRequest, link: ShuffleLink): void {
    this.#links.set(id, link);
    this.send(id, LinkFrame.ACCEPT, 0, 0, NO_BYTES);
    link.attach(this, id);
  }
  refuse({ id }: LinkRequest, reason: string): void {
    this.counters.refusedLinks++;
    this.send(id, LinkFrame.REFUSE, 0, 0, encoder.encode(reason));
  }
  /** The slot here has ended: what still comes for it is dropped. */
  remove(link: ShuffleLink): void {
    for (const [id, each] of this.#links) if (each === link) this.#links.delete(id);
  }

  protected onLinkFrame(id: number, kind: number, channel: number, argument: number, payload: Uint8Array): void {
    const link = this.#links.get(id);
    switch (kind) {
      case LinkFrame.OPEN:
        return this.#listener.requested(this, parseRequest(id, payload));
      case LinkFrame.CLOSE:
        this.#links.delete(id);
        return link?.detach();
    }
    if (link === undefined) {
      this.counters.droppedFrames++;
      return;
    }
    try {
      link.receive(kind, channel, argument, payload);
    } catch (error) {
      this.#links.delete(id);
      return this.#listener.failed(link, error as FlinkError);
    }
    this.#listener.arrived(link);
  }

  protected onLost(cause: FlinkError | undefined): void {
    if (this.#isLost) return;
    this.#isLost = true;
    const links = [...this.#links.values()];
    this.#links.clear();
    this.#listener.lost(this, links, cause);
  }
}

function broken(cause: unknown): BugError {
  return new BugError("TSF-5277", "A frame of a data connection cannot be handled", {
    hint: "This is a defect of tsflink; please report it with the job.",
    cause,
  });
}

function parseRequest(id: number, payload: Uint8Array): LinkRequest {
  const [from, to, ...others] = decoder.decode(payload).split("\n");
  if (from !== undefined && to !== undefined && others.length === 0) return { id, from, to };
  throw new JobExecutionError("TSF-5267", "A data connection asks for a link that is none", {
    expected: "two slot keys",
    found: JSON.stringify(decoder.decode(payload.subarray(0, 200))),
  });
}
