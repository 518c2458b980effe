/**
 * Describes the type of a record, key or state value, so that its codec and hash rule are known before the first one.
 * Everything works without it: types are inferred from the first records.
 *
 * A declared type is a hint, not a promise. It decides in two places, which check it: the key type of `keyBy` (INT, LONG,
 * DOUBLE, STRING, BOOLEAN) picks the hash rule, and a key that does not fit is an error (TSF-2104); the type of a CSV
 * format says how each field is read, and a field that is none is an invalid line. Everywhere else (elements, state,
 * accumulators, fields of a row) a value of another type is neither refused nor changed: it travels and is stored
 * exactly as it is, only slower, as a value its schema did not foresee.
 *
 * @module
 */

/** The kinds of {@link TypeInformation}. */
export type TypeKind =
  | "int"
  | "long"
  | "double"
  | "string"
  | "boolean"
  | "bigint"
  | "row"
  | "list"
  | "map"
  | "nullable"
  | "generic";

/** A description of `T`; made by {@link Types}. */
export interface TypeInformation<T> {
  /** Which kind of type it is. */
  readonly kind: TypeKind;
  /** Fields of a row, in order. */
  readonly fields?: readonly (readonly [name: string, type: TypeInformation<unknown>])[];
  /** Element type of a list, value type of a map, or the type that may be null. */
  readonly element?: TypeInformation<unknown>;
  /** Key type of a map. */
  readonly key?: TypeInformation<unknown>;
  /** Carries T for inference only; never present. */
  readonly type?: (value: T) => T;
}

/** The types of the fields of a row, by name. */
// deno-lint-ignore no-explicit-any -- any type may be a field
export type RowFields = Record<string, TypeInformation<any>>;
/** The values of a row with these fields. */
export type RowOf<F extends RowFields> = {
  [K in keyof F]: F[K] extends TypeInformation<infer V> ? V : never;
};

/**
 * The types a program can declare, named as in Flink.
 *
 * @example
 * ```ts
 * import { Types } from "tsflink";
 *
 * const bid = Types.ROW({ auction: Types.LONG, price: Types.DOUBLE, channel: Types.STRING });
 * console.assert(bid.fields?.length === 3);
 * ```
 */
export const Types: {
  readonly INT: TypeInformation<number>;
  readonly LONG: TypeInformation<number>;
  readonly DOUBLE: TypeInformation<number>;
  readonly STRING: TypeInformation<string>;
  readonly BOOLEAN: TypeInformation<boolean>;
  readonly BIGINT: TypeInformation<bigint>;
  GENERIC<T>(): TypeInformation<T>;
  ROW<F extends RowFields>(fields: F): TypeInformation<RowOf<F>>;
  LIST<T>(element: TypeInformation<T>): TypeInformation<T[]>;
  MAP<K, V>(key: TypeInformation<K>, value: TypeInformation<V>): TypeInformation<Map<K, V>>;
  NULLABLE<T>(type: TypeInformation<T>): TypeInformation<T | null>;
} = {
  INT: { kind: "int" },
  LONG: { kind: "long" },
  DOUBLE: { kind: "double" },
  STRING: { kind: "string" },
  BOOLEAN: { kind: "boolean" },
  BIGINT: { kind: "bigint" },
  GENERIC: <T>(): TypeInformation<T> => ({ kind: "generic" }),
  ROW: <F extends RowFields>(fields: F): TypeInformation<RowOf<F>> => ({
    kind: "row",
    fields: Object.entries(fields) as unknown as [string, TypeInformation<unknown>][],
  }),
  LIST: <T>(element: TypeInformation<T>): TypeInformation<T[]> => ({
    kind: "list",
    element: element as unknown as TypeInformation<unknown>,
  }),
  MAP: <K, V>(key: TypeInformation<K>, value: TypeInformation<V>): TypeInformation<Map<K, V>> => ({
    kind: "map",
    key: key as unknown as TypeInformation<unknown>,
    element: value as unknown as TypeInformation<unknown>,
  }),
  NULLABLE: <T>(type: TypeInformation<T>): TypeInformation<T | null> => ({
    kind: "nullable",
    element: type as unknown as TypeInformation<unknown>,
  }),
};
