import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryFiles } from "tsflink/testing";
import { decodeRecords, encodeRecords, makeDurableDirectory, removeQuietly, writeDurably } from "./stored_record.ts";

const VALUES = [
  { name: "job", ids: new Map([[1, "a"]]), big: 2n ** 70n },
  [1, 2, 3],
  null,
  "text",
  new Uint8Array([7]),
];

Deno.test("values come back as they were, as many as are asked for", () => {
  const bytes = encodeRecords(VALUES);
  assert.deepEqual(decodeRecords(bytes, VALUES.length, "x"), VALUES);
  assert.deepEqual(decodeRecords(bytes, 2, "x"), VALUES.slice(0, 2));
});

Deno.test("every single change, cut or addition in front is noticed", () => {
  const bytes = encodeRecords([VALUES[0]]);
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] ^= 1 << (at % 8);
    assert.throws(() => decodeRecords(changed, 1, "/file"), { code: "TSF-5253" }, `byte ${at}`);
    assert.throws(() => decodeRecords(bytes.subarray(0, at), 1, "/file"), { code: "TSF-5253" }, `cut at ${at}`);
  }
  assert.throws(() => decodeRecords(bytes, 2, "/file"), { code: "TSF-5253", message: /\/file/ });
});

Deno.test("bytes of anybody are an error, never anything else", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assert.throws(() => decodeRecords(bytes, 1, "x"), { code: "TSF-5253" });
  }));
});

Deno.test("a file is there as a whole or not at all, wherever the machine stops", () => {
  const steps = ["appendTo", "rename", "fsyncDirectory"] as const;
  for (const step of [...steps, undefined]) {
    const files = new MemoryFiles();
    makeDurableDirectory(files, "/a/b/c");
    writeDurably(files, "/a/b/c/old", new Uint8Array([1]));
    if (step !== undefined) {
      files[step] = () => {
        throw new Error(step);
      };
    }
    const write = () => writeDurably(files, "/a/b/c/new", new Uint8Array([2, 3]));
    if (step === undefined) write();
    else assert.throws(write, { message: step });
    files.crash();
    const isThere = files.statSync("/a/b/c/new") !== undefined;
    assert.equal(isThere, step === undefined, step);
    if (isThere) assert.deepEqual(files.readAllSync("/a/b/c/new"), new Uint8Array([2, 3]));
    assert.deepEqual(files.paths().filter((path) => path.endsWith(".tmp")), []);
    assert.deepEqual(files.readAllSync("/a/b/c/old"), new Uint8Array([1]));
  }
});

Deno.test("leftovers of an earlier try are not written on", () => {
  const files = new MemoryFiles({ "/a/x.tmp": "leftover" });
  writeDurably(files, "/a/x", new Uint8Array([1]));
  assert.deepEqual(files.readAllSync("/a/x"), new Uint8Array([1]));
  removeQuietly(files, "/a/x");
  removeQuietly(files, "/a/x");
  assert.deepEqual(files.paths(), []);
});
