/**
 * What the first run of a main program learned from outside, in the order in which it learned it, and what a slot needs to
 * run the program again: plain data that crosses threads. Written by recorder.ts, read by replay.ts.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { ConfigurationValues } from "../api/configuration.ts";
import { fromTransferable, toTransferable, type TransferredError } from "../seams/error_transfer.ts";
import { deserializeValue, serializeValue } from "../types/generic_serializer.ts";
import { murmur3_128 } from "../types/murmur3.ts";

/** Calls whose results are recorded one by one. */
export const CALL_KINDS = [
  "Date",
  "performance.now",
  "Math.random",
  "crypto.getRandomValues",
  "crypto.randomUUID",
  "Temporal.Now",
  "Temporal.Now.timeZoneId",
  "Deno.cwd",
  "navigator.hardwareConcurrency",
  "prompt",
  "confirm",
] as const;
/** One of {@link CALL_KINDS}. */
export type CallKind = typeof CALL_KINDS[number];
/** What such a call gives. */
export type CallResult = number | bigint | string | boolean | null | Uint8Array;

/** How something asynchronous has ended. */
export type Outcome = { readonly value: Uint8Array } | { readonly error: TransferredError };

/** Something asynchronous that reached the program, or an execution it began; in the order of happening. */
export type RecordedEvent =
  | { readonly kind: "begin"; readonly ordinal: number }
  | { readonly kind: "once"; readonly name: string; readonly outcome: Outcome }
  /** The executor has taken the job, or refused it. The value is the job's id. */
  | { readonly kind: "accepted"; readonly ordinal: number; readonly outcome: Outcome }
  /** A call of the job client has ended. */
  | {
    readonly kind: "call";
    readonly ordinal: number;
    readonly method: string;
    readonly index: number;
    readonly outcome: Outcome;
  }
  /** A batch of executeAndCollect. */
  | { readonly kind: "rows"; readonly ordinal: number; readonly sink: string; readonly rows: Uint8Array }
  /** A timer of the program has fired; timers count in the order in which they were set. */
  | { readonly kind: "timer"; readonly index: number };

/** Everything up to one execution. */
export interface Recording {
  /** Indexes into {@link CALL_KINDS}, in call order. */
  readonly calls: readonly number[];
  /** Results by kind, in call order. */
  readonly results: Readonly<Partial<Record<CallKind, readonly CallResult[]>>>;
  /** Environment variables as first read; null = not set. */
  readonly environment: readonly (readonly [string, string | null])[];
  /** Whether the program has read the environment as a whole. */
  readonly hasWholeEnvironment: boolean;
  readonly events: readonly RecordedEvent[];
}

/** A job as its slots build it again. */
export interface ProgramDescriptor {
  /** The main module. */
  readonly url: string;
  /** Which execution of the program this is, from 0, over all environments. */
  readonly executionOrdinal: number;
  readonly args: readonly string[];
  /** Configuration from outside the program. */
  readonly configuration: ConfigurationValues;
  readonly recording: Recording;
}

/** What node has in `process.argv` behind the executable. */
export function nodeArgsOf(url: string, args: readonly string[]): string[] {
  return [url.startsWith("file:") ? decodeURIComponent(new URL(url).pathname) : url, ...args];
}

/** How much is recorded at most; a program that goes beyond cannot be built again. */
export interface RecordingLimits {
  /** Calls, events and environment variables together. Default 1,000,000. */
  readonly maxEntries: number;
  /** Bytes of texts, once() values and results of earlier jobs. Default 16 MiB. */
  readonly maxBytes: number;
}
/** See {@link RecordingLimits}. */
export const DEFAULT_LIMITS: RecordingLimits = { maxEntries: 1_000_000, maxBytes: 16 * 1024 * 1024 };

/** 32 hex digits over all that was recorded. */
export function recordingHash(recording: Recording): string {
  return murmur3_128(serializeValue(recording)).toHex();
}

/** @throws InvalidProgramError TSF-2101 for a value that cannot be cloned. */
export function valueOutcome(value: unknown): Outcome {
  return { value: serializeValue(value) };
}

/** The outcome of a call that threw. */
export function errorOutcome(error: unknown): Outcome {
  return { error: toTransferable(error) };
}

/** The value of an outcome. @throws what the call has thrown. */
export function readOutcome(outcome: Outcome): unknown {
  if ("error" in outcome) throw withDenoClass(fromTransferable(outcome.error));
  return deserializeValue(outcome.value);
}

/** Programs tell errors of files and sockets by their class. */
function withDenoClass(error: unknown): unknown {
  const classes: Readonly<Record<string, ErrorConstructor | undefined>> = Deno.errors as never;
  const Class = error instanceof Error && Object.getPrototypeOf(error) === Error.prototype && classes[error.name];
  return Class ? Object.setPrototypeOf(error, Class.prototype) : error;
}

/** Roughly what an outcome takes. */
export function outcomeBytes(outcome: Outcome): number {
  return "value" in outcome ? outcome.value.length : 1000;
}

/** @throws InvalidProgramError TSF-1215 for a name that was used before, in whatever environment. */
export function claimOnceName(used: Set<string>, name: string): void {
  if (used.has(name)) {
    throw new InvalidProgramError("TSF-1215", `once() was called twice with the name "${name}"`, {
      expected: "a name of its own for each value of the program",
      found: `"${name}" again`,
    });
  }
  used.add(name);
}
