import assert from "node:assert/strict";
import { RetryableError } from "../../errors.ts";
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
