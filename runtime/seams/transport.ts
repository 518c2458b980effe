/**
 * How two processes exchange frames. One Connection is one duplex stream of whole frames in order; it may break at any
 * time. Implemented over HTTP/2 (cluster/transport/h2_transport.ts) and inside one process
 * (cluster/transport/in_process_transport.ts); the handshake is a layer over both.
 *
 * Callers: the RPC service (control) and the shuffle service (data).
 *
 * @module
 */

import type { FlinkError } from "../errors.ts";

/** Where a process listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Control carries messages of the roles, data the channels between slots of two TaskManagers. */
export type ConnectionKind = "control" | "data";

/** Who is at one end of a connection, as told in the handshake. */
export interface PeerIdentity {
  readonly role: "jobmanager" | "taskmanager" | "client";
  /** Names the process among those of its role. */
  readonly resourceId: string;
  /** Where it listens itself; undefined when it does not. */
  readonly address?: Address;
}

/** One duplex stream of frames between two processes. Frames arrive whole, in order; after onClose nothing arrives. */
export interface Connection {
  /** Where the peer is: its listening address when it has told one, else that of its socket. */
  readonly peer: Address;
  readonly kind: ConnectionKind;
  /** Who the peer is; there once the handshake is done. */
  readonly identity?: PeerIdentity;
  /** Takes over the bytes; never blocks. After the end of the connection it does nothing. */
  send(frame: Uint8Array): void;
  /**
   * Room for one frame of that size, sent as with {@link send}, to be filled before this turn ends: saves a copy and the
   * memory for it. After the end of the connection what is written there goes nowhere.
   */
  reserve(bytes: number): Uint8Array;
  /**
   * Whether frames are only lent: their memory is used again when `onFrame` returns. Set by a receiver who has copied by
   * then what it keeps. Default false: they are the receiver's.
   */
  lendsFrames: boolean;
  /** A frame that is larger ends the connection. */
  maxFrameBytes: number;
  /** Bytes accepted and not yet handed to the system. */
  readonly bufferedBytes: number;
  /**
   * Asks for one call of `onDrain` as soon as no more than `belowBytes` are buffered (never inline); a connection that
   * ends does not call it.
   */
  onceDrained(belowBytes: number, onDrain: () => void): void;
  /** Set before the first frame can arrive, in the callback that hands over the connection. */
  onFrame: (frame: Uint8Array<ArrayBuffer>) => void;
  /** Called once, never inline from `send` or `close`; without a cause when both ends said goodbye. */
  onClose: (cause: FlinkError | undefined) => void;
  /** Without a cause what was sent before still arrives; with one it may be lost. Twice does no harm. */
  close(cause?: FlinkError): void;
}

/** Takes connections until it is closed. */
export interface Listener {
  /** With the port that was really bound. */
  readonly address: Address;
  /** Takes no more connections and ends those it took. */
  close(): Promise<void>;
}

/** Contract: see Connection. */
export interface Transport {
  /** @throws FlinkError when the address cannot be bound. */
  listen(address: Address, onConnection: (connection: Connection) => void): Promise<Listener>;
  /**
   * The handlers of the connection are to be set before the next await of the caller.
   *
   * @throws FlinkError when there is nobody, or somebody who refuses.
   */
  connect(address: Address, kind: ConnectionKind): Promise<Connection>;
}
