/** Timers and contexts of process functions, through the harnesses and in whole jobs. */

import {
  type KeyedProcess,
  MAX_WATERMARK,
  type OnTimerContext,
  OutputTag,
  type ProcessContext,
  valueState,
} from "tsflink";
import { type HarnessElement, ProcessFunctionTestHarnesses } from "tsflink/testing";
import { type AnyStream, cases, type Rec, runJob, timeText } from "./job_script.ts";
import assert from "node:assert/strict";

/**
 * Commands are the records: `e5`/`p5` register, `E5`/`P5` delete an event- or processing-time timer; `R5` registers
 * another event timer whenever one fires; `?` asks for the times. Keys come before: `a:e5@3`.
 */
interface Command {
  readonly key: string;
  readonly does: string;
}
type Ctx = ProcessContext<string>;

function act(does: string, ctx: Ctx, out: { collect(text: string): void }): void {
  const timers = ctx.timerService();
  for (const command of does.split(",")) {
    const time = command.slice(1) === "max" ? MAX_WATERMARK : +command.slice(1);
    switch (command[0]) {
      case "e":
        timers.registerEventTimeTimer(time);
        break;
      case "E":
        timers.deleteEventTimeTimer(time);
        break;
      case "p":
        timers.registerProcessingTimeTimer(time);
        break;
      case "P":
        timers.deleteProcessingTimeTimer(time);
        break;
      case "?":
        out.collect(
          `ts=${ctx.timestamp()} wm=${timeText(timers.currentWatermark())} now=${timers.currentProcessingTime()}`,
        );
        break;
      default:
        out.collect(does);
    }
  }
}

/** `again[timestamp]` is what is done when that timer fires. */
function keyed(again: Record<number, string>): KeyedProcess<string, Command, string> {
  return {
    processElement: (command, ctx, out) => act(command.does, ctx as never, out),
    onTimer(timestamp, ctx, out) {
      out.collect(
        `${ctx.getCurrentKey()}!${ctx.timeDomain() === "event-time" ? "" : "~"}${timeText(timestamp)}`,
      );
      const does = again[timestamp];
      if (does !== undefined) act(does, ctx as never, out);
    },
  };
}

function shown(elements: readonly HarnessElement<string>[]): string {
  return elements.map((element) =>
    element.kind === "record"
      ? element.value.replaceAll(" ", "_") + (element.timestamp === undefined ? "" : `@${timeText(element.timestamp)}`)
      : element.kind === "watermark"
      ? `w${timeText(element.timestamp)}`
      : element.kind
  ).join(" ");
}

/** Input tokens: `key:commands@ts`, `w5`, `t5`, `|` snapshot and restore. */
function run(input: string, again: Record<number, string> = {}): string {
  const open = () => ProcessFunctionTestHarnesses.forKeyedProcessFunction(keyed(again), (c: Command) => c.key);
  let harness = open();
  const out: string[] = [];
  for (const token of input.split(/\s+/)) {
    const time = /^([wt])(-?\w+)$/.exec(token);
    if (token === "|") {
      out.push(shown(harness.getOutput()));
      const snapshot = harness.snapshot();
      const now = harness.getProcessingTime();
      harness = new (harness.constructor as never as { new (...args: unknown[]): typeof harness })(
        new (harness.getOperator().constructor as never as { new (fn: unknown): never })(keyed(again)),
        (c: Command) => c.key,
      );
      harness.initializeState(snapshot);
      harness.open();
      harness.setProcessingTime(now);
    } else if (time !== null) {
      const at = time[2] === "max" ? MAX_WATERMARK : +time[2];
      time[1] === "w" ? harness.processWatermark(at) : harness.setProcessingTime(at);
    } else {
      const [, key, does, at] = /^(\w+):([^@]+)(?:@(-?\d+))?$/.exec(token)!;
      harness.processElement({ key, does }, at === undefined ? undefined : +at);
    }
  }
  out.push(shown(harness.getOutput()));
  return out.filter((text) => text !== "").join(" ");
}

cases("event-time timers", [
  ["a:e5@0 w4 w5 w6", "w4 a!5@5 w5 w6"],
  ["a:e5 a:e5 a:e5 w9", "a!5@5 w9"],
  ["a:e5 b:e5 a:e3 w9", "a!3@3 a!5@5 b!5@5 w9"],
  ["a:e7,e3,e5 w9", "a!3@3 a!5@5 a!7@7 w9"],
  // A timer behind the watermark waits for the next one.
  ["w5 a:e3 a:e5 w6", "w5 a!3@3 a!5@5 w6"],
  ["w5 a:e3 w5 wmax", "w5 a!3@3 wmax"],
  ["a:emax w9 wmax", "w9 a!max@max wmax"],
  ["a:e-5 w-6 w-5 w0", "w-6 a!-5@-5 w-5 w0"],
  ["a:e5 | w5", "a!5@5 w5"],
  ["a:e5,e7 w5 | w7", "a!5@5 w5 a!7@7 w7"],
], (input) => run(input));
cases("deleting timers", [
  ["a:e5 a:E5 w9", "w9"],
  ["a:e5 b:E5 w9", "a!5@5 w9"],
  ["a:e5 a:E6 w9", "a!5@5 w9"],
  ["a:e5 a:E5 a:e5 w9", "a!5@5 w9"],
  ["a:e5 a:P5 w9", "a!5@5 w9"],
  ["a:p5 a:P5 t9", ""],
  ["a:p5 a:E5 t9", "a!~5"],
  ["a:e5 w9 a:E5 w10", "a!5@5 w9 w10"],
  ["a:p5,p7 a:P5 t9", "a!~7"],
  ["a:e5 | a:E5 w9", "w9"],
], (input) => run(input));
cases("processing-time timers: no timestamp, due at their time", [
  ["a:p5@3 t4 t5 t6", "a!~5"],
  ["a:p5 b:p3 a:p4 t9", "b!~3 a!~4 a!~5"],
  ["a:p5 w9 t9", "w9 a!~5"],
  ["t10 a:p5", "a!~5"],
  ["t10 a:p10", "a!~10"],
  ["a:p5 | t9", "a!~5"],
  ["a:p5 a:p5 t9", "a!~5"],
], (input) => run(input));
cases("timers set by timers", [
  ["a:e5 w9", "a!5@5 a!7@7 w9"],
  ["a:e5 w6 w7", "a!5@5 w6 a!7@7 w7"],
], (input) => run(input, { 5: "e7" }));
cases("timers set by timers, into the past and at the same time", [
  ["a:e5 w9", "a!5@5 a!3@3 w9"],
], (input) => run(input, { 5: "e3" }));
cases("timers deleted by timers", [
  ["a:e5,e6 b:e6 w9", "a!5@5 b!6@6 w9"],
], (input) => run(input, { 5: "E6" }));
cases("processing-time timers set by timers", [
  ["a:p5 t9", "a!~5 a!~7"],
  ["a:p5 t6 t7", "a!~5 a!~7"],
], (input) => run(input, { 5: "p7" }));
cases("an event timer sets a processing-time timer and the other way round", [
  ["t3 a:e5 w9 t20", "a!5@5 w9 a!~15"],
  ["w3 a:p15 t20 w30", "w3 a!~15 a!25@25 w30"],
], (input) => run(input, { 5: "p15", 15: "e25" }));
cases("times of the context", [
  ["a:?", "ts=undefined_wm=min_now=0"],
  ["w17 t4 a:?@12", "w17 ts=12_wm=17_now=4@12"],
], (input) => run(input));
cases("times in a timer: the watermark is the new one already", [
  ["t2 a:e5 w9", "a!5@5 ts=5_wm=9_now=2@5 w9"],
  ["w1 a:p5@3 t8", "w1 a!~5 ts=5_wm=1_now=8"],
], (input) => run(input, { 5: "?" }));

// Whole jobs: the end of the input.
const job = (fn: KeyedProcess<string, Rec, string>) => ([stream]: readonly AnyStream[]): AnyStream =>
  stream.keyBy((rec: Rec) => rec.k).process(fn as never);
cases("the end of the input fires every event-time timer, no processing-time timer", [
  ["a5@1 b9@2 w6", "a!5@5 w6 b!9@9 W"],
  ["a5 b9", "a!5@5 b!9@9 W"],
  ["a5 t100", "a!5@5 W"],
], (script) =>
  runJob(script, {
    build: job({
      processElement(rec, ctx) {
        ctx.timerService().registerEventTimeTimer(rec.v);
        ctx.timerService().registerProcessingTimeTimer(100_000);
      },
      onTimer: (timestamp, ctx, out) => out.collect(`${ctx.getCurrentKey()}!${timestamp}`),
    }),
  }));
cases("timers set while the end of the input fires timers fire too", [
  ["a1@1", "1@1 2@2 3@3 4@4 max@max W"],
], (script) =>
  runJob(script, {
    build: job({
      processElement: (rec, ctx) => ctx.timerService().registerEventTimeTimer(rec.v),
      onTimer(timestamp, ctx, out) {
        out.collect(timeText(timestamp));
        if (timestamp < 5) ctx.timerService().registerEventTimeTimer(timestamp === 4 ? MAX_WATERMARK : timestamp + 1);
      },
    }),
  }));
cases("processing-time timers of a job fire a millisecond later, with state of their key", [
  ["a1 b7 t10 a2 t30", "a=3 b=7 W"],
], (script) => {
  const state = { sum: valueState<number>({ defaultValue: 0 }) };
  const fn: KeyedProcess<string, Rec, string, typeof state> = {
    state,
    processElement(rec, ctx) {
      ctx.state.sum.update(ctx.state.sum.value() + rec.v);
      ctx.timerService().registerProcessingTimeTimer(20);
    },
    onTimer(timestamp, ctx: OnTimerContext<string, typeof state>, out) {
      assert.equal(timestamp, 20);
      assert.ok(ctx.timerService().currentProcessingTime() >= 21);
      out.collect(`${ctx.getCurrentKey()}=${ctx.state.sum.value()}`);
    },
  };
  return runJob(script, { build: job(fn as never) });
});

const NUMBERS = new OutputTag<number>("numbers");
cases("side outputs of elements and timers keep the timestamp", [
  ["a4@9 w4", "w4 W, side 4@9 -4@4"],
], async (script) => {
  const sides: string[] = [];
  const main = await runJob(script, {
    build: ([stream]) => {
      const made = stream.keyBy((rec) => rec.k).process({
        processElement(rec, ctx) {
          ctx.output(NUMBERS, rec.v);
          ctx.timerService().registerEventTimeTimer(rec.v);
        },
        onTimer: (timestamp, ctx) => ctx.output(NUMBERS, -timestamp),
      } as KeyedProcess<string, Rec, string>);
      made.getSideOutput(NUMBERS).process({
        processElement: (n, ctx) => void sides.push(`${n}@${ctx.timestamp()}`),
      }).sinkTo({ createWriter: () => ({ write() {}, flush() {}, close() {} }) });
      return made;
    },
  });
  return `${main}, side ${sides.join(" ")}`;
});
