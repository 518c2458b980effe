/**
 * A small script language for whole jobs under virtual time: what goes into the sources, and everything that comes out of
 * the sink, in order, as one line of text each. Registers no test.
 *
 * In: `a1@5` record of key a, value 1, timestamp 5 (`a1` without one, `a1@5~3` with gap 3); `w5` watermark; `t10` wait
 * until the clock shows 10; `idle`, `active`; `|` snapshot, cancel, restore in a new environment.
 * Out: `text@timestamp` for records (no `@` without timestamp), `w5` watermarks, `W` the end of event time; then
 * ` / late ...` what came out of the late side output.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type AggregateFunction,
  type AllWindowedStream,
  type DataStream,
  MAX_WATERMARK,
  MIN_WATERMARK,
  OutputTag,
  type ProcessWindow,
  type SingleOutputStreamOperator,
  TimeWindow,
  type Trigger,
  WatermarkStrategy,
  type Window,
  type WindowAssigner,
  type WindowedStream,
} from "tsflink";
import {
  Gate,
  RecordingSink,
  scriptedSource,
  type ScriptStep,
  testEnvironment,
  type TestEnvironmentOptions,
} from "tsflink/testing";

/** A record of a script. */
export interface Rec {
  k: string;
  v: number;
  gap?: number;
}

/** Where late records go. */
export const LATE: OutputTag<Rec> = new OutputTag<Rec>("late");

/** One step of a script. */
export function step(token: string): ScriptStep<Rec> {
  if (token === "idle") return { idle: true };
  if (token === "active") return { active: true };
  if (token === "wmax") return { watermark: MAX_WATERMARK };
  const time = /^([wt])(-?\d+)$/.exec(token);
  if (time !== null) return time[1] === "w" ? { watermark: +time[2] } : { untilProcessingTime: +time[2] };
  const record = /^([a-z]+)(-?\d+)(?:@(-?\d+))?(?:~(-?\d+))?$/.exec(token);
  assert.ok(record !== null, `no step of a script: ${token}`);
  const [, k, v, timestamp, gap] = record;
  const value = gap === undefined ? { k, v: +v } : { k, v: +v, gap: +gap };
  return timestamp === undefined ? { value } : { value, timestamp: +timestamp };
}

/** The steps of a script. */
export function steps(script: string): ScriptStep<Rec>[] {
  return script.split(/\s+/).filter((token) => token !== "").map(step);
}

/** A stream of anything; streams are invariant in their type. */
// deno-lint-ignore no-explicit-any -- see above
export type AnyStream = DataStream<any>;

/** What a job is made of. */
export interface JobOptions extends TestEnvironmentOptions {
  /** Sees the strategy-less sources, one per script; gives what goes to the sink. */
  readonly build: (streams: readonly SingleOutputStreamOperator<Rec>[]) => AnyStream;
  readonly strategy?: WatermarkStrategy<Rec>;
  /** Leave watermarks out of the transcript. */
  readonly quiet?: boolean;
  /** Only the set of outputs counts. */
  readonly sorted?: boolean;
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "k" in value) return `${(value as Rec).k}${(value as Rec).v}`;
  return JSON.stringify(value);
}

/** A timestamp or watermark, with names for the ends of time. */
export function timeText(time: number): string {
  return time === MAX_WATERMARK ? "max" : time === MIN_WATERMARK ? "min" : String(time);
}

function transcript(sink: RecordingSink<unknown>, options: JobOptions): string {
  const out: string[] = [];
  let next = 0;
  const marks = options.quiet ? [] : sink.watermarks;
  const show = ({ value, timestamp }: { value: unknown; timestamp: number | undefined }) =>
    out.push(text(value) + (timestamp === undefined ? "" : `@${timeText(timestamp)}`));
  for (const { watermark, afterRecords } of marks) {
    while (next < afterRecords) show(sink.records[next++]);
    out.push(watermark === MAX_WATERMARK ? "W" : `w${watermark}`);
  }
  while (next < sink.records.length) show(sink.records[next++]);
  if (options.sorted) out.sort();
  return out.join(" ");
}

/**
 * Runs a job over scripts: one per source, each of one split, or of several joined by ` + `.
 *
 * @returns The transcript.
 */
export async function runJob(scripts: string | readonly string[], options: JobOptions): Promise<string> {
  const sink = new RecordingSink<unknown>();
  const late = new RecordingSink<Rec>();
  const parts = [scripts].flat().map((script) => script.split(" + ").map((split) => split.split("|")));
  const numParts = Math.max(...parts.flat().map((split) => split.length));
  const gates = Array.from({ length: numParts - 1 }, () => new Gate());
  let restoreFrom = options.restoreFrom;
  for (let part = 0; part < numParts; part++) {
    // A new environment per attempt; gates before the present one are open, so positions in the script stay right.
    const test = testEnvironment({ ...options, restoreFrom });
    const streams = parts.map((splits) => {
      const script = splits.map((split) =>
        split.flatMap((piece, i) => i === 0 ? steps(piece) : [{ until: gates[i - 1] }, ...steps(piece)])
      );
      return test.env.fromSource(
        scriptedSource<Rec>(script.length === 1 ? script[0] : { splits: script }),
        options.strategy ?? WatermarkStrategy.noWatermarks<Rec>(),
        "script",
      );
    });
    const built = options.build(streams) as SingleOutputStreamOperator<unknown>;
    built.sinkTo(sink);
    if ("getSideOutput" in built) built.getSideOutput(LATE).sinkTo(late);
    if (part === numParts - 1) {
      await test.env.execute();
      break;
    }
    const client = await test.env.executeAsync();
    await test.idle();
    restoreFrom = await test.takeSnapshot(client, part + 1);
    await client.cancel();
    gates[part].open();
  }
  const lateText = late.records.length === 0 ? "" : ` / late ${transcript(late, { ...options, quiet: true })}`;
  return transcript(sink, options) + lateText;
}

/** Text of a window: `[0..5)`, or `[*]` for the global one. */
export function windowText(window: Window): string {
  return window instanceof TimeWindow ? `[${window.start}..${window.end})` : "[*]";
}

/** Emits `a=1+2[0..5)`. */
export const showing: ProcessWindow<Rec, string, string, Window> = {
  process(key, ctx, elements, out) {
    out.collect(`${key}=${Array.from(elements, (e) => e.v).join("+")}${windowText(ctx.window())}`);
  },
};

/** Adds the values up. */
export const add = (a: Rec, b: Rec): Rec => ({ k: a.k, v: a.v + b.v });

/** Sums up through an accumulator. */
export const total: AggregateFunction<Rec, number, number> = {
  createAccumulator: () => 0,
  add: (rec, sum) => sum + rec.v,
  getResult: (sum) => sum,
  merge: (a, b) => a + b,
};

type Any = WindowedStream<Rec, string, Window>;

/** How a window case is evaluated; default the list of values with the window. */
export interface WindowCase {
  readonly assigner: WindowAssigner<Rec, Window> | WindowAssigner<unknown, never>;
  // deno-lint-ignore no-explicit-any -- triggers and evictors of any window
  readonly trigger?: Trigger<any, any>;
  // deno-lint-ignore no-explicit-any -- see above
  readonly evictor?: any;
  readonly lateness?: number;
  readonly lateTag?: boolean;
  readonly evaluate?: (windows: Any) => AnyStream;
}

function windowed<W extends Any | AllWindowedStream<Rec, Window>>(windows: W, options: WindowCase): W {
  let made = windows as unknown as Any;
  if (options.trigger !== undefined) made = made.trigger(options.trigger) as Any;
  if (options.evictor !== undefined) made = made.evictor(options.evictor) as Any;
  if (options.lateness !== undefined) made = made.allowedLateness(options.lateness) as Any;
  if (options.lateTag) made = made.sideOutputLateData(LATE) as Any;
  return made as unknown as W;
}

/** The job of a window case over a stream keyed by the record's key. */
export function windowJob(options: WindowCase): JobOptions["build"] {
  const evaluate = options.evaluate ?? ((windows: Any) => windows.process(showing));
  return ([stream]) =>
    evaluate(windowed(stream.keyBy((rec) => rec.k).window(options.assigner as never) as unknown as Any, options));
}

/** The result is the reduced record. */
export const summed = (windows: Any): AnyStream => windows.reduce(add);

/** Registers a test over a table of `[script, expected]`. */
export function windowCases(
  name: string,
  options: WindowCase & Partial<JobOptions>,
  table: readonly (readonly [string, string])[],
): void {
  cases(
    `window: ${name}`,
    table,
    (script) => runJob(script, { ...options, build: options.build ?? windowJob(options) }),
  );
}

/** Registers a test over a table of `[input, expected]`; says all rows that differ. */
export function cases(
  name: string,
  table: readonly (readonly [string, string])[],
  run: (input: string) => string | Promise<string>,
): void {
  Deno.test(name, async () => {
    const found: string[] = [];
    for (const [input] of table) found.push(`${input} => ${await run(input)}`);
    assert.deepEqual(found, table.map(([input, expected]) => `${input} => ${expected.trim().replaceAll(/\s+/g, " ")}`));
  });
}
