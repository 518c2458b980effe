/**
 * Real TCP connections for the socket source. Made by system_seams.ts.
 *
 * @module
 */

import { RetryableError } from "../../errors.ts";
import type { SocketConnection, Sockets } from "../sockets.ts";
import { messageOf } from "./file_errors.ts";

const READ_BYTES = 64 * 1024;

/** TCP of this machine. */
export class SystemSockets implements Sockets {
  async connect(hostname: string, port: number): Promise<SocketConnection> {
    try {
      return new TcpConnection(`${hostname}:${port}`, await Deno.connect({ hostname, port, transport: "tcp" }));
    } catch (error) {
      const denied = error instanceof Deno.errors.NotCapable;
      throw new RetryableError("TSF-3020", `Cannot connect to ${hostname}:${port}`, {
        expected: "a server that listens there",
        found: messageOf(error),
        hint: denied ? "Run with -A or --allow-net." : `Start one, for example: nc -lk ${port}`,
        cause: error,
      });
    }
  }
}

class TcpConnection implements SocketConnection {
  readonly #buffer = new Uint8Array(READ_BYTES);
  #closed = false;

  constructor(readonly peer: string, readonly connection: Deno.TcpConn) {}

  async read(): Promise<Uint8Array | null> {
    try {
      const length = await this.connection.read(this.#buffer);
      return length === null ? null : this.#buffer.slice(0, length);
    } catch (error) {
      // Closed by us while a read was pending: the end, not a failure.
      if (this.#closed) return null;
      throw this.#lost(error);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      let written = 0;
      while (written < bytes.length) written += await this.connection.write(bytes.subarray(written));
    } catch (error) {
      throw this.#lost(error);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.connection.close();
  }

  #lost(error: unknown): RetryableError {
    return new RetryableError("TSF-3021", `Lost the connection to ${this.peer}`, {
      expected: "an open connection",
      found: messageOf(error),
      cause: error,
    });
  }
}
