/**
 * Key selectors from what a program writes: a function, one field, or several.
 *
 * @module
 */

import type { KeySelector } from "../../functions/functions.ts";
import { type KeyFields, readsFields } from "../../functions/key_fields.ts";
import type { Key, KeyHashRule } from "../../types/key.ts";
import type { TypeInformation } from "../../types/type_information.ts";
import { describe, programError, requireFunction } from "./checks.ts";

/** A key selector with its declared hash rule. */
export interface RecordedKey {
  readonly selector: KeySelector<unknown, Key>;
  readonly rule: KeyHashRule | undefined;
}

const RULES: ReadonlySet<string> = new Set(["int", "long", "double", "string", "boolean"]);

/** The hash rule of a declared key type; undefined leaves it to each key. */
export function hashRuleOf(type: TypeInformation<unknown> | undefined): KeyHashRule | undefined {
  return type !== undefined && RULES.has(type.kind) ? type.kind as KeyHashRule : undefined;
}

function isField(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

/**
 * A selector with code of its own: reading the fields named in one shared closure, V8 would remember the records of all
 * jobs in one place. The text depends on the fields alone, because it belongs to the plan.
 */
function generated(key: string, fields: KeyFields): KeySelector<unknown, Key> {
  return readsFields(new Function("value", `return ${key}`) as KeySelector<unknown, Key>, fields);
}

function fieldOf(field: string | number): string {
  return `value[${JSON.stringify(field)}]`;
}

/** A function or field as key selector. */
export function keySelectorOf(key: unknown, call: string): KeySelector<unknown, Key> {
  if (isField(key)) return generated(fieldOf(key), [key]);
  if (typeof key === "object" && key !== null && "getKey" in key) {
    const selector = key as { getKey(value: unknown): Key };
    return (value) => selector.getKey(value);
  }
  if (typeof key !== "function") {
    throw programError("TSF-1201", `${call} needs a key`, {
      expected: "a function of the record, or the name of a field",
      found: describe(key),
    });
  }
  return requireFunction(key, call) as KeySelector<unknown, Key>;
}

/** The arguments of keyBy: a function or field with an optional key type, or several fields. */
export function recordedKey(args: readonly unknown[], call: string): RecordedKey {
  const [first, second] = args;
  if (isField(first) && args.length > 1 && isField(second)) {
    for (const field of args) if (!isField(field)) keySelectorOf(undefined, call);
    return { selector: generated(`[${(args as string[]).map(fieldOf).join(",")}]`, args as string[]), rule: undefined };
  }
  return { selector: keySelectorOf(first, call), rule: hashRuleOf(second as TypeInformation<unknown> | undefined) };
}
