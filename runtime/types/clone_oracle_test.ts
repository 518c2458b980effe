/**
 * The oracle of the tests of this folder: a text that tells any two values apart that user code could tell apart (order
 * of fields, -0, holes, missing and undefined, shared references), and generators of the values that may travel.
 * What a serializer gives back must have the fingerprint that structured clone gives.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";

/** See above; slow and plain on purpose. */
export function fingerprint(value: unknown): string {
  const seen = new Map<object, number>();
  const buffers: ArrayBufferLike[] = [];
  return print(value);

  function print(value: unknown): string {
    if (Object.is(value, -0)) return "-0";
    if (typeof value === "string") return JSON.stringify(value);
    if (typeof value !== "object" || value === null) return `${typeof value} ${String(value)}`;
    const number = seen.get(value);
    if (number !== undefined) return `#${number}`;
    seen.set(value, seen.size);
    return `${Object.prototype.toString.call(value)} ${Object.getPrototypeOf(value)?.constructor?.name}` +
      ` ${content(value)}{${
        Object.keys(value).map((key) => `${JSON.stringify(key)}: ${print(Reflect.get(value, key))}`)
      }}`;
  }
  function content(value: object): string {
    if (Array.isArray(value)) return `length ${value.length}`;
    if (value instanceof Map) return `[${[...value].map(([k, v]) => `${print(k)} => ${print(v)}`)}]`;
    if (value instanceof Set) return `[${[...value].map(print)}]`;
    if (value instanceof Date) return String(value.getTime());
    if (value instanceof RegExp) return String(value);
    if (value instanceof Error) return `${value.message} ${value.stack} ${"cause" in value ? print(value.cause) : "-"}`;
    if (value instanceof ArrayBuffer) return `${value.resizable} ${value.maxByteLength} ${new Uint8Array(value)}`;
    if (ArrayBuffer.isView(value)) {
      if (!buffers.includes(value.buffer)) buffers.push(value.buffer);
      const { buffer, byteOffset, byteLength } = value;
      return `${new Uint8Array(buffer, byteOffset, byteLength)} of buffer ${buffers.indexOf(buffer)}`;
    }
    if (/Number|String|Boolean|BigInt/.test(Object.prototype.toString.call(value))) return print(value.valueOf());
    return "";
  }
}

/** Fails with both fingerprints unless the values cannot be told apart. */
export function assertExact(actual: unknown, expected: unknown): void {
  assert.equal(fingerprint(actual), fingerprint(expected));
}

/** Any string, lone surrogates included. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("", "\ud83d", "\ude00", "\ud83d\ude00", "é", "x".repeat(300), "日本語".repeat(20)),
);

/** Names of fields, the awkward ones included. */
export const fieldName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "c",
    "id",
    "__proto__",
    "constructor",
    "toString",
    "0",
    "7",
    "",
    "with space",
    "é",
    '"',
    "\\",
  ),
  fc.string({ maxLength: 4 }),
);

/** Primitives, with the edges of each column type. */
export const primitive: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    NaN,
    1,
    -1,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    0.5,
    Infinity,
    2 ** 53,
    null,
    undefined,
    true,
    false,
  ),
  fc.constantFrom(0n, -1n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 200n),
  fc.integer(),
  fc.double(),
  anyText,
);

/** An object of those fields in that order; defines `__proto__` like any other. */
export function objectOf(fields: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(fields);
}

/** Nearly everything structured clone takes, without shared references. */
export const travelling: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    primitive,
    fc.uniqueArray(fc.tuple(fieldName, tie("value")), { selector: ([name]) => name, maxLength: 4 }).map(objectOf),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.sparseArray(tie("value"), { maxLength: 6 }),
    fc.date({ noInvalidDate: false }),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 3 }).map((elements) => new Set(elements)),
    fc.constantFrom(/a+/gi, /\//u, Object(1n), Object("text"), Object(-0), Object(false)),
    fc.uint8Array({ maxLength: 5 }),
    fc.float64Array({ maxLength: 3 }),
    fc.bigInt64Array({ maxLength: 3 }),
    fc.uint8Array({ maxLength: 5 }).map((bytes) => new DataView(new Uint8Array(bytes).buffer)),
    fc.uint8Array({ maxLength: 5 }).map((bytes) => new Uint8Array(bytes).buffer),
    fc.tuple(fc.constantFrom(Error, TypeError, RangeError), anyText, tie("value")).map(([E, message, cause]) =>
      new E(message, { cause })
    ),
  ),
})).value;

/** Graphs with shared references and cycles: objects are wired by random edges. */
export const graph: fc.Arbitrary<object> = fc.array(
  fc.record({ kind: fc.nat(4), edges: fc.array(fc.nat(30), { maxLength: 3 }) }),
  { minLength: 1, maxLength: 20 },
).map((nodes) => {
  const objects = nodes.map(({ kind }) => [{}, [], new Map(), new Set(), new Error("e")][kind]);
  nodes.forEach(({ edges }, from) =>
    edges.forEach((edge, i) => {
      const source = objects[from];
      const target = objects[edge % objects.length];
      if (source instanceof Map) source.set(i % 2 === 0 ? i : target, target);
      else if (source instanceof Set) source.add(target);
      else if (source instanceof Error) source.cause = target;
      else if (Array.isArray(source)) source.push(target);
      else Reflect.set(source, `edge${i}`, target);
    })
  );
  return objects[0];
});

function twoViews(buffer: ArrayBuffer): Uint8Array[] {
  return [new Uint8Array(buffer), new Uint8Array(buffer)];
}

Deno.test("the fingerprint tells apart what user code can tell apart", () => {
  const shared = {};
  // deno-lint-ignore no-sparse-arrays -- a hole is what is tested
  const hole = [1, , 2];
  const values: unknown[] = [
    0,
    -0,
    NaN,
    0n,
    "0",
    null,
    undefined,
    false,
    {},
    { a: undefined },
    { a: 1, b: 2 },
    { b: 2, a: 1 },
    JSON.parse('{"__proto__":1}'),
    [],
    [shared, shared],
    [{}, {}],
    hole,
    [1, undefined, 2],
    Object.assign([1], { x: 1 }),
    new Map([[1, 2]]),
    new Map([[2, 1]]),
    new Set([1, 2]),
    new Set([2, 1]),
    new Date(0),
    new Date(NaN),
    /a/g,
    /a/i,
    new Uint8Array(2),
    new Int8Array(2),
    [new Uint8Array(2), new Uint8Array(2)],
    twoViews(new ArrayBuffer(2)),
    new Uint8Array(2).buffer,
    new ArrayBuffer(2, { maxByteLength: 4 }),
    Object(0),
    Object("0"),
    new (class A {})(),
  ];
  assert.equal(new Set(values.map(fingerprint)).size, values.length);
  fc.assert(fc.property(travelling, (value) => assertExact(structuredClone(value), value)), { numRuns: 200 });
});
