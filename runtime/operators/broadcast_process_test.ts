import assert from "node:assert/strict";
import { OutputTag } from "../functions/output_tag.ts";
import type {
  BroadcastProcess,
  KeyedBroadcastProcess,
  KeyedReadOnlyBroadcastContext,
} from "../functions/process_function.ts";
import { type ListState, listState, ListStateDescriptor, MapStateDescriptor } from "../functions/state_descriptor.ts";
import type { RuntimeContext } from "../functions/rich_function.ts";
import { onInput, ProcessFunctionTestHarnesses, runCruelly, streamRecord, watermark } from "../testing/mod.ts";
import { broadcastProcessOperator, keyedBroadcastProcessOperator } from "./broadcast_process.ts";

const rules = new MapStateDescriptor<string, number>("rules");
const side = new OutputTag<string>("side");
const rule = (name: string, factor: number | null, timestamp?: number) =>
  onInput(1, streamRecord({ name, factor }, timestamp));
type Rule = { name: string; factor: number | null };

const applyRules: BroadcastProcess<number, Rule, unknown> = {
  processElement(value, ctx, out) {
    const state = ctx.getBroadcastState(rules);
    const found = [...state.immutableEntries()].map(([name, factor]) => `${name}:${value * factor}`);
    out.collect([
      found,
      state.get("x") ?? null,
      state.contains("y"),
      ctx.timestamp() ?? "none",
      ctx.currentProcessingTime(),
    ]);
  },
  processBroadcastElement({ name, factor }, ctx, out) {
    const state = ctx.getBroadcastState(rules);
    if (factor === null) state.remove(name);
    else state.put(name, factor);
    out.collect([name, [...state.entries()].length]);
    ctx.output(side, `${name} ${ctx.timestamp()}`);
  },
};

Deno.test("broadcast state is written by one side and read by the other, in every mode", () => {
  runCruelly(() => broadcastProcessOperator(applyRules, [rules]), [
    streamRecord(2, 1),
    rule("x", 10, 2),
    streamRecord(3, 3),
    rule("y", 100),
    watermark(9),
    streamRecord(4),
    onInput(1, watermark(5)),
    rule("x", null, 8),
    streamRecord(5, 9),
  ], {
    expected: [
      streamRecord([[], null, false, 1, 0], 1),
      streamRecord(["x", 1], 2),
      streamRecord([["x:30"], 10, false, 3, 0], 3),
      streamRecord(["y", 2]),
      streamRecord([["x:40", "y:400"], 10, true, "none", 0]),
      watermark(5),
      streamRecord(["x", 1], 8),
      streamRecord([["y:500"], null, true, 9, 0], 9),
    ],
    expectedSide: { side: [streamRecord("x 2", 2), streamRecord("y undefined"), streamRecord("x 8", 8)] },
  });
});

type Item = { key: string; n: number };
const seen = { items: listState<number>() };
const itemsDescriptor = new ListStateDescriptor<number>("items");

const keyedRules: KeyedBroadcastProcess<string, Item, Rule, unknown, typeof seen> = {
  state: seen,
  processElement(item, ctx, out) {
    ctx.state.items.add(item.n);
    ctx.timerService().registerEventTimeTimer(item.n);
    out.collect([ctx.getCurrentKey(), ctx.state.items.get(), ctx.getBroadcastState(rules).get("x") ?? null]);
  },
  processBroadcastElement({ name, factor }, ctx, out) {
    ctx.getBroadcastState(rules).put(name, factor!);
    ctx.applyToKeyedState<ListState<number>>(itemsDescriptor, (key, items) => {
      out.collect(["applied", key, items.get()]);
      items.update(items.get().map((n) => n * factor!));
    });
  },
  onTimer(timestamp, ctx, out) {
    out.collect([ctx.timeDomain(), timestamp, ctx.getCurrentKey(), ctx.getBroadcastState(rules).get("x") ?? null]);
  },
};

Deno.test("keyed: applyToKeyedState reaches every key, timers read the broadcast state, in every mode", () => {
  runCruelly(() => keyedBroadcastProcessOperator(keyedRules, [rules]), [
    streamRecord({ key: "a", n: 5 }, 1),
    streamRecord({ key: "a", n: 7 }, 2),
    rule("x", 10, 3),
    streamRecord({ key: "a", n: 9 }, 4),
    watermark(8),
    onInput(1, watermark(6)),
  ], {
    keySelectors: [(item: Item) => item.key, undefined],
    expected: [
      streamRecord(["a", [5], null], 1),
      streamRecord(["a", [5, 7], null], 2),
      streamRecord(["applied", "a", [5, 7]], 3),
      streamRecord(["a", [50, 70, 9], 10], 4),
      streamRecord(["event-time", 5, "a", 10], 5),
      watermark(6),
    ],
  });
});

Deno.test("keyed and rescaled: broadcast state goes to every subtask", () => {
  const fn: KeyedBroadcastProcess<string, Item, Rule, unknown> = {
    processElement: (item, ctx, out) => out.collect([item, [...ctx.getBroadcastState(rules).immutableEntries()]]),
    processBroadcastElement: ({ name, factor }, ctx) => ctx.getBroadcastState(rules).put(name, factor!),
  };
  const script = ["a", "b", "c", "d"].flatMap((
    key,
    n,
  ) => [rule(key, n), streamRecord({ key, n }), streamRecord({ key: "z", n })]);
  runCruelly(() => keyedBroadcastProcessOperator(fn, [rules]), script, {
    keySelectors: [(item: Item) => item.key, undefined],
    rescaleTo: 3,
  });
});

Deno.test("misuse of broadcast state is named", () => {
  const other = new MapStateDescriptor<string, number>("other");
  let kept: { get(key: string): number | undefined } | undefined;
  const harness = ProcessFunctionTestHarnesses.forBroadcastProcessFunction<string, string, string>(
    {
      processElement(value, ctx) {
        if (value === "other") ctx.getBroadcastState(other);
        else if (value === "keep") kept = ctx.getBroadcastState(rules);
        else if (value === "late") kept!.get("x");
        else (ctx.getBroadcastState(rules) as unknown as { put(k: string, v: number): void }).put("x", 1);
      },
      processBroadcastElement() {},
    },
    rules,
    { name: "rules" },
  );
  const operator = { name: "rules", uid: undefined };
  assert.throws(() => harness.processElement("other"), { code: "TSF-2014", expected: "one of: rules", operator });
  assert.throws(() => harness.processElement("write"), {
    code: "TSF-2001",
    message: /put is not a function/,
    operator,
  });
  harness.processElement("keep");
  assert.throws(() => kept!.get("x"), { code: "TSF-2003" });
  assert.throws(() => harness.processElement("late"), { code: "TSF-2003" });
  assert.deepEqual([...harness.getBroadcastState(rules).entries()], []);
});

Deno.test("the broadcast side has no key: keyed state is refused there, whatever key was last", () => {
  let state: ListState<number>;
  const harness = ProcessFunctionTestHarnesses.forKeyedBroadcastProcessFunction<string, Item, string, string>(
    {
      open(context: RuntimeContext) {
        state = context.getListState(new ListStateDescriptor<number>("items"));
      },
      processElement: (item) => state.add(item.n),
      processBroadcastElement(how, ctx, out) {
        if (how === "directly") state.add(1);
        else ctx.applyToKeyedState(itemsDescriptor, (key) => out.collect(`${key} ${state.get()}`));
      },
    },
    (item) => item.key,
    [rules],
  );
  harness.processElement({ key: "a", n: 1 });
  assert.throws(() => harness.processBroadcastElement("directly"), {
    code: "TSF-2003",
    message: /The state "items"[^]*applyToKeyedState/,
  });
  harness.processBroadcastElement("by applyToKeyedState");
  harness.processElement({ key: "a", n: 2 });
  harness.processBroadcastElement("again");
  assert.deepEqual(harness.extractOutputValues(), ["a 1", "a 1,2"]);
});

Deno.test("the read-only context of the keyed side is dead after its call", () => {
  let kept: KeyedReadOnlyBroadcastContext<string> | undefined;
  const harness = ProcessFunctionTestHarnesses.forKeyedBroadcastProcessFunction<string, Item, string, string>(
    { processElement: (_item, ctx) => void (kept = ctx), processBroadcastElement() {} },
    (item) => item.key,
    rules,
  );
  harness.processElement({ key: "a", n: 1 });
  for (
    const use of [
      () => kept!.getBroadcastState(rules),
      () => kept!.currentWatermark(),
      () => kept!.currentProcessingTime(),
      () => kept!.getCurrentKey(),
    ]
  ) assert.throws(use, { code: "TSF-2003" });
});
