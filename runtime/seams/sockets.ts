/**
 * TCP for the socket source; engine transports have a seam of their own.
 *
 * @module
 */

/** An open connection. */
export interface SocketConnection {
  /** The next bytes, or null at the end. */
  read(): Promise<Uint8Array | null>;
  /** Resolves when all bytes are on their way. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the connection; a read that waits gives null. */
  close(): void;
}

/** Contract: `connect` rejects with a RetryableError TSF-3020 that names host and port. */
export interface Sockets {
  /** Opens a TCP connection. */
  connect(hostname: string, port: number): Promise<SocketConnection>;
}
