import assert from "node:assert/strict";
import { OutputTag } from "./output_tag.ts";
import { PER_SUBTASK, perSubtask, RichMapFunction, RUNTIME_CONTEXT } from "./rich_function.ts";
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

Deno.test("OutputTag: an id that is not empty", () => {
  assert.equal(new OutputTag("late").id, "late");
  for (const id of ["", undefined, null, 5]) assert.throws(() => new OutputTag(id as string), { code: "TSF-1001" });
});

Deno.test("perSubtask makes nothing by itself", () => {
  let made = 0;
  const factory = perSubtask(() => ({ n: ++made }));
  assert.equal(made, 0);
  assert.deepEqual([factory[PER_SUBTASK](), factory[PER_SUBTASK]()], [{ n: 1 }, { n: 2 }]);
});

Deno.test("a rich function has its context from the moment it is handed over", () => {
  class Plain extends RichMapFunction<number, number> {
    map(value: number): number {
      return value;
    }
  }
  const fn = new Plain();
  assert.throws(() => fn.getRuntimeContext(), { code: "TSF-2031" });
  const context = {} as never;
  fn[RUNTIME_CONTEXT] = context;
  assert.equal(fn.getRuntimeContext(), context);
  fn.open(context);
  fn.close();
});
