import assert from "node:assert/strict";
import { sourceConformance } from "../../testing/conformance.ts";
import type { ReaderOutput, SourceReaderContext } from "../../functions/source.ts";
import { SourceRun } from "../../testing/source_run.ts";
import { NumberSequenceSplit } from "../sequence/range.ts";
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

/** What a reader over the elements gives, and whether it generated functions for them. */
function read(elements: readonly unknown[], generatesCopiers: boolean | undefined) {
  const texts: string[] = [];
  const original = globalThis.Function;
  const clock = { now: () => 0, monotonic: () => 0, after: () => () => {} };
  const context = { indexOfSubtask: 0, clock, generatesCopiers, sendSplitRequest: () => {} };
  globalThis.Function = new Proxy(original, {
    construct: (target, parts) => (texts.push(parts.at(-1)), Reflect.construct(target, parts)),
  });
  try {
    const source = new CollectionSource(elements);
    const reader = source.createReader(context as unknown as SourceReaderContext);
    reader.addSplits([new NumberSequenceSplit("1", 0, elements.length - 1)]);
    reader.notifyNoMoreSplits!();
    const values: unknown[] = [];
    const output = { collect: (value: unknown) => void values.push(value) };
    while (reader.pollNext(output as unknown as ReaderOutput<unknown>) !== "END_OF_INPUT");
    return { values, texts };
  } finally {
    globalThis.Function = original;
  }
}

Deno.test("copies are the same with and without generated functions, and the switch is kept", () => {
  const elements = Array.from({ length: 300 }, (_, n) => ({ n, inner: { text: "x".repeat(n % 5) }, odd: n % 2 === 1 }));
  const [given, on, off] = [undefined, true, false].map((generates) => read(elements, generates));
  for (const { values } of [given, on, off]) {
    assert.deepEqual(values, elements);
    assert.ok(
      values.every((value, i) => value !== elements[i] && (value as typeof elements[0]).inner !== elements[i].inner),
    );
  }
  assert.ok(on.texts.length > 0 && given.texts.length > 0);
  assert.deepEqual(off.texts, []);
});
