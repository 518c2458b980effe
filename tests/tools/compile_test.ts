import assert from "node:assert/strict";
import { BUDGET_MB, complaints, readListing } from "./compile.ts";

const OUTPUT = `Compile cli.ts to dist/tsflink-compiled

Embedded Files

tsflink-compiled
├─┬ .deno_compile_node_modules (11.24MB - 11.24MB unique)
│ └─┬ localhost (11.24MB - 11.24MB unique)
│   ├── @esbuild/linux-x64/* (10.9MB)
│   ├── commander/15.1.0/* (202.37KB)
│   └── esbuild/0.28.2/* (144.17KB - 144.15KB unique)
├── cli.ts (19.94KB)
├─┬ cluster (505.6KB)
│ └─┬ entrypoint (144.28KB)
│   └── slot.ts (2.44KB)
├── dist/* (5.21MB)
├── mod.ts (28KB)
└─┬ runtime (3MB)
  └── errors.ts (10KB)

Files: 18.05MB
Metadata: 3.12KB
`;

Deno.test("the listing of deno compile: files by their paths, packages by their names", () => {
  assert.deepEqual(readListing(OUTPUT), {
    files: ["cli.ts", "cluster/entrypoint/slot.ts", "dist/*", "mod.ts", "runtime/errors.ts"],
    packages: ["@esbuild/linux-x64", "commander", "esbuild"],
    megabytes: 18.05,
  });
  assert.throws(() => readListing("error: what"), /no listing in:\nerror: what/);
});

/** A line of the listing, what it becomes, and what is wrong with it then. */
const WRONG: readonly (readonly [line: string, instead: string, complaint: string])[] = [
  ["│   └── slot.ts (2.44KB)", "│   └── slots.ts (2.44KB)", "cluster/entrypoint/slot.ts is missing"],
  ["├── mod.ts (28KB)", "├── mod_test.ts (28KB)", "mod_test.ts does not belong there"],
  ["├── dist/* (5.21MB)", "├── dust/* (5.21MB)", "dist/demo.mjs is missing"],
  ["commander/15.1.0/*", "typescript/5.9.3/*", "npm typescript does not belong there"],
  ["esbuild/0.28.2/*", "esbuilt/0.28.2/*", "npm esbuild is missing"],
  ["Files: 18.05MB", `Files: ${BUDGET_MB + 1}MB`, `${BUDGET_MB + 1} MB are more than ${BUDGET_MB} MB`],
];

Deno.test("what must and must not be in an executable", () => {
  assert.deepEqual(complaints(readListing(OUTPUT), BUDGET_MB), []);
  for (const [line, instead, complaint] of WRONG) {
    assert.ok(OUTPUT.includes(line), line);
    const found = complaints(readListing(OUTPUT.replace(line, instead)), BUDGET_MB);
    assert.ok(found.includes(complaint), `${complaint}: ${found}`);
  }
});
