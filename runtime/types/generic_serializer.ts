/**
 * The fallback serializer: any value that structured clone takes, exactly, with cycles and shared references. Slower and
 * longer than the columnar codec, but needs no schema. What structured clone would change silently (class instances) is
 * refused with TSF-2101 and the path of the field.
 *
 * Two deliberate differences from structured clone: a view onto a part of an ArrayBuffer carries only that part, not the
 * whole buffer (unless the whole buffer was written before), and an object without prototype comes back as a plain one,
 * which is what structured clone does too.
 *
 * Callers: operator and keyed state, the codec's generic column, copy.ts for values with an unusual shape; messages between
 * processes, errors among them.
 *
 * @module
 */

import { FlinkError, InvalidProgramError, JobExecutionError } from "../errors.ts";
import { fromTransferable, toTransferable, type TransferredError } from "../seams/error_transfer.ts";
import { ByteReader, ByteWriter } from "./byte_buffer.ts";
import { cannotTravel, MAX_VALUE_DEPTH } from "./value_kind.ts";
import { ValueReader } from "./value_reader.ts";
import { Offence, TooDeep, ValueWriter } from "./value_writer.ts";

/**
 * Writes one value.
 *
 * @throws InvalidProgramError TSF-2101 when it holds something that cannot travel, TSF-2105 when it is nested too deeply.
 */
export function writeValue(out: ByteWriter, value: unknown): void {
  const start = out.length;
  try {
    new ValueWriter(out).write(value);
  } catch (error) {
    out.truncate(start);
    if (error instanceof Offence) throw cannotTravel(error.value, "value" + error.path());
    throw error instanceof TooDeep || isStackOverflow(error) ? tooDeep(error) : error;
  }
}

/** Reads one value written by {@link writeValue}. @throws JobExecutionError TSF-2106 when the bytes are damaged. */
export function readValue(input: ByteReader): unknown {
  try {
    return new ValueReader(input).read();
  } catch (error) {
    if (error instanceof FlinkError) throw error;
    if (isStackOverflow(error)) throw tooDeep(error);
    // A constructor refused what it was given: a pattern that is none, a length that is no multiple of the element size.
    throw new JobExecutionError("TSF-2106", "Serialized data is damaged", { cause: error, found: String(error) });
  }
}

/** One value as bytes. @throws as {@link writeValue}. */
export function serializeValue(value: unknown): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(128);
  writeValue(out, value);
  return out.toBytes();
}

/** The value of {@link serializeValue}. @throws as {@link readValue}, also when bytes are left over. */
export function deserializeValue(bytes: Uint8Array): unknown {
  const input = new ByteReader(bytes);
  const value = readValue(input);
  input.assertEnd();
  return value;
}

/** An error on its way to another process. */
export interface ErrorBytes {
  /** TSF-NNNN, or the name of an error that is not tsflink's. */
  readonly code: string;
  readonly summary: string;
  /** TransferredError. */
  readonly error: Uint8Array<ArrayBuffer>;
}

/** Whatever was thrown, as bytes. */
export function errorToBytes(error: unknown): ErrorBytes {
  const { code, summary, name, message } = Object(error) as Partial<FlinkError>;
  return {
    code: String(code ?? name ?? typeof error),
    summary: String(summary ?? message ?? error),
    error: serializeValue(toTransferable(error)),
  };
}

/** What was thrown, again. @throws JobExecutionError TSF-2106 when the bytes are damaged. */
export function errorFromBytes(bytes: Uint8Array): unknown {
  return fromTransferable(deserializeValue(bytes) as TransferredError);
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && !(error instanceof FlinkError) && /call stack/.test(error.message);
}
function tooDeep(cause: unknown): InvalidProgramError {
  return new InvalidProgramError("TSF-2105", "A value is nested too deeply to be serialized", {
    cause: cause instanceof TooDeep ? undefined : cause,
    expected: `at most ${MAX_VALUE_DEPTH} levels`,
    hint: "Keep linked structures as arrays.",
  });
}
