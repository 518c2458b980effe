import assert from "node:assert/strict";
import { CallRecorder } from "./call_recorder.ts";
import { asMain, clearLeftoverMark, isEngine, isMain, outside } from "./context.ts";
import { patchCalls, Patches } from "./patches.ts";

const GENEROUS = { maxEntries: 1e6, maxBytes: 1e9 };

function recording(): { recorder: CallRecorder; patches: Patches } {
  const recorder = new CallRecorder(["a"], { limits: GENEROUS, onFull: assert.fail });
  return { recorder, patches: patchCalls(recorder) };
}
/** All that was recorded while `fn` ran. */
function calls(fn: () => void): { recorder: CallRecorder; results: Readonly<Record<string, readonly unknown[]>> } {
  const { recorder, patches } = recording();
  try {
    fn();
  } finally {
    patches.undo();
  }
  recorder.mark(0);
  return { recorder, results: recorder.recordingOf(0)!.results as Readonly<Record<string, readonly unknown[]>> };
}

Deno.test("undo puts back every property exactly as it was", () => {
  const holders = [globalThis, Date, Date.prototype, Math, Performance.prototype, Crypto.prototype, Deno, Deno.env]
    .concat([Navigator.prototype, (globalThis as unknown as { Temporal: { Now: object } }).Temporal.Now] as never[]);
  const properties = () => holders.map((holder) => Object.getOwnPropertyDescriptors(holder));
  const before = properties();
  const { patches } = recording();
  let changed = 0;
  for (const [index, now] of properties().entries()) {
    for (const key of Reflect.ownKeys(now)) {
      const [a, b] = [before[index], now].map((all) => (all as Record<PropertyKey, PropertyDescriptor>)[key]);
      if (a.value !== b.value || a.get !== b.get) changed++;
      assert.deepEqual([a.writable, a.configurable, a.enumerable], [b.writable, b.configurable, b.enumerable]);
    }
  }
  assert.ok(changed >= 20, String(changed));
  patches.undo();
  patches.undo();
  for (const [index, now] of properties().entries()) {
    for (const key of Reflect.ownKeys(now)) {
      const [a, b] = [before[index], now].map((all) => (all as Record<PropertyKey, PropertyDescriptor>)[key]);
      assert.ok(a.value === b.value || Number.isNaN(a.value), String(key));
      assert.equal(a.get, b.get, String(key));
    }
  }
});

Deno.test("stand-ins look like the real ones, and Date is Date", () => {
  const real = { Date, now: Date.now, random: Math.random, uuid: crypto.randomUUID };
  const before = new Date(1);
  class Moment extends Date {
    static readonly kind = "moment";
    override toString(): string {
      return `moment ${this.getTime()}`;
    }
  }
  let kept: { Date: DateConstructor; random: () => number } | undefined;
  let late: Date | undefined;
  const { results } = calls(() => {
    for (
      const [ours, theirs] of [[Date, real.Date], [Date.now, real.now], [Math.random, real.random], [
        crypto.randomUUID,
        real.uuid,
      ]]
    ) {
      assert.notEqual(ours, theirs);
      assert.deepEqual([ours.name, ours.length], [theirs.name, theirs.length]);
      assert.match(Function.prototype.toString.call(ours), /\[native code\]/);
    }
    class Later extends Date {}
    const now = new Date();
    const moments = [now, new Moment(), new Later(), before, new (now.constructor as DateConstructor)(3)];
    assert.deepEqual(
      moments.map((one) => [one instanceof Date, one instanceof real.Date]),
      moments.map(() => [true, true]),
    );
    assert.deepEqual([moments[1] instanceof Moment, moments[2] instanceof Later, now instanceof Moment], [
      true,
      true,
      false,
    ]);
    assert.equal(String(new Moment(5)), "moment 5");
    assert.equal(Moment.kind, "moment");
    assert.deepEqual([Date.parse("1970-01-01T00:00:01Z"), Date.UTC(1970, 0, 1), new Date(2).getTime()], [1000, 0, 2]);
    assert.deepEqual([new Date("x").getTime(), new Date(undefined as never).getTime()], [NaN, NaN]);
    assert.equal(new Date(1970, 0, 1, 0, 0, 7).getSeconds(), 7);
    assert.equal(now.constructor, Date);
    assert.equal(structuredClone(now).getTime(), now.getTime());
    assert.equal(typeof Date(), "string");
    assert.throws(
      () => (Math.random as unknown as new () => void) && new (Math.random as unknown as new () => void)(),
      TypeError,
    );
    kept = { Date, random: Math.random };
    late = new Later();
  });
  // Without arguments: new Date, Moment, which extends the real Date (and is not seen), Later twice, Date().
  assert.equal(results.Date.length, 4);
  assert.ok(late instanceof Date && new kept!.Date(4) instanceof Date);
  assert.ok(new kept!.Date().getTime() > 1e12 && kept!.random() < 1, "one that was kept goes on working");
});

Deno.test("arguments pass, errors are the real ones and are not recorded", () => {
  const { results } = calls(() => {
    const view = new Uint16Array(3);
    assert.equal(crypto.getRandomValues(view), view);
    const part = new Uint8Array(10).fill(0);
    crypto.getRandomValues(part.subarray(2, 4));
    assert.deepEqual([...part.subarray(0, 2), ...part.subarray(4)], Array(8).fill(0));
    assert.throws(() => crypto.getRandomValues(1 as never), { name: "TypeMismatchError" });
    assert.throws(() => crypto.getRandomValues(new Uint8Array(65_537)), { name: "QuotaExceededError" });
    assert.throws(() => Deno.env.get("") ?? Deno.env.get("a=b"), TypeError);
    assert.deepEqual(Deno.args, ["a"]);
    assert.equal(navigator.hardwareConcurrency > 0, true);
    assert.equal(navigator.hardwareConcurrency === outside(() => navigator.hardwareConcurrency), true);
  });
  assert.deepEqual(results["crypto.getRandomValues"].map((bytes) => (bytes as Uint8Array).length), [6, 2]);
  assert.equal(results["navigator.hardwareConcurrency"].length, 2);
});

Deno.test("what a program puts there itself stays its own", () => {
  const { patches } = recording();
  const random = Math.random;
  const real = Object.getOwnPropertyDescriptor(Date, "now")!.value;
  Math.random = () => 4;
  patches.undo();
  assert.equal(Math.random(), 4);
  Math.random = outside(() => random);
  assert.notEqual(Date.now, real);
  assert.ok(Math.random() < 1);
});

Deno.test("a function that is not there is left out; one of the prototype chain is found; getters are wrapped once", () => {
  class Base {
    #made = class {};
    get made(): unknown {
      return this.#made;
    }
    call(n: number): number {
      return n;
    }
  }
  const patches = new Patches();
  const object = new (class extends Base {})();
  const { made } = object;
  patches.call(object, "nothing", () => false, assert.fail);
  patches.call(undefined, "nothing", () => false, assert.fail);
  patches.call(object, "call", () => false, (real, args) => (real() as number) + args.length);
  patches.replace(object, "made", (real) => new Proxy(real as object, {}));
  assert.equal(object.call(5), 6);
  assert.notEqual(object.made, made);
  assert.equal(object.made, object.made);
  patches.undo();
  assert.deepEqual([object.call(5), object.made === made, Object.hasOwn(object, "call")], [5, true, false]);
});

Deno.test("engine code passes unseen, with everything asynchronous that it starts", async () => {
  const seen: boolean[] = [];
  const note = () => seen.push(isEngine());
  const { port1, port2 } = new MessageChannel();
  const { results } = await (async () => {
    const { recorder, patches } = recording();
    await outside(async () => {
      Date.now();
      const message = new Promise<void>((resolve) => port1.onmessage = () => (note(), Math.random(), resolve()));
      port2.postMessage(1);
      await message;
      await new Promise<void>((resolve) => setTimeout(() => (note(), Math.random(), resolve())));
      await new Promise<void>((resolve) => setImmediate(() => (note(), Math.random(), resolve())));
      await Deno.stat(".").then(note);
      queueMicrotask(note);
      await new Promise<void>((resolve) => {
        const worker = new Worker("data:text/javascript,postMessage(1)", { type: "module" });
        worker.onmessage = () => (note(), Math.random(), worker.terminate(), resolve());
      });
    });
    port1.close();
    assert.equal(isEngine(), false);
    Math.random();
    patches.undo();
    recorder.mark(0);
    return recorder.recordingOf(0)!;
  })();
  assert.deepEqual(seen, [true, true, true, true, true, true]);
  assert.deepEqual(Object.entries(results).map(([kind, all]) => [kind, all.length]), [["Math.random", 1]]);
});

Deno.test("a module that was evaluated under a mark leaves it on servers; it can be cleared", async () => {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => new Response(`${isMain()}`));
  const ask = async () => await (await fetch(`http://127.0.0.1:${server.addr.port}`)).text();
  try {
    await asMain(() => import(`data:text/javascript,//${crypto.randomUUID()}`));
    const [left, here] = [await ask(), isMain()];
    await clearLeftoverMark();
    assert.deepEqual([left, here, await ask()], ["true", false, "false"]);
  } finally {
    await server.shutdown();
  }
});
