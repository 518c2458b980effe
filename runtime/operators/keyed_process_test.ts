import assert from "node:assert/strict";
import { OutputTag } from "../functions/output_tag.ts";
import {
  type KeyedProcess,
  type KeyedProcessContext,
  KeyedProcessFunction,
  type OnTimerContext,
  type Process,
} from "../functions/process_function.ts";
import type { Collector } from "../functions/functions.ts";
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  type ValueState,
  valueState,
  ValueStateDescriptor,
} from "../functions/state_descriptor.ts";
import {
  type CruelStep,
  KeyedOneInputStreamOperatorTestHarness,
  OneInputStreamOperatorTestHarness,
  ProcessFunctionTestHarnesses,
  processingTime,
  repartitionOperatorState,
  runCruelly,
  streamRecord,
  watermark,
} from "../testing/mod.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../types/stream_element.ts";
import { keyedProcessOperator } from "./keyed_process.ts";
import { processOperator } from "./process.ts";

type Event = { key: string; n: number };
const byKey = { keySelectors: [(e: Event) => e.key] };
const event = (key: string, n: number, timestamp?: number) => streamRecord({ key, n }, timestamp);

const everyState = {
  count: valueState<number>({ defaultValue: 0 }),
  last: valueState<Event>(),
  all: listState<number>(),
  byParity: mapState<string, number>(),
  sum: reducingState<number>((a, b) => a + b),
  mean: aggregatingState({
    createAccumulator: () => [0, 0] as [number, number],
    add: (n: number, [sum, count]: [number, number]) => [sum + n, count + 1] as [number, number],
    getResult: ([sum, count]: [number, number]) => sum / count,
  }),
};

/** Uses every kind of state and shows all of it. */
const showAll: KeyedProcess<string, Event, unknown, typeof everyState> = {
  state: everyState,
  processElement(event, ctx, out) {
    const { count, last, all, byParity, sum, mean } = ctx.state;
    count.update(count.value() + 1);
    all.add(event.n);
    const parity = event.n % 2 === 0 ? "even" : "odd";
    byParity.put(parity, (byParity.get(parity) ?? 0) + 1);
    sum.add(event.n);
    mean.add(event.n);
    out.collect([
      ctx.getCurrentKey(),
      count.value(),
      last.value()?.n ?? null,
      all.get(),
      [...byParity.entries()],
      sum.get(),
      mean.get(),
    ]);
    last.update(event);
    // The engine keeps a copy: this changes nothing.
    event.n = -1;
  },
};

Deno.test("declared state of every kind, in every mode and rescaled", () => {
  const script = [event("a", 1), event("b", 2), event("a", 3), event("c", 4), event("a", 6), event("b", 2)];
  runCruelly(() => keyedProcessOperator(showAll), script, {
    ...byKey,
    rescaleTo: 3,
    expected: [
      ["a", 1, null, [1], [["odd", 1]], 1, 1],
      ["b", 1, null, [2], [["even", 1]], 2, 2],
      ["a", 2, 1, [1, 3], [["odd", 2]], 4, 2],
      ["c", 1, null, [4], [["even", 1]], 4, 4],
      ["a", 3, 3, [1, 3, 6], [["odd", 2], ["even", 1]], 10, 10 / 3],
      ["b", 2, 2, [2, 2], [["even", 2]], 4, 2],
    ].map((row) => streamRecord(row)),
  });
});

const side = new OutputTag<string>("side");

/** Does what its records say, and shows what it sees. */
const timers: KeyedProcess<string, { key: string; at?: number; pt?: number; drop?: number; dropPt?: number }, unknown> =
  {
    processElement(record, ctx, out) {
      const service = ctx.timerService();
      if (record.at !== undefined) service.registerEventTimeTimer(record.at);
      if (record.pt !== undefined) service.registerProcessingTimeTimer(record.pt);
      if (record.drop !== undefined) service.deleteEventTimeTimer(record.drop);
      if (record.dropPt !== undefined) service.deleteProcessingTimeTimer(record.dropPt);
      ctx.output(side, `${ctx.getCurrentKey()} ${ctx.timestamp()}`);
      out.collect(["element", service.currentWatermark(), service.currentProcessingTime()]);
    },
    onTimer(timestamp, ctx, out) {
      const service = ctx.timerService();
      out.collect([timestamp, ctx.timestamp(), ctx.timeDomain(), ctx.getCurrentKey(), service.currentWatermark()]);
      ctx.output(side, `timer ${ctx.getCurrentKey()}`);
    },
  };
type TimerStep = CruelStep;
const set = (key: string, what: object, timestamp?: number): TimerStep => streamRecord({ key, ...what }, timestamp);

Deno.test("event-time and processing-time timers, in every mode", () => {
  const script: TimerStep[] = [
    set("a", { at: 10 }, 1),
    set("a", { at: 10 }, 2),
    set("b", { at: 5, pt: 100 }, 3),
    set("a", { at: 7 }),
    set("b", { drop: 99 }, 4),
    watermark(4),
    watermark(9),
    set("a", { drop: 10, at: 12 }, 9),
    processingTime(99),
    watermark(12),
    processingTime(150),
    set("b", { pt: 200 }),
    set("b", { dropPt: 200 }),
    processingTime(300),
  ];
  const row = (...values: unknown[]) => values;
  runCruelly(() => keyedProcessOperator(timers), script, {
    keySelectors: [(r: { key: string }) => r.key],
    rescaleTo: 2,
    expected: [
      streamRecord(row("element", MIN_WATERMARK, 0), 1),
      streamRecord(row("element", MIN_WATERMARK, 0), 2),
      streamRecord(row("element", MIN_WATERMARK, 0), 3),
      streamRecord(row("element", MIN_WATERMARK, 0)),
      streamRecord(row("element", MIN_WATERMARK, 0), 4),
      watermark(4),
      // Timers see the new watermark; what they emit has the timer's time.
      streamRecord(row(5, 5, "event-time", "b", 9), 5),
      streamRecord(row(7, 7, "event-time", "a", 9), 7),
      watermark(9),
      streamRecord(row("element", 9, 0), 9),
      streamRecord(row(12, 12, "event-time", "a", 12), 12),
      watermark(12),
      // What a processing-time timer emits has no timestamp.
      streamRecord(row(100, 100, "processing-time", "b", 12)),
      streamRecord(row("element", 12, 150)),
      streamRecord(row("element", 12, 150)),
    ],
    expectedSide: {
      side: [
        streamRecord("a 1", 1),
        streamRecord("a 2", 2),
        streamRecord("b 3", 3),
        streamRecord("a undefined"),
        streamRecord("b 4", 4),
        streamRecord("timer b", 5),
        streamRecord("timer a", 7),
        streamRecord("a 9", 9),
        streamRecord("timer a", 12),
        streamRecord("timer b", 100),
        streamRecord("b undefined"),
        streamRecord("b undefined"),
      ],
    },
  });
});

Deno.test("timers registered while timers fire: due ones fire in the same watermark, in order", () => {
  const fn: KeyedProcess<string, Event, string> = {
    processElement: (_e, ctx) => ctx.timerService().registerEventTimeTimer(1),
    onTimer(timestamp, ctx, out) {
      out.collect(`${ctx.getCurrentKey()}${timestamp}`);
      if (timestamp < 10) ctx.timerService().registerEventTimeTimer(timestamp + 3);
    },
  };
  runCruelly(() => keyedProcessOperator(fn), [event("a", 0), event("b", 0), watermark(8), watermark(MAX_WATERMARK)], {
    ...byKey,
    expected: [
      ...["a1", "b1", "a4", "b4", "a7", "b7"].map((text) => streamRecord(text, Number(text.slice(1)))),
      watermark(8),
      ...["a10", "b10"].map((text) => streamRecord(text, 10)),
      watermark(MAX_WATERMARK),
    ],
  });
});

Deno.test("a timer in the past fires with the next watermark, not at once", () => {
  const harness = new KeyedOneInputStreamOperatorTestHarness(
    keyedProcessOperator(timers),
    (r: { key: string }) => r.key,
  );
  harness.processWatermark(20);
  harness.processElement({ key: "a", at: 10 } as never);
  assert.equal(harness.numEventTimeTimers(), 1);
  harness.clearOutput();
  harness.processWatermark(20);
  assert.deepEqual(harness.getOutput(), []);
  harness.processWatermark(21);
  assert.deepEqual(harness.getOutput(), [streamRecord([10, 10, "event-time", "a", 21], 10), watermark(21)]);
});

Deno.test("a watermark of 1e5 keys stops wherever there is no room and may be snapshotted there", () => {
  const fn: KeyedProcess<number, number, number> = {
    processElement: (_n, ctx) => ctx.timerService().registerEventTimeTimer(5),
    onTimer: (_t, ctx, out) => out.collect(ctx.getCurrentKey()),
  };
  const make = () => keyedProcessOperator(fn);
  let room = 0;
  const options = { proceed: () => room-- > 1 };
  const harness = new KeyedOneInputStreamOperatorTestHarness<number, number, number>(make(), (n) => n, options);
  for (let i = 0; i < 1e5; i++) harness.processElement(i);
  const operator = harness.getOperator();
  room = 400;
  operator.processWatermark(5);
  assert.equal(harness.extractOutputValues().length, 400);
  assert.deepEqual([operator.busy, operator.canSnapshot], [true, true]);
  const snapshot = harness.snapshot(7);
  const restored = new KeyedOneInputStreamOperatorTestHarness<number, number, number>(make(), (n) => n);
  restored.initializeState(snapshot);
  assert.equal(restored.numEventTimeTimers(), 99_600);
  restored.processWatermark(5);
  const fired = [...harness.extractOutputValues(), ...restored.extractOutputValues()];
  assert.deepEqual(fired.sort((a, b) => a - b), Array.from({ length: 1e5 }, (_, i) => i));
  assert.equal(restored.numEventTimeTimers(), 0);
});

Deno.test("after a restore late processing-time timers fire at once", () => {
  const selector = (r: { key: string }) => r.key;
  const before = new KeyedOneInputStreamOperatorTestHarness(keyedProcessOperator(timers), selector);
  before.processElement({ key: "a", pt: 50 } as never);
  before.processElement({ key: "b", pt: 500 } as never);
  const snapshot = before.snapshot(1);
  const after = new KeyedOneInputStreamOperatorTestHarness(keyedProcessOperator(timers), selector);
  after.seams.clock.jumpTo(100);
  after.initializeState(snapshot);
  assert.equal(after.numProcessingTimeTimers(), 2);
  after.open();
  assert.deepEqual(after.extractOutputValues(), [[50, 50, "processing-time", "a", MIN_WATERMARK]]);
  assert.equal(after.numProcessingTimeTimers(), 1);
});

Deno.test("state and timers go to the subtasks that own their keys", () => {
  const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
  const fn: KeyedProcess<string, string, string> = {
    processElement: (_k, ctx) => ctx.timerService().registerEventTimeTimer(1),
    onTimer: (_t, ctx, out) => out.collect(ctx.getCurrentKey()),
  };
  const one = new KeyedOneInputStreamOperatorTestHarness<string, string, string>(keyedProcessOperator(fn), (k) => k);
  keys.forEach((key) => one.processElement(key));
  const snapshot = one.snapshot(3);
  const fired = [0, 1, 2].flatMap((subtaskIndex) => {
    const to = { parallelism: 3, maxParallelism: 128, subtaskIndex };
    const part = new KeyedOneInputStreamOperatorTestHarness<string, string, string>(
      keyedProcessOperator(fn),
      (k) => k,
      to,
    );
    part.initializeState(repartitionOperatorState(snapshot, to));
    part.processWatermark(1);
    assert.ok(part.extractOutputValues().length > 0);
    return part.extractOutputValues();
  });
  assert.deepEqual(fired.sort(), [...keys].sort());
});

/** Flink's way: descriptor in open, handle in a field. */
class Deduplicate extends KeyedProcessFunction<string, Event, Event> {
  seen!: ValueState<boolean>;
  override open(): void {
    this.seen = this.getRuntimeContext().getState(new ValueStateDescriptor<boolean>("seen"));
  }
  override processElement(value: Event, _ctx: KeyedProcessContext<string>, out: Collector<Event>): void {
    if (this.seen.value()) return;
    this.seen.update(true);
    out.collect(value);
  }
}

Deno.test("handles fetched in open act on the key of each call, and on none outside", () => {
  runCruelly(() => keyedProcessOperator(new Deduplicate()), [
    event("a", 1),
    event("a", 2),
    event("b", 3),
    event("a", 4),
  ], {
    ...byKey,
    rescaleTo: 2,
    expected: [event("a", 1), event("b", 3)],
  });
  const fn = new Deduplicate();
  const harness = ProcessFunctionTestHarnesses.forKeyedProcessFunction(fn, (e: Event) => e.key, { name: "dedup" });
  harness.processElement({ key: "a", n: 1 });
  assert.equal(harness.numKeyedStateEntries(), 1);
  // The harness runs the object itself, so that a test sees its fields.
  assert.throws(() => fn.seen.value(), { code: "TSF-2003", message: /The state "seen"[^]*operator: dedup/ });
  assert.throws(() => fn.seen.update(true), { code: "TSF-2003", userLine: /keyed_process_test\.ts:\d+/ });
});

Deno.test("nothing of a call may be used later: not outside, not in another call", () => {
  type Ctx = OnTimerContext<string, { count: ReturnType<typeof valueState<number>> }>;
  const uses: Record<string, (ctx: Ctx) => unknown> = {
    "ctx.timestamp": (ctx) => ctx.timestamp(),
    "ctx.timerService": (ctx) => ctx.timerService(),
    "ctx.output": (ctx) => ctx.output(side, "x"),
    "ctx.getCurrentKey": (ctx) => ctx.getCurrentKey(),
    "ctx.timeDomain": (ctx) => ctx.timeDomain(),
    "ctx.state": (ctx) => ctx.state,
  };
  const parts: Record<string, (ctx: Ctx) => () => unknown> = {
    "a state handle": (ctx) => {
      const { count } = ctx.state;
      return () => count.value();
    },
    "an update": (ctx) => {
      const { count } = ctx.state;
      return () => count.update(1);
    },
    "a clear": (ctx) => {
      const { count } = ctx.state;
      return () => count.clear();
    },
    "the timer service": (ctx) => {
      const service = ctx.timerService();
      return () => service.registerEventTimeTimer(1);
    },
    "the clock": (ctx) => {
      const service = ctx.timerService();
      return () => service.currentProcessingTime();
    },
    "the watermark": (ctx) => {
      const service = ctx.timerService();
      return () => service.currentWatermark();
    },
  };
  for (const [name, use] of Object.entries(uses)) parts[name] = (ctx) => () => use(ctx);
  for (const [name, part] of Object.entries(parts)) {
    let later: (() => unknown) | undefined;
    const harness = ProcessFunctionTestHarnesses.forKeyedProcessFunction<string, Event, string, never>({
      state: { count: valueState<number>() } as never,
      processElement(_event, ctx) {
        if (later === undefined) later = part(ctx as unknown as Ctx);
        else later();
      },
    }, (e) => e.key);
    harness.processElement({ key: "a", n: 1 });
    assert.throws(() => later!(), { code: "TSF-2003", found: "no call is running" }, name);
    assert.throws(() => harness.processElement({ key: "b", n: 1 }), {
      code: "TSF-2003",
      found: "another call is running",
    }, name);
  }
});

Deno.test("a process function without key has no timers and no keyed state", () => {
  const cases: [string, Process<number, number, never>, string][] = [
    ["register", { processElement: (_v, ctx) => ctx.timerService().registerEventTimeTimer(1) }, "TSF-2005"],
    ["register pt", { processElement: (_v, ctx) => ctx.timerService().registerProcessingTimeTimer(1) }, "TSF-2005"],
    ["delete", { processElement: (_v, ctx) => ctx.timerService().deleteEventTimeTimer(1) }, "TSF-2005"],
    ["declared state", { state: { a: valueState() } as never, processElement() {} }, "TSF-2004"],
    ["asynchronous", { processElement: (async () => {}) as never }, "TSF-2002"],
  ];
  for (const [name, fn, code] of cases) {
    const harness = new OneInputStreamOperatorTestHarness<number, number>(processOperator(fn), { name });
    assert.throws(() => harness.processElement(1), { code, operator: { name, uid: undefined } }, name);
  }
});

Deno.test("process sees timestamps and clocks, in every mode", () => {
  const fn: Process<string, unknown> = {
    processElement(value, ctx, out) {
      const service = ctx.timerService();
      out.collect([value, ctx.timestamp() ?? "none", service.currentWatermark(), service.currentProcessingTime()]);
      ctx.output(side, value);
    },
  };
  runCruelly(
    () => processOperator(fn),
    [streamRecord("a", 3), watermark(5), processingTime(8), streamRecord("b")],
    {
      expected: [streamRecord(["a", 3, MIN_WATERMARK, 0], 3), watermark(5), streamRecord(["b", "none", 5, 8])],
      expectedSide: { side: [streamRecord("a", 3), streamRecord("b")] },
    },
  );
});

Deno.test("bad arguments are named", () => {
  const cases: [string, KeyedProcess<string, Event, string>["processElement"], string][] = [
    ["timer NaN", (_e, ctx) => ctx.timerService().registerEventTimeTimer(ctx.timestamp()! + 1), "TSF-2006"],
    ["timer undefined", (_e, ctx) => ctx.timerService().registerProcessingTimeTimer(undefined as never), "TSF-2006"],
    ["no tag", (_e, ctx) => ctx.output(undefined as never, 1), "TSF-2011"],
  ];
  for (const [name, processElement, code] of cases) {
    const harness = ProcessFunctionTestHarnesses.forKeyedProcessFunction({ processElement }, (e: Event) => e.key);
    assert.throws(() => harness.processElement({ key: "a", n: 1 }), { code }, name);
  }
});

Deno.test("errors in timers and key selectors name the operator", () => {
  const fail = (): never => {
    throw new Error("boom");
  };
  const harness = ProcessFunctionTestHarnesses.forKeyedProcessFunction<string, Event, string>(
    {
      processElement: (_e, ctx) => {
        ctx.timerService().registerEventTimeTimer(1);
        ctx.timerService().registerProcessingTimeTimer(1);
      },
      onTimer: fail,
    },
    (e) => e.n < 0 ? fail() : e.key,
    { name: "timed", uid: "t" },
  );
  const wanted = { code: "TSF-2001", operator: { name: "timed", uid: "t" }, userLine: /keyed_process_test/ };
  harness.processElement({ key: "a", n: 1 });
  assert.throws(() => harness.processWatermark(2), wanted);
  assert.throws(() => harness.setProcessingTime(2), wanted);
  assert.throws(() => harness.processElement({ key: "a", n: -1 }), wanted);
});
