/**
 * What a socket source cuts out of a stream of bytes, whatever pieces come and wherever connections break.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { SourceReaderContext } from "../../functions/source.ts";
import { ManualClock } from "../../testing/manual_clock.ts";
import { RetryableError } from "../../errors.ts";
import { type SocketTextOptions, SocketTextSource } from "./source.ts";

/** Connections that give these pieces, then end ("end") or break ("break"). */
interface Scripted {
  readonly pieces: readonly Uint8Array[];
  readonly end: "end" | "break";
}

async function read(connections: readonly Scripted[], options: SocketTextOptions): Promise<string[]> {
  const clock = new ManualClock();
  let used = 0;
  const sockets = {
    connect: () => {
      const connection = connections[used++];
      if (connection === undefined) return Promise.reject(new RetryableError("TSF-3020", "Cannot connect to h:1"));
      let next = 0;
      const read = (): Promise<Uint8Array | null> => {
        if (next < connection.pieces.length) return Promise.resolve(connection.pieces[next++]);
        if (connection.end === "end") return Promise.resolve(null);
        return Promise.reject(new RetryableError("TSF-3021", "Lost the connection to h:1"));
      };
      return Promise.resolve({ read, write: () => Promise.resolve(), close: () => {} });
    },
  };
  const source = new SocketTextSource("h", 1, options);
  const context = { sockets, clock, signal: new AbortController().signal, sendSplitRequest: () => {} };
  const reader = source.createReader(context as unknown as SourceReaderContext);
  reader.addSplits([source.deserializeSplit({ id: "socket" })]);
  reader.notifyNoMoreSplits();
  const found: string[] = [];
  const one = {
    collect: (value: string) => void found.push(value),
    emitWatermark: () => {},
    markIdle: () => {},
    markActive: () => {},
  };
  const output = { ...one, createOutputForSplit: () => one, releaseOutputForSplit: () => {} };
  for (;;) {
    const status = reader.pollNext(output);
    if (status === "END_OF_INPUT") return found;
    if (status === "MORE_AVAILABLE") continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    // The pause between two connections.
    clock.advance(500);
  }
}

/** Cuts bytes at these places. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.slice(from, places[i] ?? bytes.length)).filter((piece) =>
    piece.length > 0
  );
}

Deno.test("records are those of the whole text, for any delimiter and any pieces", async () => {
  const text = fc.array(fc.constantFrom("a", "é", "😀", "\n", "\r\n", "\r", "|", "||", ";"), { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(
      text.map((all) => all.join("")),
      fc.constantFrom("\n", "|", "||", "\r\n", "é", "a;"),
      fc.array(fc.nat(), { maxLength: 12 }),
      async (all, delimiter, cuts) => {
        const parts = all.split(delimiter);
        const last = parts.pop()!;
        const lines = delimiter === "\n" ? parts.map((part) => part.replace(/\r$/, "")) : parts;
        // What follows the last delimiter is a record at the end, as it is.
        const expected = last === "" ? lines : [...lines, last];
        const scripted = { pieces: pieces(new TextEncoder().encode(all), cuts), end: "end" } as const;
        assert.deepEqual(await read([scripted], { delimiter }), expected);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("connections that end or break are followed by others while retries are left; then it ends, or fails", async () => {
  const bytes = (text: string): Uint8Array[] => [new TextEncoder().encode(text)];
  const [end, broken] = ["end", "break"] as const;
  const table: [number, Scripted[], string[] | string][] = [
    [0, [{ pieces: bytes("a\nb"), end }], ["a", "b"]],
    [0, [{ pieces: bytes("a\nb"), end: broken }], "TSF-3021"],
    [0, [], "TSF-3020"],
    [2, [{ pieces: bytes("a\nb"), end: broken }, { pieces: bytes("c\n"), end }], ["a", "bc"]],
    [2, [{ pieces: bytes("a\n"), end }, { pieces: bytes("b\n"), end: broken }], "TSF-3021"],
    [2, [{ pieces: bytes("a\n"), end }], "TSF-3020"],
    [3, [{ pieces: [], end }, { pieces: [], end: broken }, { pieces: bytes("x"), end }], ["x"]],
  ];
  for (const [maxRetries, connections, expected] of table) {
    if (typeof expected === "string") await assert.rejects(read(connections, { maxRetries }), { code: expected });
    else assert.deepEqual(await read(connections, { maxRetries }), expected);
  }
});
