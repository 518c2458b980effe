/**
 * Puts stand-ins before the functions through which a program learns from outside, and takes them back. A stand-in is a
 * proxy of the real function: name, length, source text, statics and `instanceof` stay what they are, and one that user
 * code keeps goes on working after it was taken back.
 *
 * @module
 */

import type { CallKind, CallResult } from "./recording.ts";

/** What stands behind the stand-ins: a recorder or a replay. */
export interface CallTape {
  /** Whether a call goes to the real function unseen: the engine's, or one after the end. */
  passes(): boolean;
  /** The result of a call: that of `real`, recorded, or a recorded one. */
  take<R extends CallResult>(kind: CallKind, call: string, real: () => R): R;
  /** An environment variable. */
  variable(name: string, real: () => string | undefined): string | undefined;
  /** All environment variables. */
  variables(real: () => Record<string, string>): Record<string, string>;
  readonly args: readonly string[];
  /** `process.argv` behind the executable; undefined where it is right already. */
  readonly nodeArgs: readonly string[] | undefined;
}

// deno-lint-ignore no-explicit-any -- stands for functions of every shape
export type AnyFunction = (...args: any[]) => any;
/** The stand-in of a call: `real` calls the real function with the same arguments. */
export type Intercept = (real: () => unknown, args: readonly unknown[]) => unknown;

/** Collects what was replaced. */
export class Patches {
  readonly #undo: (() => void)[] = [];

  /** Replaces a function, wherever it lies on the prototype chain of `holder`; one that is not there is left out. */
  call(holder: object | undefined, key: string, passes: () => boolean, intercept: Intercept): void {
    this.replace(holder, key, (real) =>
      typeof real !== "function" ? real : new Proxy(real as AnyFunction, {
        apply: (target, self, args) => {
          if (passes()) return Reflect.apply(target, self, args);
          return intercept(() => Reflect.apply(target, self, args), args);
        },
      }));
  }
  /** Replaces a value or what a getter gives. */
  replace(holder: object | undefined, key: string, wrap: (real: unknown) => unknown): void {
    const owner = ownerOf(holder, key);
    const real = owner && Object.getOwnPropertyDescriptor(owner, key);
    if (owner === undefined || real?.configurable !== true) return;
    const ours = "value" in real ? { ...real, value: wrap(real.value) } : { ...real, get: wrappedGetter(real, wrap) };
    Object.defineProperty(owner, key, ours);
    this.#undo.push(() => {
      const now = Object.getOwnPropertyDescriptor(owner, key);
      // What the program itself has put there in the meantime is its own.
      if (now?.value === ours.value && now?.get === ours.get) Object.defineProperty(owner, key, real);
    });
  }
  /** Replaces a plain value by what `read` gives each time; who assigns to it gets the plain value back. */
  value(holder: object, key: string, read: (real: unknown) => unknown): void {
    const real = Object.getOwnPropertyDescriptor(holder, key);
    if (real?.configurable !== true) return;
    const get = () => read(real.value);
    const set = (value: unknown) => Object.defineProperty(holder, key, { ...real, value });
    Object.defineProperty(holder, key, { configurable: true, enumerable: real.enumerable, get, set });
    this.#undo.push(() => {
      if (Object.getOwnPropertyDescriptor(holder, key)?.get === get) Object.defineProperty(holder, key, real);
    });
  }
  /** Puts everything back, the very same functions. */
  undo(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}

/** A getter that wraps each value once, as classes and functions have an identity. */
function wrappedGetter(real: PropertyDescriptor, wrap: (value: unknown) => unknown): () => unknown {
  const known = new Map<unknown, unknown>();
  return function (this: unknown) {
    const value = real.get?.call(this);
    if (typeof value !== "function") return wrap(value);
    if (!known.has(value)) known.set(value, wrap(value));
    return known.get(value);
  };
}

function ownerOf(holder: object | undefined, key: string): object | undefined {
  for (let owner: object | null | undefined = holder; owner; owner = Object.getPrototypeOf(owner)) {
    if (Object.hasOwn(owner, key)) return owner;
  }
  return undefined;
}

/** Puts stand-ins before all calls that are recorded. */
export function patchCalls(tape: CallTape): Patches {
  const patches = new Patches();
  const passes = () => tape.passes();
  const simple = (holder: object | undefined, key: string, kind: CallKind) =>
    patches.call(holder, key, passes, (real) => tape.take(kind, `${kind}()`, real as () => CallResult));
  patchDate(patches, tape);
  patchTemporal(patches, tape);
  simple(performance, "now", "performance.now");
  simple(Math, "random", "Math.random");
  simple(crypto, "randomUUID", "crypto.randomUUID");
  simple(Deno, "cwd", "Deno.cwd");
  simple(globalThis, "prompt", "prompt");
  simple(globalThis, "confirm", "confirm");
  patches.call(crypto, "getRandomValues", passes, (real, [view]) => randomBytes(tape, real, view));
  patches.replace(navigator, "hardwareConcurrency", (real) => {
    if (tape.passes()) return real;
    return tape.take("navigator.hardwareConcurrency", "navigator.hardwareConcurrency", () => real as number);
  });
  patches.replace(Deno, "args", (real) => tape.passes() ? real : tape.args);
  patchNodeArgs(patches, tape);
  patchEnvironment(patches, tape);
  return patches;
}

function patchDate(patches: Patches, tape: CallTape): void {
  const Real = Date;
  const realNow = Date.now;
  const now = (call: string) => tape.take("Date", call, () => Reflect.apply(realNow, Real, []));
  const StandIn: DateConstructor = new Proxy(Real, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length > 0 || tape.passes() ? args : [now("new Date()")], newTarget),
    apply: (target, self, args) =>
      tape.passes() ? Reflect.apply(target, self, args) : new Real(now("Date()")).toString(),
  });
  patches.call(Real, "now", () => tape.passes(), () => now("Date.now()"));
  patches.replace(Real.prototype, "constructor", () => StandIn);
  patches.replace(globalThis, "Date", () => StandIn);
}

interface TemporalInstant {
  readonly epochNanoseconds: bigint;
  toZonedDateTimeISO(zone: unknown): { toPlainDateTime(): unknown; toPlainDate(): unknown; toPlainTime(): unknown };
}

/** What is used of Temporal here; not every version has it, nor its types. */
interface TemporalClock {
  readonly Now: { instant(): TemporalInstant; timeZoneId(): string };
  readonly Instant: { fromEpochNanoseconds(nanoseconds: bigint): TemporalInstant };
}

/** All of Temporal.Now comes from one instant and one time zone. */
function patchTemporal(patches: Patches, tape: CallTape): void {
  const temporal = (globalThis as { Temporal?: TemporalClock }).Temporal;
  if (temporal === undefined) return;
  const clock = temporal.Now;
  const { instant, timeZoneId } = clock;
  const now = (call: string) => {
    const nanoseconds = tape.take("Temporal.Now", call, () => instant.call(clock).epochNanoseconds);
    return temporal.Instant.fromEpochNanoseconds(nanoseconds);
  };
  const zone = () => tape.take("Temporal.Now.timeZoneId", "Temporal.Now.timeZoneId()", () => timeZoneId.call(clock));
  const zoned = (call: string, given: unknown) => now(call).toZonedDateTimeISO(given === undefined ? zone() : given);
  const forms: Record<string, (call: string, given: unknown) => unknown> = {
    instant: (call) => now(call),
    timeZoneId: () => zone(),
    zonedDateTimeISO: zoned,
    plainDateTimeISO: (call, given) => zoned(call, given).toPlainDateTime(),
    plainDateISO: (call, given) => zoned(call, given).toPlainDate(),
    plainTimeISO: (call, given) => zoned(call, given).toPlainTime(),
  };
  for (const [key, form] of Object.entries(forms)) {
    const call = `Temporal.Now.${key}()`;
    patches.call(clock, key, () => tape.passes(), (_real, [given]) => form(call, given));
  }
}

function randomBytes(tape: CallTape, real: () => unknown, view: unknown): unknown {
  // What the real function refuses draws nothing.
  if (!ArrayBuffer.isView(view) || view.byteLength > 65_536) return real();
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const drawn = tape.take("crypto.getRandomValues", `crypto.getRandomValues(${view.byteLength} bytes)`, () => {
    real();
    return bytes.slice();
  });
  bytes.set(drawn.subarray(0, bytes.length));
  return view;
}

/** The program may change the array, as it may the real one. */
function patchNodeArgs(patches: Patches, tape: CallTape): void {
  if (tape.nodeArgs === undefined) return;
  let argv: string[] | undefined;
  // deno-lint-ignore no-process-global -- loading it costs milliseconds: only where it is needed
  patches.value(process, "argv", (real) => {
    if (tape.passes()) return real;
    return argv ??= [(real as string[])[0], ...tape.nodeArgs!];
  });
}

function patchEnvironment(patches: Patches, tape: CallTape): void {
  const passes = () => tape.passes();
  const { env } = Deno;
  const realGet = env.get;
  patches.call(env, "get", passes, (real, [name]) => {
    return typeof name === "string" ? tape.variable(name, real as () => string | undefined) : real();
  });
  patches.call(env, "has", passes, (real, [name]) => {
    if (typeof name !== "string") return real();
    return tape.variable(name, () => Reflect.apply(realGet, env, [name])) !== undefined;
  });
  patches.call(env, "toObject", passes, (real) => tape.variables(real as () => Record<string, string>));
}
