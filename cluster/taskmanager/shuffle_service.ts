/**
 * Carries frames between the slots of this TaskManager and those of others. A slot sees nothing but a ring pair; the other
 * ends of its rings are here, in the main thread, which owns the sockets.
 *
 * It sleeps on a doorbell of its own, which slots ring when they have written or made room; connections wake it when they
 * take more. Idle it does nothing at all.
 *
 * Invariants: a ring is read only as far as the connection takes what is in it (`maxConnectionBytes`), so what a slow peer
 * or network cannot take stays with the slot, which stops when its buffers are full. What arrives is bounded by the credit
 * that the slot has given. Links of slots that have ended are refused at once; those of slots that are not there yet wait
 * for a limited time.
 *
 * Callers: task_executor.ts (connections, life), deployed_slots.ts (links).
 *
 * @module
 */

import { type FlinkError, JobExecutionError } from "../../runtime/errors.ts";
import type { Cancel, Clock } from "../../runtime/seams/clock.ts";
import type { Log } from "../../runtime/seams/log.ts";
import type { Parker } from "../../runtime/seams/parker.ts";
import type { Address, Connection, Transport } from "../../runtime/seams/transport.ts";
import { IncomingConnection, type LinkRequest, OutgoingConnection, type ShuffleCounters } from "./data_connections.ts";
import { type LinkSpec, type LinkStatistics, ShuffleLink } from "./shuffle_link.ts";
import type { Doorbells, TaskManagerLimits } from "./task_manager_options.ts";

/** What a shuffle service is made from. */
export interface ShuffleServiceOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly doorbells: Doorbells;
  readonly letEventLoopRun: (pollsSockets: boolean) => Promise<void>;
  readonly limits: Pick<
    TaskManagerLimits,
    "maxConnectionBytes" | "maxWaitingLinks" | "maxEndedKeys" | "linkTimeoutMs"
  >;
}

/** The slot's ends of a link. */
export interface LinkMemory {
  readonly inbound: SharedArrayBuffer;
  readonly outbound: SharedArrayBuffer;
  /** What the slot rings when it has written, or made room. */
  readonly doorbell: SharedArrayBuffer;
}

/** Ring slots of one link between two looks at the others. */
const RING_SLOTS_PER_TURN = 32;
/** Longest sleep: only a net, everything rings. */
const MAX_PARK_MS = 60_000;
/** A connection without links is closed after so long. */
const IDLE_CONNECTION_MS = 10_000;
/** First wait before a refused link is asked for again; doubled each time. */
const FIRST_RETRY_MS = 100;
/** What may wait for a slot beyond its ring: as much again, and one record of the largest size. */
const MAX_LARGE_RECORD_BYTES = 64 * 1024 * 1024;

interface WaitingRequest {
  readonly connection: IncomingConnection;
  readonly request: LinkRequest;
  readonly stopTimer: Cancel;
}

/** See the module. */
export class ShuffleService {
  readonly #options: ShuffleServiceOptions;
  readonly #memory: SharedArrayBuffer;
  readonly #parker: Parker;
  /** By {@link linkKey}. */
  readonly #links = new Map<string, ShuffleLink>();
  /** By slot key. */
  readonly #ended = new Set<string>();
  /** By peer: opened, or on the way to it. */
  readonly #outgoing = new Map<string, Promise<OutgoingConnection>>();
  readonly #open = new Map<string, OutgoingConnection>();
  readonly #incoming = new Set<IncomingConnection>();
  /** Of peers, by the link they ask for. */
  readonly #waiting = new Map<string, WaitingRequest>();
  readonly #dirty = new Set<ShuffleLink>();
  /** Waits before the next request, by link; beyond the first. */
  readonly #retries = new WeakMap<ShuffleLink, number>();
  readonly #timers = new Set<Cancel>();
  readonly #counters: ShuffleCounters = {
    framesOut: 0,
    framesIn: 0,
    bytesOut: 0,
    bytesIn: 0,
    droppedFrames: 0,
    malformedFrames: 0,
    refusedLinks: 0,
  };
  #isClosed = false;

  constructor(options: ShuffleServiceOptions) {
    this.#options = options;
    this.#memory = options.doorbells.allocate(1);
    this.#parker = options.doorbells.at(this.#memory, 0);
  }

  /** Runs until {@link close}; rejects with a defect. */
  async run(): Promise<void> {
    for (;;) {
      const ticket = this.#parker.ticket();
      const hasMore = this.#turn();
      if (this.#isClosed) return;
      // Sockets get their turn also while slots write without a pause.
      const parked = hasMore ? undefined : this.#parker.park(ticket, MAX_PARK_MS, false);
      await (parked ?? this.#options.letEventLoopRun(true));
      if (this.#isClosed) return;
    }
  }

  /** A slot here and one elsewhere are linked from now on; the link is asked for in the background. */
  register(spec: LinkSpec): LinkMemory {
    const { ringSlots, slotBytes } = spec.ring;
    const link = new ShuffleLink(spec, 2 * ringSlots * slotBytes + MAX_LARGE_RECORD_BYTES);
    const key = linkKey(spec.slotKey, spec.peerKey);
    this.#links.set(key, link);
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) this.#answer(key, waiting, link);
    void this.#connect(link, FIRST_RETRY_MS);
    return { inbound: link.inbound, outbound: link.outbound, doorbell: this.#memory };
  }

  /** The slot's tasks run, so all slots of its attempt are there: a link that is refused from now on fails. */
  started(slotKey: string): void {
    for (const link of this.#ofSlot(slotKey)) link.hasStarted = true;
  }

  /** The slot has ended. */
  unregister(slotKey: string): void {
    this.#rememberEnded(slotKey);
    for (const link of this.#ofSlot(slotKey)) this.#remove(link);
    for (const [key, { connection, request, stopTimer }] of this.#waiting) {
      if (request.to !== slotKey) continue;
      stopTimer();
      this.#waiting.delete(key);
      connection.refuse(request, OVER);
    }
  }

  /** Another TaskManager has opened a data connection. */
  onConnection(connection: Connection): void {
    const incoming = new IncomingConnection(connection, this.#counters, this.#options.limits, {
      wake: () => this.#parker.wake(),
      requested: (from, request) => this.#requested(from, request),
      arrived: (link) => this.#arrived(link),
      failed: (link, error) => this.#fail(link, error),
      lost: (lost, links, cause) => {
        this.#incoming.delete(lost);
        for (const [key, { connection, stopTimer }] of this.#waiting) {
          if (connection !== lost) continue;
          stopTimer();
          this.#waiting.delete(key);
        }
        for (const link of links) this.#fail(link, connectionLost(link, cause));
      },
    });
    this.#incoming.add(incoming);
    if (this.#isClosed) incoming.close();
  }

  get counters(): Readonly<ShuffleCounters> {
    return this.#counters;
  }
  /** Of the links there are now. */
  links(): LinkStatistics[] {
    return [...this.#links.values()].map(({ statistics }) => statistics);
  }
  /** What is there now, for tests of leaks. */
  get sizes(): { readonly links: number; readonly connections: number; readonly waiting: number } {
    return {
      links: this.#links.size,
      connections: this.#outgoing.size + this.#incoming.size,
      waiting: this.#waiting.size,
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const link of [...this.#links.values()]) this.#remove(link);
    for (const { stopTimer } of this.#waiting.values()) stopTimer();
    this.#waiting.clear();
    for (const stop of this.#timers) stop();
    this.#timers.clear();
    for (const connection of this.#open.values()) connection.close();
    for (const connection of this.#incoming) connection.close();
    this.#parker.wake();
  }

  /** One look at all links; whether one has more that could go at once. */
  #turn(): boolean {
    let hasMore = false;
    for (const link of this.#links.values()) {
      try {
        if (link.isWaiting) link.flush();
        if (link.pump(RING_SLOTS_PER_TURN)) hasMore = true;
      } catch (error) {
        // A ring that holds nonsense is its slot's end, not that of the others.
        this.#fail(link, connectionLost(link, error));
      }
    }
    return hasMore;
  }

  /** Frames come in bursts: the slot is shown all of one at once. */
  #arrived(link: ShuffleLink): void {
    this.#dirty.add(link);
    if (this.#dirty.size > 1) return;
    void Promise.resolve().then(() => {
      for (const each of this.#dirty) each.flush();
      this.#dirty.clear();
    });
  }

  async #connect(link: ShuffleLink, retryMs: number): Promise<void> {
    const { peerAddress } = link.spec;
    try {
      const connection = await this.#connectionTo(peerAddress);
      if (link.state === "CLOSED") return this.#closeIfIdle(peerAddress, connection);
      this.#retries.set(link, retryMs);
      connection.request(link);
    } catch (cause) {
      if (link.state !== "CLOSED") this.#fail(link, connectionLost(link, cause));
    }
  }

  #connectionTo(address: Address): Promise<OutgoingConnection> {
    const name = nameOf(address);
    const known = this.#outgoing.get(name);
    if (known !== undefined) return known;
    const { transport, limits } = this.#options;
    const connecting = transport.connect(address, "data").then((connection) => {
      const outgoing = new OutgoingConnection(connection, this.#counters, limits, {
        wake: () => this.#parker.wake(),
        arrived: (link) => this.#arrived(link),
        refused: (link, reason) => this.#refused(link, reason),
        lost: (lost, links, cause) => {
          if (this.#open.get(name) === lost) {
            this.#open.delete(name);
            this.#outgoing.delete(name);
          }
          for (const link of links) this.#fail(link, connectionLost(link, cause));
        },
      });
      this.#open.set(name, outgoing);
      if (this.#isClosed) outgoing.close();
      return outgoing;
    });
    this.#outgoing.set(name, connecting);
    connecting.catch(() => this.#outgoing.delete(name));
    return connecting;
  }

  #requested(connection: IncomingConnection, request: LinkRequest): void {
    const key = linkKey(request.to, request.from);
    const link = this.#links.get(key);
    if (link !== undefined && !link.isAttached) return connection.accept(request, link);
    if (link !== undefined || this.#waiting.has(key)) return connection.refuse(request, "the link is there already");
    if (this.#ended.has(request.to)) return connection.refuse(request, OVER);
    const { maxWaitingLinks, linkTimeoutMs } = this.#options.limits;
    if (this.#waiting.size >= maxWaitingLinks) {
      return connection.refuse(request, `${maxWaitingLinks} links wait already`);
    }
    const stopTimer = this.#options.clock.after(linkTimeoutMs, () => {
      this.#waiting.delete(key);
      connection.refuse(request, `the slot is not there after ${linkTimeoutMs} ms`);
    });
    this.#waiting.set(key, { connection, request, stopTimer });
  }

  #answer(key: string, { connection, request, stopTimer }: WaitingRequest, link: ShuffleLink): void {
    stopTimer();
    this.#waiting.delete(key);
    connection.accept(request, link);
  }

  /** The other slot may come later, as long as not all slots of the attempt are known to be there. */
  #refused(link: ShuffleLink, reason: string): void {
    if (link.hasStarted || reason === OVER) return this.#fail(link, notFound(link, reason));
    const retryMs = this.#retries.get(link) ?? FIRST_RETRY_MS;
    this.#after(retryMs, () => {
      if (link.state === "REFUSED") {
        void this.#connect(link, Math.min(2 * retryMs, this.#options.limits.linkTimeoutMs));
      }
    });
  }

  #fail(link: ShuffleLink, error: FlinkError): void {
    if (link.state === "CLOSED") return;
    this.#remove(link);
    link.spec.onFailed(error);
  }

  #remove(link: ShuffleLink): void {
    const { slotKey, peerKey, peerAddress } = link.spec;
    if (link.state !== "CLOSED") link.moveTo("CLOSED");
    link.detach();
    this.#links.delete(linkKey(slotKey, peerKey));
    this.#dirty.delete(link);
    for (const connection of this.#incoming) connection.remove(link);
    const outgoing = this.#open.get(nameOf(peerAddress));
    if (outgoing === undefined) return;
    outgoing.remove(link);
    this.#closeIfIdle(peerAddress, outgoing);
  }

  /** The next attempt may need it soon. */
  #closeIfIdle(address: Address, connection: OutgoingConnection): void {
    if (!connection.isIdle || this.#isClosed) return;
    this.#after(IDLE_CONNECTION_MS, () => {
      const name = nameOf(address);
      if (this.#open.get(name) !== connection || !connection.isIdle) return;
      this.#open.delete(name);
      this.#outgoing.delete(name);
      connection.close();
    });
  }

  #after(ms: number, call: () => void): void {
    const stop = this.#options.clock.after(ms, () => {
      this.#timers.delete(stop);
      call();
    });
    this.#timers.add(stop);
  }

  #ofSlot(slotKey: string): ShuffleLink[] {
    return [...this.#links.values()].filter(({ spec }) => spec.slotKey === slotKey);
  }

  #rememberEnded(slotKey: string): void {
    this.#ended.delete(slotKey);
    this.#ended.add(slotKey);
    if (this.#ended.size <= this.#options.limits.maxEndedKeys) return;
    for (const oldest of this.#ended) {
      this.#ended.delete(oldest);
      break;
    }
  }
}

/** Why a link is refused whose slot has ended. */
const OVER = "the slot has ended";

function linkKey(slotKey: string, peerKey: string): string {
  return `${slotKey}\n${peerKey}`;
}

function nameOf({ host, port }: Address): string {
  return `${host}:${port}`;
}

function connectionLost({ spec }: ShuffleLink, cause: unknown): JobExecutionError {
  const { slotKey, peerKey, peerAddress } = spec;
  return new JobExecutionError("TSF-5264", `The data connection to TaskManager ${nameOf(peerAddress)} is lost`, {
    expected: `a connection between slot ${slotKey} and slot ${peerKey} until both have ended`,
    found: cause === undefined ? "a TaskManager that says goodbye" : "a connection that broke or could not be made",
    hint: "The TaskManager may have been killed or be unreachable; its log says more.",
    cause,
  });
}

function notFound({ spec }: ShuffleLink, reason: string): JobExecutionError {
  const { slotKey, peerKey, peerAddress } = spec;
  return new JobExecutionError("TSF-5265", `Slot ${peerKey} is not at TaskManager ${nameOf(peerAddress)}`, {
    expected: `a slot that exchanges data with slot ${slotKey}`,
    found: reason,
    hint: "Its attempt has failed or was cancelled; the cause is with that slot.",
  });
}
