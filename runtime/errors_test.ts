import assert from "node:assert/strict";
import { userFrame } from "./errors.ts";

const ROOT = new URL("../", import.meta.url).href;

/** Frames of a stack, and the place that is the user's. */
const STACKS: Readonly<Record<string, { readonly frames: readonly string[]; readonly line: string | undefined }>> = {
  "the first frame outside the engine": {
    frames: [
      `at Recorder.add (${ROOT}runtime/api/x.ts:1:2)`,
      "at main (file:///home/me/job.ts:3:4)",
      "at file:///x.ts:5:6",
    ],
    line: "file:///home/me/job.ts:3:4",
  },
  "a job that was bundled": { frames: ["at async job://orders/lib/a.ts:7:8"], line: "job://orders/lib/a.ts:7:8" },
  "the module that stands for tsflink in it": { frames: ["at async job://orders/tsflink:3:14"], line: undefined },
  "its testing module": { frames: ["at job://orders/tsflink/testing:3:14"], line: undefined },
  "a file of the user's that is called like it": {
    frames: ["at job://orders/tsflink.ts:3:14"],
    line: "job://orders/tsflink.ts:3:14",
  },
  "the engine as a bundle": {
    frames: ["at f (tsflink:///runtime/api/x.ts:1:2)", "at ext:core/a.js:1:1"],
    line: undefined,
  },
  "a path with spaces, as threads write it": {
    frames: ["at shout (file:///home/my jobs/é/shout.ts:2:24)"],
    line: "file:///home/my%20jobs/%C3%A9/shout.ts:2:24",
  },
  "and without a function": { frames: ["at file:///home/my jobs/t.ts:4:74"], line: "file:///home/my%20jobs/t.ts:4:74" },
  "the same as URL": { frames: ["at f (file:///home/my%20jobs/t.ts:4:74)"], line: "file:///home/my%20jobs/t.ts:4:74" },
  "generated code": {
    frames: [`at Array.f (eval at fuse (${ROOT}runtime/tasks/a.ts:89:21), <anonymous>:7:213)`, "at job://j/a.ts:1:1"],
    line: "job://j/a.ts:1:1",
  },
  "installed packages": {
    frames: [
      "at f (file:///c/npm/registry.example/yaml/2.9.1/dist/a.js:1:2)",
      "at file:///p/node_modules/a/b.js:1:2",
    ],
    line: undefined,
  },
  "no frames": { frames: [], line: undefined },
};

for (const [name, { frames, line }] of Object.entries(STACKS)) {
  Deno.test(`the user's line: ${name}`, () => {
    assert.equal(userFrame(["Error: what", ...frames.map((frame) => `    ${frame}`)].join("\n")), line);
  });
}

Deno.test("the user's line: without a stack there is none", () => assert.equal(userFrame(undefined), undefined));
