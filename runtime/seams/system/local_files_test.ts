import assert from "node:assert/strict";
import { FlinkError } from "../../errors.ts";
import { SystemLocalFiles } from "./local_files.ts";

const files = new SystemLocalFiles();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

function inTempDirectory(run: (directory: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const directory = Deno.makeTempDirSync();
    try {
      await run(directory);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  };
}

Deno.test(
  "errors carry a code and the path",
  inTempDirectory(async (directory) => {
    const file = `${directory}/file`;
    Deno.writeTextFileSync(file, "x");
    const missing = `${directory}/missing`;
    const table: [string, string, () => unknown][] = [
      ["TSF-3001", missing, () => files.open(missing)],
      ["TSF-3001", missing, () => files.readAll(missing)],
      ["TSF-3001", missing, () => files.readAllSync(missing)],
      ["TSF-3001", missing, () => files.list(missing)],
      ["TSF-3001", missing, () => files.listSync(missing)],
      ["TSF-3001", missing, () => files.rename(missing, file)],
      ["TSF-3001", missing, () => files.remove(missing)],
      ["TSF-3003", directory, () => files.open(directory)],
      ["TSF-3003", directory, () => files.readAllSync(directory)],
      ["TSF-3004", file, () => files.list(file)],
      ["TSF-3001", `${missing}/x`, () => files.appendTo(`${missing}/x`)],
    ];
    for (const [code, path, call] of table) {
      await assert.rejects(
        async () => await call(),
        (error: unknown) => {
          assert.ok(error instanceof FlinkError, String(error));
          assert.equal(error.code, code, `${call}: ${error.message}`);
          assert.ok(error.message.includes(path), error.message);
          return true;
        },
      );
    }
  }),
);

Deno.test(
  "reads at any position, also at once and at the end",
  inTempDirectory(async (directory) => {
    const path = `${directory}/f`;
    Deno.writeTextFileSync(path, "0123456789");
    const file = await files.open(path);
    const reads = await Promise.all([7, 0, 4, 10, 99].map(async (position) => {
      const into = new Uint8Array(4);
      return text(into.subarray(0, await file.readAt(position, into)));
    }));
    assert.deepEqual(reads, ["789", "0123", "4567", "", ""]);
    assert.equal(await file.sizeBytes(), 10);
    file.close();
    file.close();
  }),
);

Deno.test(
  "appends through a buffer, truncates, and goes on where the file ends",
  inTempDirectory((directory) => {
    const path = `${directory}/f`;
    const file = files.appendTo(path);
    file.append(bytes("hello "));
    file.append(bytes("world"));
    assert.equal(file.sizeBytes(), 11);
    file.fsync();
    assert.equal(Deno.readTextFileSync(path), "hello world");
    file.truncate(5);
    file.append(bytes("!"));
    file.append(new Uint8Array(100_000).fill(65));
    file.close();
    assert.equal(files.statSync(path)?.sizeBytes, 100_006);
    const again = files.appendTo(path);
    assert.equal(again.sizeBytes(), 100_006);
    again.truncate(6);
    again.append(bytes("?"));
    again.close();
    assert.equal(Deno.readTextFileSync(path), "hello!?");
  }),
);

Deno.test(
  "lists sorted, stats what is there, renames, syncs and removes",
  inTempDirectory(async (directory) => {
    files.makeDirectory(`${directory}/d/e`);
    for (const name of ["b", "a", "c"]) Deno.writeTextFileSync(`${directory}/d/${name}`, name);
    const names = ["a", "b", "c", "e"].map((name) => `${directory}/d/${name}`);
    assert.deepEqual((await files.list(`${directory}/d`)).map((info) => info.path), names);
    assert.deepEqual(files.listSync(`${directory}/d/`).map((info) => info.isDirectory), [false, false, false, true]);
    assert.equal(await files.stat(`${directory}/none`), undefined);
    assert.equal(files.statSync(`${directory}/d/a/below-a-file`), undefined);
    files.rename(`${directory}/d/a`, `${directory}/d/z`);
    files.fsyncDirectory(`${directory}/d`);
    assert.equal(text(await files.readAll(`${directory}/d/z`)), "a");
    files.remove(`${directory}/d`);
    assert.equal(files.statSync(`${directory}/d`), undefined);
  }),
);
