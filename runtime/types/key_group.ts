/**
 * Keys to key groups to subtasks, by Flink's rules. The hash code of a key is what `hashCode()` gives in Java for the
 * same value, so a key lands in the same key group as in Flink.
 *
 * Numbers pick their rule by value ("auto"): an int32 hashes as Integer, another safe integer as Long, everything else as
 * Double; a bigint as Long when it fits 64 bits, else as java.math.BigInteger; a tuple by Flink's tuple rule, a plain
 * object as the tuple of its values in the order of its sorted field names. A declared type ("long") overrides.
 *
 * Callers: partitioners, keyed backends, rescaling.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import { assertKey } from "./canonical_key.ts";
import type { Key, KeyHashRule } from "./key.ts";

/** Key groups `start` to `end`, both inclusive. */
export interface KeyGroupRange {
  readonly start: number;
  readonly end: number;
}

/** The largest maximum parallelism, and so the largest number of key groups. */
export const UPPER_BOUND_MAX_PARALLELISM = 32768;
const LOWER_BOUND_DEFAULT_MAX_PARALLELISM = 128;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * The Java hash code of a key.
 *
 * @returns An int32.
 * @throws InvalidProgramError TSF-2102 when it is no key, TSF-2104 when it does not fit the declared rule.
 */
export function hashKey(key: Key, rule: KeyHashRule = "auto"): number {
  if (rule !== "auto") return hashDeclared(key, rule);
  switch (typeof key) {
    case "string":
      return hashString(key);
    case "number":
      return hashNumber(key);
    case "boolean":
      return key ? 1231 : 1237;
    case "bigint":
      return hashBigint(key);
    default:
      assertKey(key);
      return hashComposite(key as readonly Key[] | { readonly [field: string]: Key });
  }
}

/** Spreads a hash code: one round of 32-bit Murmur3 over it; never negative. */
export function murmurHash(code: number): number {
  code = Math.imul(code, 0xcc9e2d51);
  code = (code << 15) | (code >>> 17);
  code = Math.imul(code, 0x1b873593);
  code = (code << 13) | (code >>> 19);
  code = (Math.imul(code, 5) + 0xe6546b64) | 0;
  code ^= 4;
  code ^= code >>> 16;
  code = Math.imul(code, 0x85ebca6b);
  code ^= code >>> 13;
  code = Math.imul(code, 0xc2b2ae35);
  code ^= code >>> 16;
  if (code >= 0) return code;
  return code === -0x80000000 ? 0 : -code;
}

/** The key group of a key: 0 to `maxParallelism - 1`. */
export function keyGroupFor(key: Key, maxParallelism: number, rule: KeyHashRule = "auto"): number {
  return murmurHash(hashKey(key, rule)) % maxParallelism;
}

/** The index of the subtask that owns a key group. */
export function subtaskForKeyGroup(keyGroup: number, maxParallelism: number, parallelism: number): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism);
}

/** The index of the subtask that owns a key. */
export function subtaskForKey(
  key: Key,
  maxParallelism: number,
  parallelism: number,
  rule: KeyHashRule = "auto",
): number {
  return subtaskForKeyGroup(keyGroupFor(key, maxParallelism, rule), maxParallelism, parallelism);
}

/**
 * The key groups of one subtask.
 *
 * @throws InvalidProgramError TSF-2108 when parallelism is above the maximum or the index is not below parallelism.
 */
export function keyGroupRange(maxParallelism: number, parallelism: number, index: number): KeyGroupRange {
  checkParallelism(maxParallelism, "maxParallelism");
  checkParallelism(parallelism, "parallelism");
  if (parallelism > maxParallelism || !(index >= 0 && index < parallelism)) {
    throw new InvalidProgramError("TSF-2108", "There is no such subtask", {
      expected: `index < parallelism <= maxParallelism (${maxParallelism})`,
      found: `index ${index}, parallelism ${parallelism}`,
    });
  }
  return {
    start: Math.floor((index * maxParallelism + parallelism - 1) / parallelism),
    end: Math.floor(((index + 1) * maxParallelism - 1) / parallelism),
  };
}

/** The maximum parallelism of an operator for which none was set: 1.5 times, rounded up to a power of two, 128 to 32768. */
export function defaultMaxParallelism(parallelism: number): number {
  checkParallelism(parallelism, "parallelism");
  let power = 1;
  while (power < parallelism + Math.floor(parallelism / 2)) power *= 2;
  return Math.min(Math.max(power, LOWER_BOUND_DEFAULT_MAX_PARALLELISM), UPPER_BOUND_MAX_PARALLELISM);
}

function checkParallelism(value: number, what: string): void {
  if (Number.isInteger(value) && value >= 1 && value <= UPPER_BOUND_MAX_PARALLELISM) return;
  throw new InvalidProgramError("TSF-2108", `${what} is out of range`, {
    expected: `an integer from 1 to ${UPPER_BOUND_MAX_PARALLELISM}`,
    found: String(value),
  });
}

function hashString(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

function hashNumber(value: number): number {
  if ((value | 0) === value) return value | 0;
  return Number.isSafeInteger(value) ? hashLong(value) : hashDouble(value);
}

/** Low xor high half of the 64-bit two's complement of a safe integer. */
function hashLong(value: number): number {
  return (value | 0) ^ Math.floor(value / 2 ** 32);
}

/** The long rule over the IEEE bits, with one NaN and one zero, because those are one key each. */
function hashDouble(value: number): number {
  if (value !== value) return 0x7ff80000;
  if (value === 0) return 0;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getInt32(0) ^ view.getInt32(4);
}

function hashBigint(value: bigint): number {
  if (value >= INT64_MIN && value <= INT64_MAX) {
    return Number(BigInt.asIntN(32, value)) ^ Number(BigInt.asIntN(32, value >> 32n));
  }
  // As java.math.BigInteger: 31-polynomial over the 32-bit words of the magnitude, highest first, times the sign.
  let magnitude = value < 0n ? -value : value;
  const words: number[] = [];
  for (; magnitude > 0n; magnitude >>= 32n) words.push(Number(magnitude & 0xffffffffn));
  let hash = 0;
  for (const word of words.reverse()) hash = (Math.imul(hash, 31) + word) | 0;
  return value < 0n ? -hash | 0 : hash;
}

/** Flink's tuples: the first element's code, then 31 times it plus the next; 0 for the empty tuple. */
function hashComposite(key: readonly Key[] | { readonly [field: string]: Key }): number {
  let hash = 0;
  if (Array.isArray(key)) {
    for (const element of key as readonly Key[]) hash = (Math.imul(hash, 31) + hashKey(element)) | 0;
    return hash;
  }
  const record = key as { readonly [field: string]: Key };
  // Most records have their fields in order, which spares a list of them.
  let previous = "";
  for (const field in record) {
    if (field < previous) return hashUnordered(record);
    hash = (Math.imul(hash, 31) + hashKey(record[field])) | 0;
    previous = field;
  }
  return hash;
}

function hashUnordered(record: { readonly [field: string]: Key }): number {
  let hash = 0;
  for (const field of Object.keys(record).sort()) hash = (Math.imul(hash, 31) + hashKey(record[field])) | 0;
  return hash;
}

function hashDeclared(key: Key, rule: KeyHashRule): number {
  switch (rule) {
    case "int":
      if (typeof key === "number" && (key | 0) === key) return key | 0;
      break;
    case "long":
      if (typeof key === "number" && Number.isInteger(key) && Math.abs(key) < 2 ** 63) {
        return Number.isSafeInteger(key) ? hashLong(key) : hashBigint(BigInt(key));
      }
      if (typeof key === "bigint" && key >= INT64_MIN && key <= INT64_MAX) return hashBigint(key);
      break;
    case "double":
      if (typeof key === "number") return hashDouble(key);
      break;
    case "string":
      if (typeof key === "string") return hashString(key);
      break;
    case "boolean":
      if (typeof key === "boolean") return key ? 1231 : 1237;
      break;
  }
  throw new InvalidProgramError("TSF-2104", `The key does not fit its declared type ${rule}`, {
    expected: `a key of type ${rule}`,
    found: `${typeof key} ${String(key)}`.slice(0, 100),
    hint: "Declare the type that the key selector returns, or none.",
  });
}
