import assert from "node:assert/strict";
import fc from "fast-check";
import { testSeams } from "../../testing/test_seams.ts";
import { fileError, messageOf } from "./file_errors.ts";
import { type FlinkError, JobExecutionError, RetryableError } from "../../errors.ts";
import { SystemSpill } from "./spill.ts";
import type { Spill } from "../spill.ts";

/** The real one and the one of the test kit behave alike. */
const spills: [string, () => Spill][] = [["system", () => new SystemSpill()], ["memory", () => testSeams().spill]];

for (const [name, make] of spills) {
  Deno.test(`spill, ${name}: what was appended is read back, in any order, from several files`, () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(chunks, chunks, (left, right) => {
        const files = [left, right].map((parts, i) => {
          const file = make().open(`test${i}`);
          return { file, parts, at: [] as number[] };
        });
        for (let i = 0; i < 20; i++) {
          for (const { file, parts, at } of files) if (i < parts.length) at.push(file.append(parts[i]));
        }
        for (const { file, parts, at } of files) {
          let expected = 0;
          parts.forEach((part, i) => {
            assert.equal(at[i], expected);
            expected += part.length;
          });
          for (let i = parts.length - 1; i >= 0; i--) {
            assert.deepEqual([...file.readAt(at[i], parts[i].length)], [...parts[i]]);
          }
          // Appending goes on after reading.
          const end = file.append(new Uint8Array([7]));
          assert.deepEqual([end, [...file.readAt(end, 1)]], [expected, [7]]);
          file.close();
        }
      }),
      { numRuns: 15, seed: 9 },
    );
  });
}

Deno.test("spill: leaves nothing behind, says where it cannot write", () => {
  const directory = Deno.makeTempDirSync();
  const file = new SystemSpill(directory).open("x");
  file.append(new Uint8Array(1000));
  if (Deno.build.os !== "windows") assert.deepEqual([...Deno.readDirSync(directory)], []);
  assert.throws(() => file.readAt(990, 20), { code: "TSF-3041" });
  file.close();
  assert.deepEqual([...Deno.readDirSync(directory)], []);
  Deno.removeSync(directory);
  assert.throws(() => new SystemSpill(directory).open("x"), { code: "TSF-3040" });
});

Deno.test("what the system says about a path becomes an error with a code", () => {
  const table: [unknown, string, typeof FlinkError][] = [
    [new Deno.errors.NotFound("a"), "TSF-3001", JobExecutionError],
    [new Deno.errors.PermissionDenied("a"), "TSF-3002", JobExecutionError],
    [new Deno.errors.NotCapable("a"), "TSF-3002", JobExecutionError],
    [new Deno.errors.IsADirectory("a"), "TSF-3003", JobExecutionError],
    [new Deno.errors.NotADirectory("a"), "TSF-3004", JobExecutionError],
    [new Deno.errors.AlreadyExists("a"), "TSF-3005", JobExecutionError],
    [new Deno.errors.Busy("a"), "TSF-3006", RetryableError],
    [new Deno.errors.WouldBlock("a"), "TSF-3006", RetryableError],
    [new Error("disk on fire"), "TSF-3006", JobExecutionError],
    ["a text", "TSF-3006", JobExecutionError],
  ];
  for (const [thrown, code, Class] of table) {
    const error = fileError(thrown, "/some/path", "open()");
    assert.deepEqual([error.code, error.constructor, error.cause], [code, Class, thrown]);
    assert.match(error.message, /\/some\/path/);
    assert.ok(error.message.includes(messageOf(thrown)));
  }
  const own = new JobExecutionError("TSF-3041", "x");
  assert.equal(fileError(own, "/p", "open()"), own);
});
