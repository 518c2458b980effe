/**
 * What may be a key, and when two keys are one. See docs/architecture.md, contract "Keys".
 *
 * @module
 */

/** A key of a keyed stream: a primitive, an array of keys (a tuple) or a plain object of keys. */
export type Key = string | number | bigint | boolean | readonly Key[] | { readonly [field: string]: Key };

/**
 * The rule by which a key is hashed. "auto" picks by the value: boolean, int32-valued number, safe integer, other
 * double, bigint, string, arrays by Flink's tuple rule, plain objects by sorted field names then the tuple rule.
 */
export type KeyHashRule = "auto" | "int" | "long" | "double" | "string" | "boolean";
