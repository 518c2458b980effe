/**
 * Records windows: parts are collected, then one operator is made by the call that evaluates them. Serves both
 * WindowedStream and AllWindowedStream, which differ in the forms of their functions and in parallelism.
 *
 * @module
 */

import type { OutputTag } from "../../functions/output_tag.ts";
import type { Evictor, Trigger, Window } from "../../functions/windowing/windows.ts";
import { maxByOf, maxOf, minByOf, minOf, sumOf } from "../../operators/field_aggregation.ts";
import {
  checkAllowedLateness,
  checkWindowTrigger,
  windowOperatorDescription,
  windowOperatorName,
} from "../../operators/windowing/window_checks.ts";
import type { WindowContent } from "../../operators/windowing/window_contents.ts";
import type { WindowFunctionSpec } from "../../operators/windowing/window_functions.ts";
import { windowOperator } from "../../operators/windowing/window_operator.ts";
import { type DurationLike, toMillis } from "../../types/duration.ts";
import type { AllWindowedStream } from "../all_windowed_stream.ts";
import type { WindowedStream } from "../windowed_stream.ts";
import { hasMethod, requireFunction, requireObject, requirePart, requirePresent, requireTag } from "./checks.ts";
import { PER_SUBTASK } from "../../functions/rich_function.ts";
import type { RecordedOperator } from "./recorded_operator.ts";
import type { MethodsOf, StreamFactory, WindowedInput } from "./stream_factory.ts";

const TRIGGER_METHODS = ["onElement", "onEventTime", "onProcessingTime", "clear"] as const;

/** Implements {@link WindowedStream} and {@link AllWindowedStream}. */
export class RecordedWindowedStream
  implements MethodsOf<WindowedStream<unknown, unknown, Window>>, MethodsOf<AllWindowedStream<unknown, Window>> {
  readonly #factory: StreamFactory;
  readonly #windows: WindowedInput;
  #trigger: Trigger<unknown, Window>;
  #evictor: Evictor<unknown, Window> | undefined;
  #allowedLatenessMs = 0;
  #lateTag: OutputTag<unknown> | undefined;

  constructor(factory: StreamFactory, windows: WindowedInput) {
    this.#factory = factory;
    this.#windows = windows;
    const assigner = requirePart(windows.assigner, "a window assigner", "assignWindows", "getDefaultTrigger");
    this.#trigger = assigner.getDefaultTrigger();
  }

  // deno-lint-ignore no-explicit-any -- the environment's own type is in the interface
  getExecutionEnvironment(): any {
    return this.#factory.recorder.environment;
  }
  trigger(trigger: Trigger<unknown, Window>): this {
    checkWindowTrigger(this.#windows.assigner, requirePart(trigger, "a trigger", ...TRIGGER_METHODS));
    this.#trigger = trigger;
    return this;
  }
  evictor(evictor: Evictor<unknown, Window>): this {
    this.#evictor = requirePart(evictor, "an evictor", "evictBefore", "evictAfter");
    return this;
  }
  allowedLateness(lateness: DurationLike): this {
    const latenessMs = toMillis(requirePresent(lateness, "an allowed lateness"));
    checkAllowedLateness(latenessMs);
    this.#allowedLatenessMs = latenessMs;
    return this;
  }
  sideOutputLateData(tag: OutputTag<unknown>): this {
    this.#lateTag = requireTag(tag, "a tag for late data");
    return this;
  }

  reduce(reducer: unknown, ...rest: readonly unknown[]): RecordedOperator {
    const fn = requireFunction(reducer, "reduce()", "reduce");
    return this.#combine({ kind: "reduce", fn: fn as never }, rest, "reduce()");
  }
  aggregate(aggregator: unknown, ...rest: readonly unknown[]): RecordedOperator {
    const fn = typeof aggregator === "function" ? undefined : aggregator;
    const checked = requireObject(fn, "aggregate()", "createAccumulator", "add", "getResult");
    return this.#combine({ kind: "aggregate", fn: checked as never }, rest, "aggregate()");
  }
  process(fn: unknown): RecordedOperator {
    const checked = requireObject(fn, "process()", "process") as never;
    return this.#record({ kind: "list" }, { kind: this.#windows.isAll ? "processAll" : "process", fn: checked });
  }
  apply(fn: unknown): RecordedOperator {
    const checked = requireFunction(fn, "apply()", "apply") as never;
    return this.#record({ kind: "list" }, { kind: this.#windows.isAll ? "applyAll" : "apply", fn: checked });
  }

  sum(field: string): RecordedOperator {
    return this.reduce(named("SumAggregator", sumOf(field)));
  }
  min(field: string): RecordedOperator {
    return this.reduce(named("ComparableAggregator", minOf(field)));
  }
  max(field: string): RecordedOperator {
    return this.reduce(named("ComparableAggregator", maxOf(field)));
  }
  minBy(field: string, first = true): RecordedOperator {
    return this.reduce(named("ComparableAggregator", minByOf(field, first)));
  }
  maxBy(field: string, first = true): RecordedOperator {
    return this.reduce(named("ComparableAggregator", maxByOf(field, first)));
  }

  /** Pre-aggregation, with or without a window function that sees its one result. */
  #combine(content: WindowContent, rest: readonly unknown[], call: string): RecordedOperator {
    if (rest.length === 0) return this.#record(content, { kind: "passthrough" });
    const fn = requireFunction(rest[0], `The window function of ${call}`, "process", "apply") as never;
    const { isAll } = this.#windows;
    if (isProcess(fn)) return this.#record(content, { kind: isAll ? "processAll" : "process", fn });
    return this.#record(content, { kind: isAll ? "applyAll" : "apply", fn });
  }

  #record(content: WindowContent, fn: WindowFunctionSpec): RecordedOperator {
    const { input, assigner, isAll } = this.#windows;
    const parts = { assigner, trigger: this.#trigger, evictor: this.#evictor };
    const factory = windowOperator({
      ...parts,
      allowedLatenessMs: this.#allowedLatenessMs,
      lateTag: this.#lateTag,
      content,
      fn,
    });
    const name = windowOperatorName(assigner);
    const made = this.#factory.oneInput(input.getTransformation(), { name, factory, key: input.key });
    made.getTransformation().description = windowOperatorDescription(parts, functionNames(content, fn));
    return isAll ? made.forceNonParallel() : made;
  }
}

/** Whether a window function has the form with a context. A factory is asked for one object, once. */
function isProcess(fn: object): boolean {
  const create = (fn as { readonly [PER_SUBTASK]?: () => unknown })[PER_SUBTASK];
  return hasMethod(create === undefined ? fn : create(), "process");
}

function functionNames(content: WindowContent, fn: WindowFunctionSpec): string[] {
  const names = content.kind === "list" ? [] : [functionName(content.fn)];
  return [...names, fn.kind === "passthrough" ? "PassThroughWindowFunction" : functionName(fn.fn)];
}

/** The name of a function in descriptions: its own, or that of its class; of a factory, its own. */
function functionName(fn: object): string {
  if (typeof fn === "function") return (fn as { readonly name: string }).name || "function";
  const create = (fn as { readonly [PER_SUBTASK]?: () => unknown })[PER_SUBTASK];
  if (create !== undefined) return create.name || "function";
  const { name } = fn.constructor;
  return name === "" || name === "Object" ? "function" : name;
}

/** A function of ours under the name of the class that Flink shows. */
function named<F extends object>(name: string, fn: F): F {
  return Object.defineProperty(fn, "name", { value: name });
}
