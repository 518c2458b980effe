/** Process functions in all six forms: what they see, what they may do, what their results carry. */

import assert from "node:assert/strict";
import {
  KeyedProcessFunction,
  MIN_WATERMARK,
  OutputTag,
  perSubtask,
  ProcessFunction,
  ValueStateDescriptor,
} from "tsflink";
import { cases, fails, operatorCases, type Rec, runScript } from "./operator_script.ts";

// deno-lint-ignore no-explicit-any -- every form of context
type Ctx = any;
// deno-lint-ignore no-explicit-any -- every form of collector
type Out = any;

const SIDE = new OutputTag<string>("side");
const OTHER = new OutputTag<number>("other");
const mark = (watermark: number) => watermark === MIN_WATERMARK ? "min" : watermark;

const asks = (value: Rec, ctx: Ctx, out: Out) =>
  out.collect(
    `${value.k}${value.v} t${ctx.timestamp()} w${
      mark(ctx.timerService().currentWatermark())
    } p${ctx.timerService().currentProcessingTime()}`,
  );
const asked = [
  ["a1@5", "a1 t5 wmin p0@5"],
  ["a1", "a1 tundefined wmin p0"],
  ["a1@0", "a1 t0 wmin p0@0"],
  ["a1@-7", "a1 t-7 wmin p0@-7"],
  ["t17 a1@3", "a1 t3 wmin p17@3"],
  ["t17 a5 t42 a6", "a5 tundefined wmin p17 a6 tundefined wmin p42"],
  // The clock does not go back.
  ["w-4 a1@3", "w-4 a1 t3 w-4 p0@3"],
] as const;
const one = [
  ...asked,
  ["w17 a5@12 w42 a6@13", "w17 a5 t12 w17 p0@12 w42 a6 t13 w42 p0@13"],
  // A watermark that does not rise changes nothing.
  ["w5 w3 a1@1 w5 w6", "w5 a1 t1 w5 p0@1 w6"],
  ["wmax a1@1", `W a1 t1 w${Number.MAX_SAFE_INTEGER} p0@1`],
] as const;

operatorCases("process: sees timestamp and clocks", cases.process({ processElement: asks }), one);
operatorCases("keyed process: sees timestamp and clocks", cases.keyed({ processElement: asks }), one);
const two = {
  processElement1: asks,
  processElement2: (v: Rec, ctx: Ctx, out: Out) => asks({ ...v, k: "2" + v.k }, ctx, out),
};
const both = [
  ...asked.filter(([script]) => !script.includes("w")),
  ["2:a1@5", "2a1 t5 wmin p0@5"],
  // The operator's watermark is the smaller one of its inputs.
  ["w17 a5@12 2:w42 2:a6@13", "a5 t12 wmin p0@12 w17 2a6 t13 w17 p0@13"],
  ["w17 2:w17 a5@12 w42 2:w42 2:a6@13", "w17 a5 t12 w17 p0@12 w42 2a6 t13 w42 p0@13"],
  ["w10 2:s1 a1@1 2:s0 w20 2:w15 a2@2", "w10 a1 t1 w10 p0@1 w15 a2 t2 w15 p0@2"],
] as const;
operatorCases("co process: sees timestamp and clocks", cases.co(two), both);
operatorCases("keyed co process: sees timestamp and clocks", cases.keyedCo(two), both);
const asksBroadcast = (value: Rec, ctx: Ctx, out: Out) =>
  out.collect(
    `${value.k}${value.v} t${ctx.timestamp()} w${mark(ctx.currentWatermark())} p${ctx.currentProcessingTime()}`,
  );
const broadcast = {
  processElement: asksBroadcast,
  processBroadcastElement: (v: Rec, ctx: Ctx, out: Out) => asksBroadcast({ ...v, k: "2" + v.k }, ctx, out),
};
operatorCases("broadcast process: sees timestamp and clocks", cases.broadcast(broadcast, []), both);
operatorCases("keyed broadcast process: sees timestamp and clocks", cases.keyedBroadcast(broadcast, []), both);

operatorCases(
  "process: any number of results, each with the timestamp of the record",
  cases.process({
    processElement(value: Rec, _ctx: Ctx, out: Out) {
      for (let i = 0; i < value.v; i++) out.collect(`${value.k}${i}`);
    },
  }),
  [["a0@1", ""], ["a3@7", "a0@7 a1@7 a2@7"], ["b2", "b0 b1"], ["a1@2 w2 a1@1", "a0@2 w2 a0@1"]],
);

operatorCases(
  "process: what was collected is a copy",
  cases.process({
    processElement(value: Rec, ctx: Ctx, out: Out) {
      out.collect(value);
      value.v = 100;
      out.collect(value);
      ctx.output(SIDE, value);
      value.k = "changed";
    },
  }),
  [["a1@1", "a1@1 a100@1 / side a100@1"]],
);

const sides = (value: Rec, ctx: Ctx, out: Out) => {
  if (value.v % 2 === 0) ctx.output(SIDE, `${value.k}${value.v}`);
  if (value.v % 3 === 0) ctx.output(OTHER, value.v);
  if (value.v % 6 !== 0) out.collect(value);
};
const sided = [
  ["a1@1", "a1@1"],
  ["a2@1 a3@2 a4", "a2@1 a3@2 a4 / side a2@1 a4 / other 3@2"],
  ["a6@4 w5 b6@6", "w5 / side a6@4 b6@6 / other 6@4 6@6"],
  // Restored, it goes on.
  ["a2@1 | a2@3", "a2@1 a2@3 / side a2@1 a2@3"],
] as const;
operatorCases("process: side outputs", cases.process({ processElement: sides }), sided);
operatorCases("keyed process: side outputs", cases.keyed({ processElement: sides }), sided);
operatorCases("co process: side outputs", cases.co({ processElement1: sides, processElement2: sides }), [
  ...sided.filter(([script]) => !script.includes("w")),
  ["2:a2@1 a3@2", "a2@1 a3@2 / side a2@1 / other 3@2"],
]);
operatorCases(
  "broadcast process: side outputs",
  cases.keyedBroadcast({ processElement: sides, processBroadcastElement: sides }, []),
  [["w10 2:w10 2:a2@12 w40 2:w40 a2@13 a3@15", "w10 a2@12 w40 a2@13 a3@15 / side a2@12 a2@13 / other 3@15"]],
);

Deno.test("process: wrong tags, timers without key, state without key, promises", () => {
  const does = (run: (ctx: Ctx, out: Out, self: Ctx) => unknown) =>
    cases.process(
      new (class extends ProcessFunction<Rec, unknown> {
        processElement(_value: Rec, ctx: Ctx, out: Out) {
          return run(ctx, out, this) as undefined;
        }
      })(),
    );
  const table: [string, (ctx: Ctx, out: Out, self: Ctx) => unknown, string][] = [
    ["null tag", (ctx) => ctx.output(null, 1), "TSF-2011"],
    ["no tag", (ctx) => ctx.output("side", 1), "TSF-2011"],
    ["event timer", (ctx) => ctx.timerService().registerEventTimeTimer(1), "TSF-2005"],
    ["processing timer", (ctx) => ctx.timerService().registerProcessingTimeTimer(1), "TSF-2005"],
    ["delete event timer", (ctx) => ctx.timerService().deleteEventTimeTimer(1), "TSF-2005"],
    ["delete processing timer", (ctx) => ctx.timerService().deleteProcessingTimeTimer(1), "TSF-2005"],
    ["state", (_c, _o, self) => self.getRuntimeContext().getState(new ValueStateDescriptor("s")), "TSF-2004"],
    ["promise", () => Promise.resolve(1), "TSF-2002"],
    ["throw", () => {
      throw new RangeError("mine");
    }, "TSF-2001"],
    ["function", (_c, out) => out.collect(() => 1), "TSF-2101"],
    ["symbol", (_c, out) => out.collect({ a: [Symbol("x")] }), "TSF-2101"],
  ];
  for (const [name, run, code] of table) {
    assert.match(String(fails(does(run), "a1", code)), /operator under test/, name);
  }
});

Deno.test("process: context, collector and handles end with their call", () => {
  for (const use of ["timestamp", "timerService", "output", "getCurrentKey", "state"] as const) {
    let kept: Ctx;
    const fn = {
      state: { n: { kind: "value" } },
      processElement(_v: Rec, ctx: Ctx) {
        if (kept === undefined) kept = ctx;
        else if (use === "state") kept.state.n.value();
        else kept[use](SIDE, "x");
      },
    };
    fails(cases.keyed(perSubtask(() => fn)), "a1 a2", "TSF-2003");
  }
  let out: Out;
  fails(
    cases.process(perSubtask(() => ({
      processElement(_v: Rec, _c: Ctx, given: Out) {
        (out ??= given).collect(1);
      },
    }))),
    "a1 a2",
    "TSF-2003",
  );
});

operatorCases(
  "keyed process: the current key",
  cases.keyed({ processElement: (_v: Rec, ctx: Ctx, out: Out) => out.collect(ctx.getCurrentKey()) }),
  [["a1@1 b2@2 a3@3", "a@1 b@2 a@3"]],
);

// The class form, with state fetched in open.
class Doubling extends KeyedProcessFunction<string, Rec, string> {
  #last!: Ctx;
  override open() {
    this.#last = this.getRuntimeContext().getState(new ValueStateDescriptor<number>("last"));
  }
  processElement(value: Rec, _ctx: Ctx, out: Out) {
    out.collect(`${value.k}${this.#last.value()}>${value.v}`);
    this.#last.update(value.v);
  }
}
const classes = [
  ["a1 a2 b5 a3", "aundefined>1 a1>2 bundefined>5 a2>3"],
  ["a1 b2 | a3 | b4 c1", "aundefined>1 bundefined>2 a1>3 b2>4 cundefined>1"],
] as const;
operatorCases(
  "keyed process: a class with #private fields from a factory",
  cases.keyed(perSubtask(() => new Doubling())),
  classes,
);
Deno.test("keyed process: a class with #private fields without a factory", () => {
  fails(cases.keyed(new Doubling()), "a1", "TSF-2008");
});

Deno.test("process: an object literal without onTimer ignores its timers", () => {
  const given = cases.keyed({
    processElement: (_v: Rec, ctx: Ctx) => ctx.timerService().registerEventTimeTimer(5),
  });
  assert.equal(runScript(given, "a1@1 w10"), "w10");
});
