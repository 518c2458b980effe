/** What a program that runs again is held back from, and who is not. */

import assert from "node:assert/strict";
import process from "node:process";
import type { FlinkError } from "../errors.ts";
import { asMain, outside } from "./context.ts";
import { holdSideEffects } from "./side_effects.ts";

/** Holds while `fn` runs, with spies in place of what must not happen in a test. */
async function held(fn: (heard: { set: unknown[][]; failed: FlinkError[]; done: string[] }) => unknown): Promise<void> {
  const heard = { set: [] as unknown[][], failed: [] as FlinkError[], done: [] as string[] };
  const spied: [object, string][] = [
    ...Object.keys(console).map((key): [object, string] => [console, key]),
    [Deno.stdout, "writeSync"],
    [Deno.stderr, "writeSync"],
    [Deno.stdout, "write"],
    [Deno.stderr, "write"],
    [Deno, "exit"],
    [process, "exit"],
    [Deno, "chdir"],
    [globalThis, "alert"],
  ];
  const restore = spied.map(([holder, key]) => {
    const own = Object.getOwnPropertyDescriptor(holder, key);
    Object.defineProperty(holder, key, {
      configurable: true,
      writable: true,
      enumerable: true,
      value: (...args: unknown[]) => void heard.done.push(`${key} ${args.length}`),
    });
    return () => own ? Object.defineProperty(holder, key, own) : Reflect.deleteProperty(holder, key);
  });
  const patches = holdSideEffects({
    setVariable: (name, value) => void heard.set.push([name, value]),
    fail: (error) => void heard.failed.push(error),
  });
  try {
    await fn(heard);
  } finally {
    patches.undo();
    restore.reverse().forEach((each) => each());
  }
}

Deno.test("the program prints nothing, by whatever function; everyone else does", async () => {
  await held(({ done }) => {
    const all = Object.keys(console) as (keyof Console)[];
    assert.ok(all.length > 15);
    const print = () => all.forEach((key) => (console[key] as (...args: unknown[]) => void)("x"));
    assert.equal(asMain(() => (print(), console.log("y"))), undefined);
    assert.deepEqual(done, []);
    print();
    assert.deepEqual(done.splice(0), all.map((key) => `${key} 1`));
    asMain(() => outside(print));
    assert.equal(done.length, all.length, "the engine, called by the program");
  });
});

Deno.test("bytes the program writes are said to be written", async () => {
  await held(async ({ done }) => {
    for (const stream of [Deno.stdout, Deno.stderr]) {
      assert.equal(asMain(() => stream.writeSync(new Uint8Array(7))), 7);
      assert.equal(await asMain(() => stream.write(new Uint8Array(9))), 9);
    }
    assert.equal(asMain(() => alert("stop")), undefined);
    assert.deepEqual(done, []);
    Deno.stdout.writeSync(new Uint8Array(1));
    assert.deepEqual(done, ["writeSync 1"]);
  });
});

Deno.test("the environment and the directory of the process stay; the program's wishes are told", async () => {
  const { env } = Deno;
  env.set("TSF_HELD", "before");
  try {
    await held(({ set, done }) => {
      asMain(() => {
        env.set("TSF_HELD", "after");
        env.set("TSF_NUMBER", 5 as never);
        env.delete("TSF_HELD");
        Deno.chdir("/");
      });
      assert.deepEqual(set, [["TSF_HELD", "after"], ["TSF_NUMBER", "5"], ["TSF_HELD", null]]);
      assert.deepEqual([env.get("TSF_HELD"), env.get("TSF_NUMBER"), done], ["before", undefined, []]);
      env.set("TSF_HELD", "by others");
      assert.deepEqual([env.get("TSF_HELD"), set.length], ["by others", 3]);
    });
  } finally {
    env.delete("TSF_HELD");
  }
});

Deno.test("ending the process and serving: refused with the call, the slot hears of it", async () => {
  const calls: [string, () => unknown][] = [
    ["Deno.exit()", () => Deno.exit()],
    ["Deno.exit(0)", () => Deno.exit(0)],
    ["Deno.exit(3)", () => Deno.exit(3)],
    ["process.exit(4)", () => process.exit(4)],
    ["Deno.serve()", () => Deno.serve(() => new Response())],
    ["Deno.listen()", () => Deno.listen({ port: 0 })],
    ["Deno.listenTls()", () => Deno.listenTls({} as never)],
  ];
  await held(({ failed, done }) => {
    for (const [call, act] of calls) {
      assert.throws(() => asMain(act), (error: FlinkError) => {
        assert.deepEqual([error.code, error.found], ["TSF-1235", call]);
        assert.equal(failed.at(-1), error, "the very same");
        assert.match(error.userLine ?? "", /side_effects_test\.ts:\d+:\d+$/);
        return true;
      });
    }
    assert.equal(failed.length, calls.length);
    assert.deepEqual(done, []);
    process.exit(1);
    assert.deepEqual(done, ["exit 1"], "who is not the program may");
  });
});

Deno.test("also long after: what the program started stays held back until it is released", async () => {
  await held(async ({ done }) => {
    const later = asMain(async () => {
      await new Promise((resolve) => setTimeout(resolve));
      console.log("later");
      await Promise.resolve();
      queueMicrotask(() => console.error("still"));
    });
    await later;
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(done, []);
  });
});

Deno.test("undone: the very same functions as before", async () => {
  const take =
    () => [console.log, Deno.exit, Deno.chdir, Deno.env.set, Deno.serve, process.exit, Deno.stdout.writeSync];
  const before = take();
  await held(() => assert.notEqual(console.log, before[0]));
  assert.deepEqual(take().map((fn, i) => fn === before[i]), before.map(() => true));
});
