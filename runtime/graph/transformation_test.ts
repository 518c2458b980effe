import assert from "node:assert/strict";
import { FlinkError } from "../errors.ts";
import { supportsUnalignedCheckpoints } from "./stream_partitioner.ts";
import { factory, TestEnvironment, type TestStream } from "./testdata/test_environment.ts";
import {
  OneInputTransformation,
  PARALLELISM_DEFAULT,
  SourceTransformation,
  type Transformation,
  TransformationIds,
  TwoInputTransformation,
} from "./transformation.ts";
import {
  GlobalCommitterTransformation,
  PartitionTransformation,
  SideOutputTransformation,
  SinkTransformation,
  UnionTransformation,
} from "./virtual_transformation.ts";

function source(ids: TransformationIds = new TransformationIds()): SourceTransformation {
  return new SourceTransformation({
    ids,
    name: "numbers",
    factory: factory(),
    parallelism: 3,
    boundedness: "bounded",
    userLine: "file:///job.ts:1:1",
  });
}
const map = (input: Transformation, parallelism = 3): OneInputTransformation =>
  new OneInputTransformation(input, { name: "Map", factory: factory(), parallelism });

Deno.test("ids: one counter per environment, virtual transformations count, and what was lent is given back", () => {
  const ids = new TransformationIds();
  const first = source(ids);
  const made = [
    first,
    new PartitionTransformation(first, { strategy: "REBALANCE" }),
    new SideOutputTransformation(first, "late"),
    new UnionTransformation([first, first]),
    new SinkTransformation(first, () => []),
    new GlobalCommitterTransformation(first, factory()),
    map(first),
    new TwoInputTransformation(first, first, { name: "Co-Map", factory: factory(), parallelism: 3 }),
  ];
  assert.deepEqual(made.map(({ id }) => id), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(ids.last, 8);
  ids.reset(5);
  assert.equal(ids.next(), 6);
  assert.equal(source().id, 1, "another environment counts by itself");
});

Deno.test("virtual transformations take over parallelism and line of their input", () => {
  const first = source();
  const virtual = [
    new PartitionTransformation(first, { strategy: "HASH" }),
    new UnionTransformation([first]),
    new SideOutputTransformation(first, "tag"),
  ];
  for (const each of virtual) {
    assert.equal(each.parallelism, 3);
    assert.equal(each.userLine, "file:///job.ts:1:1");
    assert.deepEqual(each.inputs, [first]);
  }
  assert.deepEqual(virtual.map(({ name }) => name), ["Partition", "Union", "SideOutput"]);
  assert.equal(new SinkTransformation(first, () => []).name, "Sink");
  assert.equal(new SinkTransformation(first, () => []).parallelism, PARALLELISM_DEFAULT);
});

Deno.test("parallelism: set by the user or taken over", () => {
  const each = map(source());
  assert.deepEqual([each.parallelism, each.parallelismConfigured], [3, false]);
  each.parallelism = 5;
  assert.deepEqual([each.parallelism, each.parallelismConfigured], [5, true]);
  each.inheritParallelism(PARALLELISM_DEFAULT, true);
  assert.deepEqual([each.parallelism, each.parallelismConfigured], [PARALLELISM_DEFAULT, false]);
  each.inheritParallelism(7, true);
  assert.deepEqual([each.parallelism, each.parallelismConfigured], [7, true]);
});

/** Values at and beyond each bound. */
const BOUNDS: readonly (readonly [keyof OneInputTransformation & string, string, unknown[], unknown[]])[] = [
  ["parallelism", "TSF-1104", [1, 2, 32768], [0, -1, -2, 32769, 0.5, NaN, Infinity, "2", null]],
  ["maxParallelism", "TSF-1105", [1, 128, 32768], [0, -1, 32769, 1.5, NaN, "8"]],
  ["bufferTimeoutMs", "TSF-1113", [-1, 0, 100], [-2, 0.1, NaN, Infinity]],
  ["uidHash", "TSF-1108", ["0".repeat(32), "AbCdEf".padEnd(32, "9"), undefined], [
    "",
    "0".repeat(31),
    "0".repeat(33),
    "x".repeat(32),
    `${"0".repeat(32)}\n`,
  ]],
];
for (const [property, code, good, bad] of BOUNDS) {
  Deno.test(`bounds of ${property}`, () => {
    for (const value of good) {
      const each = map(source());
      Object.assign(each, { [property]: value });
      assert.equal(each[property], value);
    }
    for (const value of bad) {
      const each = map(source());
      const before = each[property];
      assert.throws(
        () => Object.assign(each, { [property]: value }),
        (thrown) => thrown instanceof FlinkError && thrown.code === code && thrown.operator?.name === "Map",
        `${property} = ${String(value)}`,
      );
      assert.equal(each[property], before, "a refused value changes nothing");
    }
  });
}

Deno.test("an operator that is not parallel stays at 1", () => {
  const each = new OneInputTransformation(source(), {
    name: "all",
    factory: factory({ isNonParallel: true }),
    parallelism: 4,
  });
  assert.deepEqual([each.parallelism, each.maxParallelism, each.isNonParallel], [1, 1, true]);
  each.parallelism = 1;
  each.maxParallelism = 1;
  assert.throws(() => each.parallelism = 2, { code: "TSF-1112" });
  assert.throws(() => each.maxParallelism = 2, { code: "TSF-1112" });
});

Deno.test("a sink takes uid hashes for its parts, none for itself", () => {
  const sink = new SinkTransformation(source(), () => [], { uidHashes: { writerUidHash: "a".repeat(32) } });
  assert.equal(sink.uidHashes.writerUidHash, "a".repeat(32));
  assert.equal(sink.uidHash, undefined);
  sink.uidHash = undefined;
  assert.throws(() => sink.uidHash = "a".repeat(32), { code: "TSF-1114" });
});

Deno.test("key selectors: one per input, undefined where the input is not keyed", () => {
  const env = new TestEnvironment();
  const selectors = (stream: TestStream): boolean[] =>
    (stream.transformation as OneInputTransformation).keySelectors.map((selector) => selector !== undefined);
  const plain = env.sequence();
  assert.deepEqual(selectors(plain), []);
  assert.deepEqual(selectors(plain.map()), [false]);
  assert.deepEqual(selectors(plain.keyBy().reduce()), [true]);
  assert.deepEqual(selectors(plain.connect(plain, "Co-Map")), [false, false]);
  assert.deepEqual(selectors(plain.keyBy().connect(plain.partition("BROADCAST"), "Co-Map")), [true, false]);
  const bare = new TwoInputTransformation(source(), source(), { name: "two", factory: factory(), parallelism: 1 });
  assert.deepEqual(bare.keySelectors, [undefined, undefined]);
  assert.equal(bare.keyHashRule, undefined);
});

Deno.test("which edges a barrier may overtake on", () => {
  const strategies = ["FORWARD", "HASH", "REBALANCE", "RESCALE", "BROADCAST", "SHUFFLE", "GLOBAL", "CUSTOM"] as const;
  const unaligned = strategies.filter((strategy) => supportsUnalignedCheckpoints({ strategy }));
  assert.deepEqual(unaligned, ["HASH", "REBALANCE", "SHUFFLE", "GLOBAL"]);
});
