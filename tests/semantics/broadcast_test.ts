/** The broadcast state pattern: who may read and write what, keyed state from the broadcast side, restore and rescaling. */

import assert from "node:assert/strict";
import {
  KeyedBroadcastProcessFunction,
  listState,
  ListStateDescriptor,
  MapStateDescriptor,
  perSubtask,
  type ReadOnlyBroadcastState,
  ValueStateDescriptor,
  WatermarkStrategy,
} from "tsflink";
import {
  BroadcastOperatorTestHarness,
  type HarnessSnapshot,
  ProcessFunctionTestHarnesses,
  RecordingSink,
  repartitionOperatorState,
  scriptedSource,
  testEnvironment,
} from "tsflink/testing";
import { broadcastProcessOperator } from "../../runtime/operators/broadcast_process.ts";
import { cases, fails, operatorCases, type Rec, runScript } from "./operator_script.ts";

// deno-lint-ignore no-explicit-any -- contexts and handles of any form
type Any = any;

const RULES = new MapStateDescriptor<string, number>("rules");
const OTHER = new MapStateDescriptor<string, string>("other");

const shown = (state: ReadOnlyBroadcastState<string, number>) =>
  [...state.immutableEntries()].map(([key, value]) => `${key}=${value}`).join();
const reads = (value: Rec, ctx: Any, out: Any) =>
  out.collect(`${value.k}${value.v}[${shown(ctx.getBroadcastState(RULES))}]`);
const writes = (value: Rec, ctx: Any) => {
  const state = ctx.getBroadcastState(RULES);
  if (value.k === "clear") state.clear();
  else if (value.v < 0) state.remove(value.k);
  else state.put(value.k, value.v);
};
const pattern = { processElement: reads, processBroadcastElement: writes };
const patternTable = [
  ["a1", "a1[]"],
  ["2:x1 a1@5", "a1[x=1]@5"],
  ["2:x1 2:y2 a1 2:x3 b1", "a1[x=1,y=2] b1[x=3,y=2]"],
  ["2:x1 2:y2 2:x-1 a1 2:y-1 2:z-1 a2", "a1[y=2] a2[]"],
  ["2:x1 2:clear0 a1 2:x2 a2", "a1[] a2[x=2]"],
  ["2:x1 | a1 | 2:y2 a2", "a1[x=1] a2[x=1,y=2]"],
  ["2:x1 2:clear0 | a1", "a1[]"],
  // The broadcast side moves the watermark like any input.
  ["w5 a1@6 2:w3 2:w7", "a1[]@6 w3 w5"],
] as const;
operatorCases("broadcast: not keyed", cases.broadcast(pattern, [RULES]), patternTable);
operatorCases("broadcast: keyed", cases.keyedBroadcast(pattern, [RULES]), patternTable);

operatorCases(
  "broadcast: several states",
  cases.broadcast({
    processElement: (v: Rec, ctx: Any, out: Any) =>
      out.collect(`${v.k}:${ctx.getBroadcastState(RULES).get(v.k)}:${ctx.getBroadcastState(OTHER).get(v.k)}`),
    processBroadcastElement(v: Rec, ctx: Any) {
      ctx.getBroadcastState(RULES).put(v.k, v.v);
      ctx.getBroadcastState(OTHER).putAll([[v.k, `#${v.v}`], ["last", v.k]]);
    },
  }, [RULES, OTHER]),
  [["a1 2:a5 a1 last1 | a1", "a:undefined:undefined a:5:#5 last:undefined:a a:5:#5"]],
);

operatorCases(
  "broadcast: what is read is a copy, what is written too",
  cases.broadcast({
    processElement(_v: Rec, ctx: Any, out: Any) {
      const state = ctx.getBroadcastState(RULES);
      state.get("k").n = 50;
      [...state.immutableEntries()][0][1].n = 60;
      out.collect(`${state.get("k").n}`);
    },
    processBroadcastElement(v: Rec, ctx: Any) {
      const given = { n: v.v };
      ctx.getBroadcastState(RULES).put("k", given);
      given.n = 99;
      for (const [, value] of ctx.getBroadcastState(RULES).entries()) value.n = 98;
    },
  }, [RULES]),
  [["2:x1 a1 a2 | a3", "1 1 1"]],
);

Deno.test("broadcast: what each side may not do", () => {
  const main = (run: (ctx: Any, self: Any) => unknown, keyed = false) => {
    const fn = { processElement: (_v: Rec, ctx: Any) => run(ctx, fn) as undefined, processBroadcastElement: () => {} };
    return keyed ? cases.keyedBroadcast(fn, [RULES]) : cases.broadcast(fn, [RULES]);
  };
  const side = (run: (ctx: Any) => unknown, keyed = false) => {
    const fn = { processElement: () => {}, processBroadcastElement: (_v: Rec, ctx: Any) => run(ctx) as undefined };
    return keyed ? cases.keyedBroadcast(fn, [RULES]) : cases.broadcast(fn, [RULES]);
  };
  for (const keyed of [false, true]) {
    fails(main((ctx) => ctx.getBroadcastState(OTHER), keyed), "a1", "TSF-2014");
    fails(side((ctx) => ctx.getBroadcastState(OTHER), keyed), "2:a1", "TSF-2014");
    fails(main((ctx) => ctx.output(null, 1), keyed), "a1", "TSF-2011");
    fails(side((ctx) => ctx.output(undefined, 1), keyed), "2:a1", "TSF-2011");
    fails(main(() => Promise.resolve(), keyed), "a1", "TSF-2002");
    fails(side(() => Promise.resolve(), keyed), "2:a1", "TSF-2002");
    // The main side has no writing methods at all.
    for (const method of ["put", "putAll", "remove", "clear", "entries"]) {
      let found: unknown = "nothing";
      runScript(main((ctx) => void (found = typeof ctx.getBroadcastState(RULES)[method]), keyed), "a1");
      assert.equal(found, "undefined", method);
    }
  }
});

Deno.test("broadcast: handles end with their call", () => {
  let kept: Any;
  for (const use of [(s: Any) => s.get("x"), (s: Any) => s.contains("x"), (s: Any) => s.immutableEntries()]) {
    kept = undefined;
    const given = cases.broadcast(
      perSubtask(() => ({
        processElement(_v: Rec, ctx: Any) {
          if (kept !== undefined) use(kept);
          kept = ctx.getBroadcastState(RULES);
        },
        processBroadcastElement() {},
      })),
      [RULES],
    );
    fails(given, "a1 a2", "TSF-2003");
  }
});

const NUMBERS = new ListStateDescriptor<number>("numbers");
/** Collects per key; the broadcast side shows, changes or clears the state of all keys. */
const keyedAccess = {
  state: { numbers: listState<number>() },
  processElement(v: Rec, ctx: Any, out: Any) {
    ctx.state.numbers.add(v.v);
    out.collect(`${v.k}:${ctx.state.numbers.get()}`);
  },
  processBroadcastElement(v: Rec, ctx: Any, out: Any) {
    const seen: string[] = [];
    ctx.applyToKeyedState(NUMBERS, (key: string, state: Any) => {
      seen.push(`${key}=${state.get().join("+")}`);
      if (v.k === "clear") state.clear();
      if (v.k === "add") state.add(v.v);
    });
    out.collect(`{${seen.sort()}}`);
  },
};
operatorCases("broadcast: the state of all keys", cases.keyedBroadcast(keyedAccess, []), [
  ["2:show0", "{}"],
  ["a1 a2 b3 2:show0", "a:1 a:1,2 b:3 {a=1+2,b=3}"],
  ["a1 b2 2:add9@7 a3 2:show0", "a:1 b:2 {a=1,b=2}@7 a:1,9,3 {a=1+9+3,b=2+9}"],
  ["a1 b2 2:clear0 a3 2:show0", "a:1 b:2 {a=1,b=2} a:3 {a=3}"],
  ["a1 b2 | 2:show0", "a:1 b:2 {a=1,b=2}"],
]);

Deno.test("broadcast: keyed state is out of reach on the broadcast side but for applyToKeyedState", () => {
  const value = new ValueStateDescriptor<number>("v");
  const fn = (use: (self: Any, ctx: Any) => void) =>
    perSubtask(() =>
      new (class extends KeyedBroadcastProcessFunction<string, Rec, Rec, string> {
        handle: Any;
        override open() {
          this.handle = this.getRuntimeContext().getState(value);
        }
        processElement(v: Rec) {
          this.handle.update(v.v);
        }
        processBroadcastElement(_v: Rec, ctx: Any) {
          use(this, ctx);
        }
      })()
    );
  fails(cases.keyedBroadcast(fn((self) => self.handle.value()), []), "a1 2:b1", "TSF-2003");
  fails(cases.keyedBroadcast(fn((self) => self.handle.update(1)), []), "a1 2:b1", "TSF-2003");
  // Within it, the handle acts on the key that is shown.
  const seen: unknown[] = [];
  const given = fn((self, ctx) =>
    ctx.applyToKeyedState(value, (key: string, state: Any) => seen.push([key, state.value(), self.handle.value()]))
  );
  const harness = ProcessFunctionTestHarnesses.forKeyedBroadcastProcessFunction<string, Rec, Rec, string>(
    given as Any,
    (v) => v.k,
    [RULES],
  );
  for (const [k, v] of [["a", 1], ["b", 2]] as const) harness.processElement({ k, v });
  harness.processBroadcastElement({ k: "x", v: 0 });
  assert.deepEqual(seen.sort(), [["a", 1, 1], ["b", 2, 2]]);
  // A kept handle of applyToKeyedState ends with the call.
  let kept: Any;
  const keeps = fn((_self, ctx) => {
    if (kept !== undefined) kept.value();
    ctx.applyToKeyedState(value, (_key: string, state: Any) => kept = state);
  });
  fails(cases.keyedBroadcast(keeps, []), "a1 2:b1 2:b2", "TSF-2003");
  // An error inside leaves the operator usable for the next subtask's attempt only; its code is the user's.
  fails(
    cases.keyedBroadcast(
      fn((_s, ctx) =>
        ctx.applyToKeyedState(value, () => {
          throw new Error("mine");
        })
      ),
      [],
    ),
    "a1 2:b1",
    "TSF-2001",
  );
});

Deno.test("broadcast: on a stream without key there is neither keyed state nor a timer service", () => {
  const fn = (side: string, use: (ctx: Any) => unknown) => ({
    processElement: () => {},
    processBroadcastElement: () => {},
    [side]: (_v: Rec, ctx: Any) => use(ctx) as undefined,
  });
  fails(
    cases.broadcast(fn("processBroadcastElement", (ctx) => ctx.applyToKeyedState(NUMBERS, () => {})), []),
    "2:a1",
    "TSF-2004",
  );
  fails(
    cases.broadcast(fn("processElement", (ctx) => ctx.timerService().registerEventTimeTimer(1)), []),
    "a1",
    "TSF-2005",
  );
});

// Flink's scale-up and scale-down tests: every new subtask has the whole map.
Deno.test("broadcast: rescaling", () => {
  const make = () =>
    new BroadcastOperatorTestHarness<Rec, Rec, string>(broadcastProcessOperator<Rec, Rec, string>(pattern, [RULES]));
  const part = (from?: HarnessSnapshot): [BroadcastOperatorTestHarness<Rec, Rec, string>, () => string] => {
    const harness = make();
    harness.initializeState(from);
    harness.open();
    return [harness, () => {
      harness.clearOutput();
      harness.processElement({ k: "r", v: 0 });
      return harness.extractOutputValues().join();
    }];
  };
  for (const [old, parallelism] of [[1, 1], [1, 3], [2, 3], [3, 2], [3, 1], [4, 5]] as const) {
    const snapshots = Array.from({ length: old }, () => {
      const [harness] = part();
      for (const rule of ["x", "y", "z"]) harness.processBroadcastElement({ k: rule, v: rule.charCodeAt(0) });
      return harness.snapshot();
    });
    for (let subtaskIndex = 0; subtaskIndex < parallelism; subtaskIndex++) {
      const [, read] = part(repartitionOperatorState(snapshots, { maxParallelism: 10, parallelism, subtaskIndex }));
      assert.equal(read(), "r0[x=120,y=121,z=122]", `${old} to ${parallelism}, subtask ${subtaskIndex}`);
    }
  }
});

// Whole jobs: the rules reach every subtask.
Deno.test("broadcast: whole jobs", async () => {
  for (const parallelism of [1, 2, 4]) {
    for (const keyed of [false, true]) {
      const { env } = testEnvironment({ parallelism });
      const rules = env.fromSource(
        scriptedSource<Rec>([{ value: { k: "x", v: 10 } }, { value: { k: "y", v: 20 } }]),
        WatermarkStrategy.noWatermarks<Rec>(),
        "rules",
      ).broadcast(RULES);
      const records = env.fromSource(
        scriptedSource<Rec>([
          { untilProcessingTime: 100 },
          ...[1, 2, 3, 4, 5, 6].map((v) => ({ value: { k: "xyz"[v % 3], v } })),
        ]),
        WatermarkStrategy.noWatermarks<Rec>(),
        "records",
      );
      const fn = {
        processElement: (v: Rec, ctx: Any, out: Any) =>
          out.collect(`${v.k}${v.v}:${ctx.getBroadcastState(RULES).get(v.k)}`),
        processBroadcastElement: writes,
      };
      const sink = new RecordingSink<string>();
      const joined = keyed
        ? records.keyBy("k").connect(rules).process<string>(fn)
        : records.rebalance().connect(rules).process<string>(fn);
      joined.sinkTo(sink);
      await env.execute();
      assert.equal(
        sink.values.sort().join(" "),
        "x3:10 x6:10 y1:20 y4:20 z2:undefined z5:undefined",
        `parallelism ${parallelism}, keyed ${keyed}`,
      );
    }
  }
});
