import assert from "node:assert/strict";
import { JobExecutionError } from "../errors.ts";
import { generateJobGraph } from "../graph/job_graph_generator.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { checkPlan } from "./capture.ts";
import {
  assertSamePlans,
  captured,
  type FakeJob,
  fingerprint,
  firstRun,
  type FirstRunOptions,
  moduleOf,
  program,
  slotRun,
} from "./testdata/two_runs.ts";

/** What the program has told in its last graph. */
function told(names: readonly string[]): unknown {
  return JSON.parse(names.at(-1)!);
}
async function seen(main: string, options: FirstRunOptions = {}): Promise<unknown> {
  const { graphs } = await assertSamePlans(program(main), options);
  return told(
    graphs.at(-1)!.nodes.filter((node) => node.name.startsWith("[") || node.name.startsWith("{")).map((n) => n.name),
  );
}

Deno.test("every kind of call gives in a slot what it gave in the first run; then the real functions are back", async () => {
  Deno.env.set("H4_SET", "from outside");
  const real = () =>
    [Date, Date.now, Date.prototype.constructor, Math.random, performance.now, crypto.randomUUID]
      .concat(
        [crypto.getRandomValues, Deno.env.get, Deno.env.toObject, Deno.cwd, setTimeout, Deno.readTextFile] as never[],
      )
      .concat([fetch, Deno.serve, Deno.exit, console.log] as never[]);
  const before = real();
  const first = await assertSamePlans("./every_kind.ts", { args: ["--name", "me"] });
  assert.equal(first.graphs.length, 1);
  assert.deepEqual(real().map((fn, index) => fn === before[index]), before.map(() => true));
  assert.equal(Deno.env.get("H4_SET"), undefined, "the first run does change the environment");
  Deno.env.set("H4_SET", "again");
  await captured(first.recorder.descriptor(0));
  assert.equal(Deno.env.get("H4_SET"), "again", "the second does not");
});

Deno.test("the plan is the same, whatever of the program's own it depends on", async () => {
  const programs: Record<string, string> = {
    "a random id": `tell(env, [crypto.randomUUID()]); await env.execute();`,
    "the clock": `if (Date.now() % 2 === 0) tell(env, ["even"]); else tell(env, ["odd"]); await env.execute();`,
    "a loop over random numbers": `for (let i = Math.random() * 10; i >= 0; i--) tell(env, [i]); await env.execute();`,
    "arguments": `tell(env, [env.args.get("mode"), Deno.args.length]); await env.execute();`,
    "a sleep": `await new Promise((r) => setTimeout(r, 5)); tell(env, [Date.now()]); await env.execute();`,
    "cached functions":
      `const { random } = Math; const { now } = Date; tell(env, [random(), now()]); await env.execute();`,
    "settled promises": `
      const all = await Promise.all([3, 1, 2].map(async (ms) => {
        await new Promise((r) => setTimeout(r, ms));
        return Math.random();
      }));
      tell(env, all); await env.execute();`,
    "timers in the order of their time": `
      const order = [];
      const after = (ms) => new Promise((r) => setTimeout((a) => { order.push(a, Math.random()); r(); }, ms, ms));
      await Promise.all([after(9), after(1), after(5)]);
      tell(env, order); await env.execute();`,
    "an interval that is cleared": `
      let n = 0;
      await new Promise((r) => { const t = setInterval(() => { if (++n === 3) { clearInterval(t); r(); } }, 1); });
      const never = setTimeout(() => n = 100, 2); clearTimeout(never);
      await new Promise((r) => setTimeout(r, 4));
      tell(env, [n]); await env.execute();`,
    "an async iterator": `
      async function* some() { for (let i = 0; i < 3; i++) { await 0; yield Math.random(); } }
      const all = []; for await (const one of some()) all.push(one);
      tell(env, all); await env.execute();`,
    "listeners": `
      const heard = [];
      env.registerJobListener({ onJobSubmitted: (c, e) => heard.push("s" + c?.getJobID() + Math.random()), onJobExecuted: (r) => heard.push("e" + r.getNetRuntime()) });
      tell(env, ["first"]); await env.execute(); tell(env, heard); await env.execute();`,
  };
  for (const [what, main] of Object.entries(programs)) {
    const { graphs } = await assertSamePlans(program(main), { args: ["--mode", "x"] });
    assert.ok(graphs.length > 0, what);
  }
});

Deno.test("main() at the top level of the module, or exported; module level calls count too", async () => {
  const url = moduleOf(`begin();
    const id = Math.random();
    export async function main() { const env = environment(); tell(env, [id, Math.random()]); await env.execute(); }`);
  await assertSamePlans(url);
});

Deno.test("several executions: the results of one decide about the next", async () => {
  const jobs: FakeJob[] = [
    { rows: [[1, 2], [3]], accumulators: { n: 3 } },
    { rows: [[{ at: new Date(5), deep: { big: 10n } }]] },
    { rows: [], accumulators: { n: 9, set: new Set([1]) } },
  ];
  const main = `
    const seen = [];
    for (let i = 0; i < 3; i++) {
      const rows = await env.fromData(1).map((n) => n).name("job " + i + " after " + JSON.stringify(seen)).executeAndCollect();
      seen.push(rows.length, rows.map((row) => row?.at?.getTime?.() ?? row), String(rows[0]?.deep?.big));
      if (rows[0]?.deep) rows[0].deep.big = "changed by the program";
      rows.push("and more");
      seen.push(Math.random());
    }
    tell(env, seen);
    const result = await env.execute();
    tell(env, [result.getJobID(), result.getNetRuntime(), result.getAllAccumulatorResults().n]);
    const client = await env.executeAsync();
    tell(env, [client.getJobID(), await client.getJobStatus(), await client.getJobStatus(), await client.getAccumulators(), await client.cancel()]);
    await env.execute();`;
  const first = await assertSamePlans(program(main), {
    job: (ordinal) => ({
      statuses: ["RUNNING", "FINISHED"],
      ...jobs[ordinal],
      ...(ordinal >= 3 && { accumulators: { n: ordinal } }),
    }),
  });
  assert.equal(first.graphs.length, 6);
  const names = first.graphs.at(-1)!.nodes.map((node) => node.name);
  assert.ok(names.includes('["job-4","RUNNING","FINISHED",{"n":4},null]'), names.join());
});

Deno.test("rows are taken in part, iterated, or not at all", async () => {
  const main = `
    const some = await env.fromData(1).executeAndCollect().take(2);
    const loop = []; for await (const row of env.fromData(1).executeAndCollect()) { loop.push(row); if (row === 3) break; }
    void env.fromData(1).executeAndCollect();
    tell(env, [some, loop]); await env.execute();`;
  assert.deepEqual(await seen(main, { job: () => ({ rows: [[1], [2, 3], [4], [5]] }) }), [[1, 2], [1, 2, 3]]);
});

Deno.test("two environments at once, and jobs that end in another order than they began", async () => {
  const release = Promise.withResolvers<void>();
  const main = `
    const other = StreamExecutionEnvironment.getExecutionEnvironment();
    const order = [];
    tell(env, ["a"]); tell(other, ["b"]);
    await Promise.all([env.execute().then(() => order.push("a", Math.random())), other.execute().then(() => order.push("b", Date.now()))]);
    tell(other, order); await other.execute();`;
  const told = await seen(main, {
    job: (ordinal) => ordinal === 0 ? { until: release.promise } : (release.resolve(), {}),
  });
  assert.deepEqual((told as unknown[]).filter((one) => typeof one === "string").sort(), ["a", "b"]);
});

Deno.test("failed and refused jobs fail again, with code and class", async () => {
  const failure = new JobExecutionError("TSF-2001", "The job has failed", { found: "x" });
  const main = `
    const errors = [];
    const note = (e) => errors.push(e.name, e.code, e.message, e instanceof Error);
    tell(env, [0]); await env.execute().catch(note);
    tell(env, [1]); await env.executeAsync().catch(note);
    await env.execute().catch((e) => errors.push(e.code));
    await env.fromData(1).executeAndCollect().catch(note);
    tell(env, errors); await env.execute();`;
  const told = await seen(main, {
    job: (ordinal) => ordinal === 1 ? { refused: new TypeError("refused") } : ordinal < 4 ? { failed: failure } : {},
  }) as unknown[];
  assert.deepEqual(told.slice(0, 9), [
    "JobExecutionError",
    "TSF-2001",
    failure.message,
    true,
    "TypeError",
    null,
    "refused",
    true,
    "TSF-1101",
  ]);
});

Deno.test("a race against a time-out is decided as in the first run", async () => {
  const main = (ms: number) => `
    tell(env, [0]); const client = await env.executeAsync();
    const first = await Promise.race([client.getJobExecutionResult().then(() => "job"), new Promise((r) => setTimeout(r, ${ms}, "timer"))]);
    await new Promise((r) => setTimeout(r, 20));
    tell(env, [first]); await env.execute();`;
  const slow = (ordinal: number) =>
    ordinal === 0 ? { until: new Promise<void>((resolve) => setTimeout(resolve, 10)) } : {};
  assert.deepEqual(await seen(main(1), { job: slow }), ["timer"]);
  assert.deepEqual(await seen(main(1000), { job: slow }), ["job"]);
});

Deno.test("once: evaluated once, whatever it gives; errors come again", async () => {
  const main = `
    const calls = (globalThis.h4once ??= []);
    const read = (name, fn) => env.once(name, () => { calls.push(name); return fn(); });
    const values = await Promise.all([
      read("slow", () => new Promise((r) => setTimeout(r, 5, Math.random()))),
      read("map", () => new Map([[1, { at: new Date(7) }]])),
      read("file", () => Deno.readTextFileSync(new URL(import.meta.url.split("?")[0])).length > 10),
      read("bytes", () => new Uint8Array([1, 2])),
      read("nothing", () => undefined),
      read("like a promise", () => ({ then: 1 })),
    ]);
    const failed = await read("fails", () => Deno.readTextFile("/nowhere/x")).catch((e) => [e.name, e instanceof Deno.errors.NotFound]);
    const refused = await read("function", () => () => 1).catch((e) => e.code);
    const twice = await read("slow", () => 1).catch((e) => e.code);
    tell(env, [values[0], values[1].get(1).at.getTime(), ...values.slice(2).map(String), failed, refused, twice, Math.random()]);
    await env.execute();`;
  const global = globalThis as { h4once?: string[] };
  delete global.h4once;
  const [, at, file, bytes, nothing, , failed, refused, twice] = await seen(main) as unknown[];
  assert.deepEqual([at, file, bytes, nothing, refused, twice], [7, "true", "1,2", "undefined", "TSF-2101", "TSF-1215"]);
  assert.deepEqual(failed, ["NotFound", true]);
  assert.deepEqual(global.h4once, ["slow", "map", "file", "bytes", "nothing", "like a promise", "fails", "function"]);
});

Deno.test("main() prints once, and its output after the capture does not come either", async () => {
  const lines: unknown[][] = [];
  const [log, writeSync] = [console.log, Deno.stdout.writeSync];
  console.log = (...args) => lines.push(args);
  Deno.stdout.writeSync = (bytes) => (lines.push(["raw"]), bytes.length);
  try {
    const url = program(`
      console.log("before"); Deno.stdout.writeSync(new Uint8Array(1));
      tell(env, [1]); const client = env.executeAsync(); console.log("after"); await 0; console.log("later");
      await client;`);
    const first = await firstRun(url);
    assert.deepEqual(lines.splice(0), [["before"], ["raw"], ["after"], ["later"]]);
    const job = await slotRun(first.recorder.descriptor(0));
    await new Promise((resolve) => setTimeout(resolve, 2));
    console.log("of a user function");
    assert.deepEqual(lines, [["of a user function"]]);
    job.release();
  } finally {
    console.log = log;
    Deno.stdout.writeSync = writeSync;
  }
});

Deno.test("what main() does to its process is done once, also behind its job", async () => {
  const cwd = Deno.cwd();
  const url = program(`
    const before = Deno.cwd();
    Deno.chdir("/"); Deno.env.set("H4_ONCE", "set");
    tell(env, [before, Deno.cwd(), Deno.env.get("H4_ONCE"), Deno.env.has("H4_ONCE")]);
    void env.executeAsync();
    for (let i = 0; i < 20; i++) await 0;
    Deno.chdir("/usr"); Deno.env.set("H4_ONCE", "later");`);
  try {
    const first = await firstRun(url);
    assert.deepEqual([Deno.cwd(), Deno.env.get("H4_ONCE")], ["/usr", "later"]);
    Deno.chdir(cwd);
    Deno.env.set("H4_ONCE", "other");
    const job = await slotRun(first.recorder.descriptor(0));
    await new Promise((resolve) => setTimeout(resolve, 2));
    assert.deepEqual(fingerprint(job.graph), fingerprint(first.graphs[0]));
    assert.deepEqual([Deno.cwd(), Deno.env.get("H4_ONCE")], [cwd, "other"]);
    job.release();
  } finally {
    Deno.chdir(cwd);
    Deno.env.delete("H4_ONCE");
  }
});

Deno.test("main() that does something else: the first difference is named with its line", async () => {
  const again = "(globalThis.h4again ??= { n: 0 }).n++ > 0";
  const drifts: [string, string, string, RegExp][] = [
    [
      `if (${again}) Math.random(); tell(env, [1]); await env.execute();`,
      "TSF-1230",
      "Math.random()",
      /no further call/,
    ],
    [
      `const x = ${again} ? Date.now() : Math.random(); tell(env, [1]); await env.execute();`,
      "TSF-1230",
      "Date.now()",
      /a call of Math\.random/,
    ],
    [
      `const x = ${again} ? new Date() : 0; Math.random(); tell(env, [1]); await env.execute();`,
      "TSF-1230",
      "new Date()",
      /a call of Math\.random/,
    ],
    [
      `try { if (${again}) Math.random(); } catch {} tell(env, [1]); await env.execute();`,
      "TSF-1230",
      "Math.random()",
      /no further call/,
    ],
    [
      `if (${again}) Deno.env.get("H4_OTHER"); tell(env, [1]); await env.execute();`,
      "TSF-1230",
      'Deno.env.get("H4_OTHER")',
      /no read/,
    ],
    [
      `if (${again}) throw new RangeError("mine"); tell(env, [1]); await env.execute();`,
      "TSF-1233",
      "RangeError: mine",
      /first run/,
    ],
    [`if (${again}) Deno.exit(3); tell(env, [1]); await env.execute();`, "TSF-1235", "Deno.exit(3)", /execute/],
    [`if (${again}) process.exit(4); tell(env, [1]); await env.execute();`, "TSF-1235", "process.exit(4)", /execute/],
    [
      `if (${again}) Deno.listen({ port: 0 }); tell(env, [1]); await env.execute();`,
      "TSF-1235",
      "Deno.listen()",
      /execute/,
    ],
    [
      `if (${again}) return; tell(env, [1]); await env.execute();`,
      "TSF-4010",
      "an exported main() that returns without it",
      /a script/,
    ],
    [
      `tell(env, [1]); await env.execute(); if (${again}) return; tell(env, [2]); await env.execute();`,
      "TSF-1232",
      "1",
      /2 calls of execute/,
    ],
  ];
  for (const [main, code, found, expected] of drifts) {
    delete (globalThis as { h4again?: unknown }).h4again;
    const first = await firstRun(program(main));
    assert.equal(first.error, undefined, main);
    const log = console.log;
    const descriptor = first.recorder.descriptor(first.graphs.length - 1);
    await assert.rejects(slotRun(descriptor), (error: Record<string, string>) => {
      assert.deepEqual([error.code, error.found], [code, found], main);
      assert.match(error.expected, expected);
      if (code !== "TSF-4010" && code !== "TSF-1232") assert.match(error.userLine, /job\d+\.ts\?n=\d+:6:\d+$/, main);
      return true;
    });
    assert.equal(console.log, log, "everything is back");
  }
});

Deno.test("another plan: the first line that differs", async () => {
  const url = program(`const n = (globalThis.h4plan = (globalThis.h4plan ?? 0) + 1);
    env.fromData(1).map((x) => x).name("map " + n).sinkTo(new DiscardingSink()); await env.execute();`);
  const first = await firstRun(url);
  const again = await captured(first.recorder.descriptor(0));
  assert.throws(
    () => checkPlan(fingerprint(first.graphs[0]), generateJobGraph(again.graph)),
    (error: Record<string, string>) => {
      assert.equal(error.code, "TSF-1231");
      assert.match(error.expected, /"Source: Collection Source -> map 1/);
      assert.match(error.found, /-> map 2/);
      assert.match(error.userLine, /job\d+\.ts\?n=\d+:\d+:\d+/);
      return true;
    },
  );
  checkPlan(fingerprint(again.graph), generateJobGraph(again.graph));
});

Deno.test("main() that waits in a slot for what never comes: an error after the time given, which says for what", async () => {
  const waits: [string, RegExp][] = [
    [`if (again) await new Promise(() => {}); tell(env, [1]); await env.execute();`, /a call of execute/],
    [
      `await env.once(again ? "other" : "one", () => 1); tell(env, [1]); await env.execute();`,
      /once\("one"\), which came next/,
    ],
    [
      `if (!again) await new Promise((r) => setTimeout(r, 1)); await env.once("x", () => 1); tell(env, [1]); await env.execute();`,
      /timer #0/,
    ],
  ];
  for (const [main, expected] of waits) {
    delete (globalThis as { h4wait?: unknown }).h4wait;
    const first = await firstRun(
      program(`const again = globalThis.h4wait === true; globalThis.h4wait = true; ${main}`),
    );
    const clock = new ManualClock();
    const capture = slotRun(first.recorder.descriptor(0), { clock, timeoutMs: 500 });
    const failed = assert.rejects(capture, (error: Record<string, string>) => {
      assert.equal(error.code, "TSF-1234");
      assert.match(error.expected, expected);
      return true;
    });
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 2));
    clock.advance(500);
    await failed;
  }
});

Deno.test("calls before tsflink is imported are not recorded: told with their line, once each", async () => {
  const url = moduleOf(`
const early = () => Math.random();
early(); early(); Date.now();
export async function main() { begin(); const env = environment(); tell(env, [Math.random()]); await env.execute(); }`);
  const first = await assertSamePlans(url);
  const job = await captured(first.recorder.descriptor(0));
  assert.equal(job.warnings.length, 2, job.warnings.join("\n"));
  assert.match(job.warnings[0], /^Math\.random\(\) at file:.*job\d+\.ts\?n=\d+:3:26 .*import tsflink first$/);
});

Deno.test("a function that was kept before tsflink was imported is not recorded: told, not guessed", async () => {
  const first = await firstRun(moduleOf(`
const kept = crypto.randomUUID.bind(crypto);
export async function main() { begin(); const env = environment(); tell(env, [kept()]); await env.execute(); }`));
  await assert.rejects(slotRun(first.recorder.descriptor(0)), (error: Record<string, string>) => {
    assert.deepEqual([error.code, error.found], ["TSF-1230", "crypto.randomUUID()"]);
    assert.match(error.hint, /to be imported behind tsflink/);
    return true;
  });
});

Deno.test("what is not loadable says so", async () => {
  const first = await firstRun(program(`tell(env, [1]); await env.execute();`));
  const descriptor = { ...first.recorder.descriptor(0), url: "file:///nowhere/job.ts" };
  await assert.rejects(slotRun(descriptor), { code: "TSF-4012" });
});
