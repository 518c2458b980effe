/**
 * Accumulators of one name live in the subtasks of several slots. Where slots are threads, their own fields travel to one
 * slot that has an accumulator of that name itself: only there is its class known, and there they are merged.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import type { Accumulator } from "../../functions/accumulators.ts";
import type { TaskAccumulators } from "../../operators/runtime_context.ts";
import { serializeValue } from "../../types/generic_serializer.ts";
import type { AccumulatorPart } from "./slot_protocol.ts";

type AnyAccumulator = Accumulator<unknown, unknown>;

/**
 * The accumulators of some tasks, ready to travel.
 *
 * @throws JobExecutionError TSF-2033 for one whose state is not in its own fields.
 */
export function exportAccumulators(tasks: readonly TaskAccumulators[]): AccumulatorPart[] {
  return tasks.flatMap((accumulators) => [...accumulators].map(([name, accumulator]) => exported(name, accumulator)));
}

function exported(name: string, accumulator: AnyAccumulator): AccumulatorPart {
  const fields = Object.fromEntries(Object.entries(accumulator).filter(([, value]) => typeof value !== "function"));
  const localValue = accumulator.getLocalValue();
  const part = { name, className: accumulator.constructor.name, fields, localValue };
  const rebuilt = imported(part, accumulator.constructor as new () => AnyAccumulator);
  if (equalValues(rebuilt.getLocalValue(), localValue)) return part;
  throw new JobExecutionError("TSF-2033", `Accumulator "${name}" cannot be merged with those of other slots`, {
    expected: "its state in own fields, and a constructor without parameters",
    found: `a ${part.className} that gives another result when it is put together from its fields`,
    hint: "Keep the state in fields that are not #private.",
  });
}

function equalValues(a: unknown, b: unknown): boolean {
  const [left, right] = [serializeValue(a), serializeValue(b)];
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

function imported(part: AccumulatorPart, Class: new () => AnyAccumulator): AnyAccumulator {
  return Object.assign(new Class(), part.fields);
}

/**
 * The merged results of the given names (default: all of these tasks): those of the tasks together with `parts` of other
 * slots. The accumulators of the tasks are not changed.
 *
 * @throws JobExecutionError TSF-2032 when accumulators of one name are of different classes.
 */
export function mergeAccumulators(
  tasks: readonly TaskAccumulators[],
  names: readonly string[] = [...new Set(tasks.flatMap((accumulators) => [...accumulators.keys()]))],
  parts: readonly AccumulatorPart[] = [],
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => {
    const own = tasks.flatMap((accumulators) => {
      const accumulator = accumulators.get(name);
      return accumulator === undefined ? [] : [accumulator as AnyAccumulator];
    });
    return [name, mergeAll(name, own, parts.filter((part) => part.name === name))];
  }));
}

function mergeAll(name: string, own: readonly AnyAccumulator[], parts: readonly AccumulatorPart[]): unknown {
  if (own.length === 1 && parts.length === 0) return own[0].getLocalValue();
  const Class = own[0].constructor as new () => AnyAccumulator;
  const merged = new Class();
  merged.resetLocal();
  for (const accumulator of own) {
    if (accumulator.constructor !== Class) throw differentClasses(name, Class.name, accumulator.constructor.name);
    merged.merge(accumulator);
  }
  for (const part of parts) {
    if (part.className !== Class.name) throw differentClasses(name, Class.name, part.className);
    merged.merge(imported(part, Class));
  }
  return merged.getLocalValue();
}

function differentClasses(name: string, expected: string, found: string): JobExecutionError {
  return new JobExecutionError("TSF-2032", `Accumulator "${name}" has different classes in different subtasks`, {
    expected,
    found,
    hint: "Use one name for one accumulator, or give them different names.",
  });
}
