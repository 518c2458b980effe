import assert from "node:assert/strict";
import { assertSamePlans, firstRun } from "./testdata/two_runs.ts";

Deno.test("every kind of call gives in a slot what it gave in the first run", async () => {
  Deno.env.set("H4_SET", "from outside");
  const before = [Date, Date.now, Math.random, performance.now, crypto.randomUUID, crypto.getRandomValues, Deno.env.get];
  const first = await assertSamePlans("./every_kind.ts", { args: ["--name", "me"] });
  assert.equal(first.graphs.length, 1);
  assert.deepEqual(
    [Date, Date.now, Math.random, performance.now, crypto.randomUUID, crypto.getRandomValues, Deno.env.get],
    before,
  );
});
