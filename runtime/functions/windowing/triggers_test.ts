import assert from "node:assert/strict";
import { MIN_WATERMARK } from "../../types/stream_element.ts";
import type { StateDescriptor } from "../state_descriptor.ts";
import {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
  CountTrigger,
  DeltaTrigger,
  EndOfStreamTrigger,
  EventTimeTrigger,
  isFire,
  isPurge,
  NeverTrigger,
  ProcessingTimeoutTrigger,
  ProcessingTimeTrigger,
  PurgingTrigger,
} from "./triggers.ts";
import { TimeWindow } from "./window_assigners.ts";
import type { OnMergeContext, Trigger, TriggerResult, Window } from "./windows.ts";

type Domain = "event" | "clock";

/** Runs a trigger on windows of one key with state and timers of its own: a second, naive implementation of a context. */
class TriggerScript {
  #watermark = MIN_WATERMARK;
  #now = 0;
  readonly #states = new Map<string, unknown>();
  #timers: { domain: Domain; window: string; time: number }[] = [];
  constructor(readonly trigger: Trigger<unknown, Window>) {}

  /** `element 0..2 @1 v=7`, `watermark 5`, `clock 5`, `merge 0..2 2..4 -> 0..4`, `clear 0..2`, `counts`. */
  run(step: string): string {
    const [verb, ...words] = step.split(" ");
    switch (verb) {
      case "element": {
        const value = words.find((word) => word.startsWith("v="));
        return this.trigger.onElement(
          value === undefined ? "x" : Number(value.slice(2)),
          Number(words[1]?.slice(1) ?? 0),
          parse(words[0]),
          this.#context(words[0]),
        );
      }
      case "watermark":
        this.#watermark = Number(words[0]);
        return this.#fire("event", this.#watermark);
      case "clock":
        this.#now = Number(words[0]);
        return this.#fire("clock", this.#now);
      case "merge": {
        const [parts, result] = [words.slice(0, words.indexOf("->")), words[words.length - 1]];
        this.trigger.onMerge!(parse(result), this.#context(result, parts));
        for (const part of parts) this.trigger.clear(parse(part), this.#context(part));
        return this.#counts();
      }
      case "clear":
        this.trigger.clear(parse(words[0]), this.#context(words[0]));
        return this.#counts();
      default:
        return this.#counts();
    }
  }

  #counts(): string {
    const timers = (domain: Domain) =>
      this.#timers.filter((t) => t.domain === domain).sort((a, b) => a.time - b.time).map((t) =>
        `${t.window}@${t.time}`
      );
    return `state=${this.#states.size} event=[${timers("event")}] clock=[${timers("clock")}]`;
  }

  #fire(domain: Domain, upTo: number): string {
    const results: string[] = [];
    for (;;) {
      const due = this.#timers.filter((t) => t.domain === domain && t.time <= upTo).sort((a, b) => a.time - b.time)[0];
      if (due === undefined) return results.join(" ");
      this.#timers = this.#timers.filter((t) => t !== due);
      const on = domain === "event" ? "onEventTime" : "onProcessingTime";
      const result = this.trigger[on](due.time, parse(due.window), this.#context(due.window));
      results.push(`${due.window}@${due.time}:${result}`);
    }
  }

  #context(window: string, merged: string[] = []): OnMergeContext {
    const remove = (domain: Domain, time: number) => {
      this.#timers = this.#timers.filter((t) => t.domain !== domain || t.window !== window || t.time !== time);
    };
    const register = (domain: Domain, time: number) => {
      remove(domain, time);
      this.#timers.push({ domain, window, time });
    };
    const slot = (descriptor: StateDescriptor, of: string) => `${descriptor.name}/${of}`;
    const add = (descriptor: StateDescriptor, value: unknown) => {
      const key = slot(descriptor, window);
      const reduce = descriptor.reduce as (a: unknown, b: unknown) => unknown;
      this.#states.set(key, this.#states.has(key) ? reduce(this.#states.get(key), value) : value);
    };
    return {
      getCurrentProcessingTime: () => this.#now,
      getCurrentWatermark: () => this.#watermark,
      registerEventTimeTimer: (time) => register("event", time),
      registerProcessingTimeTimer: (time) => register("clock", time),
      deleteEventTimeTimer: (time) => remove("event", time),
      deleteProcessingTimeTimer: (time) => remove("clock", time),
      getPartitionedState: <H>(descriptor: StateDescriptor) => {
        const key = slot(descriptor, window);
        const read = () => this.#states.get(key);
        return {
          value: read,
          get: read,
          update: (value: unknown) => this.#states.set(key, value),
          add: (value: unknown) => add(descriptor, value),
          clear: () => this.#states.delete(key),
        } as H;
      },
      mergePartitionedState: (descriptor) => {
        assert.equal(descriptor.kind, "reducing");
        for (const part of merged) {
          const value = this.#states.get(slot(descriptor, part));
          if (this.#states.delete(slot(descriptor, part))) add(descriptor, value);
        }
      },
    };
  }
}

function parse(window: string): TimeWindow {
  const [start, end] = window.split("..").map(Number);
  return new TimeWindow(start, end);
}

/** Each script line is "step = expected". */
const scripts: [name: string, trigger: Trigger<unknown, Window>, lines: string[]][] = [
  ["EventTimeTrigger fires at the end, and at once behind the watermark", EventTimeTrigger.create(), [
    "element 0..2 @1 = CONTINUE",
    "element 0..2 @1 = CONTINUE",
    "element 2..4 @1 = CONTINUE",
    "counts = state=0 event=[0..2@1,2..4@3] clock=[]",
    "watermark 0 = ",
    "watermark 2 = 0..2@1:FIRE",
    "clock 100 = ",
    "element 0..2 @1 = FIRE",
    "counts = state=0 event=[2..4@3] clock=[]",
    "watermark 4 = 2..4@3:FIRE",
    "counts = state=0 event=[] clock=[]",
  ]],
  ["EventTimeTrigger clears only its own window", EventTimeTrigger.create(), [
    "element 0..2 @1 = CONTINUE",
    "element 2..4 @3 = CONTINUE",
    "clear 2..4 = state=0 event=[0..2@1] clock=[]",
    "clear 0..2 = state=0 event=[] clock=[]",
  ]],
  ["EventTimeTrigger moves its timer on merge", EventTimeTrigger.create(), [
    "element 0..2 @1 = CONTINUE",
    "element 2..4 @3 = CONTINUE",
    "merge 0..2 2..4 -> 0..4 = state=0 event=[0..4@3] clock=[]",
    "watermark 4 = 0..4@3:FIRE",
  ]],
  ["EventTimeTrigger sets no timer for a merged window behind the watermark", EventTimeTrigger.create(), [
    "element 0..2 @1 = CONTINUE",
    "watermark 10 = 0..2@1:FIRE",
    "element 2..4 @3 = FIRE",
    "merge 0..2 2..4 -> 0..4 = state=0 event=[] clock=[]",
    "watermark 11 = ",
    "element 4..11 @4 = FIRE",
    "merge 0..4 4..12 -> 0..12 = state=0 event=[] clock=[]",
    "merge 0..12 -> 0..13 = state=0 event=[0..13@12] clock=[]",
  ]],
  ["ProcessingTimeTrigger fires by the clock only", ProcessingTimeTrigger.create(), [
    "element 0..2 @1 = CONTINUE",
    "element 2..4 @1 = CONTINUE",
    "counts = state=0 event=[] clock=[0..2@1,2..4@3]",
    "watermark 100 = ",
    "clock 1 = 0..2@1:FIRE",
    "clock 2 = ",
    "clear 2..4 = state=0 event=[] clock=[]",
    "clock 9 = ",
  ]],
  ["ProcessingTimeTrigger moves its timer on merge unless the time is over", ProcessingTimeTrigger.create(), [
    "element 0..2 @1 = CONTINUE",
    "element 2..4 @1 = CONTINUE",
    "merge 0..2 2..4 -> 0..4 = state=0 event=[] clock=[0..4@3]",
    "clock 3 = 0..4@3:FIRE",
    "merge 0..4 -> 0..4 = state=0 event=[] clock=[]",
    "merge 0..4 -> 0..5 = state=0 event=[] clock=[0..5@4]",
  ]],
  ["CountTrigger counts per window and starts again after firing", CountTrigger.of(3), [
    "element 0..2 = CONTINUE",
    "element 0..2 = CONTINUE",
    "element 2..4 = CONTINUE",
    "counts = state=2 event=[] clock=[]",
    "element 0..2 = FIRE",
    "counts = state=1 event=[] clock=[]",
    "element 2..4 = CONTINUE",
    "element 2..4 = FIRE",
    "counts = state=0 event=[] clock=[]",
    "watermark 100 = ",
    "clock 100 = ",
    "element 0..2 = CONTINUE",
    "element 2..4 = CONTINUE",
    "clear 2..4 = state=1 event=[] clock=[]",
  ]],
  ["CountTrigger adds up on merge", CountTrigger.of(3), [
    "element 0..2 = CONTINUE",
    "element 2..4 = CONTINUE",
    "merge 0..2 2..4 -> 0..4 = state=1 event=[] clock=[]",
    "element 0..4 = FIRE",
    "merge 0..4 -> 0..5 = state=0 event=[] clock=[]",
    "element 0..5 = CONTINUE",
    "element 0..5 = CONTINUE",
    "element 0..5 = FIRE",
  ]],
  ["CountTrigger keeps a count above the limit that a merge made", CountTrigger.of(2), [
    "element 0..2 = CONTINUE",
    "element 2..4 = CONTINUE",
    "element 4..6 = CONTINUE",
    "merge 0..2 2..4 4..6 -> 0..6 = state=1 event=[] clock=[]",
    "element 0..6 = FIRE",
    "element 0..6 = CONTINUE",
  ]],
  ["ContinuousEventTimeTrigger fires on multiples of the interval and at the end", ContinuousEventTimeTrigger.of(5), [
    "element 0..12 @3 = CONTINUE",
    "counts = state=1 event=[0..12@5,0..12@11] clock=[]",
    "element 0..12 @9 = CONTINUE",
    "watermark 5 = 0..12@5:FIRE",
    "counts = state=1 event=[0..12@10,0..12@11] clock=[]",
    "watermark 9 = ",
    "watermark 10 = 0..12@10:FIRE",
    "counts = state=1 event=[0..12@11] clock=[]",
    "watermark 11 = 0..12@11:FIRE",
    "element 0..12 @3 = FIRE",
    "clear 0..12 = state=0 event=[] clock=[]",
    "clock 99 = ",
  ]],
  ["ContinuousEventTimeTrigger before the epoch rounds towards zero", ContinuousEventTimeTrigger.of(5), [
    "element -20..-1 @-13 = CONTINUE",
    "counts = state=1 event=[-20..-1@-5,-20..-1@-2] clock=[]",
  ]],
  ["ContinuousEventTimeTrigger never plans beyond the end", ContinuousEventTimeTrigger.of(100), [
    "element 0..12 @3 = CONTINUE",
    "counts = state=1 event=[0..12@11] clock=[]",
    "watermark 50 = 0..12@11:FIRE",
  ]],
  ["ContinuousEventTimeTrigger ignores timers that are not its own", ContinuousEventTimeTrigger.of(5), [
    "element 0..50 @3 = CONTINUE",
    "element 0..20 @13 = CONTINUE",
    "counts = state=2 event=[0..50@5,0..20@15,0..20@19,0..50@49] clock=[]",
    "watermark 15 = 0..50@5:FIRE 0..50@10:FIRE 0..20@15:FIRE 0..50@15:FIRE",
    "clear 0..50 = state=1 event=[0..20@19,0..50@49] clock=[]",
    "watermark 20 = 0..20@19:FIRE",
  ]],
  ["ContinuousEventTimeTrigger keeps the earliest time on merge", ContinuousEventTimeTrigger.of(5), [
    "element 0..12 @3 = CONTINUE",
    "element 10..22 @11 = CONTINUE",
    // The timers of the parts stay behind: their state has moved. The operator ignores timers of windows that are gone.
    "merge 0..12 10..22 -> 0..22 = state=1 event=[0..12@5,0..22@5,0..12@11,10..22@15,10..22@21] clock=[]",
    "watermark 5 = 0..12@5:CONTINUE 0..22@5:FIRE",
    "counts = state=1 event=[0..22@10,0..12@11,10..22@15,10..22@21] clock=[]",
  ]],
  ["ContinuousProcessingTimeTrigger fires by the clock", ContinuousProcessingTimeTrigger.of(5), [
    "clock 3 = ",
    "element 0..12 @77 = CONTINUE",
    "element 0..12 @78 = CONTINUE",
    "counts = state=1 event=[] clock=[0..12@5]",
    "watermark 99 = ",
    "clock 5 = 0..12@5:FIRE",
    "clock 10 = 0..12@10:FIRE",
    "counts = state=1 event=[] clock=[0..12@11]",
    "clock 11 = 0..12@11:FIRE",
    "clear 0..12 = state=0 event=[] clock=[]",
  ]],
  ["ContinuousProcessingTimeTrigger keeps the earliest time on merge", ContinuousProcessingTimeTrigger.of(5), [
    "element 0..12 = CONTINUE",
    "clock 4 = ",
    "element 4..16 = CONTINUE",
    "clock 5 = 0..12@5:FIRE 4..16@5:FIRE",
    "merge 0..12 4..16 -> 0..16 = state=1 event=[] clock=[0..12@10,4..16@10,0..16@10]",
    "clock 10 = 0..12@10:CONTINUE 4..16@10:CONTINUE 0..16@10:FIRE",
    "clock 15 = 0..16@15:FIRE",
  ]],
  ["DeltaTrigger compares with the record that fired last", DeltaTrigger.of<unknown>(10, (a, b) => +b! - +a!), [
    "element 0..9 v=100 = CONTINUE",
    "element 0..9 v=110 = CONTINUE",
    "element 0..9 v=111 = FIRE",
    "element 0..9 v=121 = CONTINUE",
    "element 0..9 v=0 = CONTINUE",
    "element 0..9 v=122 = FIRE",
    "element 9..18 v=500 = CONTINUE",
    "counts = state=2 event=[] clock=[]",
    "clear 0..9 = state=1 event=[] clock=[]",
    "element 0..9 v=0 = CONTINUE",
  ]],
  ["NeverTrigger", NeverTrigger.create(), ["element 0..9 = CONTINUE", "watermark 100 = ", "clock 100 = "]],
  ["EndOfStreamTrigger waits for the end of its window", EndOfStreamTrigger.create(), [
    "element 0..9 = CONTINUE",
    "element 0..9 = CONTINUE",
    "watermark 7 = ",
    "clock 100 = ",
    "watermark 8 = 0..9@8:FIRE",
  ]],
  ["PurgingTrigger purges whenever the nested one fires", PurgingTrigger.of(EventTimeTrigger.create()), [
    "element 0..2 @1 = CONTINUE",
    "watermark 1 = 0..2@1:FIRE_AND_PURGE",
    "element 0..2 @1 = FIRE_AND_PURGE",
    "element 2..4 @3 = CONTINUE",
    "merge 2..4 -> 2..5 = state=0 event=[2..5@4] clock=[]",
    "clear 2..5 = state=0 event=[] clock=[]",
  ]],
  ["PurgingTrigger by the clock, nested twice", PurgingTrigger.of(PurgingTrigger.of(ProcessingTimeTrigger.create())), [
    "element 0..2 = CONTINUE",
    "clock 1 = 0..2@1:FIRE_AND_PURGE",
  ]],
  ["PurgingTrigger of count", PurgingTrigger.of(CountTrigger.of(2)), [
    "element 0..2 = CONTINUE",
    "element 0..2 = FIRE_AND_PURGE",
    "element 0..2 = CONTINUE",
    "merge 0..2 -> 0..3 = state=1 event=[] clock=[]",
    "element 0..3 = FIRE_AND_PURGE",
  ]],
  ["ProcessingTimeoutTrigger fires from the first record on", ProcessingTimeoutTrigger.of(CountTrigger.of(10), 50), [
    "element 0..9 = CONTINUE",
    "clock 40 = ",
    "element 0..9 = CONTINUE",
    "counts = state=2 event=[] clock=[0..9@50]",
    "clock 50 = 0..9@50:FIRE",
    "counts = state=0 event=[] clock=[]",
  ]],
  ["ProcessingTimeoutTrigger that is reset by records", ProcessingTimeoutTrigger.of(CountTrigger.of(10), 50, true), [
    "element 0..9 = CONTINUE",
    "clock 40 = ",
    "element 0..9 = CONTINUE",
    "counts = state=2 event=[] clock=[0..9@90]",
    "clock 50 = ",
    "clock 90 = 0..9@90:FIRE",
    "counts = state=0 event=[] clock=[]",
  ]],
  [
    "ProcessingTimeoutTrigger that keeps the count after the timeout",
    ProcessingTimeoutTrigger.of(CountTrigger.of(3), 50, false, false),
    [
      "element 0..9 = CONTINUE",
      "clock 50 = 0..9@50:FIRE",
      "counts = state=2 event=[] clock=[]",
      "element 0..9 = CONTINUE",
      "counts = state=2 event=[] clock=[]",
      "element 0..9 = FIRE",
      "counts = state=0 event=[] clock=[]",
    ],
  ],
  [
    "ProcessingTimeoutTrigger stops the timeout when the nested trigger fires",
    ProcessingTimeoutTrigger.of(CountTrigger.of(2), "50 ms"),
    ["element 0..9 = CONTINUE", "element 0..9 = FIRE", "counts = state=0 event=[] clock=[]", "clock 99 = "],
  ],
  [
    "ProcessingTimeoutTrigger purges when the nested trigger does",
    ProcessingTimeoutTrigger.of(PurgingTrigger.of(CountTrigger.of(2)), 50),
    ["element 0..9 = CONTINUE", "element 0..9 = FIRE_AND_PURGE", "element 0..9 = CONTINUE", "clock 50 = 0..9@50:FIRE"],
  ],
  [
    "ProcessingTimeoutTrigger of event time takes every timer for the timeout",
    ProcessingTimeoutTrigger.of(PurgingTrigger.of(EventTimeTrigger.create()), 50),
    ["element 0..9 @1 = CONTINUE", "watermark 8 = 0..9@8:FIRE_AND_PURGE", "counts = state=0 event=[] clock=[]"],
  ],
];

for (const [name, trigger, lines] of scripts) {
  Deno.test(name, () => {
    const script = new TriggerScript(trigger);
    for (const line of lines) {
      const [step, expected] = [line.slice(0, line.indexOf(" = ")), line.slice(line.indexOf(" = ") + 3)];
      assert.equal(script.run(step), expected, line);
    }
  });
}

Deno.test("which triggers can merge", () => {
  const cases: [Trigger<unknown, Window>, boolean][] = [
    [EventTimeTrigger.create(), true],
    [ProcessingTimeTrigger.create(), true],
    [CountTrigger.of(1), true],
    [ContinuousEventTimeTrigger.of(1), true],
    [ContinuousProcessingTimeTrigger.of(1), true],
    [PurgingTrigger.of(CountTrigger.of(1)), true],
    [PurgingTrigger.of(NeverTrigger.create()), false],
    [DeltaTrigger.of(1, () => 0), false],
    [NeverTrigger.create(), false],
    [EndOfStreamTrigger.create(), false],
    [ProcessingTimeoutTrigger.of(EventTimeTrigger.create(), 1), false],
  ];
  for (const [trigger, expected] of cases) assert.equal(trigger.canMerge?.() ?? false, expected, String(trigger));
});

Deno.test("texts, results and parameters", () => {
  assert.equal(String(PurgingTrigger.of(CountTrigger.of(5))), "PurgingTrigger(CountTrigger(5))");
  assert.equal(String(ProcessingTimeoutTrigger.of(CountTrigger.of(5), 1)), "TimeoutTrigger(CountTrigger(5))");
  assert.equal(String(ContinuousEventTimeTrigger.of("2 s")), "ContinuousEventTimeTrigger(2000)");
  assert.equal(ContinuousProcessingTimeTrigger.of("2 min").getInterval(), 120_000);
  const nested = CountTrigger.of(1);
  assert.equal(PurgingTrigger.of(nested).getNestedTrigger(), nested);
  const results: [TriggerResult, boolean, boolean][] = [
    ["CONTINUE", false, false],
    ["FIRE", true, false],
    ["PURGE", false, true],
    ["FIRE_AND_PURGE", true, true],
  ];
  for (const [result, fire, purge] of results) assert.deepEqual([isFire(result), isPurge(result)], [fire, purge]);
  const refused: (() => unknown)[] = [
    () => CountTrigger.of(0),
    () => CountTrigger.of(1.5),
    () => CountTrigger.of(NaN),
    () => ContinuousEventTimeTrigger.of(0),
    () => ContinuousProcessingTimeTrigger.of("-1 s"),
    () => ProcessingTimeoutTrigger.of(nested, -1),
  ];
  for (const make of refused) assert.throws(make, { code: "TSF-1705" });
  const delta = DeltaTrigger.of<number>(1, { getDelta: (a, b) => Math.abs(a - b) });
  const script = new TriggerScript(delta as Trigger<unknown, Window>);
  assert.deepEqual(["element 0..1 v=0", "element 0..1 v=-2"].map((step) => script.run(step)), ["CONTINUE", "FIRE"]);
});
