/**
 * The broadcast state pattern: the first input sees the broadcast state read-only, the second (broadcast) input writes it.
 *
 * Keyed form: the first input is keyed; the broadcast side has no key and reaches keyed state only by `applyToKeyedState`.
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";
import type { BroadcastProcess, KeyedBroadcastProcess } from "../functions/process_function.ts";
import type { FunctionFactory } from "../functions/rich_function.ts";
import type {
  BroadcastState,
  MapStateDescriptor,
  StateDeclarations,
  StateDescriptor,
} from "../functions/state_descriptor.ts";
import { VOID_NAMESPACE } from "../state/keyed_state_backend.ts";
import { FunctionOperator, functionOperatorFactory } from "./function_operator.ts";
import type { ProcessFusion } from "./codegen/fusion.ts";
import { guardState } from "./guarded_state.ts";
import type { OperatorContext, StreamOperatorFactory } from "./operator.ts";
import { CallContext, ProcessBinding } from "./process_context.ts";
import { requireKeyedState } from "./runtime_context.ts";
import type { Triggerable } from "./timers/timer_service.ts";
import { onTimer } from "./timers/user_timers.ts";

type AnyDescriptor = MapStateDescriptor<unknown, unknown>;
type AnyBroadcastState = BroadcastState<unknown, unknown>;

/** The declared broadcast states of one operator instance, by name. */
class BroadcastStates {
  readonly #states = new Map<string, AnyBroadcastState>();
  readonly #context: OperatorContext;
  /** True while the broadcast side runs: only then may state be written. */
  isWritable = false;

  constructor(descriptors: readonly AnyDescriptor[], context: OperatorContext) {
    this.#context = context;
    for (const descriptor of descriptors) {
      this.#states.set(descriptor.name, context.operatorState.getBroadcastState(descriptor));
    }
  }

  get(descriptor: AnyDescriptor): AnyBroadcastState {
    const state = this.#states.get(descriptor?.name);
    if (state !== undefined) return state;
    throw new JobExecutionError("TSF-2014", `There is no broadcast state "${descriptor?.name}" here`, {
      expected: `one of: ${[...this.#states.keys()].join(", ")}`,
      found: String(descriptor?.name),
      operator: this.#context.operator,
      hint: "Look for a typo, or give the descriptor to stream.broadcast(...) too.",
    });
  }
}

/** What a call may read. */
class ReadOnlyView {
  protected readonly state: AnyBroadcastState;
  readonly #check: () => void;
  constructor(state: AnyBroadcastState, check: () => void) {
    this.state = state;
    this.#check = check;
  }
  protected get checked(): AnyBroadcastState {
    this.#check();
    return this.state;
  }
  get(key: unknown): unknown {
    return this.checked.get(key);
  }
  contains(key: unknown): boolean {
    return this.checked.contains(key);
  }
  immutableEntries(): IterableIterator<[unknown, unknown]> {
    return this.checked.immutableEntries();
  }
}

/** What the broadcast side may read and write. */
class ReadWriteView extends ReadOnlyView implements AnyBroadcastState {
  put(key: unknown, value: unknown): void {
    this.checked.put(key, value);
  }
  putAll(entries: Iterable<readonly [unknown, unknown]>): void {
    this.checked.putAll(entries);
  }
  remove(key: unknown): void {
    this.checked.remove(key);
  }
  entries(): IterableIterator<[unknown, unknown]> {
    return this.checked.entries();
  }
  clear(): void {
    this.checked.clear();
  }
}

/** Context of both sides; the interfaces in functions/ show each side its part. */
class BroadcastCallContext extends CallContext {
  readonly #states: BroadcastStates;
  readonly #isWritable: boolean;

  constructor(binding: ProcessBinding<unknown>, states: BroadcastStates) {
    super(binding);
    this.#states = states;
    this.#isWritable = states.isWritable;
  }
  getBroadcastState(descriptor: AnyDescriptor): ReadOnlyView {
    this.check("ctx.getBroadcastState()");
    const state = this.#states.get(descriptor);
    const check = () => this.check(`The broadcast state "${descriptor.name}"`);
    return this.#isWritable ? new ReadWriteView(state, check) : new ReadOnlyView(state, check);
  }
  /** Only the keyed broadcast side sees this one. */
  applyToKeyedState<H>(descriptor: StateDescriptor, fn: (key: unknown, state: H) => void): void {
    this.check("ctx.applyToKeyedState()");
    const { binding: { scope, context }, call } = this;
    const backend = requireKeyedState(context.keyedState, descriptor.name, context.operator);
    scope.setHasKey(true);
    try {
      backend.applyToAllKeys<H>(VOID_NAMESPACE, descriptor, (key, raw) => {
        const source = { kind: descriptor.kind, name: descriptor.name, raw, scope };
        fn(key, guardState(source, call) as H);
      });
    } finally {
      scope.setHasKey(false);
    }
  }
}

/** Runs a {@link BroadcastProcess} or {@link KeyedBroadcastProcess} function. */
export class BroadcastProcessOperator<A, B, O>
  extends FunctionOperator<BroadcastProcess<A, B, O> | KeyedBroadcastProcess<unknown, A, B, O>, O>
  implements Triggerable {
  readonly #descriptors: readonly AnyDescriptor[];
  readonly #keyed: boolean;
  #binding!: ProcessBinding<O>;
  #states!: BroadcastStates;

  constructor(
    fn: BroadcastProcess<A, B, O> | KeyedBroadcastProcess<unknown, A, B, O>,
    // deno-lint-ignore no-explicit-any -- descriptors of any types
    descriptors: readonly MapStateDescriptor<any, any>[],
    keyed: boolean,
  ) {
    super(fn, 2);
    this.#descriptors = descriptors;
    this.#keyed = keyed;
  }
  override open(): void {
    this.#states = new BroadcastStates(this.#descriptors, this.ctx);
    this.#binding = new ProcessBinding({
      fn: this.fn,
      context: this.ctx,
      currentWatermark: () => this.currentWatermark,
      triggerable: this.#keyed ? this : undefined,
      makeContext: () => new BroadcastCallContext(this.#binding as ProcessBinding<unknown>, this.#states),
    });
    super.open();
  }
  /** The broadcast side is called: its records are few. */
  fusion(): ProcessFusion {
    return this.#binding.fusion(this.fn, "processElement", undefined);
  }
  override processElement1(value: unknown, timestamp: number): void {
    this.#binding.call(
      "processElement()",
      { timestamp },
      (ctx, out) => this.fn.processElement(value as A, ctx as never, out),
    );
  }
  override processElement2(value: unknown, timestamp: number): void {
    this.#states.isWritable = true;
    try {
      this.#binding.call("processBroadcastElement()", { timestamp }, (ctx, out) => {
        this.#binding.scope.setHasKey(false);
        return this.fn.processBroadcastElement(value as B, ctx as never, out);
      });
    } finally {
      this.#states.isWritable = false;
    }
  }
  onEventTime(timestamp: number): void {
    onTimer(this.#binding, this.fn as KeyedBroadcastProcess<unknown, A, B, O>, timestamp, "event-time");
  }
  onProcessingTime(timestamp: number): void {
    onTimer(this.#binding, this.fn as KeyedBroadcastProcess<unknown, A, B, O>, timestamp, "processing-time");
  }
}

/** Makes operators for the pattern with a main stream that is not keyed. */
export function broadcastProcessOperator<A, B, O>(
  fn: BroadcastProcess<A, B, O> | FunctionFactory<BroadcastProcess<A, B, O>>,
  // deno-lint-ignore no-explicit-any -- descriptors of any types
  descriptors: readonly MapStateDescriptor<any, any>[],
): StreamOperatorFactory<O> {
  return functionOperatorFactory(fn, 2, (own) => new BroadcastProcessOperator(own, descriptors, false));
}

/** Makes operators for the pattern with a keyed main stream. */
export function keyedBroadcastProcessOperator<K, A, B, O, S extends StateDeclarations>(
  fn: KeyedBroadcastProcess<K, A, B, O, S> | FunctionFactory<KeyedBroadcastProcess<K, A, B, O, S>>,
  // deno-lint-ignore no-explicit-any -- descriptors of any types
  descriptors: readonly MapStateDescriptor<any, any>[],
): StreamOperatorFactory<O> {
  return functionOperatorFactory(
    fn,
    2,
    (own) => new BroadcastProcessOperator(own as unknown as KeyedBroadcastProcess<unknown, A, B, O>, descriptors, true),
  );
}
