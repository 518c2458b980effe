import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { MemoryFiles } from "../../testing/memory_files.ts";
import { countLines, LineNumbers } from "./line_numbers.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("the line of any offset, asked for in any order, plain and compressed", async () => {
  const content = fc.array(fc.constantFrom("\n", "a", "é", "\r\n", "line\n"), { maxLength: 30 }).map((all) =>
    all.join("")
  );
  await fc.assert(
    fc.asyncProperty(content, fc.array(fc.nat(), { maxLength: 6 }), fc.nat(), async (text, asked, pass) => {
      const bytes = bytesOf(text);
      const files = new MemoryFiles({ "/f": bytes, "/f.gz": gzipSync(bytes) });
      const expected = (offset: number): number => text === "" ? 0 : countIn(bytes, offset);
      for (const path of ["/f", "/f.gz"]) {
        const lines = new LineNumbers(files, path, new AbortController().signal);
        // What a reader of a compressed file has gone past is known without reading it again.
        lines.pass(bytes.subarray(0, pass % (bytes.length + 1)));
        for (const any of asked) {
          const offset = any % (bytes.length + 1);
          assert.equal(await lines.before(offset), expected(offset), `${path} ${offset}`);
        }
      }
    }),
    { numRuns: 150 },
  );
});

function countIn(bytes: Uint8Array, end: number): number {
  let count = 0;
  for (let i = 0; i < end; i++) if (bytes[i] === 10) count++;
  return count;
}

Deno.test("a file is read only from where the line is known", async () => {
  let read = 0;
  const memory = new MemoryFiles({ "/f": "a\n".repeat(1000) });
  const files = Object.create(memory, {
    open: {
      value: async (path: string) => {
        const file = await memory.open(path);
        return {
          ...file,
          readAt: async (position: number, into: Uint8Array) => {
            const length = await file.readAt(position, into);
            read += length;
            return length;
          },
        };
      },
    },
  });
  const lines = new LineNumbers(files, "/f", new AbortController().signal);
  assert.equal(await lines.before(1000), 500);
  read = 0;
  assert.equal(await lines.before(1000), 500);
  assert.equal(read, 0);
  assert.equal(await lines.before(1998), 999);
  assert.ok(read <= 1000, `${read} bytes`);
  assert.equal(await lines.before(10), 5, "an earlier offset begins anew");
});

Deno.test("line feeds are counted, nothing else", () => {
  for (
    const [text, count] of [["", 0], ["a", 0], ["\n", 1], ["\r\r", 0], ["a\r\nb\n\n", 3], ["Ċ\u2028\u0085", 0]] as const
  ) {
    assert.equal(countLines(bytesOf(text)), count, JSON.stringify(text));
  }
});
