/** The timer service of a keyed operator: counts, deletion, physical timers, restores and other parallelisms. */

import assert from "node:assert/strict";
import { type Collector, type KeyedProcessContext, KeyedProcessFunction, type OnTimerContext } from "tsflink";
import { type HarnessSnapshot, ProcessFunctionTestHarnesses, repartitionOperatorState } from "tsflink/testing";

/** `e5`, `p5`: set a timer; `-e5`, `-p5`: delete it. `k` is the key; several orders at once apart by blanks. */
interface Order {
  readonly k: string;
  readonly what: string;
}

class Timers extends KeyedProcessFunction<string, Order, string> {
  override processElement({ what }: Order, ctx: KeyedProcessContext<string>): void {
    const timers = ctx.timerService();
    for (const order of what.split(" ")) {
      const [, minus, kind, time] = /^(-?)([ep])(-?\d+)$/.exec(order)!;
      if (kind === "e") minus ? timers.deleteEventTimeTimer(+time) : timers.registerEventTimeTimer(+time);
      else minus ? timers.deleteProcessingTimeTimer(+time) : timers.registerProcessingTimeTimer(+time);
    }
  }
  override onTimer(time: number, ctx: OnTimerContext<string>, out: Collector<string>): void {
    const kind = ctx.timeDomain() === "event-time" ? "e" : "p";
    out.collect(`${ctx.getCurrentKey()}${kind}${time}`);
  }
}

type Harness = ReturnType<typeof make>;
const make = (options = {}) =>
  ProcessFunctionTestHarnesses.forKeyedProcessFunction<string, Order, string>(new Timers(), (o) => o.k, options);

/** Orders as `a:e5`, `wN`, `tN`, `?` for `events/processing` pending; gives what fired and what was asked. */
function run(harness: Harness, script: string): string {
  const out: string[] = [];
  let from = harness.extractOutputValues().length;
  for (const token of script.split(" | ")) {
    const time = /^([wt])(-?\d+)$/.exec(token);
    if (token === "?") out.push(`${harness.numEventTimeTimers()}/${harness.numProcessingTimeTimers()}`);
    else if (time === null) {
      const [k, what] = token.split(":");
      harness.processElement({ k, what });
    } else if (time[1] === "w") harness.processWatermark(+time[2]);
    else harness.setProcessingTime(+time[2]);
    const values = harness.extractOutputValues();
    out.push(...values.slice(from));
    from = values.length;
  }
  return out.join(" ");
}

const table: [string, string][] = [
  // One timer per key, time and clock.
  ["a:e5 e5 p5 p5 | ? | b:e5 | ? | w5 | t5 | ?", "1/1 2/1 ae5 be5 ap5 0/0"],
  // At the time, not before it, and once.
  ["a:e5 | w4 | ? | w5 | w6 | ?", "1/0 ae5 0/0"],
  ["a:p5 | t4 | ? | t5 | t6 | ?", "0/1 ap5 0/0"],
  // A jump fires all in order of time, over keys.
  ["a:e30 e10 | b:e20 | w30", "ae10 be20 ae30"],
  ["a:p30 p10 | b:p20 | t30", "ap10 bp20 ap30"],
  // A later one does not delay an earlier one, whichever came first.
  ["a:p20 | b:p10 | t10 | ? | t20", "bp10 0/1 ap20"],
  ["a:p10 | b:p20 | t10 | ? | t20", "ap10 0/1 bp20"],
  // Deletion: of this key, time and clock only; of none: nothing; set again: fires.
  ["a:e5 e6 p5 | b:e5 | a:-e5 | ? | w10 | t10", "2/1 be5 ae6 ap5"],
  ["a:-e5 -p5 | ? | a:e5 | w5", "0/0 ae5"],
  ["a:p5 | a:-p5 | ? | t5 | a:p7 | t7", "0/0 ap7"],
  ["a:p5 -p5 p5 | t5", "ap5"],
  ["a:p5 p8 | a:-p5 | t5 | ? | t8", "0/1 ap8"],
  // The past: event time with the next watermark, processing time at once.
  ["w10 | a:e3 | ? | w10 | ? | w11", "1/0 1/0 ae3"],
  ["t10 | a:p3 | t10 | ?", "ap3 0/0"],
  ["a:e-5 | w-6 | ? | w-5", "1/0 ae-5"],
];
Deno.test("timer service: setting, deleting, firing", () => {
  for (const [script, expected] of table) assert.equal(run(make(), script), expected, script);
});

const KEYS = [..."abcdefghijklmnop"];
const orders = "e5 e9 p5 p9";

function snapshotAt(
  parallelism: number,
  states?: HarnessSnapshot[],
): { fired: string[]; snapshots: HarnessSnapshot[] } {
  const snapshots: HarnessSnapshot[] = [];
  const fired: string[] = [];
  for (let subtaskIndex = 0; subtaskIndex < parallelism; subtaskIndex++) {
    const place = { maxParallelism: 32, parallelism, subtaskIndex };
    const harness = make({ ...place, snapshot: states && repartitionOperatorState(states, place) });
    if (states === undefined) { for (const key of KEYS) harness.processElement({ k: key, what: orders }); }
    else fired.push(run(harness, "w5 | t5"));
    snapshots.push(harness.snapshot());
  }
  return { fired, snapshots };
}

Deno.test("timer service: timers go with their keys, up and down, and fire once", () => {
  for (const [up, down] of [[2, 1], [3, 2], [5, 4]]) {
    const { snapshots } = snapshotAt(1);
    const wide = snapshotAt(up, snapshots);
    const all = KEYS.flatMap((key) => [`${key}e5`, `${key}p5`]).sort();
    assert.deepEqual(wide.fired.join(" ").split(" ").sort(), all);
    // Each subtask has some, and fires event time before processing time, as it was told to.
    for (const part of wide.fired) assert.match(part, /^(\we5 )+(\wp5 ?)+$/);
    const narrow: string[] = [];
    for (let subtaskIndex = 0; subtaskIndex < down; subtaskIndex++) {
      const place = { maxParallelism: 32, parallelism: down, subtaskIndex };
      const harness = make({ ...place, snapshot: repartitionOperatorState(wide.snapshots, place) });
      narrow.push(run(harness, "w9 | t9 | ?"));
    }
    const last = narrow.join(" ").split(" ").filter((text) => text !== "0/0").sort();
    assert.deepEqual(last, KEYS.flatMap((key) => [`${key}e9`, `${key}p9`]).sort());
  }
});
