/** The bench runs: every case gives what its loop gives, and the command does what its options say. Rows are few. */

import assert from "node:assert/strict";
import { ALL_CASES, benchCase } from "./cases.ts";
import type { KeptResults } from "./regression.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const SMALL = ["--rows", "2000", "--pairs", "1", "--warm-up", "0"];

async function bench(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", "--config", `${ROOT}deno.json`, `${ROOT}bench/harness.ts`, ...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

const points = ["keys:uniform:100", "keys:zipf:100", "chain:3", "slide:5", "size:64", "coded:64"];
for (const one of [...ALL_CASES, ...points.map(benchCase)]) {
  // Those of the queries: nexmark/queries_test.ts.
  if (one.class !== "micro") continue;
  Deno.test(`${one.name} gives what its loop gives`, async () => {
    const prepared = one.prepare(20_000);
    const expected = prepared.runLoop()();
    assert.deepEqual((await prepared.runJob())(), expected);
    assert.ok(expected.count > 0);
  });
}

Deno.test("the table, results that are kept, and the gate", async () => {
  const file = Deno.makeTempFileSync({ suffix: ".json" });
  try {
    const { code, out, err } = await bench("q0", "--save", file, ...SMALL);
    assert.equal(code, 0, err);
    assert.match(out, /by reference.*codec/);
    assert.match(out, /^q0 +stateless +\d/m);
    assert.match(out, /^all .* by reference, .* codec .*line 0\.3: (not )?met \(\d+\.\d\d of it\)/m);
    const kept = JSON.parse(Deno.readTextFileSync(file)) as KeptResults;
    assert.deepEqual(kept.cases.map(({ query }) => query), ["q0"]);
    assert.ok(
      kept.cases[0].vsLoop > 0 && kept.cases[0].codecVsLoop > 0 && typeof kept.surroundings.commit === "string",
    );

    const times = (factor: number) => {
      const cases = kept.cases.map((one) => ({ ...one, vsLoop: factor, codecVsLoop: 0 }));
      Deno.writeTextFileSync(file, JSON.stringify({ ...kept, cases }));
    };
    times(1e6);
    const fallen = await bench("q0", "--compare", file, ...SMALL);
    assert.equal(fallen.code, 1);
    assert.match(fallen.err, /^q0 has fallen: 1000000\.000 of the loop before, .*by reference/m);
    times(1e-6);
    const fine = await bench("q0", "--compare", file, "--tolerance", "0.5", "--json", ...SMALL);
    assert.equal(fine.code, 0, fine.err);
    assert.match(fine.err, /no case of 1 has lost more than 50 %/);
    const { query, class: ofClass, pairs } = JSON.parse(fine.out);
    assert.deepEqual([query, ofClass, pairs], ["q0", "stateless", 1]);
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("every column without an optimisation, and the points of a curve", async () => {
  const ablated = await bench("chain/five", "--ablate", ...SMALL);
  assert.equal(ablated.code, 0, ablated.err);
  assert.match(ablated.out, /- all +- codegen +- typed-state +- window-slices +- timer-buckets +- columns/);
  const curve = await bench("slide", "--scale", ...SMALL);
  assert.equal(curve.code, 0, curve.err);
  assert.deepEqual([...curve.out.matchAll(/^ {2}(slide:\d+) +\d/gm)].map(([, point]) => point), [
    "slide:1",
    "slide:10",
    "slide:100",
    "slide:1000",
  ]);
  const state = await bench("state", "--scale", ...SMALL);
  assert.equal(state.code, 0, state.err);
});
