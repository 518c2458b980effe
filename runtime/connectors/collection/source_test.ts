import assert from "node:assert/strict";
import { sourceConformance } from "../../testing/conformance.ts";
import { SourceRun } from "../../testing/source_run.ts";
import { CollectionSource } from "./source.ts";

const table: [string, unknown[]][] = [
  ["strings", ["b", "a", "c", "a"]],
  ["rows", [{ n: 1, at: new Date(0) }, { n: -0, big: 5n }, { list: [undefined, null] }, new Map([[1, "x"]])]],
  ["one", [1]],
  ["none", []],
];
for (const [name, values] of table) {
  for (const test of sourceConformance(name, () => new CollectionSource(values), values, { ordered: true })) {
    Deno.test(test);
  }
}

Deno.test("neither the program nor a function behind the source changes what is read again", async () => {
  const original = { list: [1] };
  const source = new CollectionSource([original]);
  original.list.push(2);
  for (let i = 0; i < 2; i++) {
    const run = new SourceRun(source);
    await run.run();
    assert.deepEqual(run.values, [{ list: [1] }]);
    run.values[0].list.push(3);
    await run.close();
  }
});

Deno.test("an element that cannot travel is refused when the source is made", () => {
  assert.throws(() => new CollectionSource([{ f: () => 1 }]), { code: "TSF-2101" });
  assert.throws(() => new CollectionSource([new (class Point {})()]), { code: "TSF-2101" });
});

Deno.test("takes any iterable", async () => {
  const run = new SourceRun(new CollectionSource(new Set([3, 1])));
  await run.run();
  assert.deepEqual(run.values, [3, 1]);
  await run.close();
});
