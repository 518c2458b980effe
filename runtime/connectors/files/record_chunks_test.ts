import assert from "node:assert/strict";
import fc from "fast-check";
import { LineBoundaries, recordChunks } from "./record_chunks.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.slice(at, at + size);
  }
}

/** What one part of a text gives, as text with the offset of each chunk. */
async function part(text: string, range: [number, number], pieceBytes: number): Promise<[number, string][]> {
  const [start, end] = range;
  const aligned = start === 0;
  const found: [number, string][] = [];
  const chunks = recordChunks({
    bytes: pieces(encode(text).slice(aligned ? 0 : start - 1), pieceBytes),
    start,
    end,
    aligned,
    boundaries: new LineBoundaries(),
    maxRecordBytes: 1000,
    locate: (offset) => Promise.resolve(`at ${offset}`),
  });
  for await (const { bytes, start } of chunks) found.push([start, new TextDecoder().decode(bytes)]);
  return found;
}

Deno.test("a line belongs to the part its first byte lies in", async () => {
  //            0   4    9
  const text = "abc\ndefg\nh";
  const table: [[number, number], string][] = [
    [[0, 1], "abc\n"],
    [[0, 4], "abc\n"],
    [[0, 5], "abc\ndefg\n"],
    [[1, 4], ""],
    [[3, 4], ""],
    [[4, 5], "defg\n"],
    [[4, 9], "defg\n"],
    [[5, 9], ""],
    [[5, 10], "h"],
    [[9, 10], "h"],
    [[0, 100], text],
  ];
  for (const [range, expected] of table) {
    for (const size of [1, 2, 3, 100]) {
      const found = await part(text, range, size);
      assert.equal(found.map(([, piece]) => piece).join(""), expected, `${range} in pieces of ${size}`);
    }
  }
});

Deno.test("parts together give the text once, chunks know their offsets", async () => {
  const lines = fc.array(fc.constantFrom("\n", "a", "bb", "é\n", "\r\n"), { maxLength: 30 });
  const number = fc.integer({ min: 1, max: 12 });
  await fc.assert(
    fc.asyncProperty(lines, number, number, async (parts, splitBytes, pieceBytes) => {
      const text = parts.join("");
      const bytes = encode(text);
      let all = "";
      for (let start = 0; start < bytes.length; start += splitBytes) {
        for (
          const [offset, piece] of await part(text, [start, Math.min(start + splitBytes, bytes.length)], pieceBytes)
        ) {
          assert.equal(piece, new TextDecoder().decode(bytes.slice(offset, offset + encode(piece).length)));
          assert.ok(offset === 0 || bytes[offset - 1] === 10);
          all += piece;
        }
      }
      assert.equal(all, text);
    }),
    { numRuns: 200 },
  );
});

Deno.test("a record that is too long is refused where it begins, whether or not its end was seen", async () => {
  const table: [string, number, string][] = [
    [`ok\n${"x".repeat(1001)}\n`, 5000, "at 3"],
    [`ok\n${"x".repeat(1001)}\n`, 10, "at 3"],
    [`ok\n${"x".repeat(5000)}`, 100, "at 3"],
    [`${"y".repeat(1000)}\n${"x".repeat(1001)}\nz`, 5000, "at 1001"],
  ];
  for (const [text, size, where] of table) {
    await assert.rejects(part(text, [0, text.length], size), { code: "TSF-3011", message: new RegExp(where) });
  }
  assert.equal((await part(`${"y".repeat(1000)}\n`, [0, 2], 7)).length, 1);
});
