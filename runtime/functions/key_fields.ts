/**
 * Key selectors that read fields and do nothing else tell which, so that generated code reads them in place.
 *
 * Who calls: the API, which makes such selectors; tasks/codegen, which looks at them.
 *
 * @module
 */

import type { KeySelector } from "./functions.ts";

const FIELDS: unique symbol = Symbol("key fields");

/** Fields of the record: the key is the value of the one, or the tuple of the values of several. */
export type KeyFields = readonly (string | number)[];

/** Marks a selector that gives the value of the field, or with several fields the tuple of their values. */
export function readsFields<S extends object>(selector: S, fields: KeyFields): S {
  return Object.defineProperty(selector, FIELDS, { value: fields });
}

/** What a selector reads; undefined for those that were not marked. */
export function keyFieldsOf(selector: KeySelector<never, unknown>): KeyFields | undefined {
  return (selector as { readonly [FIELDS]?: KeyFields })[FIELDS];
}
