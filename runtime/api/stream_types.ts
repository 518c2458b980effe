/**
 * The types by which the fluent API infers: element and key of a stream, fields of a record, synchronous functions.
 * Types only; used by the interfaces in this folder and, where they help, by programs.
 *
 * @module
 */

import type { FunctionFactory } from "../functions/rich_function.ts";

/** Marks the element type on a stream; never present at run time. */
export declare const ELEMENT: unique symbol;
/** Marks the key type on a keyed stream; never present at run time. */
export declare const KEY: unique symbol;

/** The type of the records of a stream: `ElementOf<typeof stream>`. */
export type ElementOf<S> = S extends { readonly [ELEMENT]?: () => infer T } ? T : never;
/** The type of the key of a keyed stream: `KeyOf<typeof stream>`. */
export type KeyOf<S> = S extends { readonly [KEY]?: () => infer K } ? K : never;

/** Any stream of the same environment, whatever its records are. */
export interface AnyStream {
  /** Carries the record type for inference only. */
  readonly [ELEMENT]?: () => unknown;
  /** Number of its transformation, unique in the environment. */
  getId(): number;
}

/** A function object, or {@link perSubtask} around one. */
export type FunctionOrFactory<F> = F | FunctionFactory<F>;
/** A function object, `() => new MyFunction()`, or {@link perSubtask} around one. */
export type ObjectOrFactory<F extends object> = F | FunctionFactory<F> | (() => F);

type IsAny<T> = 0 extends 1 & T ? true : false;

/** What a promise is measured against where a value belongs: no value has this property; its name is the advice. */
export interface PromiseRefused {
  /** Its name says what to do instead. */
  readonly "a promise is not a value here: use asyncMap() or AsyncDataStream": never;
}
/** What a result type adds to a parameter: nothing, or, for a promise, {@link PromiseRefused}. */
export type Synchronous<R> = IsAny<R> extends true ? unknown
  : [Extract<R, PromiseLike<unknown>>] extends [never] ? unknown
  : PromiseRefused;
/** A result, or {@link PromiseRefused} when it is a promise. */
export type SynchronousResult<R> = IsAny<R> extends true ? R
  : [Extract<R, PromiseLike<unknown>>] extends [never] ? R
  : PromiseRefused;

/** Why a type cannot be a key; never when it can. `any` and `unknown` are checked at run time. */
export type KeyProblem<K> = unknown extends K ? never
  : K extends string | number | bigint | boolean ? never
  : K extends (...args: never[]) => unknown ? "a function"
  : K extends readonly (infer E)[] ? KeyProblem<E>
  : K extends object ? { [P in keyof K]-?: KeyProblem<K[P]> }[keyof K]
  : "null, undefined and symbols";
/** A key; or what no value is, and whose type says what is wrong. */
export type ValidKey<K> = [KeyProblem<K>] extends [never] ? K
  : { readonly "a key is a string, number, bigint, boolean, or an array or object of keys; not": KeyProblem<K> };

/** The positions of a tuple, as numbers, whose element is a `V`. */
type PositionsOf<T extends readonly unknown[], V> = {
  [P in keyof T & `${number}`]: [T[P]] extends [V] ? P extends `${infer N extends number}` ? N : never : never;
}[keyof T & `${number}`];
/** The fields of `T` whose value is a `V`: names of an object, positions of a tuple. */
export type FieldOf<T, V> = T extends readonly unknown[] ? PositionsOf<T, V>
  : T extends object ? { [P in keyof T & string]-?: [T[P]] extends [V] ? P : never }[keyof T & string]
  : never;
/** The fields of `T` that can be summed, or compared by min and max. */
export type NumericField<T> = FieldOf<T, number> | FieldOf<T, bigint>;
/** The fields of `T` that minBy and maxBy compare. */
export type ComparableField<T> = FieldOf<T, number> | FieldOf<T, bigint> | FieldOf<T, string> | FieldOf<T, boolean>;
/** The fields of `T` that can be (part of) a key. */
export type KeyField<T> = T extends readonly unknown[] ? {
    [P in keyof T & `${number}`]: [KeyProblem<T[P]>] extends [never] ? P extends `${infer N extends number}` ? N : never
      : never;
  }[keyof T & `${number}`]
  : T extends object ? { [P in keyof T & string]-?: [KeyProblem<T[P]>] extends [never] ? P : never }[keyof T & string]
  : never;
/** The value of field `F` of `T`. */
export type FieldValue<T, F> = T[F & keyof T];
/** The key of several fields: a tuple of their values. */
export type FieldValues<T, F extends readonly unknown[]> = { readonly [I in keyof F]: FieldValue<T, F[I]> };
