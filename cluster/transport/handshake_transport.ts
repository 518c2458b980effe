/**
 * The session of a connection, over any Transport: who talks to whom and in which version, before anything else, and a
 * goodbye before a clean end. Connections are handed over when both have said hello; until then only small session frames
 * are taken, and only for a while.
 *
 * Invariants: a connection that ends without a goodbye has failed, whatever the transport says. Frames that come between
 * the handshake and the moment the handlers are set wait.
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";
import type { Cancel, Clock } from "../../runtime/seams/clock.ts";
import type {
  Address,
  Connection,
  ConnectionKind,
  Listener,
  PeerIdentity,
  Transport,
} from "../../runtime/seams/transport.ts";
import { errorFromBytes, errorToBytes } from "../../runtime/types/generic_serializer.ts";
import type { Tables } from "../../runtime/wire/gen/tables.ts";
import { decodeSession, encodeSession, SESSION_IDENTIFIER } from "../../runtime/wire/session_message.ts";
import { identifierOf, malformed } from "../../runtime/wire/table_codec.ts";
import { otherWireVersion, WIRE_VERSION } from "../../runtime/wire/wire_version.ts";
import { connectionLost, showAddress } from "./transport_errors.ts";

/** Before the handshake nothing larger is taken. */
export const MAX_HELLO_BYTES = 65_536;
/** Largest control frame. */
export const MAX_CONTROL_FRAME_BYTES = 67_108_864;
/** Room for the largest record (taskmanager.network.max-record-size by default) and its header. */
export const MAX_DATA_FRAME_BYTES = 67_108_864 + 65_536;
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Who we are, and what we take. */
export interface HandshakeOptions {
  readonly clock: Clock;
  readonly identity: PeerIdentity;
  readonly productVersion: string;
  /** Of the API that bundled jobs bind to; another one is refused. */
  readonly hostApiVersion: string;
  /** Default 64 MiB. */
  readonly maxControlFrameBytes?: number;
  /** Default 64 MiB and a header. */
  readonly maxDataFrameBytes?: number;
  /** Default 10 s. */
  readonly handshakeTimeoutMs?: number;
  /** For tests. Default: ours. */
  readonly wireVersion?: number;
}

/** Counts since the start. */
export interface HandshakeStatistics {
  /** Connections that were refused, or did not say hello in time. */
  refused: number;
  /** Connections that were ended because of what came over them. */
  malformed: number;
}

/** See the module. */
export class HandshakeTransport implements Transport {
  readonly statistics: HandshakeStatistics = { refused: 0, malformed: 0 };
  readonly #inner: Transport;
  #options: HandshakeOptions;

  constructor(inner: Transport, options: HandshakeOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  /** The address others are told from now on: known once a port is bound. */
  announce(address: Address): void {
    this.#options = { ...this.#options, identity: { ...this.#options.identity, address } };
  }

  async listen(address: Address, onConnection: (connection: Connection) => void): Promise<Listener> {
    const sessions = new Set<Session>();
    const listener = await this.#inner.listen(address, (raw) => {
      const session = new Session(raw, this.#options, this.statistics);
      sessions.add(session);
      session.onEnded = () => sessions.delete(session);
      session.whenReady.then(() => onConnection(session), () => this.statistics.refused++);
    });
    const close = () => {
      // With a goodbye each.
      for (const session of [...sessions]) session.close();
      return listener.close();
    };
    return { address: listener.address, close };
  }

  async connect(address: Address, kind: ConnectionKind): Promise<Connection> {
    const session = new Session(await this.#inner.connect(address, kind), this.#options, this.statistics, address);
    session.hello();
    await session.whenReady;
    return session;
  }
}

/** A connection with its handshake. */
class Session implements Connection {
  /** Rejects when the handshake is refused or does not come. */
  readonly whenReady: Promise<void>;
  readonly kind: ConnectionKind;
  identity: PeerIdentity | undefined;
  /** For who keeps count of sessions. */
  onEnded: () => void = () => {};
  readonly #raw: Connection;
  readonly #options: HandshakeOptions;
  readonly #statistics: HandshakeStatistics;
  readonly #target: Address | undefined;
  #cancelTimeout: Cancel;
  #ready!: () => void;
  #refuse!: (cause: FlinkError) => void;
  #hasSaidHello = false;
  #isEnded = false;
  #end: { readonly cause: FlinkError | undefined } | undefined;
  #waiting: Uint8Array<ArrayBuffer>[] = [];
  #onFrame: Connection["onFrame"] | undefined;
  #onClose: Connection["onClose"] | undefined;

  constructor(raw: Connection, options: HandshakeOptions, statistics: HandshakeStatistics, target?: Address) {
    this.#raw = raw;
    this.kind = raw.kind;
    this.#options = options;
    this.#statistics = statistics;
    this.#target = target;
    this.whenReady = new Promise((resolve, reject) => {
      this.#ready = resolve;
      this.#refuse = reject;
    });
    // Whoever waits for it gets it too.
    this.whenReady.catch(() => {});
    const timeoutMs = options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;
    this.#cancelTimeout = options.clock.after(timeoutMs, () => this.close(noHello(this.peer, timeoutMs)));
    raw.maxFrameBytes = MAX_HELLO_BYTES;
    raw.onFrame = (frame) => this.#take(frame);
    raw.onClose = (cause) => this.#closed(cause ?? connectionLost(this.peer));
  }

  get peer(): Address {
    return this.identity?.address ?? this.#target ?? this.#raw.peer;
  }
  get maxFrameBytes(): number {
    return this.#raw.maxFrameBytes;
  }
  set maxFrameBytes(bytes: number) {
    this.#raw.maxFrameBytes = bytes;
  }
  get lendsFrames(): boolean {
    return this.#raw.lendsFrames;
  }
  set lendsFrames(lends: boolean) {
    this.#raw.lendsFrames = lends;
  }
  get bufferedBytes(): number {
    return this.#raw.bufferedBytes;
  }
  get onFrame(): Connection["onFrame"] {
    return this.#onFrame ?? (() => {});
  }
  set onFrame(handler: Connection["onFrame"]) {
    this.#onFrame = handler;
    this.#handOverSoon();
  }
  get onClose(): Connection["onClose"] {
    return this.#onClose ?? (() => {});
  }
  set onClose(handler: Connection["onClose"]) {
    this.#onClose = handler;
    this.#handOverSoon();
  }

  send(frame: Uint8Array): void {
    this.#raw.send(frame);
  }

  reserve(bytes: number): Uint8Array {
    return this.#raw.reserve(bytes);
  }

  onceDrained(belowBytes: number, onDrain: () => void): void {
    this.#raw.onceDrained(belowBytes, onDrain);
  }

  close(cause?: FlinkError): void {
    if (this.#isEnded) return;
    if (cause === undefined) this.#raw.send(encodeSession({ table: "Goodbye", value: {} }));
    else this.#raw.send(encodeSession({ table: "Failure", value: errorToBytes(cause) }));
    this.#closed(cause);
    // Without a cause: the peer is to learn why.
    this.#raw.close();
  }

  /** Says who we are; the side that connects does it at once. */
  hello(): void {
    if (this.#hasSaidHello) return;
    this.#hasSaidHello = true;
    const { identity, productVersion, hostApiVersion, wireVersion = WIRE_VERSION } = this.#options;
    const { role, resourceId, address } = identity;
    const hello: Tables["Hello"] = {
      productVersion,
      hostApiVersion,
      role,
      resourceId,
      ...(address !== undefined && { host: address.host, port: address.port }),
      maxFrameBytes: this.#limit(),
    };
    this.#raw.send(encodeSession({ table: "Hello", value: hello }, wireVersion));
  }

  #limit(): number {
    const { maxControlFrameBytes = MAX_CONTROL_FRAME_BYTES, maxDataFrameBytes = MAX_DATA_FRAME_BYTES } = this.#options;
    return this.kind === "control" ? maxControlFrameBytes : maxDataFrameBytes;
  }

  #take(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#isEnded) return;
    if (identifierOf(frame) === SESSION_IDENTIFIER) return this.#guard(() => this.#takeSession(frame));
    if (this.identity === undefined) {
      return this.#guard(() => {
        throw malformed(`${JSON.stringify(identifierOf(frame) ?? "")} before the handshake`, SESSION_IDENTIFIER);
      });
    }
    // Those that wait are kept.
    if (this.#onFrame === undefined || this.#waiting.length > 0) {
      this.#waiting.push(this.lendsFrames ? frame.slice() : frame);
    } else this.#onFrame(frame);
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#statistics.malformed++;
      this.close(error as FlinkError);
    }
  }

  #takeSession(frame: Uint8Array<ArrayBuffer>): void {
    const { version, body } = decodeSession(frame);
    switch (body.table) {
      case "Goodbye":
        this.#closed(undefined);
        return this.#raw.close();
      case "Failure":
        this.#closed(
          this.identity === undefined ? errorOf(body.value) : connectionLost(this.peer, errorOf(body.value)),
        );
        return this.#raw.close();
      case "Hello":
        return this.#takeHello(version, body.value);
    }
  }

  #takeHello(version: number, hello: Tables["Hello"]): void {
    const { productVersion = "?", hostApiVersion = "?", role = "", resourceId = "", host, port = 0 } = hello;
    const { wireVersion = WIRE_VERSION } = this.#options;
    const who = `${role} ${resourceId} at ${showAddress(this.peer)}, tsflink ${productVersion}`;
    if (version !== wireVersion) return this.#refuseHello(otherWireVersion(version, who));
    if (hostApiVersion !== this.#options.hostApiVersion) {
      return this.#refuseHello(otherHostApi(hostApiVersion, this.#options.hostApiVersion, who));
    }
    if (this.identity !== undefined || !isRole(role) || resourceId === "") throw malformed(`a hello of ${who}`);
    this.identity = { role, resourceId, ...(host !== undefined && { address: { host, port } }) };
    this.#cancelTimeout();
    this.#raw.maxFrameBytes = this.#limit();
    this.hello();
    this.#ready();
  }

  #refuseHello(cause: FlinkError): void {
    this.#statistics.malformed++;
    this.close(cause);
  }

  #closed(cause: FlinkError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelTimeout();
    this.onEnded();
    if (this.identity === undefined) this.#refuse(cause ?? connectionLost(this.peer));
    this.#end = { cause };
    this.#handOverSoon();
  }

  /** Hands over what waited for its handlers. */
  #handOverSoon(): void {
    void Promise.resolve().then(() => {
      const onFrame = this.#onFrame;
      if (onFrame !== undefined) {
        const waiting = this.#waiting;
        // New frames queue behind these, for the list is not empty until all are handed over.
        for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
          waiting.shift();
          onFrame(next);
        }
      }
      const onClose = this.#onClose;
      if (this.#end === undefined || onClose === undefined) return;
      const { cause } = this.#end;
      this.#end = undefined;
      this.#onFrame = () => {};
      onClose(cause);
    });
  }
}

function isRole(role: string): role is PeerIdentity["role"] {
  return role === "jobmanager" || role === "taskmanager" || role === "client";
}

/** The error of a peer that ended the connection. */
function errorOf({ code = "", summary = "", error }: Tables["Failure"]): FlinkError {
  const restored = error === undefined ? undefined : errorFromBytes(error);
  if (restored instanceof FlinkError) return restored;
  return new FlinkError("TSF-5205", "The peer ended the connection", { found: `${code} ${summary}`.trim() });
}

function noHello(peer: Address, timeoutMs: number): FlinkError {
  return new FlinkError("TSF-5206", `No handshake from ${showAddress(peer)}`, {
    expected: `a hello within ${timeoutMs} ms`,
    found: "silence",
    hint: "The process there is not tsflink, hangs, or listens with another protocol (TLS or not).",
  });
}

function otherHostApi(found: string, expected: string, who: string): FlinkError {
  return new FlinkError("TSF-5202", "The peer serves jobs another API", {
    expected: `host API ${expected} (this process)`,
    found: `host API ${found} (${who})`,
    hint:
      "Use one version of tsflink in all processes: upgrade the JobManager first, then the TaskManagers, then the clients.",
  });
}
