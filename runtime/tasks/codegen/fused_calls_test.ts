/**
 * Calls of user code in generated chains: what is kept beyond a call fails as it does in the interpreter, an error leaves
 * the call, keys read from fields are those of the selector.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { TaskHarness } from "../../../tests/harness/task_harness.ts";
import type { FlinkError } from "../../errors.ts";
import { readsFields } from "../../functions/key_fields.ts";
import { OutputTag } from "../../functions/output_tag.ts";
import {
  listState,
  mapState,
  MapStateDescriptor,
  valueState,
  ValueStateDescriptor,
} from "../../functions/state_descriptor.ts";
import { BroadcastProcessOperator } from "../../operators/broadcast_process.ts";
import { CoFlatMapOperator, CoMapOperator } from "../../operators/co_map.ts";
import { KeyedCoProcessOperator } from "../../operators/co_process.ts";
import { FilterOperator } from "../../operators/filter.ts";
import { FlatMapOperator } from "../../operators/flat_map.ts";
import { KeyedProcessOperator } from "../../operators/keyed_process.ts";
import { MapOperator } from "../../operators/map.ts";
import { ALL_OPTIMIZATIONS, type StreamOperator } from "../../operators/operator.ts";
import { ReduceOperator } from "../../operators/reduce.ts";
import type { Key } from "../../types/key.ts";

// deno-lint-ignore no-explicit-any -- tests keep handles, contexts and collectors of every kind
type Any = any;
const SIDE = new OutputTag<unknown>("side");

interface Setup {
  readonly operators: readonly StreamOperator[];
  readonly key?: (value: Any) => Key;
  readonly inputs?: readonly number[];
}

function harnessOf({ operators, key, inputs }: Setup, codegen: boolean, typedState = true): TaskHarness {
  const harness = new TaskHarness({
    operators,
    key: key as never,
    inputs,
    writers: [operators.length - 1],
    settings: {
      maxRowsPerBatch: 10,
      operatorConfig: {
        objectReuse: false,
        autoWatermarkIntervalMs: 0,
        checkpointingEnabled: false,
        runtimeMode: "STREAMING",
        checkMutation: false,
        globalJobParameters: {},
        optimizations: { ...ALL_OPTIMIZATIONS, codegen, typedState },
      },
    },
  });
  harness.task.start();
  harness.credit(1000);
  assert.equal(harness.task.parts.chain.fused !== undefined, codegen);
  return harness;
}

const errorOf = (error: FlinkError | undefined) => error && [error.code, error.summary, error.found, error.operator];

interface Kept {
  ctx: Any;
  out: Any;
  state: Any;
  handles: Record<string, Any>;
  timers: Any;
}
/** Each use of something that was kept. */
const USES: Record<string, (kept: Kept) => unknown> = {
  "out.collect": ({ out }) => out.collect({ late: true }),
  "ctx.timestamp": ({ ctx }) => ctx.timestamp(),
  "ctx.getCurrentKey": ({ ctx }) => ctx.getCurrentKey(),
  "ctx.state": ({ ctx }) => ctx.state,
  "ctx.output": ({ ctx }) => ctx.output(SIDE, 1),
  "ctx.timerService": ({ ctx }) => ctx.timerService(),
  "ctx.currentWatermark": ({ ctx }) => ctx.timerService().currentWatermark(),
  "a view that was kept": ({ state }) => state.count.value(),
  "value.value": ({ handles }) => handles.count.value(),
  "value.update": ({ handles }) => handles.count.update(7),
  "value.clear": ({ handles }) => handles.count.clear(),
  "list.get": ({ handles }) => handles.all.get(),
  "list.add": ({ handles }) => handles.all.add(1),
  "map.put": ({ handles }) => handles.by.put("a", 1),
  "map.keys": ({ handles }) => handles.by.keys(),
  "timers.register": ({ timers }) => timers.registerEventTimeTimer(5),
  "timers.currentProcessingTime": ({ timers }) => timers.currentProcessingTime(),
};

function keeping(use: (kept: Kept) => unknown) {
  let kept: Kept | undefined;
  const processElement = (row: { n: number }, ctx: Any, out: Any) => {
    ctx.state.count.update(row.n);
    if (kept !== undefined) use(kept);
    kept ??= { ctx, out, state: ctx.state, handles: { ...pick(ctx.state) }, timers: ctx.timerService() };
    out.collect({ n: row.n });
  };
  const pick = ({ count, all, by }: Any) => ({ count, all, by });
  return {
    processElement,
    processElement1: processElement,
    processElement2: processElement,
    state: { count: valueState<number>(), all: listState<number>(), by: mapState<string, number>() },
  };
}

for (const [name, use] of Object.entries(USES)) {
  Deno.test(`kept beyond its call: ${name} fails under another key and under the same`, () => {
    for (const second of ["b", "a"]) {
      for (const heads of [1, 2]) {
        const [generated, interpreted] = [true, false].map((codegen) => {
          const fn = keeping(use) as never;
          const operator = heads === 1 ? new KeyedProcessOperator(fn) : new KeyedCoProcessOperator(fn);
          const key = (row: { k: string }) => row.k;
          const harness = harnessOf({ operators: [operator], key, inputs: Array(heads).fill(1) }, codegen);
          harness.records([{ k: "a", n: 1 }, { k: "a", n: 2 }].slice(0, 1));
          if (heads === 2) harness.run();
          harness.records([{ k: second, n: 2 }, { k: second, n: 3 }], 0, heads - 1);
          harness.run();
          return { error: errorOf(harness.error), out: harness.out, summary: harness.error?.message };
        });
        assert.equal(generated.error?.[0], "TSF-2003");
        assert.equal(generated.error?.[2], "another call is running");
        assert.deepEqual(generated, interpreted);
      }
    }
  });
}

/** Operators that fail at the second record; `life` keeps a handle that works in any call. */
const FAILING: Record<string, (life: Any, fail: (row: Any) => Any) => StreamOperator> = {
  map: (life, fail) => new MapOperator({ ...life, map: fail }),
  filter: (life, fail) => new FilterOperator({ ...life, filter: fail }),
  "flat map": (life, fail) => new FlatMapOperator({ ...life, flatMap: fail }),
  "a promise of a map": (life, fail) =>
    new MapOperator({ ...life, map: (row: Any) => row.n === 2 ? Promise.resolve(1) : fail(row) }),
  "keyed process": (life, fail) => new KeyedProcessOperator({ ...life, processElement: fail }),
  "keyed co process": (life, fail) =>
    new KeyedCoProcessOperator({ ...life, processElement1: fail, processElement2: fail }),
  "co flat map": (life, fail) => new CoFlatMapOperator({ ...life, flatMap1: fail, flatMap2: fail }),
  "co map": (life, fail) => new CoMapOperator({ ...life, map1: fail, map2: fail }),
  reduce: (life, fail) => new ReduceOperator({ ...life, reduce: (_: Any, row: Any) => fail(row) }),
  broadcast: (life, fail) =>
    new BroadcastProcessOperator({ ...life, processElement: fail, processBroadcastElement: fail } as never, [], true),
};

for (const [name, make] of Object.entries(FAILING)) {
  Deno.test(`after an error in ${name} its call is over: a handle for any call finds none`, () => {
    for (const codegen of [true, false]) {
      let handle: Any;
      let duringCall: unknown;
      const life = {
        open: (context: Any) => void (handle = context.getState(new ValueStateDescriptor<number>("kept"))),
      };
      const operator = make(life, (row) => {
        handle.update(row.n);
        duringCall = handle.value();
        if (row.n === 2) throw new Error("enough");
        return name.endsWith("flat map") ? [row] : row;
      });
      const harness = harnessOf({
        operators: [operator],
        key: () => "k",
        inputs: Array(operator.numInputs).fill(1),
      }, codegen);
      harness.records([{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }]);
      harness.run();
      assert.equal(duringCall, name === "a promise of a map" ? 1 : 2);
      assert.equal(harness.error?.code, name === "a promise of a map" ? "TSF-2002" : "TSF-2001");
      assert.throws(() => handle.value(), { code: "TSF-2003", found: "no call is running" });
    }
  });
}

Deno.test("the broadcast side has no key and may write; the other has one and may not, compiled or not", () => {
  const rules = new MapStateDescriptor<string, number>("rules");
  const outcomes = [true, false].map((codegen) => {
    const operator = new BroadcastProcessOperator(
      {
        state: { seen: valueState<number>({ defaultValue: 0 }) },
        processElement(row: Any, ctx: Any, out: Any) {
          const rule = ctx.getBroadcastState(rules);
          ctx.state.seen.update(ctx.state.seen.value() + 1);
          out.collect([
            ctx.getCurrentKey(),
            ctx.state.seen.value(),
            rule.get("factor"),
            typeof rule.put,
            ctx.timestamp(),
          ]);
          if (row.n === 9) ctx.getBroadcastState(new MapStateDescriptor("other"));
        },
        processBroadcastElement(row: Any, ctx: Any, out: Any) {
          ctx.getBroadcastState(rules).put("factor", row.n);
          let code: unknown;
          try {
            ctx.state.seen.value();
          } catch (error) {
            code = (error as FlinkError).code;
          }
          const all: unknown[] = [];
          const seen = new ValueStateDescriptor<number>("seen");
          ctx.applyToKeyedState(seen, (key: Key, state: Any) => all.push([key, state.value()]));
          out.collect([row.n, code, all]);
        },
      } as never,
      [rules],
      true,
    );
    const harness = harnessOf({ operators: [operator], key: ({ k }) => k, inputs: [1, 1] }, codegen);
    harness.recordsAt([{ k: "a", n: 0 }, { k: "b", n: 1 }], [5, 6]);
    harness.run();
    harness.records([{ n: 3 }], 0, 1);
    harness.run();
    harness.records([{ k: "a", n: 2 }, { k: "c", n: 9 }, { k: "a", n: 2 }]);
    harness.run();
    return { out: harness.out, error: errorOf(harness.error) };
  });
  assert.deepEqual(outcomes[0], outcomes[1]);
  assert.equal(outcomes[0].error?.[0], "TSF-2014");
  assert.equal(outcomes[0].out[0].length, 5);
});

Deno.test("flatMap of either input: what it collects, returns or yields, and who is named when it returns a promise", () => {
  const made = (input: number) => (row: Any, out: Any) => {
    out.collect({ input, ...row });
    if (row.n % 4 === 0) return;
    if (row.n % 4 === 1) return [{ first: row.n }, { second: row.n }];
    if (row.n % 4 === 2) {
      return (function* () {
        yield { drawn: row.n };
        out.collect({ collected: row.n });
      })();
    }
    return row.n === 7 ? Promise.resolve([]) : 7;
  };
  for (const last of [7, 3, 5]) {
    const outcomes = [true, false].map((codegen) => {
      const operator = new CoFlatMapOperator({ flatMap1: made(1), flatMap2: made(2) } as never);
      const harness = harnessOf({ operators: [operator], inputs: [1, 1] }, codegen);
      harness.records([0, 1, 2].map((n) => ({ n })));
      harness.run();
      harness.records([4, 5, 6, last, 8].map((n) => ({ n })), 0, 1);
      harness.run();
      return { out: harness.out, error: errorOf(harness.error) };
    });
    assert.deepEqual(outcomes[0], outcomes[1]);
    const { out: [out], error } = outcomes[0];
    assert.deepEqual(
      error?.slice(0, 2),
      {
        7: ["TSF-2002", "flatMap2() returned a promise"],
        3: ["TSF-2010", "flatMap2() returned something that is not an iterable"],
        5: undefined,
      }[last],
    );
    assert.deepEqual(out.slice(0, 6), [
      '{"input":1,"n":0}',
      '{"input":1,"n":1}',
      '{"first":1}',
      '{"second":1}',
      '{"input":1,"n":2}',
      '{"drawn":2}',
    ]);
  }
});

const part = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<unknown>(1, 2, 3, -4) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(0, -0, 1.5, NaN, 2 ** 31, 2 ** 53, "1", "", 1n, true, [1, 2], { a: 1 }),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, undefined, new Date(0)) },
);
const shown = (value: unknown): string =>
  Object.is(value, -0)
    ? "-0"
    : typeof value === "bigint"
    ? `${value}n`
    : Array.isArray(value)
    ? `[${value.map(shown)}]`
    : typeof value === "object"
    ? JSON.stringify(value)
    : `${typeof value} ${value}`;

/** Records per key, with the key as the function is told; the first that is no key ends it. */
function counted(rows: readonly unknown[], fields: readonly string[], how: "generated" | "interpreted" | "selector") {
  const text = fields.map((field) => `value[${JSON.stringify(field)}]`);
  const select = new Function("value", `return ${fields.length > 1 ? `[${text}]` : text[0]}`) as (
    value: unknown,
  ) => Key;
  const operator = new KeyedProcessOperator({
    state: { count: valueState<number>({ defaultValue: 0 }) },
    processElement(_row: unknown, ctx: Any, out: Any) {
      const count = ctx.state.count.value() + 1;
      ctx.state.count.update(count);
      out.collect(`${shown(ctx.getCurrentKey())} ${count}`);
    },
  } as never);
  const key = how === "selector" ? select : readsFields(select, fields);
  const harness = harnessOf({ operators: [operator], key }, how !== "interpreted", how !== "selector");
  harness.records(rows);
  harness.run();
  return { out: harness.out, error: errorOf(harness.error) };
}

Deno.test("property: keys read from fields in place are those that the selector gives", () => {
  const rows = fc.array(fc.record({ a: part, "b c": part, "2": part }), { maxLength: 12 });
  const fields = fc.constantFrom([["a"], ["b c"], ["a", "b c"], ["2", "a"], ["a", "b c", "2"], ["a", "a"]])
    .chain((all) => fc.constantFrom(...all));
  fc.assert(
    fc.property(rows, fields, (given, names) => {
      const generated = counted(given, names, "generated");
      assert.deepEqual(generated, counted(given, names, "interpreted"));
      assert.deepEqual(generated, counted(given, names, "selector"));
    }),
    { numRuns: 400 },
  );
});

Deno.test("a record without fields: the key selector is named", () => {
  for (const how of ["generated", "interpreted", "selector"] as const) {
    for (const fields of [["a"], ["a", "b"]]) {
      const { error } = counted([{ a: 1, b: 1 }, null], fields, how);
      assert.equal(error?.[0], "TSF-2001");
      assert.match(String(error?.[1]), /^the key selector failed: TypeError/);
    }
  }
});
