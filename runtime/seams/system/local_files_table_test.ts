/**
 * One table of what every implementation of the LocalFiles seam does, over the real files and those in memory; and a
 * random run of both side by side.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { FlinkError } from "../../errors.ts";
import { MemoryFiles } from "../../testing/memory_files.ts";
import type { AppendableFile, LocalFiles } from "../local_files.ts";
import { SystemLocalFiles } from "./local_files.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** Runs with both implementations, each in an empty directory. */
async function withEach(run: (files: LocalFiles, root: string) => unknown): Promise<void> {
  const memory = new MemoryFiles();
  await run(memory, memory.makeTempDirectory("root"));
  const system = new SystemLocalFiles();
  const root = system.makeTempDirectory("tsflink-table-");
  try {
    await run(system, root);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

Deno.test("a complete file is read at any position, at most to its end", () =>
  withEach((files, root) => {
    write(files, `${root}/file`, "0123456789");
    const file = files.openComplete(`${root}/file`);
    assert.equal(file.sizeBytes, 10);
    const into = new Uint8Array(4);
    for (
      const [position, expected] of [[0, "0123"], [6, "6789"], [3, "3456"], [8, "89"], [10, ""], [99, ""]] as const
    ) {
      assert.equal(text(into.subarray(0, file.readAt(position, into))), expected);
    }
    file.close();
    file.close();
  }));

function write(files: LocalFiles, path: string, content: string): void {
  const file = files.appendTo(path);
  file.append(bytes(content));
  file.close();
}

Deno.test("every implementation refuses with the same code and names the path", () =>
  withEach(async (files, root) => {
    files.makeDirectory(`${root}/dir/inner`);
    write(files, `${root}/file`, "x");
    const [missing, dir, file] = ["missing", "dir", "file"].map((name) => `${root}/${name}`);
    const table: [string, string, () => unknown][] = [
      ["TSF-3001", missing, () => files.open(missing)],
      ["TSF-3001", missing, () => files.readAll(missing)],
      ["TSF-3001", missing, () => files.readAllSync(missing)],
      ["TSF-3001", missing, () => files.openComplete(missing)],
      ["TSF-3001", missing, () => files.list(missing)],
      ["TSF-3001", missing, () => files.listSync(missing)],
      ["TSF-3001", missing, () => files.rename(missing, `${root}/to`)],
      ["TSF-3001", file, () => files.rename(file, `${missing}/to`)],
      ["TSF-3001", missing, () => files.remove(missing)],
      ["TSF-3001", missing, () => files.fsyncDirectory(missing)],
      ["TSF-3001", `${missing}/f`, () => files.appendTo(`${missing}/f`)],
      ["TSF-3003", dir, () => files.open(dir)],
      ["TSF-3003", dir, () => files.readAll(dir)],
      ["TSF-3003", dir, () => files.readAllSync(dir)],
      ["TSF-3003", dir, () => files.openComplete(dir)],
      ["TSF-3003", dir, () => files.appendTo(dir)],
      ["TSF-3004", file, () => files.list(file)],
      ["TSF-3004", file, () => files.listSync(file)],
      ["TSF-3004", `${file}/below`, () => files.makeDirectory(`${file}/below`)],
      ["TSF-3004", `${file}/f`, () => files.appendTo(`${file}/f`)],
    ];
    for (const [code, path, call] of table) {
      await assert.rejects(async () => await call(), (error: FlinkError) => {
        assert.equal(error.code, code, `${files.constructor.name} ${call}: ${error.message}`);
        assert.ok(error.message.includes(path), error.message);
        return true;
      }, `${files.constructor.name} ${call}`);
    }
    for (const path of [missing, `${file}/below`, `${missing}/below`]) {
      assert.equal(files.statSync(path), undefined);
      assert.equal(await files.stat(path), undefined);
    }
  }));

Deno.test("making a directory that is there is no mistake; replacing a file by a rename is atomic", () =>
  withEach((files, root) => {
    files.makeDirectory(`${root}/a/b`);
    files.makeDirectory(`${root}/a/b`);
    write(files, `${root}/a/new`, "new");
    write(files, `${root}/a/old`, "old");
    files.rename(`${root}/a/new`, `${root}/a/old`);
    assert.equal(text(files.readAllSync(`${root}/a/old`)), "new");
    assert.deepEqual(files.listSync(`${root}/a`).map(({ path }) => path), [`${root}/a/b`, `${root}/a/old`]);
    files.rename(`${root}/a`, `${root}/z`);
    assert.deepEqual(files.listSync(root).map(({ path, isDirectory }) => [path, isDirectory]), [[`${root}/z`, true]]);
    files.remove(`${root}/z`);
    assert.deepEqual(files.listSync(root), []);
  }));

Deno.test("an open file stays readable while it grows, is renamed and is removed", () =>
  withEach(async (files, root) => {
    write(files, `${root}/f`, "0123");
    const file = await files.open(`${root}/f`);
    write(files, `${root}/f`, "4567");
    const into = new Uint8Array(6);
    assert.equal(await file.sizeBytes(), 8);
    files.rename(`${root}/f`, `${root}/g`);
    files.remove(`${root}/g`);
    assert.deepEqual([await file.readAt(2, into), text(into), await file.readAt(8, into)], [6, "234567", 0]);
    file.close();
  }));

type Step =
  | { readonly kind: "append"; readonly file: number; readonly size: number }
  | { readonly kind: "truncate"; readonly file: number; readonly share: number }
  | { readonly kind: "sync" | "reopen" | "remove" | "read"; readonly file: number };

Deno.test("both give the same bytes, sizes and listings for any sequence of appends, cuts and reopenings", async () => {
  const file = fc.integer({ min: 0, max: 2 });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("append" as const), file, size: fc.nat(200_000) }) },
    fc.record({ kind: fc.constant("append" as const), file, size: fc.nat(9) }),
    fc.record({ kind: fc.constant("truncate" as const), file, share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constantFrom("sync" as const, "reopen" as const, "remove" as const, "read" as const), file }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps: Step[]) => {
      const results: unknown[] = [];
      await withEach(async (files, root) => results.push(await play(files, root, steps)));
      assert.deepEqual(results[0], results[1]);
    }),
    { numRuns: 40 },
  );
});

async function play(files: LocalFiles, root: string, steps: readonly Step[]): Promise<unknown[]> {
  const open = new Map<string, AppendableFile>();
  const seen: unknown[] = [];
  for (const [i, step] of steps.entries()) {
    const path = `${root}/${step.file}`;
    if (!open.has(path)) open.set(path, files.appendTo(path));
    const file = open.get(path)!;
    if (step.kind === "append") file.append(new Uint8Array(step.size).fill(65 + i));
    else if (step.kind === "truncate") file.truncate(Math.floor(file.sizeBytes() * step.share));
    else if (step.kind === "read") {
      file.fsync();
      const reader = await files.open(path);
      const into = new Uint8Array(300_000);
      seen.push(await reader.readAt(0, into), await reader.sizeBytes(), into.reduce((sum, byte) => sum + byte, 0));
      reader.close();
    } else {
      if (step.kind === "sync") file.fsync();
      else file.close();
      if (step.kind !== "sync") open.delete(path);
      if (step.kind === "remove") files.remove(path);
    }
    seen.push(open.get(path)?.sizeBytes());
  }
  for (const file of open.values()) file.close();
  for (const info of files.listSync(root)) {
    seen.push([info.path.slice(root.length), info.sizeBytes, info.isDirectory]);
    seen.push(files.readAllSync(info.path).reduce((sum, byte, i) => (sum + byte * (i % 97)) % 1e9, 0));
  }
  return seen;
}
