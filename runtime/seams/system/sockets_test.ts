import assert from "node:assert/strict";
import { RetryableError } from "../../errors.ts";
import type { SocketConnection } from "../sockets.ts";
import { SystemSockets } from "./sockets.ts";

Deno.test("reads what the peer sends, then null; writes reach the peer", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connection = await new SystemSockets().connect("127.0.0.1", listener.addr.port);
  const peer = await listener.accept();
  await connection.write(Uint8Array.of(1, 2));
  const buffer = new Uint8Array(4);
  assert.equal(await peer.read(buffer), 2);
  await peer.write(Uint8Array.of(3));
  assert.deepEqual(await connection.read(), Uint8Array.of(3));
  peer.close();
  assert.equal(await connection.read(), null);
  connection.close();
  connection.close();
  listener.close();
});

Deno.test("closing ends a pending read", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connection = await new SystemSockets().connect("127.0.0.1", listener.addr.port);
  const peer = await listener.accept();
  const pending = connection.read();
  connection.close();
  assert.equal(await pending, null);
  peer.close();
  listener.close();
});

Deno.test("a refused connection is retryable and names host and port", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assert.rejects(new SystemSockets().connect("127.0.0.1", port), (error: unknown) => {
    assert.ok(error instanceof RetryableError);
    assert.equal(error.code, "TSF-3020");
    assert.ok(error.message.includes(`127.0.0.1:${port}`));
    return true;
  });
});

/** A connection of the seam and the raw one at the other end. */
async function pair(run: (connection: SocketConnection, peer: Deno.TcpConn) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connection = await new SystemSockets().connect("127.0.0.1", listener.addr.port);
  const peer = await listener.accept();
  try {
    await run(connection, peer);
  } finally {
    connection.close();
    try {
      peer.close();
    } catch { /* closed by the test */ }
    listener.close();
  }
}

Deno.test("a megabyte each way arrives whole and in order, in pieces that stay the reader's", () =>
  pair(async (connection, peer) => {
    const data = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31 + (i >> 8)) & 255);
    const echo = peer.readable.pipeTo(peer.writable);
    const writing = connection.write(data);
    const pieces: Uint8Array[] = [];
    for (let length = 0; length < data.length;) {
      const piece = await connection.read();
      assert.ok(piece !== null && piece.length > 0);
      pieces.push(piece);
      length += piece.length;
    }
    await writing;
    let at = 0;
    // Compared at the end: a buffer that was used again would show.
    for (const piece of pieces) {
      assert.deepEqual(piece, data.subarray(at, at + piece.length));
      at += piece.length;
    }
    connection.close();
    await echo.catch(() => {});
  }));

Deno.test("a connection that breaks is retryable and names the peer, whether reading or writing", () =>
  pair(async (connection, peer) => {
    const lost = (error: unknown): boolean => {
      assert.ok(error instanceof RetryableError && error.code === "TSF-3021", String(error));
      assert.match(error.message, /127\.0\.0\.1:\d+/);
      return true;
    };
    // What is unread when it closes makes the system reset the connection.
    await connection.write(new Uint8Array(100_000));
    peer.close();
    const useUntilItBreaks = async (): Promise<void> => {
      for (;;) await connection.write(new Uint8Array(100_000));
    };
    await assert.rejects(useUntilItBreaks(), lost);
  }));

Deno.test("what cannot be connected to says so with a code: names that are none", async () => {
  for (const hostname of ["not a name", ""]) {
    await assert.rejects(new SystemSockets().connect(hostname, 9), (error: unknown) => {
      assert.ok(error instanceof RetryableError && error.code === "TSF-3020");
      assert.ok(error.message.includes(`${hostname}:9`));
      return true;
    });
  }
});
