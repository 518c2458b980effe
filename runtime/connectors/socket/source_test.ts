import assert from "node:assert/strict";
import { RetryableError } from "../../errors.ts";
import { ManualClock } from "../../testing/manual_clock.ts";
import { SourceRun } from "../../testing/source_run.ts";
import { SocketTextSource } from "./source.ts";

/** A server that sends each script to one connection, piece by piece, and closes it. */
async function withServer(scripts: Uint8Array[][], run: (port: number) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  const serving = (async () => {
    for (const pieces of scripts) {
      const connection = await listener.accept().catch(() => undefined);
      if (connection === undefined) return;
      open.push(connection);
      for (const piece of pieces) await connection.write(piece);
      if (pieces.length > 0) connection.close();
    }
  })();
  try {
    await run(listener.addr.port);
  } finally {
    listener.close();
    await serving;
    for (const connection of open) {
      try {
        connection.close();
      } catch { /* closed by the script */ }
    }
  }
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function readAll(source: SocketTextSource): Promise<string[]> {
  const run = new SourceRun(source);
  try {
    await run.run();
  } finally {
    await run.close();
  }
  return run.values;
}

Deno.test("lines in any pieces, also of characters, and a last one without its end", async () => {
  const all = bytes("one\r\ntwo\n\nthrée 😀\nlast");
  const pieces = Array.from(all, (byte) => Uint8Array.of(byte));
  await withServer([[all]], async (port) => {
    assert.deepEqual(await readAll(new SocketTextSource("127.0.0.1", port)), ["one", "two", "", "thrée 😀", "last"]);
  });
  await withServer([pieces], async (port) => {
    assert.deepEqual(await readAll(new SocketTextSource("127.0.0.1", port)), ["one", "two", "", "thrée 😀", "last"]);
  });
});

Deno.test("another delimiter, and nothing at all", async () => {
  await withServer([[bytes("a||b|"), bytes("|c\r\n||")]], async (port) => {
    assert.deepEqual(await readAll(new SocketTextSource("127.0.0.1", port, { delimiter: "||" })), ["a", "b", "c\r\n"]);
  });
  await withServer([[new Uint8Array(0)]], async (port) => {
    assert.deepEqual(await readAll(new SocketTextSource("127.0.0.1", port)), []);
  });
});

Deno.test("a lost connection is opened again as often as allowed; half a record goes on", async () => {
  const scripts = [[bytes("a\nhal")], [bytes("f\nb\n")], [bytes("never\n")]];
  const table: [number, string[]][] = [[0, ["a", "hal"]], [1, ["a", "hal"]], [2, ["a", "half", "b"]]];
  for (const [maxRetries, expected] of table) {
    await withServer(scripts, async (port) => {
      const source = new SocketTextSource("127.0.0.1", port, { maxRetries, delayBetweenRetries: 1 });
      assert.deepEqual(await readAll(source), expected);
    });
  }
});

Deno.test("no server fails with a retryable error that names it, after the retries", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  for (const maxRetries of [0, 3]) {
    const source = new SocketTextSource("127.0.0.1", port, { maxRetries, delayBetweenRetries: 1 });
    await assert.rejects(readAll(source), (error: unknown) => {
      assert.ok(error instanceof RetryableError && error.code === "TSF-3020");
      assert.ok(error.message.includes(`127.0.0.1:${port}`));
      return true;
    });
  }
});

Deno.test("cancelling ends a silent connection and an endless wait", async () => {
  await withServer([[]], async (port) => {
    const run = new SourceRun(new SocketTextSource("127.0.0.1", port), { stallLimitMs: 20 });
    await assert.rejects(run.run(), { code: "TSF-3060" });
    await run.close();
  });
  const waiting = new SocketTextSource("127.0.0.1", 1, { maxRetries: -1, delayBetweenRetries: "1 h" });
  const run = new SourceRun(waiting, { stallLimitMs: 20 });
  await assert.rejects(run.run(), { code: "TSF-3060" });
  await run.close();
});

Deno.test("cancelling while a connection is being made closes it", async () => {
  const connected = Promise.withResolvers<void>();
  let closed = 0;
  const sockets = {
    connect: async () => {
      await connected.promise;
      return { read: () => new Promise<null>(() => {}), write: () => Promise.resolve(), close: () => void closed++ };
    },
  };
  const abort = new AbortController();
  const context = { sockets, signal: abort.signal, clock: new ManualClock(), sendSplitRequest: () => {} };
  const source = new SocketTextSource("localhost", 1);
  const reader = source.createReader(context as never);
  reader.addSplits([source.deserializeSplit({ id: "socket" })]);
  abort.abort();
  connected.resolve();
  // Without waiting for the limit of the reader, which would take the clock.
  await reader.close();
  assert.ok(closed > 0);
});

Deno.test("one of several subtasks reads, the others end; a restore connects again", async () => {
  await withServer([[bytes("a\n"), bytes("b\n")], [bytes("c\n")]], async (port) => {
    const source = new SocketTextSource("127.0.0.1", port);
    const first = new SourceRun(source, { parallelism: 3 });
    await first.run(() => first.values.length === 2);
    const restored = first.snapshot();
    await first.close();
    const second = new SourceRun(source, { parallelism: 2, restored });
    await second.run();
    assert.deepEqual([...first.values, ...second.values], ["a", "b", "c"]);
    await second.close();
  });
});

Deno.test("a record without end and wrong options are refused with a code", async () => {
  await withServer([[bytes("x".repeat(100))]], async (port) => {
    await assert.rejects(readAll(new SocketTextSource("127.0.0.1", port, { maxRecordChars: 50 })), {
      code: "TSF-3022",
    });
  });
  const table: (() => unknown)[] = [
    () => new SocketTextSource("", 1),
    () => new SocketTextSource("h", 70_000),
    () => new SocketTextSource("h", 1.5),
    () => new SocketTextSource("h", 1, { delimiter: "" }),
    () => new SocketTextSource("h", 1, { maxRetries: -2 }),
    () => new SocketTextSource("h", 1, { delayBetweenRetries: -1 }),
  ];
  for (const make of table) assert.throws(make, (error: { code?: string }) => String(error.code).startsWith("TSF-"));
});
