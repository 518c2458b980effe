/**
 * The contexts that process functions get, one per call: timestamp, timers, side outputs, key and declared state. A
 * context kept beyond its call fails with TSF-2003 whatever is asked of it.
 *
 * Who calls: process.ts, keyed_process.ts, co_process.ts, broadcast_process.ts.
 *
 * @module
 */

import { InvalidProgramError, JobExecutionError } from "../errors.ts";
import type { Collector } from "../functions/functions.ts";
import type { OutputTag } from "../functions/output_tag.ts";
import type { OnTimerContext, TimeDomain, TimerService } from "../functions/process_function.ts";
import { copyValue } from "../types/copy.ts";
import { NO_TIMESTAMP } from "../types/stream_element.ts";
import type { CallScope } from "./call_scope.ts";
import { CallCollector, codegenIdOf } from "./collector.ts";
import { declaredDescriptors, declaredState, refusePromise } from "./function_binding.ts";
import type { ProcessFusion } from "./codegen/fusion.ts";
import { StateSource, stateViews } from "./guarded_state.ts";
import type { OperatorContext } from "./operator.ts";
import { callScopeOf } from "./runtime_context.ts";
import type { InternalTimerService, Triggerable } from "./timers/timer_service.ts";
import { VOID_NAMESPACE } from "../state/keyed_state_backend.ts";

/** Name of the timer service that user timers live in, as in Flink. */
export const USER_TIMERS = "user-timers";

/** Parts of a {@link ProcessBinding}. */
export interface ProcessBindingOptions<OUT> {
  readonly fn: unknown;
  readonly context: OperatorContext<OUT>;
  /** The operator's own watermark, for streams without key. */
  readonly currentWatermark: () => number;
  /** Set on keyed streams: who is called when a timer fires. */
  readonly triggerable?: Triggerable;
  /** Makes the context of a call; default {@link CallContext}. */
  readonly makeContext?: () => CallContext;
}

/** What one operator instance shares between the calls of its process function. Made in `open()`. */
export class ProcessBinding<OUT> {
  readonly context: OperatorContext<OUT>;
  readonly collector: CallCollector<OUT>;
  readonly scope: CallScope;
  /** Undefined on a stream that is not keyed. */
  readonly timers: InternalTimerService | undefined;
  readonly currentWatermark: () => number;
  readonly makeState: (call: number) => object;
  /** Of the running call. */
  timestamp: number = NO_TIMESTAMP;
  /** Of the running call, when it is one of a timer. */
  domain: TimeDomain | undefined;
  readonly #makeContext: ProcessBindingOptions<OUT>["makeContext"];

  constructor(options: ProcessBindingOptions<OUT>) {
    const { fn, context, triggerable } = options;
    this.context = context;
    this.collector = new CallCollector(context);
    this.scope = callScopeOf(context);
    this.timers = triggerable === undefined || context.keyedState === undefined
      ? undefined
      : context.timers.getInternalTimerService(USER_TIMERS, triggerable);
    this.currentWatermark = options.currentWatermark;
    const raw = declaredState(fn, context);
    const sources = declaredDescriptors(fn).map((each) => new StateSource(each, raw[each.name], this.scope));
    this.makeState = stateViews(sources, codegenIdOf(context, "state"));
    this.#makeContext = options.makeContext;
  }

  /**
   * Starts a call of user code and gives its collector; {@link contextAt} gives its context and {@link end} ends it. For
   * what is called for every record; others use {@link call}.
   */
  begin(timestamp: number): Collector<OUT> {
    return this.collector.begin(timestamp);
  }
  /** The context of the running call. */
  contextAt(timestamp: number): CallContext {
    this.timestamp = timestamp;
    const make = this.#makeContext;
    return make === undefined ? new CallContext(this as ProcessBinding<unknown>) : make();
  }
  /** What generated code does for each record instead of {@link begin}, {@link contextAt} and {@link end}. */
  fusion(fn: unknown, ...methods: (string | undefined)[]): ProcessFusion {
    const collector = this.collector as CallCollector<unknown>;
    return { kind: "process", fn, methods, binding: this, collector, scope: collector.scope, copy: collector.copy };
  }
  /** Ends the running call. */
  end(): void {
    this.collector.end();
  }

  /**
   * Runs one call of user code.
   *
   * @param timestamp Timestamp of what it collects.
   * @param contextTimestamp Timestamp of the context, when it differs (a processing-time timer).
   */
  call(
    what: string,
    times: { readonly timestamp: number; readonly contextTimestamp?: number; readonly domain?: TimeDomain },
    run: (ctx: CallContext, out: Collector<OUT>) => unknown,
  ): void {
    const out = this.begin(times.timestamp);
    this.domain = times.domain;
    try {
      refusePromise(run(this.contextAt(times.contextTimestamp ?? times.timestamp), out), what);
    } finally {
      this.domain = undefined;
      this.end();
    }
  }

  /** Emits a copy to a side output, during that call. */
  sideOutput<X>(call: number, tag: OutputTag<X>, value: X): void {
    this.scope.check(call, "ctx.output()");
    if (typeof tag?.id !== "string") {
      throw new InvalidProgramError("TSF-2011", "ctx.output() needs an OutputTag", {
        expected: "an OutputTag",
        found: String(tag),
        operator: this.context.operator,
      });
    }
    const { config, output } = this.context;
    output.emitSide(tag.id, config.objectReuse ? value : copyValue(value), this.timestamp);
  }
}

/** The context of one call. */
export class CallContext implements OnTimerContext<unknown> {
  protected readonly binding: ProcessBinding<unknown>;
  protected readonly call: number;
  #state: object | undefined;

  /** The context of the running call of `binding`, which knows the times: it works only as long as the call runs. */
  constructor(binding: ProcessBinding<unknown>) {
    this.binding = binding;
    this.call = binding.collector.call;
  }

  timestamp(): number | undefined {
    this.check("ctx.timestamp()");
    const { timestamp } = this.binding;
    return timestamp === NO_TIMESTAMP ? undefined : timestamp;
  }
  timerService(): TimerService {
    this.check("ctx.timerService()");
    return new CallTimers(this.binding, this.call);
  }
  output<X>(tag: OutputTag<X>, value: X): void {
    this.binding.sideOutput(this.call, tag, value);
  }
  get state(): Record<never, never> {
    this.check("ctx.state");
    return this.#state ??= this.binding.makeState(this.call);
  }
  getCurrentKey(): unknown {
    this.check("ctx.getCurrentKey()");
    return this.binding.context.keyedState?.getCurrentKey();
  }
  timeDomain(): TimeDomain {
    this.check("ctx.timeDomain()");
    return this.binding.domain!;
  }
  currentProcessingTime(): number {
    this.check("ctx.currentProcessingTime()");
    return this.binding.context.processingTime.now();
  }
  currentWatermark(): number {
    this.check("ctx.currentWatermark()");
    return this.binding.currentWatermark();
  }

  /** @throws JobExecutionError TSF-2003 when the call is over. */
  protected check(what: string): void {
    this.binding.scope.check(this.call, what);
  }
}

/** The timer service of one call; registering needs a key. */
class CallTimers implements TimerService {
  readonly #binding: ProcessBinding<unknown>;
  readonly #call: number;

  constructor(binding: ProcessBinding<unknown>, call: number) {
    this.#binding = binding;
    this.#call = call;
  }

  currentProcessingTime(): number {
    this.#binding.scope.check(this.#call, "The timer service");
    return this.#binding.context.processingTime.now();
  }
  currentWatermark(): number {
    this.#binding.scope.check(this.#call, "The timer service");
    return this.#binding.currentWatermark();
  }
  registerEventTimeTimer(timestamp: number): void {
    this.#service(timestamp).registerEventTimeTimer(VOID_NAMESPACE, timestamp);
  }
  registerProcessingTimeTimer(timestamp: number): void {
    this.#service(timestamp).registerProcessingTimeTimer(VOID_NAMESPACE, timestamp);
  }
  deleteEventTimeTimer(timestamp: number): void {
    this.#service(timestamp).deleteEventTimeTimer(VOID_NAMESPACE, timestamp);
  }
  deleteProcessingTimeTimer(timestamp: number): void {
    this.#service(timestamp).deleteProcessingTimeTimer(VOID_NAMESPACE, timestamp);
  }

  #service(timestamp: number): InternalTimerService {
    this.#binding.scope.check(this.#call, "The timer service");
    const { timers, context } = this.#binding;
    if (timers === undefined) {
      throw new JobExecutionError("TSF-2005", "Timers are only supported on a keyed stream", {
        expected: "a keyed stream",
        found: "a stream without key",
        operator: context.operator,
        hint: "Call keyBy() before process().",
      });
    }
    if (typeof timestamp !== "number" || Number.isNaN(timestamp)) {
      throw new JobExecutionError("TSF-2006", "The time of a timer is not a number", {
        expected: "milliseconds since the epoch",
        found: String(timestamp),
        operator: context.operator,
        hint: "ctx.timestamp() is undefined for records without timestamp; see assignTimestampsAndWatermarks().",
      });
    }
    return timers;
  }
}
