/**
 * Writes to a standard stream to the end. A pipe inherited from a parent may be non-blocking (that of npx is): then it is
 * full now and then, which is no failure; the process waits for the reader, as with any other pipe.
 *
 * Invariant: no write is larger than what a pipe takes whole or not at all (POSIX: PIPE_BUF), and it ends with a line where
 * there is one in reach. Deno hides how much of a larger write has gone out before the pipe was full, and standard output
 * keeps what is behind the last newline for itself: that would be written twice.
 *
 * @module
 */

/** What of a stream is needed. */
export interface SyncWriter {
  writeSync(bytes: Uint8Array): number;
}

const PIPE_BUF = Deno.build.os === "linux" ? 4096 : 512;
/** Never changes: a wait on it ends by its timeout. */
const PAUSE = new Int32Array(new SharedArrayBuffer(4));
const PAUSE_MS = 1;
const NEWLINE = 10;

/** Writes all bytes. @throws what the stream throws, when it is broken. */
export function writeAll(to: SyncWriter, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    try {
      written += to.writeSync(nextPiece(bytes, written));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(PAUSE, 0, 0, PAUSE_MS);
    }
  }
}

function nextPiece(bytes: Uint8Array, from: number): Uint8Array {
  const piece = bytes.subarray(from, from + PIPE_BUF);
  const newline = piece.lastIndexOf(NEWLINE);
  return newline < 0 ? piece : piece.subarray(0, newline + 1);
}
