/**
 * What calls do that have no place: those that need a keyed stream on one that is not keyed, and those of older Flinks.
 * They are no part of the types; a program in JavaScript, or one that casts, gets an error that says what to write.
 *
 * @module
 */

import { programError } from "./checks.ts";

const INSTEAD: Readonly<Record<string, string>> = {
  window: "keyBy(...).window(...), or windowAll(...) for the whole stream",
  countWindow: "keyBy(...).countWindow(...), or countWindowAll(...) for the whole stream",
  reduce: "keyBy(...).reduce(...)",
  sum: "keyBy(...).sum(...)",
  min: "keyBy(...).min(...)",
  max: "keyBy(...).max(...)",
  minBy: "keyBy(...).minBy(...)",
  maxBy: "keyBy(...).maxBy(...)",
  intervalJoin: "keyBy(...) on both streams",
};

/** Calls of Flink that went away or have another name here. */
const RENAMED: Readonly<Record<string, string>> = {
  timeWindow: "window(TumblingEventTimeWindows.of(...)) behind keyBy(...)",
  timeWindowAll: "windowAll(TumblingEventTimeWindows.of(...))",
  addSink: "sinkTo(sink), with defineSink(...) for one of your own",
  addSource: "fromSource(source, watermarks, name), with defineSource(...) for one of your own",
  fromElements: "fromData(a, b)",
  fromCollection: "fromData(array)",
  returns: "nothing: types are inferred",
  project: "map(...)",
  split: "process(...) with side outputs",
  writeAsText: "sinkTo(new FileSink(path, encoder))",
};

/** Adds to a prototype the calls that went away, unless it has them. */
export function refuseRenamed(prototype: object): void {
  for (const [call, instead] of Object.entries(RENAMED)) {
    refuse(prototype, call, () => {
      throw programError("TSF-1225", `There is no ${call}()`, { expected: instead, found: `${call}()` });
    });
  }
}

/** Adds to the prototype of a stream a method per call, unless it has it. */
export function refuseWithoutKey(prototype: object): void {
  for (const [call, instead] of Object.entries(INSTEAD)) {
    refuse(prototype, call, () => {
      throw programError("TSF-1204", `${call}() needs a keyed stream`, {
        expected: instead,
        found: "a stream that is not keyed",
        hint: `Use ${instead}.`,
      });
    });
  }
}

function refuse(prototype: object, call: string, value: () => never): void {
  if (!(call in prototype)) Object.defineProperty(prototype, call, { configurable: true, value });
}
