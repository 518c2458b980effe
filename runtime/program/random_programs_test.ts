/**
 * Random main programs, made of statements that learn something from outside. In a slot every execution gets the plan it
 * had, and the plan holds everything the program has seen so far. A program that is changed at one place is told where.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { ManualClock } from "../testing/manual_clock.ts";
import { assertSamePlans, type FakeJob, firstRun, program, slotRun } from "./testdata/two_runs.ts";

/** Each is one line; `i` is its place in the program. */
const CALLS: Readonly<Record<string, (i: number) => string>> = {
  "Math.random": () => `seen.push(Math.random());`,
  "performance.now": () => `seen.push(performance.now());`,
  "crypto.randomUUID": () => `seen.push(crypto.randomUUID());`,
  "crypto.getRandomValues": () => `seen.push([...crypto.getRandomValues(new Uint16Array(3))]);`,
  "Deno.cwd": () => `seen.push(Deno.cwd());`,
  "Date": (i) => `seen.push(${["Date.now()", "new Date().getTime()", "Date()"][i % 3]});`,
  "Temporal.Now": () => `seen.push(String(Temporal.Now.instant()));`,
};
const OTHERS: Readonly<Record<string, (i: number) => string>> = {
  once: (i) => `seen.push(await env.once("o${i}", () => (globalThis.h5count = (globalThis.h5count ?? 0) + 1)));`,
  "once that fails": (i) =>
    `seen.push(await env.once("f${i}", () => { throw new RangeError("no " + (globalThis.h5count = (globalThis.h5count ?? 0) + 1)); }).catch(String));`,
  sleep: (i) => `await new Promise((r) => setTimeout(r, ${i % 3})); seen.push("slept");`,
  race: (i) =>
    `seen.push(await Promise.race([3, 1, 2].map((ms) => new Promise((r) => setTimeout(r, ms, "timer ${i} " + ms)))));`,
  together: (i) =>
    `seen.push(await Promise.all([env.once("t${i}", () => 1), new Promise((r) => setTimeout(() => r(Math.random()), 1))]));`,
  "environment variable": (i) => `seen.push(Deno.env.get("TSF_H5_${i % 2}") ?? null, Deno.env.has("TSF_H5_1"));`,
  execute: () => `tell(env, seen); { const r = await env.execute(); seen.push(r.getJobID(), r.getNetRuntime()); }`,
  executeAsync: () =>
    `tell(env, seen); { const c = await env.executeAsync(); seen.push(await c.getJobStatus(), await c.getJobStatus(), await c.getAccumulators()); }`,
  executeAndCollect: () =>
    `seen.push(await env.fromData(1).map((n) => n).name(JSON.stringify(seen)).executeAndCollect());`,
  refused: () => `tell(env, seen); seen.push(await env.execute().then(() => "ok", (e) => e.name + e.message));`,
  branch: (i) => `if (Math.random() < 0.5) seen.push(Math.random(), ${i}); else await env.once("b${i}", () => ${i});`,
};
const KINDS = { ...CALLS, ...OTHERS };
const END = `tell(env, seen); await env.execute();`;

/** Jobs that give something of their own each. */
const job = (ordinal: number): FakeJob => ({
  rows: [[ordinal, { of: ordinal }], [], ["x"]],
  accumulators: { n: ordinal },
  statuses: ["RUNNING", "FINISHED"],
});
const mainOf = (kinds: readonly string[]) => ["const seen = [];", ...kinds.map((kind, i) => KINDS[kind](i)), END];

const kinds = fc.array(fc.constantFrom(...Object.keys(KINDS)), { minLength: 1, maxLength: 7 });

Deno.test("whatever a program learns, in whatever order: each of its executions is the same in a slot", async () => {
  Deno.env.set("TSF_H5_1", "set");
  try {
    await fc.assert(
      fc.asyncProperty(kinds, async (kinds) => {
        const { graphs } = await assertSamePlans(program(mainOf(kinds).join("\n")), { job });
        const executions = kinds.filter((kind) => kind.startsWith("execute") || kind === "refused").length;
        assert.equal(graphs.length, executions + 1);
      }),
      { numRuns: 14 },
    );
  } finally {
    Deno.env.delete("TSF_H5_1");
  }
});

/** A change of one line in the second run, and what it is told as. */
interface Drift {
  readonly line: (i: number) => string;
  readonly code: string;
  readonly found: (string | RegExp)[];
}
const DRIFTS: Readonly<Record<string, Drift>> = {
  "another call": { line: () => `confirm("really?");`, code: "TSF-1230", found: ["confirm()"] },
  "a read of the environment": {
    line: () => `Deno.env.get("TSF_H5_NEVER");`,
    code: "TSF-1230",
    found: ['Deno.env.get("TSF_H5_NEVER")'],
  },
  "all of the environment": { line: () => `Deno.env.toObject();`, code: "TSF-1230", found: ["Deno.env.toObject()"] },
  "it throws": { line: () => `throw new RangeError("mine");`, code: "TSF-1233", found: ["RangeError: mine"] },
  "it exits": { line: () => `Deno.exit(7);`, code: "TSF-1235", found: ["Deno.exit(7)"] },
  "it returns": { line: () => `return;`, code: "TSF-1232", found: [/^\d+$/, /^an exported main/] },
};

Deno.test("one line that differs in a slot is named by code, call and line, wherever it is", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...Object.keys(CALLS), "once", "sleep", "execute"), { minLength: 1, maxLength: 5 }),
      fc.nat(),
      fc.constantFrom(...Object.keys(DRIFTS)),
      async (kinds, where, what) => {
        const lines = mainOf(kinds);
        const at = 1 + where % kinds.length;
        const { line, code, found } = DRIFTS[what];
        lines[0] += ` const again = (globalThis.h5again ??= { n: 0 }).n++ > 0;`;
        lines[at] = `if (again) { ${line(at)} } else { ${lines[at]} }`;
        delete (globalThis as { h5again?: unknown }).h5again;
        const first = await firstRun(program(lines.join("\n")), { job });
        assert.equal(first.error, undefined);
        await assert.rejects(slotRun(first.recorder.descriptor(first.graphs.length - 1)), (error) => {
          const told = error as Record<string, string>;
          const about = `${what} in ${lines.join("\n")}\n${told.message}`;
          assert.ok(told.code === code || (what === "it returns" && told.code === "TSF-4010"), about);
          assert.ok(
            found.some((each) => each === told.found || (each instanceof RegExp && each.test(told.found))),
            about,
          );
          // Main begins in the sixth line of its module.
          if (what !== "it returns") assert.match(told.userLine, new RegExp(`:${6 + at}:\\d+$`), about);
          return true;
        });
      },
    ),
    { numRuns: 25 },
  );
});

Deno.test("a call in place of another one: what was recorded there is named", async () => {
  const all = Object.keys(CALLS);
  for (const [index, recorded] of all.entries()) {
    const other = all[(index + 1) % all.length];
    delete (globalThis as { h5again?: unknown }).h5again;
    const first = await firstRun(program(`const seen = []; const again = (globalThis.h5again ??= { n: 0 }).n++ > 0;
      seen.push(Math.random()); if (again) { ${CALLS[other](0)} } else { ${CALLS[recorded](0)} } ${END}`));
    await assert.rejects(slotRun(first.recorder.descriptor(0)), (error: Record<string, string>) => {
      assert.equal(error.code, "TSF-1230");
      assert.equal(error.expected, `a call of ${recorded}, as in the first run`);
      assert.ok(error.found.startsWith(other.split("(")[0]), error.found);
      return true;
    });
  }
});

Deno.test("what is waited for and never comes: named after the time, for each kind of event", async () => {
  const waits: [string, string, RegExp][] = [
    [`await env.once("a", () => 1);`, `await env.once("b", () => 1);`, /^once\("a"\)/],
    [`await new Promise((r) => setTimeout(r, 1));`, `await new Promise(() => {});`, /^timer #0/],
    [
      `{ tell(env, [1]); const c = await env.executeAsync(); await c.getJobStatus(); }`,
      `{ tell(env, [1]); await env.executeAsync(); await new Promise(() => {}); }`,
      /^getJobStatus\(\) #0 of execution 0/,
    ],
    [`{ tell(env, [1]); await env.execute(); }`, `await new Promise(() => {});`, /^execution 0/],
  ];
  for (const [recorded, changed, expected] of waits) {
    delete (globalThis as { h5again?: unknown }).h5again;
    const first = await firstRun(program(`const seen = []; const again = (globalThis.h5again ??= { n: 0 }).n++ > 0;
      if (again) { ${changed} } else { ${recorded} } ${END}`));
    assert.equal(first.error, undefined);
    const clock = new ManualClock();
    const run = slotRun(first.recorder.descriptor(first.graphs.length - 1), { clock, timeoutMs: 100 });
    const failed = assert.rejects(run, (error: Record<string, string>) => {
      assert.equal(error.code, "TSF-1234");
      assert.match(error.expected, expected);
      return true;
    });
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    clock.advance(99);
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1);
    await failed;
  }
});
