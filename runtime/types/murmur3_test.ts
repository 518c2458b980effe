import assert from "node:assert/strict";
import { murmur3_128, toHex } from "./murmur3.ts";

// Made with Guava's Hashing.murmur3_128(seed).hashString(text, UTF_8). [text, seed 0, seed 0xdeadbeef]
const GUAVA: readonly (readonly [string, string, string])[] = [
  ["", "00000000000000000000000000000000", "9986f4e586fc5219370aed35c2933c29"],
  ["a", "897859f6655555855a890e51483ab5e6", "626ca515568627c416e5ebc4e74fd00f"],
  ["hello", "029bbd41b3a7d8cb191dae486a901e5b", "16ce9b02c1d066ef0beb2fa15277ea04"],
  ["source", "e5a72f353fc1e6bbf3bd96a41384998c", "213c174e749afd6211ad437d4e76e551"],
  ["0123456789abcde", "5123bfc0f6d52da6f04c547c0cf5cc4f", "ab37ee2618615ff86f7e91fbe7f17a0d"],
  ["0123456789abcdef", "a7d14acf946de04bda08a7635c5bc387", "c9bbc6acab999d9444c3ebe8d33bfa16"],
  ["0123456789abcdef0", "75c0a58587ae24ebca283131b368fb73", "f9e35bbc6e5a00d8041c5bcaff11a786"],
  [
    "The quick brown fox jumps over the lazy dog",
    "6c1b07bc7bbc4be347939ac4a93c437a",
    "fa3696fc759d71c1e82d71df2ad62b5a",
  ],
  ["héllo wörld 日本", "ef2af19161c5d5bb51cb9c032cb6da9c", "cdb410be575a1775c6c5a9b35725a94d"],
];

Deno.test("murmur3_128 equals Guava's", () => {
  for (const [text, plain, seeded] of GUAVA) {
    const bytes = new TextEncoder().encode(text);
    assert.equal(toHex(murmur3_128(bytes)), plain, text);
    assert.equal(toHex(murmur3_128(bytes, 0xdeadbeef)), seeded, text);
  }
});

Deno.test("it gives the ids of Flink's first source, chained and unchained", () => {
  assert.equal(toHex(murmur3_128(new Uint8Array(8))), "cbc357ccb763df2852fee8c4fc7d55f2");
  assert.equal(toHex(murmur3_128(new Uint8Array(4))), "bc764cd8ddf7a0cff126f51c16239658");
});

Deno.test("it hashes a view, not the buffer behind it", () => {
  const padded = new TextEncoder().encode("xxhelloyy").subarray(2, 7);
  assert.equal(toHex(murmur3_128(padded)), GUAVA[2][1]);
});
