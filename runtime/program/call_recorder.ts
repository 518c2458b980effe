/**
 * Writes down what a main program learns from outside: results of calls, environment variables, events. Bounded; how far
 * it had come when an execution began is marked, so that a slot gets exactly what that execution depends on.
 *
 * @module
 */

import { isEngine } from "./context.ts";
import type { CallTape } from "./patches.ts";
import {
  CALL_KINDS,
  type CallKind,
  type CallResult,
  type RecordedEvent,
  type Recording,
  type RecordingLimits,
} from "./recording.ts";

/** How much was recorded at one moment. */
interface Mark {
  readonly calls: number;
  readonly results: Readonly<Partial<Record<CallKind, number>>>;
  readonly environment: number;
  readonly hasWholeEnvironment: boolean;
  readonly events: number;
}

/** What a recorder of calls needs to know. */
export interface CallRecorderOptions {
  readonly limits: RecordingLimits;
  /** Called once, when a limit is reached; nothing is recorded any more. */
  readonly onFull: (why: string) => void;
  /** Whether the caller is not the program. Default: whether it is the engine. */
  readonly isOther?: () => boolean;
  /** See {@link CallTape.nodeArgs}. */
  readonly nodeArgs?: readonly string[];
}

/** See the head of the file. */
export class CallRecorder implements CallTape {
  readonly args: readonly string[];
  readonly nodeArgs: readonly string[] | undefined;
  readonly #limits: RecordingLimits;
  readonly #onFull: (why: string) => void;
  readonly #isOther: () => boolean;
  #calls: number[] = [];
  #results: Partial<Record<CallKind, CallResult[]>> = {};
  readonly #environment = new Map<string, string | null>();
  #hasWholeEnvironment = false;
  #events: RecordedEvent[] = [];
  #bytes = 0;
  #isOpen = true;
  /** By execution. */
  readonly #marks = new Map<number, Mark>();

  constructor(args: readonly string[], { limits, onFull, isOther = isEngine, nodeArgs }: CallRecorderOptions) {
    this.args = Object.freeze([...args]);
    this.nodeArgs = nodeArgs;
    this.#limits = limits;
    this.#onFull = onFull;
    this.#isOther = isOther;
  }

  /** Whether anything is still recorded. */
  get isOpen(): boolean {
    return this.#isOpen;
  }
  passes(): boolean {
    return !this.#isOpen || this.#isOther();
  }

  take<R extends CallResult>(kind: CallKind, _call: string, real: () => R): R {
    const result = real();
    this.#calls.push(CALL_KINDS.indexOf(kind));
    (this.#results[kind] ??= []).push(result);
    this.#spend(sizeOf(result));
    return result;
  }
  variable(name: string, real: () => string | undefined): string | undefined {
    const value = real();
    this.#note(name, value ?? null);
    return value;
  }
  variables(real: () => Record<string, string>): Record<string, string> {
    const all = real();
    for (const [name, value] of Object.entries(all)) this.#note(name, value);
    this.#hasWholeEnvironment = true;
    return all;
  }
  /** Something asynchronous reaches the program. @param bytes What it takes beside the entry. */
  event(event: RecordedEvent, bytes: number): void {
    if (!this.#isOpen) return;
    this.#events.push(event);
    this.#spend(bytes);
  }

  /** An execution begins: what was recorded so far belongs to it. */
  mark(ordinal: number): void {
    if (!this.#isOpen) return;
    this.#marks.set(ordinal, this.#now());
    this.event({ kind: "begin", ordinal }, 0);
  }
  /** Whether that execution began while recording. */
  hasMark(ordinal: number): boolean {
    return this.#marks.has(ordinal);
  }
  /** What was recorded before an execution began; undefined when it began after the end. */
  recordingOf(ordinal: number): Recording | undefined {
    const mark = this.#marks.get(ordinal);
    if (mark === undefined) return undefined;
    return {
      calls: this.#calls.slice(0, mark.calls),
      results: cut(this.#results, mark.results),
      environment: [...this.#environment].slice(0, mark.environment),
      hasWholeEnvironment: mark.hasWholeEnvironment,
      events: this.#events.slice(0, mark.events),
    };
  }
  /** Nothing is recorded any more; what no execution needs is let go. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const last = [...this.#marks.values()].at(-1);
    this.#calls = this.#calls.slice(0, last?.calls ?? 0);
    this.#results = cut(this.#results, last?.results ?? {});
    this.#events = this.#events.slice(0, last?.events ?? 0);
  }

  #now(): Mark {
    return {
      calls: this.#calls.length,
      results: Object.fromEntries(Object.entries(this.#results).map(([kind, results]) => [kind, results.length])),
      environment: this.#environment.size,
      hasWholeEnvironment: this.#hasWholeEnvironment,
      events: this.#events.length,
    };
  }
  /** The first value counts: what the program itself sets later, it sets again. */
  #note(name: string, value: string | null): void {
    if (this.#environment.has(name)) return;
    this.#environment.set(name, value);
    this.#spend(sizeOf(name) + sizeOf(value));
  }
  #spend(bytes: number): void {
    this.#bytes += bytes;
    const entries = this.#calls.length + this.#events.length + this.#environment.size;
    const { maxEntries, maxBytes } = this.#limits;
    if (entries > maxEntries) {
      this.#onFull(`main() has made more than ${maxEntries} calls of Date, Math.random and the like`);
    } else if (this.#bytes > maxBytes) {
      this.#onFull(`what main() has read and the results it has taken are more than ${maxBytes} bytes`);
    }
  }
}

function sizeOf(result: CallResult): number {
  if (typeof result === "string") return 2 * result.length;
  return result instanceof Uint8Array ? result.length : 8;
}

function cut<T>(
  results: Readonly<Partial<Record<CallKind, T[]>>>,
  lengths: Readonly<Partial<Record<CallKind, number>>>,
): Partial<Record<CallKind, T[]>> {
  return Object.fromEntries(
    Object.entries(lengths).map(([kind, length]) => {
      return [kind, results[kind as CallKind]!.slice(0, length)];
    }),
  );
}
