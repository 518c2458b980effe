import assert from "node:assert/strict";
import { flinkFlags } from "./flink_flags.ts";

const CASES: [string, string][] = [
  ["run -sae job.ts", "run --shutdownOnAttachedExit job.ts"],
  [
    "run -p 2 -sae -m jm:1 -cm CLAIM -s /sp job.ts",
    "run -p 2 --shutdownOnAttachedExit -m jm:1 --claimMode CLAIM -s /sp job.ts",
  ],
  ["run job.ts -sae -type", "run job.ts -sae -type"],
  ["run -- -sae", "run -- -sae"],
  ["stop -type native abc -p /sp", "stop --type native abc -p /sp"],
  ["savepoint abc -detached -type canonical", "savepoint abc --detached --type canonical"],
  ["checkpoint abc -full", "checkpoint abc --full"],
  ["local job.ts -sae", "local job.ts -sae"],
  ["list -r", "list -r"],
  ["", ""],
];
for (const [given, expected] of CASES) {
  Deno.test(`tsflink ${given}`, () => assert.deepEqual(flinkFlags(given.split(" ")), expected.split(" ")));
}
