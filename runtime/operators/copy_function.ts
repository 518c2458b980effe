/**
 * Copies a user's function object for one subtask attempt: the object given is the prototype, own fields are copied deep,
 * closures are shared. Class instances keep their class.
 *
 * Who calls: function_binding.ts.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import { RUNTIME_CONTEXT } from "../functions/rich_function.ts";

/** Built-in classes whose instances never change and may be shared. */
const SHARED = /^(Intl|Temporal)\.|^Text(?:Encoder|Decoder)$/;

/**
 * A deep copy of a function object. One object found twice is copied once, so cycles and shared parts stay as they are.
 *
 * @throws InvalidProgramError TSF-2008 naming the field that cannot be copied.
 */
export function copyFunctionObject<F extends object>(fn: F): F {
  return copy(fn, "", new Map()) as F;
}

function copy(value: unknown, path: string, seen: Map<object, object>): unknown {
  // Functions are closures: they cannot be copied and are shared.
  if (typeof value !== "object" || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  const special = copyBuiltIn(value, path, seen);
  if (special !== undefined) return special;
  refuseForeign(value, path);
  const made = Array.isArray(value) ? new Array(value.length) : Object.create(Object.getPrototypeOf(value));
  seen.set(value, made);
  for (const name of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, name)!;
    // An array has its length already; the context of an earlier run belongs to that run.
    if (name === RUNTIME_CONTEXT || (name === "length" && Array.isArray(value))) continue;
    if ("value" in property) property.value = copy(property.value, `${path}.${String(name)}`, seen);
    Object.defineProperty(made, name, property);
  }
  return made;
}

/** Copies of the built-in containers and data; undefined for everything else. */
function copyBuiltIn(value: object, path: string, seen: Map<object, object>): object | undefined {
  const remember = <T extends object>(made: T): T => {
    seen.set(value, made);
    return made;
  };
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Map.prototype) {
    const made = remember(new Map<unknown, unknown>());
    for (const [k, v] of value as Map<unknown, unknown>) made.set(copy(k, path, seen), copy(v, path, seen));
    return made;
  }
  if (prototype === Set.prototype) {
    const made = remember(new Set<unknown>());
    for (const v of value as Set<unknown>) made.add(copy(v, path, seen));
    return made;
  }
  if (
    value instanceof Date || value instanceof RegExp || value instanceof ArrayBuffer || ArrayBuffer.isView(value) ||
    value instanceof Error
  ) {
    return remember(structuredClone(value));
  }
  if (value instanceof URL) return remember(new URL(value.href));
  if (SHARED.test(tagOf(value))) return remember(value);
  return undefined;
}

/** Refuses objects whose content lies behind built-in slots that a copy would not have. */
function refuseForeign(value: object, path: string): void {
  for (let p = Object.getPrototypeOf(value); p !== null && p !== Object.prototype; p = Object.getPrototypeOf(p)) {
    const made = Object.getOwnPropertyDescriptor(p, "constructor")?.value;
    if (typeof made !== "function" || made === Array) continue;
    const isGlobal = (globalThis as Record<string, unknown>)[made.name] === made;
    if (!isGlobal && !/\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(made))) continue;
    throw new InvalidProgramError("TSF-2008", "A function object cannot be copied for each subtask", {
      expected: "fields that hold data, functions or objects of your own classes",
      found: `${made.name} in ${path === "" ? "the object itself" : `field "${path.slice(1)}"`}`,
      hint: "Make it in open(), or give a factory: perSubtask(() => new MyFunction()).",
    });
  }
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
