import assert from "node:assert/strict";
import { SharedParker } from "./parker.ts";

/** Longer than any test: a sleep that reaches it lost its wake-up. */
const FOREVER_MS = 5000;

/** Calls `before` ahead of every atomic access of `run`, with its number; gives the number of accesses. */
function stepwise(run: () => unknown, before: (step: number) => void): number {
  const names = ["load", "store", "add", "compareExchange", "wait", "waitAsync", "notify"] as const;
  const atomics = Atomics as unknown as Record<string, (...args: unknown[]) => unknown>;
  const originals = names.map((name) => atomics[name]);
  let step = 0;
  const restore = (): void => names.forEach((name, i) => void (atomics[name] = originals[i]));
  const patch = (): void =>
    names.forEach((name, i) => {
      atomics[name] = (...args: unknown[]) => {
        // What `before` does itself is one step: it runs with the real ones.
        restore();
        try {
          before(step++);
          return originals[i].apply(Atomics, args);
        } finally {
          patch();
        }
      };
    });
  patch();
  try {
    run();
  } finally {
    restore();
  }
  return step;
}

/** How long a park takes in ms. */
async function sleepMs(park: () => void | Promise<void>): Promise<number> {
  const startMs = performance.now();
  await park();
  return performance.now() - startMs;
}

for (const blocking of [true, false]) {
  const how = blocking ? "wait" : "waitAsync";
  Deno.test(`${how}: a doorbell that has moved on ends the sleep at once, one of another slot does not`, async () => {
    const memory = SharedParker.allocate(3);
    const [, mine, other] = [0, 1, 2].map((index) => new SharedParker(memory, index));
    const again = new SharedParker(memory, 1);
    const ticket = mine.ticket();
    again.wake();
    assert.ok(await sleepMs(() => mine.park(ticket, FOREVER_MS, blocking)) < 1000);
    assert.notEqual(mine.ticket(), ticket);
    assert.equal(mine.ticket(), again.ticket());
    other.wake();
    assert.ok(await sleepMs(() => mine.park(mine.ticket(), 5, blocking)) >= 4, "slept its time-out");
  });

  Deno.test(`${how}: a wake-up at any step of falling asleep ends the sleep`, async () => {
    const steps = async (at: number): Promise<number> => {
      const memory = SharedParker.allocate(1);
      const [sleeper, waker] = [new SharedParker(memory), new SharedParker(memory)];
      const ticket = sleeper.ticket();
      let parked: void | Promise<void> = undefined;
      const startMs = performance.now();
      const count = stepwise(() => parked = sleeper.park(ticket, at < 0 ? 1 : FOREVER_MS, blocking), (step) => {
        if (step === at) waker.wake();
      });
      await parked;
      if (at >= 0) assert.ok(performance.now() - startMs < 1000, `step ${at} of ${count}`);
      return count;
    };
    const count = await steps(-1);
    assert.ok(count >= 2);
    // The last step of a blocking sleep is behind it.
    for (let at = 0; at < (blocking ? count - 1 : count); at++) await steps(at);
  });
}

Deno.test("falling asleep at any step of a wake-up: the sleep ends", async () => {
  for (let at = 0, steps = 1; at <= steps; at++) {
    const memory = SharedParker.allocate(1);
    const [sleeper, waker] = [new SharedParker(memory), new SharedParker(memory)];
    const ticket = sleeper.ticket();
    let parked: void | Promise<void> = undefined;
    const park = (): void => void (parked = sleeper.park(ticket, FOREVER_MS, false));
    steps = stepwise(() => waker.wake(), (step) => step === at && park());
    if (at >= steps) park();
    assert.ok(await sleepMs(() => parked) < 1000, `step ${at} of ${steps}`);
  }
});

Deno.test("who is awake is not notified, who sleeps is once", async () => {
  const memory = SharedParker.allocate(1);
  const [sleeper, waker] = [new SharedParker(memory), new SharedParker(memory)];
  const notified = (run: () => void): number => {
    const original = Atomics.notify;
    let calls = 0;
    Atomics.notify = (
      words: Int32Array | BigInt64Array,
      index: number,
    ) => (calls++, original(words as Int32Array, index));
    try {
      run();
    } finally {
      Atomics.notify = original;
    }
    return calls;
  };
  const wakeThrice = (): void => [1, 2, 3].forEach(() => waker.wake());
  assert.equal(notified(wakeThrice), 0);
  const parked = sleeper.park(sleeper.ticket(), FOREVER_MS, false);
  assert.equal(notified(wakeThrice), 1);
  await parked;
  assert.equal(notified(wakeThrice), 0, "awake again");
  sleeper.park(sleeper.ticket(), 1, true);
  assert.equal(notified(wakeThrice), 0, "after a time-out");
});

Deno.test("sleeps that reach their time-out leave no waiter, and do not disturb those after them", async () => {
  const memory = SharedParker.allocate(1);
  const parker = new SharedParker(memory);
  for (let i = 0; i < 5; i++) await parker.park(parker.ticket(), 1, false);
  assert.equal(Atomics.notify(new Int32Array(memory), 0), 0, "nobody waits");
  // The waiter of the sleep before resolves during this one.
  const parked = parker.park(parker.ticket(), FOREVER_MS, false);
  const timer = setTimeout(() => new SharedParker(memory).wake(), 20);
  const ms = await sleepMs(() => parked);
  clearTimeout(timer);
  assert.ok(ms >= 15 && ms < 1000, `${ms} ms`);
});

Deno.test("a program that waits for nothing but its doorbell stays alive until the time-out", async () => {
  const program = `
    import { SharedParker } from ${JSON.stringify(import.meta.resolve("./parker.ts"))};
    const parker = new SharedParker(SharedParker.allocate(1));
    await parker.park(parker.ticket(), 30, false);
    console.log("over");`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", program],
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "over\n", new TextDecoder().decode(stderr));
});
