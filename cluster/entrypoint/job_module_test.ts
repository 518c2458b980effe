import assert from "node:assert/strict";
import { moduleUrl } from "./job_module.ts";

const directory = Deno.makeTempDirSync({ prefix: "tsflink-module-" });
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));

let modules = 0;
/** A module with that text. */
function job(text: string): string {
  const path = `${directory}/job${modules++}.ts`;
  Deno.writeTextFileSync(path, text);
  return `file://${path}`;
}

Deno.test("paths are relative to the current directory, URLs are taken as they are", () => {
  const url = job("");
  const path = url.slice("file://".length);
  assert.equal(moduleUrl(path), url);
  const from = Deno.cwd();
  Deno.chdir(directory);
  try {
    assert.equal(moduleUrl(path.slice(path.lastIndexOf("/") + 1)), `file://${Deno.cwd()}/${url.split("/").at(-1)}`);
  } finally {
    Deno.chdir(from);
  }
  for (const absolute of ["https://example.com/job.ts", "jsr:@a/b", "npm:x", "data:text/typescript,1", url]) {
    assert.equal(moduleUrl(absolute), absolute);
  }
});

Deno.test("what is no file is refused with what was given", () => {
  for (const wrong of ["nowhere.ts", "/nowhere/job.ts", directory]) {
    assert.throws(() => moduleUrl(wrong), { code: "TSF-4011", found: wrong });
  }
});

Deno.test("names that mean something in URLs are files all the same", () => {
  for (const name of ["a#b.ts", "a?b.ts", "a b.ts", "a%20b.ts"]) {
    Deno.writeTextFileSync(`${directory}/${name}`, "");
    assert.equal(
      decodeURIComponent(new URL(moduleUrl(`${directory}/${name}`)).pathname).endsWith(`/${name}`),
      true,
      name,
    );
  }
});
