import assert from "node:assert/strict";
import {
  aggregatingState,
  AggregatingStateDescriptor,
  listState,
  ListStateDescriptor,
  mapState,
  MapStateDescriptor,
  reducingState,
  ReducingStateDescriptor,
  type StateDescriptor,
  valueState,
  ValueStateDescriptor,
} from "./state_descriptor.ts";
import { RichReduceFunction } from "./rich_function.ts";
import { Types } from "../types/type_information.ts";

const reduce = (a: number, b: number) => a + b;
const aggregate = { createAccumulator: () => 0, add: reduce, getResult: (n: number) => n };
const ttl = { ttl: "1 s" } as const;

Deno.test("state: a declaration and a descriptor of the same options say the same", () => {
  const pairs: [object, StateDescriptor][] = [
    [valueState<number>(), new ValueStateDescriptor<number>("s")],
    [valueState({ defaultValue: 5 }), new ValueStateDescriptor<number>("s", { defaultValue: 5 })],
    [valueState({ type: Types.STRING, ttl }), new ValueStateDescriptor<string>("s", { type: Types.STRING, ttl })],
    [listState<number>({ ttl }), new ListStateDescriptor<number>("s", { ttl })],
    [listState({ type: Types.STRING }), new ListStateDescriptor<string>("s", { type: Types.STRING })],
    [
      mapState<string, number>({ keyType: Types.STRING, ttl }),
      new MapStateDescriptor<string, number>("s", { keyType: Types.STRING, ttl }),
    ],
    [reducingState(reduce, { ttl }), new ReducingStateDescriptor<number>("s", reduce, { ttl })],
    [aggregatingState(aggregate), new AggregatingStateDescriptor("s", aggregate)],
  ];
  const defined = (of: object) => Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined));
  for (const [declared, described] of pairs) {
    const { name, ...rest } = defined(described);
    assert.equal(name, "s");
    assert.deepEqual(defined(declared), rest);
  }
});

Deno.test("state: a descriptor keeps what it was given, and nothing that was not given counts", () => {
  const full = {
    value: new ValueStateDescriptor<number>("v", { defaultValue: 0, type: Types.INT }),
    list: new ListStateDescriptor<string>("l", { type: Types.STRING, ttl }),
    map: new MapStateDescriptor<string, number>("m", { keyType: Types.STRING, type: Types.LONG }),
    reducing: new ReducingStateDescriptor<number>("r", reduce, { type: Types.DOUBLE }),
    aggregating: new AggregatingStateDescriptor("a", aggregate, { ttl }),
  };
  for (const [kind, descriptor] of Object.entries(full)) assert.equal(descriptor.kind, kind);
  assert.deepEqual(
    [full.value.defaultValue, full.value.type, full.list.ttl, full.map.keyType, full.reducing.reduce],
    [0, Types.INT, ttl, Types.STRING, reduce],
  );
  assert.equal(full.aggregating.aggregate, aggregate);
  const bare: StateDescriptor[] = [
    new ValueStateDescriptor("s"),
    new ListStateDescriptor("s"),
    new MapStateDescriptor("s"),
    new ReducingStateDescriptor<number>("s", reduce),
    new AggregatingStateDescriptor("s", aggregate),
  ];
  for (const { kind, name, type, keyType, ttl, defaultValue } of bare) {
    assert.deepEqual([name, type, keyType, ttl, defaultValue], ["s", undefined, undefined, undefined, undefined], kind);
  }
});

Deno.test("state: falsy defaults are defaults", () => {
  for (const defaultValue of [0, "", false, null, NaN, 0n, -0]) {
    assert.ok(Object.is(valueState<unknown>({ defaultValue }).defaultValue, defaultValue));
    assert.ok(Object.is(new ValueStateDescriptor<unknown>("s", { defaultValue }).defaultValue, defaultValue));
  }
});

Deno.test("state: a declaration is a value of its own; what it was made from may change afterwards", () => {
  const options: { ttl?: { ttl: "1 s" } } = {};
  const declared = listState<number>(options);
  options.ttl = { ttl: "1 s" };
  assert.equal(declared.ttl, undefined);
  assert.notEqual(listState(), listState());
  assert.deepEqual(Object.keys(listState()), ["kind"]);
});

Deno.test("a rich function cannot reduce a state, in either form", () => {
  class Rich extends RichReduceFunction<number> {
    override reduce(a: number, b: number): number {
      return a + b;
    }
  }
  assert.throws(() => new ReducingStateDescriptor("sum", new Rich()), { code: "TSF-1706" });
  assert.throws(() => reducingState(new Rich()), { code: "TSF-1706" });
  assert.equal(reducingState({ reduce: (a: number, b: number) => a + b }).kind, "reducing");
});
