/**
 * Connections between endpoints of one process, for local mode, tests and simulation: the Transport contract without
 * sockets. Frames go over as they are, without a copy, and arrive by `post`, never inline.
 *
 * @module
 */

import type { FlinkError } from "../../runtime/errors.ts";
import type { Address, Connection, ConnectionKind, Listener, Transport } from "../../runtime/seams/transport.ts";
import { cannotListen, connectionLost, frameTooLarge, nobodyThere } from "./transport_errors.ts";

/** How deliveries are planned. */
export interface InProcessNetworkOptions {
  /** Runs `fn` soon, in order. Default: as a microtask. */
  readonly post?: (fn: () => void) => void;
}

const FIRST_PORT = 20_000;

/** All that listens and all connections of one simulated network. */
export class InProcessNetwork {
  readonly #listeners = new Map<string, (connection: Connection) => void>();
  readonly #ends = new Set<InProcessConnection>();
  readonly #post: (fn: () => void) => void;
  #nextPort = FIRST_PORT;

  constructor({ post }: InProcessNetworkOptions = {}) {
    this.#post = post ?? ((fn) => void Promise.resolve().then(fn));
  }

  /** A way into this network; port 0 gets a free one. */
  transport(host = "127.0.0.1"): Transport {
    return {
      listen: (address, onConnection) => this.#listen(address, onConnection),
      connect: (address, kind) => this.#connect({ host, port: this.#nextPort++ }, address, kind),
    };
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#ends.size / 2;
  }

  /** Breaks every connection that ends at this address, as when its process is killed. */
  cut(address: Address): void {
    for (const end of this.#ends) {
      if (sameAddress(end.local, address) || sameAddress(end.peer, address)) end.break();
    }
  }

  async #listen(address: Address, onConnection: (connection: Connection) => void): Promise<Listener> {
    await Promise.resolve();
    const bound = { host: address.host, port: address.port === 0 ? this.#nextPort++ : address.port };
    const key = keyOf(bound);
    if (this.#listeners.has(key)) throw cannotListen(bound);
    this.#listeners.set(key, onConnection);
    return {
      address: bound,
      close: () => {
        this.#listeners.delete(key);
        for (const end of this.#ends) if (sameAddress(end.local, bound)) end.close();
        return Promise.resolve();
      },
    };
  }

  async #connect(from: Address, to: Address, kind: ConnectionKind): Promise<Connection> {
    await Promise.resolve();
    const onConnection = this.#listeners.get(keyOf(to));
    if (onConnection === undefined) throw nobodyThere(to);
    const [near, far] = InProcessConnection.pair({
      near: from,
      far: to,
      kind,
      post: this.#post,
      onEnded: (end) => this.#ends.delete(end),
    });
    this.#ends.add(near).add(far);
    onConnection(far);
    return near;
  }
}

function keyOf({ host, port }: Address): string {
  return `${host}:${port}`;
}
function sameAddress(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}

interface PairOptions {
  readonly near: Address;
  readonly far: Address;
  readonly kind: ConnectionKind;
  readonly post: (fn: () => void) => void;
  readonly onEnded: (end: InProcessConnection) => void;
}

class InProcessConnection implements Connection {
  readonly kind: ConnectionKind;
  /** They are never used again here. */
  lendsFrames = false;
  maxFrameBytes = Number.MAX_SAFE_INTEGER;
  onFrame: Connection["onFrame"] = () => {};
  onClose: Connection["onClose"] = () => {};
  readonly #options: PairOptions;
  #other!: InProcessConnection;
  #isOpen = true;
  #bufferedBytes = 0;
  #drains: { readonly belowBytes: number; readonly onDrain: () => void }[] = [];

  static pair(options: PairOptions): [InProcessConnection, InProcessConnection] {
    const near = new InProcessConnection(options, options.near, options.far);
    const far = new InProcessConnection(options, options.far, options.near);
    near.#other = far;
    far.#other = near;
    return [near, far];
  }

  private constructor(options: PairOptions, readonly local: Address, readonly peer: Address) {
    this.#options = options;
    this.kind = options.kind;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  send(frame: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#bufferedBytes += frame.length;
    this.#options.post(() => {
      this.#bufferedBytes -= frame.length;
      this.#other.#take(frame as Uint8Array<ArrayBuffer>);
      this.#drain();
    });
  }

  reserve(bytes: number): Uint8Array {
    const frame = new Uint8Array(bytes);
    this.send(frame);
    return frame;
  }

  onceDrained(belowBytes: number, onDrain: () => void): void {
    this.#drains.push({ belowBytes, onDrain });
    this.#options.post(() => this.#drain());
  }

  close(cause?: FlinkError): void {
    if (!this.#isOpen) return;
    const other = this.#other;
    // Behind what was sent before.
    this.#end(cause);
    this.#options.post(() => other.#end(cause === undefined ? undefined : connectionLost(this.local, cause)));
  }

  /** The connection breaks: nobody said anything. */
  break(): void {
    this.#end(connectionLost(this.peer));
    this.#other.#end(connectionLost(this.local));
  }

  #take(frame: Uint8Array<ArrayBuffer>): void {
    if (!this.#isOpen) return;
    if (frame.length > this.maxFrameBytes) {
      return this.close(frameTooLarge(frame.length, this.maxFrameBytes, this.peer));
    }
    this.onFrame(frame);
  }

  #drain(): void {
    if (!this.#isOpen) return;
    const due = this.#drains.filter(({ belowBytes }) => this.#bufferedBytes <= belowBytes);
    if (due.length === 0) return;
    this.#drains = this.#drains.filter((each) => !due.includes(each));
    for (const { onDrain } of due) onDrain();
  }

  #end(cause: FlinkError | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#drains = [];
    this.#options.onEnded(this);
    this.#options.post(() => this.onClose(cause));
  }
}
