/** Rich functions, factories and tags: what a program can do with them before a job runs. */

import assert from "node:assert/strict";
import { OutputTag } from "./output_tag.ts";
import {
  PER_SUBTASK,
  perSubtask,
  RichCoFlatMapFunction,
  RichCoMapFunction,
  RichFilterFunction,
  RichFlatMapFunction,
  type RichFunction,
  RichMapFunction,
  RichReduceFunction,
  RUNTIME_CONTEXT,
  type RuntimeContext,
} from "./rich_function.ts";

class Map1 extends RichMapFunction<number, number> {
  map = (value: number) => value + 1;
}
class FlatMap1 extends RichFlatMapFunction<number, number> {
  flatMap = (value: number) => [value];
}
class Filter1 extends RichFilterFunction<number> {
  filter = (value: number) => value > 0;
}
class Reduce1 extends RichReduceFunction<number> {
  reduce = (left: number, right: number) => left + right;
}
class CoMap1 extends RichCoMapFunction<number, string, string> {
  map1 = String;
  map2 = (value: string) => value;
}
class CoFlatMap1 extends RichCoFlatMapFunction<number, string, string> {
  flatMap1 = (value: number) => [`${value}`];
  flatMap2 = (value: string) => [value];
}
const CLASSES = [Map1, FlatMap1, Filter1, Reduce1, CoMap1, CoFlatMap1];

const context = { getTaskInfo: () => ({ indexOfThisSubtask: 3 }) } as unknown as RuntimeContext;

Deno.test("every rich function: a context only once it was handed over, open and close that do nothing", () => {
  for (const Class of CLASSES) {
    const fn: RichFunction = new Class();
    assert.throws(() => fn.getRuntimeContext(), { code: "TSF-2031", message: /open\(\)/ }, Class.name);
    // Nothing is there yet that a copy of the object would have to carry.
    assert.equal(Object.hasOwn(fn, RUNTIME_CONTEXT), false, Class.name);
    assert.equal(fn.open(context), undefined);
    assert.throws(() => fn.getRuntimeContext(), { code: "TSF-2031" }, "open() itself hands nothing over");
    fn[RUNTIME_CONTEXT] = context;
    assert.equal(fn.getRuntimeContext().getTaskInfo().indexOfThisSubtask, 3);
    assert.equal(fn.close(), undefined);
  }
});

Deno.test("in its constructor a function has no context, and the error says what to do", () => {
  class Early extends RichMapFunction<number, number> {
    readonly index = this.getRuntimeContext().getTaskInfo().indexOfThisSubtask;
    map(value: number): number {
      return value + this.index;
    }
  }
  assert.throws(() => new Early(), (error: Error & { code?: string }) => {
    assert.equal(error.code, "TSF-2031");
    assert.match(error.message, /before open\(\)[\s\S]*hint: Move the call from the constructor to open\(\)/);
    return true;
  });
});

Deno.test("the keys of contexts and factories are the same in every copy of the library", () => {
  assert.equal(RUNTIME_CONTEXT, Symbol.for("tsflink.runtimeContext"));
  assert.equal(PER_SUBTASK, Symbol.for("tsflink.perSubtask"));
});

Deno.test("a factory makes an object per call, passes errors on and holds nothing", () => {
  class Private {
    #count = 0;
    map(value: string): string {
      return `${++this.#count} ${value}`;
    }
  }
  const factory = perSubtask(() => new Private());
  const [one, two] = [factory[PER_SUBTASK](), factory[PER_SUBTASK]()];
  assert.deepEqual([one.map("a"), one.map("b"), two.map("c")], ["1 a", "2 b", "1 c"]);
  assert.deepEqual(Object.keys(factory), []);
  const failure = new Error("no connection");
  const failing = perSubtask(() => {
    throw failure;
  });
  assert.throws(() => failing[PER_SUBTASK](), (error) => error === failure);
});

Deno.test("tags: one id, one side output, whatever the object", () => {
  const ids = ["late", " ", "ü", "with spaces", "0", "__proto__", "x".repeat(1000)];
  for (const id of ids) {
    assert.equal(new OutputTag(id).id, id);
    assert.deepEqual(Object.entries(new OutputTag<number>(id)), [["id", id]]);
  }
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    ["", /found: ""/],
    [undefined, /an id/],
    [null, /found: null/],
    [7, /found: 7/],
    [{}, /found: \{\}/],
    [["late"], /found: \["late"\]/],
  ];
  for (const [id, message] of wrong) {
    assert.throws(() => new OutputTag(id as string), { code: "TSF-1001", message });
  }
});
