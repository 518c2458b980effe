/**
 * Which values may travel between tasks and lie in state, by their prototype: what structured clone takes, except that
 * class instances are refused where structured clone would silently turn them into plain objects.
 *
 * Callers: copy.ts, shared_objects.ts and the generic serializer.
 *
 * @module
 */

import { InvalidProgramError, type OperatorReference } from "../errors.ts";

/** Values nested deeper cannot be serialized: what one stack could write, another might not be able to read. */
export const MAX_VALUE_DEPTH = 1000;
/** Longer arrays are not looked at for named properties before they are copied (facts: 10 ns per element). */
const CHECKED_ARRAY = 32;
/** Longer arrays may be sparse over billions of places. */
const FAST_ARRAY = 1_000_000;

/** What an object is, by its prototype. The numbers are the tags of the generic serializer and may not change. */
export const enum ObjectKind {
  PLAIN = 16,
  ARRAY = 17,
  DATE = 18,
  MAP = 19,
  SET = 20,
  REGEXP = 21,
  ERROR = 22,
  ARRAY_BUFFER = 23,
  VIEW = 24,
  BOXED = 25,
}

/** Errors that come back with their own class; the index is written, so only append. */
export const ERROR_CLASSES: readonly ErrorConstructor[] = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
] as readonly ErrorConstructor[];

/** What all views onto an ArrayBuffer have in common. */
export type BufferView = Exclude<ArrayBufferView<ArrayBuffer>, DataView> & { readonly length: number };
interface ViewConstructor {
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): BufferView;
  readonly prototype: object;
  readonly BYTES_PER_ELEMENT?: number;
}

/** Views onto bytes; the index is written, so only append. */
export const VIEW_CLASSES: readonly ViewConstructor[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
  Float16Array,
] as unknown as readonly ViewConstructor[];

const KIND_OF_PROTOTYPE: ReadonlyMap<object, ObjectKind> = new Map<object, ObjectKind>([
  [Date.prototype, ObjectKind.DATE],
  [Map.prototype, ObjectKind.MAP],
  [Set.prototype, ObjectKind.SET],
  [RegExp.prototype, ObjectKind.REGEXP],
  [ArrayBuffer.prototype, ObjectKind.ARRAY_BUFFER],
  ...[Number, String, Boolean, BigInt].map((c) => [c.prototype as object, ObjectKind.BOXED] as const),
  ...ERROR_CLASSES.map((c) => [c.prototype as object, ObjectKind.ERROR] as const),
  ...VIEW_CLASSES.map((c) => [c.prototype, ObjectKind.VIEW] as const),
]);

/** The kind of an object, or undefined when it may not travel. */
export function kindOfObject(value: object): ObjectKind | undefined {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return ObjectKind.PLAIN;
  if (prototype === Array.prototype) return ObjectKind.ARRAY;
  return KIND_OF_PROTOTYPE.get(prototype);
}

/** Whether an array has exactly its elements: no holes, no named properties. */
export function hasOnlyElements(value: readonly unknown[]): boolean {
  const keys = Object.keys(value);
  const { length } = value;
  // Indices come first and in order: if the last key is the last index, all of them are there.
  return keys.length === length && (length === 0 || keys[length - 1] === String(length - 1));
}

/** As {@link hasOnlyElements}, but long arrays are looked at only in part. */
export function isOrdinaryArray(value: readonly unknown[]): boolean {
  const { length } = value;
  if (length <= CHECKED_ARRAY) return hasOnlyElements(value);
  return length <= FAST_ARRAY && Object.hasOwn(value, length - 1);
}

/** One step down into a value, for messages: `.name`, `["odd name"]`, `[3]`. */
export function pathStep(key: string | number): string {
  if (typeof key === "number") return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** The error for a value that may not travel. */
export function cannotTravel(value: unknown, path: string, operator?: OperatorReference): InvalidProgramError {
  return new InvalidProgramError("TSF-2101", `The field ${path} holds ${describe(value)}, which cannot travel`, {
    operator,
    expected: "primitives, plain objects, arrays, Date, Map, Set, RegExp, Error, ArrayBuffer and typed arrays",
    found: describe(value),
    hint: "Emit plain data: turn the field into a plain object, a number or text, or leave it out.",
  });
}

function describe(value: unknown): string {
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "symbol") return "a symbol";
  const { constructor } = value as object;
  // Generators and iterators have no constructor of a name, but a tag.
  const name = typeof constructor === "function" && constructor.name !== ""
    ? constructor.name
    : Object.prototype.toString.call(value).slice("[object ".length, -1);
  return name === "Object" ? "an object with a prototype of its own" : `a ${name} instance`;
}

/** Tags of the generic serializer for primitives and references; objects use {@link ObjectKind}. Written to disk: never renumber. */
export const enum Tag {
  UNDEFINED = 0,
  NULL = 1,
  TRUE = 2,
  FALSE = 3,
  INT = 4,
  DOUBLE = 5,
  BIGINT = 6,
  STRING = 7,
  /** An object written before, by its number. */
  REFERENCE = 8,
  /** An array with holes or named properties. */
  SPARSE_ARRAY = 9,
  /** A view onto a buffer that is a value of its own. */
  SHARED_VIEW = 10,
  /** A resizable ArrayBuffer. */
  RESIZABLE_BUFFER = 11,
  /** A small integer follows in one byte. */
  BYTE = 12,
}
