/** What the bench computes from its measurements, on made-up ones. */

import assert from "node:assert/strict";
import { type CpuProfile, flameTree, functionTimes } from "./cpu_profile.ts";
import { flameGraphPage } from "./flame_graph.ts";
import { geometricMean, measure, median } from "./measure.ts";
import { flag, option, parseArgs, switchesOff } from "./options.ts";
import { fallen, fallLines, type KeptResults } from "./regression.ts";
import { caseLine, type CaseResult, heading, summary } from "./report.ts";
import { scaleCase } from "./scale_cases.ts";

Deno.test("median and geometric mean", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 2, 9]), 3);
  assert.ok(Math.abs(geometricMean([0.5, 2, 1]) - 1) < 1e-12);
  assert.ok(Math.abs(geometricMean([0.1, 0.4]) - 0.2) < 1e-12);
});

Deno.test("a run costs CPU time and memory", async () => {
  const cost = await measure(() => {
    let x = 0;
    for (let i = 0; i < 2e7; i++) x += i % 7;
    assert.ok(x > 0);
  });
  assert.ok(cost.cpuMs > 0 && cost.wallMs > 0, JSON.stringify(cost));
});

Deno.test("command line", () => {
  const args = parseArgs(["q0", "--rows", "2_000", "--json", "q2", "--off", "codegen,columns"]);
  assert.deepEqual(args.names, ["q0", "q2"]);
  assert.equal(option(args, "rows", 1), 2000);
  assert.equal(option(args, "pairs", 5), 5);
  assert.ok(flag(args, "json") && !flag(args, "ablate"));
  assert.deepEqual(switchesOff(args), { "pipeline.optimize.codegen": false, "pipeline.optimize.columns": false });
  assert.equal(Object.keys(switchesOff(parseArgs(["--off", "all"]))).length, 5);
  assert.deepEqual(switchesOff(parseArgs([])), {});
});

const frame = (functionName: string, lineNumber = 0) => ({ functionName, url: "file:///r/a.ts", lineNumber });

Deno.test("profiles: self and total times, recursion counted once", () => {
  const profile: CpuProfile = {
    nodes: [
      { id: 1, callFrame: { functionName: "(root)", url: "", lineNumber: -1 }, children: [2] },
      { id: 2, callFrame: frame("outer"), children: [3] },
      { id: 3, callFrame: frame("again", 4), children: [4] },
      { id: 4, callFrame: frame("again", 4) },
    ],
    startTime: 0,
    endTime: 10_000,
    samples: [2, 3, 4, 4],
    timeDeltas: [1000, 2000, 3000, 4000],
  };
  const tree = flameTree(profile, "file:///r/");
  assert.equal(tree.totalMs, 10);
  const times = functionTimes(tree).map(({ name, at, selfMs, totalMs }) => [name, at, selfMs, totalMs]);
  assert.deepEqual(times.slice(0, 2), [["again", "a.ts:5", 9, 9], ["outer", "a.ts:1", 1, 10]]);
  const page = flameGraphPage("q0 <b>", tree);
  assert.match(page, /"name":"again"/);
  assert.doesNotMatch(page, /<b>|https?:/);
});

const result = (over: Partial<CaseResult>): CaseResult => ({
  query: "q0",
  class: "stateless",
  vsLoop: 0.5,
  vsLoopMin: 0.4,
  vsLoopMax: 0.6,
  codecVsLoop: 0.25,
  cpuNsPerEvent: 123.4,
  peakMemory: 5 * 2 ** 20,
  pairs: 5,
  ...over,
});

Deno.test("the table has ratios and no bare times; classes are geometric means against their lines", () => {
  const line = caseLine(result({ offVsLoop: { all: 0.05, codegen: 0.2 } }));
  assert.match(line, /0\.50 \(0\.40-0\.60\)\s+0\.25\s+0\.050\s+0\.20\s+5 MiB$/);
  assert.doesNotMatch(line, /123/);
  assert.match(heading(["all", "codegen"]), /- all\s+- codegen/);
  assert.match(caseLine(result({ vsLoop: 0.2 })), /below 0\.6 of its class's line/);
  assert.doesNotMatch(caseLine(result({ vsLoop: 0.25 })), /below/);
  const lines = summary([
    result({ vsLoop: 0.9 }),
    result({ query: "q1", vsLoop: 0.4 }),
    result({ query: "q3", class: "joins", vsLoop: 0.1 }),
    result({ query: "chain", class: "micro", vsLoop: 0.001 }),
  ]);
  assert.deepEqual(lines.map((text) => text.split(/\s+/)[0]), ["stateless", "joins", "all"]);
  assert.match(
    lines[0],
    /0\.60 by reference,\s+0\.25 codec\s+line 0\.4: met \(1\.50 of it\)\s+aim 0\.7: not met \(0\.86 of it\)$/,
  );
  assert.match(lines[1], /0\.10 by reference.*line 0\.2: not met \(0\.50 of it\).*below 0\.6 of the line: q3$/);
  assert.match(lines[2], /0\.33 by reference.*line 0\.3: met \(1\.10 of it\)\s+aim 0\.55: not met \(0\.60 of it\)$/);
});

Deno.test("a fall beyond the tolerance is named with its way, before and now", () => {
  const kept: KeptResults = {
    surroundings: {},
    cases: [result({ vsLoop: 0.5, codecVsLoop: 0.2 }), result({ query: "gone", vsLoop: 1 })],
  };
  const against = (over: Partial<CaseResult>, tolerance = 0.3) => fallen(kept, [result(over)], tolerance);
  assert.deepEqual(against({ vsLoop: 0.36, codecVsLoop: 0.15 }), []);
  assert.deepEqual(against({ query: "new", vsLoop: 0.001 }), []);
  const falls = against({ vsLoop: 0.34, codecVsLoop: 0.1 });
  assert.deepEqual(falls.map(({ name, way, before, now }) => [name, way, before, now]), [
    ["q0", "by reference", 0.5, 0.34],
    ["q0", "codec", 0.2, 0.1],
  ]);
  assert.equal(against({ vsLoop: 0.34, codecVsLoop: 0.2 }, 0.4).length, 0);
  const [first] = fallLines(falls, 1, 0.3);
  assert.equal(first, "q0 has fallen: 0.500 of the loop before, 0.340 now (by reference), 32 % less; allowed are 30 %");
  assert.match(fallLines([], 7, 0.25).join(), /no case of 7 has lost more than 25 %/);
});

Deno.test("points of scale curves by name", () => {
  for (const name of ["keys:uniform:1000", "keys:zipf:1e6", "chain:30", "slide:100", "size:1024", "coded:64"]) {
    assert.equal(scaleCase(name)?.name, name);
  }
  assert.equal(scaleCase("q0"), undefined);
});
