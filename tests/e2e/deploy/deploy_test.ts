/**
 * What is deployed does what the sources do: one set of cases over every form of tsflink (see launchers.ts), and what
 * only one form has to get right.
 *
 * @module
 */

import assert from "node:assert/strict";
import config from "../../../deno.json" with { type: "json" };
import { buildGate } from "../../tools/compile.ts";
import { deploy, type Ended, type Launcher } from "./launchers.ts";

const JOBS: Readonly<Record<string, string>> = {
  "job.ts": `
    import { StreamExecutionEnvironment } from "tsflink";
    import { shout } from "./shout.ts";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const { count } = env.args.parse({ count: 4 });
    env.fromSequence(1, count).keyBy((n) => n % 2).map((n) => shout(n)).print();
    await env.execute("shouting");`,
  "shout.ts": `
    export function shout(n: number): string {
      if (n > 4) throw new RangeError("too loud: " + n);
      return n + "!";
    }`,
  "syntax.ts": "const x = ;",
  "names.ts": `
    import * as api from "tsflink";
    const named = Object.entries(api).filter(([, value]) => typeof value === "function");
    console.log(named.map(([name, value]) => name + " " + (value as { name: string }).name).join("\\n"));
    const env = api.StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromData(1).print();
    await env.execute("names");`,
  "endless.ts": `
    import { DataGeneratorSource, RateLimiterStrategy, StreamExecutionEnvironment, WatermarkStrategy } from "tsflink";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const source = new DataGeneratorSource((n) => "line " + n, 1e9, RateLimiterStrategy.perSecond(100));
    env.fromSource(source, WatermarkStrategy.noWatermarks(), "endless").print();
    await env.execute("endless");`,
};

const forms = await deploy(JOBS);
globalThis.addEventListener("unload", () => Deno.removeSync(forms.top, { recursive: true }));

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "").sort();
}

/** "1> 3!" without the subtask. */
function values(text: string): string[] {
  return lines(text.replaceAll(/^\d+> /gm, ""));
}

interface Case {
  readonly args: readonly string[];
  readonly code: number;
  readonly out?: RegExp | readonly string[];
  readonly err?: readonly RegExp[];
}

/** In order: the second one reads what the first one writes. */
const CASES: Readonly<Record<string, Case>> = {
  "its version": { args: ["--version"], code: 0, out: [config.version] },
  "help": { args: ["--help"], code: 0, out: /Usage: tsflink[\s\S]*local[\s\S]*bundle/ },
  "an unknown command": { args: ["locl"], code: 2, err: [/unknown command 'locl'/] },
  "bundles a job": { args: ["bundle", "--json", "job.ts"], code: 0, out: /"sha256":/ },
  "runs a bundle in threads": {
    args: ["local", "-p", "2", "job.mjs"],
    code: 0,
    out: ["1!", "2!", "3!", "4!"],
    err: [/"shouting" runs in slots of this process, parallelism 2/, /FINISHED/],
  },
  "runs the sources of a job in threads": {
    args: ["local", "-p", "2", "job.ts", "--count", "3"],
    code: 0,
    out: ["1!", "2!", "3!"],
    err: [/"shouting" runs in slots of this process, parallelism 2/],
  },
  "in Web Workers too": {
    args: ["local", "-p", "2", "-D", "execution.local.worker-host=web", "job.mjs"],
    code: 0,
    out: ["1!", "2!", "3!", "4!"],
    err: [/runs in slots of this process/],
  },
  "an error names the user's line": {
    args: ["local", "-q", "-p", "1", "job.ts", "--count", "5"],
    code: 1,
    err: [/TSF-2001[\s\S]*too loud: 5/, /at: (job:\/\/job|file:\/\/.*)\/shout\.ts:3:\d+/],
  },
  "a job that is not there": { args: ["local", "nowhere.ts"], code: 2, err: [/TSF-4011/] },
  "a job that does not compile": { args: ["local", "syntax.ts"], code: 2, err: [/TSF-401[23]/, /syntax\.ts:1:11/] },
  "the demonstration": {
    args: ["demo", "-q", "--rate", "0"],
    code: 0,
    out: /late for the report of their day/,
  },
};

function check(found: Ended, { code, out, err }: Case): void {
  assert.equal(found.code, code, found.err);
  if (out instanceof RegExp) assert.match(found.out, out);
  else if (out !== undefined) assert.deepEqual(values(found.out), out, found.err);
  for (const pattern of err ?? []) assert.match(found.err, pattern);
  assert.doesNotMatch(found.err, /^warn/m, "nothing to warn of");
}

/** Reads a stream until the text is there. */
async function until(reader: ReadableStreamDefaultReader<string>, wanted: string): Promise<void> {
  for (let text = ""; !text.includes(wanted);) {
    const { value, done } = await reader.read();
    if (done) assert.fail(`no "${wanted}" in:\n${text}`);
    text += value;
  }
}

for (const launcher of forms.launchers) {
  Deno.test(`deployed as ${launcher.name}`, async (t) => {
    for (const [name, each] of Object.entries(CASES)) {
      await t.step(name, async () => check(await launcher.run(each.args), each));
    }
    for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
      await t.step(`${signal} cancels the job and ends with ${code}`, async () => {
        const child = launcher.spawn(["local", "-q", "-p", "1", "endless.ts"]);
        const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
        await until(reader, "line 3\n");
        child.kill(signal);
        // Whoever closes the pipe ends the process in another way.
        const rest = async () => {
          while (!(await reader.read()).done);
        };
        await Promise.all([rest(), new Response(child.stderr).text()]);
        assert.equal((await child.status).code, code);
      });
    }
    await t.step("leaves no temporary files", () => {
      const left = [...Deno.readDirSync(forms.top)].map(({ name }) => name).filter((name) =>
        /^tsflink-(job|npm)/.test(name)
      );
      assert.deepEqual(left, []);
    });
  });
}

for (const reason of forms.skipped) {
  console.error(`SKIPPED: deployed as ${reason}`);
  Deno.test({ name: `deployed as ${reason}`, ignore: true, fn: () => {} });
}

/** Ports that nothing else on this machine is likely to have, where the network is not the test's own. */
const PORTS = { rest: 20_000 + Deno.pid % 20_000, rpc: 40_000 + Deno.pid % 20_000 };

/** A cluster of processes, two jobs and the end of it. What each step ended with is on stdout. */
const CLUSTER_SCRIPT = `
  set -- -D "env.pid.dir=$PWD/pid" -D "env.log.dir=$PWD/log" -D "io.tmp.dirs=$PWD/tmp" \\
    -D rest.port=${PORTS.rest} -D jobmanager.rpc.port=${PORTS.rpc}
  trap 'tsflink cluster stop "$@" >/dev/null 2>&1' EXIT
  tsflink bundle -o own.mjs job.ts >/dev/null
  tsflink cluster start --taskmanagers 2 --slots 1 "$@" >started 2>&1; echo "start $?"
  tsflink run -m 127.0.0.1:${PORTS.rest} -p 2 job.ts >ran 2>&1; echo "run $?"
  tsflink run -m 127.0.0.1:${PORTS.rest} -p 2 own.mjs --count 5 >failed 2>&1; echo "failing $?"
  tsflink list -m 127.0.0.1:${PORTS.rest} -a >list 2>&1; echo "list $?"
  tsflink cluster stop "$@" >stopped 2>&1; echo "stop $?"`;

for (const launcher of forms.launchers) {
  Deno.test(`a cluster of processes, deployed as ${launcher.name}`, async () => {
    const { out, err } = await launcher.script(CLUSTER_SCRIPT);
    const read = (name: string) => Deno.readTextFileSync(`${launcher.directory}/${name}`);
    const all = () =>
      ["started", "ran", "failed", "list", "stopped"].map((name) => `${name}:\n${read(name)}`).join("\n");
    assert.deepEqual(out.trim().split("\n"), ["start 0", "run 0", "failing 1", "list 0", "stop 0"], err + all());
    const logs = [...Deno.readDirSync(`${launcher.directory}/log`)].map(({ name }) => name);
    assert.equal(logs.filter((name) => /taskmanager.*\.out$/.test(name)).length, 2);
    const printed = logs.filter((name) => name.endsWith(".out")).map((name) => read(`log/${name}`)).join("");
    assert.deepEqual(
      values(printed).slice(0, 4).map((value) => /^[1-4]!$/.test(value)),
      [true, true, true, true],
      printed,
    );
    assert.match(read("failed"), /too loud: 5[\s\S]*at: job:\/\/job\/shout\.ts:3:\d+/);
    assert.match(read("list"), /\(FINISHED\)[\s\S]*\(FAILED\)|\(FAILED\)[\s\S]*\(FINISHED\)/);
  });
}

/** What every form must print alike. */
const ALIKE: Readonly<Record<string, readonly string[]>> = {
  "the hash of a bundled job": ["bundle", "--json", "job.ts"],
  "the plan, whose fingerprint client and cluster compare": ["info", "--format", "job", "-p", "2", "job.mjs"],
  "the stream graph": ["info", "-p", "2", "job.mjs"],
  "the names of classes and functions, which stand in errors and states": ["local", "-q", "-p", "1", "names.ts"],
};

for (const [what, args] of Object.entries(ALIKE)) {
  Deno.test(`${what} is the same in every form`, async () => {
    const found = await Promise.all(forms.launchers.map((launcher) => launcher.run(args)));
    for (const [at, { code, out, err }] of found.entries()) {
      assert.equal(code, 0, err);
      assert.equal(out, found[0].out, forms.launchers[at].name);
    }
  });
}

Deno.test("a bundle without a bundler runs bundles, and says what a job's sources need", async () => {
  const source = forms.launchers[0];
  await Deno.copyFile(`${source.directory}/job.mjs`, `${forms.bare.directory}/job.mjs`);
  const ran = await forms.bare.run(["local", "-q", "-p", "1", "job.mjs"]);
  assert.deepEqual([ran.code, values(ran.out)], [0, ["1!", "2!", "3!", "4!"]], ran.err);
  const refused = await forms.bare.run(["local", "job.ts"]);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /TSF-4170[\s\S]*tsflink bundle job\.ts/);
});

Deno.test("compiled: what deno compile would embed", async () => {
  const { complaints } = await buildGate();
  assert.deepEqual(complaints, []);
});

/** Of the packed file as it is released; compressed in the fast way it has about a tenth more. */
const LIMIT_BYTES = 50e6;
const FAST_FACTOR = 1.09;

Deno.test("packed: at most 50 MB with the bundler inside", () => {
  assert.ok(forms.packedBytes < LIMIT_BYTES * FAST_FACTOR, `${forms.packedBytes} bytes`);
});

/** The packed file with an environment of its own. */
function packed(environment: Readonly<Record<string, string>>): Promise<Ended> {
  const launcher = forms.launchers.find(({ name }) => name === "packed")!;
  return launcher.run(["--version"], environment);
}

Deno.test("packed: first runs at the same time leave one copy, and nothing else", async () => {
  const cache = `${forms.top}/new cache`;
  const runs = await Promise.all(Array.from({ length: 4 }, () => packed({ TSFLINK_CACHE: cache })));
  for (const { code, out, err } of runs) assert.deepEqual([code, out], [0, `${config.version}\n`], err);
  const names = [...Deno.readDirSync(cache)].map(({ name }) => name).sort();
  assert.deepEqual(names.filter((name) => !/^[0-9a-f]{16}$/.test(name)), ["deno"]);
  assert.equal(names.length, 2);
});

Deno.test("packed: a cache that cannot be used is an error with what to do", async () => {
  await Deno.writeTextFile(`${forms.top}/file`, "");
  const { code, out, err } = await packed({ TSFLINK_CACHE: `${forms.top}/file/cache` });
  assert.deepEqual([code, out], [3, ""]);
  assert.match(err, /TSF-4171[\s\S]*TSFLINK_CACHE/);
});

Deno.test("packed: found on the path, through a link, without a home", async () => {
  const launcher = forms.launchers.find(({ name }) => name === "packed")!;
  const bin = `${forms.top}/bin`;
  await Deno.mkdir(bin);
  await Deno.symlink(forms.packedFile, `${bin}/tsf`);
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", "tsf --version"],
    clearEnv: true,
    env: { ...launcher.environment, PATH: `${bin}:/usr/bin:/bin` },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.deepEqual([code, text(stdout)], [0, `${config.version}\n`], text(stderr));
});

const START_FACTOR = 1.5;
/** Starts of each form: at least, and at most when the machine is busy. */
const ROUNDS = { min: 5, max: 40 };

/** The fastest start of each form, taken in turns: what it costs. The others say what else the machine did. */
async function fastestStarts(launchers: readonly Launcher[]): Promise<number[]> {
  const best = launchers.map(() => Infinity);
  const isClear = () => best.every((time) => time <= START_FACTOR * best[0]);
  for (let round = 0; round < ROUNDS.min || (round < ROUNDS.max && !isClear()); round++) {
    for (const [at, launcher] of launchers.entries()) {
      const start = performance.now();
      const { code } = await launcher.run(["--version"]);
      assert.equal(code, 0);
      best[at] = Math.min(best[at], performance.now() - start);
    }
  }
  return best;
}

Deno.test("packed: starts in at most 1.5 times what the sources take", async () => {
  const compared = ["source", "packed", "compiled"];
  const launchers = forms.launchers.filter(({ name }) => compared.includes(name)).map((launcher) =>
    launcher.inTheOpen()
  );
  const [source, ...others] = await fastestStarts(launchers);
  for (const [at, time] of others.entries()) {
    const what = `${launchers[at + 1].name} ${time.toFixed(0)} ms, sources ${source.toFixed(0)} ms`;
    assert.ok(time <= START_FACTOR * source, what);
  }
});
