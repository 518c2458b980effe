/**
 * sum, min, max, minBy and maxBy over a field, as reduce functions.
 *
 * Flink's rules: sum, min and max keep the other fields of the first record and change only the field; minBy and maxBy keep
 * a whole record, on ties the first or the last one. Values are ordered as in Java: doubles by Double.compare (NaN is the
 * largest, -0 lies below 0), strings by UTF-16 units.
 * Who calls: the API, with reduceOperator and with windows.
 *
 * @module
 */

import { InvalidProgramError, JobExecutionError } from "../errors.ts";

/** A field: its name (dots reach into nested records), the index in a tuple, or "*" / 0 for a stream of plain values. */
export type Field = string | number;

/** A reduce function over whole records that neither keeps nor changes what it is given. */
export interface RecordReducer {
  (left: unknown, right: unknown): unknown;
  /** Makes the function for a left record that may be overwritten; `id` makes its source text unique. */
  readonly inPlace?: (id: string) => InPlaceReducer;
}
/** Overwrites `left` with the result; false, with nothing changed, when only the reduce function itself can tell it. */
export type InPlaceReducer = (left: object, right: object) => boolean;

/** Whether a reduce function is one of those made here. */
export function isRecordReducer(fn: unknown): fn is RecordReducer {
  return typeof fn === "function" && REDUCER in fn;
}

const REDUCER: unique symbol = Symbol("reducer");

function reducer(
  reduce: (left: unknown, right: unknown) => unknown,
  inPlace?: (id: string) => InPlaceReducer,
): RecordReducer {
  return Object.defineProperties(reduce, { [REDUCER]: { value: true }, inPlace: { value: inPlace } });
}

/** Adds up the field; the other fields are those of the first record. */
export function sumOf(field: Field): RecordReducer {
  const accessor = accessorOf(field);
  return reducer(
    (left, right) => accessor.set(left, add(accessor.get(left), accessor.get(right), field)),
    (id) => generateInPlace(field, "l[NAME] = a + b;", id),
  );
}

/** The smallest value of the field; the other fields are those of the first record. */
export function minOf(field: Field): RecordReducer {
  return extremum(field, (order) => order < 0, "b <= a");
}

/** The largest value of the field; the other fields are those of the first record. */
export function maxOf(field: Field): RecordReducer {
  return extremum(field, (order) => order > 0, "b >= a");
}

/** The record with the smallest value of the field; with `first` false the last of equal ones. */
export function minByOf(field: Field, first = true): RecordReducer {
  return extremalRecord(field, -1, first);
}

/** The record with the largest value of the field; with `first` false the last of equal ones. */
export function maxByOf(field: Field, first = true): RecordReducer {
  return extremalRecord(field, 1, first);
}

function extremum(field: Field, keepsLeft: (order: number) => boolean, takesRight: string): RecordReducer {
  const accessor = accessorOf(field);
  return reducer(
    (left, right) => {
      const candidate = accessor.get(right);
      return keepsLeft(compareValues(accessor.get(left), candidate, field)) ? left : accessor.set(left, candidate);
    },
    // NaN and the two zeros have an order of their own.
    (id) =>
      generateInPlace(field, `if (a !== a || b !== b || b === 0) return false; if (${takesRight}) l[NAME] = b;`, id),
  );
}

/** The function for two records that both have a number in the field itself. */
function generateInPlace(field: Field, body: string, id: string): InPlaceReducer {
  const name = typeof field === "number" ? String(field) : JSON.stringify(field);
  return new Function(
    "l",
    "r",
    `// field ${JSON.stringify(id)}
const a = l[${name}], b = r[${name}];
if (typeof a !== "number" || typeof b !== "number") return false;
${body.replaceAll("NAME", name)}
return true;`,
  ) as InPlaceReducer;
}

function extremalRecord(field: Field, sign: 1 | -1, first: boolean): RecordReducer {
  const accessor = accessorOf(field);
  return reducer((left, right) => {
    const order = sign * compareValues(accessor.get(left), accessor.get(right), field);
    if (order === 0) return first ? left : right;
    return order > 0 ? left : right;
  });
}

/** Reads the field of a record. @throws JobExecutionError TSF-2012 when it is missing. */
export function fieldGetter(field: Field): (record: unknown) => unknown {
  return accessorOf(field).get;
}

interface FieldAccessor {
  get(record: unknown): unknown;
  /** A record with the field set; the one given stays as it is. */
  set(record: unknown, value: unknown): unknown;
}

type Fields = Record<string, unknown>;

function accessorOf(field: Field): FieldAccessor {
  if ((typeof field !== "string" || field === "") && !(Number.isInteger(field) && Number(field) >= 0)) {
    throw new InvalidProgramError("TSF-2012", "Not a field to aggregate", {
      expected: "a field name or a tuple index from 0",
      found: String(field),
    });
  }
  const name = String(field);
  const isWhole = field === 0 || field === "*";
  return {
    get: (record) => {
      if (isPrimitive(record)) {
        if (isWhole) return record;
        throw missing(field, record);
      }
      return read(record as Fields, name, field);
    },
    set: (record, value) => isPrimitive(record) ? value : write(record as Fields, name, value),
  };
}

function read(record: Fields, name: string, field: Field): unknown {
  const found = Object.hasOwn(record, name) ? record[name] : readNested(record, name);
  if (found === undefined || found === null) throw missing(field, record);
  return found;
}

function readNested(record: Fields, path: string): unknown {
  let at: unknown = record;
  for (const part of path.split(".")) {
    if (isPrimitive(at) || !Object.hasOwn(at as Fields, part)) return undefined;
    at = (at as Fields)[part];
  }
  return at;
}

function write(record: Fields, path: string, value: unknown): Fields {
  const changed = (Array.isArray(record) ? record.slice() : { ...record }) as Fields;
  const dot = path.indexOf(".");
  if (Object.hasOwn(record, path) || dot < 0) changed[path] = value;
  else changed[path.slice(0, dot)] = write(record[path.slice(0, dot)] as Fields, path.slice(dot + 1), value);
  return changed;
}

function isPrimitive(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

function add(left: unknown, right: unknown, field: Field): unknown {
  if (typeof left === "number" && typeof right === "number") return left + right;
  if (typeof left === "bigint" && typeof right === "bigint") return left + right;
  throw new JobExecutionError("TSF-2012", `sum() cannot add field "${field}"`, {
    expected: "two numbers or two bigints",
    found: `${typeof left} and ${typeof right}`,
  });
}

/** Negative, zero or positive, by the rules of Java's compareTo. */
export function compareValues(left: unknown, right: unknown, field: Field): number {
  if (typeof left === "number" && typeof right === "number") return compareDoubles(left, right);
  if (left instanceof Date && right instanceof Date) return compareDoubles(left.getTime(), right.getTime());
  const isOrdered = typeof left === typeof right &&
    (typeof left === "string" || typeof left === "bigint" || typeof left === "boolean");
  if (!isOrdered) {
    throw new JobExecutionError("TSF-2012", `The values of field "${field}" cannot be compared`, {
      expected: "two numbers, bigints, strings, booleans or Dates",
      found: `${typeof left} and ${typeof right}`,
    });
  }
  return left as string < (right as string) ? -1 : left as string > (right as string) ? 1 : 0;
}

function compareDoubles(left: number, right: number): number {
  if (left < right) return -1;
  if (left > right) return 1;
  if (left === 0 && right === 0) return Number(Object.is(right, -0)) - Number(Object.is(left, -0));
  return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
}

function missing(field: Field, record: unknown): JobExecutionError {
  const found = isPrimitive(record) ? String(record) : `fields ${Object.keys(record as Fields).join(", ")}`;
  return new JobExecutionError("TSF-2012", `A record has no field "${field}" to aggregate`, {
    expected: `a value in field "${field}"`,
    found,
  });
}
