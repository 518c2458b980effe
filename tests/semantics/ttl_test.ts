/** State TTL through process functions: what is seen when, what renews, what is left in a snapshot. */

import assert from "node:assert/strict";
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  type StateDeclaration,
  type StateTtlConfig,
  valueState,
} from "tsflink";
import { cases, fails, harnessOf, operatorCases, type Rec } from "./operator_script.ts";

// deno-lint-ignore no-explicit-any -- handles of any kind
type Any = any;

const sum = {
  createAccumulator: () => 0,
  add: (value: number, acc: number) => acc + value,
  getResult: (acc: number) => acc,
  merge: (a: number, b: number) => a + b,
};
const declared: Record<string, (ttl: StateTtlConfig) => StateDeclaration<Any>> = {
  value: (ttl) => valueState<number>({ ttl }),
  list: (ttl) => listState<number>({ ttl }),
  map: (ttl) => mapState<string, number>({ ttl }),
  reducing: (ttl) => reducingState<number>((a, b) => a + b, { ttl }),
  aggregating: (ttl) => aggregatingState(sum, { ttl }),
};
const actions: Record<string, { write(s: Any, v: number): void; read(s: Any): unknown }> = {
  value: { write: (s, v) => s.update(v), read: (s) => s.value() },
  list: { write: (s, v) => s.add(v), read: (s) => s.get().length === 0 ? undefined : s.get().join("+") },
  map: { write: (s, v) => s.put("x", v), read: (s) => s.get("x") },
  reducing: { write: (s, v) => s.add(v), read: (s) => s.get() },
  aggregating: { write: (s, v) => s.add(v), read: (s) => s.get() },
};
/** `a5` writes 5 to the state of a, `a0` reads it: "-" when nothing is seen. */
const given = (kind: string, ttl: StateTtlConfig) =>
  cases.keyed({
    state: { s: declared[kind](ttl) },
    processElement(v: Rec, ctx: Any, out: Any) {
      if (v.v !== 0) actions[kind].write(ctx.state.s, v.v);
      else out.collect(String(actions[kind].read(ctx.state.s) ?? "-"));
    },
  });

const NEVER: StateTtlConfig = { ttl: 100 };
const ON_READ: StateTtlConfig = { ttl: 100, updateType: "on-read-and-write" };
const ONCE_MORE: StateTtlConfig = { ttl: 100, visibility: "return-expired-if-not-cleaned-up" };

// One write per key, so all kinds agree.
for (const kind of Object.keys(declared)) {
  operatorCases(`ttl: ${kind}, renewed by writes`, given(kind, NEVER), [
    ["a0", "-"],
    ["a5 a0", "5"],
    ["a5 t99 a0", "5"],
    ["a5 t100 a0", "-"],
    ["a5 t150 a0 a0", "- -"],
    ["t1000 a5 t1099 a0 t1100 a0", "5 -"],
    ["a5 t50 a0 t100 a0", "5 -"],
    ["a5 t60 b6 t110 a0 b0 t160 b0", "- 6 -"],
    ["a5 t100 a7 a0 t199 a0 t200 a0", "7 7 -"],
    // Event time does not matter.
    ["a5 w1000 a0", "w1000 5"],
    ["a5 t50 | a0 t99 a0 t100 a0", "5 5 -"],
    ["a5 t99 | t100 a0", "-"],
    ["a5 t500 | a0 a6 a0", "- 6"],
  ]);
  operatorCases(`ttl: ${kind}, renewed by reads too`, given(kind, ON_READ), [
    ["a5 t60 a0 t120 a0 t219 a0 t319 a0", "5 5 5 -"],
    ["a5 t100 a0", "-"],
    ["a5 t60 a0 | t120 a0 t219 a0", "5 5 5"],
  ]);
  operatorCases(`ttl: ${kind}, seen once more`, given(kind, ONCE_MORE), [
    ["a5 t99 a0 a0", "5 5"],
    // A list is read twice by this case, and is gone the second time.
    ["a5 t150 a0 a0", kind === "list" ? " -" : "5 -"],
    ["a5 t150 a0 a6 a0", kind === "list" ? " 6" : "5 6"],
  ]);
  operatorCases(`ttl: ${kind}, switched off`, given(kind, { ttl: 100, updateType: "disabled" }), [[
    "a5 t100000 a0",
    "5",
  ]]);
}

operatorCases("ttl: list elements expire one by one", given("list", NEVER), [
  ["a1 t50 a2 t90 a3 t99 a0 t100 a0 t149 a0 t150 a0 t189 a0 t190 a0", "1+2+3 2+3 2+3 3 3 -"],
  ["a1 t50 a2 | t100 a0", "2"],
]);
operatorCases("ttl: a sum is renewed as a whole", given("reducing", NEVER), [
  ["a1 t50 a2 t149 a0 t150 a0", "3 -"],
  ["a1 t100 a2 a0", "2"],
]);
operatorCases(
  "ttl: map entries expire one by one",
  cases.keyed({
    state: { s: mapState<string, number>({ ttl: NEVER }) },
    processElement(v: Rec, ctx: Any, out: Any) {
      if (v.v > 0) ctx.state.s.put(`${v.v}`, v.v);
      else if (v.v < 0) ctx.state.s.remove(`${-v.v}`);
      else out.collect(`[${[...ctx.state.s.keys()]}]`);
    },
  }),
  [
    ["a1 t50 a2 t99 a0 t100 a0 t150 a0", "[1,2] [2] []"],
    ["a1 a2 t50 a1 t100 a0", "[1]"],
    ["a1 a2 a-1 a0 t100 a0", "[2] []"],
    ["a1 t50 a2 | t100 a0", "[2]"],
  ],
);
operatorCases(
  "ttl: a default value has no effect",
  cases.keyed({
    state: { s: valueState({ ttl: NEVER, defaultValue: 7 }), t: valueState({ defaultValue: 7 }) },
    processElement: (_v: Rec, ctx: Any, out: Any) => out.collect(`${ctx.state.s.value()} ${ctx.state.t.value()}`),
  }),
  [["a1", "undefined 7"]],
);

Deno.test("ttl: switched on or off between two versions of a job", () => {
  let version = 0;
  const configs: (StateTtlConfig | undefined)[][] = [[undefined, NEVER], [NEVER, undefined], [NEVER, { ttl: 10 }], [{
    ttl: 10,
  }, NEVER]];
  const expected = ["5 -", "5 5", "- -", "5 -"];
  configs.forEach((pair, i) => {
    for (const kind of Object.keys(declared)) {
      version = 0;
      const make = () => given(kind, pair[version++] ?? { ttl: 1, updateType: "disabled" }).make();
      const found: string[] = [];
      // Written at 0; restored at 5; read at 50, and at 250 by another key's clock.
      let harness = harnessOf({ make }) as Any;
      harness.processElement({ k: "a", v: 5 });
      harness.processElement({ k: "b", v: 5 });
      harness.setProcessingTime(5);
      const snapshot = harness.snapshot();
      harness = harnessOf({ make }) as Any;
      harness.seams.clock.jumpTo(5);
      harness.initializeState(snapshot);
      harness.setProcessingTime(50);
      harness.processElement({ k: "a", v: 0 });
      harness.setProcessingTime(250);
      harness.processElement({ k: "b", v: 0 });
      found.push(...harness.extractOutputValues());
      assert.equal(found.join(" "), expected[i], `${kind} ${i}`);
    }
  });
});

Deno.test("ttl: rows that nobody reads are removed in the background and left out of snapshots", () => {
  const rows = (ttl: StateTtlConfig, touch: number) => {
    const harness = harnessOf(given("value", ttl)) as Any;
    for (let i = 0; i < 20; i++) harness.processElement({ k: `k${i}`, v: 1 });
    harness.setProcessingTime(100);
    for (let i = 0; i < touch; i++) harness.processElement({ k: "z", v: 1 });
    const restored = harnessOf(given("value", ttl)) as Any;
    restored.seams.clock.jumpTo(100);
    restored.initializeState(harness.snapshot());
    return [harness.numKeyedStateEntries(), restored.numKeyedStateEntries()];
  };
  assert.deepEqual(rows({ ttl: 100 }, 0), [20, 0]);
  assert.deepEqual(rows({ ttl: 100, cleanupInFullSnapshot: false }, 0), [20, 20]);
  // Five rows are looked at per access by default.
  assert.deepEqual(rows({ ttl: 100 }, 50), [1, 1]);
  // One of twenty removed, one added.
  assert.deepEqual(rows({ ttl: 100, cleanupIncrementally: { cleanupSize: 1 }, cleanupInFullSnapshot: false }, 1), [
    20,
    20,
  ]);
});

Deno.test("ttl: times to live that are none", () => {
  for (const ttl of [0, -1, "0 s"] as const) {
    fails(given("value", { ttl: ttl as Any }), "a1", "TSF-2113");
  }
  fails(given("value", { ttl: 10, cleanupIncrementally: { cleanupSize: 0 } }), "a1", "TSF-2113");
  assert.equal(harnessOf(given("value", { ttl: "1 min" })).getOutput().length, 0);
});
