import assert from "node:assert/strict";
import fc from "fast-check";
import type { Key, KeyHashRule } from "./key.ts";
import {
  defaultMaxParallelism,
  hashKey,
  keyGroupFor,
  keyGroupRange,
  murmurHash,
  subtaskForKey,
  subtaskForKeyGroup,
} from "./key_group.ts";

// Made by a Java program: hashCode() of String, Boolean, Integer, Long, Double, BigInteger and of Flink's tuple rule, then
// Flink's murmur step. [key, hash code, key group of 128, key group of 32768]
const JAVA: readonly (readonly [Key, number, number, number])[] = [
  ["", 0, 94, 31198],
  ["a", 97, 81, 19409],
  ["b", 98, 22, 29846],
  ["c", 99, 62, 32062],
  ["key1", 3288498, 41, 20137],
  ["key2", 3288499, 27, 20507],
  ["key3", 3288500, 91, 13275],
  ["Aa", 2112, 108, 19692],
  ["BB", 2112, 108, 19692],
  ["héllo", 103094734, 18, 3602],
  ["日本語", 25921943, 27, 6683],
  ["😀", 1772899, 54, 7350],
  ["The quick brown fox jumps over the lazy dog", -609428141, 27, 24731],
  [true, 1231, 77, 11725],
  [false, 1237, 3, 32003],
  [0, 0, 94, 31198],
  [-0, 0, 94, 31198],
  [1, 1, 86, 16342],
  [-1, -1, 80, 15184],
  [2, 2, 127, 15231],
  [42, 42, 29, 28189],
  [127, 127, 27, 26779],
  [128, 128, 41, 7209],
  [1000, 1000, 7, 135],
  [65536, 65536, 73, 15177],
  [2147483647, 2147483647, 62, 19646],
  [-2147483648, -2147483648, 108, 10348],
  [2147483648, -2147483648, 108, 10348],
  [-2147483649, -2147483648, 108, 10348],
  [4294967296, 1, 86, 16342],
  [1700000000000, -807048821, 64, 12736],
  [-1700000000000, -807049612, 10, 19466],
  [9007199254740991, -2097152, 73, 27849],
  [-9007199254740991, -2097151, 13, 30861],
  [0.5, 1071644672, 12, 9100],
  [-0.5, -1075838976, 23, 25495],
  [1.5, 1073217536, 65, 833],
  [3.141592653589793, 340593891, 75, 24523],
  [1e100, 1898351312, 39, 19367],
  [-1e-300, 1130208582, 84, 27092],
  [4.9e-324, 1, 86, 16342],
  [9007199254740992, 1128267776, 24, 7448],
  [1e21, -1834355276, 1, 3201],
  [Infinity, 2146435072, 122, 8442],
  [-Infinity, -1048576, 78, 1614],
  [NaN, 2146959360, 41, 12713],
  [0n, 0, 94, 31198],
  [1n, 1, 86, 16342],
  [-1n, 0, 94, 31198],
  [42n, 42, 29, 28189],
  [4294967296n, 1, 86, 16342],
  [9223372036854775807n, -2147483648, 108, 10348],
  [-9223372036854775808n, -2147483648, 108, 10348],
  [9223372036854775808n, -2147483648, 108, 10348],
  [-9223372036854775809n, 2147483647, 62, 19646],
  [1000000000000000000000000000000n, 1319562394, 12, 24588],
  [-1000000000000000000000000000000n, -1319562394, 27, 18843],
  [[], 0, 94, 31198],
  [["a"], 97, 81, 19409],
  [["a", 1], 3008, 29, 29853],
  [[1, "a"], 128, 41, 7209],
  [[1.5, true, 1700000000000], -237109604, 45, 10541],
  [[-1, -2, -3, -4], -31810, 57, 19641],
  [[["a", 1], "b"], 93346, 40, 14248],
  [{ name: "x", age: 7 }, 337, 69, 19141],
  [{ b: 2, a: 1 }, 33, 29, 30365],
];

const DECLARED: readonly (readonly [KeyHashRule, Key, number])[] = [
  ["long", 0, 0],
  ["long", -0, 0],
  ["long", 1, 1],
  ["long", -1, 0],
  ["long", 5, 5],
  ["long", -5, 4],
  ["long", 2147483647, 2147483647],
  ["long", -2147483648, 2147483647],
  ["long", 2 ** 60, 268435456],
  ["long", -1n, 0],
  ["double", 0, 0],
  ["double", -0, 0],
  ["double", 1, 1072693248],
  ["double", -1, -1074790400],
  ["double", 5, 1075052544],
  ["double", 100, 1079574528],
  ["double", 0.5, 1071644672],
  ["int", -1, -1],
  ["int", -0, 0],
  ["string", "a", 97],
  ["boolean", true, 1231],
];

Deno.test("hash codes and key groups equal Java's", () => {
  for (const [key, hash, of128, of32768] of JAVA) {
    assert.equal(hashKey(key), hash, `hash of ${String(key)}`);
    assert.equal(keyGroupFor(key, 128), of128, `key group of ${String(key)}`);
    assert.equal(keyGroupFor(key, 32768), of32768);
  }
});

Deno.test("a declared rule overrides the rule by value", () => {
  for (const [rule, key, hash] of DECLARED) assert.equal(hashKey(key, rule), hash, `${rule} ${String(key)}`);
  assert.notEqual(keyGroupFor(-1, 128, "long"), keyGroupFor(-1, 128));
});

Deno.test("a key that does not fit its declared rule is refused", () => {
  const cases: readonly (readonly [KeyHashRule, Key])[] = [
    ["int", 1.5],
    ["int", 2 ** 31],
    ["int", "1"],
    ["int", 1n],
    ["long", 0.5],
    ["long", 2 ** 63],
    ["long", 2n ** 63n],
    ["long", NaN],
    ["double", 1n],
    ["string", 1],
    ["boolean", 1],
    ["string", ["a"]],
  ];
  for (const [rule, key] of cases) assert.throws(() => hashKey(key, rule), { code: "TSF-2104" }, `${rule} ${key}`);
});

Deno.test("a value that is no key is refused before it is hashed", () => {
  for (const key of [null, undefined, Symbol("s"), () => 1, new Date(), [1, undefined], { a: { b: null } }]) {
    assert.throws(() => hashKey(key as unknown as Key), { code: "TSF-2102" });
  }
});

Deno.test("the murmur step equals Flink's, also at its edges", () => {
  const cases = [[0, 593689054], [1, 68075478], [-1, 1982413648], [123456789, 1088346449]];
  cases.push([-2147483648, 1718298732], [2147483647, 1653689534]);
  // The one code whose mixed value is the lowest int32 and has no positive counterpart.
  cases.push([-2089875627, 0]);
  for (const [code, mixed] of cases) assert.equal(murmurHash(code), mixed);
  let sum = 0;
  for (let i = 0; i < 100_000; i++) sum += murmurHash(i * 7919) % 32768;
  assert.equal(sum, 1639321690);
});

Deno.test("field order of a record key does not count, order of a tuple does", () => {
  assert.equal(hashKey({ a: 1, b: "x" }), hashKey({ b: "x", a: 1 }));
  assert.notEqual(hashKey([1, "x"]), hashKey(["x", 1]));
});

Deno.test("key-group ranges are Flink's", () => {
  const ranges = [[128, 3, 0, 0, 42], [128, 3, 1, 43, 85], [128, 3, 2, 86, 127], [10, 3, 0, 0, 3], [10, 3, 1, 4, 6]];
  ranges.push([10, 3, 2, 7, 9], [7, 7, 3, 3, 3], [32768, 1000, 1, 33, 65], [32768, 1000, 3, 99, 131], [1, 1, 0, 0, 0]);
  for (const [max, parallelism, index, start, end] of ranges) {
    assert.deepEqual(keyGroupRange(max, parallelism, index), { start, end });
  }
});

Deno.test("ranges of all subtasks cover every key group once, and agree with the owner of each group", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 2000 }), (a, b) => {
      const [parallelism, max] = a < b ? [a, b] : [b, a];
      let next = 0;
      for (let index = 0; index < parallelism; index++) {
        const { start, end } = keyGroupRange(max, parallelism, index);
        assert.equal(start, next);
        for (let group = start; group <= end; group++) {
          assert.equal(subtaskForKeyGroup(group, max, parallelism), index);
        }
        next = end + 1;
      }
      assert.equal(next, max);
    }),
    { numRuns: 50 },
  );
  assert.equal(subtaskForKey("a", 128, 4), Math.floor((81 * 4) / 128));
});

Deno.test("impossible parallelisms are refused", () => {
  const calls = [[128, 129, 0], [128, 0, 0], [0, 1, 0], [32769, 1, 0], [128, 2, 2], [128, 2, -1], [128.5, 2, 0]];
  for (const [max, parallelism, index] of calls) {
    assert.throws(() => keyGroupRange(max, parallelism, index), { code: "TSF-2108" });
  }
  for (const parallelism of [0, -1, 1.5, NaN, 32769]) {
    assert.throws(() => defaultMaxParallelism(parallelism), { code: "TSF-2108" });
  }
});

Deno.test("the default maximum parallelism is Flink's", () => {
  const cases = [[1, 128], [85, 128], [86, 256], [128, 256], [170, 256], [171, 256], [1000, 2048]];
  cases.push([21845, 32768], [21846, 32768], [32768, 32768]);
  for (const [parallelism, max] of cases) assert.equal(defaultMaxParallelism(parallelism), max, `${parallelism}`);
});
