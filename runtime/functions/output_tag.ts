/**
 * Names a side output and carries the type of its records.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";

/**
 * The tag of a side output: `ctx.output(tag, value)` fills it, `stream.getSideOutput(tag)` reads it.
 *
 * @example
 * ```ts
 * import { OutputTag } from "tsflink";
 *
 * const late = new OutputTag<{ word: string }>("late");
 * console.assert(late.id === "late");
 * ```
 */
export class OutputTag<T> {
  /** Carries T for inference only; covariant, as streams are. */
  declare readonly type?: () => T;
  /** Tags with equal ids are the same side output. @throws InvalidProgramError TSF-1001 when the id is empty. */
  constructor(readonly id: string) {
    if (typeof id !== "string" || id === "") {
      throw new InvalidProgramError("TSF-1001", "An OutputTag needs an id", {
        expected: "a string that is not empty",
        found: JSON.stringify(id),
      });
    }
  }
}
