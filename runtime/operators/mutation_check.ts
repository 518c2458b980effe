/**
 * `pipeline.check-mutation`: finds user code that keeps what it returned and changes it later (rule 11 moves returned
 * values to the engine). The engine then works on a copy, and the original is compared with what it was.
 *
 * Who calls: operators whose functions return values, when the setting is on (it is in the test kit).
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";
import { copyValue } from "../types/copy.ts";
import { serializeValue } from "../types/generic_serializer.ts";
import type { OperatorContext } from "./operator.ts";

/** How many returned values are remembered. */
const REMEMBERED = 16;

/** Remembers the last values a function returned. */
export class MutationCheck {
  readonly #returned: { readonly value: object; readonly bytes: Uint8Array }[] = [];
  #next = 0;

  /** Undefined when the setting is off. */
  static for(context: OperatorContext): MutationCheck | undefined {
    return context.config.checkMutation ? new MutationCheck() : undefined;
  }

  /** Takes a returned value; gives the copy to go on with. */
  returned<T>(value: T): T {
    if (typeof value !== "object" || value === null) return value;
    this.#returned[this.#next] = { value, bytes: serializeValue(value) };
    this.#next = (this.#next + 1) % REMEMBERED;
    return copyValue(value);
  }

  /** @throws JobExecutionError TSF-2007 when a remembered value is no longer what it was. */
  verify(what: string): void {
    for (const { value, bytes } of this.#returned) {
      const now = serializeValue(value);
      if (now.length === bytes.length && now.every((byte, i) => byte === bytes[i])) continue;
      throw new JobExecutionError("TSF-2007", `A value was changed after ${what} returned it`, {
        expected: "a value that is not touched after it was returned",
        found: JSON.stringify(value, (_k, v) => typeof v === "bigint" ? `${v}n` : v),
        hint: "Return a new object for each record, or a copy: structuredClone(value).",
      });
    }
  }
}
