/** Keyed state of all five kinds, through process functions: reading, writing, clearing, keys, copies, restore. */

import assert from "node:assert/strict";
import {
  type AggregateFunction,
  AggregatingStateDescriptor,
  type Key,
  KeyedProcessFunction,
  ListStateDescriptor,
  MapStateDescriptor,
  perSubtask,
  ReducingStateDescriptor,
  type StateDeclarations,
  TumblingEventTimeWindows,
  valueState,
  ValueStateDescriptor,
} from "tsflink";
import { aggregatingState, type Collector, listState, mapState, ProcessWindowFunction, reducingState } from "tsflink";
import { ProcessFunctionTestHarnesses, testEnvironment } from "tsflink/testing";
import { cases, fails, type Rec, runScript } from "./operator_script.ts";

// deno-lint-ignore no-explicit-any -- handles of any kind
type Any = any;

/** Average of numbers. */
const average: AggregateFunction<number, { sum: number; n: number }, number> = {
  createAccumulator: () => ({ sum: 0, n: 0 }),
  add: (value, acc) => ({ sum: acc.sum + value, n: acc.n + 1 }),
  getResult: (acc) => acc.sum / acc.n,
  merge: (a, b) => ({ sum: a.sum + b.sum, n: a.n + b.n }),
};
/** Changes its accumulator in place. */
const collecting: AggregateFunction<number, number[], string> = {
  createAccumulator: () => [],
  add(value, acc) {
    acc.push(value);
    return acc;
  },
  getResult: (acc) => acc.reverse().join(),
};

type Step = [key: Key, run: (state: Any) => unknown, expected?: unknown];

/** Runs steps, each with its key, and compares what each gives. After each step that says so, restores. */
function check(state: StateDeclarations, steps: readonly Step[]): void {
  for (const restoreAt of [-1, ...steps.keys()]) {
    let found: unknown;
    const fn = {
      state,
      processElement(step: Step, ctx: Any) {
        found = step[1](ctx.state);
      },
    };
    const make = () => ProcessFunctionTestHarnesses.forKeyedProcessFunction(fn as Any, (step: Step) => step[0]);
    let harness = make();
    steps.forEach((step, i) => {
      harness.processElement(step);
      assert.deepEqual(found, step[2], `step ${i} ${step[1]}, restored after ${restoreAt}`);
      if (i !== restoreAt) return;
      const snapshot = harness.snapshot();
      harness = fresh(fn, snapshot);
    });
  }
}
function fresh(fn: Any, snapshot: Any): Any {
  const harness = ProcessFunctionTestHarnesses.forKeyedProcessFunction(fn, (step: Any) => step[0]);
  // An opened harness cannot be restored, so a new one of the same class is made around the operator.
  const again = new (harness.constructor as Any)(
    new (harness.getOperator().constructor as Any)(fn),
    (step: Any) => step[0],
  );
  again.initializeState(snapshot);
  return again;
}

const tables: Record<string, [StateDeclarations, readonly Step[]]> = {
  "value": [{ s: valueState<unknown>() }, [
    ["a", ({ s }) => s.value(), undefined],
    ["a", ({ s }) => (s.update(1), s.value()), 1],
    ["b", ({ s }) => s.value(), undefined],
    ["b", ({ s }) => (s.update("x"), s.update("y"), s.value()), "y"],
    ["a", ({ s }) => s.value(), 1],
    ["a", ({ s }) => (s.clear(), s.value()), undefined],
    ["a", ({ s }) => s.clear()],
    ["b", ({ s }) => s.value(), "y"],
    ["b", ({ s }) => (s.update(null), s.value()), undefined],
    ["b", ({ s }) => (s.update(0), s.value()), 0],
    ["b", ({ s }) => (s.update(""), s.value()), ""],
    ["b", ({ s }) => (s.update(false), s.value()), false],
    ["b", ({ s }) => (s.update(NaN), s.value()), NaN],
    ["b", ({ s }) => (s.update(-0), Object.is(s.value(), -0)), true],
    ["b", ({ s }) => (s.update({ a: [1, { b: new Date(5) }] }), s.value()), { a: [1, { b: new Date(5) }] }],
    ["b", ({ s }) => s.value(), { a: [1, { b: new Date(5) }] }],
    ["b", ({ s }) => (s.update(new Map([["k", new Set([1n])]])), s.value()), new Map([["k", new Set([1n])]])],
    ["b", ({ s }) => s.value(), new Map([["k", new Set([1n])]])],
    ["b", ({ s }) => (s.update({ u: undefined, n: null }), s.value()), { u: undefined, n: null }],
    ["b", ({ s }) => "u" in s.value(), true],
  ]],
  "value with default": [{ s: valueState({ defaultValue: { n: 7 } as Any }) }, [
    ["a", ({ s }) => s.value(), { n: 7 }],
    ["a", ({ s }) => (s.value().n = 8, s.value()), { n: 7 }],
    ["a", ({ s }) => (s.update({ n: 9 }), s.value()), { n: 9 }],
    ["b", ({ s }) => s.value(), { n: 7 }],
    ["a", ({ s }) => (s.clear(), s.value()), { n: 7 }],
    ["a", ({ s }) => (s.update(undefined), s.value()), { n: 7 }],
  ]],
  "list": [{ s: listState<Any>() }, [
    ["a", ({ s }) => s.get(), []],
    ["a", ({ s }) => (s.add(1), s.add(2), s.get()), [1, 2]],
    ["b", ({ s }) => s.get(), []],
    ["a", ({ s }) => (s.addAll([3, 3]), s.get()), [1, 2, 3, 3]],
    ["a", ({ s }) => (s.addAll([]), s.get()), [1, 2, 3, 3]],
    ["a", ({ s }) => (s.addAll(new Set([4])), s.get()), [1, 2, 3, 3, 4]],
    ["a", ({ s }) => (s.update([9]), s.get()), [9]],
    ["a", ({ s }) => (s.update(s.get().concat(s.get())), s.get()), [9, 9]],
    ["a", ({ s }) => (s.addAll(s.get()), s.get()), [9, 9, 9, 9]],
    ["a", ({ s }) => (s.get().push(1), s.get()), [9, 9, 9, 9]],
    ["a", ({ s }) => (s.update([]), s.get()), []],
    ["a", ({ s }) => (s.update([{ x: 1 }]), s.get()[0].x = 2, s.get()), [{ x: 1 }]],
    ["b", ({ s }) => (s.add("x"), s.clear(), s.get()), []],
    ["a", ({ s }) => (s.clear(), s.get()), []],
  ]],
  "map": [{ s: mapState<Any, Any>() }, [
    ["a", ({ s }) => [s.get("x"), s.contains("x"), s.isEmpty(), [...s.entries()]], [undefined, false, true, []]],
    ["a", ({ s }) => (s.put("x", 1), [s.get("x"), s.contains("x"), s.isEmpty()]), [1, true, false]],
    ["b", ({ s }) => s.isEmpty(), true],
    ["a", ({ s }) => (s.putAll([["y", 2], ["x", 3]]), [...s.entries()]), [["x", 3], ["y", 2]]],
    ["a", ({ s }) => (s.putAll(new Map([["z", 4]])), [...s.keys()]), ["x", "y", "z"]],
    ["a", ({ s }) => [...s.values()], [3, 2, 4]],
    ["a", ({ s }) => (s.remove("y"), s.remove("nothing"), [...s.entries()]), [["x", 3], ["z", 4]]],
    // A value may be nothing.
    ["a", ({ s }) => (s.put("n", null), [s.get("n"), s.contains("n")]), [null, true]],
    ["a", ({ s }) => (s.put("u", undefined), [s.get("u"), s.contains("u")]), [undefined, true]],
    // Keys are compared by value.
    [
      "a",
      ({ s }) => (s.clear(), s.put([1, "a"], 1), s.put({ p: 1, q: 2 }, 2), [s.get([1, "a"]), s.get({ q: 2, p: 1 })]),
      [1, 2],
    ],
    ["a", ({ s }) => (s.put(1, "number"), s.put("1", "string"), s.put(1n, "big"), [s.get(1), s.get("1"), s.get(1n)]), [
      "number",
      "string",
      "big",
    ]],
    ["a", ({ s }) => (s.put(new Date(5), "d"), s.get(new Date(5))), "d"],
    ["a", ({ s }) => (s.put(NaN, "nan"), s.put(-0, "zero"), [s.get(NaN), s.get(0)]), ["nan", "zero"]],
    ["a", ({ s }) => {
      const left = [];
      for (const [key] of s.entries()) {
        if (typeof key === "object") s.remove(key);
        else left.push(key);
      }
      return left;
    }, [1, "1", 1n, NaN, 0]],
    ["a", ({ s }) => {
      for (const key of s.keys()) s.remove(key);
      return s.isEmpty();
    }, true],
    ["b", ({ s }) => (s.put("x", { n: 1 }), s.get("x").n = 2, s.get("x")), { n: 1 }],
    ["b", ({ s }) => (s.clear(), s.isEmpty()), true],
  ]],
  "reducing": [{ s: reducingState<number>((a, b) => a * 10 + b) }, [
    ["a", ({ s }) => s.get(), undefined],
    ["a", ({ s }) => (s.add(1), s.get()), 1],
    ["a", ({ s }) => (s.add(2), s.add(3), s.get()), 123],
    ["b", ({ s }) => s.get(), undefined],
    ["b", ({ s }) => (s.add(7), s.get()), 7],
    ["a", ({ s }) => (s.clear(), s.get()), undefined],
    ["a", ({ s }) => (s.add(4), s.get()), 4],
    // Nothing added is a clear, as null is in Flink's heap backend.
    ["a", ({ s }) => (s.add(null), s.get()), undefined],
    ["b", ({ s }) => s.get(), 7],
  ]],
  "aggregating": [{ s: aggregatingState(average), l: aggregatingState(collecting) }, [
    ["a", ({ s }) => s.get(), undefined],
    ["a", ({ s }) => (s.add(1), s.add(4), s.get()), 2.5],
    ["a", ({ s }) => (s.add(7), s.get()), 4],
    ["b", ({ s }) => s.get(), undefined],
    ["a", ({ s }) => (s.clear(), s.get()), undefined],
    // A function that changes its accumulator when asked for the result does not change the state.
    ["a", ({ l }) => (l.add(1), l.add(2), l.get()), "2,1"],
    ["a", ({ l }) => l.get(), "2,1"],
    ["b", ({ l }) => (l.add(3), l.get()), "3"],
    ["a", ({ l }) => (l.add(5), l.get()), "5,2,1"],
  ]],
  "several states of one key": [{ v: valueState<number>(), l: listState<number>(), m: mapState<string, number>() }, [
    ["a", ({ v, l, m }) => (v.update(1), l.add(2), m.put("x", 3))],
    ["a", ({ v, l, m }) => [v.value(), l.get(), m.get("x")], [1, [2], 3]],
    ["a", ({ v }) => v.clear()],
    ["a", ({ v, l, m }) => [v.value(), l.get(), m.get("x")], [undefined, [2], 3]],
  ]],
};
for (const [name, [state, steps]] of Object.entries(tables)) {
  Deno.test(`state: ${name}`, () => check(state, steps));
}

// One key or two?
Deno.test("state: which keys are one", () => {
  const one: [Key, Key][] = [[0, -0], [NaN, NaN], [[1, "a"], [1, "a"]], [{ a: 1, b: 2 }, { b: 2, a: 1 }], [
    "é",
    "\u00e9",
  ]];
  const two: [Key, Key][] = [
    [1, "1"],
    [1, 1n],
    ["1", 1n],
    [true, "true"],
    [true, 1],
    [[1], [1, 1]],
    [[1, 2], [2, 1]],
    [["a", "bc"], ["ab", "c"]],
    [[], [""]],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: 1 }, { b: 1 }],
    ["é", "e\u0301"],
    [1, 1.5],
    [2 ** 53, 2 ** 53 - 1],
    ["", "\0"],
    [[["a"], "b"], ["a", ["b"]]],
  ];
  for (const [pairs, isOne] of [[one, true], [two, false]] as const) {
    for (const [first, second] of pairs) {
      check({ s: valueState<number>() }, [
        [first, ({ s }) => s.update(1)],
        [second, ({ s }) => s.value(), isOne ? 1 : undefined],
        [first, ({ s }) => s.value(), 1],
      ]);
    }
  }
});

Deno.test("state: what is no key", () => {
  const bad = [
    null,
    undefined,
    Symbol("k"),
    () => 1,
    new Date(),
    new Map(),
    [null],
    { a: undefined },
    new (class A {})(),
  ];
  for (const key of bad) {
    const harness = ProcessFunctionTestHarnesses.forKeyedProcessFunction<Any, number, number>(
      { processElement() {} },
      () => key as Any,
    );
    assert.throws(() => harness.processElement(1), { code: "TSF-2102" }, String(key));
  }
});

const descriptors = {
  value: new ValueStateDescriptor<number>("s"),
  list: new ListStateDescriptor<number>("s"),
  map: new MapStateDescriptor<string, number>("s"),
  reducing: new ReducingStateDescriptor<number>("s", (a, b) => a + b),
  aggregating: new AggregatingStateDescriptor("s", average),
};
const get = {
  value: "getState",
  list: "getListState",
  map: "getMapState",
  reducing: "getReducingState",
  aggregating: "getAggregatingState",
};

Deno.test("state: a name belongs to one kind, also after a restore", () => {
  for (const first of Object.keys(descriptors) as (keyof typeof descriptors)[]) {
    for (const second of Object.keys(descriptors) as (keyof typeof descriptors)[]) {
      const make = (kinds: (keyof typeof descriptors)[]) =>
        cases.keyed(perSubtask(() =>
          new (class extends KeyedProcessFunction<string, Rec, string> {
            override open() {
              for (const kind of kinds) (this.getRuntimeContext() as Any)[get[kind]](descriptors[kind]);
            }
            processElement(_v: Rec, _c: Any, out: Any) {
              out.collect("ok");
            }
          })()
        ));
      if (first === second) assert.equal(runScript(make([first, second]), "a1 | a2"), "ok ok");
      else fails(make([first, second]), "a1", "TSF-2110");
      // The next version of the job asks for the name in another way.
      let version = 0;
      const given = { make: () => make([version++ === 0 ? first : second]).make() };
      if (first === second) assert.equal(runScript(given, "a1 | a2"), "ok ok");
      else fails(given, "a1 | a2", "TSF-2110");
    }
  }
});

Deno.test("state: no key is current in open", () => {
  const given = cases.keyed(perSubtask(() =>
    new (class extends KeyedProcessFunction<string, Rec, string> {
      override open() {
        this.getRuntimeContext().getState(descriptors.value).value();
      }
      processElement() {}
    })()
  ));
  fails(given, "a1", "TSF-2003");
});

Deno.test("state: values that cannot lie in state", () => {
  for (
    const value of [
      () => 1,
      Symbol("s"),
      new (class A {})(),
      { a: { b: () => 1 } },
      [Symbol("s")],
      new WeakMap(),
      Promise.resolve(),
    ]
  ) {
    const given = cases.keyed({
      state: { s: valueState<unknown>() },
      processElement: (_v: Rec, ctx: Any) => ctx.state.s.update(value),
    });
    fails(given, "a1", "TSF-2101");
  }
  for (const value of [null, undefined]) {
    for (const write of ["add", "addAll", "update"]) {
      const given = cases.keyed({
        state: { s: listState<unknown>() },
        processElement: (_v: Rec, ctx: Any) => ctx.state.s[write](write === "add" ? value : [1, value]),
      });
      fails(given, "a1", "TSF-2112");
    }
  }
});

// A failed write changes nothing.
Deno.test("state: a write that fails leaves what was there", () => {
  check({ l: listState<Any>(), v: valueState<Any>(), m: mapState<Any, Any>() }, [
    ["a", ({ l, v, m }) => (l.add(1), v.update(2), m.put("k", 3))],
    ["a", ({ l }) => assert.throws(() => l.update([5, null]))],
    ["a", ({ l }) => assert.throws(() => l.addAll([5, null]))],
    ["a", ({ v }) => assert.throws(() => v.update(() => 1))],
    ["a", ({ m }) => assert.throws(() => m.put("k", () => 1))],
    ["a", ({ m }) => assert.throws(() => m.put("new", () => 1))],
    ["a", ({ l, v, m }) => [l.get(), v.value(), [...m.entries()]], [[1], 2, [["k", 3]]]],
  ]);
});

// What was written or read may be changed freely, before and after a snapshot.
Deno.test("state: nothing is shared with the function or with a snapshot", () => {
  const written = { n: 1 };
  const keptList: Any[] = [];
  check({
    v: valueState<Any>(),
    l: listState<Any>(),
    m: mapState<Any, Any>(),
    r: reducingState<Any>((a, b) => ({ n: a.n + b.n })),
  }, [
    ["a", ({ v, l, m, r }) => {
      written.n = 1;
      v.update(written);
      l.add(written);
      m.put("k", written);
      r.add(written);
      written.n = 99;
    }],
    ["a", ({ v, l, m, r }) => {
      const all = [v.value(), l.get()[0], m.get("k"), r.get(), [...m.values()][0], [...m.entries()][0][1]];
      keptList.push(...all);
      return all.map((x) => x.n);
    }, [1, 1, 1, 1, 1, 1]],
    ["a", () => {
      for (const kept of keptList) kept.n = 50;
    }],
    ["a", ({ v, l, m, r }) => [v.value().n, l.get()[0].n, m.get("k").n, r.get().n], [1, 1, 1, 1]],
  ]);
});

// A record keyed by something the function changes afterwards keeps its key.
Deno.test("state: a key that is changed after the call", () => {
  const seen: unknown[] = [];
  const harness = ProcessFunctionTestHarnesses.forKeyedProcessFunction<
    { id: number },
    { key: { id: number } },
    number,
    Any
  >({
    state: { s: valueState({ defaultValue: 0 }) },
    processElement(value: Any, ctx: Any) {
      ctx.state.s.update(ctx.state.s.value() + 1);
      seen.push(ctx.state.s.value());
      value.key.id = 77;
    },
  } as Any, (value) => value.key);
  for (const id of [1, 2, 1, 77]) harness.processElement({ key: { id } });
  assert.deepEqual(seen, [1, 1, 2, 1]);
});

// One name in three places of a window function: of the key, of the window, of the runtime context.
Deno.test("state: of the runtime context belongs to the key, whatever a window had before", async () => {
  const count = new ValueStateDescriptor<number>("n");
  const add = (state: { value(): number | undefined; update(n: number): void }): number => {
    const next = (state.value() ?? 0) + 1;
    state.update(next);
    return next;
  };
  class Counts extends ProcessWindowFunction<number, string, string> {
    override process(_key: string, ctx: Any, _elements: Iterable<number>, out: Collector<string>) {
      const kept = this.getRuntimeContext().getState(count);
      const window = ctx.windowState().getState(count);
      const inWindow = add(window);
      const ofContext = add(kept);
      const global = ctx.globalState().getState(count).value();
      out.collect(`${inWindow} ${ofContext} ${global} ${window.value()}`);
      window.clear();
    }
  }
  const { env } = testEnvironment();
  const found = await env.fromData(1, 2, 11, 12, 21)
    .assignTimestampsAndWatermarks({ timestamp: (v) => v })
    .keyBy(() => "k").window(TumblingEventTimeWindows.of(10)).process(new Counts()).executeAndCollect();
  assert.deepEqual(found, ["1 1 1 1", "1 2 2 1", "1 3 3 1"]);
});
