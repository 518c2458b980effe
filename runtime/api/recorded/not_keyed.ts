/**
 * What calls that need a keyed stream do on one that is not keyed. They are no part of the type of DataStream; a program
 * in JavaScript, or one that casts, gets an error that says what to write.
 *
 * @module
 */

import { programError } from "./checks.ts";

const INSTEAD: Readonly<Record<string, string>> = {
  window: "keyBy(...).window(...), or windowAll(...) for the whole stream",
  countWindow: "keyBy(...).countWindow(...), or countWindowAll(...) for the whole stream",
  timeWindow: "keyBy(...).window(TumblingEventTimeWindows.of(...)), or windowAll(...)",
  reduce: "keyBy(...).reduce(...)",
  sum: "keyBy(...).sum(...)",
  min: "keyBy(...).min(...)",
  max: "keyBy(...).max(...)",
  minBy: "keyBy(...).minBy(...)",
  maxBy: "keyBy(...).maxBy(...)",
  intervalJoin: "keyBy(...) on both streams",
};

/** Adds to the prototype of a stream a method per call, unless it has it. */
export function refuseWithoutKey(prototype: object): void {
  for (const [call, instead] of Object.entries(INSTEAD)) {
    if (call in prototype) continue;
    Object.defineProperty(prototype, call, {
      configurable: true,
      value: () => {
        throw programError("TSF-1204", `${call}() needs a keyed stream`, {
          expected: instead,
          found: "a stream that is not keyed",
          hint: `Use ${instead}.`,
        });
      },
    });
  }
}
