/**
 * Merges the accumulators of all subtasks of a job.
 *
 * @module
 */

import { JobExecutionError } from "../../runtime/errors.ts";
import type { Accumulator } from "../../runtime/functions/accumulators.ts";
import type { TaskAccumulators } from "../../runtime/operators/runtime_context.ts";

type AnyAccumulator = Accumulator<unknown, unknown>;

/**
 * The merged result of each name; the accumulators of the tasks are not changed.
 *
 * @throws JobExecutionError TSF-2032 when accumulators of one name are of different classes.
 */
export function mergeAccumulators(tasks: readonly TaskAccumulators[]): Readonly<Record<string, unknown>> {
  const byName = new Map<string, AnyAccumulator[]>();
  for (const accumulators of tasks) {
    for (const [name, accumulator] of accumulators) {
      byName.set(name, [...(byName.get(name) ?? []), accumulator as AnyAccumulator]);
    }
  }
  return Object.fromEntries([...byName].map(([name, parts]) => [name, mergeAll(name, parts)]));
}

function mergeAll(name: string, parts: readonly AnyAccumulator[]): unknown {
  if (parts.length === 1) return parts[0].getLocalValue();
  const Class = parts[0].constructor as new () => AnyAccumulator;
  const merged = new Class();
  merged.resetLocal();
  for (const part of parts) {
    if (part.constructor !== Class) {
      throw new JobExecutionError("TSF-2032", `Accumulator "${name}" has different classes in different subtasks`, {
        expected: Class.name,
        found: part.constructor.name,
        hint: "Use one name for one accumulator, or give them different names.",
      });
    }
    merged.merge(part);
  }
  return merged.getLocalValue();
}
