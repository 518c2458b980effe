/**
 * Exact equality of types, for the type tests in this folder; `deno check` runs them.
 *
 * @module
 */

/** True when A and B are the same type, `any` and modifiers included. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

/** Does not compile unless its type argument is `true`. */
export type Expect<_T extends true> = never;
