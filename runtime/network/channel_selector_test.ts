import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRandom } from "../seams/system/random.ts";
import type { Key } from "../types/key.ts";
import { hashKey, murmurHash } from "../types/key_group.ts";
import type { ShipStrategy } from "../functions/partitioner.ts";
import { BROADCAST_CHANNEL, channelSelector, type ChannelSelectorOptions } from "./channel_selector.ts";

const select = (strategy: ShipStrategy, numChannels: number, options: Partial<ChannelSelectorOptions> = {}) =>
  channelSelector({ strategy, numChannels, maxParallelism: 128, random: new SeededRandom(7), ...options });

const take = (selector: (value: unknown) => number, count: number) =>
  Array.from({ length: count }, (_, n) => selector(n));

Deno.test("fixed choices", () => {
  const table: [ShipStrategy, number, number][] = [
    ["FORWARD", 1, 0],
    ["FORWARD", 4, 0],
    ["GLOBAL", 4, 0],
    ["BROADCAST", 3, BROADCAST_CHANNEL],
    ["BROADCAST", 1, 0],
    ["REBALANCE", 1, 0],
    ["RESCALE", 1, 0],
    ["SHUFFLE", 1, 0],
  ];
  for (const [strategy, numChannels, expected] of table) {
    assert.deepEqual(take(select(strategy, numChannels), 5), Array(5).fill(expected), `${strategy} to ${numChannels}`);
  }
});

Deno.test("rescale goes round from the first channel, rebalance from any", () => {
  assert.deepEqual(take(select("RESCALE", 3), 7), [0, 1, 2, 0, 1, 2, 0]);
  const starts = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    const chosen = take(select("REBALANCE", 4, { random: new SeededRandom(seed) }), 9);
    chosen.forEach((channel, n) => assert.equal(channel, (chosen[0] + n) % 4));
    starts.add(chosen[0]);
  }
  assert.deepEqual([...starts].sort(), [0, 1, 2, 3], "every channel is the first for some subtask");
});

Deno.test("shuffle is uniform, without order, and the same for the same seed", () => {
  const draw = (seed: number) => take(select("SHUFFLE", 5, { random: new SeededRandom(seed) }), 20_000);
  const counts = Array(5).fill(0);
  const pairs = new Set<string>();
  const chosen = draw(3);
  chosen.forEach((channel, n) => {
    counts[channel]++;
    if (n > 0) pairs.add(`${chosen[n - 1]}${channel}`);
  });
  // 4000 expected, standard deviation 57: five of them.
  for (const count of counts) assert.ok(Math.abs(count - 4000) < 285, counts.join());
  assert.equal(pairs.size, 25);
  assert.deepEqual(draw(3), chosen);
  assert.notDeepEqual(draw(4), chosen);
});

Deno.test("hash: the subtask that owns the key group, by Flink's formulas", () => {
  // Flink: Integer.hashCode(7) = 7, "key".hashCode() = 106079; murmur of the code modulo 128, times 4 over 128.
  const cases: [Key, number][] = [[7, 7], ["key", 106_079], [true, 1231], [-1, -1]];
  const selector = select("HASH", 4, { keySelector: (value) => value });
  for (const [key, hashCode] of cases) {
    assert.equal(hashKey(key), hashCode);
    assert.equal(selector(key), Math.floor(((murmurHash(hashCode) % 128) * 4) / 128), String(key));
  }
  const key = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.bigInt(), fc.tuple(fc.string(), fc.nat()));
  fc.assert(fc.property(key, fc.integer({ min: 2, max: 20 }), fc.integer({ min: 20, max: 500 }), (value, p, max) => {
    const channel = select("HASH", p, { maxParallelism: max, keySelector: (v) => (v as { k: Key }).k });
    assert.equal(channel({ k: value }), Math.floor(((murmurHash(hashKey(value)) % max) * p) / max));
  }));
});

Deno.test("hash: a declared rule counts, and one channel needs no key", () => {
  // As a long 1 hashes to 1, as a double to the bits of 1.0: the rule decides.
  const long = select("HASH", 64, { keySelector: (v) => v, keyHashRule: "long" });
  assert.equal(long(2 ** 33), Math.floor(((murmurHash(hashKey(2 ** 33, "long")) % 128) * 64) / 128));
  const one = select("HASH", 1, {
    keySelector: () => {
      throw new Error("not asked");
    },
  });
  assert.equal(one({}), 0);
});

Deno.test("custom: gets key and number of channels; anything but a channel is refused", () => {
  const seen: unknown[] = [];
  const custom = (key: unknown, n: number) => {
    seen.push([key, n]);
    return (key as number) % n;
  };
  assert.deepEqual(take(select("CUSTOM", 3, { keySelector: (v) => (v as number) * 2, custom }), 4), [0, 2, 1, 0]);
  assert.deepEqual(seen, [[0, 3], [2, 3], [4, 3], [6, 3]]);
  for (const wrong of [-1, 3, 0.5, NaN, "0", undefined, null, 1n]) {
    const selector = select("CUSTOM", 3, { keySelector: (v) => v, custom: () => wrong as number });
    assert.throws(() => selector(0), { code: "TSF-2121", found: String(wrong) }, String(wrong));
  }
});

const keys = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.string(),
  fc.boolean(),
  fc.bigInt(),
  fc.constantFrom<Key>(-0, 0, -1, NaN, 2 ** 31, -(2 ** 31), 2 ** 40, -(2 ** 40), "", "\u{1F600}"),
  fc.array(fc.oneof(fc.integer(), fc.string())),
  fc.record({ a: fc.integer(), b: fc.string() }, { noNullPrototype: true }),
);

for (const keyHashRule of ["auto", "int", "long", "double", "string", "boolean"] as const) {
  Deno.test(`hash, rule ${keyHashRule}: a generated selector chooses as the general one, and refuses what it refuses`, () => {
    const outcome = (choose: () => number): number | string => {
      try {
        return choose();
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    for (const [numChannels, maxParallelism] of [[2, 128], [3, 128], [7, 1000], [128, 128], [5, 32_768]]) {
      const options = { keySelector: (value: unknown) => value, keyHashRule, maxParallelism };
      const general = select("HASH", numChannels, options);
      const generated = select("HASH", numChannels, { ...options, generatedId: "job */ 1" });
      fc.assert(fc.property(keys, (key) => {
        assert.equal(outcome(() => generated(key)), outcome(() => general(key)));
      }));
      assert.deepEqual(outcome(() => generated(undefined)), outcome(() => general(undefined)));
    }
  });
}

Deno.test("what a key selector throws is told as the edge wants it", () => {
  const keySelector = (): never => {
    throw new Error("no key");
  };
  const keySelectorFailed = (error: unknown): Error => new Error("told", { cause: error });
  for (const generatedId of [undefined, "job 2"]) {
    for (const strategy of ["HASH", "CUSTOM"] as const) {
      const options = { keySelector, generatedId, custom: () => 0 };
      assert.throws(() => select(strategy, 2, options)(1), { message: "no key" });
      assert.throws(() => select(strategy, 2, { ...options, keySelectorFailed })(1), { message: "told" });
    }
  }
});
