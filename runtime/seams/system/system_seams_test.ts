import assert from "node:assert/strict";
import type { SyncWriter } from "./write_all.ts";
import { systemSeams } from "./system_seams.ts";

Deno.test("the bundle is complete, repeatable by its seed, and shares nothing between two of them", () => {
  const names = ["clock", "files", "log", "mainThread", "random", "sockets", "spill"];
  assert.deepEqual(Object.keys(systemSeams()).sort(), names);
  const draw = (seed?: number): string => {
    const { random } = systemSeams({ seed });
    return [random.u32(), random.u32(), random.fork("task").u32()].join();
  };
  assert.equal(draw(5), draw(5));
  assert.notEqual(draw(5), draw(6));
  assert.notEqual(draw(), draw(), "without a seed every run differs");
  const [one, two] = [systemSeams(), systemSeams()];
  for (const name of names as (keyof typeof one)[]) assert.notEqual(one[name], two[name], name);
});

Deno.test("log options reach the log", () => {
  let written = "";
  const stderr: SyncWriter = {
    writeSync: (bytes) => {
      written += new TextDecoder().decode(bytes);
      return bytes.length;
    },
  };
  const { log } = systemSeams({ log: { stderr, level: "error" } });
  log.log("warn", "hidden");
  log.log("error", "shown", { code: "TSF-1" });
  assert.match(written, /^\S+ ERROR shown code=TSF-1\n$/);
});
