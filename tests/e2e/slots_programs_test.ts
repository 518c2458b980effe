/**
 * Programs whose main() learns something from outside or runs several jobs: what the functions in the slots see is what
 * the first run saw. Each is a file of a user, run by the command line in slots of a kind and by `deno run`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Ended, JobFiles, printed, someAtOnce, type Start } from "./testdata/job_files.ts";

interface Program {
  /** Behind the two lines that make `env`. */
  readonly code: string;
  readonly args?: readonly string[];
  readonly starts?: readonly Start[];
  /** All of stdout, sorted, without the numbers of subtasks; or a check of it. */
  readonly out: readonly string[] | ((lines: string[], ended: Ended, how: Start) => void);
  /** What stderr holds. */
  readonly err?: RegExp;
}

const ALL: readonly Start[] = ["threads", "web", "plain"];

const PROGRAMS: Readonly<Record<string, Program>> = {
  "jobs in a loop, random id, cutoff from the clock": {
    code: `
      const id = crypto.randomUUID(), cutoff = Date.now(), drawn = Math.random();
      console.log(id, cutoff, drawn);
      for (let i = 0; i < 2; i++) {
        const again = Math.random();
        console.log(again);
        env.fromSequence(1, 2).map((n) => [i, n, id, cutoff, drawn, again].join()).print();
        const { getNetRuntime } = await env.execute("job " + i);
        if (typeof getNetRuntime !== "function") throw new Error("no result");
      }`,
    out(lines) {
      const drawn = lines.filter((line) => /^0\.\d+$/.test(line));
      const [id, cutoff, first] = lines.find((line) => line.includes(" "))!.split(" ");
      const rows = lines.filter((line) => line.includes(","));
      assert.equal(lines.length, 3 + 4);
      for (const row of rows) {
        const [i, , ...seen] = row.split(",");
        const again = seen.pop()!;
        assert.deepEqual(seen, [id, cutoff, first]);
        assert.ok(drawn.includes(again), `job ${i}`);
      }
      assert.equal(new Set(rows.map((row) => row.split(",").at(-1))).size, 2);
    },
  },
  "a file read in main() warns with the line": {
    code: `
      const text = Deno.readTextFileSync("data.txt").trim();
      env.fromSequence(1, 2).map((n) => text + n).print();
      await env.execute();`,
    out: ["hello1", "hello2"],
    err: /warn:? +Deno\.readTextFileSync\(\) in main\(\) at file:\/\/\S*:4:25: it runs again .*await env\.once/i,
  },
  "a file read by env.once does not, and once gives every kind of value": {
    code: `
      const [text, value] = await Promise.all([
        env.once("text", () => Deno.readTextFile("data.txt")),
        env.once("value", () => ({ at: new Date(0), map: new Map([["k", new Set([1])]]), big: 10n, none: undefined })),
      ]);
      const shown = [text.trim(), value.at.toISOString(), [...value.map.get("k")!], value.big, "none" in value].join();
      env.fromSequence(1, 2).map((n) => n + shown).print();
      await env.execute();`,
    out: ["1hello,1970-01-01T00:00:00.000Z,1,10,true", "2hello,1970-01-01T00:00:00.000Z,1,10,true"],
    err: /^((?!WARN|warn).)*$/s,
  },
  "what depends on arguments, in a module with main": {
    args: ["--mode", "double"],
    code: `
      export async function main() {
        await new Promise((resolve) => setTimeout(resolve, 5));
        const { mode } = env.args.parse({ mode: "plain" });
        let numbers = env.fromSequence(1, 3).map((n) => n + 1);
        if (mode === "double") numbers = numbers.map((n) => n * 2).name("Double");
        numbers.print();
        console.log("main once");
        await env.execute();
      }
      if (import.meta.main) await main();`,
    out: ["4", "6", "8", "main once"],
  },
  "closures over npm packages": {
    code: `
      import YAML from "yaml";
      import { inferSchema, initParser } from "udsv";
      const csv = "a,b\\n1,2\\n";
      const parser = initParser(inferSchema(csv));
      env.fromSequence(1, 2).map((n) => YAML.stringify({ n, rows: parser.typedArrs(csv) }).replaceAll(/\\s+/g, " ")).print();
      await env.execute();`,
    out: ["n: 1 rows: - - 1 - 2 ", "n: 2 rows: - - 1 - 2 "],
  },
  "counters: fields are a subtask's own, closures a slot's": {
    starts: ["threads", "inline", "plain"],
    code: `
      let closure = 0;
      class Count {
        field = 0;
        map(n: number) {
          return [n, ++this.field, ++closure].join();
        }
      }
      env.fromSequence(1, 400).setParallelism(4).map(new Count()).setParallelism(4).print().setParallelism(4);
      await env.execute();`,
    out(_lines, { out }, how) {
      const bySubtask = Map.groupBy(out.trim().split("\n"), (line) => line.split("> ")[0]);
      let last = 0;
      for (const lines of bySubtask.values()) {
        const rows = lines.map((line) => line.split("> ")[1].split(",").map(Number));
        assert.deepEqual(rows.map(([, field]) => field), rows.map((_, i) => i + 1), "own field");
        const closures = rows.map(([, , closure]) => closure);
        if (how === "inline") last = Math.max(last, ...closures);
        else assert.deepEqual(closures, rows.map((_, i) => i + 1), "a closure of its own slot");
      }
      if (how === "inline") assert.equal(last, 400, "one closure for all");
    },
  },
  "a job that fails is caught, the next one knows": {
    code: `
      env.fromSequence(1, 3).map((n): number => { throw new Error("no " + n); }).print();
      let why = "";
      try {
        await env.execute("bad");
      } catch (error) {
        why = (error as { code: string }).code;
      }
      env.fromSequence(1, 2).map((n) => why + " " + n).print();
      await env.execute("good");`,
    out: ["TSF-2001 1", "TSF-2001 2"],
  },
  "rows of an earlier job, a cancelled job, and jobs side by side": {
    code: `
      const all = await env.fromSequence(1, 20).map((n) => n * 2).executeAndCollect();
      const few = await env.fromSequence(1, 1e12).executeAndCollect().take(3);
      env.fromSequence(1, 1e12).filter((n) => n < 0).print();
      const client = await env.executeAsync("endless");
      await client.cancel();
      const other = StreamExecutionEnvironment.getExecutionEnvironment();
      const sum = all.reduce((a, b) => a + b);
      const status = await client.getJobStatus();
      env.fromData("a").map((a) => [a, sum, few.length, status].join()).print();
      other.fromData("b").map((b) => [b, sum, few.length, status].join()).print();
      await Promise.all([env.execute(), other.execute()]);`,
    out: ["a,420,3,CANCELED", "b,420,3,CANCELED"],
  },
  "output of main() once, of functions in order": {
    code: `
      console.log("main");
      console.error("main on stderr");
      env.fromSequence(1, 3).setParallelism(1).map((n) => {
        console.log("function", n, { deep: [n] });
        return n;
      }).setParallelism(1).print().setParallelism(1);
      await env.execute();
      console.log("end");`,
    out(_lines, { out, err }) {
      const pairs = [1, 2, 3].flatMap((n) => [`function ${n} { deep: [ ${n} ] }`, `${n}`]);
      assert.deepEqual(out.trim().split("\n"), ["main", ...pairs, "end"]);
      assert.equal(err.match(/main on stderr/g)?.length, 1);
    },
  },
  "accumulators of all slots, built in and own, and a cached file": {
    code: `
      import { type Accumulator, AverageAccumulator, IntCounter, perSubtask, RichMapFunction, type RuntimeContext } from "tsflink";
      class Longest implements Accumulator<string, string> {
        best = "";
        add(text: string) {
          if (text.length > this.best.length) this.best = text;
        }
        getLocalValue() { return this.best; }
        resetLocal() { this.best = ""; }
        merge(other: Longest) { this.add(other.best); }
        clone() { return Object.assign(new Longest(), this); }
      }
      class Counted extends RichMapFunction<number, string> {
        readonly all = { n: new IntCounter(), average: new AverageAccumulator(), longest: new Longest() };
        #text = "";
        override open(context: RuntimeContext) {
          for (const [name, one] of Object.entries(this.all)) context.addAccumulator(name, one as Longest);
          this.#text = context.getDistributedCache().getFile("f").text().trim();
        }
        map(n: number) {
          this.all.n.add(1);
          this.all.average.add(n);
          this.all.longest.add("x".repeat(n));
          return this.#text + n;
        }
      }
      env.registerCachedFile("data.txt", "f");
      env.fromSequence(1, 20).map(perSubtask(() => new Counted())).filter((text) => text.endsWith("7")).print();
      console.log(JSON.stringify((await env.execute()).getAllAccumulatorResults()));`,
    out: ["hello17", "hello7", `{"n":20,"average":10.5,"longest":"${"x".repeat(20)}"}`],
  },
};

const files = new JobFiles(Object.fromEntries(Object.values(PROGRAMS).map(({ code }, i) => [`program${i}`, code])));
files.write("data.txt", "hello\n");

Deno.test("slots: programs are run again as they ran first", async (t) => {
  const cases = Object.entries(PROGRAMS).flatMap(([name, program], i) =>
    (program.starts ?? ALL).map((how) => ({ name, how, program, job: `program${i}` }))
  );
  const results = new Map<unknown, Ended>();
  await someAtOnce(cases, async (one) => {
    results.set(one, await files.run(one.job, one.how, one.program.args));
  });
  for (const one of cases) {
    await t.step(`${one.name}: ${one.how}`, () => {
      const { out, err } = one.program;
      const ended = results.get(one)!;
      assert.equal(ended.code, 0, ended.err);
      if (typeof out === "function") out(printed(ended.out), ended, one.how);
      else assert.deepEqual(printed(ended.out), [...out].sort(), ended.err);
      if (err !== undefined) assert.match(ended.err, err);
    });
  }
});
