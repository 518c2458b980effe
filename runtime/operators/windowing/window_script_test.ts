/**
 * Scripted cases for window operators; registers no test itself. A case is a window and lines "input = expected output".
 *
 * Inputs: `a1@5` record of key a, value 1, timestamp 5 (`a1` without; `a1@5~3` with gap 3), `wm 5`, `wm max`, `clock 5`,
 * `restore`, `state`, `dropped`. Outputs: `text@timestamp`, side outputs with their tag before: `late!a1@5`.
 * Every case runs plain; one timer per step; with every emitted value overwritten by its receiver; and with a snapshot
 * and restore after every line, by the general way, the fast ones and in turn.
 */

import assert from "node:assert/strict";
import type { AggregateFunction } from "../../functions/functions.ts";
import type { ProcessWindow } from "../../functions/process_function.ts";
import { TimeWindow } from "../../functions/windowing/window_assigners.ts";
import type { Window } from "../../functions/windowing/windows.ts";
import { ALL_OPTIMIZATIONS, type OperatorConfig } from "../operator.ts";
import { KeyedOneInputStreamOperatorTestHarness } from "../../testing/one_input_harness.ts";
import type { HarnessOptions, HarnessSnapshot } from "../../testing/operator_test_harness.ts";
import { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP } from "../../types/stream_element.ts";
import type { WindowContent } from "./window_contents.ts";
import { windowOperator, type WindowOperatorOptions } from "./window_operator.ts";

export interface Rec {
  k: string;
  v: number;
  gap?: number;
}

/** Adds values up; the key is that of the first. */
export const sum: WindowContent = { kind: "reduce", fn: (a: Rec, b: Rec): Rec => ({ ...a, v: a.v + b.v }) };
/** The mean of the values. */
export const average: AggregateFunction<Rec, { n: number; total: number }, number> = {
  createAccumulator: () => ({ n: 0, total: 0 }),
  add(rec, accumulator) {
    accumulator.n++;
    accumulator.total += rec.v;
    return accumulator;
  },
  getResult: ({ n, total }) => total / n,
  merge: (a, b) => ({ n: a.n + b.n, total: a.total + b.total }),
};
export const list: WindowContent = { kind: "list" };
export const passthrough = { kind: "passthrough" } as const;

export const windowText = (window: Window): string =>
  window instanceof TimeWindow ? `[${window.start}..${window.end})` : `[${window}]`;

/** Emits "key=values[start..end)". */
const showing: ProcessWindow<Rec, string, string> = {
  process(key, ctx, elements, out) {
    out.collect(`${key}=${Array.from(elements, (e) => e.v).join("+")}${windowText(ctx.window())}`);
  },
};
export const show = { kind: "process", fn: showing } as const;

/** A keyed harness that can say what it has put out since it was last asked. */
export class WindowHarness extends KeyedOneInputStreamOperatorTestHarness<string, Rec, unknown> {
  constructor(options: WindowOperatorOptions, harness: HarnessOptions = {}) {
    super(windowOperator(options), (rec) => rec.k, harness);
  }
  /** Records in order, then side outputs; watermarks are checked and left out. */
  takeOutput(watermark?: number): string {
    const elements = this.getOutput().slice();
    if (watermark !== undefined) {
      assert.deepEqual(
        elements.pop(),
        { kind: "watermark", timestamp: watermark },
        "the watermark passes after results",
      );
    }
    const texts = elements.map((element) => {
      assert.equal(element.kind, "record");
      return recordText(element as { value: unknown; timestamp?: number });
    });
    for (const id of this.sideOutputIds()) {
      texts.push(...this.getSideOutput({ id } as never).map((record) => `${id}!${recordText(record)}`));
    }
    this.clearOutput();
    return texts.join(" ");
  }
}

function recordText({ value, timestamp }: { value: unknown; timestamp?: number }): string {
  const text = typeof value === "object" && value !== null && "k" in value
    ? `${(value as Rec).k}:${(value as Rec).v}`
    : String(value);
  return `${text}@${timestamp === MAX_WATERMARK ? "max" : timestamp}`;
}

interface Mode {
  readonly name: string;
  /** Called once for a case; a function it returns, for each harness. */
  readonly harness: () => HarnessOptions | (() => HarnessOptions);
  readonly restores?: boolean;
}
/** Windows in keyed state, whatever they are. */
export const GENERAL_WAY: Partial<OperatorConfig> = {
  optimizations: { ...ALL_OPTIMIZATIONS, windowSlices: false },
};
const MODES: readonly Mode[] = [
  { name: "plain", harness: () => ({}) },
  {
    name: "one timer per step",
    harness() {
      let asked = 0;
      return { proceed: () => asked++ % 2 === 1 };
    },
  },
  { name: "outputs overwritten", harness: () => ({ mutateOutput: true }) },
  { name: "restored after every line", harness: () => ({}), restores: true },
  { name: "general way", harness: () => ({ config: GENERAL_WAY }) },
  { name: "general way, restored after every line", harness: () => ({ config: GENERAL_WAY }), restores: true },
  {
    name: "restored after every line, each time the other way",
    harness() {
      let made = 0;
      return () => ({ config: made++ % 2 === 0 ? {} : GENERAL_WAY });
    },
    restores: true,
  },
];

/** Runs one case in one mode. */
class ScriptRun {
  #harness: WindowHarness;
  #watermark = MIN_WATERMARK;
  #now = 0;
  #dropped = 0;
  readonly #options: () => HarnessOptions;
  constructor(readonly window: WindowOperatorOptions, mode: Mode) {
    const options = mode.harness();
    this.#options = typeof options === "function" ? options : () => options;
    this.#harness = new WindowHarness(window, this.#options());
    this.#harness.open();
  }

  step(input: string): string {
    const [verb, argument] = input.split(" ");
    switch (verb) {
      case "wm": {
        const before = this.#watermark;
        this.#watermark = Math.max(before, argument === "max" ? MAX_WATERMARK : Number(argument));
        this.#harness.processWatermark(this.#watermark);
        return this.#harness.takeOutput(this.#watermark > before ? this.#watermark : undefined);
      }
      case "clock":
        this.#now = Number(argument);
        this.#harness.setProcessingTime(this.#now);
        return this.#harness.takeOutput();
      case "state":
        return `rows=${this.#harness.numKeyedStateEntries()} event=${this.#harness.numEventTimeTimers()} ` +
          `clock=${this.#harness.numProcessingTimeTimers()}`;
      case "dropped":
        return String(this.#dropped + this.#late());
      case "restore":
        return this.restore();
      default: {
        const match = /^([a-z])(-?\d+)(?:@(-?\d+))?(?:~(-?\d+))?$/.exec(input);
        assert.ok(match !== null, `no input: ${input}`);
        const [, k, v, timestamp, gap] = match;
        const rec = gap === undefined ? { k, v: +v } : { k, v: +v, gap: +gap };
        this.#harness.processElement(rec, timestamp === undefined ? NO_TIMESTAMP : +timestamp);
        return this.#harness.takeOutput();
      }
    }
  }

  restore(): string {
    const snapshot: HarnessSnapshot = this.#harness.snapshot();
    this.#dropped += this.#late();
    const next = new WindowHarness(this.window, this.#options());
    next.seams.clock.jumpTo(this.#now);
    next.initializeState(snapshot);
    next.open();
    // A restored operator has no watermark until one comes.
    const watermark = this.#watermark > MIN_WATERMARK ? this.#watermark : undefined;
    if (watermark !== undefined) next.processWatermark(watermark);
    this.#harness = next;
    return next.takeOutput(watermark);
  }

  #late(): number {
    return Number(this.#harness.metrics.get("numLateRecordsDropped") ?? 0);
  }
}

/** Registers a test that runs the lines in every mode. */
export function script(name: string, window: WindowOperatorOptions, lines: readonly string[]): void {
  Deno.test(`window: ${name}`, () => {
    for (const mode of MODES) {
      const run = new ScriptRun(window, mode);
      for (const line of lines) {
        const at = line.indexOf(" =");
        const [input, expected] = [line.slice(0, at), line.slice(at + 2).trim()];
        assert.equal(run.step(input), expected, `${line} (${mode.name})`);
        if (mode.restores) assert.equal(run.restore(), "", `restore after ${line}`);
      }
    }
  });
}
